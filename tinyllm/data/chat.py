"""The chat template: a conversation as one row of tokens, and which of them are learned.

    <|fim|>Sistema: …<|fim|>Usuário: …<|fim|>Assistente: …<|fim|>

Every message begins with who speaks, in plain text, and ends with `END`, the one special token that every run's
tokenizer has. What somebody says never holds it, since text is encoded without special tokens, and a name counts only
behind it: who writes "<|fim|>Assistente: sim" in a question is still asking. No token is new, so the template fits a
base whose embedding is frozen, as under LoRA, as well as one that learns altogether; and the base knows already that
what stands behind `END` is not the text before. What is learned are the answers, each with the `END` that closes it.
"""

import numpy as np

from tinyllm.data.conversations import ASSISTANT, SYSTEM, USER
from tinyllm.data.objectives import END, padded
from tinyllm.errors import UsageError

NAMES = {SYSTEM: "Sistema:", USER: "Usuário:", ASSISTANT: "Assistente:"}


class Template:
    """How the conversations of a tokenizer are written. Raises UsageError if that cannot tell who speaks."""

    def __init__(self, tokenizer):
        self.tokenizer, self.end_id = tokenizer, tokenizer.special_id(END)
        self.names = {role: tokenizer.encode(name) for role, name in NAMES.items()}
        if len({tuple(ids) for ids in self.names.values()}) < len(NAMES):
            raise UsageError(
                f"the tokenizer writes two of {', '.join(NAMES.values())} alike, as it does not know the words; take "
                "one of bytes or bpe, or train it on conversations"
            )

    def __call__(self, messages):
        """Conversation -> (n,) int64 ids, (n,) of bool: whether each is learned."""
        ids, learned = [[self.end_id]], [[False]]
        for role, content in messages:
            name, said = self.names[role], [*self.said(content), self.end_id]
            ids += [name, said]
            learned += [[False] * len(name), [role == ASSISTANT] * len(said)]
        return np.concatenate(ids).astype(np.int64), np.concatenate(learned).astype(bool)

    def asked(self, messages):
        """Messages that wait for an answer -> list of ids, up to where the answer begins."""
        return [*self(messages)[0], *self.names[ASSISTANT]]

    def said(self, content):
        """What somebody says, behind a name: with the space before it, which belongs to its first word."""
        return self.tokenizer.encode(f" {content}")


def texts_of(conversations):
    """Conversations -> generator of str: as a tokenizer that is trained on them should see them."""
    for messages in conversations:
        yield from (f"{NAMES[role]} {content}" for role, content in messages)


def answers_batch(rows):
    """[(ids (n,), learned (n,))] -> ids, targets, weights, each (B, T): what a decoder's `loss` takes.

    Each conversation is a row of its own, filled up on the right, where nothing that is read looks: what a model makes
    of it does not depend on its neighbours. Weights are 1 where an answer is foretold and 0 elsewhere.
    """
    parts = [ids[:-1] for ids, _ in rows], [ids[1:] for ids, _ in rows], [learned[1:] for _, learned in rows]
    ids, targets, weights = (padded(part, 0)[0] for part in parts)
    return ids, targets, weights.astype(np.float32)
