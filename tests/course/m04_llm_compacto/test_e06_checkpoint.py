"""m04.e06: what is forgotten and computed again, in one function and in segments of layers, and what that keeps."""

import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm import functional as F
from tinyllm.course.judge import shapes
from tinyllm.memory.recompute import Recompute
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.tensor import Tensor, backward, tanh

rng = np.random.default_rng(0)

# computed once with PyTorch 2.13: torch.utils.checkpoint.checkpoint of tanh(x @ W + b), and its gradients for dy
STORED_X = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])
STORED_DY = np.array([[1.0, -2.0], [0.25, 3.0]])
STORED_W, STORED_B = np.array([[0.3, -0.6], [0.9, 1.2], [-0.4, 0.7]]), np.array([0.1, -0.2])
STORED = [
    [[-0.8956928738, -0.2913126125], [0.7913375538, -0.868021981]],
    [[1.1574846369, -2.0183678602, -1.3602854569], [-0.4157342471, 0.9716378228, 0.4803509774]],
    [[0.2390364664, 0.1942833203], [-0.174372721, 2.015177304], [0.3253838872, -4.2152579884]],
    [0.2911804947, -1.0906604022],
]  # fmt: skip


def arrays(n, k, m, dtype=np.float64, draw=rng):
    """x, W and b."""
    return [draw.normal(size=shape).astype(dtype) for shape in ((n, k), (k, m), (m,))]


def repeated(judge, told, x, *weights):
    function = judge.support.FUNCTIONS[told]
    dy = rng.normal(size=function(Tensor(x), *map(Tensor, weights)).shape).astype(x.dtype)
    case = f"function = {told}, x {shapes(x)}"
    return dy, judge.same("checkpoint", function, dy, x, *weights, through=judge.support.repeated, case=case)


EACH = pytest.mark.parametrize("told", ["tanh(x @ W + b)", "(tanh(x W) · (x W + b)) Wᵀ + x", "com dropout"])


@EACH
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_it_is_the_same_as_without(judge, told, dtype):
    """To the last bit: what is computed twice is computed in the same way."""
    x, *weights = arrays(4, 3, 5, dtype)
    dy, found = repeated(judge, told, x, *weights)
    leaves = [Tensor(array, requires_grad=True) for array in (x, *weights)]
    with F.noise(7, 3):
        y = judge.support.FUNCTIONS[told](*leaves)
    gradients = backward(y, dy)
    same = np.array_equal(found.valor[0], y.data) and all(
        np.array_equal(mine, gradients[leaf]) for mine, leaf in zip(found.gradientes, leaves, strict=True)
    )
    judge.that(same, "checkpoint", f"function = {told}", "os gradientes deveriam ser os mesmos, até o último bit")


@EACH
def test_other_arrays(judge, told):
    x, weight, bias = arrays(3, 4, 2)
    repeated(judge, told, np.asfortranarray(x), weight.T.copy().T, bias)
    repeated(judge, told, 1e4 * x, weight, bias)


def test_any_shape(judge):
    @given(*(st.integers(1, 5) for _ in range(3)), st.sampled_from(list(judge.support.FUNCTIONS)), st.integers(0, 99))
    def agrees(n, k, m, told, seed):
        repeated(judge, told, *arrays(n, k, m, draw=np.random.default_rng(seed)))

    agrees()


def test_a_weight_that_is_not_used(judge):
    x, weight, bias = arrays(3, 4, 2)
    judge.same("checkpoint", judge.support.without_the_weight, np.ones((3, 4)), x, weight, bias,
               through=judge.support.repeated, case="uma function que não usa um dos pesos")  # fmt: skip


def test_stored_values(judge):
    found = judge.same("checkpoint", judge.support.layer, STORED_DY, STORED_X, STORED_W, STORED_B,
                       through=judge.support.repeated, case="valores calculados com o PyTorch")  # fmt: skip
    for mine, stored in zip((found.valor[0], *found.gradientes), STORED, strict=True):
        judge.that(np.allclose(mine, stored, atol=1e-9), "checkpoint", "valores calculados com o PyTorch", "difere")


def test_gradients_by_central_differences(judge):
    x, *weights = arrays(2, 3, 4)
    told, step = "(tanh(x W) · (x W + b)) Wᵀ + x", 1e-6
    dy, found = repeated(judge, told, x, *weights)

    def total(x):
        return (judge.support.FUNCTIONS[told](Tensor(x), *map(Tensor, weights)).data * dy).sum()

    for place in np.ndindex(x.shape):
        moved = np.zeros_like(x)
        moved[place] = step
        slope = (total(x + moved) - total(x - moved)) / (2 * step)
        judge.that(abs(slope - found.gradientes[0][place]) < 1e-6, "checkpoint", f"a derivada em x{list(place)}",
                   f"por diferenças dá {slope:.6g}, e a volta {found.gradientes[0][place]:.6g}")  # fmt: skip


