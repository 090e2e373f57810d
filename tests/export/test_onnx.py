"""ONNX Runtime as the oracle: of an exported model it computes what ours does, step by step, row by row."""

import numpy as np
import pytest

from tinyllm import cli
from tinyllm.data import corpora
from tinyllm.errors import UsageError
from tinyllm.export import onnx_file, operations
from tinyllm.export.onnx_model import OnnxDecoder, OnnxT5
from tinyllm.export.readings import reading_of
from tinyllm.infer.generate import Request, generate_batch
from tinyllm.infer.sample import SampleConfig, Sampler
from tinyllm.models import t5
from tinyllm.models.bert import BERT, POSITIONS, BERTConfig, Encoder
from tinyllm.models.classifier import Classifier
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.models.llama import Llama, LlamaConfig
from tinyllm.models.rnn import LSTM, RNN, LSTMConfig, RNNConfig
from tinyllm.tensor import no_grad

pytestmark = pytest.mark.oracle


def labelling(kind):
    """What makes a classifier on a body of a kind."""
    return lambda config, *, rng: Classifier(kind(config, rng=rng), 3, rng=rng)


SIZES = {"vocab_size": 61, "context": 48, "layers": 2, "width": 32}
WRITERS = {
    "gpt": (GPT, GPTConfig(**SIZES, heads=4)),
    "llama": (Llama, LlamaConfig(**SIZES, heads=4, kv_heads=2, hidden=40)),
    "llama, heads of their own": (Llama, LlamaConfig(**SIZES, heads=2, kv_heads=2, hidden=40)),
    "rnn": (RNN, RNNConfig(**SIZES)),
    "lstm": (LSTM, LSTMConfig(**SIZES)),
}
T5_CONFIG = t5.T5Config(**SIZES, heads=4, decoder_layers=2, hidden=40)
ENCODERS = {name: BERTConfig(**SIZES, heads=4, positions=name) for name in POSITIONS}
READERS = {
    **{f"bert, {name}": (BERT, config) for name, config in ENCODERS.items()},
    **{f"labels of a bert, {name}": (labelling(Encoder), config) for name, config in ENCODERS.items()},
    "labels of a t5": (labelling(t5.Encoder), T5_CONFIG),
    **{f"labels of a {name}": (labelling(kind), config) for name, (kind, config) in WRITERS.items()},
}
writers = pytest.mark.parametrize("name", WRITERS)
PROMPTS = ([3, 1, 4, 1, 5, 9, 2], [6], [5, 3, 5, 8])


def shaken(kind, config):
    """A model whose logits are far apart."""
    made = kind(config, rng=np.random.default_rng(0))
    for i, parameter in enumerate(made.parameters()):
        parameter.data += np.random.default_rng(i).normal(scale=0.2, size=parameter.shape).astype(np.float32)
    return made


def exported(folder, name):
    """A model of ours, and the file that it was exported to."""
    model = shaken(*(WRITERS | READERS)[name])
    onnx_file.save(folder / "model.onnx", model, {"of": name})
    return model, reading_of(model.config, classifies=name in READERS and "labels" in name).opened(
        folder / "model.onnx"
    )


@writers
def test_32_steps_with_the_cache_give_the_same_logits(name, tmp_path):
    model, other = exported(tmp_path, name)
    ids, lengths, logits = np.random.default_rng(1).integers(0, 61, (3, 7 + 32)), np.array(list(map(len, PROMPTS))), []
    for each in (model, other):
        caches = each.new_caches()
        with no_grad():
            logits.append([each(ids[:, :7], caches).data])
            for cache in caches:
                cache.truncate(lengths)
            logits[-1] += [each(ids[:, t : t + 1], caches).data for t in range(7, 7 + 32)]
    ours, theirs = (np.concatenate(steps, axis=1) for steps in logits)
    assert np.abs(ours).max() > 1  # there is something to compare
    assert np.abs(ours - theirs).max() < 1e-4


@writers
def test_it_writes_the_same_tokens(name, tmp_path):
    """The most probable ones, and those that are drawn; beyond the context too, which has to be read again."""
    model, other = exported(tmp_path, name)
    for choose in (lambda: np.argmax, lambda: Sampler(SampleConfig(temperature=1.0, top_k=9, seed=2))):
        ours, theirs = (
            list(generate_batch(each, [Request(ids, choose(), 60) for ids in PROMPTS])) for each in (model, other)
        )
        assert len(ours) == 60
        assert ours == theirs


