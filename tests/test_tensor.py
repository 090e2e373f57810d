"""The tape: what is recorded, what backward() returns, and what it leaves behind."""

import contextvars
import copy
import gc
import itertools
import pickle
import re
import subprocess
import sys
import threading
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as shapes

from tinyllm import functional as F
from tinyllm import tensor
from tinyllm.errors import UsageError
from tinyllm.nn.module import Parameter
from tinyllm.tensor import Tensor, backward, no_grad, op, sum_to_shape


def leaf(*values):
    return Tensor(np.array(values, dtype=np.float64), requires_grad=True)


# ------------------------------------------------------------------------------------------------- what backward gives


def test_the_gradients_are_those_of_the_leaves_that_require_one():
    x, w, frozen = leaf(1.0, 2.0), leaf(3.0, 4.0), Tensor(np.array([5.0, 6.0]))
    middle = x * w + frozen
    grads = backward((middle * np.array([1.0, 10.0])).sum())
    assert grads.keys() == {x, w}
    assert grads[x].tolist() == [3.0, 40.0] and grads[w].tolist() == [1.0, 20.0]


def test_nothing_accumulates_from_one_backward_to_the_next():
    x = leaf(2.0)
    first, second = (backward((x * x).sum())[x] for _ in range(2))
    assert first.tolist() == second.tolist() == [4.0]


def test_a_leaf_used_several_times_gets_the_sum():
    x = leaf(3.0)
    assert backward((x * x + x - 2.0 * x).sum())[x].tolist() == [6.0 + 1 - 2]


def test_a_diamond_of_many_levels_takes_one_visit_per_node():
    x = y = leaf(1.0)
    for _ in range(60):
        y = y + y  # 2^60 paths lead back to x
    assert backward(y.sum())[x].tolist() == [2.0**60]


def test_branches_of_different_length_meet_before_they_go_on():
    x = leaf(0.5)
    trunk = tensor.exp(x)
    long = trunk
    for _ in range(5):
        long = long * 2.0
    np.testing.assert_allclose(backward((long + trunk).sum())[x], 33 * np.exp([0.5]))


def test_a_leaf_is_its_own_gradient():
    x = leaf(3.0)
    assert backward(x)[x].tolist() == [1.0]


def test_a_gradient_to_start_from():
    x = leaf(1.0, 2.0)
    assert backward(x * 3.0, np.array([1.0, 10.0]))[x].tolist() == [3.0, 30.0]


@pytest.mark.parametrize("grad", [np.ones(3), np.float64(1.0), np.ones((1, 2))])
def test_a_gradient_of_another_shape_than_the_loss_is_refused(grad):
    with pytest.raises(UsageError, match=r"\(2,\)"):
        backward(leaf(1.0, 2.0) * 3.0, grad)


def test_a_loss_that_is_no_scalar_is_refused():
    with pytest.raises(UsageError, match=r"shape \(2,\).*grad"):
        backward(leaf(1.0, 2.0) * 3.0)


def test_a_loss_that_was_not_recorded_is_refused():
    with pytest.raises(UsageError, match="not recorded"):
        backward(Tensor(np.ones(1)) * 2.0)


def test_a_second_backward_is_refused():
    y = (leaf(1.0) * 2.0).sum()
    backward(y)
    with pytest.raises(UsageError, match="run the forward pass again"):
        backward(y)


def test_a_backward_into_a_part_that_was_walked_before_is_refused():
    shared = tensor.exp(leaf(1.0))
    first, second = shared.sum(), (shared * 2.0).sum()
    backward(first)
    with pytest.raises(UsageError, match="run the forward pass again"):
        backward(second)


ROWS = np.array([2, 0, 2])


