"""m04.e02: what training costs in products and in bytes, and what a machine can reach in one of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.course.judge import shapes
from tinyllm.models import gpt
from tinyllm.models.gpt import GPTConfig

CONFIGS = [
    GPTConfig(vocab_size=10, context=4, layers=2, heads=2, width=6),
    GPTConfig(vocab_size=300, context=51, layers=3, heads=4, width=20),
    GPTConfig(vocab_size=50257, context=1024, layers=12, heads=12, width=768),
]
EACH = pytest.mark.parametrize("config", CONFIGS, ids=lambda config: f"width={config.width}")


def told(config):
    return ", ".join(f"{name}={value}" for name, value in vars(config).items() if name != "dropout")


# ------------------------------------------------------------------------------------------------------ training_flops


@EACH
@pytest.mark.parametrize("tokens", [1, 1000, 3 * 10**9])
def test_training_flops(judge, config, tokens):
    judge.same("training_flops", config, tokens, case=f"{told(config)}; tokens={tokens}")


@EACH
def test_the_library_counts_the_same(judge, config):
    ids = np.zeros((1, config.context), np.int64)
    found = judge.same(
        "training_flops", config, config.context, case=f"{told(config)}; um texto do tamanho do contexto"
    )
    real = 6 * gpt.products(config, ids, ids)
    judge.that(found == real, "training_flops", told(config), f"a biblioteca conta {real} FLOPs")


def test_training_flops_by_hand(judge):
    found = judge.same("training_flops", CONFIGS[0], 1, case="o exemplo")
    judge.that(found == 5832, "training_flops", "o exemplo", "deveria dar 5832")


# ---------------------------------------------------------------------------------------------------- activation_bytes


@EACH
@pytest.mark.parametrize("batch", [1, 5])
@pytest.mark.parametrize("weights_kept", [False, True])
def test_activation_bytes(judge, config, batch, weights_kept):
    for bytes_each in (4, 2):
        case = f"{told(config)}; batch={batch}, bytes_each={bytes_each}, weights_kept={weights_kept}"
        judge.same("activation_bytes", config, batch, bytes_each, weights_kept, case=case)


def test_activation_bytes_by_hand(judge):
    each = GPTConfig(vocab_size=10, context=4, layers=1, heads=2, width=6)
    for kept, expected in ((False, 96), (True, 104)):
        found = judge.same("activation_bytes", each, 1, 1, kept, case=f"o exemplo, weights_kept={kept}, um byte cada")
        judge.that(found == 4 * expected, "activation_bytes", "o exemplo", f"deveria dar {expected} por token")


def test_the_counts_of_any_sizes(judge):
    few = st.integers(1, 9)

    @given(st.integers(2, 99), few, few, few, few, few, st.booleans())
    def agrees(V, T, layers, heads, D, batch, kept):
        config = GPTConfig(vocab_size=V, context=T, layers=layers, heads=heads, width=heads * D)
        judge.same("training_flops", config, 7 * batch, case=f"{told(config)}; tokens={7 * batch}")
        judge.same(
            "activation_bytes", config, batch, 4, kept, case=f"{told(config)}; batch={batch}, weights_kept={kept}"
        )

    agrees()


# ---------------------------------------------------------------------------------------------------------- attainable


@pytest.mark.parametrize("bytes_each", [4, 2])
@pytest.mark.parametrize(("n", "k", "m"), [(1, 768, 3072), (8, 96, 768), (512, 768, 2304), (4096, 4095, 4097)])
def test_attainable(judge, n, k, m, bytes_each):
    for peak, bandwidth in ((1e11, 2e10), (3e9, 4e10), (1e15, 3e12)):
        case = f"n={n}, k={k}, m={m}, peak={peak:.0e}, bandwidth={bandwidth:.0e}, bytes_each={bytes_each}"
        judge.same("attainable", n, k, m, peak, bandwidth, bytes_each, case=case)


@pytest.mark.parametrize("n", [np.arange(1, 9), 2.0 ** np.arange(14).reshape(2, 7), np.arange(1, 13).reshape(4, 3).T,
                               np.array([10**6, 1])], ids=shapes)  # fmt: skip
def test_attainable_of_many(judge, n):
    judge.same("attainable", n, 640, 1920, 1e11, 2e10, case=f"n {shapes(n)}, k=640, m=1920")


def test_attainable_by_hand(judge):
    found = judge.same("attainable", 1, 2, 3, 1e9, 1e9, case="o exemplo")
    judge.that(abs(found - 12 / 44 * 1e9) < 1, "attainable", "o exemplo", "deveria dar 12/44 de 10⁹")


def test_attainable_of_any_sizes(judge):
    size = st.integers(1, 5000)

    @given(size, size, size, st.floats(1e6, 1e15), st.floats(1e6, 1e13), st.sampled_from([1, 2, 4, 8]))
    def agrees(n, k, m, peak, bandwidth, bytes_each):
        judge.same("attainable", n, k, m, peak, bandwidth, bytes_each, case=f"n={n}, k={k}, m={m}, peak={peak:.3g}, "
                   f"bandwidth={bandwidth:.3g}, bytes_each={bytes_each}")  # fmt: skip

    agrees()


@pytest.mark.parametrize("name", ["training_flops", "activation_bytes", "attainable"])
def test_time_and_memory(judge, name):
    judge.fast(name)
