"""Filling gaps: BERT says which token belongs in each, T5 writes a text into each."""

import itertools

import numpy as np

from tinyllm.backend.arrays import to_host
from tinyllm.errors import UsageError, shown
from tinyllm.infer.generate import generate
from tinyllm.infer.sample import probabilities
from tinyllm.models.t5 import START
from tinyllm.tensor import no_grad

GAP = "___"
LONGEST = 40  # tokens that T5 may write into a gap


def candidates(model, tokenizer, masked, text, *, count):
    """Text with gaps -> for each gap a list of `count` pairs (text of a token, its probability), the best first.

    `masked` is the objective that the BERT has learned. A gap stands for one token, with the space before it. Raises
    UsageError for a text without a gap.
    """
    ids, places = [masked.end_id], []
    for number, part in enumerate(parts_of(text)):
        if number:
            places.append(len(ids))
            ids.append(masked.mask_id)
        ids += list(tokenizer.encode(part))
    ids.append(masked.end_id)
    with no_grad():
        logits = to_host(model(np.array([ids])).data)[0, places]  # (gaps, V)
    found = []
    for row in logits:
        chances = np.zeros(len(row))
        chances[masked.ordinary] = probabilities(row[masked.ordinary])
        ordered = ((tokenizer.decode([token]), float(chances[token])) for token in chances.argsort()[::-1])
        whole = (guess for guess in ordered if "\ufffd" not in guess[0])  # not a part of a character
        found.append(list(itertools.islice(whole, count)))
    return found


def written_gaps(model, tokenizer, spans, text):
    """Text with gaps -> list of what a T5 writes into each. `spans` is the objective that it has learned.

    Raises UsageError for a text without a gap and for one with more gaps than it has marks.
    """
    source = source_of(tokenizer, spans, text)
    gaps = {mark: [] for mark in spans.marks if mark in source}
    current = gaps[spans.marks[0]]
    for token in written_about(model, spans, source):
        if token in spans.marks:
            current = gaps.get(token, [])
        else:
            current.append(token)
    return [tokenizer.decode(tokens) for tokens in gaps.values()]


def source_of(tokenizer, spans, text):
    """Text with gaps -> the ids that a T5 reads, with a mark for each gap. Raises UsageError as `written_gaps` does."""
    parts = parts_of(text)
    if len(parts) - 1 > len(spans.marks):
        raise UsageError(f"the text has {len(parts) - 1} gaps, but the model knows only {len(spans.marks)}; fill fewer")
    ids = [spans.end_id]
    for number, part in enumerate(parts):
        ids += [spans.marks[number - 1]] * (number > 0) + list(tokenizer.encode(part))
    return [*ids, spans.end_id]


def written_about(model, spans, source):
    """Yield the ids that a T5 finds most probable about the ids it reads: each mark, and what stands in its gap."""
    gaps = len(set(source) & set(spans.marks))
    return generate(
        answering(model, source), [START], choose=lambda logits: int(logits.argmax()), max_tokens=LONGEST * gaps,
        stop_id=spans.end_id,
    )  # fmt: skip


def continued_by_gaps(model, spans, ids, *, choose, max_tokens):
    """Yield the ids that a T5 writes behind a row of ids: into a gap at its end, then into one behind that, and so on.

    Of a text longer than the context it reads the end. It stops with a gap into which nothing is written, or after
    `max_tokens`.
    """
    ids, gap, end = list(ids), spans.marks[0], len(ids) + max_tokens
    while len(ids) < end:
        read = ids[max(0, len(ids) - spans.context + 1) :]
        new = generate(
            answering(model, [*read, gap]), [START, gap], choose=choose, max_tokens=end - len(ids), stop_id=spans.end_id
        )
        before = len(ids)
        for token in itertools.takewhile(lambda token: token not in spans.marks, new):
            yield token
            ids.append(token)
        if len(ids) == before:
            return


def answering(model, ids):
    """A T5 that has read a row of ids, and is ready to write about it."""
    with no_grad():
        return model.answering(np.array([ids]))


def filled(text, pieces):
    """A text with a piece in the place of each of its gaps."""
    first, *others = text.split(GAP)
    return first + "".join(piece + part for piece, part in zip(pieces, others, strict=True))


def parts_of(text):
    """The parts of a text around its gaps. A space before a gap belongs to the token that is missing."""
    parts = text.split(GAP)
    if len(parts) == 1:
        raise UsageError(f"there is no gap in {shown(text)}; write {GAP} where something is missing")
    return [part.removesuffix(" ") for part in parts[:-1]] + [parts[-1]]
