"""Generation: a generator of tokens, one forward pass for each."""

import numpy as np

from tinyllm.backend import to_host
from tinyllm.errors import UsageError
from tinyllm.tensor import no_grad


def generate(model, prompt, *, choose, max_tokens, stop_id=None):
    """Yield the token ids that follow `prompt`, a row of ids, until `stop_id` (not yielded) or `max_tokens`.

    `choose` turns logits (V,) into an id. When the context is full, the later half of it is read again and the text
    goes on; neither a recurrent model nor a T5 is ever full. Raises UsageError for an empty prompt and for one that is
    longer than what the model can read.
    """
    ids = [int(i) for i in prompt]
    if not ids:
        raise UsageError("an empty prompt gives the model nothing to continue; begin with at least one token")
    if len(ids) > model.longest:
        raise UsageError(
            f"a prompt of {len(ids)} tokens does not fit in 1..{model.longest}; "
            "shorten it, or train with a larger context"
        )
    return _continuation(model, ids, choose, max_tokens, stop_id)


def _continuation(model, ids, choose, max_tokens, stop_id):
    caches, unread, read = model.new_caches(), ids, 0
    for _ in range(max_tokens):
        with no_grad():
            logits = model(np.array([unread]), caches).data[0, -1]
        read += len(unread)
        token = choose(to_host(logits))
        if token == stop_id:
            return
        yield token
        ids.append(token)
        unread = [token]
        if read == model.longest:
            caches, unread, read = model.new_caches(), ids[-max(1, model.longest // 2) :], 0


def until(pieces, stops):
    """Yield the text of `pieces` up to the first of the strings `stops`, which may be spread over several pieces.

    Raises UsageError for an empty stop.
    """
    if "" in stops:
        raise UsageError("an empty text cannot stop the generation; give at least one character, or no stop")
    held = ""
    for piece in pieces:
        held += piece
        found = [held.index(stop) for stop in stops if stop in held]
        if found:
            yield held[: min(found)]
            return
        # the end of the text may be the beginning of a stop: hold that much back
        keep = max((n for stop in stops for n in range(1, len(stop)) if held.endswith(stop[:n])), default=0)
        yield held[: len(held) - keep]
        held = held[len(held) - keep :]
    yield held
