"""The task of answering: each split is a list of conversations, of which only what the assistant says is learned.

Conversations of about the same length come together, each in a row of its own. To pack several into one window every
model would need positions that begin again and a mask of blocks, which a recurrent one cannot have; a row of its own
leaks nothing, whatever the model. Nor does it waste more: of the generated conversations less than 2 % is padding,
where windows of 256 tokens, filled in order, stay empty by 17 %.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinyllm import storage
from tinyllm.config import option
from tinyllm.data import chat, conversations, corpora
from tinyllm.data.batches import rows_alike
from tinyllm.data.conversations import ASSISTANT, USER, Message
from tinyllm.data.corpora import instrucoes
from tinyllm.data.objectives import END, Causal
from tinyllm.errors import UsageError
from tinyllm.models import catalog
from tinyllm.say import counted
from tinyllm.tensor import no_grad
from tinyllm.text import files
from tinyllm.train.loop import TrainConfig
from tinyllm.train.tasks.classify import sum_of_weights
from tinyllm.train.tasks.language import DataConfig, warn_of_lost

AT_ONCE = 64  # conversations that are read side by side when nothing is learned


@dataclass(frozen=True)
class ConversationsConfig(DataConfig):
    """Which conversations to learn answers from."""

    title = "dados"
    corpus: str = option("instrucoes", "")


@dataclass(frozen=True)
class InstructConfig(TrainConfig):
    """How to learn to answer."""

    title = "treino"
    batch: int = option(32, "", at_least=1)
    learning_rate: float = option(2e-3, "", above=0)


class Instruct:
    """To answer: the next token is learned where the assistant speaks, and only there."""

    name, classifies, in_a_row, default_model = "instruct", False, False, "gpt"
    shares, prompt = True, "Quanto é vinte mais trinta?"
    data_config, train_config = ConversationsConfig, InstructConfig

    def __init__(self, labels=()):
        self.labels = tuple(labels)  # there are none

    @staticmethod
    def files(split):
        return f"{split}.safetensors", f"{split}.jsonl"

    @staticmethod
    def read(data, *, seed):
        """{split: list of conversations}: the generated ones by content, and those of a file by their questions."""
        if data.corpus == "instrucoes":
            counts = generated_counts(data.texts)
            return {split: list(instrucoes.dialogues(n, split=split, seed=seed)) for split, n in counts.items()}
        refuse_other_corpora(data.corpus, "hold no conversations")
        found = conversations.read_conversations(data.corpus)
        return conversations.split_by_question(found, question=conversations.first_question, seed=seed)

    @staticmethod
    def train_tokenizer(data, config, examples):
        check_decoder(config)
        return files.train(data.tokenizer, chat.texts_of(examples["train"]), config.vocab_size, special_tokens=(END,))

    def write(self, run, split, examples, warn):
        """The rows of ids, what is learned of them, and the conversations beside them, which lose their last exchanges
        where they are too long. `warn` hears of it. Raises UsageError if none fits."""
        check_decoder(run.model_config)
        template, longest = chat.Template(run.tokenizer), run.model_config.context + 1
        found = [fitting(messages, template, longest) for messages in examples]
        kept = [one for one in found if one]
        whole = sum(one is not None and one[0] == messages for one, messages in zip(found, examples, strict=True))
        tell_lost(split, len(examples), whole, len(kept), run, warn)
        of_ids, of_texts = (run.folder / name for name in self.files(split))
        storage.save_arrays(of_ids, arrays_of([row for _, row in kept]))
        conversations.write_conversations(of_texts, [messages for messages, _ in kept])

    @staticmethod
    def new_model(config, *, rng):
        return catalog.new_model(config, rng=rng)

    def tiny_batch(self, config):
        """A batch of one row, of nothing: what `loss` of a model with this config takes."""
        ids = np.zeros((1, config.context), dtype=np.int64)
        return ids, ids, np.ones(ids.shape, np.float32)

    def examples(self, run, split):
        """[(ids (n,), whether each is learned (n,))] of a split."""
        return rows_of(storage.load_arrays(run.folder / self.files(split)[0]))

    def conversations(self, run, split):
        """The conversations of a split, in the order of its examples."""
        return conversations.read_conversations(run.folder / self.files(split)[1])

    def texts(self, run, split):
        """Generator of the texts of a split: each question with its answer."""
        for messages in self.conversations(run, split):
            for place in range(1, len(messages)):
                if messages[place].role == ASSISTANT:
                    yield f"{messages[place - 1].content} {messages[place].content}"

    @staticmethod
    def last_exchange(messages):
        """A conversation -> the messages that wait for its last answer, and the answer."""
        return messages[:-1], messages[-1].content

    def batches(self, run, start):
        rows, training = self.examples(run, "train"), run.training
        lengths = [len(ids) for ids, _ in rows]
        for chosen in rows_alike(lengths, batch=training.batch, seed=training.seed, start=start):
            yield chat.answers_batch([rows[i] for i in chosen])

    @staticmethod
    def how(run, model):
        return {"weigh": sum_of_weights}

    @staticmethod
    def beginning(run, prompt):
        """The ids that a model is given of a prompt, which is a question."""
        return chat.Template(run.tokenizer).asked([Message(USER, prompt)])

    def check(self, run):
        """Raise UsageError if there are too few conversations for a batch."""
        next(self.batches(run, 0))

    def mean_loss(self, run, model, split):
        """The mean over the tokens of all answers."""
        rows, total, weight = self.examples(run, split), 0.0, 0.0
        order = sorted(range(len(rows)), key=lambda i: len(rows[i][0]))
        for start in range(0, len(order), AT_ONCE):
            batch = chat.answers_batch([rows[i] for i in order[start : start + AT_ONCE]])
            weighs = float(sum_of_weights(*batch))
            with no_grad():
                total += model.loss(*batch).item() * weighs
            weight += weighs
        return total / weight


def generated_counts(count):
    """{split: how many examples to generate}, if there are so many to learn from."""
    held_out = max(40, count // 20)
    return {"train": count, "validation": held_out, "test": held_out}


def refuse_other_corpora(corpus, why):
    """Raise UsageError for the name of a generated corpus of other texts, and for a file that is not there."""
    if corpus in corpora.CORPORA:
        raise UsageError(f"the texts of corpus={corpus} {why}; those of instrucoes do")
    if not Path(corpus).is_file():
        raise UsageError(f"corpus={corpus} is neither instrucoes nor a file; give a .jsonl of your own")


def check_decoder(config):
    """Raise UsageError unless a model of this config foretells the next token."""
    if catalog.architecture_of(config).objective is not Causal:
        able = ", ".join(name for name, each in catalog.MODELS.items() if each.objective is Causal)
        raise UsageError(f"a {catalog.name_of(config)} does not write one token after the other; take one of {able}")


def fitting(messages, template, longest):
    """(conversation, its row) of the longest beginning of a conversation that ends with an answer and fits; None if
    there is none."""
    for end in range(len(messages), 1, -2):
        row = template(messages[:end])
        if len(row[0]) <= longest:
            return messages[:end], row
    return None


def tell_lost(split, count, whole, kept, run, warn):
    """Tell `warn` how many of the examples of a split are kept, but not whole, and how many are not kept. Raises
    UsageError if none is."""
    if count and not kept:
        mend, _ = run.for_room
        raise UsageError(f"none of {count} conversations of {split} fits in {run.model_config.context} tokens; {mend}")
    lost = []
    if whole < kept:
        lost.append(counted(kept - whole, "perde as últimas trocas", "perdem as últimas trocas"))
    if kept < count:
        lost.append(counted(count - kept, "fica de fora", "ficam de fora"))
    if lost:
        warn_of_lost(warn, run, counted(count, "conversa"), split, *lost)


def arrays_of(rows):
    """[(ids (n,), learned (n,))], none or more -> {name: array}, as they are stored."""
    return {
        "ids": np.concatenate([ids for ids, _ in rows]),
        "learned": np.concatenate([learned for _, learned in rows]),
        "lengths": np.array([len(ids) for ids, _ in rows]),
    }


def rows_of(arrays):
    """The way back."""
    cuts = arrays["lengths"].cumsum()[:-1]
    return list(zip(np.split(arrays["ids"], cuts), np.split(arrays["learned"], cuts), strict=True))
