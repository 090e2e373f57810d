"""The mean of the weights: what it is, and that it goes into the place of the weights and out of it again."""

import numpy as np
import pytest

from tinyllm.nn.module import Parameter
from tinyllm.optim.average import Average, AverageConfig, in_place


def walk(values, *, kept, kind=np.asarray):
    """The Average of one weight that has these values, one after the other."""
    weight = Parameter(np.zeros((2, 3)))
    weight.data = kind(weight.data)
    average = Average([("w", weight)], AverageConfig(kept=kept))
    for value in values:
        weight.data[...] = kind(np.full((2, 3), value, np.float32))
        average.step({}, lr=1.0)
    return weight, average


@pytest.mark.parametrize("kept", [0.0, 0.5, 0.9, 0.999])
def test_all_steps_count_the_same_until_the_earliest_fade(kept):
    values = np.random.default_rng(0).normal(size=40)
    _, average = walk(values, kept=kept)
    expected, mean = 0.0, average.memory["w"]["average"]
    for step, value in enumerate(values, start=1):
        share = max(1 - kept, 1 / step)
        expected = share * value + (1 - share) * expected
    np.testing.assert_allclose(mean, expected, rtol=1e-5, atol=1e-6)
    if kept == 0.999:  # of so few steps it is the plain mean
        np.testing.assert_allclose(mean, values.mean(), rtol=1e-5)


def test_in_place_it_stands_and_afterwards_all_is_as_before():
    weight, average = walk([1.0, 2.0, 6.0], kept=0.999)
    state = {name: array.copy() for name, array in average.state().items()}
    with pytest.raises(KeyError), in_place(average):
        np.testing.assert_allclose(weight.data, 3.0)
        raise KeyError("what goes wrong")
    assert (weight.data == 6).all() and average.steps == 3
    assert all(np.array_equal(array, state[name]) for name, array in average.state().items())


def test_before_the_first_step_the_weights_stay():
    weight, average = walk([], kept=0.9)
    weight.data[...] = 5
    with in_place(average):
        assert (weight.data == 5).all()


def test_on_a_gpu(cupy):
    weight, average = walk([1.0, 2.0, 6.0], kept=0.999, kind=cupy.asarray)
    with in_place(average):
        np.testing.assert_allclose(weight.data.get(), 3.0)
    assert (weight.data.get() == 6).all()
