"""A compiled twin does what its meaning does: same values, gradients and NaNs. And it is chosen when it should be."""

import functools
import itertools
import tracemalloc

import numpy as np
import pytest
from functional.cases import CASES, LAYOUTS, all_modules, all_ops, build
from hypothesis import given
from hypothesis import strategies as st

from tinyllm import functional as F
from tinyllm.backend import kernels, products, threads
from tinyllm.backend.kernels import TwinnedFunction, scatter_add
from tinyllm.compress import int4, sparse
from tinyllm.compress.nibble_products import decode
from tinyllm.errors import UsageError
from tinyllm.functional.divergences import divergence, divergence_of_kept, likeliest_tokens
from tinyllm.functional.losses import soft_surprise, surprise
from tinyllm.gradcheck import cotangent
from tinyllm.optim.adafactor import adafactor_update
from tinyllm.optim.adam import adam_update
from tinyllm.optim.adamw import adamw_update
from tinyllm.optim.adamw8bit import adamw8bit_update
from tinyllm.optim.lion import lion_update
from tinyllm.optim.sgd import sgd_update
from tinyllm.tensor import sum_to_shape

pytestmark = pytest.mark.skipif(kernels.numba_version() is None, reason="twins need Numba")

TWINNED = {name: op.function for name, op in all_ops().items() if op.function.twin}
CASES_OF_TWINS = [case for case in CASES if case.op.__name__ in TWINNED]
# adafactor, adamw8bit: in tests/optim
IN_PLACE = (
    adafactor_update,
    adam_update,
    adamw_update,
    adamw8bit_update,
    lion_update,
    sgd_update,
    surprise,
    soft_surprise,
    divergence,
    divergence_of_kept,
    likeliest_tokens,
    scatter_add,
)
CLOSE = {"rtol": 2e-5, "atol": 2e-6, "equal_nan": True}


def both(function, call, dy=None):
    """[twin, meaning]: each (value, gradients) of plain arrays, the cotangent being the same."""
    results = []
    for version in (function.twin, function.meaning):
        with np.errstate(all="ignore"):
            y, backward = version(*call.arrays, **call.options)
            dy = cotangent(y) if dy is None else dy
            grads = backward(dy)
        grads = grads if isinstance(grads, tuple) else (grads,)
        results.append(
            (y, [summed(grad() if callable(grad) else grad, a) for grad, a in zip(grads, call.arrays, strict=True)])
        )
    return results


def flat(result):
    """(value, [gradients]) -> a list of arrays."""
    return [result[0], *result[1]]


def summed(grad, array):
    """A gradient with the axes summed that its input does not have or stretches, as the engine does."""
    return sum_to_shape(grad.astype(np.float64), array.shape)


def odd_calls(case):
    """Sizes around those that vector instructions like, in every layout."""
    for seed, (size, layout) in enumerate((size, layout) for size in (1, 7, 33, 65) for layout in LAYOUTS):
        sizes = dict.fromkeys(case.letters, 3) | dict.fromkeys(case.letters[-1:], size)
        yield build(case, sizes, [layout] * len(case.inputs), seed, np.float32)


def extreme_calls(case):
    """Numbers up to ±1e4, and small differences of large numbers, in the first input."""
    for seed, numbers in enumerate(
        ([1e4, -1e4, 0.0], [1e4, 1e4 + 1], [-1e4], [-0.0, 0.0], [1e-30, -1e-30], [30.0, -30.0])
    ):
        call = build(case, dict.fromkeys(case.letters, 5), ["contiguous"] * len(case.inputs), seed, np.float32)
        call.arrays[0][...] = np.resize(np.float32(numbers), call.arrays[0].shape)
        yield call


def assert_same(function, call, dy=None):
    (y, grads), (expected_y, expected_grads) = both(function, call, dy)
    assert y.dtype == expected_y.dtype and y.shape == expected_y.shape
    np.testing.assert_allclose(y, expected_y, **CLOSE)
    for grad, expected in zip(grads, expected_grads, strict=True):
        np.testing.assert_allclose(grad, expected, **CLOSE)


