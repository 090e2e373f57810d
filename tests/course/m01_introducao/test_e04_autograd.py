"""m01.e04: broadcasting undone, a product and its derivatives, and the walk back over graphs of every form."""

import numpy as np
import pytest

from tinyllm import tensor
from tinyllm.course.judge import shapes
from tinyllm.errors import UsageError
from tinyllm.tensor import Tensor

rng = np.random.default_rng(0)
# computed once with PyTorch 2.13: the gradients of tanh(x w + b) x by x, w and b, for dy
STORED_X, STORED_DY = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]]), np.array([[1.0, -2.0, 0.5], [0.25, 3.0, -1.0]])
STORED_W, STORED_B = np.array([0.3, -0.6, 0.9]), np.array([[0.1], [-0.2]])
STORED_DX = [[0.3859208897, -1.9704230622, 0.5551676604], [0.1669813361, -1.4082098049, 1.0444545119]]
STORED_DW, STORED_DB = [0.7637620647, -1.1031945250, -0.1125709093], [[1.8250965280], [1.3960318637]]


@pytest.fixture
def alone(judge, monkeypatch):
    """The judge, with the library's sum_to_shape in the answer: it is judged by itself, not by what calls it."""
    monkeypatch.setattr(judge.answer, "sum_to_shape", tensor.sum_to_shape)
    return judge


# --------------------------------------------------------------------------------------------------------- broadcasting