@pytest.mark.parametrize("uses", list(itertools.permutations(range(4))), ids=str)
def test_gradients_of_parts_and_of_the_whole_add_up(uses):
    x = Tensor(np.arange(12.0).reshape(4, 3), requires_grad=True)
    ways = [
        lambda: x[1:3] * 10.0,
        lambda: x[ROWS] * 100.0,
        lambda: x * 1000.0,
        lambda: x[1, 2] * 0.5,
    ]
    total = sum((ways[use]().sum() for use in uses[1:]), ways[uses[0]]().sum())
    expected = np.full((4, 3), 1000.0)
    expected[1:3] += 10.0
    np.add.at(expected, ROWS, 100.0)
    expected[1, 2] += 0.5
    np.testing.assert_array_equal(backward(total)[x], expected)


def test_a_sum_does_not_write_to_an_array_that_somebody_else_holds():
    """`add` hands one array to both of its inputs; what is added to one of them must not reach the other."""
    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    grads = backward(((a + b) * np.array([1.0, 10.0])).sum() + a[0] * 5.0 + (a * 7.0).sum())
    assert grads[a].tolist() == [13.0, 17.0] and grads[b].tolist() == [1.0, 10.0]


@pytest.mark.parametrize("wrong", [(2, 3), (3,), ()])
def test_an_operation_with_a_wrong_backward_is_named(wrong):
    @op
    def crooked(x):
        return x.sum(), lambda dy: np.zeros(wrong)

    with pytest.raises(UsageError, match=re.escape(f"crooked: its backward gave a gradient of shape {wrong}")):
        backward(crooked(leaf(1.0, 2.0)))


def test_an_operation_that_gives_too_few_gradients_is_named():
    @op
    def lazy(a, b):
        return a + b, lambda dy: dy

    with pytest.raises(UsageError, match="lazy: its backward gave 1 gradients for 2 inputs"):
        backward(lazy(leaf(1.0), leaf(2.0)))


def test_an_operation_without_a_backward_is_named():
    @op
    def one_way(x):
        return x + 1.0

    with pytest.raises(UsageError, match=r"one_way must return a pair \(value, backward\)"):
        one_way(leaf(1.0, 2.0))


@given(shapes.mutually_broadcastable_shapes(num_shapes=2, min_dims=0, max_dims=4, min_side=0, max_side=3))
def test_a_gradient_is_summed_over_the_axes_that_broadcasting_stretched(drawn):
    (a, b), result = drawn.input_shapes, drawn.result_shape
    inputs = [Tensor(np.zeros(shape), requires_grad=True) for shape in (a, b)]
    grads = backward(inputs[0] + inputs[1], np.ones(result))
    for x in inputs:
        share = np.prod(result) / x.data.size if x.data.size else 0.0
        np.testing.assert_array_equal(grads[x], np.full(x.shape, share))


def test_a_gradient_of_the_right_shape_is_not_copied():
    grad = np.ones((2, 3))
    assert sum_to_shape(grad, (2, 3)) is grad


# ----------------------------------------------------------------------------------------------------- what is recorded


def test_a_thunk_of_a_frozen_input_does_not_run():
    ran = []

    @op
    def spy(a, b):
        return a + b, lambda dy: (lambda: ran.append("a") or dy, lambda: ran.append("b") or dy)

    backward(spy(leaf(1.0), Tensor(np.ones(1))))
    assert ran == ["a"]


def test_nothing_is_recorded_without_a_leaf_that_requires_a_gradient():
    y = Tensor(np.ones(2)) * 2.0
    assert y.node is None and not y.requires_grad


def test_nothing_is_recorded_inside_no_grad():
    x = leaf(1.0)
    with no_grad():
        assert (x * 2.0).node is None
        with no_grad():
            pass
        assert (x * 2.0).node is None
    assert (x * 2.0).node is not None


def test_recording_goes_on_after_an_error_inside_no_grad():
    with pytest.raises(ZeroDivisionError), no_grad():
        raise ZeroDivisionError
    assert (leaf(1.0) * 2.0).node is not None


def test_a_node_knows_the_name_the_inputs_and_the_options_of_its_operation():
    x, weight, bias = leaf(1.0, 2.0), leaf(1.0, 1.0), leaf(0.0, 0.0)
    node = F.layer_norm(x, weight, bias, eps=0.5).node
    assert (node.name, node.inputs, node.options) == ("layer_norm", (x, weight, bias), {"eps": 0.5})


