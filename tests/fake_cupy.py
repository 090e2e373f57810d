"""A strict stand-in for CuPy, for machines without a GPU: it computes with NumPy and refuses what CuPy refuses.

Its array wraps a NumPy array and is none: it has the names, the methods and the keywords of CuPy (`cupy_names.json`),
does not meet NumPy arrays, does not turn into one unasked, wraps integer indices that are out of range, and keeps the
results of reductions on the "device". Every time the host would have to wait for a GPU, the reason is written down in
`synchronisations`. What only hardware shows (rounding, order of atomic sums, memory) it cannot show.
"""

import json
import math
import types
from importlib.machinery import ModuleSpec
from pathlib import Path

import numpy as np

NAMES = json.loads(Path(__file__).with_name("cupy_names.json").read_text(encoding="utf-8"))
FUNCTIONS, METHODS = NAMES["functions"], NAMES["methods"]
UFUNC_KEYWORDS = {"out", "dtype", "casting"}
WAITING_METHODS = {"tolist", "tobytes", "tofile", "nonzero", "dump", "dumps"}
WAITING_FUNCTIONS = {"nonzero", "flatnonzero", "argwhere", "unique", "allclose", "array_equal", "asnumpy"}

synchronisations = []  # why the host waited, in order


class ndarray(np.lib.mixins.NDArrayOperatorsMixin):
    """An array on the pretended device."""

    __slots__ = ("__weakref__", "_host")
    __hash__ = None

    def __init__(self, host):
        self._host = host

    shape = property(lambda self: self._host.shape)
    ndim = property(lambda self: self._host.ndim)
    size = property(lambda self: self._host.size)
    dtype = property(lambda self: self._host.dtype)
    nbytes = property(lambda self: self._host.nbytes)
    itemsize = property(lambda self: self._host.itemsize)
    strides = property(lambda self: self._host.strides)
    flags = property(lambda self: self._host.flags)
    T = property(lambda self: ndarray(self._host.T))
    data = property(lambda self: types.SimpleNamespace(ptr=self._host.ctypes.data))

    def __len__(self):
        return len(self._host)

    def __iter__(self):
        return map(to_device, self._host)

    def __repr__(self):
        return f"cupy.{self._host!r}"

    def __array__(self, *_, **__):
        raise TypeError("Implicit conversion to a NumPy array is not allowed. Please use `.get()`.")

    def __array_ufunc__(self, ufunc, method, *inputs, **keywords):
        if method != "__call__":
            raise TypeError(f"CuPy has no numpy.{ufunc.__name__}.{method} of its arrays")
        return call(ufunc.__name__, ufunc, inputs, keywords)

    def __array_function__(self, function, _, arguments, keywords):
        if function.__name__ not in FUNCTIONS:
            return NotImplemented
        return call(function.__name__, function, arguments, keywords)

    def __getattr__(self, name):
        if name not in METHODS or name.startswith("__"):
            raise AttributeError(f"cupy.ndarray has no {name}")
        method = getattr(self._host, name)
        if not callable(method):
            raise NotImplementedError(f"the stand-in has no {name}; give it one if the library needs it")

        def on_device(*arguments, **keywords):
            check_keywords(name, keywords, METHODS[name].split())
            if name in WAITING_METHODS:
                synchronisations.append(name)
            return to_device(method(*to_host(arguments), **to_host(keywords)))

        return on_device

    def __getitem__(self, index):
        return to_device(self._host[host_index(index, self.shape)])

    def __setitem__(self, index, value):
        refuse_host_array(value)
        index = host_index(index, self.shape)
        refuse_repeated(index, self.shape)
        self._host[index] = to_host(value)

    def get(self, stream=None, order="C", out=None, blocking=True):
        synchronisations.append("get")
        if out is None:
            return self._host.copy(order)
        np.copyto(out, self._host, casting="no")
        return out

    def set(self, arr, stream=None):
        if stream is None:
            np.copyto(self._host, arr, casting="no")
        else:  # it will be there when somebody has waited for it
            self._host[...] = np.nan if self.dtype.kind == "f" else -1
            stream.asked.append(lambda: np.copyto(self._host, arr, casting="no"))

    def item(self, *place):
        synchronisations.append("item")
        return self._host.item(*place)

    def __float__(self):
        synchronisations.append("float")
        return float(self._host.item())

    def __int__(self):
        synchronisations.append("int")
        return int(self._host.item())

    def __bool__(self):
        synchronisations.append("bool")
        return bool(self._host)


