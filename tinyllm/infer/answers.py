"""Answers: what a model that holds conversations says next, in many of them side by side; and a model that does not."""

from tinyllm.data.objectives import END
from tinyllm.infer.generate import Request, generate_batch

AT_ONCE = 64  # conversations


def answers(model, template, conversations, *, max_tokens=100):
    """A model that writes, the `Template` of its conversations, those that wait for an answer -> list of str.

    Each token is the likeliest one; an answer ends with `END`, or after `max_tokens`. Raises UsageError for a
    conversation that does not fit in what the model reads.
    """
    asked = [template.asked(messages) for messages in conversations]
    return written(model, template.tokenizer, asked, max_tokens=max_tokens)


def continued(model, tokenizer, prompts, *, max_tokens=60):
    """A model that writes, rows of ids -> list of str: the rest of the line that each begins."""
    return [text.split("\n")[0].strip() for text in written(model, tokenizer, prompts, max_tokens=max_tokens)]


def written(model, tokenizer, prompts, *, max_tokens):
    """Rows of ids -> list of str: what the model writes behind each up to `END`, without the spaces around it."""
    how = {
        "choose": lambda logits: int(logits.argmax()),
        "max_tokens": max_tokens,
        "stop_id": tokenizer.special_id(END),
    }
    found = []
    for start in range(0, len(prompts), AT_ONCE):
        some = [Request(ids, **how) for ids in prompts[start : start + AT_ONCE]]
        tokens = [[] for _ in some]
        for step in generate_batch(model, some):
            for number, token in step.items():
                tokens[number].append(token)
        found += [tokenizer.decode(ids).strip() for ids in tokens]
    return found
