"""Every method of fine-tuning on every model: it begins as the base, learns only its own, and can be undone."""

import numpy as np
import pytest
from finetune.tiny import adapted, batch_of, new_model, output, shaken
from hypothesis import given
from hypothesis import strategies as st

from tinyllm import functional as F
from tinyllm import gradcheck
from tinyllm.backend.arrays import to_device, to_host
from tinyllm.compress.int8 import quantize
from tinyllm.errors import UsageError
from tinyllm.finetune import catalog
from tinyllm.finetune.bottleneck import AdapterConfig
from tinyllm.finetune.ia3 import IA3Config
from tinyllm.finetune.lora import LoRAConfig, add_low_rank
from tinyllm.finetune.subset import BitFitConfig, FullConfig, HeadConfig
from tinyllm.memory.recompute import recomputing
from tinyllm.models import catalog as models
from tinyllm.models.classifier import Classifier
from tinyllm.nn.module import count_parameters, map_parameters, weights
from tinyllm.optim.adamw import AdamW
from tinyllm.tensor import Tensor, backward
from tinyllm.train.loop import TrainConfig, train

TRANSFORMERS = ("gpt", "llama", "bert", "t5")
EVERYWHERE = {"rnn": {"layers": "input"}, "lstm": {"layers": "input"}, "copier": {"layers": "query,value,query_key"}}


def methods_of(name):
    """The methods that a model of a name can be adapted by, on all that it has."""
    found = [LoRAConfig(rank=2, **EVERYWHERE.get(name, {})), HeadConfig(), HeadConfig(blocks=1), FullConfig()]
    found += [IA3Config(), AdapterConfig(hidden=3)] if name in TRANSFORMERS else []
    return found + ([BitFitConfig()] if name not in ("llama", "t5") else [])


every_pair = pytest.mark.parametrize(
    ("name", "config"),
    [pytest.param(name, config, id=f"{name}-{catalog.name_of(config)}{'-1' if config == HeadConfig(1) else ''}")
     for name in models.MODELS for config in methods_of(name)],
)  # fmt: skip


@every_pair
def test_it_begins_as_the_base_learns_its_own_and_is_taken_out(name, config):
    model = new_model(name)
    before, expected = {key: array.copy() for key, array in weights(model).items()}, output(model)
    model = adapted(model, config)
    assert np.array_equal(output(model), expected)
    mine = set(catalog.learned(model))
    assert mine and (mine < set(weights(model)) or isinstance(config, FullConfig))
    batch = batch_of(model)
    grads = backward(model.loss(*batch))
    assert set(grads) <= set(model.parameters()) and (isinstance(config, FullConfig) or len(grads) == len(mine))
    training = TrainConfig(steps=2, workers=2, warmup=0)
    reports = list(train(model, [batch] * 2, AdamW(model.named_parameters()), config=training))
    assert reports[1].loss < reports[0].loss and not np.array_equal(output(model), expected)
    model = catalog.take_out(model)
    after = weights(model)
    assert after.keys() == before.keys()
    assert {key for key in before if not np.array_equal(before[key], after[key])} <= mine
    added = any("@" in key for key in mine)
    assert np.array_equal(output(model), expected) == added


@pytest.mark.parametrize("config", [LoRAConfig(rank=3, layers="*"), LoRAConfig(rank=3, rslora=True), IA3Config()])
@pytest.mark.parametrize("name", TRANSFORMERS)
def test_what_is_merged_does_the_same_and_comes_off_again(name, config):
    model = new_model(name)
    before = {key: array.copy() for key, array in weights(model).items()}
    model = shaken(adapted(model, config))
    expected = output(model)
    for _ in range(2):  # once more changes nothing
        catalog.merge(model)
        assert catalog.is_merged(model)
        np.testing.assert_allclose(output(model), expected, atol=1e-5)
    catalog.unmerge(model)
    assert not catalog.is_merged(model) and np.array_equal(output(model), output(model))
    for key, array in before.items():
        np.testing.assert_allclose(weights(model)[key], array, rtol=0, atol=1e-6)
    catalog.merge(model)
    plain = catalog.take_out(model)
    assert weights(plain).keys() == before.keys()
    np.testing.assert_allclose(output(plain), expected, atol=1e-5)