# ------------------------------------------------------------------------------------------ across the host's border


def to_device(value):
    """What NumPy computed, as CuPy would hand it over: arrays and numbers as arrays on the device."""
    if isinstance(value, np.ndarray | np.generic):
        return ndarray(np.asarray(value))
    if isinstance(value, list | tuple):
        return type(value)(map(to_device, value))
    return value


def to_host(value):
    """Arguments on their way into NumPy: arrays of the device are unwrapped, arrays of NumPy refused."""
    refuse_host_array(value)
    if isinstance(value, ndarray):
        return value._host
    if isinstance(value, list | tuple):
        return type(value)(map(to_host, value))
    if isinstance(value, dict):
        return {key: to_host(item) for key, item in value.items()}
    return value


def refuse_host_array(value):
    if isinstance(value, np.ndarray) and value.ndim:
        raise TypeError(f"Unsupported type {type(value)}")


def host_index(index, shape):
    """An index on its way into NumPy: integers wrap around, masks make the host wait, NumPy arrays are refused."""
    parts = index if isinstance(index, tuple) else (index,)
    used = sum(axes_used(part) for part in parts)
    out, axis = [], 0
    for part in parts:
        if isinstance(part, list) or (isinstance(part, np.ndarray) and part.ndim):
            raise TypeError(f"Unsupported type {type(part)} as an index")
        if isinstance(part, ndarray):
            if part.dtype == bool:
                synchronisations.append("mask")
            part = part._host % np.int64(shape[axis]) if part.dtype.kind in "iu" else part._host
        out.append(part)
        axis += len(shape) - used if part is Ellipsis else axes_used(part)
    return tuple(out) if isinstance(index, tuple) else out[0]


def axes_used(part):
    """How many axes of an array one part of an index stands for."""
    if part is None or part is Ellipsis:
        return 0
    return part.ndim if getattr(getattr(part, "dtype", None), "kind", "") == "b" else 1


def refuse_repeated(index, shape):
    """Refuse an assignment to one place twice: on a GPU nobody knows which value stays."""
    if any(isinstance(part, np.ndarray) for part in (index if isinstance(index, tuple) else (index,))):
        places = np.arange(math.prod(shape)).reshape(shape)[index]
        if np.unique(places).size != places.size:
            raise ValueError("assignment through an index with repeated places is undefined on a GPU; use scatter_add")


# --------------------------------------------------------------------------------------------- the functions of CuPy


def check_keywords(name, keywords, known):
    unknown = keywords.keys() - set(known)
    if unknown and not any(parameter.startswith("**") for parameter in known):
        raise TypeError(f"{name} of CuPy has no {', '.join(sorted(unknown))}; it has {' '.join(known)}")


def call(name, function, arguments, keywords):
    """Call a function of NumPy as the function of CuPy with the same name."""
    if name not in FUNCTIONS:
        raise AttributeError(f"module 'cupy' has no attribute '{name}'")
    is_ufunc = FUNCTIONS[name] == "ufunc"
    check_keywords(name, keywords, UFUNC_KEYWORDS if is_ufunc else FUNCTIONS[name].split())
    if is_ufunc and any(isinstance(argument, list | tuple) for argument in arguments):
        raise TypeError(f"Unsupported type {list} for {name}")
    if name in WAITING_FUNCTIONS:
        synchronisations.append(name)
    result = to_device(function(*to_host(arguments), **to_host(keywords)))
    out = keywords.get("out")
    return result if out is None else out[0] if isinstance(out, tuple) else out


