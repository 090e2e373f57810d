"""Speculative decoding: a draft guesses some tokens ahead, and the model reads all of them in one pass.

What is written has the distribution that the model alone would give it (Leviathan et al. 2023, Chen et al. 2023): with
p what the model makes of a place and q what the draft made of it, the token drawn from q stays with probability
min(1, p / q), and where it does not, one is drawn from what p has more than q. The most likely token, taken always, is
the case in which p and q are 1 at one token: then the ids are those that the model would write alone.
"""

import numpy as np

from tinyllm.backend.arrays import to_host
from tinyllm.errors import UsageError
from tinyllm.infer.generate import check_requests
from tinyllm.infer.sample import draw_from, probabilities
from tinyllm.tensor import no_grad

AHEAD = 4  # tokens that a draft guesses
LONGEST = 3  # tokens at the end of a text that are looked for in it


class Counts:
    """How a speculation went: passes of the model, tokens that were guessed, those of them that stayed, and all that
    was written."""

    def __init__(self):
        self.passes = self.guessed = self.kept = self.written = 0

    @property
    def acceptance(self):
        """The share of the guesses that stayed; 0 if there were none."""
        return self.kept / max(1, self.guessed)

    @property
    def per_pass(self):
        """How many tokens were written for each pass of the model."""
        return self.written / max(1, self.passes)


def speculate(model, draft, prompt, *, process, rng, max_tokens, stop_id=None, ahead=AHEAD, counts=None):
    """Yield the token ids that follow one prompt, as `generate` does.

    `draft.propose(ids, count)` gives tokens that may follow, and what each was drawn from, (V,) probabilities.
    `process` turns logits, (V,), and the ids before into the logits of what the token is drawn from.
    """
    check_requests(model, [prompt])
    counts, text = counts or Counts(), [int(i) for i in prompt]
    caches, unread, held = model.new_caches(), list(text), 0  # of the text, `held` tokens are in the caches
    end = len(text) + max_tokens
    while len(text) < end:
        count = min(ahead, model.longest - held - len(unread), end - len(text) - 1)
        guesses, drawn_from = draft.propose(text, count) if count > 0 else ([], [])
        logits = read(model, caches, unread + guesses)[-len(guesses) - 1 :]
        counts.passes, counts.guessed = counts.passes + 1, counts.guessed + len(guesses)
        held += len(unread)
        for place, row in enumerate(logits):
            p = probabilities(process(row, text))
            if place < len(guesses):
                token, q = guesses[place], drawn_from[place]
                kept = rng.random() * q[token] < p[token]
                token = token if kept else draw_from(beyond(p, q), rng)
            else:
                token, kept = draw_from(p, rng), False
            if token == stop_id:
                return
            text.append(token)
            counts.written, counts.kept = counts.written + 1, counts.kept + kept
            yield token
            if not kept:
                break
            held += 1
        unread = text[-1:]
        if held == model.longest:  # full: the later half is read again
            caches, held, unread = model.new_caches(), 0, text[-max(1, model.longest // 2) :]
        else:
            for cache in caches:
                cache.truncate(np.array([held]))


def beyond(p, q):
    """(V,), (V,) -> (V,): what p has more than q, to be drawn from when a draw from q is refused."""
    more = np.maximum(p - q, 0)
    return more if more.sum() > 0 else p  # p is q, but for rounding


def read(model, caches, ids):
    """A row of ids, which goes on where the caches end -> (T, V): the logits of what follows each."""
    with no_grad():
        return to_host(model(np.array([ids]), caches).data[0])


class ModelDraft:
    """A smaller model that guesses how one text goes on: it draws as the large one does, from its own logits.

    Raises UsageError for a model that does not write, and for another vocabulary than that of the `model`.
    """

    def __init__(self, small, model, *, process, rng):
        check_requests(small, [])
        if small.config.vocab_size != model.config.vocab_size:
            raise UsageError(
                f"a draft of {small.config.vocab_size} tokens does not guess for a model of {model.config.vocab_size}; "
                "take one with the same tokenizer"
            )
        self.model, self.process, self.rng = small, process, rng
        self.caches, self.start, self.held = small.new_caches(), 0, 0  # which part of a text the caches hold

    def propose(self, text, count):
        """Up to `count` tokens, fewer where its context ends."""
        if len(text) - self.start + count > self.model.longest:
            self.caches, self.held = self.model.new_caches(), 0
            self.start = len(text) - max(1, self.model.longest // 2)
        guesses, drawn_from, unread = [], [], text[self.start + self.held :]
        for _ in range(min(count, self.model.longest - (len(text) - self.start))):
            q = probabilities(self.process(read(self.model, self.caches, unread)[-1], text + guesses))
            guesses.append(draw_from(q, self.rng))
            drawn_from.append(q)
            unread = guesses[-1:]
        self.held = len(text) - self.start
        for cache in self.caches:
            cache.truncate(np.array([min(self.held, int(cache.lengths[0]))]))
        return guesses, drawn_from


class LookupDraft:
    """Guesses what stood behind the last tokens of a text when they stood in it before (Saxena 2023): of the longest
    such end, the last time. Texts that repeat themselves, as answers about a document do, need no other draft."""

    def __init__(self, vocab_size):
        self.vocab_size = vocab_size

    def propose(self, text, count):
        """Up to `count` tokens; none where nothing stood before."""
        for length in range(min(LONGEST, len(text) - 1), 0, -1):
            end = text[-length:]
            for start in range(len(text) - length - 1, -1, -1):
                if text[start : start + length] == end:
                    guesses = text[start + length : start + length + count]
                    return guesses, [certain(token, self.vocab_size) for token in guesses]
        return [], []


def certain(token, vocab_size):
    """(V,): 1 at a token and 0 elsewhere."""
    q = np.zeros(vocab_size)
    q[token] = 1
    return q
