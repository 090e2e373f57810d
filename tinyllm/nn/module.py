"""Module, Weight and Parameter: what every layer and model is made of, and how to change a part.

What is *stored* and what is *learned* are two things. Every Weight is stored, in checkpoints and
files; a Parameter is a Weight that is also learned, unless it is frozen.
"""

import weakref

import numpy as np

from tinyllm.backend.arrays import array_module, beside
from tinyllm.backend.elsewhere import let_go, placed
from tinyllm.backend.threads import pieces
from tinyllm.errors import UsageError
from tinyllm.tensor import Tensor


class Weight(Tensor):
    """A Tensor that is stored with its model, in whatever type it has: 8-bit codes, a scale."""

    __slots__ = ()

    def __init__(self, data, *, requires_grad=False):
        super().__init__(data, requires_grad=requires_grad)
        if isinstance(self.data, np.generic):  # a number, into which nothing can be written
            self.data = np.asarray(self.data)


class Parameter(Weight):
    """A Weight to be learned, float32 at first; if its `requires_grad` is False, it is frozen."""

    __slots__ = ()

    def __init__(self, data):
        super().__init__(data, requires_grad=True)
        self.data = placed(self.data.astype(np.float32, copy=False))


class Module:
    """Anything with weights: they are found by looking at its attributes, in their order."""

    def named_weights(self, *, apart=()):
        """Yield ("blocks.0.attention.qkv.weight", Weight) for all that is stored, a tied one once,
        but for what is found in the modules `apart` only.

        Raises UsageError for two weights that would be stored under one name.
        """
        names, seen = set(), set()
        for name, weight in _walk(self, "", {id(module) for module in apart}):
            if weight in seen or not isinstance(weight, Weight):
                continue
            if name in names:
                raise UsageError(f"two weights would be stored as {name}; give one another name")
            names.add(name)
            seen.add(weight)
            yield name, weight

    def named_modules(self):
        """Yield ("blocks.0.attention", Module) for all there are, itself first, under the path "";
        each once, before what it holds. A wrapper and its inner have one path."""
        for path, found in _walk(self, "", set()):
            if isinstance(found, Module):
                yield path, found

    def named_parameters(self):
        """Yield (name, Parameter) for each that is learned now: no frozen one, no other Weight."""
        for name, weight in self.named_weights():
            if isinstance(weight, Parameter) and weight.requires_grad:
                yield name, weight

    def parameters(self):
        """The list of the parameters that are learned now, without their names."""
        return [parameter for _, parameter in self.named_parameters()]


class Around(Module):
    """A wrapper: a module that stands in the place of another, `inner`, and does something before,
    after or instead.

    Its name is absent from the paths of the weights: those of `inner` are stored as they were
    without it, and its own under the name of its class, as "blocks.0.attention.qkv@LoRA.a", which
    no attribute can have. It is used by calling it; whoever needs an attribute of the module inside
    takes `inner` first.
    """

    def __init__(self, inner):
        self.inner = inner

    def __call__(self, *inputs, **options):
        return self.inner(*inputs, **options)

    def __getattr__(self, name):
        of_inner = f"; its inner has: wrap what is only called, or take .inner.{name}"
        instead = of_inner if hasattr(vars(self).get("inner"), name) else ""
        raise AttributeError(f"{type(self).__name__} has no {name}{instead}", name=name, obj=self)


def _walk(value, path, entered):
    """Yield (path, what is there) of all Weights and Modules in a value. What holds others is
    entered once: they may hold it."""
    if isinstance(value, Weight):
        yield path, value
    elif isinstance(value, Module | dict | list | tuple) and id(value) not in entered:
        entered.add(id(value))
        if isinstance(value, Module):
            yield path, value
            for name, item in vars(value).items():
                yield from _walk(item, _path_of(value, path, name), entered)
        else:
            for key, item in value.items() if isinstance(value, dict) else enumerate(value):
                yield from _walk(item, _join(path, key), entered)


def _path_of(module, path, name):
    """The path of an attribute of the module that stands at a path."""
    if not isinstance(module, Around):
        return _join(path, name)
    return path if name == "inner" else f"{path}@{type(module).__name__}.{name}"


def _join(path, key):
    return f"{path}.{key}" if path else str(key)