def test_there_is_a_case_for_every_twin():
    assert TWINNED.keys() == {case.op.__name__ for case in CASES_OF_TWINS}


def test_every_twinned_function_is_tested_in_this_file():
    """The ops, by their cases; products and those that work in place, below. The loops over text are held in
    tests/text, and the codes of NF4 and int4 in tests/compress."""
    functions = {thing for module in all_modules() for thing in vars(module).values() if type(thing) is TwinnedFunction}
    assert {function for function in functions if function.twin} == {
        *IN_PLACE,
        decode,
        int4.spread,
        sparse.whole,
        products.product,
    }


@pytest.mark.parametrize("case", CASES_OF_TWINS, ids=str)
def test_twin_agrees_on_odd_sizes_and_layouts(case):
    for call in odd_calls(case):
        assert_same(case.op.function, call)


@pytest.mark.parametrize("case", CASES_OF_TWINS, ids=str)
def test_twin_agrees_when_the_gradient_is_a_view(case):
    for call in odd_calls(case):
        y = cotangent(case.op.function.meaning(*call.arrays, **call.options)[0])
        for layout in LAYOUTS.values():
            assert_same(case.op.function, call, layout(y))
        assert_same(case.op.function, call, np.broadcast_to(np.float32(0.5), y.shape))  # what sum and mean hand back


@pytest.mark.parametrize("case", CASES_OF_TWINS, ids=str)
def test_twin_is_as_exact_as_its_meaning_on_extreme_numbers(case):
    """Small differences of large numbers lose digits in float32: the twin may lose twice what the meaning loses."""
    for call in extreme_calls(case):
        twin, meaning = both(case.op.function, call)
        dy = np.asarray(cotangent(meaning[0]), np.float64)
        exact = both(case.op.function, call._replace(arrays=[a.astype(np.float64) for a in call.arrays]), dy)[1]
        for mine, theirs, truth in zip(flat(twin), flat(meaning), flat(exact), strict=True):
            assert np.isfinite(mine).all()
            largest = max(1.0, np.abs(truth).max())
            assert np.abs(mine - truth).max() <= 2 * np.abs(theirs - truth).max() + 1e-6 * largest


@pytest.mark.parametrize("case", CASES_OF_TWINS, ids=str)
def test_nan_stays_nan_where_the_meaning_has_it_and_nowhere_else(case):
    call = build(case, dict.fromkeys(case.letters, 6), ["contiguous"] * len(case.inputs), 1, np.float32)
    for which, array in enumerate(call.arrays):
        if array.dtype.kind == "f":
            poisoned = [a.copy() for a in call.arrays]
            poisoned[which].flat[-min(2, array.size)] = np.nan
            (y, grads), (expected_y, expected_grads) = both(case.op.function, call._replace(arrays=poisoned))
            assert np.isnan(y).any() or {"lengths", "starts"} & call.options.keys()  # who is unseen hides it
            np.testing.assert_array_equal(np.isnan(y), np.isnan(expected_y))
            for grad, expected in zip(grads, expected_grads, strict=True):
                if call.options.get("causal"):  # 0 * NaN, of the future, is NaN for the meaning; the twin may skip it
                    assert not (np.isnan(grad) & ~np.isnan(expected)).any()
                else:
                    np.testing.assert_array_equal(np.isnan(grad), np.isnan(expected))


def test_gelu_at_the_ends():
    x = np.float32([np.inf, -np.inf, -0.0, 0.0, 3e38, -3e38])
    with np.errstate(all="ignore"):
        for version in (F.gelu.function.twin, F.gelu.function.meaning):
            y, backward = version(x)
            slope = backward(np.ones_like(x))
            assert y[0] == np.inf and not y[1] > 0
            assert y[2] == y[3] == 0 and np.signbit(y[2]) and not np.signbit(y[3])
            np.testing.assert_allclose(y[4:], [3e38, 0], atol=1e-30)
            np.testing.assert_allclose(slope[2:4], 0.5, rtol=1e-6)
            assert not np.isfinite(slope[:2]).all()  # no number that a training run could mistake for a gradient


