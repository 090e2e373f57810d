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

    It becomes one file or, of a T5, a folder of three. They hold {"vocab_size", "context", …} of its config and, with
    these, `about`, which `OnnxModel.about` gives back. Weights of more than 2 GB stand beside their file, in one with
    ".data" behind its name. Raises UsageError for a model that cannot be exported, where onnx or onnxruntime is
    missing, and if ONNX Runtime computes something else.
    """
    storage.claim(path)
    reading = reading_of(model.config, classifies=hasattr(model, "body"))
    try:
        import onnx
    except ImportError:
        raise UsageError(f"an export to ONNX needs onnx and onnxruntime; {INSTALL}") from None
    about = {**to_dict(model.config), **(about or {})}
    target = Path(os.path.realpath(path))
    with storage.aside(path) as temporary, tempfile.TemporaryDirectory(".onnx", ".", temporary.parent) as folder:
        whole = Path(folder) / target.name
        if len(reading.reads) > 1:
            whole.mkdir()
        for name, read in reading.reads.items():
            write(onnx, proto(onnx, trace(model, read), about), whole / f"{name}.onnx" if name else whole)
        apart = difference(reading.opened(whole), model)
        if not apart <= TOLERANCE:
            raise UsageError(
                f"in ONNX Runtime the logits are off by {apart:.1e}, above {TOLERANCE}; nothing is written"
            )
        if (weights := weights_of(whole)).exists():
            storage.claim(weights_of(target))
            target.unlink(missing_ok=True)  # what was there must not meet the new weights
            storage.put_in_place(weights, weights_of(target))
        os.replace(whole, temporary)
    return apart


def write(onnx, made, path):
    """Write a ModelProto, with large weights in a file beside it, and check it."""
    if sum(len(each.raw_data) for each in made.graph.initializer) > LARGEST:
        onnx.save_model(made, path, save_as_external_data=True, location=weights_of(path).name)
    else:
        onnx.save_model(made, path)
    onnx.checker.check_model(str(path), full_check=True)


def weights_of(path):
    """Where the large weights of a file stand."""
    return path.with_name(f"{path.name}.data")


def bytes_of(path):
    """How much room an exported model takes, in one file or in several."""
    path = Path(path)
    files = path.iterdir() if path.is_dir() else (path, weights_of(path))
    return sum(file.stat().st_size for file in files if file.exists())


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
    lengths = np.array([1, (T + 1) // 2, T])
    ours, theirs = (logits_of(each, ids[:, :T], ids[:, T:], lengths) for each in (model, exported))
    return float(np.abs(ours - theirs).max() / max(1.0, np.abs(ours).max()))


def logits_of(model, ids, more, lengths):
    """(B, T), (B, T) ids, (B,) -> the logits of rows that are so long or, of a model that writes, of what follows."""
    with no_grad():
        if hasattr(model, "answering"):  # the rows are what it writes about
            writer = model.answering(ids, lengths)
            return read_twice(writer, ids, more, writer.new_caches())
        if not hasattr(model, "new_caches"):
            return model(ids, lengths).data
        caches = model.new_caches()
        return read_twice(model, ids, more, caches, lengths)


def read_twice(model, ids, more, caches, lengths=None):
    """(B, T), (B, T) -> (B, 2 T, V): the logits of ids and, with what was kept of the lengths of them, of more."""
    first = model(ids, caches).data
    for cache in caches if lengths is not None else ():
        cache.truncate(lengths)
    return np.concatenate([first, model(more, caches).data], axis=1)
