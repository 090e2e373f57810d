"""Generation: a generator of tokens, one forward pass for each; of one text, or of several side by side."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from tinyllm.backend.arrays import beside, to_host
from tinyllm.data.objectives import padded
from tinyllm.errors import UsageError
from tinyllm.tensor import no_grad


class Request(NamedTuple):
    """A prompt, a row of ids, to be continued until `max_tokens` or `stop_id`, which is not written.

    `choose` turns logits (V,) into an id.
    """

    prompt: Sequence[int]
    choose: Callable
    max_tokens: int
    stop_id: int | None = None


def generate(model, prompt, *, choose, max_tokens, stop_id=None):
    """Yield the token ids that follow one prompt: those of its `Request`, by `generate_batch`."""
    steps = generate_batch(model, [Request(prompt, choose, max_tokens, stop_id)])
    return (token for written in steps for token in written.values())


def generate_batch(model, requests):
    """Yield, step by step, {number of a request: the token that it writes}, until all have ended.

    Each writes what it would write alone: when the context is full, the later half of its text is
    read again and it goes on; neither a recurrent model nor a T5 is ever full. Of a T5 that answers
    (`T5.answering`), request b is about source b. A model that writes is called with ids and
    caches; it has `new_caches()`, and `longest`, the most tokens that it can have read.

    Raises UsageError for a model that does not write, for an empty prompt, for a longer one, and for a T5 of another
    number of sources.
    """
    requests = list(requests)
    texts = check_requests(model, [request.prompt for request in requests])
    if requests and getattr(model, "sources", len(requests)) != len(requests):
        raise UsageError(f"{len(requests)} requests do not fit {model.sources} sources; give one for each")
    return _steps(model, requests, texts)


def check_requests(model, prompts):
    """Prompts -> a list of ids of each. Raises UsageError for those that a model does not go on with."""
    if not hasattr(model, "new_caches"):
        raise UsageError(
            f"a {type(model).__name__} does not write one token after the other; "
            "take a decoder, or what `answering` of a T5 gives"
        )
    texts = [[int(i) for i in prompt] for prompt in prompts]
    for ids in texts:
        if not ids:
            raise UsageError("an empty prompt gives the model nothing to continue; begin with at least one token")
        if len(ids) > model.longest:
            raise UsageError(
                f"a prompt of {len(ids)} tokens does not fit in 1..{model.longest}; "
                "shorten it, or train with a larger context"
            )
    return texts


def _steps(model, requests, texts):
    ends = [len(ids) + request.max_tokens for ids, request in zip(texts, requests, strict=True)]
    caches, held = [], []  # the requests whose texts the caches hold, row by row
    unread = dict(enumerate(texts))  # what of the others has to be read, from the beginning
    while held or unread:
        logits = read_last(model, caches, [texts[n][-1:] for n in held]) if held else []
        if unread:
            fresh = model.new_caches()
            logits = [*logits, *read_last(model, fresh, list(unread.values()))]
            if held:
                for cache, new in zip(caches, fresh, strict=True):
                    cache.join(new)
            else:
                caches = fresh
            held = [*held, *unread]
        written = {}
        for n, row in zip(held, logits, strict=True):
            token = requests[n].choose(row)
            if token != requests[n].stop_id and len(texts[n]) < ends[n]:
                texts[n].append(token)
                written[n] = token
        going = [row for row, n in enumerate(held) if n in written and len(texts[n]) < ends[n]]
        full = caches[0].lengths == model.longest
        kept = [row for row in going if not full[row]]
        unread = {held[row]: texts[held[row]][-max(1, model.longest // 2) :] for row in going if full[row]}
        if 0 < len(kept) < len(held):
            for cache in caches:
                cache.select(kept)
        held = [held[row] for row in kept]
        if written:
            yield written


def read_last(model, caches, rows):
    """Rows of ids, which go on where the caches end -> (B, V): the logits of what follows each."""
    with no_grad():
        if len(set(map(len, rows))) == 1:
            return to_host(model(np.array(rows), caches).data[:, -1])
        ids, lengths = padded(rows, 0)
        logits = model(ids, caches).data  # (B, T, V)
    for cache in caches:
        cache.truncate(cache.lengths - ids.shape[1] + lengths)
    return to_host(logits[beside(np.arange(len(ids)), logits), beside(lengths - 1, logits)])


def before_next(tokenizer, prompt):
    """What a model reads of a prompt: not the spaces at its end, where a token holds the space before its word. The
    next one brings it; after a space that stands alone the model knows no word."""
    bound = any(piece.startswith(b" ") and len(piece) > 1 for piece in tokenizer.vocabulary)
    return prompt.rstrip(" ") if bound else prompt


def without_first_space(pieces):
    """Yield the pieces of a text, but for a space at its beginning."""
    pieces = iter(pieces)
    yield next(filter(None, pieces), "").removeprefix(" ")
    yield from pieces


def until(pieces, stops):
    """Yield the text of `pieces` up to the first of the strings `stops`, which may be spread over several pieces.

    Raises UsageError for an empty stop.
    """
    if "" in stops:
        raise UsageError("an empty text cannot stop the generation; give at least one character, or no stop")
    held = ""
    for piece in pieces:
        held += piece
        # the end of the text may be the beginning of a stop: hold that much back
        keep = max((n for stop in stops for n in range(1, len(stop)) if held.endswith(stop[:n])), default=0)
        sure, first = len(held) - keep, first_stop(held, stops)
        if first < len(held) and first <= sure:
            yield held[:first]
            return
        yield held[:sure]
        held = held[sure:]
    yield held[: first_stop(held, stops)]


def first_stop(text, stops):
    """Where the first of the stops begins in a text; its length if none is there."""
    return min((text.index(stop) for stop in stops if stop in text), default=len(text))
