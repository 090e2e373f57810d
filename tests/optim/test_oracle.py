"""Every optimiser takes the steps of PyTorch's, or of the one that was published, in float32 and in float64."""

import contextlib

import numpy as np
import pytest

from tinyllm.backend import kernels
from tinyllm.nn.module import Parameter
from tinyllm.optim.adam import Adam
from tinyllm.optim.adamw import AdamW
from tinyllm.optim.lion import Lion
from tinyllm.optim.sgd import SGD

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle

STEPS = 50
BOUNDS = {np.float32: 1e-6, np.float64: 1e-12}  # of what the largest weight is
SHAPES = {"wide": (5, 17), "tall": (24, 8), "vector": (7,), "number": ()}


class PublishedLion(torch.optim.Optimizer):
    """The second algorithm of Chen et al. 2023, line by line."""

    def __init__(self, groups, **options):
        super().__init__(groups, options)

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                c = beta1 * m + (1 - beta1) * p.grad
                p -= group["lr"] * (c.sign() + group["weight_decay"] * p)
                m.copy_(beta2 * m + (1 - beta2) * p.grad)


BETAS = {"betas": (0.9, 0.99)}
CASES = {  # theirs and its options, ours and its options
    "adam": (torch.optim.Adam, BETAS, Adam, {}),
    "adamw": (torch.optim.AdamW, BETAS, AdamW, {}),
    "lion": (PublishedLion, {"betas": (0.8, 0.95)}, Lion, {"beta1": 0.8, "beta2": 0.95}),
    "nesterov": (torch.optim.SGD, {"momentum": 0.8, "nesterov": True}, SGD, {"momentum": 0.8}),
    "momentum": (torch.optim.SGD, {"momentum": 0.8}, SGD, {"momentum": 0.8, "nesterov": False}),
    "plain": (torch.optim.SGD, {}, SGD, {"momentum": 0.0}),
}


@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "plain"])
@pytest.mark.parametrize("dtype", BOUNDS)
@pytest.mark.parametrize(("theirs", "of_theirs", "ours", "options"), CASES.values(), ids=CASES)
def test_optimisers_take_the_same_steps(theirs, of_theirs, ours, options, dtype, compiled):
    rng, found = np.random.default_rng(0), {}
    for name, shape in SHAPES.items():
        found[name] = Parameter(np.zeros(shape))
        found[name].data = np.asarray(rng.normal(size=shape), dtype)
    tensors = {name: torch.tensor(p.data.copy(), requires_grad=True) for name, p in found.items()}
    decays = {name: 0.2 if p.ndim >= 2 else 0.0 for name, p in found.items()}
    expected = theirs([{"params": [x], "weight_decay": decays[name]} for name, x in tensors.items()], lr=1, **of_theirs)
    optimizer = ours(found.items(), ours.Config(weight_decay=0.2, **options))
    for step in range(STEPS):
        grads = {name: np.asarray(rng.normal(size=p.shape), dtype) for name, p in found.items()}
        for name, x in tensors.items():
            x.grad = torch.tensor(grads[name])
        for group in expected.param_groups:
            group["lr"] = 1e-4 * (step + 1)
        expected.step()
        with contextlib.nullcontext() if compiled else kernels.without_numba():
            optimizer.step({p: grads[name] for name, p in found.items()}, lr=1e-4 * (step + 1))
    for name, p in found.items():
        theirs_now = tensors[name].detach().numpy()
        assert p.data.dtype == dtype and np.ptp(theirs_now) < 10
        np.testing.assert_allclose(p.data, theirs_now, rtol=0, atol=BOUNDS[dtype] * abs(theirs_now).max(), err_msg=name)
