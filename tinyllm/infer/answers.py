"""Answers: what a model that holds conversations says next, in many of them side by side."""

from tinyllm.infer.generate import Request, generate_batch

AT_ONCE = 64  # conversations


def answers(model, template, conversations, *, max_tokens=100):
    """A model that writes, the `Template` of its conversations, those that wait for an answer -> list of str.

    Each token is the likeliest one; an answer ends with `END`, or after `max_tokens`. Raises UsageError for a
    conversation that does not fit in what the model reads.
    """
    asked, found = [template.asked(messages) for messages in conversations], []
    for start in range(0, len(asked), AT_ONCE):
        how = {"choose": lambda logits: int(logits.argmax()), "max_tokens": max_tokens, "stop_id": template.end_id}
        some = [Request(ids, **how) for ids in asked[start : start + AT_ONCE]]
        written = [[] for _ in some]
        for step in generate_batch(model, some):
            for number, token in step.items():
                written[number].append(token)
        found += [template.tokenizer.decode(ids).strip() for ids in written]
    return found
