"""m01.e08: parameters, the state of a training and the KV cache, counted."""

import numpy as np
import pytest

from tinyllm.memory import estimate
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.nn.module import count_parameters

CONFIGS = [
    GPTConfig(vocab_size=101, context=7, layers=1, heads=2, width=6),
    GPTConfig(vocab_size=300, context=50, layers=3, heads=4, width=20),
    GPTConfig(vocab_size=50257, context=1024, layers=12, heads=12, width=768),
]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: f"width={config.width}")
def test_gpt_parameters(judge, config):
    found = judge.same("gpt_parameters", config, case=repr(config))
    judge.that(found == estimate.gpt_parameters(config), "gpt_parameters", repr(config), "difere da biblioteca")


def test_gpt_parameters_of_a_real_model(judge):
    config = CONFIGS[1]
    real = count_parameters(GPT(config, rng=np.random.default_rng(0)))
    judge.that(judge.same("gpt_parameters", config, case=repr(config)) == real, "gpt_parameters", repr(config),
               f"o modelo da biblioteca tem {real}")  # fmt: skip


@pytest.mark.parametrize(("parameters", "bytes_each"), [(1, 4), (124_000_000, 4), (7_000, 2), (9_000, 8)])
def test_training_state_bytes(judge, parameters, bytes_each):
    judge.same("training_state_bytes", parameters, bytes_each, case=f"{parameters} parâmetros de {bytes_each} bytes")


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: f"width={config.width}")
@pytest.mark.parametrize(("batch", "tokens", "bytes_each"), [(1, 10, 4), (3, 1024, 2)])
def test_kv_cache_bytes(judge, config, batch, tokens, bytes_each):
    judge.same("kv_cache_bytes", config, batch, tokens, bytes_each, case=f"{config}, lote de {batch}, {tokens} tokens")


@pytest.mark.parametrize("name", ["gpt_parameters", "training_state_bytes", "kv_cache_bytes"])
def test_time_and_memory(judge, name):
    judge.fast(name)
