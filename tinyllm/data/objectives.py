"""What a model is to learn from a text: the next token, tokens that are hidden, gaps that are to be filled.

An objective turns windows of text into a batch, a tuple of arrays with B rows each: what `model.loss` takes. Every row
has as many targets as the others, so any share of a batch weighs by its rows. An objective is made with the `context`,
the size of the vocabulary and the ids of its special tokens, of which the first marks the end of a text. It says what
who has learned by it can do: whether it `writes`, whether it `fills` gaps, whether it reads `both_ways`.
"""

import numpy as np

END = "<|fim|>"  # stands between the texts
SHARE = 0.15  # of the tokens is hidden, in BERT (Devlin et al. 2018) as in T5 (Raffel et al. 2019)
GAP = 3  # tokens: the mean length of what T5 has to fill


class Causal:
    """The next token at every position: the windows, and the same moved on by one, both (B, T)."""

    target = "o próximo token"
    writes, fills, both_ways = True, False, False

    def __init__(self, context, vocab_size, special_ids):
        """There is nothing to remember."""

    @staticmethod
    def specials(context):
        return (END,)

    def __call__(self, ids, following, rng):
        return ids, following


CAUSAL = Causal(None, None, (0,))


class Masked:
    """Hidden tokens, from both sides: (B, T) ids, (B, M) places in their row, (B, M) the tokens that were there.

    Of the places, 80 % bear the mask, 10 % another token and 10 % their own, so that the model can trust none. The end
    of a text is hidden only where there is nothing else (Devlin et al. 2018).
    """

    target = "o token escondido"
    writes, fills, both_ways = False, True, True

    def __init__(self, context, vocab_size, special_ids):
        self.end_id, self.mask_id = special_ids
        self.ordinary = np.delete(np.arange(vocab_size), special_ids)
        self.count = max(1, round(SHARE * context))

    @staticmethod
    def specials(context):
        return (END, "<|máscara|>")

    def __call__(self, ids, following, rng):
        order = rng.random(ids.shape) + (ids == self.end_id)
        places = np.sort(order.argsort(axis=1)[:, : self.count], axis=1)  # (B, M)
        targets = np.take_along_axis(ids, places, axis=1)
        chance, others = rng.random(places.shape), rng.choice(self.ordinary, size=places.shape)
        shown = np.where(chance < 0.8, self.mask_id, np.where(chance < 0.9, others, targets))
        hidden = ids.copy()
        np.put_along_axis(hidden, places, shown, axis=1)
        return hidden, places, targets


class SpanCorruption:
    """What is missing in gaps: (B, S) the text with a mark for each gap, (B, U) each mark with what it stands for, and
    the end (Raffel et al. 2019)."""

    target = "o texto das lacunas"
    writes, fills, both_ways = True, True, True

    def __init__(self, context, vocab_size, special_ids):
        self.end_id, *self.marks = special_ids
        self.context, self.gaps, self.missing = context, len(self.marks), missing(context)

    @staticmethod
    def specials(context):
        return (END, *(f"<|lacuna {i}|>" for i in range(max(1, round(missing(context) / GAP)))))

    def __call__(self, ids, following, rng):
        rows = len(ids)
        gaps = parts(self.missing, self.gaps, rows, rng)  # (B, gaps) of their lengths
        kept = parts(self.context - self.missing + 2, self.gaps + 1, rows, rng)  # and of what is around them:
        kept[:, [0, -1]] -= 1  # two gaps never touch, but one may stand at the beginning or at the end
        lengths = np.zeros((rows, 2 * self.gaps + 1), dtype=np.int64)
        lengths[:, ::2], lengths[:, 1::2] = kept, gaps
        is_gap = np.tile(np.arange(lengths.shape[1]) % 2 == 1, rows)
        is_gap = np.repeat(is_gap, lengths.reshape(-1)).reshape(rows, self.context)  # (B, T)
        begins = is_gap & ~np.pad(is_gap, ((0, 0), (1, 0)))[:, :-1]
        marks = np.array(self.marks)[np.maximum(begins.cumsum(axis=1) - 1, 0)]  # (B, T): of the gap last begun
        source = np.where(begins, marks, ids)[begins | ~is_gap].reshape(rows, -1)
        both, there = np.stack([marks, ids], axis=-1), np.stack([begins, is_gap], axis=-1)  # each (B, T, 2)
        filled = both[there].reshape(rows, -1)
        return source, np.pad(filled, ((0, 0), (0, 1)), constant_values=self.end_id)


def missing(context):
    """How many tokens of a window stand in gaps."""
    return max(1, round(SHARE * context))


def parts(total, count, rows, rng):
    """(rows, count) of numbers from 1 on, each row of them summing to `total`, all ways being equally likely."""
    cuts = rng.random((rows, total - 1)).argsort(axis=1)[:, : count - 1] + 1
    edges = np.pad(np.sort(cuts, axis=1), ((0, 0), (1, 1)))
    edges[:, -1] = total
    return np.diff(edges, axis=1)


def padded(rows, pad_id):
    """A list of rows of ids, none empty -> (B, T) ids, filled up on the right, and (B,) how long each row is."""
    lengths = np.array([len(row) for row in rows])
    ids = np.full((len(rows), lengths.max()), pad_id, dtype=np.int64)
    for row, target in zip(rows, ids, strict=True):
        target[: len(row)] = row
    return ids, lengths