def test_of_a_fused_layer_only_the_chosen_parts_change():
    model = new_model("gpt")
    before = model.blocks[1].attention.qkv.weight.data.copy()
    model = shaken(adapted(model, LoRAConfig(rank=2, layers="blocks.1.attention.query, value")))
    assert sorted(catalog.learned(model)) == [
        f"blocks.{block}.attention.qkv@LoRA.parts.{part}.{matrix}"
        for block, part in ((0, "value"), (1, "query"), (1, "value")) for matrix in "ab"
    ]  # fmt: skip
    catalog.merge(model)
    changed = (catalog.take_out(model).blocks[1].attention.qkv.weight.data != before).all(axis=0)
    assert changed.tolist() == [True] * 16 + [False] * 16 + [True] * 16


def test_a_layer_named_itself_is_adapted_whole_and_a_head_never_is():
    model = adapted(new_model("llama"), LoRAConfig(rank=2, layers="*"))
    layers = {name.rpartition("@")[0].rpartition(".")[2] for name in catalog.learned(model)}
    assert layers == {"query", "key_value", "out", "gate", "up", "down"}
    assert all(".whole." in name for name in catalog.learned(model))
    body = models.find("gpt").body(new_model("gpt").config, rng=np.random.default_rng(0))
    classifier = adapted(Classifier(body, 3, rng=np.random.default_rng(0)), LoRAConfig(layers="*"))
    learned = catalog.learned(classifier)
    assert {"head.weight", "head.bias"} <= set(learned) and not [name for name in learned if "head@" in name]
    for config in (BitFitConfig(), HeadConfig()):
        body = models.find("gpt").body(classifier.config, rng=np.random.default_rng(0))
        found = catalog.learned(adapted(Classifier(body, 3, rng=np.random.default_rng(0)), config))
        assert {"head.weight", "head.bias"} <= set(found) and "body.blocks.0.norm1.weight" not in found
        assert config != HeadConfig() or len(found) == 2


@given(
    shape=st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 5), st.integers(1, 3), st.integers(1, 4)),
    between=st.integers(0, 2), parts=st.integers(1, 3), scale=st.sampled_from([0.25, 1.0, 3.0]),
)  # fmt: skip
def test_the_update_is_what_it_says_and_its_backward_is_right(shape, between, parts, scale):
    B, T, n_in, rank, n = shape
    rng, n_out = np.random.default_rng(0), between + parts * (n + between)
    columns = tuple(slice(start, start + n) for start in range(between, n_out, n + between))
    arrays = [rng.normal(size=size) for size in ((B, T, n_out), (B, T, n_in), *[(n_in, rank), (rank, n)] * parts)]
    expected, kept = arrays[0].copy(), [array.copy() for array in arrays]
    for part, a, b in zip(columns, arrays[2::2], arrays[3::2], strict=True):
        expected[..., part] += scale * (arrays[1] @ a @ b)

    def updated(*tensors):
        return add_low_rank(*tensors, scale=scale, columns=columns)

    np.testing.assert_allclose(updated(*map(Tensor, arrays)).data, expected, rtol=1e-12, atol=1e-12)
    assert gradcheck.check(updated, arrays).right and all(map(np.array_equal, arrays, kept))


def test_the_scale_is_alpha_by_the_rank_or_by_its_root():
    assert LoRAConfig(rank=4, alpha=2.0).scale == 0.5 and LoRAConfig(rank=4, alpha=2.0, rslora=True).scale == 1.0


def test_dropout_drops_only_before_what_is_learned_and_only_while_training():
    model = shaken(adapted(new_model("gpt"), LoRAConfig(rank=2, dropout=0.5)))
    without = shaken(adapted(new_model("gpt"), LoRAConfig(rank=2)))
    assert np.array_equal(output(model), output(without))
    with F.noise(seed=0, step=1):
        one, again = output(model), output(model)
    with F.noise(seed=0, step=1):
        assert np.array_equal(output(model), one) and not np.array_equal(one, again)
    for _, parameter in model.named_parameters():
        parameter.data[:] = 0
    with F.noise(seed=0, step=1):
        assert np.array_equal(output(model), output(new_model("gpt")))


