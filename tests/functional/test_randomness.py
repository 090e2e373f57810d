"""Dropout: what falls depends on the seed, the step, the layer and the place in the batch, and on nothing else."""

import numpy as np
import pytest

from tinyllm import functional as F
from tinyllm.errors import UsageError
from tinyllm.functional.randomness import drop, uniform
from tinyllm.tensor import Tensor

x = Tensor(np.ones((6, 4, 10), np.float32))


def masks(seed, step, first_row=0, rows=slice(None)):
    with F.noise(seed, step, first_row):
        return [F.dropout(Tensor(x.data[rows]), rate=0.5).data for _ in range(2)]


def test_everything_passes_outside_noise_and_at_rate_0():
    assert F.dropout(x, rate=0.5) is x
    with F.noise(seed=0, step=0):
        assert F.dropout(x, rate=0) is x


def four_masks(replay):
    """The masks of four dropouts; the middle two are drawn again, before the last, if asked for."""
    with F.noise(seed=4, step=7, first_row=2):
        found = [F.dropout(x, rate=0.5).data]
        place = F.noise_place()
        found += [F.dropout(x, rate=0.5).data for _ in range(2)]
        if replay:
            with F.noise_from(place):
                assert F.noise_place() == place
                again = [F.dropout(x, rate=0.5).data for _ in range(2)]
            np.testing.assert_array_equal(again, found[1:])
        return [*found, F.dropout(x, rate=0.5).data]


def test_a_part_that_is_run_again_drops_the_same_and_disturbs_nothing_that_follows():
    np.testing.assert_array_equal(four_masks(replay=True), four_masks(replay=False))


def test_a_part_can_be_run_again_after_the_noise_has_ended():
    with F.noise(seed=4, step=7):
        place, first = F.noise_place(), F.dropout(x, rate=0.5).data
    assert F.noise_place() is None
    with F.noise_from(place):
        np.testing.assert_array_equal(F.dropout(x, rate=0.5).data, first)
    assert F.noise_place() is None and F.dropout(x, rate=0.5) is x
    with F.noise_from(None):
        assert F.dropout(x, rate=0.5) is x


def test_what_stays_is_scaled_so_that_the_mean_stays():
    y = drop(Tensor(np.ones((100, 1000), np.float32)), rate=0.2, key=(1, 2, 3)).data
    assert set(np.unique(y)) == {0, np.float32(1 / 0.8)}
    assert abs((y == 0).mean() - 0.2) < 0.01 and abs(y.mean() - 1) < 0.01


def test_the_same_seed_and_step_give_the_same_masks_and_others_give_others():
    (a, b), (again, _) = masks(1, 2), masks(1, 2)
    np.testing.assert_array_equal(a, again)
    for other in (b, masks(2, 2)[0], masks(1, 3)[0]):
        assert 0.4 < (a == other).mean() < 0.6  # as two independent masks agree


def test_the_masks_of_a_share_of_the_batch_are_those_of_the_whole():
    for whole, first, rest in zip(
        masks(1, 2), masks(1, 2, rows=slice(0, 2)), masks(1, 2, first_row=2, rows=slice(2, None)), strict=True
    ):
        np.testing.assert_array_equal(whole, np.concatenate([first, rest]))


def test_the_stream_stays_what_it_is():
    """A run that is resumed by a later release must go on with the masks it would have had."""
    np.testing.assert_array_equal(uniform(np, (3, 1, 4), 0, 4), np.float32(FIRST_OF_3_1_4))
    np.testing.assert_array_equal(uniform(np, (3, 1, 4), 1, 2), np.float32(FIRST_OF_3_1_4[1:3]))


FIRST_OF_3_1_4 = [0.34798312187194824, 0.07327020168304443, 0.6712900996208191, 0.3694084882736206]


def test_every_place_of_the_batch_is_drawn_evenly():
    means = np.mean([uniform(np, (seed, 0, 0), 0, 16) for seed in range(2000)], axis=0)
    assert abs(means - 0.5).max() < 0.04


@pytest.mark.parametrize("key", [(0, 0, 0), (1, 0, 0), (0, 1, 0), (7, 600, 12), (2**32 - 1, 2**40, 1)])
def test_the_numbers_are_evenly_spread_and_do_not_follow_each_other(key):
    u = uniform(np, key, 0, 40_000).astype(np.float64)
    assert u.min() >= 0 and u.max() < 1
    counts = np.histogram(u, bins=20, range=(0, 1))[0]
    assert abs(counts - 2000).max() < 6 * 2000**0.5
    assert abs(np.corrcoef(u[:-1], u[1:])[0, 1]) < 0.03


@pytest.mark.parametrize("rate", [-0.1, 1, 1.5])
def test_a_rate_outside_0_and_1_is_refused(rate):
    with pytest.raises(UsageError, match=f"{rate}.*0 <= rate < 1"):
        drop(x, rate=rate, key=(0,))
