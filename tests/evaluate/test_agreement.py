"""Agreement by phenomenon: pair by pair, in the order in which they come."""

import numpy as np

from tinyllm.data.corpora.concordancia import Pair
from tinyllm.evaluate import agreement
from tinyllm.evaluate.slices import grouped


def test_the_figures_of_each_phenomenon(monkeypatch):
    class Letters:
        def encode(self, text):
            return [ord(letter) for letter in text]

    pairs = [Pair("número", "b", "a"), Pair("gênero", "a", "c"), Pair("número", "d", "c"), Pair("número", "a", "a")]
    monkeypatch.setattr(agreement, "BATCH", 3)  # a pair may be in two batches
    monkeypatch.setattr(agreement, "log_probabilities", lambda model, rows: np.array([row[1] for row in rows]))
    found = agreement.agreements(None, Letters(), pairs, start_id=0)
    assert found.tolist() == [True, False, True, False]
    by_phenomenon = grouped([pair.phenomenon for pair in pairs], found)
    assert {name: some.tolist() for name, some in by_phenomenon.items()} == {
        "número": [True, True, False],
        "gênero": [False],
    }
    assert agreement.agreement_score(None, Letters(), pairs, start_id=0) == 0.5
