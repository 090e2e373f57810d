"""m04.e01: the numbers that a GPT and a Llama learn, part by part, and the widest GPT within a budget."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.memory import estimate
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.models.llama import Llama, LlamaConfig
from tinyllm.nn.module import count_parameters

GPTS = [
    GPTConfig(vocab_size=10, context=4, layers=2, heads=2, width=6),
    GPTConfig(vocab_size=101, context=7, layers=1, heads=3, width=15),
    GPTConfig(vocab_size=50257, context=1024, layers=12, heads=12, width=768),
]
LLAMAS = [
    LlamaConfig(vocab_size=30, context=7, layers=3, heads=4, kv_heads=2, width=8, hidden=20),
    LlamaConfig(vocab_size=11, context=5, layers=2, heads=6, kv_heads=1, width=36, hidden=50),
    LlamaConfig(vocab_size=128256, context=8192, layers=16, heads=32, kv_heads=8, width=2048, hidden=8192),
]


def told(config):
    return ", ".join(f"{name}={value}" for name, value in vars(config).items() if name != "dropout")


@pytest.mark.parametrize("config", GPTS, ids=lambda config: f"width={config.width}")
def test_gpt_parts(judge, config):
    total, real = sum(judge.same("gpt_parts", config, case=told(config)).values()), estimate.gpt_parameters(config)
    judge.that(total == real, "gpt_parts", told(config), f"as partes somam {total}; a biblioteca conta {real}")


def test_gpt_parts_by_hand(judge):
    found = judge.same("gpt_parts", GPTS[0], case="o exemplo")
    judge.that(list(found) == ["tokens", "positions", "attention", "feed_forward", "norms"], "gpt_parts", "o exemplo",
               f"as partes vieram em outra ordem: {', '.join(found)}")  # fmt: skip
    judge.that(list(found.values()) == [60, 24, 336, 636, 60], "gpt_parts", "o exemplo",
               "deveria dar 60, 24, 336, 636 e 60")  # fmt: skip


@pytest.mark.parametrize("config", LLAMAS, ids=lambda config: f"width={config.width}")
def test_llama_parts(judge, config):
    judge.same("llama_parts", config, case=told(config))


@pytest.mark.parametrize(("piece", "model", "config"), [("gpt_parts", GPT, GPTS[1]), ("llama_parts", Llama, LLAMAS[1])])
def test_the_parts_of_a_real_model(judge, piece, model, config):
    made = model(config, rng=np.random.default_rng(0))
    found = judge.same(piece, config, case=told(config))
    for part, real in [
        ("tokens", count_parameters(made.tokens)),
        ("attention", sum(count_parameters(block.attention) for block in made.blocks)),
        ("feed_forward", sum(count_parameters(block.feed_forward) for block in made.blocks)),
    ]:
        judge.that(found[part] == real, piece, told(config), f"em {part!r} o modelo da biblioteca tem {real}")
    judge.that(sum(found.values()) == count_parameters(made), piece, told(config),
               f"ao todo o modelo da biblioteca tem {count_parameters(made)}")  # fmt: skip


def test_the_parts_of_any_sizes(judge):
    sizes = st.integers(1, 40)

    @given(sizes, sizes, sizes, st.integers(1, 6), st.integers(1, 3), st.integers(1, 3))
    def agrees(V, T, M, D, K, layers):
        gpt = GPTConfig(vocab_size=V + 1, context=T, layers=layers, heads=K + 1, width=(K + 1) * D)
        judge.same("gpt_parts", gpt, case=told(gpt))
        llama = LlamaConfig(vocab_size=V + 1, context=T, layers=layers, heads=2 * K, kv_heads=K, width=4 * K * D,
                            hidden=M)  # fmt: skip
        judge.same("llama_parts", llama, case=told(llama))

    agrees()


# -------------------------------------------------------------------------------------------------------------- widest


@pytest.mark.parametrize("config", GPTS, ids=lambda config: f"width={config.width}")
@pytest.mark.parametrize("budget", [10**3, 10**5, 10**7])
def test_widest(judge, config, budget):
    judge.same("widest", config, budget, case=f"{told(config)}; budget={budget}")


@pytest.mark.parametrize("config", GPTS, ids=lambda config: f"width={config.width}")
def test_what_just_fits(judge, config):
    exact = estimate.gpt_parameters(config)
    for budget in (exact, exact - 1, exact + 1):
        judge.same("widest", config, budget, case=f"{told(config)}; budget={budget}")


def test_widest_by_hand(judge):
    found = [judge.same("widest", GPTS[0], budget, case=f"o exemplo, budget={budget}") for budget in (1116, 1115)]
    judge.that(found == [6, 4], "widest", "o exemplo", "deveria dar 6 e 4")


def test_nothing_fits(judge):
    for budget in (0, 1, 50):
        judge.same("widest", GPTS[1], budget, case=f"{told(GPTS[1])}; budget={budget}")


def test_widest_of_any_sizes(judge):
    @given(st.integers(2, 300), st.integers(1, 99), st.integers(1, 9), st.integers(1, 7), st.integers(0, 10**6))
    def agrees(V, T, layers, heads, budget):
        config = GPTConfig(vocab_size=V, context=T, layers=layers, heads=heads, width=heads)
        judge.same("widest", config, budget, case=f"{told(config)}; budget={budget}")

    agrees()


@pytest.mark.parametrize("name", ["gpt_parts", "llama_parts", "widest"])
def test_time_and_memory(judge, name):
    judge.fast(name)