@pytest.fixture
def t5s(tmp_path):
    """A T5 and the folder that it was exported to, each about three sources of different lengths."""
    model = shaken(t5.T5, T5_CONFIG)
    onnx_file.save(tmp_path / "t5", model)
    files = ["decoder_model.onnx", "decoder_with_past_model.onnx", "encoder_model.onnx"]
    assert sorted(path.name for path in (tmp_path / "t5").iterdir()) == files
    ids, lengths = np.random.default_rng(3).integers(0, 61, (3, 9)), np.array([9, 1, 4])
    with no_grad():
        return [each.answering(ids, lengths) for each in (model, OnnxT5(tmp_path / "t5"))]


def test_150_steps_of_a_t5_give_the_same_logits(t5s):
    """Beyond 128 tokens too, from where on all are as far."""
    written, logits = np.random.default_rng(1).integers(0, 61, (3, 3 + 150)), []
    for each in t5s:
        caches = each.new_caches()
        with no_grad():
            steps = [each(written[:, :3], caches).data]
            steps += [each(written[:, t : t + 1], caches).data for t in range(3, 3 + 150)]
        logits.append(np.concatenate(steps, axis=1))
    assert np.abs(logits[0]).max() > 1
    assert np.abs(logits[0] - logits[1]).max() < 1e-4


@pytest.mark.parametrize("prompts", [([0], [0], [0]), ([0, 5], [0], [0, 7])], ids=["of one length", "of two"])
def test_a_t5_writes_the_same_tokens(prompts, t5s):
    """Also when one of the texts ends before the others."""
    requests = [Request(prompt, np.argmax, most) for prompt, most in zip(prompts, (40, 5, 32), strict=True)]
    ours, theirs = (list(generate_batch(each, requests)) for each in t5s)
    assert len(ours) == 40
    assert ours == theirs


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("shape", [(3, 48), (3, 7), (1, 1)])
def test_rows_of_any_length_are_read_alike(name, shape, tmp_path):
    model, other = exported(tmp_path, name)
    rng = np.random.default_rng(0)
    ids, lengths = rng.integers(0, 61, shape), rng.integers(1, shape[1] + 1, shape[0])
    with no_grad():
        ours, theirs = model(ids, lengths).data, other(ids, lengths).data
    assert ours.shape == theirs.shape
    assert ours.std() > 0.1
    assert np.abs(ours - theirs).max() < 1e-4


@pytest.mark.parametrize("name", ["gpt", "llama"])
def test_other_programs_may_fill_up_on_the_left(name, tmp_path):
    """With the inputs that they give: padding before the text, its places in the mask, positions counted behind it."""
    model, other = exported(tmp_path, name)
    T = max(map(len, PROMPTS))
    ids = np.array([[0] * (T - len(row)) + row for row in PROMPTS])
    mask = np.array([[0] * (T - len(row)) + [1] * len(row) for row in PROMPTS])
    given = {"input_ids": ids, "attention_mask": mask, "position_ids": np.maximum(mask.cumsum(axis=1) - 1, 0)}
    past = {port: np.zeros((3, shape[1], 0, shape[3]), np.float32) for port, shape in other.past}
    logits, *presents = other.session.run(None, given | past)
    next_ids = np.array([[7], [8], [9]])
    given = {
        "input_ids": next_ids,
        "attention_mask": np.concatenate([mask, np.ones((3, 1), np.int64)], axis=1),
        "position_ids": mask.sum(axis=1, keepdims=True),
    }
    past = {port: present for (port, _), present in zip(other.past, presents, strict=True)}
    more, *_ = other.session.run(None, given | past)
    for b, row in enumerate(PROMPTS):
        with no_grad():
            alone = model(np.array([[*row, *next_ids[b]]])).data[0]
        assert np.abs(logits[b, T - len(row) :] - alone[:-1]).max() < 1e-4
        assert np.abs(more[b, 0] - alone[-1]).max() < 1e-4


def test_the_names_and_axes_are_those_that_others_know(tmp_path):
    _, other = exported(tmp_path, "llama")
    ports = {port.name: (port.type, port.shape) for port in other.session.get_inputs() + other.session.get_outputs()}
    past, whole = "past_sequence_length", "past_sequence_length + sequence_length"
    assert ports["input_ids"] == ports["position_ids"] == ("tensor(int64)", ["batch_size", "sequence_length"])
    assert ports["attention_mask"] == ("tensor(int64)", ["batch_size", whole])
    assert ports["past_key_values.1.value"] == ("tensor(float)", ["batch_size", 2, past, 8])
    assert ports["present.1.value"] == ("tensor(float)", ["batch_size", 2, whole, 8])
    assert ports["logits"] == ("tensor(float)", ["batch_size", "sequence_length", 61])
    assert len(ports) == 3 + 4 + 1 + 4
    assert other.about["of"] == "llama"
    assert other.about["kv_heads"] == 2