UPDATES = {  # a rule, how many arrays it remembers, its own options
    "adam": (adam_update, 2, {"beta1": 0.9, "beta2": 0.95, "eps": 1e-8}),
    "adamw": (adamw_update, 2, {"beta1": 0.9, "beta2": 0.95, "eps": 1e-8}),
    "lion": (lion_update, 1, {"beta1": 0.9, "beta2": 0.95}),
    "nesterov": (sgd_update, 1, {"momentum": 0.9, "nesterov": True}),
    "momentum": (sgd_update, 1, {"momentum": 0.9, "nesterov": False}),
}
each_update = pytest.mark.parametrize(("update", "count", "options"), UPDATES.values(), ids=UPDATES)


@each_update
@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e4])
@pytest.mark.parametrize("shape", [(1,), (7,), (33, 5), (0,), ()])
def test_twins_of_optimisers_agree_over_several_steps(update, count, options, shape, scale):
    rng = np.random.default_rng(3)
    ours = [np.asarray(rng.normal(size=shape), np.float32), *(np.zeros(shape, np.float32) for _ in range(count))]
    theirs = [array.copy() for array in ours]
    for step in range(1, 6):
        g = np.asarray(scale * rng.normal(size=shape), np.float32)
        for version, (p, *slots) in ((update.twin, ours), (update.meaning, theirs)):
            version(p, g.T.copy().T, *slots, step=step, lr=0.01, decay=0.1, **options)
    for mine, expected in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, expected, rtol=1e-5, atol=1e-6 * scale)


@each_update
def test_twins_of_optimisers_update_parameters_that_are_views(update, count, options):
    rng = np.random.default_rng(3)
    base = np.asarray(rng.normal(size=(5, 7)), np.float32)
    for view in (lambda a: a.T, lambda a: a[:, ::2], lambda a: a[::-1]):
        results = []
        for version in (update.twin, update.meaning):
            p, *slots = view(base.copy()), *(view(np.zeros_like(base)) for _ in range(count))
            version(p, np.ones_like(p), *slots, lr=0.01, decay=0.1, step=1, **options)
            results.append((p, *slots))
        for mine, expected in zip(*results, strict=True):
            np.testing.assert_allclose(mine, expected, rtol=1e-5)


@each_update
def test_twins_of_optimisers_keep_nan_in_sight(update, count, options):
    p, *slots = (np.ones(2, np.float32) for _ in range(1 + count))
    update.twin(p, np.float32([np.nan, 1.0]), *slots, lr=0.1, decay=0.0, step=1, **options)
    assert np.isnan(p[0]) and np.isfinite(p[1])


def test_adamw_keeps_nan_and_inf_in_sight():
    p, m, v = np.ones(3, np.float32), np.zeros(3, np.float32), np.zeros(3, np.float32)
    with np.errstate(all="ignore"):
        adamw_update.twin(
            p, np.float32([np.nan, np.inf, 1.0]), m, v, lr=0.1, beta1=0.9, beta2=0.95, eps=1e-8, decay=0.0, step=1
        )
    assert np.isnan(p[:2]).all() and np.isfinite(p[2])


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e4])
@pytest.mark.parametrize("shape", [(1, 1), (7, 33), (0, 5), (3, 1000)])
def test_surprise_twin_agrees(shape, scale):
    rng = np.random.default_rng(0)
    logits, targets = np.asarray(scale * rng.normal(size=shape), np.float32), rng.integers(shape[1], size=shape[0])
    mine, theirs = logits.copy(), logits.copy()
    np.testing.assert_allclose(surprise.twin(mine, targets), surprise.meaning(theirs, targets), **CLOSE)
    np.testing.assert_allclose(mine, theirs, **CLOSE)