def test_on_codes_of_8_bits_all_is_learned_and_nothing_merged():
    model = quantize(new_model("gpt"))
    expected = output(model)
    model = adapted(model, LoRAConfig(rank=2))
    assert np.array_equal(output(model), expected) and count_parameters(model) == 2 * 2 * 2 * 2 * 16
    assert len(backward(model.loss(*batch_of(model)))) == 8
    with pytest.raises(UsageError, match="into the codes of a Int8Linear; dequantize"):
        catalog.merge(model)
    assert not catalog.is_merged(model)


@pytest.mark.parametrize("name", ["gpt", "t5"])
def test_blocks_that_are_computed_again_give_the_same_gradients(name):
    """Put around before or after: what is adapted has the same names. What many blocks of a T5 read, the memory, gets
    the sum of their gradients in another order."""
    config, found = LoRAConfig(rank=2, dropout=0.5), []
    for change in (lambda m: adapted(m, config), lambda m: recomputing(adapted(m, config)),
                   lambda m: adapted(recomputing(m), config)):  # fmt: skip
        model = shaken(change(new_model(name)))
        with F.noise(seed=0, step=1):
            grads = backward(model.loss(*batch_of(model)))
        found.append({key: grads[parameter] for key, parameter in model.named_parameters()})
    assert found[0].keys() == found[1].keys() == found[2].keys() and len(found[0]) > 7
    for key, grad in found[0].items():
        np.testing.assert_allclose(found[1][key], grad, rtol=0, atol=1e-6 * (name == "t5"), err_msg=key)
        assert np.array_equal(found[1][key], found[2][key]) and grad.any()


@pytest.mark.parametrize("config", [LoRAConfig(rank=2, dropout=0.1), IA3Config(), AdapterConfig(hidden=3)])
def test_on_a_gpu_it_learns_as_on_the_processor(cupy, config):
    here, there = new_model("gpt"), new_model("gpt")
    map_parameters(there, lambda array: to_device(array, "gpu"))
    here, there = shaken(adapted(here, config)), adapted(there, config)
    for (_, mine), (_, other) in zip(here.named_parameters(), there.named_parameters(), strict=True):
        assert type(other.data) is not np.ndarray
        other.data = to_device(mine.data, "gpu")
    batch = batch_of(here)
    with F.noise(seed=0, step=1):
        expected = backward(here.loss(*batch))
    with F.noise(seed=0, step=1):
        found = backward(there.loss(*batch))
    for (name, mine), (_, other) in zip(here.named_parameters(), there.named_parameters(), strict=True):
        np.testing.assert_allclose(to_host(found[other]), expected[mine], atol=1e-5, err_msg=name)


@pytest.mark.parametrize(
    ("name", "config", "words"),
    [
        (
            "gpt",
            LoRAConfig(layers="query,valeu"),
            "no linear layer is called 'valeu'; there are down, key, out, qkv, q",
        ),
        ("gpt", LoRAConfig(layers=" , "), "no linear layer is called ' , '"),
        ("rnn", LoRAConfig(), "no linear layer is called 'query'; there are input"),
        ("gpt", IA3Config(outputs="down"), "down is chosen by outputs=down and by inputs=down; take one"),
        ("gpt", IA3Config(outputs="up", inputs="query"), "enters all of its parts; name it whole in inputs=query"),
        ("gpt", AdapterConfig(behind="atention"), "called 'atention'; there are attention, feed_forward"),
        ("rnn", AdapterConfig(), r"called '\*attention'; there are none"),
        ("llama", BitFitConfig(), "a Llama has no biases to learn; choose another method"),
        ("gpt", HeadConfig(blocks=3), "blocks=3 are more than the 2 there are"),
    ],
)
def test_what_cannot_be_adapted_is_refused_and_stays(name, config, words):
    model = new_model(name)
    kept = dict(model.named_weights())
    with pytest.raises(UsageError, match=words):
        adapted(model, config)
    assert dict(model.named_weights()) == kept and len(model.parameters()) == len(kept)


def test_one_method_at_a_time():
    model = adapted(new_model("gpt"), AdapterConfig())
    with pytest.raises(UsageError, match=r"adapted already, with Adapter at blocks.0.attention; take that out first"):
        adapted(model, LoRAConfig())
    with pytest.raises(UsageError, match=r"Adapter at blocks.0.attention is no matrix .* cannot be merged"):
        catalog.merge(model)
    with pytest.raises(UsageError, match="no method 'dora' of fine-tuning; there are lora, ia3"):
        catalog.find("dora")
