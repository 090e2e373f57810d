"""PyTorch's side of the races, as a good program of it is: fused attention, fused AdamW, as many threads.

The allocator is as it comes. Given the setting of `keep_freed_memory`, PyTorch gains 7 to 10 % on the larger cases."""

import time

import torch
from torch import nn

from tinyllm.bench import torch_models, training
from tinyllm.optim.adamw import AdamWConfig


class Training:
    """The other side of `training.Training`: the same weights, batches, clipping and updates."""

    def __init__(self, case, workers, steps, compiled=False):
        torch.set_num_threads(workers)
        model = training.new_model(case)
        self.model = torch_models.copy_of(model)
        self.loss = torch.compile(self.model.loss) if compiled else self.model.loss
        self.batches = iter([tuple(map(torch.tensor, arrays)) for arrays in training.make_batches(case, steps)])
        ours = AdamWConfig()
        groups = [{"params": [p for p in self.model.parameters() if p.ndim >= 2], "weight_decay": ours.weight_decay},
                  {"params": [p for p in self.model.parameters() if p.ndim < 2], "weight_decay": 0.0}]  # fmt: skip
        self.optimizer = torch.optim.AdamW(
            groups, lr=training.TRAINING.learning_rate, betas=(ours.beta1, ours.beta2), eps=ours.eps, fused=True
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
