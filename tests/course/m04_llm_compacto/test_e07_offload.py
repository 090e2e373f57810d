"""m04.e07: an array that lives in a file, a step of AdamW whose means live there, and what that costs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.course.judge import shapes
from tinyllm.optim.adamw import adamw_update

rng = np.random.default_rng(0)

# computed once with PyTorch 2.13: two steps of torch.optim.AdamW(lr=0.1, betas=(0.9, 0.99), weight_decay=0.1)
STORED_WEIGHT = np.array([[0.5, -1.0], [2.0, 0.25], [-0.75, 1.5]])
STORED_GRADS = np.array([[[1.0, -2.0], [0.5, 0.25], [-3.0, 0.125]], [[-0.5, 1.0], [0.5, -0.75], [2.0, 0.25]]])
STORED = [
    [[0.395000001, -0.8900000005], [1.880000002, 0.147500004], [-0.6425000003, 1.385000008]],
    [[0.3643800584, -0.8544300578], [1.761200004, 0.1953548182], [-0.6216103528, 1.2747625247]],
]  # fmt: skip

# ------------------------------------------------------------------------------------------------------- zeros_on_disk


@pytest.mark.parametrize("shape", [(3, 5), (7,), (2, 3, 4), (1, 1)])
def test_zeros_on_disk(judge, shape):
    judge.same("zeros_on_disk", shape, through=judge.support.kept_on_disk, case=f"forma {shape}")


def test_zeros_on_disk_of_any_shape(judge):
    @given(st.lists(st.integers(1, 6), min_size=1, max_size=4).map(tuple))
    def agrees(shape):
        judge.same("zeros_on_disk", shape, through=judge.support.kept_on_disk, case=f"forma {shape}")

    agrees()


def test_zeros_on_disk_by_hand(judge):
    found = judge.same("zeros_on_disk", (3, 5), through=judge.support.kept_on_disk, case="o exemplo")
    judge.that(found.bytes_do_arquivo == 60, "zeros_on_disk", "o exemplo", "o arquivo deveria ter 60 bytes")


# ---------------------------------------------------------------------------------------------------------- adamw_step


def arrays(n, k, dtype=np.float32, draw=rng):
    """weight, grad, m and v, which is not negative."""
    weight, grad, m, v = draw.normal(size=(4, n, k)).astype(dtype)
    return weight, grad, m, v**2


def adamw_step(judge, *given, rows, **options):
    """One step; rows and options go through a closure, so that the case tells them."""
    case = f"weight {shapes(given[0])}, step={given[4]}, lr={given[5]}, rows={rows}" + "".join(
        f", {name}={value}" for name, value in options.items())  # fmt: skip
    return judge.same(
        "adamw_step", *given, case=case,
        through=lambda piece, *arguments: judge.support.stepped(piece, *arguments, rows=rows, **options),
    )  # fmt: skip


@pytest.mark.parametrize("shape", [(7, 3), (1, 5), (8, 2)])
@pytest.mark.parametrize("rows", [1, 3, 4, 100])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_adamw_step(judge, shape, rows, dtype):
    for step in (1, 2, 300):
        adamw_step(judge, *arrays(*shape, dtype), step, 0.03, rows=rows)


def test_adamw_step_with_other_options(judge):
    adamw_step(judge, *arrays(5, 3), 2, 0.1, rows=2, beta1=0.5, beta2=0.7, eps=0.1, decay=0.3)
    adamw_step(judge, *arrays(5, 3), 4, 0.1, rows=2, decay=0.0)


def test_adamw_step_of_other_arrays(judge):
    weight, grad, m, v = arrays(5, 3)
    adamw_step(judge, weight, np.asfortranarray(grad), m, v, 2, 0.1, rows=2)
    adamw_step(judge, weight, 1e4 * grad, m, v, 2, 0.1, rows=2)
    adamw_step(judge, weight, 0 * grad, 0 * m, 0 * v, 1, 0.1, rows=2)


def test_adamw_step_of_any_shape(judge):
    @given(st.integers(1, 9), st.integers(1, 4), st.integers(1, 10), st.integers(1, 50), st.integers(0, 99))
    def agrees(n, k, rows, step, seed):
        adamw_step(judge, *arrays(n, k, draw=np.random.default_rng(seed)), step, 0.1, rows=rows)

    agrees()


def test_the_library_steps_in_the_same_way(judge):
    weight, grad, m, v = arrays(6, 5, np.float64)
    found = adamw_step(judge, weight, grad, m, v, 3, 0.05, rows=4)
    adamw_update.meaning(weight, grad, m, v, lr=0.05, decay=0.1, step=3, beta1=0.9, beta2=0.99, eps=1e-8)
    for mine, theirs, name in zip(found[:3], (weight, m, v), "wmv", strict=True):
        judge.that(np.allclose(mine, theirs, rtol=1e-12), "adamw_step", f"o {name} de um passo", "difere da biblioteca")


def test_parts_change_nothing(judge):
    """To the last bit: each number is computed alone."""
    given = (*arrays(7, 3), 2, 0.1)
    found = [adamw_step(judge, *given, rows=rows) for rows in (1, 3, 7)]
    same = all(np.array_equal(a, b) for one in found[1:] for a, b in zip(found[0], one, strict=True))
    judge.that(same, "adamw_step", "rows=1, rows=3 e rows=7", "deveriam dar o mesmo, até o último bit")


def test_stored_values(judge):
    weight, m, v = STORED_WEIGHT, np.zeros((3, 2)), np.zeros((3, 2))
    for step, (grad, expected) in enumerate(zip(STORED_GRADS, STORED, strict=True), start=1):
        weight, m, v, _ = adamw_step(judge, weight, grad, m, v, step, 0.1, rows=2)
        judge.that(np.allclose(weight, expected, atol=1e-9), "adamw_step",
                   f"valores calculados com o PyTorch, passo {step}", "difere")  # fmt: skip


def test_adamw_step_by_hand(judge):
    weight, grad = np.zeros((1, 2)), np.array([[3.0, -0.5]])
    found = adamw_step(judge, weight, grad, 0 * grad, 0 * grad, 1, 0.1, rows=1)
    judge.that(np.allclose(found.weight, [[-0.1, 0.1]]), "adamw_step", "o exemplo, com lr = 0,1",
               "os pesos deveriam andar -0,1 e 0,1")  # fmt: skip


def test_the_means_stay_in_their_files(judge):
    judge.same("adamw_step", 50, through=judge.support.from_files, case="dois passos, com m e v em arquivos, rows=20")


# ------------------------------------------------------------------------------------------------------------ slowdown


@pytest.mark.parametrize("ahead", [False, True])
def test_slowdown(judge, ahead):
    cases = [(2 * 10**6, 500, 7e9, 16e6), (10**9, 7, 1e12, 3e9), (3 * 10**7, 8192, 1e11, 2e8)]
    for parameters, tokens, speed, bandwidth in cases if ahead else cases[::-1]:  # first what tells mistakes apart
        case = f"parameters={parameters}, tokens={tokens}, speed={speed:.0e}, bandwidth={bandwidth:.0e}, ahead={ahead}"
        judge.same("slowdown", parameters, tokens, speed, bandwidth, ahead, case=case)


def test_slowdown_of_any_sizes(judge):
    @given(st.integers(1, 10**9), st.integers(1, 10**6), st.floats(1e6, 1e15), st.floats(1e6, 1e13), st.booleans())
    def agrees(parameters, tokens, speed, bandwidth, ahead):
        case = f"parameters={parameters}, tokens={tokens}, speed={speed:.3g}, bandwidth={bandwidth:.3g}, ahead={ahead}"
        judge.same("slowdown", parameters, tokens, speed, bandwidth, ahead, case=case)

    agrees()


def test_slowdown_by_hand(judge):
    for ahead, expected in ((False, 2), (True, 1)):
        found = judge.same("slowdown", 10**6, 1000, 6e9, 16e6, ahead, case=f"o exemplo, ahead={ahead}")
        judge.that(abs(found - expected) < 1e-9, "slowdown", f"o exemplo, ahead={ahead}", f"deveria dar {expected}")


@pytest.mark.parametrize("name", ["zeros_on_disk", "adamw_step", "slowdown"])
def test_time_and_memory(judge, name):
    judge.fast(name)
