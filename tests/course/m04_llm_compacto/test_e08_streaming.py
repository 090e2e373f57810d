"""m04.e08: weights that are fetched one ahead, the way there that keeps entries alone, and the way back."""

import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.course.judge import shapes
from tinyllm.tensor import Tensor, backward, tanh

rng = np.random.default_rng(0)

# computed once with PyTorch 2.13: two layers of tanh(x @ W) + x, and the gradients of x, W0 and W1 for dy
STORED_X, STORED_DY = np.array([[0.5, -1.0]]), np.array([[1.0, -2.0]])
STORED_WEIGHTS = np.array([[[0.3, -0.6], [0.9, 1.2]], [[-0.4, 0.7], [0.25, 0.5]]])
STORED = [
    [[0.3742415945, -2.5902634793]],
    [[0.0348772884, -0.1969935538], [-0.0697545767, 0.3939871077]],
    [[-0.1136540965, 0.1055504267], [-1.6021426701, 1.4879080264]],
]  # fmt: skip


@pytest.fixture
def alone(judge, monkeypatch):
    """The judge, with the solution's `ahead` in the answer: the way there and back are judged by themselves."""
    monkeypatch.setattr(judge.answer, "ahead", judge.solution.ahead)
    return judge


def drawn(n, k, layers, dtype=np.float64, draw=rng):
    """dy, x and weights."""
    return (*draw.normal(size=(2, n, k)).astype(dtype), 0.7 * draw.normal(size=(layers, k, k)).astype(dtype))


# --------------------------------------------------------------------------------------------------------------- ahead


@pytest.mark.parametrize("numbers", [range(4), [3, 2, 1, 0], (2, 0, 3), [1], [0, 2]], ids=str)
def test_ahead(judge, numbers):
    weights = rng.normal(size=(4, 3, 2))
    judge.same("ahead", weights, numbers, through=judge.support.taken, case=f"numbers={numbers}")


def test_ahead_of_nothing(judge):
    judge.same("ahead", rng.normal(size=(4, 3, 2)), [], through=judge.support.values, case="numbers=[]")


def test_ahead_of_any_numbers(judge):
    @given(st.lists(st.integers(0, 9), unique=True))
    def agrees(numbers):
        judge.same("ahead", np.arange(60.0).reshape(10, 3, 2), numbers, through=judge.support.values,
                   case=f"numbers={numbers}")  # fmt: skip

    agrees()


# ------------------------------------------------------------------------------------------------------------- forward


def forward(judge, x, weights):
    return judge.same("forward", x, weights, through=judge.support.went, case=f"x {shapes(x)}, {len(weights)} camadas")


