"""Where arrays live: the only file that knows CuPy's arrays.

The array itself decides where work runs: `xp = array_module(x)` is NumPy for an array in memory and CuPy for one on
a GPU. CuPy is not imported before it is needed, and may be missing.
"""

import importlib.util
import itertools
import sys

import numpy as np

from tinyllm.errors import UsageError

# ---------------------------------------------------------------------------------------------------- where arrays live


def array_module(*arrays):
    """The module whose functions work on these arrays: cupy if one of them is on a GPU, else numpy."""
    cupy = sys.modules.get("cupy")  # no array can be on a GPU before CuPy is imported
    return cupy if cupy is not None and any(isinstance(a, cupy.ndarray) for a in arrays) else np


def beside(host_array, array):
    """Copy a NumPy array to where `array` lives; anything else is returned as it is."""
    xp = array_module(array)
    return xp.asarray(host_array) if type(host_array) is np.ndarray else host_array


def to_host(array):
    """Copy an array from the GPU to memory; a NumPy array is returned as it is."""
    return array if array_module(array) is np else array.get()


def to_device(array, device):
    """Move an array to "cpu" or "gpu".

    Raises UsageError for another name, and where there is no CuPy or no GPU.
    """
    if device == "cpu":
        return to_host(array)
    if device != "gpu":
        raise UsageError(f'there is no device "{device}"; choose "cpu" or "gpu"')
    if importlib.util.find_spec("cupy") is None and "cupy" not in sys.modules:
        raise UsageError('device "gpu" needs CuPy; pip install -e ".[cuda12]" (or cuda13), or choose "cpu"')
    import cupy

    if not cupy.cuda.is_available():
        raise UsageError('device "gpu": CuPy finds no working GPU; see "tinyllm doctor", or choose "cpu"')
    return cupy.asarray(array)


def wait_for_gpu():
    """Return when a GPU, if one is in use, has done all it was asked to."""
    cupy = sys.modules.get("cupy")
    if cupy is not None:
        cupy.cuda.runtime.deviceSynchronize()


# ------------------------------------------------------------------------------------------- what an operation is given


def numbers(value, dtype=None):
    """Lists and numbers -> a NumPy array. Raises UsageError for anything else."""
    if isinstance(value, list | tuple) and any(hasattr(one, "requires_grad") for one in value):
        raise UsageError("a list of Tensors would lose their graph; join them with concatenate(a, b, axis=0)")
    try:
        array = np.asarray(value)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{type(value).__name__} is no array of numbers: {error}") from None
    if array.dtype.kind not in "fiub":
        raise UsageError(f"{type(value).__name__} is no array of numbers; give an array, a list or a number")
    return array.astype(dtype or (array.dtype if array.size else int), copy=False)


def alike(inputs, arrays, stay):
    """The inputs of an operation, and their arrays -> arrays of one floating-point type: neither integers nor a single
    number of float64 make another of it.

    `stay` tells for each input which kinds of dtype it keeps, N for None. UsageError for what is no number.
    """

    # an input that is its own array is no Tensor; without axes it is a single number
    decide = [hasattr(a, "dtype") and (a.ndim > 0 or x is not a) for x, a in zip(inputs, arrays, strict=True)]
    floats = [a.dtype for a, decides in zip(arrays, decide, strict=True) if decides and a.dtype.kind == "f"]
    dtype, alone = max(floats, key=lambda one: one.itemsize, default=None), True not in decide

    def fitted(a, decides, kinds):
        if (a is None and "N" in kinds) or (type(a) is int and dtype is None and not alone):
            return a  # a whole number of Python is of the integers' type
        array = a if hasattr(a, "dtype") else numbers(a)
        kind = array.dtype.kind
        if kind not in "fiubc":
            raise UsageError(
                f"an array of {array.dtype} is no array of numbers; turn it into one, as with astype(float)"
            )
        if kind in kinds or (kind in "fc" and decides):
            return array
        if dtype is None:  # there are integers alone, or nothing but numbers
            return array if array is a or (kind != "f" and not alone) else array.astype("float32")
        return array.astype(dtype)[()]

    kinds = itertools.chain(stay, itertools.repeat(""))
    return list(map(fitted, arrays, decide, kinds))


# ------------------------------------------------------------------------------ array functions the modules spell apart


def widened(x):
    """(...) -> (...): half precision as float32, in which sums neither overflow nor lose digits, else as it is."""
    return x.astype("float32") if x.dtype.char == "e" else x


def narrowed(x, dtype):
    """(...) -> (...): x in half precision if that is the dtype, else as it is: the way back from `widened`."""
    return x.astype(dtype) if dtype.char == "e" else x


def add_at(target, index, updates):
    """target[index] += updates, in place, where an index that occurs twice is added twice."""
    if array_module(target) is np:
        np.add.at(target, index, updates)
    else:
        import cupyx

        cupyx.scatter_add(target, index, updates)


# log(erfc(x) / t) + x² as a Chebyshev series in 2t - 1, t = 2 / (2 + x) (fitted with mpmath to 5e-16)
ERF_SERIES = (
    *(-0.6513268598908547, 0.6419697923564902, 0.019476473204185836, -0.009561514786808632, -0.0009465953444820369),
    *(3.6683949785276145e-4, 4.252332480690777e-5, -2.0278578112534242e-5, -1.6242900046470256e-6),
    *(1.3036558355805232e-6, 1.5626441722066142e-8, -8.523809591492654e-8, 6.5290544390988515e-9),
    *(5.059343495551469e-9, -9.91364156493033e-10, -2.273651222931836e-10, 9.646791102015527e-11),
    *(2.3940380830391146e-12, -6.886027526497553e-12, 8.944879273090725e-13, 3.130921399342958e-13),
    *(-1.1270822361367252e-13, 3.810905255189232e-16, 7.106097613609237e-15, -1.5230282014571043e-15),
    -9.457494571291233e-17,
)


def erf(x):
    """(...) -> (...): the error function, to 1e-15 in float64 and 1e-7 in float32 (NumPy has none)."""
    if array_module(x) is not np:
        import cupyx.scipy.special

        return cupyx.scipy.special.erf(x)
    series = ERF_SERIES if x.dtype == np.float64 else ERF_SERIES[:11]
    magnitude = np.abs(x)
    t = 2 / (2 + magnitude)
    y = 4 * t - 2
    b, b_before = y * 0, y * 0
    for coefficient in series[:0:-1]:  # Clenshaw's recurrence
        b, b_before = y * b - b_before + coefficient, b
    erfc = t * np.exp(-magnitude * magnitude + 0.5 * y * b - b_before + series[0])
    return np.copysign(1 - erfc, x)
