"""Whether a model agrees in gender, number and person: which of two sentences it finds likelier."""

import numpy as np

from tinyllm.backend.arrays import to_host
from tinyllm.data.objectives import padded
from tinyllm.errors import UsageError
from tinyllm.tensor import no_grad

BATCH = 32


def log_probabilities(model, rows):
    """Rows of ids, of any lengths -> (N,): the log-probability, in nats, of all but the first id given those before.

    Short rows are filled up at the end, where a model that reads from left to right does not see it.
    """
    ids, lengths = padded(rows, 0)
    with no_grad():
        logits = to_host(model(ids[:, :-1]).data)  # (N, T, V)
    logits = logits - logits.max(axis=-1, keepdims=True)
    chosen = np.take_along_axis(logits, ids[:, 1:, None], axis=-1)[..., 0]  # (N, T)
    each = chosen - np.log(np.exp(logits).sum(axis=-1))
    return np.where(np.arange(1, ids.shape[1]) < lengths[:, None], each, 0).sum(axis=1)


def agreements(model, tokenizer, pairs, *, start_id):
    """N (phenomenon, right, wrong) -> (N,): whether the right sentence has the higher log-probability.

    `start_id` is the token that stands before a text. Both sentences count from their first word to their last, as in
    BLiMP (Warstadt et al. 2020). `slices.grouped` gives them by phenomenon. Raises UsageError without pairs.
    """
    rows = [[start_id, *tokenizer.encode(sentence)] for _, *sentences in pairs for sentence in sentences]
    if not rows:
        raise UsageError("0 pairs of sentences give no score; ask for at least one")
    scores = np.concatenate([log_probabilities(model, rows[i : i + BATCH]) for i in range(0, len(rows), BATCH)])
    return scores[::2] > scores[1::2]


def agreement_score(model, tokenizer, pairs, *, start_id):
    """The share of the pairs whose right sentence is the likelier, as in `agreements`; chance is one half."""
    return float(agreements(model, tokenizer, pairs, start_id=start_id).mean())
