"""m04.e05: a matrix in 8 bits, row by row or group by group, the way back, and a product of whole numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.compress import int8
from tinyllm.course.judge import shapes

rng = np.random.default_rng(0)


def numbers(*shape, draw=rng):
    """Rows of different sizes, with a mean that is not 0."""
    sizes = 10.0 ** draw.uniform(-2, 2, size=(shape[0], 1))
    return (sizes * (draw.normal(size=shape) + 0.3)).astype(np.float32)


def encode(judge, weight, group=0, of=""):
    case = f"weight {shapes(weight)}{of}, group={group}"
    codes, scale = judge.same("encode", weight, group, case=case)
    judge.that(codes.dtype == np.int8, "encode", case,
               f"cada código ocupa {codes.dtype.itemsize} bytes; converta para np.int8")  # fmt: skip
    return codes, scale


# -------------------------------------------------------------------------------------------------------------- encode


@pytest.mark.parametrize("shape", [(4, 7), (1, 5), (6, 130), (3, 1)])
@pytest.mark.parametrize("group", [0, 1, 3, 64, 200])
def test_encode(judge, shape, group):
    weight = numbers(*shape)
    for mine, theirs in zip(encode(judge, weight, group), int8.encode(weight, group), strict=True):
        judge.that(np.array_equal(mine, theirs), "encode", f"weight {shapes(weight)}, group={group}",
                   "difere da biblioteca: o passo é só o máximo dividido por 127, em float32")  # fmt: skip


def test_encode_any_shape(judge):
    @given(st.integers(1, 6), st.integers(1, 20), st.integers(0, 22), st.integers(0, 99))
    def agrees(m, n, group, seed):
        encode(judge, numbers(m, n, draw=np.random.default_rng(seed)), group)

    agrees()


def test_encode_other_arrays(judge):
    encode(judge, np.asfortranarray(numbers(4, 7)), 3)
    encode(judge, 1e4 * numbers(3, 5))
    encode(judge, numbers(8, 6)[::2, 1:])
    encode(judge, -np.abs(numbers(3, 5)))
    encode(judge, numbers(3, 5).astype(np.float64))


@pytest.mark.parametrize("group", [0, 2])
def test_rows_of_zeros(judge, group):
    weight = numbers(3, 5)
    weight[1] = 0
    with np.errstate(invalid="raise"):  # what 0 / 0 becomes as a whole number, no two machines agree on
        codes, scale = encode(judge, weight, group, of=", a linha 1 toda 0")
    judge.that(not codes[1].any() and not scale[1].any(), "encode", "uma linha de zeros",
               "o passo e os códigos deveriam ser 0")  # fmt: skip


def test_encode_by_hand(judge):
    weight = np.array([[0.5, -1.27, 0.02]], np.float32)
    for group, expected in ((0, [50, -127, 2]), (2, [50, -127, 127])):
        codes, _ = encode(judge, weight, group)
        judge.that(codes[0].tolist() == expected, "encode", f"o exemplo, group={group}", f"deveria dar {expected}")


@pytest.mark.parametrize("group", [0, 8])
def test_no_number_is_farther_than_half_a_step(judge, group):
    weight = numbers(5, 30)
    codes, scale = encode(judge, weight, group)
    back = judge.same(
        "decode", codes, scale, group, case=f"codes {shapes(codes)}, scale {shapes(scale)}, group={group}"
    )
    half = np.repeat(scale, group or 30, axis=1)[:, :30] / 2
    judge.that((np.abs(back - weight) <= half * 1.0001).all(), "encode", f"weight {shapes(weight)}, group={group}",
               "algum número ficou a mais de meio passo do seu código")  # fmt: skip
    judge.that(codes.min() >= -127, "encode", f"weight {shapes(weight)}, group={group}", "usou o código -128")


# -------------------------------------------------------------------------------------------------------------- decode


@pytest.mark.parametrize(("shape", "group"), [((4, 7), 0), ((4, 7), 3), ((2, 9), 1), ((3, 130), 64), ((5, 3), 8)])
def test_decode(judge, shape, group):
    codes, scale = int8.encode(numbers(*shape), group)
    judge.same("decode", codes, scale, group, case=f"codes {shapes(codes)}, scale {shapes(scale)}, group={group}")
    judge.same("decode", np.asfortranarray(codes), scale, group, case=f"codes {shapes(codes)}, não contíguo")


def test_decode_any_shape(judge):
    @given(st.integers(1, 6), st.integers(1, 20), st.integers(0, 22), st.integers(0, 99))
    def agrees(m, n, group, seed):
        codes, scale = int8.encode(numbers(m, n, draw=np.random.default_rng(seed)), group)
        judge.same("decode", codes, scale, group, case=f"codes {shapes(codes)}, scale {shapes(scale)}, group={group}")

    agrees()


def test_decode_by_hand(judge):
    codes, scale = np.array([[50, -127, 127]], np.int8), np.array([[0.01, 0.02 / 127]], np.float32)
    back = judge.same("decode", codes, scale, 2, case="o exemplo")
    judge.that(np.allclose(back, [[0.5, -1.27, 0.02]]), "decode", "o exemplo", "deveria dar [0,5  -1,27  0,02]")


# ------------------------------------------------------------------------------------------------------------- product


@pytest.fixture
def alone(judge, monkeypatch):
    """The judge, with the solution's encode in the answer: the product is judged by itself."""
    monkeypatch.setattr(judge.answer, "encode", judge.solution.encode)
    return judge


def product(judge, x, weight):
    codes, scale = int8.encode(weight)
    case = f"x {shapes(x)}, codes {shapes(codes)}, scale {shapes(scale)}"
    return judge.same("product", x, codes, scale, case=case), codes, scale


@pytest.mark.parametrize(("N", "n", "m"), [(2, 3, 5), (1, 7, 4), (6, 400, 3)])
def test_product(alone, N, n, m):
    product(alone, numbers(N, n), numbers(m, n))
    product(alone, np.asfortranarray(1e4 * numbers(N, n)), numbers(m, n))


def test_product_any_shape(alone):
    @given(*(st.integers(1, 7) for _ in range(3)), st.integers(0, 99))
    def agrees(N, n, m, seed):
        draw = np.random.default_rng(seed)
        product(alone, numbers(N, n, draw=draw), numbers(m, n, draw=draw))

    agrees()


def test_long_sums_do_not_overflow(alone):
    product(alone, np.full((2, 2000), 3, np.float32), np.full((3, 2000), 0.5, np.float32))


def test_product_is_as_near_as_half_steps_allow(alone):
    x, weight = numbers(4, 50), numbers(3, 50)
    y, _, scale = product(alone, x, weight)
    step = np.abs(x).max(axis=1, keepdims=True) / 127
    bound = (np.abs(x) @ np.abs(scale * np.ones_like(weight)).T / 2 + step / 2 * np.abs(weight).sum(axis=1)
             + step * scale.T * 50 / 4)  # fmt: skip
    alone.that((np.abs(y - x @ weight.T) <= bound * 1.001).all(), "product", f"x {shapes(x)}",
               "ficou mais longe de x @ Wᵀ do que meio passo de cada lado permite")  # fmt: skip


def test_product_by_hand(alone):
    found = alone.same("product", np.array([[1, -1]], np.float32), np.array([[100, 27]], np.int8),
                       np.array([[0.02]], np.float32), case="o exemplo")  # fmt: skip
    alone.that(abs(found.item() - 1.46) < 1e-4, "product", "o exemplo", "deveria dar 1,46")


@pytest.mark.parametrize("name", ["encode", "decode", "product"])
def test_time_and_memory(judge, name):
    judge.fast(name)