@pytest.mark.parametrize(
    ("large", "small"),
    [
        ((2, 3), (3,)),
        ((3, 4), (3, 1)),
        ((4, 3, 2), (3, 1)),
        ((4, 3, 2), (1, 1, 2)),
        ((2, 5, 3, 4), (5, 1, 4)),
        ((5, 3), ()),
        ((3, 5), (3, 5)),
        ((1, 4), (1, 4)),
        ((), ()),
    ],
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_sum_to_shape(judge, large, small, dtype):
    grad = np.asarray(rng.normal(size=large), dtype)
    judge.same("sum_to_shape", grad, small, case=f"grad {shapes(grad)}, shape {small}")


def test_sum_to_shape_by_hand(judge):
    grad = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    for shape, expected in (((3,), [5, 7, 9]), ((2, 1), [[6], [15]]), ((), 21)):
        found = judge.same("sum_to_shape", grad, shape, case=f"o exemplo, na forma {shape}")
        judge.that(np.array_equal(found, expected), "sum_to_shape", "o exemplo", f"deveria dar {expected}")


def test_sum_to_shape_of_other_layouts(judge):
    grad = 1e4 * rng.normal(size=(3, 5, 4))
    judge.same("sum_to_shape", grad.transpose(2, 0, 1), (3, 1), case="um grad que não é contíguo, de até ±10000")
    judge.same("sum_to_shape", np.broadcast_to(grad[:, :, :1], grad.shape), (1, 4), case="um grad esticado")


# ------------------------------------------------------------------------------------------------------- multiplication


def there_and_both_back(piece, a, b, dy):
    """The value of an operation of two inputs and the gradient of each, by the backward of the library."""
    a, b = Tensor(a, requires_grad=True), Tensor(b, requires_grad=True)
    y = piece(a, b)
    grads = tensor.backward(y, dy)
    return y.data, grads.get(a), grads.get(b)


@pytest.mark.parametrize(("a", "b"), [((2, 3), (2, 3)), ((4, 3), (3,)), ((3, 1), (2, 1, 5)), ((5,), (4, 5))])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_multiply(judge, a, b, dtype):
    a, b, dy = (rng.normal(size=shape).astype(dtype) for shape in (a, b, np.broadcast_shapes(a, b)))
    judge.same("multiply", a, b, dy, through=there_and_both_back, case=f"a {shapes(a)}, b {shapes(b)}")


def test_multiply_of_other_layouts_and_large_numbers(judge):
    a, b, dy = 1e4 * rng.normal(size=(4, 3)), rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
    judge.same("multiply", a.T, b[:, ::-1], dy, through=there_and_both_back, case="arrays que não são contíguos")


def test_multiply_by_hand(judge):
    a, b, dy = np.array([3.0]), np.array([5.0]), np.array([2.0])
    found = judge.same("multiply", a, b, dy, through=there_and_both_back, case="a = 3, b = 5, dy = 2")
    judge.that(np.array_equal(found, [[15], [10], [6]]), "multiply", "o exemplo", "deveria dar 15, e depois 10 e 6")


def test_the_gradients_of_multiply_are_slopes(judge):
    a, b, dy, eps = rng.normal(size=(2, 1)), rng.normal(size=3), rng.normal(size=(2, 3)), 1e-6
    _, da, db = judge.same("multiply", a, b, dy, through=there_and_both_back, case="a (2, 1), b (3,)")
    for name, x, dx in (("a", a, da), ("b", b, db)):
        for place in np.ndindex(x.shape):
            ends = []
            for step in (eps, -eps):
                moved = x.copy()
                moved[place] += step
                ends.append((judge.answer.multiply(*((moved, b) if x is a else (a, moved))).data * dy).sum())
            slope = (ends[0] - ends[1]) / (2 * eps)
            trouble = f"o gradiente de {name} em {list(place)} é {dx[place]:.4g}, mas a inclinação medida é {slope:.4g}"
            judge.that(abs(dx[place] - slope) < 1e-6, "multiply", "a (2, 1), b (3,), diferenças centrais", trouble)


# -------------------------------------------------------------------------------------------------------- the walk back


def on_graph(build):
    """A way to call a backward: on the sum of what `build` makes of Tensors of the arrays, for their gradients."""

    def through(piece, *arrays):
        leaves = [Tensor(array, requires_grad=True) for array in arrays]
        return of_leaves(piece(build(*leaves).sum()), leaves)

    return through


def on_graph_from(build):
    """The same without the sum: the last of the arrays is the gradient to start from."""

    def through(piece, *arrays):
        leaves = [Tensor(array, requires_grad=True) for array in arrays[:-1]]
        return of_leaves(piece(build(*leaves), arrays[-1]), leaves)

    return through


def of_leaves(grads, leaves):
    """The gradient of each leaf."""
    if not isinstance(grads, dict):
        raise UsageError(f"esperado um dict {{folha: gradiente}}; veio um {type(grads).__name__}")
    return [grads.get(leaf) for leaf in leaves]


def diamond(x):
    trunk = tensor.exp(x)
    return trunk * 3.0 + tensor.tanh(tensor.tanh(trunk) * trunk)


GRAPHS = {
    "uma operação": (lambda x: tensor.tanh(x), [(3, 2)]),
    "uma cadeia": (lambda x: tensor.exp(tensor.tanh(x * 3.0) - 1.0), [(2, 3)]),
    "uma matriz vezes outra": (lambda a, b: tensor.tanh(a @ b), [(2, 4), (4, 3)]),
    "x usado duas vezes, x · x + x": (lambda x: x * x + x, [(2, 3)]),
    "um losango: dois caminhos, de comprimentos diferentes": (diamond, [(3, 2)]),
    "broadcasting: (3, 1) vezes (4,)": (lambda a, b: tensor.tanh(a * b) * b, [(3, 1), (4,)]),
    "a soma de tudo, ()": (lambda a, b: (tensor.tanh(a) * b).sum(), [(2, 3), (3,)]),
    "um mesmo dx para duas entradas, a · 7 + (a + b)": (lambda a, b: a * 7.0 + (a + b), [(2, 3), (2, 3)]),
    "um pedaço vezes outro, x[1:] · x[:-1]": (lambda x: x[1:] * x[:-1], [(4, 3)]),
}


@pytest.mark.parametrize("graph", GRAPHS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_backward(alone, graph, dtype):
    build, sizes = GRAPHS[graph]
    arrays = [rng.normal(size=size).astype(dtype) for size in sizes]
    alone.same("backward", *arrays, through=on_graph(build), case=f"a soma de: {graph}; {shapes(*arrays)}")
    dy = np.asarray(rng.normal(size=build(*map(Tensor, arrays)).shape), dtype)
    found = alone.same(
        "backward", *arrays, dy, through=on_graph_from(build), case=f"{graph}, com grad; {shapes(*arrays)}"
    )
    of_library = on_graph_from(build)(tensor.backward, *arrays, dy)
    agree = all(np.allclose(f, o, rtol=1e-4, atol=1e-6) for f, o in zip(found, of_library, strict=True))
    alone.that(agree, "backward", graph, "difere do backward da biblioteca")


def test_backward_by_hand(alone):
    found = alone.same("backward", np.array(3.0), np.array(5.0), through=on_graph(lambda a, b: a * b + a),
                       case="a · b + a, com a = 3 e b = 5")  # fmt: skip
    alone.that(np.array_equal(found, [6, 3]), "backward", "a · b + a, com a = 3 e b = 5", "deveria dar {a: 6, b: 3}")


def test_backward_of_values_computed_elsewhere(alone):
    found = alone.same("backward", STORED_X, STORED_W, STORED_B, STORED_DY, case="tanh(x w + b) x",
                       through=on_graph_from(lambda x, w, b: tensor.tanh(x * w + b) * x))  # fmt: skip
    agree = all(map(np.allclose, found, (STORED_DX, STORED_DW, STORED_DB)))
    alone.that(agree, "backward", "tanh(x w + b) x", "difere do PyTorch")


@pytest.mark.parametrize("graph", GRAPHS)
def test_the_gradients_of_backward_are_slopes(alone, graph):
    build, sizes = GRAPHS[graph]
    arrays, eps = [rng.normal(size=size) for size in sizes], 1e-6
    dy = rng.normal(size=build(*map(Tensor, arrays)).shape)
    grads = alone.same("backward", *arrays, dy, through=on_graph_from(build), case=graph)
    for which, (x, dx) in enumerate(zip(arrays, grads, strict=True)):
        direction = rng.normal(size=x.shape)
        ends = []
        for step in (eps, -eps):
            moved = [a + step * direction if i == which else a for i, a in enumerate(arrays)]
            ends.append((build(*map(Tensor, moved)).data * dy).sum())
        slope, along = (ends[0] - ends[1]) / (2 * eps), (dx * direction).sum()
        trouble = f"numa direção, o gradiente da entrada {which} dá {along:.6g}; a inclinação medida é {slope:.6g}"
        alone.that(abs(along - slope) < 1e-5, "backward", f"{graph}, diferenças centrais", trouble)


def test_backward_of_other_layouts_and_large_numbers(alone):
    a, b = 1e4 * rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
    alone.same("backward", a.T, b[:, ::-1], through=on_graph(lambda a, b: tensor.tanh(a) @ b * 3.0),
               case="arrays que não são contíguos, de até ±10000")  # fmt: skip


def with_a_constant(piece, x, constant):
    leaf, frozen = Tensor(x, requires_grad=True), Tensor(constant)
    grads = piece((tensor.tanh(leaf * frozen) * 2.0).sum())
    return [*of_leaves(grads, [leaf]), f"folhas com gradiente: {len(grads)}"]


def test_only_leaves_that_need_a_gradient_have_one(alone):
    alone.same("backward", *rng.normal(size=(2, 3)), through=with_a_constant, case="a soma de tanh(x · c) · 2, c fixo")


def test_a_leaf_is_its_own_gradient(alone):
    x, dy = rng.normal(size=(2, 4, 3))
    alone.same("backward", x, dy, through=on_graph_from(lambda x: x), case="uma folha, sem operação, com grad")


def twice(piece, x):
    leaf = Tensor(x, requires_grad=True)
    return [of_leaves(piece((leaf * leaf).sum()), [leaf]) for _ in range(2)]


def test_nothing_stays_from_one_backward_to_the_next(alone):
    alone.same("backward", rng.normal(size=3), through=twice, case="a soma de x · x, e outra vez x · x, com o mesmo x")


def on_a_long_chain(piece, x):
    """The gradient over 5000 operations in a row, each of which halves and adds."""
    leaf = y = Tensor(x, requires_grad=True)
    for _ in range(2500):
        y = y * 0.999 + x
    try:
        return of_leaves(piece(y.sum()), [leaf])
    except RecursionError:
        raise UsageError("a recursão passou do limite do Python") from None


def test_backward_over_a_long_chain(alone):
    alone.same("backward", rng.normal(size=3), through=on_a_long_chain, case="5000 operações em fila")


@pytest.mark.parametrize("name", ["sum_to_shape", "multiply", "backward"])
def test_time_and_memory(judge, name):
    judge.fast(name)
