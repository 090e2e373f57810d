"""What a rank is said to hold and to exchange is what it holds and exchanges."""

import collections
import re

import numpy as np
import pytest
from parallel.cut_models import MODELS, ROWS, batch_of, model_of, weigh

from tinyllm.memory import estimate
from tinyllm.models import catalog
from tinyllm.models.gpt import GPTConfig
from tinyllm.nn.module import weights
from tinyllm.nn.outline import in_outline
from tinyllm.optim.adamw import AdamW
from tinyllm.parallel.accounts import Exchanged, exchanged, held_numbers
from tinyllm.parallel.arrange import arrange
from tinyllm.parallel.comm import run_ranks
from tinyllm.parallel.layout import Place, parse_layout
from tinyllm.show.ranks import announce_ranks
from tinyllm.train.loop import TrainConfig, train
from tinyllm.train.tasks import Language

LAYOUTS = ["tp=2", "pp=2", "tp=2,pp=2", "tp=2,pp=4", "dp=2,pp=3"]


def outline_of(name):
    kind, config = MODELS[name]
    with in_outline() as rng:
        return kind(config(), rng=rng)


def fits(name, layout):
    return not ((name == "lstm" and layout.tp > 1) or (name == "t5" and layout.pp > 1))


@pytest.mark.parametrize("text", LAYOUTS)
@pytest.mark.parametrize("name", MODELS)
def test_what_a_rank_holds(name, text):
    layout = parse_layout(text)

    def work(comm):
        model, _ = arrange(model_of(name), layout, comm)
        return sum(array.size for array in weights(model).values())

    if fits(name, layout):
        expected = [held_numbers(outline_of(name), layout, layout.of_rank(rank)) for rank in range(layout.ranks)]
        assert run_ranks(layout.ranks, work) == expected


def test_a_block_of_a_gpt():
    C, config = 16, {"vocab_size": 12, "context": 6, "heads": 4, "width": 16}
    with in_outline() as rng:
        small, large = (catalog.new_model(GPTConfig(**config, layers=n), rng=rng) for n in (1, 2))
    for tp in (1, 2, 4):
        layout = parse_layout(f"tp={tp}")
        found = [held_numbers(model, layout, Place(0, 0, 0)) for model in (small, large)]
        assert found[1] - found[0] == (12 * C * C + 7 * C) // tp + 6 * C


class Counting:
    """A Comm that counts the bytes it is given by each of its methods."""

    def __init__(self, comm):
        self.comm, self.bytes = comm, collections.Counter()

    def __getattr__(self, name):
        method = getattr(self.comm, name)
        if name == "split":
            return lambda color: Counting(method(color))
        if not callable(method):
            return method

        def counted(*arguments, **options):
            self.bytes[name] += sum(a.nbytes for a in arguments if isinstance(a, np.ndarray) and a.ndim)
            return method(*arguments, **options)

        return counted


@pytest.mark.parametrize("text", LAYOUTS)
@pytest.mark.parametrize("name", [name for name in MODELS if name != "t5"])
def test_what_a_rank_exchanges_in_a_step(name, text):
    layout = parse_layout(text)

    def work(comm):
        model, ranks = arrange(model_of(name), layout, Counting(comm))
        slices, stages = ranks.groups.slices.bytes, ranks.groups.stages.bytes
        slices.clear()  # of what finds out which weights are used where
        config = TrainConfig(steps=1)
        batch = tuple(np.concatenate([array] * layout.dp) for array in batch_of(name, seed=1))
        list(train(model, [batch], AdamW(model.named_parameters()), config=config, weigh=weigh, ranks=ranks))
        tied = ranks.pipeline.ends.bytes["all_reduce"] if ranks.pipeline else 0
        return Exchanged(slices["all_reduce"], slices["all_gather"], stages["send"], tied)

    if fits(name, layout):
        outline = outline_of(name)
        expected = [exchanged(outline, layout, layout.of_rank(r), ROWS, itemsize=8) for r in range(layout.ranks)]
        assert run_ranks(layout.ranks, work) == expected


@pytest.mark.parametrize(
    ("text", "share", "kinds"),
    [
        ("dp=2", 1, ["gradientes"]), ("dp=2,zero=3", 1, ["gradientes"]), ("tp=2", 0.6, ["ativações"]),
        ("dp=2,pp=2", 0.7, ["gradientes", "ativações"]),
    ],
)  # fmt: skip
def test_what_is_said_of_the_ranks(text, share, kinds, capsys):
    config, training = GPTConfig(vocab_size=512, context=128, width=128, layers=2, heads=4), TrainConfig(batch=4)
    announce_ranks(Language(), config, training, parse_layout(text))
    told = capsys.readouterr().err
    found = re.search(r"mais cheio calcula com (\S+) dos (\S+) parâmetros", told)
    held, whole = (int(number.replace(".", "")) for number in found.groups())
    assert whole == estimate.parameters(config) and (held == whole if share == 1 else whole / 2 < held < share * whole)
    assert re.findall(r"MB de (\w+)", told) == kinds
