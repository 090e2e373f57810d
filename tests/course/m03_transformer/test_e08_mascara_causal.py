"""m03.e08: the mask of the future, and the attention that reads a text at once or token by token with equal results."""

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
LAYER = "CausalSelfAttention"
# computed once with PyTorch 2.13 (scaled_dot_product_attention, is_causal=True): C = 4, two heads
WEIGHTS = {
    "qkv.weight": np.sin(1.7 * np.arange(48.0) + 0.3).reshape(4, 12),
    "qkv.bias": 0.2 * np.cos(np.arange(12.0)),
    "out.weight": np.sin(2.3 * np.arange(16.0) + 1).reshape(4, 4),
    "out.bias": np.array([0.1, -0.2, 0.3, -0.4]),
}
STORED_X = np.array([[[0.5, -1.0, 2.0, 0.25], [1.5, 3.0, -0.75, -2.0], [-0.3, 0.8, 1.1, -1.4]]])
STORED_DY = np.array([[[1.0, -2.0, 0.5, 0.75], [0.25, 3.0, -1.0, -0.5], [-0.6, 0.4, 1.3, 0.9]]])
STORED = (
    [[[-0.8353256139, 1.0967178947, -0.4926184653, -0.6405125398],
      [3.4533249498, -3.7484374681, 1.6751526463, 1.3159750005],
      [3.4512091487, -3.7415859091, 1.6681383884, 1.3184703051]]],
    [[[1.3441726912, 1.8529036058, -1.2687563892, -1.9045441308],
      [-1.7458587779, -1.5987238953, 1.6807880188, 1.6671348026],
      [0.0033117376, 0.0062061891, -0.0030591353, -0.0063307010]]],
)  # fmt: skip


@pytest.fixture
def alone(judge, monkeypatch):
    """The judge, with the solution's mask in the answer: the layer is judged by itself, not by what it calls."""
    monkeypatch.setattr(judge.answer, "future", judge.solution.future)
    return judge


def mask(judge, queries, positions, case=None):
    case = case or f"queries={queries}, positions={positions}"
    return judge.same("future", queries, positions, through=judge.support.of_numpy, case=case)


def layer(judge, heads, x, dy, *, case, out_std=None):
    return judge.same(LAYER, heads, 7, x, dy, out_std, through=judge.support.built, case=case)


def in_parts(judge, heads, x, *parts):
    case = f"x {shapes(x)}, heads={heads}, com um cache, em partes de {' + '.join(map(str, parts))} posições"
    return judge.same(LAYER, heads, 7, x, parts, through=judge.support.read_in_parts, case=case)


# ------------------------------------------------------------------------------------------------------------ the mask


@pytest.mark.parametrize(("queries", "positions"), [(2, 4), (3, 3), (1, 6), (5, 7)])
def test_future(judge, queries, positions):
    unseen = mask(judge, queries, positions)
    judge.that(unseen.dtype == bool, "future", f"queries={queries}, positions={positions}",
               f"esperada uma tabela de bool; veio uma de {unseen.dtype}")  # fmt: skip


def test_future_of_any_size(judge):
    @given(st.integers(1, 6), st.integers(0, 6))
    def agrees(queries, before):
        mask(judge, queries, queries + before)

    agrees()


def test_future_by_hand(judge):
    unseen = mask(judge, 2, 4, case="o exemplo")
    judge.that(unseen.tolist() == [[False, False, False, True], [False] * 4], "future", "o exemplo",
               "deveria esconder só a posição 3 da pergunta que está na 2")  # fmt: skip


def test_future_asks_the_library_that_it_is_given(judge):
    class Counting:
        """NumPy, with a count of its arrays."""

        def __init__(self):
            self.calls = 0

        def __getattr__(self, name):
            self.calls += 1
            return getattr(np, name)

    counting = Counting()
    judge.answer.future(counting, 2, 4)
    judge.that(counting.calls > 0, "future", "xp", "a tabela deveria ser feita com xp, e não com o NumPy pelo nome")


# ------------------------------------------------------------------------------------------------------ at one reading


