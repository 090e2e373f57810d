"""PyTorch's side of `tinyllm bench kernels`: the same operations on the same arrays, forward and back, on one core."""

import numpy as np
import torch

from tinyllm.bench.kernels import ADAFACTOR, ADAMW, KERNELS, LION, MUON, SGD, make_arrays, time_calls

functions = torch.nn.functional


def rotary(x, cos, sin):
    a, b = x.chunk(2, dim=-1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1)


def distillation(logits, teacher, temperature):
    student, teacher = (functions.log_softmax(x / temperature, dim=-1) for x in (logits, teacher.detach()))
    return temperature**2 * functions.kl_div(student, teacher, reduction="batchmean", log_target=True)


def linear_distillation(hidden, weight, targets, ids, teacher, temperature, mixture):
    logits = hidden @ weight
    soft = logits / temperature
    others = torch.logsumexp(soft.scatter(-1, ids, -torch.inf), dim=-1, keepdim=True)
    apart = distillation(torch.cat([soft.gather(-1, ids), others], dim=-1), teacher, 1.0) * temperature**2
    return (1 - mixture) * functions.cross_entropy(logits, targets) + mixture * apart


OPERATIONS = {
    "gelu": functions.gelu,
    "swiglu": lambda gate, x: functions.silu(gate) * x,
    "layer_norm": lambda x, weight, bias: functions.layer_norm(x, weight.shape, weight, bias),
    "rms_norm": lambda x, weight: functions.rms_norm(x, weight.shape, weight),
    "rotary": rotary,
    "dropout": lambda x, rate: functions.dropout(x, rate),
    "attention": lambda q, k, v, causal: functions.scaled_dot_product_attention(q, k, v, is_causal=causal),
    "attention-1024": lambda q, k, v, causal: functions.scaled_dot_product_attention(q, k, v, is_causal=causal),
    "embedding": functions.embedding,
    "cross_entropy": functions.cross_entropy,
    "distillation": distillation,
    "linear_distillation": linear_distillation,
    "linear_cross_entropy": lambda hidden, weight, targets: functions.cross_entropy(hidden @ weight, targets),
}


class Lion(torch.optim.Optimizer):
    """PyTorch has none: the rule, operation by operation."""

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                sign = m.lerp(p.grad, 1 - group["beta1"]).sign_()
                m.lerp_(p.grad, 1 - group["beta2"])
                p.mul_(1 - group["lr"] * group["decay"]).add_(sign, alpha=-group["lr"])


OF_ADAM = {
    "lr": ADAMW["lr"], "weight_decay": ADAMW["decay"], "eps": ADAMW["eps"], "betas": (ADAMW["beta1"], ADAMW["beta2"]),
    "fused": True,
}  # fmt: skip
OF_SGD = {"lr": SGD["lr"], "weight_decay": SGD["decay"], "momentum": SGD["momentum"], "fused": True}
OPTIMIZERS = {  # the same rules, and what they are called with
    "adamw": (torch.optim.AdamW, OF_ADAM),
    "adamw8bit": (torch.optim.AdamW, OF_ADAM),  # it has none in 8 bits
    "adam": (torch.optim.Adam, OF_ADAM),
    "adafactor": (
        torch.optim.Adafactor,
        {
            "lr": ADAFACTOR["lr"],
            "weight_decay": ADAFACTOR["decay"],
            "beta2_decay": -ADAFACTOR["growth"],
            "foreach": True,
        },
    ),
    "muon": (torch.optim.Muon, {"lr": MUON["lr"], "weight_decay": MUON["decay"], "momentum": MUON["momentum"]}),
    "lion": (lambda parameters, **options: Lion(parameters, options), LION),
    "sgd": (torch.optim.SGD, {**OF_SGD, "nesterov": True}),
    "sgd-momentum": (torch.optim.SGD, OF_SGD),
}


class KernelSide:
    """`step()` gives the seconds of one call, as `kernels.KernelSide` does."""

    def __init__(self, name):
        torch.set_num_threads(1)
        self.call = self.prepare(name, KERNELS[name])

    def prepare(self, name, kernel):
        arrays = [torch.from_numpy(array) for array in make_arrays(kernel)]
        if name in OPTIMIZERS:
            parameter = arrays[0].requires_grad_()
            parameter.grad = arrays[1]
            kind, options = OPTIMIZERS[name]
            return kind([parameter], **options).step
        inputs = [array.requires_grad_() if array.is_floating_point() else array for array in arrays]
        options = {
            name: torch.from_numpy(value) if isinstance(value, np.ndarray) else value
            for name, value in kernel.options.items()
        }
        operation = OPERATIONS[name]
        ones = torch.ones_like(operation(*inputs, **options))

        def call():
            for x in inputs:
                x.grad = None
            operation(*inputs, **options).backward(ones)

        return call

    def step(self):
        return time_calls(self.call)


make = KernelSide
