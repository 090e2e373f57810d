"""What the tape is told of a model: names, sizes that change, and what was computed elsewhere."""

import numpy as np
import pytest

from tinyllm import functional as F
from tinyllm.errors import UsageError
from tinyllm.export.operations import Graph
from tinyllm.export.readings import decoder, reading_of
from tinyllm.export.trace import Constant, Name, Size, Unknown, in_general, trace
from tinyllm.models.copier import CopierConfig
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.models.llama import Llama, LlamaConfig
from tinyllm.nn.module import Module, Parameter

SIZES = {"vocab_size": 11, "context": 9, "layers": 1, "width": 8, "heads": 2}


class Small(Module):
    """(B, T) -> (B, T, 2), by way of `change`, a function of what was looked up."""

    def __init__(self, change):
        self.table, self.change = Parameter(np.ones((5, 2))), change

    def __call__(self, ids):
        return self.change(F.embedding(ids, self.table), ids)


def read(model, tape, sizes):
    ids = np.arange(sizes.batch * sizes.sequence).reshape(sizes.batch, sizes.sequence) % 5
    return {"y": model(tape.input("ids", ids))}


def steps_of(change):
    return trace(Small(change), read).steps


def test_a_step_names_inputs_weights_and_steps():
    first, second = steps_of(lambda x, ids: x * 2.0 + x)[:2]
    assert first == ("embedding", (Name("ids"), Name("table")), {}, Name("embedding_0"))
    assert second.inputs[0] == first.output
    assert isinstance(second.inputs[1], Constant)
    assert second.inputs[1].array == 2.0


def test_a_number_that_changes_with_the_batch_is_a_size():
    _, cut, moved = steps_of(lambda x, ids: x[:, : x.shape[1]].reshape(x.shape[0], -1, 2))
    assert cut.options == {"index": (slice(None), slice(None, Size("sequence_length")))}
    assert moved.options == {"shape": (Size("batch_size"), -1, 2)}


def test_what_nobody_needs_is_left_out():
    def change(x, ids):
        x.sum(axis=0)
        return x * 2.0

    assert [step.operation for step in steps_of(change)] == ["embedding", "multiply"]


def test_a_copy_of_an_input_is_told_by_its_values():
    _, again, _ = steps_of(lambda x, ids: x + F.embedding(ids.copy(), x.reshape(-1, 2)[:5]))[-3:]
    assert Name("ids") in again.inputs


def test_what_was_computed_elsewhere_is_refused_when_it_is_read():
    traced = trace(Small(lambda x, ids: x * ids[:, :, None].astype(np.float32)), read)
    assert isinstance(traced.steps[-1].inputs[1], Unknown)
    with pytest.raises(UsageError, match="multiply reads an array that was computed without the tape"):
        Graph(traced)


def test_an_operation_without_onnx_is_refused_by_name():
    traced = trace(Small(lambda x, ids: F.softmax(x)), read)
    with pytest.raises(UsageError, match="no ONNX for the operation softmax"):
        Graph(traced)


def test_a_model_that_goes_other_ways_is_refused():
    with pytest.raises(UsageError, match="a Small computes otherwise for another batch"):
        trace(Small(lambda x, ids: x * 2.0 if len(x) > 2 else x + x), read)


@pytest.mark.parametrize(
    ("one", "two", "both"),
    [(2, 4, Size("batch_size")), (3, 3, 3), (3, 4, Unknown((3, 4))), (slice(0, 8), slice(0, 9), None)],
)
def test_two_passes_in_general(one, two, both):
    expected = slice(0, Size("past_sequence_length + sequence_length")) if both is None else both
    assert in_general(one, two) == expected
    assert in_general((one, "a"), (two, "a")) == (expected, "a")


@pytest.mark.parametrize(
    "model", [(GPT, GPTConfig(**SIZES)), (Llama, LlamaConfig(**SIZES, kv_heads=1, hidden=12))], ids=["gpt", "llama"]
)
def test_the_graph_of_a_decoder_has_its_weights_once(model):
    kind, config = model
    model = kind(config, rng=np.random.default_rng(0))
    graph = Graph(trace(model, decoder))
    for name, weight in model.named_weights():
        assert graph.arrays[name] is weight.data
    outputs = [name for node in graph.nodes for name in node.outputs]
    assert outputs[-3:] == ["logits", "present.0.key", "present.0.value"]
    assert len(outputs) == len(set(outputs))
    made = {*outputs, *graph.arrays, *graph.trace.inputs}
    assert all(name in made for node in graph.nodes for name in node.inputs)


def test_others_are_refused_by_name():
    with pytest.raises(
        UsageError, match=r"a copier is not exported to ONNX; those that are: gpt, llama, bert, t5, rnn, lstm$"
    ):
        reading_of(CopierConfig(**SIZES))
