"""m06.e05: the 16 values of NF4, weights as codes of them, and the scales as codes in their turn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.compress import nf4, nibble_products
from tinyllm.course.judge import shapes

rng = np.random.default_rng(0)


def numbers(*shape, draw=rng):
    """Rows of sizes quite apart, none with mean 0."""
    sizes = 10.0 ** draw.uniform(-2, 2, size=(shape[0], 1))
    return (sizes * (draw.normal(size=shape) + 0.2)).astype(np.float32)


# ------------------------------------------------------------------------------------------------------- normal_values


def test_normal_values(judge):
    found = judge.same("normal_values", case="os 16 valores")
    judge.that((np.diff(found) > 0).all(), "normal_values", "os 16 valores", "não estão em ordem crescente")


def test_the_values_are_those_of_the_paper(judge):
    found = judge.same("normal_values", case="os 16 valores")
    judge.that(np.allclose(found, nibble_products.VALUES, atol=1e-6), "normal_values", "os 16 valores",
               "diferem dos do artigo")  # fmt: skip


def test_three_of_them_are_exact(judge):
    found = judge.same("normal_values", case="os 16 valores")
    judge.that((found[0], found[7], found[15]) == (-1, 0, 1), "normal_values", "o primeiro, o oitavo e o último",
               "deveriam ser -1, 0 e 1")  # fmt: skip


# -------------------------------------------------------------------------------------------------------------- encode


def encode(judge, matrix, of=""):
    case = f"matriz {shapes(matrix)}{of}"
    codes, scale = judge.same("encode", matrix, case=case)
    judge.that(
        codes.dtype == np.uint8, "encode", case, f"cada byte ocupa {codes.dtype.itemsize}; converta para np.uint8"
    )
    return codes, scale


@pytest.mark.parametrize("shape", [(3, 64), (4, 128), (2, 70), (5, 7), (3, 1), (1, 200), (2, 65)])
def test_encode(judge, shape):
    matrix = numbers(*shape)
    for mine, theirs in zip(encode(judge, matrix), nf4.encode(matrix), strict=True):
        judge.that(np.array_equal(mine, theirs), "encode", f"matriz {shapes(matrix)}", "difere da biblioteca")


def test_encode_any_shape(judge):
    @given(st.integers(1, 5), st.integers(1, 150), st.integers(0, 99))
    def agrees(m, n, seed):
        encode(judge, numbers(m, n, draw=np.random.default_rng(seed)))

    agrees()


def test_encode_other_arrays(judge):
    encode(judge, np.asfortranarray(numbers(4, 70)), ", em ordem de colunas")
    encode(judge, numbers(8, 140)[::2, 1:], ", não contíguo")
    encode(judge, np.broadcast_to(numbers(1, 70), (3, 70)), ", esticado")
    encode(judge, 1e4 * numbers(3, 66), ", de até ±10⁶")
    encode(judge, -np.abs(numbers(3, 66)), ", só negativos")


def test_blocks_of_zeros(judge):
    matrix = numbers(3, 128)
    matrix[1, 64:] = 0
    with np.errstate(invalid="raise"):
        codes, scale = encode(judge, matrix, ", com um bloco de zeros")
    judge.that((codes[1, 32:] == 0x77).all() and scale[1, 1] == 0, "encode", "um bloco de zeros",
               "a escala deveria ser 0 e os códigos, 7")  # fmt: skip


def test_encode_by_hand(judge):
    codes, scale = encode(judge, np.array([[0.5, -2, 0]], np.float32), ", o exemplo")
    judge.that(codes.tolist() == [[160, 119]] and scale.tolist() == [[2]], "encode", "o exemplo",
               "deveria dar os bytes 160 e 119, e a escala 2")  # fmt: skip


def test_every_value_is_its_own_code(judge):
    """In each order of the two of a byte."""
    for values in (nibble_products.VALUES, nibble_products.VALUES[::-1]):
        matrix = 3 * values[None]
        codes, scale = encode(judge, matrix, ", os próprios 16 valores")
        back = judge.solution.decode(np.asarray(codes), np.asarray(scale), 16)
        judge.that(np.allclose(back, matrix), "encode", "os próprios 16 valores", "nenhum deveria mudar")


def test_no_number_is_far_from_its_code(judge):
    matrix = numbers(6, 200)
    codes, scale = encode(judge, matrix)
    back = judge.solution.decode(codes, scale, 200)
    half = 0.1520 * np.repeat(scale, 64, axis=1)[:, :200]  # of the widest gap, from -1 to -0.696
    judge.that((np.abs(back - matrix) <= half).all(), "encode", f"matriz {shapes(matrix)}",
               "algum número ficou a mais de meio passo do seu valor")  # fmt: skip


# -------------------------------------------------------------------------------------------------------- encode_scale


def encode_scale(judge, scale, of=""):
    codes, span, mean = judge.same("encode_scale", scale, case=f"escalas {shapes(scale)}{of}")
    judge.that(codes.dtype == np.uint8, "encode_scale", f"escalas {shapes(scale)}{of}", f"os códigos são {codes.dtype}")
    return codes, span, mean


def scales(*shape, draw=rng):
    return (2.6 + 0.4 * draw.normal(size=shape)).astype(np.float32)


@pytest.mark.parametrize("shape", [(4, 3), (1, 5), (256,), (16, 32), (3, 100), (2, 129)])
def test_encode_scale(judge, shape):
    scale = scales(*shape)
    for mine, theirs in zip(encode_scale(judge, scale), nf4.encode_scale(scale), strict=True):
        judge.that(np.allclose(mine, theirs, atol=1e-6), "encode_scale", f"escalas {shapes(scale)}",
                   "difere da biblioteca")  # fmt: skip


def test_encode_scale_of_any_shape(judge):
    @given(st.integers(1, 20), st.integers(1, 40), st.floats(0.01, 100), st.integers(0, 99))
    def agrees(m, n, size, seed):
        encode_scale(judge, np.float32(size) * scales(m, n, draw=np.random.default_rng(seed)))

    agrees()


def test_other_scales(judge):
    encode_scale(judge, scales(40, 20)[::2, 1:], ", não contíguas")
    encode_scale(judge, np.asfortranarray(scales(20, 30)), ", em ordem de colunas")
    encode_scale(judge, 1e4 * scales(3, 5), ", de cerca de 26000")
    some = scales(4, 128)
    some[1] = 30
    encode_scale(judge, some, ", uma linha muito maior")


def test_equal_scales(judge):
    scale = np.full((3, 100), 0.75, np.float32)
    with np.errstate(invalid="raise"):
        codes, span, mean = encode_scale(judge, scale, ", todas iguais")
    judge.that(not codes.any() and not span.any() and mean[0] == 0.75, "encode_scale", "escalas iguais",
               "os códigos e o alcance deveriam ser 0, e a média, 0,75")  # fmt: skip


def test_encode_scale_by_hand(judge):
    scale = np.array([[1, 2], [3, 6]], np.float32)
    codes, span, mean = encode_scale(judge, scale, ", o exemplo")
    back = judge.solution.decode_scale(np.asarray(codes), np.asarray(span), np.asarray(mean))
    judge.that(np.allclose(back, scale, atol=0.02) and span[0] == 3 and mean[0] == 3, "encode_scale", "o exemplo",
               "a média e o alcance deveriam ser 3")  # fmt: skip


@pytest.mark.parametrize("name", ["normal_values", "encode", "encode_scale"])
def test_time_and_memory(judge, name):
    judge.fast(name)
