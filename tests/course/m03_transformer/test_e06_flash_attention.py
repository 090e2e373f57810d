"""m03.e06: a softmax that is mended with each block of keys, and the attention that never holds all of its weights."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm import functional as F
from tinyllm.course.judge import shapes

rng = np.random.default_rng(0)
# computed once with PyTorch 2.13: scaled_dot_product_attention of 2 queries and 5 positions, and its causal version
STORED_Q = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])
STORED_K = np.array([[1.0, 0.3, -0.6], [-0.2, 1.1, 0.4], [0.7, -0.9, 1.2], [-1.3, 0.8, 0.1], [0.6, 0.2, -1.4]])
STORED_V = np.array([[2.0, -1.0, 0.5], [0.1, 0.7, -0.3], [-1.2, 0.4, 1.6], [0.9, -0.8, 1.1], [-0.5, 1.3, 0.2]])
STORED_Y = [[-0.8111906075, 0.3083864434, 1.3408749698], [0.4807296303, 0.1864741454, 0.4586661446]]
STORED_CAUSAL = [[-0.8176936074, 0.2876645364, 1.3647160166], [0.4807296303, 0.1864741454, 0.4586661446]]


def attend(judge, q, k, v, block, causal, *, case):
    return judge.same("flash_attention", q, k, v, block, causal, through=judge.support.in_blocks, case=case)


@pytest.fixture
def alone(judge, monkeypatch):
    """The judge, with the solution's step in the answer: the attention is judged by itself, not by what it calls."""
    monkeypatch.setattr(judge.answer, "online_softmax_step", judge.solution.online_softmax_step)
    return judge


# ---------------------------------------------------------------------------------------------------------------- step


