"""Where in a model something can be adapted: its linear layers, whole or by the parts that stand side by side in one.

A name tells which: "query" is every layer of that name, and every part of that name of a layer such as qkv;
"attention.*" is all of every attention, "blocks.0.*" all of a block.
"""

from fnmatch import fnmatchcase

from tinyllm.compress.int8 import Int8Linear, Int8Projection
from tinyllm.errors import UsageError
from tinyllm.finetune.method import HEAD, has_head
from tinyllm.nn import layers
from tinyllm.nn.module import replace_modules

PARTS = {  # what stands side by side, as wide as each other, in what comes out of a layer of this name
    "qkv": ("query", "key", "value"),
    "key_value": ("key", "value"),
    "query_key": ("query", "key"),
}
WHOLE = "whole"  # in the place of the name of a part


def sizes(layer):
    """(n_in, n_out) of a linear layer, whatever form its weights have; None of any other module."""
    if isinstance(layer, layers.Linear | layers.Projection):
        return layer.weight.shape
    if isinstance(layer, Int8Linear | Int8Projection):
        return layer.codes.shape[::-1]
    return vars(layer).get("shape")  # another form says its own


def linear_layers(model):
    """{path: layer} of all linear layers of a model, but for the head of a classifier."""
    found = {path: module for path, module in model.named_modules() if sizes(module)}
    if has_head(model):
        found.pop(HEAD.removesuffix("."), None)
    return found


def names_of(path):
    """{part: the name under which it is chosen} of a layer that stands at a path, itself first."""
    above, _, last = path.rpartition(".")
    return {WHOLE: path} | {part: f"{above}.{part}".lstrip(".") for part in PARTS.get(last, ())}


def columns_of(path, n_out):
    """{part: its columns, a slice} of a layer that stands at a path and gives n_out channels; "whole" has them all."""
    parts = PARTS.get(path.rpartition(".")[2], ())
    width = n_out // max(len(parts), 1)
    return {WHOLE: slice(0, n_out)} | {part: slice(i * width, (i + 1) * width) for i, part in enumerate(parts)}


def matches(name, pattern):
    """Whether a pattern is that of a name, or of its end."""
    return fnmatchcase(f".{name}", f"*.{pattern}")


def patterns(text):
    """The patterns of a text, in which commas stand between them."""
    return [pattern.strip() for pattern in text.split(",") if pattern.strip()]


def chosen(model, text):
    """{path: parts} of the linear layers that a text of patterns chooses; the parts are {name: columns, a slice}, of a
    layer that is chosen itself {"whole": all}.

    Raises UsageError for a pattern that chooses nothing.
    """
    found, named, unused = {}, set(), dict.fromkeys(patterns(text))
    for path, layer in linear_layers(model).items():
        columns, names = columns_of(path, sizes(layer)[1]), names_of(path)
        named.update(name.rpartition(".")[2] for name in names.values())
        hits = {part: [p for p in patterns(text) if matches(name, p)] for part, name in names.items()}
        for pattern in (pattern for of_part in hits.values() for pattern in of_part):
            unused.pop(pattern, None)
        parts = [WHOLE] if hits[WHOLE] else [part for part in hits if hits[part]]
        if parts:
            found[path] = {part: columns[part] for part in parts}
    if unused or not found:
        wrong, names = next(iter(unused), text), ", ".join(sorted(named)) or "none"
        raise UsageError(
            f"no linear layer is called {wrong!r}; there are {names}; choose among them, or another method"
        )
    return found


def shortest(model, wanted):
    """The shortest text of patterns that chooses {path: names of parts} of a model."""
    names = [names_of(path)[part] for path, parts in wanted.items() for part in parts]
    short = ",".join(dict.fromkeys(name.rpartition(".")[2] for name in names))
    alike = {path: set(parts) for path, parts in chosen(model, short).items()} == wanted
    return short if alike else ",".join(names)


def put_around(model, made):
    """Put `made[path](module)` in the place of what stands at each of the paths; return the model."""
    return replace_modules(model, lambda path, module: made[path](module) if path in made else module)