# ------------------------------------------------------------------------------------------------------------- copies

COPIES = {"copy": copy.copy, "deepcopy": copy.deepcopy, "pickle": lambda x: pickle.loads(pickle.dumps(x))}
each_copy = pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)


@given(
    first=st.lists(st.booleans(), min_size=1, max_size=3),
    copies=st.lists(st.tuples(st.sampled_from(list(COPIES.values())), st.integers(0, 9)), max_size=5),
    steps=st.lists(st.tuples(st.sampled_from("+*-"), st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=8),
)
def test_a_graph_of_copies_has_the_gradients_of_one_of_leaves_made_apart(first, copies, steps):
    leaves = [leaf(1.0 + i, 0.5) if learned else Tensor(np.array([2.0, -1.0])) for i, learned in enumerate(first)]
    for copied, which in copies:
        leaves.append(copied(leaves[which % len(leaves)]))
    apart = [Tensor(x.data.copy(), requires_grad=x.requires_grad) for x in leaves]

    def gradients(values):
        own, values = list(values), list(values)
        for sign, i, j in steps:
            a, b = values[i % len(values)], values[j % len(values)]
            values.append(a + b if sign == "+" else a * b if sign == "*" else a - b)
        loss = sum(value.sum() for value in values)
        grads = backward(loss) if loss.requires_grad else {}
        return [grads[x].tolist() if x in grads else None for x in own]

    assert gradients(leaves) == gradients(apart)


@each_copy
def test_a_parameter_stays_a_frozen_or_a_learned_one(copied):
    for learned in (True, False):
        parameter = Parameter([1.0, 2.0])
        parameter.requires_grad = learned
        other = copied(parameter)
        assert type(other) is Parameter and other.requires_grad is learned and other is not parameter
        assert other.data.tolist() == [1.0, 2.0] and (other.data is parameter.data) == (copied is copy.copy)


@pytest.mark.parametrize("copied", [copy.deepcopy, pickle.dumps])
def test_a_graph_is_not_copied(copied):
    x = leaf(1.0)
    with pytest.raises(UsageError, match=r"made by multiply .* without its graph.*Tensor\(x\.data\)"):
        copied({"state": x * 2.0})
    assert backward(copy.copy(x * 2.0))[x].tolist() == [2.0]  # a shallow one stands in the same graph


# --------------------------------------------------------------------------------------------------- long and parallel

LONG = 50_000


def test_a_chain_longer_than_any_recursion_limit():
    x = y = leaf(1.0)
    for _ in range(LONG):
        y = y + 1.0
    assert backward(y.sum())[x].tolist() == [1.0]


def test_a_long_chain_that_nobody_walked_goes_without_recursion():
    y = leaf(1.0)
    for _ in range(LONG):
        y = y + 1.0
    del y


def test_two_threads_over_the_same_parameters_do_not_meet():
    rng = np.random.default_rng(0)
    w = Parameter(rng.normal(size=(16, 16)))
    batches = [np.asarray(rng.normal(size=(8, 16)), np.float32) for _ in range(40)]

    def gradient(x):
        y = Tensor(x)
        for _ in range(5):
            y = tensor.tanh(y @ w)
        return backward((y * y).mean())[w]

    expected = [gradient(x) for x in batches]
    found = [None] * len(batches)

    def work(start):
        for i in range(start, len(batches), 2):
            found[i] = gradient(batches[i])

    threads = [threading.Thread(target=work, args=(start,)) for start in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for mine, alone in zip(found, expected, strict=True):
        np.testing.assert_array_equal(mine, alone)


def test_no_grad_of_one_thread_does_not_stop_another():
    recorded = []
    with no_grad():
        thread = threading.Thread(target=lambda: recorded.append((leaf(1.0) * 2.0).requires_grad))
        thread.start()
        thread.join()
        contextvars.copy_context().run(lambda: recorded.append((leaf(1.0) * 2.0).requires_grad))
    assert recorded == [True, False]


def test_memory_is_freed_while_backward_walks():
    """When an operation goes back, what the operations after it kept is gone; no garbage collector is needed."""
    kept, alive = [], []

    @op
    def step(x):
        y = x + 1.0
        kept.append(weakref.ref(y))
        place = len(kept) - 1

        def backward(dy):
            alive.append([i for i, ref in enumerate(kept) if ref() is not None and i > place])
            return dy * (y > 0)

        return y, backward

    gc.disable()
    try:
        x, total = leaf(1.0, 2.0), None
        y = x
        for _ in range(6):
            y = step(y)
        total = y.sum()
        del y
        backward(total)
        assert alive == [[]] * 6
        assert [ref() for ref in kept] == [None] * 6
    finally:
        gc.enable()


def test_the_graph_does_not_hold_an_array_that_no_backward_needs():
    x = leaf(1.0, 2.0)
    middle = x * 2.0
    ref = weakref.ref(middle.data)
    end = (middle + 1.0).sum()
    del middle
    assert ref() is None
    assert backward(end)[x].tolist() == [2.0, 2.0]


def test_an_operation_that_asks_is_told_which_inputs_need_gradients():
    told = []

    @op
    def asking(a, b, *, needs=(True, True)):
        told.append(needs)
        return a + b, lambda dy: (dy, dy)

    asking(leaf(1.0), np.ones(1))
    asking(np.ones(1), leaf(1.0))
    with no_grad():
        asking(leaf(1.0), leaf(1.0))
    assert told == [[True, False], [False, True], [False, False]]
    assert asking(leaf(1.0), np.ones(1)).node.options == {}


def test_a_graph_that_nobody_walked_is_freed_with_its_result():
    x = leaf(1.0, 2.0)
    gc.disable()
    try:
        hidden = F.softmax(F.gelu(x * 2.0))
        ref = weakref.ref(hidden.data)
        loss = hidden.sum()
        del hidden
        assert ref() is not None
        del loss
        assert ref() is None
    finally:
        gc.enable()


# --------------------------------------------------------------------------------------------------------- the Tensor


def test_a_typing_mistake_is_an_error():
    x = leaf(1.0)
    with pytest.raises(AttributeError):
        x.gard = 1
    with pytest.raises(AttributeError):
        x.relu()
    with pytest.raises(AttributeError):
        Parameter(np.ones(2)).requires_gard = False


def test_a_tensor_is_walked_row_by_row_and_a_single_number_is_not():
    x = Tensor(np.arange(6.0).reshape(3, 2), requires_grad=True)
    assert [row.data.tolist() for row in x] == x.data.tolist()
    first, *_ = x
    np.testing.assert_array_equal(backward(first.sum())[x], [[1, 1], [0, 0], [0, 0]])
    with pytest.raises(TypeError, match="unsized"):
        list(Tensor(2.0))


def test_lists_and_numbers_become_float32_and_arrays_stay():
    assert Tensor([1, 2]).dtype == Tensor(3.0).dtype == np.float32
    ids = np.arange(3)
    assert Tensor(ids).data is ids


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_python_numbers_do_not_change_the_type(dtype):
    x = Tensor(np.array([1.0, 2.0], dtype), requires_grad=True)
    y = (1.0 - (2 * x + 1) / 3 - x**2 * 0.5 + 4 / x).mean()
    assert y.dtype == dtype and backward(y)[x].dtype == dtype


MIXED = {  # what a float32 Tensor may meet, which is not to make float64 of it
    "a number of NumPy": np.sqrt(np.float64(2)), "of float16": np.float16(2), "an integer of NumPy": np.int64(3),
    "without axes": np.array(2.0), "integers": np.array([1, 2]), "truth values": np.array([True, False]),
    "a list": [2.0, 3.0], "a list of integers": [2, 3], "a tuple": (1.5, 2.0), "a truth value": True,
    "a Tensor of integers": Tensor(np.array([3, 4])),
}  # fmt: skip
METHODS = [lambda x, y: x + y, lambda x, y: x - y, lambda x, y: x * y, lambda x, y: x / y, lambda x, y: y + x,
           lambda x, y: y - x, lambda x, y: y * x, lambda x, y: y / x]  # fmt: skip


@pytest.mark.parametrize("other", MIXED.values(), ids=MIXED)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_what_a_tensor_meets_does_not_change_its_type(dtype, other):
    with np.errstate(divide="ignore"):
        for method in METHODS:
            x = Tensor(np.array([1.0, 2.0], dtype), requires_grad=True)
            y = method(x, other)
            expected = method(
                x.data.astype(np.float64),
                np.asarray(getattr(other, "data", other)) if not isinstance(other, np.generic | np.ndarray) else other,
            )
            assert y.dtype == dtype and backward(y.sum())[x].dtype == dtype
            np.testing.assert_allclose(y.data, expected, rtol=2e-3)


def test_integers_among_themselves_stay_integers_and_arrays_of_float64_stay():
    ids = Tensor(np.arange(3))
    assert (ids + 1).dtype == (ids * ids).dtype == tensor.add(ids, [1, 2, 3]).dtype == np.int64
    assert (Tensor([1.0]) * np.array([2.0])).dtype == np.float64


WORDS = {  # what is no array of numbers, where one is due
    "text": lambda: leaf(1.0) + "um",
    "text as a Tensor": lambda: Tensor("um"),
    "a dict": lambda: F.gelu({"x": 1.0}),
    "a list with a gap": lambda: Tensor([1.0, None]),
    "a ragged list": lambda: Tensor([[1.0], [2.0, 3.0]]),
    "a Tensor": lambda: Tensor(leaf(1.0)),
    "a Tensor as a parameter": lambda: Parameter(leaf(1.0)),
    "a recorded Tensor for NumPy": lambda: np.asarray(leaf(1.0) * 2.0),
    "several recorded for NumPy": lambda: np.concatenate([leaf(1.0) * 2.0, leaf(1.0)]),
    "a loss that is no Tensor": lambda: backward(np.float32(1.0)),
    "a gradient of text": lambda: backward(leaf(1.0), "um"),
    "no matrix": lambda: tensor.matmul(leaf(1.0), 2.0),
}  # fmt: skip


@pytest.mark.parametrize("call", WORDS.values(), ids=WORDS)
def test_what_is_no_array_of_numbers_is_told_in_words(call):
    with pytest.raises(UsageError):
        call()


def test_numpy_takes_a_leaf_for_its_array(cupy):
    x = Tensor([1.0, 2.0], requires_grad=True)
    assert np.asarray(x) is x.data and np.array(x, np.float64).tolist() == [1.0, 2.0]
    with no_grad():
        assert np.asarray(x * 2.0).tolist() == [2.0, 4.0]
    with pytest.raises(TypeError, match="Implicit conversion"):
        np.asarray(Tensor(cupy.ones(3)))


@pytest.mark.parametrize("grad", [3.0, [3.0], np.array([3]), np.array([3.0]), Tensor([3.0])], ids=str)
def test_a_gradient_to_start_from_may_be_a_number_a_list_or_a_tensor(grad):
    x = Tensor([1.0], requires_grad=True)
    y = x * 2.0 if not isinstance(grad, float) else (x * 2.0).sum()
    found = backward(y, grad)[x]
    assert found.tolist() == [6.0] and found.dtype == np.float32


def test_operators_in_either_order_and_with_plain_arrays():
    a, x = np.array([[6.0, 8.0]]), Tensor(np.array([[2.0, 4.0]]))
    for result, expected in (
        (a + x, [[8, 12]]), (a - x, [[4, 4]]), (a * x, [[12, 32]]), (a / x, [[3, 2]]), (a @ x.transpose(1, 0), [[44]]),
        (x + a, [[8, 12]]), (x - a, [[-4, -4]]), (x / a, [[1 / 3, 1 / 2]]), (x @ a.T, [[44]]), (-x, [[-2, -4]]),
        (1 - x, [[-1, -3]]), (4 / x, [[2, 1]]), (x**2, [[4, 16]]), (x[0], [2, 4]), (x.max(axis=1), [4]),
    ):  # fmt: skip
        assert isinstance(result, Tensor)
        np.testing.assert_allclose(result.data, expected)


@pytest.mark.parametrize("name", tensor.ELSEWHERE)
def test_who_looks_for_what_another_library_has_is_told_where_it_is(name):
    with pytest.raises(AttributeError, match=rf"a Tensor has no {name}; take "):
        getattr(leaf(1.0), name)


def test_shapes_may_be_given_as_one_tuple_and_axes_may_be_left_out():
    x = Tensor(np.arange(6.0).reshape(2, 3), requires_grad=True)
    flipped = x.data.T.tolist()
    for turned in (x.T, x.transpose(), x.transpose((1, 0)), x.transpose([1, 0]), x.transpose(1, 0)):
        assert turned.data.tolist() == flipped
    assert (
        x.reshape((3, 2)).shape == x.reshape([3, 2]).shape == x.reshape(3, 2).shape == x.reshape(-1, 2).shape == (3, 2)
    )
    assert Tensor(np.ones((2, 3, 4))).T.shape == (4, 3, 2) and Tensor(np.float32(1.0)).T.shape == ()
    assert backward((x.T * np.arange(6.0).reshape(3, 2)).sum())[x].tolist() == [[0, 2, 4], [1, 3, 5]]


@pytest.mark.parametrize("axes", [(0, 0), (1,), (0, 1, 2)])
def test_axes_that_are_not_those_of_the_tensor_are_told(axes):
    with pytest.raises(UsageError, match=re.escape(f"transpose of (2, 3) needs each of its axes once, got {axes}")):
        Tensor(np.ones((2, 3))).transpose(*axes)


def test_what_a_tensor_tells_about_itself():
    x = leaf(1.0, 2.0)
    assert (x.shape, x.ndim, len(x), repr(x * 2)) == ((2,), 1, 2, "Tensor(2,) float64, made by multiply")
    assert Tensor([[3.0]]).item() == 3.0 and type(Tensor([3.0]).item()) is float
    assert float(Tensor([3.0])) == 3.0


# -------------------------------------------------------------------------------------------------------------- imports

ENGINE = "tinyllm, tinyllm.tensor, tinyllm.functional, tinyllm.models.gpt, tinyllm.optim.adamw, tinyllm.parallel.comm"


def in_a_fresh_python(code):
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def test_importing_the_engine_imports_neither_numba_nor_cupy_nor_torch():
    code = f"import sys, {ENGINE}; print({{'numba', 'llvmlite', 'cupy', 'cupyx', 'torch'}} & set(sys.modules))"
    assert in_a_fresh_python(code) == "set()"


def test_importing_the_engine_takes_less_than_importing_numpy():
    code = (
        "import time; began = time.process_time(); import numpy; numpy_came = time.process_time(); "
        f"import {ENGINE}; print((time.process_time() - numpy_came) / (numpy_came - began))"
    )
    assert min(float(in_a_fresh_python(code)) for _ in range(3)) < 1


@pytest.mark.parametrize("option", ["name", "direction", "function", "meaning", "self", "inputs"])
def test_an_option_may_have_any_name(option):
    scope = {}
    exec(f"def twice(x, *, {option}):\n    return x * {option}, lambda dy: dy * {option}", scope)
    x = Tensor([3.0], requires_grad=True)
    y = tensor.op(scope["twice"])(x, **{option: 2.0})
    assert y.data == 6.0 and backward(y)[x] == 2.0


def test_a_list_of_tensors_is_not_cut_off_from_its_graph():
    a, b = Tensor([1.0, 2.0], requires_grad=True), Tensor([3.0, 4.0])
    for wrong in (lambda: tensor.concatenate([a, b], axis=0), lambda: a * [a[0], b[0]], lambda: Tensor([a, b])):
        with pytest.raises(UsageError, match="join them with concatenate"):
            wrong()
