"""Every optimiser takes the steps of PyTorch's, or of the one that was published, in float32 and in float64."""

import contextlib

import numpy as np
import pytest
import torch

from tinyllm.backend import kernels
from tinyllm.nn.module import Parameter
from tinyllm.optim.adafactor import Adafactor
from tinyllm.optim.adam import Adam
from tinyllm.optim.adamw import AdamW
from tinyllm.optim.lion import Lion
from tinyllm.optim.muon import Muon
from tinyllm.optim.sgd import SGD

pytestmark = pytest.mark.oracle

STEPS = 50
BOUNDS = {np.float32: 1e-6, np.float64: 1e-12}  # of what the largest weight is
SHAPES = {"wide": (5, 17), "tall": (24, 8), "tokens.weight": (9, 6), "vector": (7,), "number": ()}


class PublishedLion(torch.optim.Optimizer):
    """The second algorithm of Chen et al. 2023, line by line."""

    def __init__(self, parameters, **options):
        super().__init__(parameters, options)

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


def of_torch(kind, **options):
    """How to make PyTorch's optimiser of one parameter."""
    return lambda name, x, **decay: kind([x], lr=1, **options, **decay)


def muon(name, x, **decay):
    """PyTorch's Muon for a matrix, scaled as in Liu et al. 2025, and its AdamW for the rest."""
    if x.ndim == 2 and name != "tokens.weight":
        return torch.optim.Muon([x], lr=1, adjust_lr_fn="match_rms_adamw", **decay)
    return torch.optim.AdamW([x], lr=1, **BETAS, **decay)


CASES = {  # theirs, ours and its options
    "adafactor": (of_torch(torch.optim.Adafactor, eps=(1e-15, 1e-3)), Adafactor, {}),
    "adam": (of_torch(torch.optim.Adam, **BETAS), Adam, {}),
    "adamw": (of_torch(torch.optim.AdamW, **BETAS), AdamW, {}),
    "lion": (of_torch(PublishedLion, betas=(0.8, 0.95)), Lion, {"beta1": 0.8, "beta2": 0.95}),
    "muon": (muon, Muon, {}),
    "nesterov": (of_torch(torch.optim.SGD, momentum=0.8, nesterov=True), SGD, {"momentum": 0.8}),
    "momentum": (of_torch(torch.optim.SGD, momentum=0.8), SGD, {"momentum": 0.8, "nesterov": False}),
    "plain": (of_torch(torch.optim.SGD), SGD, {"momentum": 0.0}),
}


@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "plain"])
@pytest.mark.parametrize("dtype", BOUNDS)
@pytest.mark.parametrize(("theirs", "ours", "options"), CASES.values(), ids=CASES)
def test_optimisers_take_the_same_steps(monkeypatch, theirs, ours, options, dtype, compiled):
    monkeypatch.setattr(torch.Tensor, "bfloat16", torch.Tensor.clone)  # PyTorch's Muon multiplies with 8 bits
    rng, found = np.random.default_rng(0), {}
    for name, shape in SHAPES.items():
        found[name] = Parameter(np.zeros(shape))
        found[name].data = np.asarray(rng.normal(size=shape), dtype)
    tensors = {name: torch.tensor(p.data.copy(), requires_grad=True) for name, p in found.items()}
    others = [theirs(name, x, weight_decay=0.2 if x.ndim >= 2 else 0.0) for name, x in tensors.items()]
    optimizer = ours(found.items(), ours.Config(weight_decay=0.2, **options))
    for step in range(STEPS):
        lr = 1e-3 * (step + 1)
        grads = {name: np.asarray(rng.normal(size=p.shape), dtype) for name, p in found.items()}
        for (name, x), other in zip(tensors.items(), others, strict=True):
            x.grad = torch.tensor(grads[name])
            other.param_groups[0]["lr"] = lr
            other.step()
        with contextlib.nullcontext() if compiled else kernels.without_numba():
            optimizer.step({p: grads[name] for name, p in found.items()}, lr=lr)
    for name, p in found.items():
        expected = tensors[name].detach().numpy()
        assert p.data.dtype == dtype
        np.testing.assert_allclose(p.data, expected, rtol=0, atol=BOUNDS[dtype] * abs(expected).max(), err_msg=name)
