"""To learn of a model some of the weights it has: the biases, the last layer, or all."""

from dataclasses import dataclass

from tinyllm.config import Config, option
from tinyllm.errors import UsageError
from tinyllm.finetune.method import HEAD, Method, has_head, learnable, nothing_put


@dataclass(frozen=True)
class BitFitConfig(Config):
    """Only the biases are learned (Ben Zaken et al. 2021): there is nothing to choose."""

    title = "método"


def biases(model, config):
    """The names of the biases. Raises UsageError for a model without any."""
    names = {name for name in learnable(model) if name.rpartition(".")[2] == "bias"}
    if not any(not name.startswith(HEAD) for name in names):
        raise UsageError(f"a {type(model).__name__} has no biases to learn; choose another method, such as lora")
    return names


@dataclass(frozen=True)
class HeadConfig(Config):
    """Only what stands behind the last block is learned; of a classifier, only its head."""

    title = "método"
    blocks: int = option(0, "quantos dos últimos blocos aprendem também", at_least=0)


def last(model, config):
    """The names of what stands behind the last block, and of so many of the last blocks.

    Raises UsageError for more blocks than there are.
    """
    path, blocks = [(f"{path}.blocks".lstrip("."), module.blocks)
                    for path, module in model.named_modules() if "blocks" in vars(module)][-1]  # fmt: skip
    if config.blocks > len(blocks):
        raise UsageError(f"blocks={config.blocks} are more than the {len(blocks)} there are; take fewer")
    names = learnable(model)
    end = max(i for i, name in enumerate(names) if name.startswith(f"{path}."))
    behind, chosen = names[end + 1 :], range(len(blocks) - config.blocks, len(blocks))
    if has_head(model) and not config.blocks:
        behind = [name for name in behind if name.startswith(HEAD)]
    return {*behind, *(name for i in chosen for name in names if name.startswith(f"{path}.{i}."))}


@dataclass(frozen=True)
class FullConfig(Config):
    """All that the model has is learned: there is nothing to choose."""

    title = "método"


def everything(model, config):
    """The names of all of its Parameters."""
    return set(learnable(model))


BITFIT = Method(BitFitConfig, nothing_put, biases, pace=4.0)
HEAD_ONLY = Method(HeadConfig, nothing_put, last, pace=4.0)
FULL = Method(FullConfig, nothing_put, everything, pace=0.25)