@pytest.mark.parametrize("softened", [(0.1, 0.0), (0.0, 1e-3), (0.3, 0.01)], ids=str)
@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e4])
@pytest.mark.parametrize("shape", [(1, 1), (7, 33), (0, 5), (3, 1000)])
def test_soft_surprise_twin_agrees(shape, scale, softened):
    rng, how = np.random.default_rng(0), dict(zip(("label_smoothing", "z_loss"), softened, strict=True))
    logits, targets = np.asarray(scale * rng.normal(size=shape), np.float32), rng.integers(shape[1], size=shape[0])
    mine, theirs = logits.copy(), logits.copy()
    expected = soft_surprise.meaning(theirs, targets, **how)
    np.testing.assert_allclose(soft_surprise.twin(mine, targets, **how), expected, **CLOSE)
    np.testing.assert_allclose(mine, theirs, **CLOSE)


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e4])
@pytest.mark.parametrize("shape", [(1, 2), (7, 33), (0, 5), (3, 1000)])
def test_divergence_twins_agree(shape, scale):
    rng = np.random.default_rng(0)
    logits, teacher = (np.asarray(scale * rng.normal(size=shape), np.float32) for _ in range(2))
    ids, known = likeliest_tokens.meaning(teacher, count=min(5, shape[1] - 1))
    for function, others in ((divergence, (teacher,)), (divergence_of_kept, (ids, known))):
        mine, theirs, before = logits.copy(), logits.copy(), [array.copy() for array in others]
        close = {**CLOSE, "atol": 2e-6 * max(1, scale)}  # a divergence of nearly 0 is a difference of large numbers
        np.testing.assert_allclose(function.twin(mine, *others), function.meaning(theirs, *others), **close)
        np.testing.assert_allclose(mine, theirs, **CLOSE)
        assert all(np.array_equal(array, copy) for array, copy in zip(others, before, strict=True))


@pytest.mark.parametrize("numbers", ["apart", "few"])
@pytest.mark.parametrize(("shape", "count"), [((1, 2), 1), ((7, 33), 32), ((0, 5), 3), ((20, 1000), 16)])
def test_likeliest_twin_agrees(shape, count, numbers):
    """Of equal ones both take the first."""
    rng = np.random.default_rng(0)
    logits = rng.normal(size=shape) if numbers == "apart" else rng.integers(4, size=shape)
    logits = logits.astype(np.float32)
    (mine, known), (expected, expected_known) = (
        f(logits, count=count) for f in (likeliest_tokens.twin, likeliest_tokens.meaning)
    )
    assert np.array_equal(mine, expected)
    np.testing.assert_allclose(known, expected_known, **CLOSE)


@pytest.mark.parametrize("twin", [
    surprise.twin, functools.partial(soft_surprise.twin, label_smoothing=0.1, z_loss=1e-3)
])  # fmt: skip
def test_surprise_keeps_nan_in_its_row(twin):
    logits = np.ones((3, 20), np.float32)
    logits[1, 7] = np.nan
    losses = twin(logits, np.array([0, 1, 2]))
    assert np.isnan(losses).tolist() == [False, True, False]
    assert np.isnan(logits).sum(axis=1).tolist() == [0, 20, 0]


@pytest.mark.parametrize(
    ("shape", "index"),
    [
        ((5, 3), np.array([4, 0, 4, -1])),
        ((5, 3), np.array([], dtype=int)),
        ((5, 3), np.array([1, 1], dtype=np.uint16)),
        ((5, 3), (np.array([0, 0]), np.array([2, 2]))),
        ((5, 3), np.array([[0, 1], [1, 1]])),
        ((5, 3), np.array([True, False, True, False, False])),
        ((5,), np.array([3, 3])),
    ],
    ids=["rows", "none", "small integers", "places", "a table of rows", "a mask", "one axis"],
)
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_scatter_add_twin_agrees(shape, index, layout):
    rng = np.random.default_rng(0)
    target = np.asarray(rng.normal(size=shape), np.float32)
    updates = layout(np.asarray(rng.normal(size=target[index].shape), np.float32))
    mine, theirs = layout(target.copy()), target.copy()
    scatter_add.twin(mine, index, updates)
    scatter_add.meaning(theirs, index, updates)
    np.testing.assert_allclose(mine, theirs, **CLOSE)