@pytest.mark.parametrize(("shape", "heads"), [((2, 5, 6), 3), ((3, 4, 8), 2), ((2, 7, 3), 1)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_layer(alone, shape, heads, dtype):
    x, dy = rng.normal(size=(2, *shape)).astype(dtype)
    layer(alone, heads, x, dy, out_std=0.3, case=f"x {shapes(x)}, heads={heads}")


def test_the_layer_of_any_shape(alone):
    @given(*[st.integers(1, 4)] * 4, st.integers(0, 99))
    def agrees(B, T, heads, D, seed):
        x, dy = np.random.default_rng(seed).normal(size=(2, B, T, heads * D))
        layer(alone, heads, x, dy, case=f"x {shapes(x)}, heads={heads}")

    agrees()


def test_the_layer_by_hand(alone):
    one = alone.answer.CausalSelfAttention(1, 1, rng=rng)
    load_weights(one, {name: np.ones_like(p.data) * ("weight" in name) for name, p in one.named_parameters()})
    x = np.array([[[0.0], [np.log(3.0)]]])
    layer(alone, 1, x, np.ones_like(x), case="x (1, 2, 1)")
    y = one(Tensor(x)).data.reshape(-1)
    alone.that(np.allclose(y, [0, 0.845666], atol=1e-5), LAYER, "o exemplo", f"deveria dar 0 e 0,846; deu {y}")


def test_the_layer_computed_elsewhere(alone):
    layer(alone, 2, STORED_X, STORED_DY, case="x (1, 3, 4), heads=2")
    made, x = alone.answer.CausalSelfAttention(4, 2, rng=rng), Tensor(STORED_X, requires_grad=True)
    load_weights(made, WEIGHTS)
    y = made(x)
    found = (y.data, backward(y, STORED_DY)[x])
    alone.that(np.allclose(found, STORED, atol=1e-5), LAYER, "valores guardados", "difere do PyTorch")


def test_the_layer_of_other_numbers_and_layouts(alone):
    x, dy = rng.normal(size=(2, 3, 5, 4))
    x[1, 2], x[2, 0] = 1e4, -1e4
    found = layer(alone, 2, x, dy, case="números de até ±10000")
    alone.that(np.isfinite(found.valor).all(), LAYER, "números de até ±10000", "transbordou")
    layer(alone, 2, x.transpose(1, 0, 2), dy.transpose(1, 0, 2), case="um x que não é contíguo")
    layer(alone, 2, np.broadcast_to(x[:1], (3, 5, 4)), dy, case="o mesmo texto em todas as linhas do lote")


def test_the_gradient_is_the_slope(alone):
    x, dy, direction = rng.normal(size=(3, 2, 4, 6))
    dx, eps = layer(alone, 3, x, dy, case="x (2, 4, 6), heads=3").gradiente_de_x, 1e-6
    ends = [alone.support.built(alone.answer.CausalSelfAttention, 3, 7, x + sign * eps * direction, dy).valor
            for sign in (1, -1)]  # fmt: skip
    slope, found = ((ends[0] - ends[1]) * dy).sum() / (2 * eps), (dx * direction).sum()
    alone.that(abs(slope - found) < 1e-6 * max(1, abs(slope)), LAYER, "o gradiente, diferenças centrais",
               f"o gradiente diz {found:.6g}, a inclinação medida é {slope:.6g}")  # fmt: skip


def test_the_future_changes_nothing_before_it(alone):
    x, dy = rng.normal(size=(2, 2, 6, 4))
    before = layer(alone, 2, x, dy, case="x (2, 6, 4)").valor
    x[:, 4] += 1.0
    after = layer(alone, 2, x, dy, case="x (2, 6, 4), com a posição 4 mudada").valor
    alone.that(np.array_equal(before[:, :4], after[:, :4]), LAYER, "x com a posição 4 mudada",
               "as posições de 0 a 3 mudaram: elas viram o futuro")  # fmt: skip


def test_it_is_the_attention_of_the_library(alone):
    x, dy = rng.normal(size=(2, 2, 5, 6))
    y = layer(alone, 3, x, dy, case="x (2, 5, 6), heads=3").valor
    made = alone.support.made(alone.answer.CausalSelfAttention, 3, 7, x)
    q, k, v = (F.split_heads(made.qkv(Tensor(x)), heads=3, part=i, parts=3) for i in range(3))
    of_library = made.out(F.merge_heads(F.attention(q, k, v, causal=True))).data
    alone.that(np.allclose(y, of_library), LAYER, "x (2, 5, 6), heads=3", "difere da atenção da biblioteca")


# -------------------------------------------------------------------------------------------------------- with a cache


@pytest.mark.parametrize("parts", [(1, 1, 1, 1, 1), (3, 1, 1), (2, 3), (5,)])
def test_reading_in_parts_with_a_cache(alone, parts):
    x = rng.normal(size=(2, 5, 6))
    y = in_parts(alone, 3, x, *parts)
    whole = alone.support.built(alone.answer.CausalSelfAttention, 3, 7, x, np.ones_like(x)).valor
    alone.that(np.allclose(y, whole), LAYER, f"x {shapes(x)} em partes de {' + '.join(map(str, parts))}",
               "ler aos poucos, com o cache, deveria dar o mesmo que ler de uma vez")  # fmt: skip


def test_the_cache_is_given_only_the_new_ones(alone):
    made, cache = alone.support.made(alone.answer.CausalSelfAttention, 2, 7, rng.normal(size=(2, 3, 4))), LayerCache()
    in_parts(alone, 2, rng.normal(size=(2, 4, 4)), 3, 1)
    for part, length in ((3, 3), (1, 4), (2, 6)):
        made(Tensor(rng.normal(size=(2, part, 4))), cache)
        alone.that(cache.length == length, LAYER, f"um cache, depois de {length} posições",
                   f"o cache tem {cache.length} posições; cada uma entra nele uma só vez")  # fmt: skip


@pytest.mark.parametrize("name", ["future", LAYER])
def test_time_and_memory(judge, name):
    judge.fast(name)