def test_a_text_beyond_the_context_is_refused(tmp_path):
    _, other = exported(tmp_path, "gpt")
    with pytest.raises(UsageError, match="49 tokens do not fit in a context of 48"):
        other(np.zeros((1, 49), np.int64), other.new_caches())


@pytest.mark.parametrize("name", ["gpt", "rnn", "bert, learned"])
def test_ids_outside_the_vocabulary_are_refused(name, tmp_path):
    _, other = exported(tmp_path, name)
    for wrong in (61, -1):
        with pytest.raises(UsageError, match=rf"token id {wrong} is outside the vocabulary 0\.\.60"):
            other(np.array([[3, wrong]]), other.new_caches() if name in WRITERS else np.array([2]))


def test_large_weights_of_a_t5_stand_beside_each_file(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_file, "LARGEST", 10_000)
    onnx_file.save(tmp_path / "t5", shaken(t5.T5, T5_CONFIG))
    assert sorted(path.suffix for path in (tmp_path / "t5").iterdir()) == [".data"] * 3 + [".onnx"] * 3
    assert [path.name for path in tmp_path.iterdir()] == ["t5"]


def test_large_weights_stand_in_a_file_of_their_own(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_file, "LARGEST", 10_000)
    model, other = exported(tmp_path, "gpt")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.onnx", "model.onnx.data"]
    assert (tmp_path / "model.onnx").stat().st_size < 40_000 < (tmp_path / "model.onnx.data").stat().st_size
    ids = np.arange(12).reshape(3, 4)
    with no_grad():
        assert np.abs(model(ids).data - other(ids, other.new_caches()).data).max() < 1e-4


def test_what_computes_something_else_is_not_written(tmp_path, monkeypatch):
    place = tmp_path / "model.onnx"
    place.write_bytes(b"what was there")
    monkeypatch.setitem(operations.OPERATIONS, "gelu", lambda graph, x: graph.add("Relu", x))
    with pytest.raises(UsageError, match=r"off by .* nothing is written"):
        onnx_file.save(place, shaken(*WRITERS["gpt"]))
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]
    assert place.read_bytes() == b"what was there"


@pytest.mark.parametrize("content", [b"", b"no model at all", None])
def test_a_file_that_is_no_model_is_told_in_a_line(content, tmp_path):
    place = tmp_path / "model.onnx"
    if content is None:
        exported(tmp_path, "gpt")
        content = place.read_bytes()[:5000]
    place.write_bytes(content)
    with pytest.raises(UsageError, match=r"model.onnx is no model that ONNX Runtime reads \(\w.*\); export") as refused:
        OnnxDecoder(place)
    assert "\n" not in str(refused.value)


def test_a_file_of_others_is_refused(tmp_path):
    import onnx

    exported(tmp_path, "gpt")
    made = onnx.load(tmp_path / "model.onnx")
    del made.metadata_props[:]
    onnx.save(made, tmp_path / "model.onnx")
    with pytest.raises(UsageError, match="was not written by tinyllm export"):
        OnnxDecoder(tmp_path / "model.onnx")


@pytest.mark.parametrize("kind", ["gpt", "rnn", "t5"])
def test_the_commands_write_the_same_text(kind, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "corpus.txt").write_text("\n\n".join(corpora.CORPORA["contos"](60)) + "\n", encoding="utf-8")
    small = "--corpus corpus.txt --vocab-size 300 --context 32 --layers 1 --width 16 --batch 4 --warmup 2 --steps 4"
    assert cli.main(f"train --out run --model {kind} {small}".split()) == 0
    assert cli.main(["export", "run", "--out", "model.onnx"]) == 0
    texts = []
    for more in ("", "--onnx model.onnx"):
        capsys.readouterr()
        assert cli.main(f"generate run --prompt Era --max-tokens 40 --seed 3 {more}".split()) == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1]
    assert len(texts[0]) > 8


def test_the_command_refuses_the_file_of_another_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    small = "--texts 60 --context 16 --layers 1 --width 16 --batch 4 --warmup 2 --steps 2 --heads 2"
    for name, size in (("one", 300), ("two", 310)):
        assert cli.main(f"train --out {name} --vocab-size {size} {small}".split()) == 0
    assert cli.main(["export", "one", "--out", "one.onnx"]) == 0
    assert cli.main(["generate", "two", "--onnx", "one.onnx"]) == 2
    assert "one.onnx was exported from another run than two: its tokenizer is another" in capsys.readouterr().err
