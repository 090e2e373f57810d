"""m03.e09: one text looks at another."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm import functional as F
from tinyllm.course.judge import shapes
from tinyllm.nn.cache import LayerCache
from tinyllm.nn.module import load_weights
from tinyllm.tensor import Tensor, backward

rng = np.random.default_rng(0)
LAYER = "CrossAttention"
# computed once with PyTorch 2.13 (scaled_dot_product_attention): C = 4, two heads
WEIGHTS = {
    "query.weight": np.sin(1.7 * np.arange(16.0) + 0.3).reshape(4, 4),
    "key_value.weight": np.cos(0.9 * np.arange(32.0)).reshape(4, 8),
    "out.weight": np.sin(2.3 * np.arange(16.0) + 1).reshape(4, 4),
}
STORED_X = np.array([[[0.5, -1.0, 2.0, 0.25], [1.5, 3.0, -0.75, -2.0]]])
STORED_MEMORY = np.array([[[0.7, -0.2, 0.1, 1.3], [-1.1, 0.4, 0.9, -0.6], [0.2, 1.4, -0.8, 0.3]]])
STORED_DY = np.array([[[1.0, -2.0, 0.5, 0.75], [0.25, 3.0, -1.0, -0.5]]])
STORED = (
    [[[-0.2404542712, 0.2246473639, -0.0589000324, -0.1461600054],
      [-0.4491132494, -0.0922534156, 0.5720457267, -0.6700272860]]],
    [[[-0.2346182238, -0.3823537946, -0.4302166351, -0.3657047311],
      [-0.0571238933, 0.0084765720, 0.0718629142, 0.1164783024]]],
    [[[0.2741222116, 0.1624370821, -0.0764845867, -0.2554960798],
      [0.5495422832, 0.5254097170, 0.0897251008, -0.4162409509],
      [-2.3526008142, -1.3153058738, 0.7522646995, 2.2305883114]]],
)  # fmt: skip


def layer(judge, heads, dy, x, memory, *others, case):
    return judge.same(LAYER, heads, 7, dy, x, memory, *others, through=judge.support.built, case=case)


def texts(B, T, S, C, dtype=np.float64, seed=0):
    """Three arrays: a cotangent and x, (B, T, C), and a memory, (B, S, C)."""
    drawn = np.random.default_rng(seed)
    return [drawn.normal(size=(B, n, C)).astype(dtype) for n in (T, T, S)]


@pytest.mark.parametrize(("B", "T", "S", "C", "heads"), [(2, 5, 3, 6, 3), (3, 2, 7, 4, 2), (2, 1, 6, 5, 1)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_layer(judge, B, T, S, C, heads, dtype):
    dy, x, memory = texts(B, T, S, C, dtype)
    case = f"x {shapes(x)}, memory {shapes(memory)}, heads={heads}"
    layer(judge, heads, dy, x, memory, case=case)
    for scale in (0.6, 1.0):  # at 1 many a wrong factor is right
        layer(judge, heads, dy, x, memory, None, scale, 0.3, case=f"{case}, scale={scale}, out_std=0.3")


def test_the_layer_of_any_shape(judge):
    @given(*[st.integers(1, 4)] * 5, st.integers(0, 99))
    def agrees(B, T, S, heads, D, seed):
        dy, x, memory = texts(B, T, S, heads * D, seed=seed)
        lengths = np.random.default_rng(seed).integers(1, S + 1, size=B)
        case = f"x {shapes(x)}, memory {shapes(memory)}, heads={heads}"
        layer(judge, heads, dy, x, memory, case=case)
        layer(judge, heads, dy, x, memory, lengths, case=f"{case}, lengths={lengths.tolist()}")

    agrees()


def test_the_layer_by_hand(judge):
    layer(judge, 1, *texts(2, 3, 4, 1), case="x (2, 3, 1), memory (2, 4, 1), heads=1")
    one = judge.answer.CrossAttention(1, 1, rng=rng)
    load_weights(one, {name: np.ones_like(p.data) for name, p in one.named_parameters()})
    y = one(Tensor(np.array([[[1.0]]])), Tensor(np.array([[[0.0], [np.log(3.0)]]]))).data
    judge.that(np.allclose(y, 0.823959), LAYER, "o exemplo", f"deveria dar 0,824; deu {y.reshape(-1)[0]:.4g}")


def test_the_layer_computed_elsewhere(judge):
    layer(judge, 2, STORED_DY, STORED_X, STORED_MEMORY, case="x (1, 2, 4), memory (1, 3, 4), heads=2")
    made = judge.answer.CrossAttention(4, 2, rng=rng)
    load_weights(made, WEIGHTS)
    x, memory = (Tensor(array, requires_grad=True) for array in (STORED_X, STORED_MEMORY))
    y = made(x, memory)
    gradients = backward(y, STORED_DY)
    for found, stored in zip((y.data, gradients[x], gradients[memory]), STORED, strict=True):
        judge.that(np.allclose(found, stored, atol=1e-5), LAYER, "valores guardados", "difere do PyTorch")


def test_the_layer_of_other_numbers_and_layouts(judge):
    dy, x, memory = texts(3, 5, 5, 4)
    x[1, 2], memory[2, 0] = 1e4, -1e4
    found = layer(judge, 2, dy, x, memory, case="números de até ±10000")
    judge.that(np.isfinite(found.valor).all(), LAYER, "números de até ±10000", "transbordou")
    turned = [array.transpose(1, 0, 2) for array in (dy, x, memory)]
    layer(judge, 2, *turned, case="arrays que não são contíguos")
    layer(judge, 2, dy, x, np.broadcast_to(memory[:1], memory.shape), case="a mesma memória em todo o lote")


@pytest.mark.parametrize("lengths", [[1, 4, 2], [4, 3, 1], [4, 4, 4]])
def test_padding_of_the_memory_is_not_seen(judge, lengths):
    dy, x, memory = texts(3, 5, 4, 6)
    lengths, case = np.array(lengths), f"memory {shapes(memory)}, lengths={lengths}"
    before = layer(judge, 2, dy, x, memory, lengths, case=case)
    for row, length in enumerate(lengths):
        memory[row, length:] = 1e3
    after = layer(judge, 2, dy, x, memory, lengths, case=f"{case}, com outro preenchimento")
    judge.that(np.array_equal(before.valor, after.valor), LAYER, f"{case}, com outro preenchimento",
               "o que está no preenchimento mudou o resultado")  # fmt: skip


def test_the_gradients_are_the_slope(judge):
    dy, x, memory = texts(2, 3, 4, 6)
    found, eps = layer(judge, 3, dy, x, memory, case="x (2, 3, 6), memory (2, 4, 6)"), 1e-6
    for what, gradient in (("x", found.gradiente_de_x), ("memory", found.gradiente_da_memória)):
        direction, values = rng.normal(size=gradient.shape), []
        for sign in (1, -1):
            moved = [a + sign * eps * direction if name == what else a
                     for name, a in (("x", x), ("memory", memory))]  # fmt: skip
            values.append((judge.support.built(judge.answer.CrossAttention, 3, 7, dy, *moved).valor * dy).sum())
        slope, told = (values[0] - values[1]) / (2 * eps), (gradient * direction).sum()
        judge.that(abs(slope - told) < 1e-6 * max(1, abs(slope)), LAYER, f"o gradiente de {what}, diferenças centrais",
                   f"o gradiente diz {told:.6g}, a inclinação medida é {slope:.6g}")  # fmt: skip


def test_the_order_of_the_memory_does_not_matter(judge):
    dy, x, memory = texts(2, 3, 5, 6)
    before = layer(judge, 2, dy, x, memory, case="x (2, 3, 6), memory (2, 5, 6)").valor
    after = layer(judge, 2, dy, x, memory[:, ::-1], case="a mesma memória, de trás para a frente").valor
    judge.that(np.allclose(before, after), LAYER, "a memória de trás para a frente",
               "a soma não depende da ordem: quem a diz são as posições, que já vêm na memória")  # fmt: skip


def test_it_is_the_attention_of_the_library(judge):
    dy, x, memory = texts(2, 3, 5, 6)
    lengths = np.array([2, 5])
    y = layer(judge, 3, dy, x, memory, lengths, case="x (2, 3, 6), memory (2, 5, 6), lengths=[2 5]").valor
    made = judge.support.made(judge.answer.CrossAttention, 3, 7, x)
    both = made.key_value(Tensor(memory))
    k, v = (F.split_heads(both, heads=3, part=i, parts=2) for i in range(2))
    attended = F.attention(F.split_heads(made.query(Tensor(x)), heads=3), k, v, lengths=lengths)
    judge.that(np.allclose(y, made.out(F.merge_heads(attended)).data), LAYER, "x (2, 3, 6), memory (2, 5, 6)",
               "difere da atenção da biblioteca")  # fmt: skip


@pytest.mark.parametrize("lengths", [None, np.array([2, 5])])
def test_with_a_cache_the_memory_is_read_once(judge, lengths):
    dy, x, memory = texts(2, 4, 5, 6)
    whole = layer(judge, 3, dy, x, memory, lengths, case="x (2, 4, 6), memory (2, 5, 6)").valor
    case = "um cache, x posição por posição; depois da primeira, a memória vem zerada e não deve ser olhada"
    y = judge.same(LAYER, 3, 7, x, memory, lengths, through=judge.support.one_by_one, case=case)
    judge.that(np.allclose(y, whole), LAYER, case, "deveria dar o mesmo que ler x de uma vez")
    made, cache = judge.support.made(judge.answer.CrossAttention, 3, 7, x), LayerCache()
    for _ in range(3):
        made(Tensor(x), Tensor(memory), lengths, cache)
        judge.that(cache.length == 5, LAYER, "um cache, memory (2, 5, 6)",
                   f"o cache tem {cache.length} posições; a memória tem 5, e entra nele uma só vez")  # fmt: skip


@pytest.mark.parametrize("name", [LAYER])
def test_time_and_memory(judge, name):
    judge.fast(name)
