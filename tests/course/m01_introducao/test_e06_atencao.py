"""m01.e06: attention of one query, and of a text to its own past."""

import numpy as np
import pytest

from tinyllm import functional as F
from tinyllm.course.judge import shapes

rng = np.random.default_rng(0)


@pytest.mark.parametrize(("positions", "channels"), [(1, 3), (5, 4), (30, 7)])
@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_attention_weights(judge, positions, channels, scale):
    query, keys = rng.normal(size=channels), scale * rng.normal(size=(positions, channels))
    weights = judge.same("attention_weights", query, keys, case=f"query {shapes(query)}, keys {shapes(keys)}")
    judge.that(np.isclose(weights.sum(), 1), "attention_weights", shapes(keys), "os pesos deveriam somar 1")
    judge.same("attention_weights", query[::-1], np.asfortranarray(keys), case="arrays que não são contíguos")


def test_attention_weights_by_hand(judge):
    keys = np.array([[1.0, 0, 0, 0], [-1.0, 0, 0, 0]])
    found = judge.same("attention_weights", np.array([2.0, 0, 0, 0]), keys, case="o exemplo")
    judge.that(
        np.allclose(found, [0.8808, 0.1192], atol=1e-4), "attention_weights", "o exemplo", "deveria dar 0,881 e 0,119"
    )


@pytest.mark.parametrize(("positions", "channels", "values"), [(1, 3, 2), (6, 4, 5), (20, 3, 8)])
def test_attend(judge, positions, channels, values):
    query, keys, values = (rng.normal(size=s) for s in (channels, (positions, channels), (positions, values)))
    judge.same("attend", query, keys, values, case=f"keys {shapes(keys)}, values {shapes(values)}")


@pytest.mark.parametrize("positions", [1, 2, 7])
def test_causal_self_attention(judge, positions):
    x, *weights = (rng.normal(size=shape) for shape in ((positions, 5), (5, 3), (5, 3), (5, 4)))
    y = judge.same("causal_self_attention", x, *weights, case=f"x {shapes(x)}, D = 3, E = 4")
    judge.that(np.allclose(y[0], x[0] @ weights[2]), "causal_self_attention", shapes(x),
               "a primeira posição deveria devolver o próprio valor")  # fmt: skip


def test_the_future_changes_nothing_before_it(judge):
    x, *weights = (rng.normal(size=shape) for shape in ((6, 5), (5, 3), (5, 3), (5, 4)))
    before = judge.same("causal_self_attention", x, *weights, case="x (6, 5)")
    x[4] += 1.0
    after = judge.same("causal_self_attention", x, *weights, case="x (6, 5), com a posição 4 mudada")
    judge.that(np.array_equal(before[:4], after[:4]), "causal_self_attention", "x com a posição 4 mudada",
               "as posições de 0 a 3 mudaram: elas viram o futuro")  # fmt: skip


def test_the_library_does_the_same_for_a_batch_of_heads(judge):
    x, *weights = (rng.normal(size=shape) for shape in ((6, 5), (5, 4), (5, 4), (5, 4)))
    y = judge.same("causal_self_attention", x, *weights, case="x (6, 5)")
    q, k, v = (x @ w for w in weights)
    of_library = F.attention(q[None, None], k[None, None], v[None, None], causal=True).data[0, 0]
    judge.that(np.allclose(y, of_library), "causal_self_attention", "x (6, 5)", "difere da atenção da biblioteca")


@pytest.mark.parametrize("name", ["attention_weights", "attend", "causal_self_attention"])
def test_time_and_memory(judge, name):
    judge.fast(name)
