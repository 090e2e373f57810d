"""What stands before a text, a prompt or a prefix: at first as if some tokens had been read, and then learned."""

import numpy as np
import pytest
from finetune.tiny import IDS, adapted, batch_of, new_model, output, shaken

from tinyllm.backend.arrays import to_device, to_host
from tinyllm.errors import UsageError
from tinyllm.finetune import catalog
from tinyllm.finetune.files import load_adapter, save_adapter
from tinyllm.finetune.prefix import PrefixConfig
from tinyllm.finetune.prompt import PromptConfig
from tinyllm.infer.generate import Request, generate_batch
from tinyllm.models import catalog as models
from tinyllm.models.classifier import Classifier
from tinyllm.nn.module import map_parameters, weights
from tinyllm.optim.adamw import AdamW
from tinyllm.tensor import backward, no_grad
from tinyllm.train.loop import TrainConfig, train

N = 3
DRAWN = np.random.default_rng(3).integers(31, size=N)  # as `adapted` draws them
TEXT = IDS[:, :-1]
PROMPT, PREFIX = PromptConfig(length=N), PrefixConfig(length=N)
PAIRS = [(name, PROMPT) for name in models.MODELS] + [(name, PREFIX) for name in ("gpt", "llama", "bert", "t5")]
every_pair = pytest.mark.parametrize(
    ("name", "config"), PAIRS, ids=lambda p: p if type(p) is str else catalog.name_of(p)
)


def roomy(name):
    return new_model(name, context=14)


def classifier(name):
    body = models.find(name).body(roomy(name).config, rng=np.random.default_rng(0))
    return Classifier(body, 3, rng=np.random.default_rng(1))


@every_pair
def test_only_what_stands_before_is_learned_and_the_base_comes_back(name, config):
    model = roomy(name)
    before, expected = {key: array.copy() for key, array in weights(model).items()}, output(model)
    model = adapted(model, config)
    assert {key.rpartition(".")[2] for key in catalog.learned(model)} <= {"prompt", "keys", "values"}
    batch, training = batch_of(model), TrainConfig(steps=3, workers=2, warmup=0)
    assert len(backward(model.loss(*batch))) == len(catalog.learned(model)) > 0
    reports = list(train(model, [batch] * 3, AdamW(model.named_parameters()), config=training))
    assert reports[-1].loss < reports[0].loss
    plain = catalog.take_out(model)
    after = weights(plain)
    assert after.keys() == before.keys() and all(np.array_equal(before[key], after[key]) for key in before)
    assert np.array_equal(output(plain), expected)


@every_pair
def test_its_gradient_is_that_of_the_differences(name, config):
    model = shaken(adapted(roomy(name), config))
    map_parameters(model, lambda array: array.astype(np.float64))
    batch, rng = batch_of(model), np.random.default_rng(0)
    directions = {parameter: rng.normal(size=parameter.shape) for parameter in model.parameters()}
    grads = backward(model.loss(*batch))
    found = sum((grads[parameter] * direction).sum() for parameter, direction in directions.items())

    def at(distance):
        for parameter, direction in directions.items():
            parameter.data += distance * direction
        return model.loss(*batch).item()

    expected = (at(1e-5) - at(-2e-5)) / 2e-5
    assert found == pytest.approx(expected, rel=1e-4)


def behind(name, model):
    """What a plain model says of the texts, if it has read the drawn tokens before them."""
    ids = np.concatenate([np.tile(DRAWN, (len(TEXT), 1)), TEXT], axis=1)
    with no_grad():
        return model(ids, IDS[:, 1:4]).data if name == "t5" else model(ids).data[:, N:]


@pytest.mark.parametrize("name", models.MODELS)
def test_a_prompt_begins_as_tokens_of_the_vocabulary(name):
    found = output(adapted(roomy(name), PROMPT))
    np.testing.assert_allclose(found, behind(name, roomy(name)), atol=1e-5)


@pytest.mark.parametrize("name", ["gpt", "llama"])
def test_a_prefix_begins_as_the_past_of_tokens(name):
    found = output(adapted(roomy(name), PREFIX))
    np.testing.assert_allclose(found, behind(name, roomy(name)), atol=1e-5)


@pytest.mark.parametrize("config", [PROMPT, PREFIX], ids=catalog.name_of)
@pytest.mark.parametrize("name", ["bert", "t5"])
def test_padding_changes_nothing(name, config):
    model = shaken(adapted(roomy(name), config))
    lengths = np.array([5, 8, 2])
    with no_grad():
        told = model(TEXT, IDS[:, 1:4], lengths).data if name == "t5" else model(TEXT, lengths).data
        for row, length in enumerate(lengths):
            one = slice(row, row + 1)
            alone = model(TEXT[one, :length], IDS[one, 1:4]) if name == "t5" else model(TEXT[one, :length])
            real = slice(None) if name == "t5" else slice(length)
            np.testing.assert_allclose(told[row, real], alone.data[0], atol=1e-5)


