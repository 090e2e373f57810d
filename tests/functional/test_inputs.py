"""What operations are called with: what stands for an array is taken for one, what does not fit is told in words."""

import numpy as np
import pytest
from functional.cases import CASES, build

from tinyllm.errors import UsageError
from tinyllm.tensor import Tensor, backward

STANDS = {  # in the place of an array
    "a list": np.ndarray.tolist,
    "a tuple": lambda a: tuple(a.tolist()) if a.ndim else a.item(),
    "integers": lambda a: a.astype(int),
    "a Tensor of integers": lambda a: Tensor(a.astype(int)),
}
WRONG = {
    "a number": lambda a: 2.0,
    "a number of NumPy": lambda a: np.float64(2),
    "no axes": lambda a: np.array(2.0),
    "None": lambda a: None,
    "text": lambda a: "um",
    "a dict": lambda a: {},
    "objects": lambda a: a.astype(object),
    "flat": lambda a: a.reshape(-1),
    "an axis more": lambda a: a[None],
    "empty": lambda a: a[:0] if a.ndim else a,
    "an empty list": lambda a: [],
    "one channel less": lambda a: a[..., :-1] if a.ndim else a,
    "one row more": lambda a: np.concatenate([a, a[:1]]) if a.ndim else a,
    "negative ids": lambda a: a if a.dtype.kind == "f" else -1 - a,
}
INTEGERS = {"ids", "targets", "condition"}


def outcome(case, change):
    """Yield (input, what came of it) for each input that is changed: a Tensor that went back, or an error."""
    sizes = {letter: 2 + (3 * place + 1) % len(case.letters) for place, letter in enumerate(case.letters)}
    call = build(case, sizes, ["contiguous"] * len(case.inputs), 1, np.float32)
    for which, name in enumerate(case.inputs):
        inputs = [Tensor(a, requires_grad=True) if a.dtype.kind == "f" else a for a in call.arrays]
        inputs[which] = change(call.arrays[which])
        try:
            y = case.op(*inputs, **call.options)
            if y.requires_grad:
                backward(y, np.ones(y.shape))
        except (UsageError, ValueError, IndexError) as error:  # NumPy tells in words of shapes, and of places
            yield name, error
        else:
            yield name, y


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("kind", [*STANDS, *WRONG])
def test_what_does_not_fit_is_told_and_what_fits_stays_float32(kind):
    for case in CASES:
        for name, found in outcome(case, {**STANDS, **WRONG}[kind]):
            alone = set(case.inputs) - {name} <= INTEGERS  # where no other input is of a floating-point type
            if isinstance(found, Tensor):
                assert found.dtype == np.float32 or alone, (case, name)
            else:
                assert kind in WRONG or alone, (case, name, found)
