"""PyTorch's side of the races, as a good program of it is: fused attention, fused AdamW, as many threads.

The allocator is as it comes. Given the setting of `keep_freed_memory`, PyTorch gains 7 to 10 % on the larger cases."""

import time

import numpy as np
import torch
from torch import nn

from tinyllm.bench import training
from tinyllm.models import gpt
from tinyllm.nn.module import weights
from tinyllm.train.loop import make_optimizer


class Block(nn.Module):
    """(B, T, C) -> (B, T, C), as `tinyllm.models.gpt.Block`."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = (part.view(B, T, self.heads, -1).transpose(1, 2) for part in self.qkv(self.norm1(x)).split(C, dim=2))
        y = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(y.transpose(1, 2).reshape(B, T, C))
        return x + self.down(nn.functional.gelu(self.up(self.norm2(x))))


class GPT(nn.Module):
    """(B, T) ids -> (B, T, V), as `tinyllm.models.gpt.GPT`, with its head tied to the embedding."""

    def __init__(self, config):
        super().__init__()
        self.tokens = nn.Embedding(config.vocab_size, config.width)
        self.positions = nn.Embedding(config.context, config.width)
        self.blocks = nn.ModuleList([Block(config.width, config.heads) for _ in range(config.layers)])
        self.norm = nn.LayerNorm(config.width)

    def forward(self, ids):
        x = self.tokens(ids) + self.positions.weight[: ids.shape[1]]
        for block in self.blocks:
            x = block(x)
        return nn.functional.linear(self.norm(x), self.tokens.weight)

    def loss(self, ids, targets):
        return nn.functional.cross_entropy(self(ids).flatten(0, 1), targets.flatten())


def copy_weights(ours, theirs):
    """Give a GPT of this file the weights of one of ours."""
    arrays = {name_in_torch(name): array for name, array in weights(ours).items()}
    with torch.no_grad():
        for name, parameter in theirs.named_parameters():
            array = arrays[name]
            parameter.copy_(torch.from_numpy(np.ascontiguousarray(array.T if is_turned(name) else array)))


def name_in_torch(name):
    return name.replace("attention.", "").replace("feed_forward.", "")


def is_turned(name):
    """Linear weights are (n_in, n_out) in tinyllm and (n_out, n_in) in PyTorch."""
    return any(part in name for part in ("qkv.weight", "out.weight", "up.weight", "down.weight"))


class Training:
    """The other side of `training.Training`: the same weights, batches, clipping and updates."""

    def __init__(self, case, workers, steps, compiled=False):
        torch.set_num_threads(workers)
        config, batch = training.CASES[case]
        self.model = GPT(config)
        copy_weights(gpt.GPT(config, rng=np.random.default_rng(0)), self.model)
        self.loss = torch.compile(self.model.loss) if compiled else self.model.loss
        self.batches = iter([tuple(map(torch.tensor, pair)) for pair in training.make_batches(config, batch, steps)])
        ours = make_optimizer(gpt.GPT(config, rng=np.random.default_rng(0)), training.TRAINING)
        groups = [{"params": [p for p in self.model.parameters() if p.ndim >= 2], "weight_decay": ours.decay},
                  {"params": [p for p in self.model.parameters() if p.ndim < 2], "weight_decay": 0.0}]  # fmt: skip
        self.optimizer = torch.optim.AdamW(
            groups, lr=training.TRAINING.learning_rate, betas=ours.betas, eps=ours.eps, fused=True
        )

    def step(self):
        began = time.perf_counter()
        loss = self.loss(*next(self.batches))
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), training.TRAINING.clip)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        value = loss.item()
        return {"seconds": time.perf_counter() - began, "loss": value}


make = Training