@pytest.mark.parametrize("wrong", [5, -6])
def test_twins_do_not_write_outside(wrong):
    for version in (scatter_add.twin, scatter_add.meaning):
        with pytest.raises(IndexError):
            version(np.zeros((5, 3), np.float32), np.array([0, wrong]), np.ones((2, 3), np.float32))


@pytest.mark.parametrize("rows", [1, 63, 64, 65, 200])
@pytest.mark.parametrize(("causal", "earlier"), [(False, 0), (True, 0), (True, 70)])
def test_attention_twin_agrees_over_several_blocks(rows, causal, earlier):
    rng = np.random.default_rng(0)
    q, k, v = (np.asarray(rng.normal(size=(2, 3, n, 8)), np.float32) for n in (rows, rows + earlier, rows + earlier))
    dy = cotangent(q)
    (y, back), (expected, expected_back) = (
        version(q, k, v, causal=causal) for version in (F.attention.function.twin, F.attention.function.meaning)
    )
    np.testing.assert_allclose(y, expected, **CLOSE)
    for mine, theirs in zip(back(dy), expected_back(dy), strict=True):
        np.testing.assert_allclose(mine, theirs() if callable(theirs) else theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("rows", [1, 64, 65, 200])
def test_attention_twin_agrees_over_several_blocks_that_begin_anywhere(rows):
    rng, starts = np.random.default_rng(0), np.array([70, 0, 33])
    q, k, v = (np.asarray(rng.normal(size=(3, 2, n, 8)), np.float32) for n in (rows, rows + 70, rows + 70))
    bias, dy = np.asarray(rng.normal(size=(3, 2, rows, rows + 70)), np.float32), cotangent(q)
    (y, back), (expected, expected_back) = (
        version(q, k, v, bias, causal=True, starts=starts)
        for version in (F.attention.function.twin, F.attention.function.meaning)
    )
    np.testing.assert_allclose(y, expected, **CLOSE)
    for mine, theirs in zip(back(dy), expected_back(dy), strict=True):
        np.testing.assert_allclose(mine, theirs() if callable(theirs) else theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("version", ["twin", "meaning"])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"causal": True, "starts": np.array([0])}, r"starts \(1,\) are not one for each of 2 rows"),
        ({"causal": True, "starts": np.array([0, 5])}, "starts of 0 to 5 are not within 0 to 4"),
        ({"causal": True, "starts": np.array([-1, 2])}, "starts of -1 to 2 are not within 0 to 4"),
        ({"starts": np.array([0, 1])}, "attention that is not causal has no starts"),
    ],
)
def test_attention_refuses_starts_that_do_not_fit(version, options, message):
    q, k = np.ones((2, 3, 4, 5), np.float32), np.ones((2, 3, 8, 5), np.float32)
    with pytest.raises(UsageError, match=message):
        getattr(F.attention.function, version)(q, k, k, **options)


@pytest.mark.parametrize("version", ["twin", "meaning"])
@pytest.mark.parametrize(
    ("mask", "options"),
    [
        ([[True, True], [False, False]], {}),
        ([[False, True], [True, True]], {"causal": True}),
        ([[True, True], [False, True]], {"lengths": np.array([1])}),
        ([[True, True], [False, True]], {"causal": True, "starts": np.array([0]), "lengths": np.array([1])}),
    ],
)
def test_attention_refuses_a_mask_under_which_a_query_sees_nothing(version, mask, options):
    q = np.ones((1, 3, 2, 5), np.float32)
    with pytest.raises(UsageError, match="a query sees no position at all"):
        getattr(F.attention.function, version)(q, q, q, np.array(mask)[None, None], **options)


