"""m05.e05: the steps of a training in their order, a validation that changes nothing, and an end in time."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinyllm.functional as F
from tinyllm.nn.module import Module, Parameter
from tinyllm.optim.sgd import SGD, SGDConfig
from tinyllm.tensor import Tensor
from tinyllm.train.loop import TrainConfig
from tinyllm.train.loop import train as library_train

rng = np.random.default_rng(0)


class LibraryLine(Module):
    """The same line as the support file's, made of what the library trains."""

    def __init__(self, weight):
        self.weight = Parameter(weight.copy())

    def loss(self, x, y):
        apart = F.dropout(Tensor(x), rate=0.25) @ self.weight - y
        return (apart * apart).mean()


def rows(*counts, draw=rng):
    """Batches of so many rows each."""
    return [(draw.normal(size=(n, 3)), draw.normal(size=(n, 2))) for n in counts]


# --------------------------------------------------------------------------------------------------------------- train


def train(judge, counts, steps, start=0, asked=99, draw=rng):
    case = f"steps={steps}, start={start}, lotes de {counts} linhas, pedidos {min(asked, steps - start)} relatórios"
    weight = draw.normal(size=(3, 2))
    return judge.same("train", weight, rows(*counts, draw=draw), steps, start, asked, case=case,
                      through=judge.support.trained)  # fmt: skip


@pytest.mark.parametrize(("steps", "start", "asked"), [(4, 0, 99), (5, 2, 99), (6, 0, 3), (3, 0, 1), (2, 2, 9)])
def test_train(judge, steps, start, asked):
    train(judge, [4, 2, 5, 3, 4, 2, 3], steps, start, asked)


def test_the_batches_end_before_the_steps(judge):
    found = train(judge, [4, 2, 5], 9, 1)
    judge.that(len(found.relatorios) == 3, "train", "3 lotes para 8 passos", "deveria acabar com os lotes")


def test_nothing_happens_until_a_report_is_asked_for(judge):
    found = train(judge, [4, 2, 5], 3, asked=0)
    judge.that(found.acontecimentos[0] == "o gerador está feito", "train", "nenhum relatório pedido",
               f"aconteceu {found.acontecimentos[0]!r} antes de alguém pedir o primeiro")  # fmt: skip


def test_any_training(judge):
    @given(st.integers(0, 5), st.integers(0, 3), st.integers(0, 6), st.integers(0, 6), st.integers(0, 99))
    def agrees(steps, start, count, asked, seed):
        draw = np.random.default_rng(seed)
        train(judge, draw.integers(1, 6, size=count).tolist(), steps, start, asked, draw)

    agrees()


def test_a_line_is_learned(judge):
    """Over five seeds, but for what dropout shrinks."""
    for seed in range(5):
        draw = np.random.default_rng(seed)
        true, events = draw.normal(size=(3, 2)), []
        batches = ((x, x @ true) for x in (draw.normal(size=(64, 3)) for _ in range(150)))
        model = judge.support.Line(np.zeros((3, 2)), events)
        optimizer = judge.support.Descent(model)
        made = judge.outcome(
            lambda piece: list(piece(model, batches, optimizer, steps=150, rate=lambda step: 0.1)),  # noqa: B023
            judge.answer.train, (),
        )  # fmt: skip
        left = float(np.abs(model.weight.data - true).max() / np.abs(true).max())
        judge.that(len(made) == 150 and left < 0.5, "train", f"uma reta a aprender, semente {seed}",
                   f"dos pesos certos falta ainda {left:.0%}")  # fmt: skip


def test_the_library_takes_the_same_steps(judge):
    """In one thread, with a rate that does not change and a gradient that is not cut."""
    weight, batches = rng.normal(size=(3, 2)), rows(4, 2, 5, 3)
    config = TrainConfig(
        steps=4, learning_rate=0.05, warmup=0, schedule="constant", clip=1e9, workers=1, seed=3, batch=1
    )
    line = judge.support.Line(weight, [])
    judge.outcome(
        lambda piece: list(piece(line, batches, judge.support.Descent(line), steps=4, rate=lambda _: 0.05, seed=3)),
        judge.answer.train, (),
    )  # fmt: skip
    theirs = LibraryLine(weight)
    optimizer = SGD(theirs.named_parameters(), SGDConfig(momentum=0.0, nesterov=False))
    list(library_train(theirs, batches, optimizer, config=config))
    same = np.allclose(line.weight.data, theirs.weight.data, rtol=1e-5, atol=1e-8)
    judge.that(same, "train", "quatro passos de uma camada linear", "os pesos diferem dos do laço da biblioteca")