def test_nothing_in_the_middle_is_kept(judge):
    made = []

    def noted(x, weight):
        middle = tanh(x @ weight)
        made.append(weakref.ref(middle.data))
        return tanh(middle)

    x, weight, _ = arrays(5, 3, 4)
    y = judge.outcome(lambda piece: piece(Tensor(x, requires_grad=True), Tensor(weight), function=noted),
                      judge.answer.checkpoint, ())  # fmt: skip
    judge.that(y is not None and made and made[0]() is None, "checkpoint", "function = tanh(tanh(x @ W)), após a ida",
               "o que foi calculado no meio ainda está guardado")  # fmt: skip


def test_the_library_does_the_same(judge):
    """Of what enters a block. The gradients of the block's own weights, which are not given, are Recompute's."""
    block = GPT(GPTConfig(vocab_size=9, context=5, layers=1, heads=2, width=6), rng=np.random.default_rng(0)).blocks[0]
    dy, x = rng.normal(size=(2, 2, 5, 6)).astype(np.float32)
    through = (lambda leaf: judge.answer.checkpoint(leaf, function=block), Recompute(block))
    found = []
    for run in through:
        leaf = Tensor(x, requires_grad=True)
        found.append(judge.outcome(lambda run: backward(run(leaf), dy)[leaf], run, ()))  # noqa: B023
    judge.that(np.array_equal(*found), "checkpoint", "um bloco de um GPT", "difere do Recompute da biblioteca")


# --------------------------------------------------------------------------------------------------------- in_segments


def segments(judge, layers, every, n=4, k=3, draw=rng):
    x, dy, weights = draw.normal(size=(n, k)), draw.normal(size=(n, k)), draw.normal(size=(layers, k, k))
    return judge.same("in_segments", dy, x, list(weights), every, through=judge.support.walked,
                      case=f"{layers} camadas, every={every}, x {shapes(x)}")  # fmt: skip


@pytest.fixture
def alone(judge, monkeypatch):
    """The judge, with the solution's checkpoint in the answer: the segments are judged by themselves."""
    monkeypatch.setattr(judge.answer, "checkpoint", judge.solution.checkpoint)
    return judge


@pytest.mark.parametrize(("layers", "every"), [(5, 2), (6, 3), (7, 3), (4, 1), (3, 5), (9, 4)])
def test_in_segments(alone, layers, every):
    segments(alone, layers, every)


def test_in_segments_of_any_sizes(alone):
    @given(st.integers(1, 8), st.integers(1, 9), st.integers(1, 4), st.integers(1, 4), st.integers(0, 99))
    def agrees(layers, every, n, k, seed):
        segments(alone, layers, every, n, k, np.random.default_rng(seed))

    agrees()


def test_in_segments_by_hand(alone):
    found = segments(alone, 5, 2).camadas_na_ordem_em_que_foram_chamadas
    alone.that(found == [0, 1, 2, 3, 4, 4, 2, 3, 0, 1], "in_segments", "o exemplo, cinco camadas e every = 2",
               f"as camadas foram chamadas nesta ordem: {found}")  # fmt: skip


# -------------------------------------------------------------------------------------------------------- peak_numbers


@pytest.mark.parametrize(("layers", "every"), [(7, 3), (12, 1), (12, 12), (12, 4), (5, 8), (97, 10)])
@pytest.mark.parametrize(("inside", "entry"), [(10, 1), (3, 2), (1, 50)])
def test_peak_numbers(judge, layers, every, inside, entry):
    case = f"layers={layers}, every={every}, inside={inside}, entry={entry}"
    judge.same("peak_numbers", layers, every, inside, entry, case=case)


def test_peak_numbers_of_any_sizes(judge):
    few = st.integers(1, 60)

    @given(few, few, few, few)
    def agrees(layers, every, inside, entry):
        case = f"layers={layers}, every={every}, inside={inside}, entry={entry}"
        judge.same("peak_numbers", layers, every, inside, entry, case=case)

    agrees()


def test_peak_numbers_by_hand(judge):
    found = judge.same("peak_numbers", 7, 3, 10, 1, case="o exemplo")
    judge.that(found == 32, "peak_numbers", "o exemplo", "deveria dar 32")


@pytest.mark.parametrize("name", ["checkpoint", "in_segments", "peak_numbers"])
def test_time_and_memory(judge, name):
    judge.fast(name)
