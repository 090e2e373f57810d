"""Every fused operation agrees with the same thing spelled out of primitives (composed.py), in value and gradient."""

import composed
import numpy as np
import pytest
from functional.cases import CASES, all_ops, run, samples

from tinyllm import tensor

FUSED = {name: op for name, op in all_ops().items() if vars(tensor).get(name) is not op}


def test_every_fused_operation_is_composed():
    assert {name for name in FUSED if not hasattr(composed, name)} == set()


@pytest.mark.parametrize("case", [case for case in CASES if case.op.__name__ in FUSED], ids=str)
def test_fused_agrees_with_composed(case):
    for call in samples(case):
        y, grads, dy = run(case.op, call)
        expected_y, expected_grads, _ = run(getattr(composed, case.op.__name__), call, dy)
        np.testing.assert_allclose(y, expected_y, rtol=1e-9, atol=1e-9)
        for grad, expected in zip(grads, expected_grads, strict=True):
            if grad is not None:
                np.testing.assert_allclose(grad, expected, rtol=1e-9, atol=1e-9)
