"""AdamW: steps sized by the history of each weight's gradient, and weights that decay (Loshchilov & Hutter 2019)."""

import numpy as np

from tinyllm.backend import TwinnedFunction, array_module, beside, kernel, pieces
from tinyllm.errors import UsageError


class AdamW:
    """Update parameters from gradients. Matrices decay; vectors (biases, norms) do not.

    `named_parameters`: pairs of name and Parameter. Its state is `m` and `v`, {name: array}, and `steps`.
    """

    def __init__(self, named_parameters, *, betas=(0.9, 0.99), eps=1e-8, decay=0.1):
        self.parameters = dict(named_parameters)
        self.betas, self.eps, self.decay, self.steps = betas, eps, decay, 0
        self.m = {name: array_module(p.data).zeros_like(p.data) for name, p in self.parameters.items()}
        self.v = {name: array_module(p.data).zeros_like(p.data) for name, p in self.parameters.items()}

    def step(self, grads, *, lr, map=map):
        """Move every parameter that has a gradient in {Parameter: array} by about `lr`, in place. `map` may share out
        the work: no piece of it looks at another."""
        self.steps += 1

        def update(task):
            decay, *arrays = task
            adamw_update(*arrays, lr=lr, betas=self.betas, eps=self.eps, decay=decay, step=self.steps)

        list(map(update, [
            (self.decay if p.ndim >= 2 else 0.0, *(a[piece] for a in (p.data, grads[p], self.m[name], self.v[name])))
            for name, p in self.parameters.items() if p in grads
            for piece in pieces(p.data)
        ]))  # fmt: skip

    def state(self):
        """{"m.blocks.0...": array, "v.…": array}: the arrays themselves, not copies."""
        return {f"{kind}.{name}": a for kind, part in (("m", self.m), ("v", self.v)) for name, a in part.items()}

    def load_state(self, arrays, *, steps):
        """Copy arrays made by `state` into this optimiser. Raises UsageError if they do not fit."""
        mine = self.state()
        if mine.keys() != arrays.keys() or any(mine[name].shape != arrays[name].shape for name in mine):
            raise UsageError(
                "the optimiser's state does not fit this model's parameters; was it saved by another model?"
            )
        for name, array in arrays.items():
            mine[name][...] = beside(array, mine[name])
        self.steps = steps


@TwinnedFunction
def adamw_update(p, g, m, v, *, lr, betas, eps, decay, step):
    """Update p, m and v (all of one shape) in place, given the gradient g and the number of this step, from 1."""
    b1, b2 = betas
    m += (1 - b1) * (g - m)
    v += (1 - b2) * (g * g - v)
    p *= 1 - lr * decay
    p -= (lr / (1 - b1**step)) * m / ((v / (1 - b2**step)) ** 0.5 + eps)


@adamw_update.compiled
def adamw_update_compiled(p, g, m, v, *, lr, betas, eps, decay, step):
    if not all(a.flags.c_contiguous for a in (p, m, v)):  # a flat view of them would be a copy
        return adamw_update.meaning(p, g, m, v, lr=lr, betas=betas, eps=eps, decay=decay, step=step)
    b1, b2 = betas
    scalars = (1 - b1, 1 - b2, 1 - lr * decay, lr / (1 - b1**step), 1 / (1 - b2**step), eps)
    adamw_loop(*(a.reshape(-1) for a in (p, g, m, v)), *scalars)


@kernel
def adamw_loop(p, g, m, v, new1, new2, kept, lr, unbias, eps):
    new1, new2, kept = np.float32(new1), np.float32(new2), np.float32(kept)
    lr, unbias, eps = np.float32(lr), np.float32(unbias), np.float32(eps)
    for i in range(p.size):
        m[i] += new1 * (g[i] - m[i])
        v[i] += new2 * (g[i] * g[i] - v[i])
        p[i] = p[i] * kept - lr * m[i] / (np.sqrt(v[i] * unbias) + eps)