@pytest.mark.parametrize(
    ("name", "config"),
    [pair for pair in PAIRS if pair[0] != "bert"],
    ids=lambda p: p if type(p) is str else catalog.name_of(p),
)
def test_texts_side_by_side_are_written_as_by_a_full_pass_over_each(name, config):
    """Also where one text ends before another, and where the context is full."""
    model = shaken(adapted(roomy(name), config))
    prompts = [[1], [4, 7, 2, 9], [3, 3]] if name == "t5" else [[5], [4, 7, 2, 9, 8], [3, 3]]
    texts = list(zip(prompts, [3, 6, 5], strict=True))
    if name == "t5":
        with no_grad():
            writer = model.answering(TEXT, np.array([8, 3, 5]))
    else:
        writer = model
    requests = [Request(prompt, lambda row: int(row.argmax()), count) for prompt, count in texts]
    found = [list(prompt) for prompt in prompts]
    for written in generate_batch(writer, requests):
        for number, token in written.items():
            found[number].append(token)
    for row, (prompt, count) in enumerate(texts):
        text = list(prompt)
        for _ in range(count):
            with no_grad():
                if name == "t5":
                    one = slice(row, row + 1)
                    logits = model(TEXT[one], np.array([text]), np.array([[8, 3, 5][row]])).data
                else:
                    logits = model(np.array([text])).data
            text.append(int(logits[0, -1].argmax()))
        assert found[row] == text


def test_a_text_may_be_shorter_by_what_stands_before_it():
    for config in (PROMPT, PREFIX):
        model = adapted(roomy("gpt"), config)
        assert model.longest == 11 and model(np.ones((1, 11), int)).shape == (1, 11, 31)
        with pytest.raises(UsageError, match="do not fit in a context of 14"):
            model(np.ones((1, 12), int))
        model = new_model("gpt", context=9)
        with pytest.raises(UsageError, match="length=9 leaves nothing of a context of 9"):
            adapted(model, type(config)(length=9))
        assert len(model.parameters()) == len(weights(model))


@pytest.mark.parametrize("config", [PROMPT, PREFIX], ids=catalog.name_of)
@pytest.mark.parametrize("name", ["gpt", "bert"])
def test_a_classifier_learns_its_head_too(name, config):
    model = adapted(classifier(name), config)
    ids, lengths = TEXT, np.array([8, 3, 5])
    grads = backward(model.loss(ids, lengths, np.array([0, 2, 1])))
    assert set(grads) == set(model.parameters()) and {"head.weight", "head.bias"} < set(catalog.learned(model))
    with no_grad():
        alone = model(ids[1:2, :3], lengths[1:2]).data
        np.testing.assert_allclose(model(ids, lengths).data[1:2], alone, atol=1e-5)


@pytest.mark.parametrize("name", ["rnn", "copier"])
def test_who_keeps_no_keys_and_values_alone_can_have_no_prefix(name):
    model = roomy(name)
    with pytest.raises(UsageError, match="do not all keep keys and values, and it can have no prefix; choose another"):
        adapted(model, PREFIX)
    assert len(model.parameters()) == len(weights(model))


def test_an_id_that_is_in_no_vocabulary_is_no_prompt():
    model = adapted(roomy("gpt"), PROMPT)
    for ids in ([[31, 32, 1, 2]], [[1, 31, 32, 33]], [[1, 2, 40]]):
        with pytest.raises(UsageError, match=r"is outside the vocabulary 0\.\.30"):
            model(np.array(ids))


@every_pair
def test_it_is_stored_alone(tmp_path, name, config):
    model = shaken(adapted(roomy(name), config))
    save_adapter(tmp_path / "adapter", model, config, base="base")
    found, _ = load_adapter(tmp_path / "adapter", roomy(name))
    assert np.array_equal(output(found), output(model))
    other = new_model(name, seed=1, context=14)
    before = output(other)
    with pytest.raises(UsageError, match="was made on other weights"):
        load_adapter(tmp_path / "adapter", other)
    assert np.array_equal(output(other), before)


@pytest.mark.parametrize("config", [PROMPT, PREFIX], ids=catalog.name_of)
@pytest.mark.parametrize("name", ["gpt", "bert"])
def test_on_a_gpu_it_learns_as_on_the_processor(cupy, name, config):
    here, there = roomy(name), roomy(name)
    map_parameters(there, lambda array: to_device(array, "gpu"))
    here, there = adapted(here, config), adapted(there, config)
    batch = batch_of(here)
    expected, found = backward(here.loss(*batch)), backward(there.loss(*batch))
    for (key, mine), (_, other) in zip(here.named_parameters(), there.named_parameters(), strict=True):
        np.testing.assert_allclose(to_host(found[other]), expected[mine], atol=1e-5, err_msg=key)