@pytest.mark.parametrize("version", ["twin", "meaning"])
@pytest.mark.parametrize(("shape", "positions"), [((2, 3, 4), (2, 3, 4)), ((1, 2, 3, 4), (1, 2, 0, 4))])
def test_attention_refuses_what_it_cannot_look_at(version, shape, positions):
    q, k = np.ones(shape, np.float32), np.ones(positions, np.float32)
    with pytest.raises(UsageError, match="attention"):
        getattr(F.attention.function, version)(q, k, k)


@pytest.mark.parametrize("version", ["twin", "meaning"])
@pytest.mark.parametrize(
    ("norm", "shapes"),
    [
        (F.layer_norm, [(2, 4), (3,), (4,)]),
        (F.layer_norm, [(2, 4), (4,), (3,)]),
        (F.layer_norm, [(2, 4), (1, 4), (4,)]),
        (F.layer_norm, [(), (), ()]),
        (F.rms_norm, [(2, 4), (3,)]),
        (F.rms_norm, [(2, 4), ()]),
    ],
)
def test_norms_refuse_weights_that_do_not_fit(version, norm, shapes):
    with pytest.raises(UsageError, match=f"{norm.__name__}: .* do not fit x"):
        getattr(norm.function, version)(*(np.ones(shape, np.float32) for shape in shapes))


@pytest.mark.parametrize("version", ["twin", "meaning"])
@pytest.mark.parametrize(
    ("shape", "of_turns"),
    [
        ((2, 3, 4, 6), (4, 2)),
        ((2, 3, 4, 6), (5, 3)),
        ((2, 3, 4, 6), (2, 3, 4, 3)),
        ((2, 3, 4, 6), (1, 1, 4, 3)),
        ((3, 4, 6), (3, 1, 4, 3)),
        ((4, 5), (4, 2)),
        ((6,), (3,)),
    ],
)
def test_rotary_refuses_turns_that_do_not_fit(version, shape, of_turns):
    x, turns = np.ones(shape, np.float32), np.ones(of_turns, np.float32)
    with pytest.raises(UsageError, match=r"^rotary: x .* do not agree"):
        getattr(F.rotary.function, version)(x, cos=turns, sin=turns)


@pytest.mark.parametrize("causal", [False, True])
def test_memory_of_the_attention_twin_grows_with_t_and_not_with_its_square(causal):
    peaks = []
    for positions in (512, 1024, 2048):
        q, k, v = (np.ones((1, 2, positions, 16), np.float32) for _ in "qkv")
        F.attention.function.twin(q, k, v, causal=causal)[1](q)  # compiled by now
        tracemalloc.start()
        y, back = F.attention.function.twin(q, k, v, causal=causal)
        back(y)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    for shorter, longer in itertools.pairwise(peaks):
        assert 1.8 < longer / shorter < 2.2
    assert peaks[-1] < 2048 * 2048 * 4  # less than the weights of one head alone


@pytest.mark.parametrize("loss", [F.cross_entropy, F.linear_cross_entropy])
def test_a_loss_of_no_targets_is_refused(loss):
    inputs = [np.ones((0, 3)), *([np.ones((3, 5))] if loss is F.linear_cross_entropy else []), np.ones(0, int)]
    with pytest.raises(UsageError, match="no targets"):
        loss(*inputs)