# ------------------------------------------------------------------------------------------------------------- measure


def measure(judge, *counts, size=1.0, draw=rng):
    weight = size * draw.normal(size=(3, 2))
    return judge.same("measure", weight, rows(*counts, draw=draw), case=f"lotes de {list(counts)} linhas",
                      through=judge.support.measured)  # fmt: skip


@pytest.mark.parametrize("counts", [(3, 1), (4, 4, 2), (5,), (1, 1, 7, 2)], ids=str)
def test_measure(judge, counts):
    measure(judge, *counts)


def test_measure_counts_the_rows_of_the_first_array(judge):
    """Here one target stands for all rows of its batch."""
    batches = [(x, y[:1]) for x, y in rows(4, 1, 3)]
    judge.same("measure", rng.normal(size=(3, 2)), batches, through=judge.support.measured,
               case="lotes de 4, 1 e 3 linhas, com um só alvo cada um")  # fmt: skip


def test_measure_of_any_batches(judge):
    @given(st.lists(st.integers(1, 6), min_size=1, max_size=5), st.sampled_from([1e-4, 1.0, 1e4]), st.integers(0, 99))
    def agrees(counts, size, seed):
        measure(judge, *counts, size=size, draw=np.random.default_rng(seed))

    agrees()


def test_measure_is_the_loss_of_all_rows_at_once(judge):
    weight, batches = rng.normal(size=(3, 2)), rows(4, 1, 3)
    parts = judge.same("measure", weight, batches, case="lotes de 4, 1 e 3 linhas", through=judge.support.measured)
    whole = [tuple(np.concatenate(arrays) for arrays in zip(*batches, strict=True))]
    at_once = judge.same("measure", weight, whole, case="as mesmas 8 linhas", through=judge.support.measured)
    judge.that(math.isclose(parts.valor, at_once.valor, rel_tol=1e-9), "measure", "8 linhas, num lote e em três",
               f"deu {at_once.valor:.6g} e {parts.valor:.6g}")  # fmt: skip


# ------------------------------------------------------------------------------------------------------------- watched


def watch(judge, validations, *, steps=40, first=1, every=1, patience=2):
    case = f"every={every}, patience={patience}, validações {validations}, a partir do passo {first}"
    return judge.same("watched", validations, steps, first, every, patience, case=case, through=judge.support.followed)


@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.parametrize("patience", [1, 2, 3])
@pytest.mark.parametrize("validations", [
    [5.0, 4.0, 4.5, 3.0, 3.5, 3.0, 4.0, 3.5],  # the example, and what tells apart those who go on after its end
    [3.0, 4.0, 5.0], [5.0, 4.0, 4.5, 4.4, 4.3, 4.2], [2.0, 2.0, 2.0], [1.0],
    [5.0, math.nan, 4.0, math.nan, 3.0, 2.0, 2.5], [4.0, 5.0, 3.0, 5.0, 2.0, 5.0, 1.0],
], ids=str)  # fmt: skip
def test_watched(judge, validations, every, patience):
    watch(judge, validations, every=every, patience=patience)


def test_the_first_measure_is_nan(judge):
    watch(judge, [math.nan, math.nan, 2.0, 1.0], patience=3)


def test_a_later_measure_is_nan(judge):
    watch(judge, [5.0, math.nan, 4.0, 4.5, 4.2, 3.0], patience=4)


def test_watched_goes_on_from_a_later_step(judge):
    watch(judge, [3.0, 2.0, 4.0, 5.0], first=43, every=4)


def test_watched_ends_with_the_steps(judge):
    found = watch(judge, [3.0, 2.0], steps=7, every=3)
    judge.that(len(found.relatorios) == 7, "watched", "7 passos e nada que pare", "deveria entregar os 7")


def test_watched_of_any_losses(judge):
    few = st.integers(1, 4)

    @given(st.lists(st.sampled_from([1.0, 2.0, 3.0, math.nan]), min_size=1, max_size=8), few, few, st.integers(0, 20))
    def agrees(validations, every, patience, steps):
        watch(judge, validations, steps=steps, every=every, patience=patience)

    agrees()


def test_watched_by_hand(judge):
    found = watch(judge, [5.0, 4.0, 4.5, 3.0, 3.5, 3.0])
    judge.that(len(found.relatorios) == 6, "watched", "o exemplo", "deveria acabar na sexta medida")


@pytest.mark.parametrize("name", ["train", "measure", "watched"])
def test_time_and_memory(judge, name):
    judge.fast(name)
