"""The loop, alone: what it makes of its batches."""

import numpy as np
import pytest

from tinyllm.errors import UsageError
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.optim.adamw import AdamW
from tinyllm.train.loop import TrainConfig, train


def test_batches_that_end_too_early_are_told():
    model = GPT(GPTConfig(vocab_size=17, context=6, layers=1, heads=2, width=8), rng=np.random.default_rng(0))
    ids = np.random.default_rng(1).integers(0, 17, size=(4, 7))
    config = TrainConfig(steps=3, accumulate=2, workers=1)
    reports = train(model, [(ids[:, :-1], ids[:, 1:])] * 5, AdamW(model.named_parameters()), config=config)
    assert [next(reports).step, next(reports).step] == [1, 2]
    with pytest.raises(UsageError, match="the batches end before step 3 of 3; give more, or lower steps"):
        next(reports)