def replace_modules(model, change):
    """Put `change(path, module)` in the place of every module, the innermost first; return the
    model.

    `change` returns the same module or another, such as a wrapper or, to undo that, its `inner`. A
    module that stands in several places is changed once, under the first of its paths, and what
    comes of it stands in all of them. The model itself is asked about last, under the path "". A
    child that holds its parent goes on holding it as it was.

    Raises UsageError for what is no module, and where two weights would be stored under one name.
    """
    changed, entered = weakref.WeakKeyDictionary(), set()  # what is replaced is forgotten at once

    def asked(path, module):
        new = change(path, module)
        if not isinstance(new, Module):
            raise UsageError(
                f"change({path!r}, …) gave {type(new).__name__} and no module; "
                "return the same one or another"
            )
        if new is not module:
            list(new.named_weights())  # two wrappers of one class, or of one name, are told at once
        return new

    def replaced(value, path):
        if isinstance(value, Module):
            if value not in changed:
                changed[value] = value
                for name, item in list(vars(value).items()):
                    vars(value)[name] = replaced(item, _path_of(value, path, name))
                changed[value] = asked(path, value)
            return changed[value]
        if isinstance(value, tuple):
            items = [replaced(item, _join(path, i)) for i, item in enumerate(value)]
            same = all(new is old for new, old in zip(items, value, strict=True))
            return value if same else tuple(items)
        if isinstance(value, dict | list) and id(value) not in entered:
            entered.add(id(value))
            for key, item in value.items() if isinstance(value, dict) else enumerate(value):
                value[key] = replaced(item, _join(path, key))
        return value

    new = replaced(model, "")
    replaced = (
        None  # it knows itself, and would hold what was replaced until Python looks for circles
    )
    return new


def freeze(model, which=lambda name, weight: True):
    """Learn no more of the parameters for which `which(name, weight)` is true: they are only
    stored.
    """
    _set_learned(model, which, learned=False)


def unfreeze(model, which=lambda name, weight: True):
    """Learn again the parameters for which `which(name, weight)` is true. Other weights were never
    learned.
    """
    _set_learned(model, which, learned=True)


def _set_learned(model, which, *, learned):
    for name, weight in model.named_weights():
        if isinstance(weight, Parameter) and which(name, weight):
            weight.requires_grad = learned


def map_parameters(model, function):
    """Replace the array of every weight, learned or not, by function(array): to another type or
    device, and back.
    """
    for _, weight in model.named_weights():
        weight.data = function(weight.data)


def count_parameters(model):
    """How many numbers the model learns."""
    return sum(parameter.data.size for parameter in model.parameters())


def weights(model):
    """{name: array} of all that is stored: the model's own arrays, not copies."""
    return {name: weight.data for name, weight in model.named_weights()}


def check_finite(arrays):
    """Raise UsageError if one of {name: array} holds NaN or infinity."""
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not is_finite(array):
            raise UsageError(
                f"weight {name} holds NaN or infinity; go back to weights from before, and train "
                "on from there with a lower learning rate"
            )


def is_finite(array):
    """Whether none of its numbers is NaN or infinity; not all of them are looked at at once."""
    xp, finite = array_module(array), True
    for piece in pieces(array):
        finite = finite and bool(xp.isfinite(array[piece]).all())
        let_go(array[piece])
    return finite


def load_weights(model, arrays):
    """Copy {name: array} into the model's weights, learned or not.

    Raises UsageError, and changes nothing, for arrays that do not fit.
    """
    check_fit(model, arrays)
    for name, weight in model.named_weights():
        weight.data[...] = beside(arrays[name], weight.data)
        let_go(weight.data, arrays[name])


def stand_on(model, arrays):
    """Let {name: array} themselves be the model's weights, wherever they are: nothing is copied.

    Raises UsageError, and changes nothing, for arrays that do not fit.
    """
    check_fit(model, arrays)
    for name, weight in model.named_weights():
        weight.data = arrays[name].astype(weight.data.dtype, copy=False)


def check_fit(model, arrays):
    """Raise UsageError unless the names and shapes of {name: array} are exactly the model's, and
    types too, but for floating-point numbers of another size, and all numbers are finite."""
    check_finite(arrays)
    own = dict(model.named_weights())
    missing, unknown = own.keys() - arrays.keys(), arrays.keys() - own.keys()
    if missing or unknown:
        few = [sorted(names)[:3] or "none" for names in (missing, unknown)]
        raise UsageError(
            f"weights do not fit the model: {len(missing)} missing {few[0]}, "
            f"{len(unknown)} unknown {few[1]}; is the config that of these weights?"
        )
    for name, weight in own.items():
        given, mine = arrays[name], weight.data
        if given.shape != mine.shape:
            wrong = f"has shape {given.shape}, but the model's is {mine.shape}"
            raise UsageError(f"weight {name} {wrong}")
        if given.dtype != mine.dtype and not given.dtype.kind == mine.dtype.kind == "f":
            wrong = f"is of type {given.dtype}, but the model's is of {mine.dtype}"
            raise UsageError(f"weight {name} {wrong}")