@pytest.mark.parametrize("loss", [F.linear_cross_entropy, F.linear_log_likelihood])
def test_large_vocabularies_are_worked_on_in_parts(monkeypatch, loss):
    rng = np.random.default_rng(0)
    call = (rng.normal(size=(4, 5, 6)), rng.normal(size=(6, 11)), rng.integers(11, size=(4, 5)))
    results = []
    for at_once in (1 << 21, 3 * 11, 1):
        monkeypatch.setattr("tinyllm.functional.losses.LOGITS_AT_ONCE", at_once)
        value, back = loss.function.meaning(*call)
        dhidden, dweight, _ = back(np.full(value.shape, 2.0))
        results.append((value, dhidden(), dweight()))
    for part in results[1:]:
        for mine, whole in zip(part, results[0], strict=True):
            np.testing.assert_allclose(mine, whole, rtol=1e-12)


@pytest.mark.parametrize("function", [*TWINNED.values(), *IN_PLACE], ids=lambda f: f.__name__)
def test_the_twin_is_chosen_for_float32_in_memory_and_for_nothing_else(function):
    def chosen(*arrays):
        return function.choose(arrays)

    single, double, half = (np.ones(3, dtype) for dtype in (np.float32, np.float64, np.float16))
    assert chosen(single, single) is function.twin
    assert chosen(double) is chosen(half) is chosen(single, double) is function.meaning
    with kernels.without_numba():
        assert chosen(single) is function.meaning
    assert chosen(single) is function.twin


def test_on_a_gpu_the_meaning_runs(cupy):
    assert F.gelu.function.choose([cupy.ones(3, dtype="float32")]) is F.gelu.function.meaning


def test_operations_use_the_chosen_version(monkeypatch):
    monkeypatch.setattr(F.gelu.function, "twin", lambda x: (np.full_like(x, 42), None))
    assert F.gelu(np.ones(1, np.float32)).data == 42
    with kernels.without_numba():
        assert F.gelu(np.ones(1, np.float32)).data != 42


def test_integers_do_not_reach_kernels_that_would_cut_their_results():
    y = F.gelu(np.arange(-2, 3))
    np.testing.assert_allclose(y.data, [-0.0455, -0.158655, 0, 0.841345, 1.9545], atol=1e-4)


@pytest.mark.parametrize("turned", [False, True])
@given(
    n=st.integers(1, products.FEW + 1), k=st.integers(1, 70), m=st.integers(1, 70), cores=st.sampled_from([1, 3]),
    wrong=st.sampled_from([None, np.nan, np.inf]),
)  # fmt: skip
def test_a_few_rows_times_a_matrix(turned, n, k, m, cores, wrong):
    """Of any size, as if all were large, in parts that threads share."""
    rng = np.random.default_rng(n * k * m)
    a, b = (rng.standard_normal(shape).astype(np.float32) for shape in ((n, k), (m, k) if turned else (k, m)))
    if wrong is not None:
        a[n // 2, k // 2] = wrong
    b = b.T if turned else b
    with pytest.MonkeyPatch.context() as patch, np.errstate(invalid="ignore"):
        patch.setattr(products, "LARGE", 0)
        patch.setattr(products, "ALONE", 1)
        patch.setattr(threads, "cores", lambda: cores)
        found = products.product(a, b)
        wide = products.product(a[:, ::-1], b[::-1])
    with np.errstate(invalid="ignore"):
        expected = a.astype(np.float64) @ b
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(wide, expected, rtol=1e-4, atol=1e-4)


def test_only_a_few_rows_of_a_large_matrix_have_a_product_of_their_own(monkeypatch):
    large, small = np.ones((1100, 1000), np.float32), np.ones((30, 30), np.float32)
    monkeypatch.setattr(products, "shared", lambda work, count, *, alone: seen.append(count))
    seen = []
    for rows, matrix in ((1, large), (products.FEW + 1, large), (4, small), (4, large[:, ::2])):
        products.product(np.ones((rows, len(matrix)), np.float32), matrix)
    products.product(np.ones((4, 1100)), large.astype(np.float64))
    assert not seen
    products.product(np.ones((4, 1100), np.float32), large)
    products.product(np.ones((2, 1000), np.float32), large.T)
    assert seen == [1000, 1100]
