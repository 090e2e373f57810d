"""The score as a function of the noise, of all three kinds of example."""

import numpy as np

from tinyllm.evaluate.datasets import Completion, Labelled, Question
from tinyllm.evaluate.robustness import LEVELS, curve, spoilt

EXAMPLES = [Labelled("Ação é bom", "ótimo"), Completion("Ação é", "já"), Question("Ação é?", ("já", "não"), 1)]


def test_noise_is_in_what_a_model_reads():
    assert spoilt(EXAMPLES, "acentos", 1) == [
        Labelled("Acao e bom", "ótimo"), Completion("Acao e", "já"), Question("Acao e?", ("já", "não"), 1)
    ]  # fmt: skip
    assert spoilt(EXAMPLES, "acentos", 0) == EXAMPLES


def test_the_curve_falls_from_what_it_was():
    examples = [Labelled("é " * 50, "x") for _ in range(8)]
    found = curve(lambda some: [example.text.count("é") / 50 for example in some], examples, "acentos")
    assert found.shape == (len(LEVELS), 8) and (found[0] == 1).all()
    assert (np.diff(found, axis=0) <= 0).all()
    np.testing.assert_allclose(found.mean(axis=1), 1 - np.array(LEVELS), atol=0.06)
    some = spoilt(examples, "acentos", 0.2, seed=1)
    seeded = curve(
        lambda some: [example.text.count("é") for example in some], examples, "acentos", levels=(0.2,), seed=1
    )
    assert seeded.tolist() == [[example.text.count("é") for example in some]] != (50 * found[3:4]).tolist()
    other = curve(lambda some: [example.text.count("é") for example in some], examples, "acentos", levels=(1,), seed=1)
    assert other.tolist() == [[0] * 8]