def asarray(a, dtype=None, order=None, *, blocking=False):
    """Copy an array, a list or a number from the host; an array that is on the device already stays as it is."""
    if isinstance(a, ndarray):
        return a if dtype is None or a.dtype == dtype else a.astype(dtype)
    return ndarray(np.array(a, dtype=dtype, order="K" if order is None else order))


def array(obj, dtype=None, copy=True, order="K", subok=False, ndmin=0, *, blocking=False):
    """A copy on the device of an array, a list or a number."""
    host = obj._host if isinstance(obj, ndarray) else obj
    return ndarray(np.array(host, dtype=dtype, order=order, ndmin=ndmin))


def asnumpy(a, stream=None, order="C", out=None, *, blocking=True):
    """A copy on the host."""
    return a.get(order=order) if isinstance(a, ndarray) else np.asarray(a, order=order)


def scatter_add(a, slices, value):
    """cupyx.scatter_add: a[slices] += value, where a place that occurs twice is added twice."""
    if not isinstance(a, ndarray):
        raise TypeError(f"scatter_add of {type(a)}; expected an array of CuPy")
    refuse_host_array(value)
    np.add.at(a._host, host_index(slices, a.shape), to_host(value))


def erf(x):
    """cupyx.scipy.special.erf"""
    if not isinstance(x, ndarray):
        raise TypeError(f"Unsupported type {type(x)}")
    exact = [math.erf(value) for value in x._host.ravel().tolist()]
    return ndarray(np.array(exact, dtype=x.dtype).reshape(x.shape))


class Stream:
    """cupy.cuda.Stream: what it was asked for is done as late as can be, when an event of it is waited for."""

    def __init__(self, null=False, non_blocking=False, ptds=False):
        self.asked = []

    def record(self, event=None):
        return self

    def wait_event(self, event):
        while event.asked:
            event.asked.pop(0)()


def empty_pinned(shape, dtype=float, order="C"):
    """cupyx.empty_pinned"""
    return np.empty(shape, dtype, order)


def function_of_cupy(name):
    function = getattr(np, name)

    def on_device(*arguments, **keywords):
        return call(name, function, arguments, keywords)

    on_device.__name__ = name
    return on_device


def modules():
    """{name: module}: a fresh cupy and cupyx, to be put into sys.modules."""

    def module(name, **contents):
        made = types.ModuleType(name)
        made.__spec__ = ModuleSpec(name, None)
        made.__path__ = []  # so that `import cupyx.scipy.special` looks no further
        vars(made).update(contents)
        return made

    runtime = types.SimpleNamespace(
        deviceSynchronize=lambda: synchronisations.append("deviceSynchronize"),
        getDeviceProperties=lambda device: {"name": b"stand-in"},
        memGetInfo=lambda: (2**30, 2**31),
    )
    current = Stream(null=True)
    cuda = types.SimpleNamespace(
        is_available=lambda: True, runtime=runtime, Stream=Stream, get_current_stream=lambda: current
    )
    cupy = module("cupy", __version__="14.2.0", ndarray=ndarray, cuda=cuda)
    for name in FUNCTIONS:
        original = getattr(np, name, None)
        if original is not None and name not in vars(cupy):
            plain = isinstance(original, type | np.dtype) or not callable(original)
            setattr(cupy, name, original if plain else function_of_cupy(name))
    vars(cupy).update(asarray=asarray, array=array, asnumpy=asnumpy)
    cupy.get_default_memory_pool = lambda: types.SimpleNamespace(total_bytes=lambda: 2**20)

    special = module("cupyx.scipy.special", erf=erf)
    scipy = module("cupyx.scipy", special=special)
    cupyx = module("cupyx", scatter_add=scatter_add, empty_pinned=empty_pinned, scipy=scipy)
    return {made.__name__: made for made in (cupy, cupyx, scipy, special)}
