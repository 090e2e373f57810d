"""Embeddings: which ids are refused, in which words."""

import numpy as np
import pytest

from tinyllm import functional as F
from tinyllm.errors import UsageError


@pytest.mark.parametrize("ids", [np.array([0, -1]), [0, -100], np.array([[4]]), -1, np.array(4, np.uint16)], ids=repr)
def test_an_id_outside_the_vocabulary_is_named(ids):
    wrong = np.ravel(ids)[-1]
    with pytest.raises(UsageError, match=rf"token id {wrong} is outside the vocabulary 0\.\.3"):
        F.embedding(ids, np.ones((4, 2)))


def test_ids_are_integers():
    with pytest.raises(UsageError, match="token ids must be integers, got float64"):
        F.embedding(np.array([1.0]), np.ones((4, 2)))


@pytest.mark.parametrize("ids", [[1, 2], (1, 2), np.array([1, 2], np.uint8)])
def test_ids_may_be_a_list(ids):
    assert F.embedding(ids, np.arange(8.0).reshape(4, 2)).data.tolist() == [[2, 3], [4, 5]]
