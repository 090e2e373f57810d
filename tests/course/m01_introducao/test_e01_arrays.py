"""m01.e01: products, broadcasting, norms and projections."""

import numpy as np
import pytest

from tinyllm.course.judge import shapes

rng = np.random.default_rng(0)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_cosine_similarity(judge, dtype, scale):
    a, b = (scale * rng.normal(size=(5, 3))).astype(dtype), rng.normal(size=(4, 3)).astype(dtype)
    judge.same("cosine_similarity", a, b, case=f"a e b {shapes(a, b)}")
    judge.same("cosine_similarity", np.asfortranarray(a), b[::-1], case="arrays que não são contíguos")


def test_cosine_similarity_by_hand(judge):
    found = judge.same(
        "cosine_similarity", np.array([[3.0, 4.0]]), np.array([[4.0, 3.0], [-3.0, -4.0]]), case="o exemplo"
    )
    judge.that(np.allclose(found, [[0.96, -1.0]]), "cosine_similarity", "o exemplo", "deveria dar [[0,96, -1]]")


@pytest.mark.parametrize("shape", [(7,), (4, 5), (2, 3, 6)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_standardise(judge, shape, dtype):
    x = rng.normal(3.0, 2.0, size=shape).astype(dtype)
    y = judge.same("standardise", x, case=f"x {shapes(x)}")
    judge.that(np.allclose(y.mean(axis=-1), 0, atol=1e-5), "standardise", shapes(x), "cada linha deveria ter média 0")
    judge.that(np.allclose(y.std(axis=-1), 1, atol=1e-5), "standardise", shapes(x), "cada linha deveria ter desvio 1")


@pytest.mark.parametrize("shape", [(3,), (5, 3), (2, 4, 3)])
def test_project(judge, shape):
    x, direction = rng.normal(size=shape), rng.normal(size=3) * 5
    shadow = judge.same("project", x, direction, case=f"x {shapes(x)}, direction {shapes(direction)}")
    judge.that(
        np.allclose((x - shadow) @ direction, 0),
        "project",
        shapes(x),
        "o que sobra deveria ser perpendicular à direção",
    )
    judge.same("project", shadow, 7 * direction, case="a sombra de uma sombra, sobre a mesma reta")


@pytest.mark.parametrize("name", ["cosine_similarity", "standardise", "project"])
def test_time_and_memory(judge, name):
    judge.fast(name)