@pytest.mark.parametrize("before", [(), (2,), (2, 3)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_step(judge, before, dtype):
    shapes_of = (4, 1), (4, 1), (4, 5), (4, 6), (6, 5)
    largest, total, *rest = (rng.normal(size=(*before, *shape)).astype(dtype) for shape in shapes_of)
    judge.same("online_softmax_step", largest, np.exp(total), *rest,
               case=f"largest {shapes(largest)}, scores {shapes(rest[1])}")  # fmt: skip


def test_step_of_any_shape(judge):
    @given(*(st.integers(1, 5) for _ in range(3)), st.integers(0))
    def agrees(queries, keys, channels, seed):
        draw = np.random.default_rng(seed)
        largest, total = draw.normal(size=(queries, 1)), draw.uniform(0.5, 3.0, size=(queries, 1))
        sums, scores, values = (draw.normal(size=s) for s in ((queries, channels), (queries, keys), (keys, channels)))
        judge.same("online_softmax_step", largest, total, sums, scores, values,
                   case=f"{queries} perguntas, {keys} chaves, D = {channels}")  # fmt: skip

    agrees()


def test_step_by_hand(judge):
    state = np.array([[-np.inf]]), np.zeros((1, 1)), np.zeros((1, 2))
    values = np.array([[3.0, 0.0], [1.0, 2.0]])
    state = judge.same("online_softmax_step", *state, np.log([[1.0, 3.0]]), values, case="o exemplo, primeiro bloco")
    judge.that(np.allclose(np.concatenate(state, axis=-1), [[np.log(3), 4 / 3, 2, 2]]), "online_softmax_step",
               "o exemplo, pontuações log 1 e log 3", "o total deveria ser 4/3, com a maior log 3")  # fmt: skip
    state = judge.same("online_softmax_step", *state, np.log([[6.0]]), np.array([[5.0, 7.0]]), case="o exemplo, log 6")
    judge.that(np.allclose(np.concatenate(state, axis=-1), [[np.log(6), 5 / 3, 6, 8]]), "online_softmax_step",
               "o exemplo, depois de log 6", "o total deveria ser 5/3, com o maior log 6")  # fmt: skip


@pytest.mark.parametrize("sizes", [(1e4, -1e4), (-1e4, 1e4)])
def test_step_of_large_numbers(judge, sizes):
    state = np.full((2, 1), -np.inf), np.zeros((2, 1)), np.zeros((2, 3))
    for size in sizes:
        scores, values = size + rng.normal(size=(2, 4)), rng.normal(size=(4, 3))
        state = judge.same("online_softmax_step", *state, scores, values, case=f"pontuações em torno de {size:g}")
    judge.that(
        all(np.isfinite(part).all() for part in state), "online_softmax_step", "pontuações de ±10000", "transbordou"
    )


def test_step_of_other_layouts(judge):
    largest, total, sums, scores, values = (rng.normal(size=s) for s in ((1, 4), (1, 4), (3, 4), (5, 4), (3, 5)))
    judge.same("online_softmax_step", largest.T, np.exp(total).T, sums.T, scores.T, values.T,
               case="arrays que não são contíguos")  # fmt: skip
    judge.same("online_softmax_step", np.zeros((1, 1)), np.ones((1, 1)), np.broadcast_to(sums[:1], (3, 4)),
               scores[:3, :2], values[:2, :4], case="o mesmo largest para três perguntas")  # fmt: skip


def test_a_block_of_the_future_adds_nothing(judge):
    state = rng.normal(size=(3, 1)), np.ones((3, 1)), rng.normal(size=(3, 2))
    after = judge.same("online_softmax_step", *state, np.full((3, 4), -np.inf), rng.normal(size=(4, 2)),
                       case="um bloco só de -inf")  # fmt: skip
    judge.that(all(map(np.array_equal, after, state)), "online_softmax_step", "um bloco só de -inf",
               "nada deveria mudar")  # fmt: skip


def test_the_order_of_the_blocks_means_nothing(judge):
    scores, values = rng.normal(size=(3, 6)), rng.normal(size=(6, 2))
    ends = []
    for order in ((slice(0, 2), slice(2, 6)), (slice(2, 6), slice(0, 2))):
        state = np.full((3, 1), -np.inf), np.zeros((3, 1)), np.zeros((3, 2))
        for part in order:
            state = judge.same("online_softmax_step", *state, scores[:, part], values[part], case="dois blocos")
        ends.append(state[2] / state[1])
    judge.that(np.allclose(*ends), "online_softmax_step", "os mesmos blocos em outra ordem", "deveria dar o mesmo")


# ----------------------------------------------------------------------------------------------------------- attention


@pytest.mark.parametrize("block", [4, 1, 3, 9])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_flash_attention(alone, block, causal, dtype):
    q, k, v = (rng.normal(size=(2, n, 5)).astype(dtype) for n in (4, 6, 6))
    attend(alone, q, k, v, block, causal, case=f"q {shapes(q)}, k {shapes(k)}, block={block}, causal={causal}")


def test_flash_attention_of_any_shape(alone):
    @given(*(st.integers(1, 6) for _ in range(4)), st.booleans(), st.integers(0))
    def agrees(queries, more, channels, block, causal, seed):
        draw, keys = np.random.default_rng(seed), queries + more - 1
        q, k, v = (draw.normal(size=(n, channels)) for n in (queries, keys, keys))
        case = f"q {shapes(q)}, k {shapes(k)}, block={block}, causal={causal}"
        attend(alone, q, k, v, block, causal, case=case)

    agrees()


def test_flash_attention_without_causal_sees_all(alone):
    def plain(piece, q, k, v):
        return piece(q, k, v, block=2)

    q, k, v = (rng.normal(size=(n, 4)) for n in (3, 5, 5))
    alone.same("flash_attention", q, k, v, through=plain, case="block=2, sem causal")


def test_flash_attention_by_hand(alone):
    q, v = np.ones((1, 1)), np.array([[1.0], [2.0], [10.0]])
    y = attend(alone, q, np.log([[1.0], [3.0], [6.0]]), v, 2, False, case="chaves log 1, log 3, log 6; block=2")
    alone.that(np.allclose(y, 6.7), "flash_attention", "chaves log 1, log 3, log 6, valores 1, 2, 10",
               "deveria dar (1 · 1 + 3 · 2 + 6 · 10) / 10 = 6,7")  # fmt: skip


def test_flash_attention_computed_elsewhere(alone):
    for causal, stored in ((False, STORED_Y), (True, STORED_CAUSAL)):
        y = attend(alone, STORED_Q, STORED_K, STORED_V, 2, causal, case=f"valores guardados, causal={causal}")
        alone.that(np.allclose(y, stored), "flash_attention", f"valores guardados, causal={causal}",
                   "difere do PyTorch")  # fmt: skip


def test_flash_attention_of_other_numbers_and_layouts(alone):
    q, k, v = (1e2 * rng.normal(size=(3, n, 2)) for n in (5, 6, 6))  # scores of ±10000
    y = attend(alone, q, k, v, 4, False, case="pontuações de até ±10000")
    alone.that(np.isfinite(y).all(), "flash_attention", "pontuações de até ±10000", "transbordou")
    attend(alone, q.T[..., :2], k.T[..., :2], v.T[..., :2], 2, True, case="arrays que não são contíguos")
    attend(alone, q, np.broadcast_to(k[:1], k.shape), np.broadcast_to(v[:1], v.shape), 4, True,
           case="as mesmas chaves e valores para os três textos")  # fmt: skip


def test_the_size_of_the_blocks_means_nothing(alone):
    q, k, v = rng.normal(size=(3, 7, 4))
    found = [attend(alone, q, k, v, block, True, case=f"q (7, 4), block={block}") for block in (1, 2, 3, 7, 100)]
    alone.that(all(np.allclose(found[0], y) for y in found), "flash_attention", "blocos de outros tamanhos",
               "o resultado não deveria depender do tamanho do bloco")  # fmt: skip


@pytest.mark.parametrize("causal", [False, True])
def test_the_attention_of_the_library_gives_the_same(alone, causal):
    q, k, v = (rng.normal(size=(2, 3, n, 4)) for n in (5, 9, 9))
    y = attend(alone, q, k, v, 4, causal, case=f"q (2, 3, 5, 4), block=4, causal={causal}")
    expected = F.attention(q, k, v, causal=causal).data
    alone.that(np.allclose(y, expected), "flash_attention", f"q (2, 3, 5, 4), causal={causal}",
               "difere da atenção da biblioteca")  # fmt: skip


def test_time_and_memory(judge):
    judge.fast("online_softmax_step")


def test_time_and_memory_of_the_attention(alone):
    alone.fast("flash_attention")