@pytest.mark.parametrize(("n", "k", "layers"), [(4, 3, 5), (1, 2, 1), (3, 5, 2)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_forward(alone, n, k, layers, dtype):
    _, x, weights = drawn(n, k, layers, dtype)
    forward(alone, x, weights)
    forward(alone, np.asfortranarray(1e4 * x), weights)


def test_nothing_to_load(alone):
    _, x, weights = drawn(4, 3, 1)
    forward(alone, x, weights[:0])


def test_there_of_any_sizes(alone):
    @given(*(st.integers(1, 5) for _ in range(3)), st.integers(0, 99))
    def agrees(n, k, layers, seed):
        dy, x, weights = drawn(n, k, layers, draw=np.random.default_rng(seed))
        forward(alone, x, weights)
        backward_through(alone, dy, x, weights)

    agrees()


# ---------------------------------------------------------------------------------------------------- backward_through


def backward_through(judge, dy, x, weights):
    case = f"x {shapes(x)}, {len(weights)} camadas"
    return judge.same("backward_through", dy, x, weights, through=judge.support.came, case=case)


@pytest.mark.parametrize(("n", "k", "layers"), [(4, 3, 5), (1, 2, 1), (3, 5, 2)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_it_is_the_same_as_in_memory(alone, n, k, layers, dtype):
    dy, x, weights = drawn(n, k, layers, dtype)
    found = backward_through(alone, dy, x, weights)
    leaves = [Tensor(array, requires_grad=True) for array in (x, *weights)]
    y = leaves[0]
    for weight in leaves[1:]:
        y = alone.support.layer(y, weight)
    gradients = backward(y, dy)
    pairs = zip((found.gradiente_de_x, *found.gradientes_dos_pesos), leaves, strict=True)
    alone.that(all(np.array_equal(mine, gradients[leaf]) for mine, leaf in pairs), "backward_through",
               f"x {shapes(x)}, {layers} camadas", "deveria dar o mesmo que na memória, até o último bit")  # fmt: skip


def test_other_arrays(alone):
    dy, x, weights = drawn(4, 3, 2)
    backward_through(alone, np.asfortranarray(dy), np.asfortranarray(x), weights)
    backward_through(alone, 1e4 * dy, x, 1e4 * weights)


def test_stored_values(alone):
    found = backward_through(alone, STORED_DY, STORED_X, STORED_WEIGHTS)
    for mine, stored in zip((found.gradiente_de_x, *found.gradientes_dos_pesos), STORED, strict=True):
        alone.that(np.allclose(mine, stored, atol=1e-9), "backward_through", "valores calculados com o PyTorch",
                   "difere")  # fmt: skip


def test_gradients_by_central_differences(alone):
    dy, x, weights = drawn(2, 3, 3)
    found, step = backward_through(alone, dy, x, weights), 1e-6

    def total(x):
        return (alone.support.right_forward(x, weights.__getitem__, 3, alone.support.layer)[0] * dy).sum()

    for place in np.ndindex(x.shape):
        moved = np.zeros_like(x)
        moved[place] = step
        slope = (total(x + moved) - total(x - moved)) / (2 * step)
        alone.that(abs(slope - found.gradiente_de_x[place]) < 1e-6, "backward_through", f"a derivada em x{list(place)}",
                   f"por diferenças dá {slope:.6g}, e a volta {found.gradiente_de_x[place]:.6g}")  # fmt: skip


class Counted:
    """Weights to load that notes how many of them are in memory, and of the gradients that are stored."""

    def __init__(self, weights):
        self.weights, self.loaded, self.gradients = weights, [], []
        self.most = self.most_gradients = 0

    def load(self, number):
        weight = np.array(self.weights[number])
        self.loaded.append(weakref.ref(weight))
        return weight

    def layer(self, x, weight):
        self.look()
        return tanh(x @ weight) + x

    def store(self, number, gradient):
        self.gradients.append(weakref.ref(gradient))
        self.most_gradients = max(self.most_gradients, sum(ref() is not None for ref in self.gradients))

    def look(self):
        self.most = max(self.most, sum(ref() is not None for ref in self.loaded))


FEW = 3  # weights: this one, the one on its way, and one that a name still holds


def is_few(judge, name, most, of="pesos"):
    judge.that(most <= FEW, name, "8 camadas", f"chegou a haver {most} {of} na memória ao mesmo tempo; bastam dois")


def test_few_weights_are_in_memory(judge):
    disk = Counted(rng.normal(size=(8, 3, 3)))
    judge.outcome(lambda piece: [disk.look() for _ in piece(disk.load, range(8))], judge.answer.ahead, ())
    is_few(judge, "ahead", disk.most)


def test_few_weights_are_in_memory_there(alone):
    _, x, weights = drawn(4, 3, 8)
    disk = Counted(weights)
    alone.outcome(lambda piece: piece(x, disk.load, 8, disk.layer), alone.answer.forward, ())
    is_few(alone, "forward", disk.most)


def test_few_weights_and_gradients_are_in_memory_on_the_way_back(alone):
    dy, x, weights = drawn(4, 3, 8)
    disk = Counted(weights)
    _, entries = alone.solution.forward(x, disk.load, 8, alone.support.layer)
    alone.outcome(lambda piece: piece(dy, entries, disk.load, disk.store, disk.layer),
                  alone.answer.backward_through, ())  # fmt: skip
    is_few(alone, "backward_through", disk.most)
    is_few(alone, "backward_through", disk.most_gradients, "gradientes de pesos")


@pytest.mark.parametrize("name", ["forward", "backward_through"])
def test_the_weights_come_through_ahead(judge, monkeypatch, name):
    dy, x, weights = drawn(4, 3, 2)
    came = []
    monkeypatch.setattr(judge.answer, "ahead", lambda *given: came.append(given) or judge.solution.ahead(*given))
    load, layer = weights.__getitem__, judge.support.layer
    _, entries = judge.solution.forward(x, load, 2, layer)
    given = (x, load, 2, layer) if name == "forward" else (dy, entries, load, lambda number, gradient: None, layer)
    judge.outcome(lambda piece: piece(*given), getattr(judge.answer, name), ())
    judge.that(came, name, "2 camadas", "os pesos não vieram por `ahead`: o próximo não estava a caminho")


def test_no_weight_stays_in_memory(judge):
    dy, x, weights = drawn(4, 3, 6)
    seen = []

    def load(number):
        weight = np.array(weights[number])
        seen.append(weakref.ref(weight))
        return weight

    layer = judge.support.layer
    judge.outcome(lambda piece: piece(x, load, 6, layer), judge.answer.forward, ())
    judge.that(len(seen) == 6 and not any(ref() is not None for ref in seen), "forward", "depois da ida",
               "algum peso ainda está na memória")  # fmt: skip
    _, entries = judge.solution.forward(x, load, 6, layer)
    seen.clear()
    judge.outcome(lambda piece: piece(dy, entries, load, lambda number, gradient: None, layer),
                  judge.answer.backward_through, ())  # fmt: skip
    judge.that(len(seen) == 6 and not any(ref() is not None for ref in seen), "backward_through", "depois da volta",
               "algum peso ainda está na memória")  # fmt: skip


@pytest.mark.parametrize("name", ["ahead", "forward", "backward_through"])
def test_time_and_memory(judge, name):
    judge.fast(name)
