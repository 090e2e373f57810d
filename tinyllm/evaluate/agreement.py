"""Whether a model agrees in gender, number and person: which of two sentences it finds likelier."""

import numpy as np

from tinyllm.errors import UsageError
from tinyllm.tensor import no_grad


def log_probability(model, ids):
    """(T,) token ids -> the log-probability, in nats, of all but the first given those before."""
    row = np.asarray(ids, dtype=np.int64)[None]
    with no_grad():
        return -model.loss(row[:, :-1], row[:, 1:]).item() * (row.shape[1] - 1)


def agreement_score(model, tokenizer, pairs, *, start_id):
    """The share of (phenomenon, right, wrong) whose right sentence has the higher log-probability; chance is one half.

    `start_id` is the token that stands before a text. Both sentences count from their first word to their last, as in
    BLiMP (Warstadt et al. 2020). Raises UsageError without pairs.
    """
    pairs = list(pairs)
    if not pairs:
        raise UsageError("0 pairs of sentences give no score; ask for at least one")
    scores = (
        [log_probability(model, [start_id, *tokenizer.encode(sentence)]) for sentence in (right, wrong)]
        for _, right, wrong in pairs
    )
    return sum(right > wrong for right, wrong in scores) / len(pairs)
