"""How likely a model finds the end of a text, reading from left to right: the last word, each option of a question.

What comes before the end is read and not counted. The end begins with the first token that the text without it has not,
so it counts whole where a token holds its first letters and the space before.
"""

from typing import NamedTuple

import numpy as np

from tinyllm.backend.arrays import array_module, beside, to_host, widened
from tinyllm.data.objectives import padded
from tinyllm.errors import UsageError
from tinyllm.evaluate.datasets import Completion
from tinyllm.tensor import Tensor, no_grad

TOKENS = 8192  # read at once, the padding with them
LOGITS = 1 << 24  # numbers computed at once


class Ends(NamedTuple):
    """Of N ends, each (N,): the log-probability in nats, how many tokens, and whether the model would write them.

    `greedy` is the accuracy of LAMBADA, example by example: each token is the likeliest after those before it
    (Radford et al. 2019).
    """

    nats: np.ndarray
    tokens: np.ndarray
    greedy: np.ndarray


def of_ends(model, tokenizer, completions, *, start_id):
    """A list of completions -> the `Ends`, in the same order.

    `start_id` is the token that stands before a text. Of a text that does not fit, the model reads the last part.
    Raises UsageError for a model that does not read so, for no completion, and for an end that does not fit.
    """
    if not hasattr(model, "new_caches") or not hasattr(model, "hidden"):
        raise UsageError(f"a {type(model).__name__} does not read a text from left to right; take a decoder")
    if not completions:
        raise UsageError("0 texts have no likelihood; give at least one")
    return of_encoded(model, *zip(*(encoded(tokenizer, one, start_id) for one in completions), strict=True))


def of_encoded(model, rows, starts):
    """Rows of ids, and where in each its end begins -> the `Ends`. Raises UsageError for an end that does not fit."""
    rows, starts = zip(*(fitted(model, *each) for each in zip(rows, starts, strict=True)), strict=True)
    starts, lengths = np.array(starts), np.array([len(row) for row in rows])
    found = Ends(np.zeros(len(rows)), lengths - starts, np.zeros(len(rows), dtype=bool))
    order = lengths.argsort(kind="stable")
    size = max(1, TOKENS // int(lengths.max()))
    for chosen in np.split(order, range(size, len(order), size)):
        nats, greedy = of_rows(model, [rows[i] for i in chosen], starts[chosen])
        found.nats[chosen], found.greedy[chosen] = nats, greedy
    return found


def encoded(tokenizer, completion, start_id):
    """-> a row of ids, and where in it the end begins."""
    whole, context = tokenizer.encode(completion.whole), tokenizer.encode(completion.context)
    both = min(len(whole) - 1, len(context))
    same = np.asarray(whole[:both]) == np.asarray(context[:both])
    return [start_id, *map(int, whole)], 1 + int(np.logical_and.accumulate(same).sum())


def fitted(model, row, start):
    """A row and where its end begins, without the first ids if the model cannot read so many."""
    cut = int(max(0, len(row) - 1 - model.longest))  # the last id is only guessed
    if cut >= start:
        raise UsageError(
            f"an end of {len(row) - start} tokens does not fit in a context of {model.longest}; "
            "leave it out, or take a model of a larger context"
        )
    return row[cut:], start - cut


def of_rows(model, rows, starts):
    """Rows of ids, (N,) where their ends begin -> (N,) log-probabilities in nats, (N,) whether all is the likeliest."""
    ids, lengths = padded(rows, 0)
    places = np.arange(ids.shape[1])
    row, place = np.nonzero((places >= starts[:, None]) & (places < lengths[:, None]))  # of each id that counts
    nats, greedy = np.zeros(len(rows)), np.ones(len(rows), dtype=bool)
    with no_grad():
        hidden, head = model.hidden(ids[:, :-1]).data, model.head()
        size = max(1, LOGITS // head.shape[1])
        for first in range(0, len(row), size):
            some = slice(first, first + size)
            before = hidden[beside(row[some], hidden), beside(place[some] - 1, hidden)]  # (K, C)
            logits = widened((Tensor(before) @ head).data)  # (K, V)
            each, likeliest = of_targets(logits, ids[row[some], place[some]])
            np.add.at(nats, row[some], each)
            np.logical_and.at(greedy, row[some], likeliest)
    return nats, greedy


def of_targets(logits, targets):
    """(K, V), (K,) -> (K,) log-probabilities of the targets, (K,) whether each has the largest logit of its row."""
    xp = array_module(logits)
    logits = logits - logits.max(axis=-1, keepdims=True)
    targets = beside(targets, logits)
    chosen = xp.take_along_axis(logits, targets[:, None], axis=-1)[:, 0]
    each = chosen - xp.log(xp.exp(logits).sum(axis=-1))
    return to_host(each), to_host(logits.argmax(axis=-1) == targets)


# ---- questions ------------------------------------------------------------------------------------------------------


class Options(NamedTuple):
    """Of N questions with up to O options, each (N, O): log-probability in nats, tokens, characters.

    Where a question has fewer options, a log-probability is -inf.
    """

    nats: np.ndarray
    tokens: np.ndarray
    characters: np.ndarray

    def picked(self, per="character"):
        """(N,) the option of each question that is likeliest by its log-probability per character, token or text.

        A long option is less likely than a short one whatever it says; per character is what Gao et al. 2021 call
        normalised. UsageError for another word.
        """
        sizes = {"character": self.characters, "token": self.tokens, "text": 1}
        if per not in sizes:
            raise UsageError(f"a likelihood per {per} is not known; choose one of {', '.join(sizes)}")
        return (self.nats / sizes[per]).argmax(axis=1)


def of_options(model, tokenizer, questions, *, start_id):
    """A list of questions -> the `Options`, each option read after its question. Raises UsageError as `of_ends`."""
    completions = [Completion(one.question, option) for one in questions for option in one.options]
    ends = of_ends(model, tokenizer, completions, start_id=start_id)
    counts = np.array([len(one.options) for one in questions])
    there = np.arange(counts.max()) < counts[:, None]  # (N, O)
    found = Options(np.full(there.shape, -np.inf), np.ones(there.shape, int), np.ones(there.shape, int))
    found.nats[there], found.tokens[there] = ends.nats, ends.tokens
    found.characters[there] = [len(one.target) for one in completions]
    return found
