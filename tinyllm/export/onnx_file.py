"""A model as an ONNX file, which is checked, run and compared before it gets its name."""

import json
import os
import tempfile
from pathlib import Path

import numpy as np

from tinyllm import storage
from tinyllm.config import to_dict
from tinyllm.errors import UsageError
from tinyllm.export.onnx_model import ABOUT, INSTALL
from tinyllm.export.operations import Body, Graph
from tinyllm.export.readings import reading_of
from tinyllm.export.trace import trace
from tinyllm.tensor import no_grad

OPSET, IR = 18, 8  # what runtimes of 2023 and later read
LARGEST = 2_000_000_000  # bytes of weights; above it they stand in a file of their own: protobuf ends at 2 GiB
TOLERANCE = 1e-4  # of the largest logit, or of 1


def save(path, model, about=None):
    """Write a model as ONNX, whole or not at all, and return how far its logits are from the model's own.

    The file holds {"vocab_size", "context", …} of its config and, with these, `about`, which `OnnxModel.about` gives
    back. Weights of more than 2 GB stand beside it, in a file with ".data" behind its name. Raises UsageError for a
    model that cannot be exported, where onnx or onnxruntime is missing, and if ONNX Runtime computes something else.
    """
    storage.claim(path)
    reading = reading_of(model)
    try:
        import onnx
    except ImportError:
        raise UsageError(f"an export to ONNX needs onnx and onnxruntime; {INSTALL}") from None
    made = proto(onnx, trace(model, reading.read), {**to_dict(model.config), **(about or {})})
    beside = Path(os.path.realpath(path) + ".data")
    with storage.aside(path) as temporary, tempfile.TemporaryDirectory(dir=temporary.parent) as folder:
        whole, weights = Path(folder) / "model.onnx", Path(folder) / beside.name
        if sum(len(each.raw_data) for each in made.graph.initializer) > LARGEST:
            storage.claim(beside)
            onnx.save_model(made, whole, save_as_external_data=True, location=weights.name)
        else:
            onnx.save_model(made, whole)
        onnx.checker.check_model(str(whole), full_check=True)
        apart = difference(reading.opened(whole), model)
        if not apart <= TOLERANCE:
            raise UsageError(
                f"in ONNX Runtime the logits are off by {apart:.1e}, above {TOLERANCE}; nothing is written"
            )
        if weights.exists():
            Path(path).unlink(missing_ok=True)  # what was there must not meet the new weights
            storage.put_in_place(weights, beside)
        os.replace(whole, temporary)
    return apart


def proto(onnx, trace, about):
    """The ModelProto of a trace."""
    graph, helper = Graph(trace), onnx.helper

    def port(name, dtype, shape):
        return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), shape)

    def nodes(made):
        for operator, inputs, outputs, attributes in made:
            attributes = {name: body(value) if isinstance(value, Body) else value for name, value in attributes.items()}
            yield helper.make_node(operator, inputs, outputs, name=outputs[-1], **attributes)

    def body(made):
        ports = [[port(name, np.float32, None) for name in names] for names in (made.inputs, made.outputs)]
        return helper.make_graph(list(nodes(made.nodes)), "body", *ports)

    made = helper.make_graph(
        list(nodes(graph.nodes)),
        "tinyllm",
        [port(name, dtype, list(trace.shapes[name])) for name, dtype in trace.inputs.items()],
        [port(name, np.float32, list(trace.shapes[value])) for name, value in trace.outputs.items()],
        [onnx.numpy_helper.from_array(np.asarray(array, order="C"), name) for name, array in graph.arrays.items()],
    )
    opsets = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(made, producer_name="tinyllm", opset_imports=opsets, ir_version=IR)
    helper.set_model_props(model, {ABOUT: json.dumps(about)})
    return model


def difference(exported, model):
    """How far two models' logits are apart, as a share of the largest: of rows of different lengths, which go on."""
    T = max(1, min(4, model.config.context // 2))
    ids = np.random.default_rng(0).integers(0, model.config.vocab_size, (3, 2 * T))
    lengths, found = np.array([1, (T + 1) // 2, T]), []
    for each in (model, exported):
        with no_grad():
            if not hasattr(each, "new_caches"):
                found.append(each(ids[:, :T], lengths).data)
                continue
            caches = each.new_caches()
            first = each(ids[:, :T], caches).data
            for cache in caches:
                cache.truncate(lengths)
            found.append(np.concatenate([first, each(ids[:, T:], caches).data], axis=1))
    return float(np.abs(found[0] - found[1]).max() / max(1.0, np.abs(found[0]).max()))
