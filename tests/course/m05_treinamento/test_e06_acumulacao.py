"""m05.e06: a batch in pieces that hold no more than they must, and the gradient of all of it from theirs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.course.judge import shapes
from tinyllm.parallel.workers import Workers
from tinyllm.tensor import Tensor, backward

rng = np.random.default_rng(0)


def texts(lengths, width, draw=rng, holes=0.2):
    """ids and targets of so many rows, each with so many tokens, some of which are not learned."""
    ids = draw.integers(0, 9, size=(len(lengths), width))
    targets = draw.integers(0, 9, size=ids.shape)
    unlearned = (np.arange(width) >= np.array(lengths)[:, None]) | (draw.random(ids.shape) < holes)
    return ids, np.where(unlearned, -1, targets)


# ----------------------------------------------------------------------------------------------------------------- cut


def cut(judge, ids, targets, rows, what=""):
    return judge.same("cut", ids, targets, rows, case=f"ids {shapes(ids)}, rows={rows}{what}")


@pytest.mark.parametrize("rows", [1, 2, 3, 5, 9])
@pytest.mark.parametrize("lengths", [[7, 2, 4, 1, 3], [1, 1, 6], [3, 5, 5, 2, 2, 8, 1]], ids=str)
def test_cut(judge, lengths, rows):
    for holes in (0, 0.4):
        cut(judge, *texts(lengths, 8, holes=holes), rows, f", textos de {lengths} tokens")


def test_a_piece_without_a_target(judge):
    ids, targets = texts([4, 5, 3, 3, 6, 2], 6, holes=0)
    targets[2:4] = -1
    cut(judge, ids, targets, 2, ", nada a aprender nas linhas 2 e 3")


def test_what_is_learned_stands_at_the_end(judge):
    """As when an answer is learned and its question is not; and a target 0 is a target."""
    ids, targets = texts([6, 6, 6], 6, holes=0)
    targets[:, :3] = -1
    targets[0, 5] = 0
    targets[1:, 5] = -1
    cut(judge, ids, targets, 2, ", alvos só no fim")


def test_cut_of_any_batch(judge):
    @given(st.lists(st.integers(0, 6), min_size=1, max_size=8), st.integers(1, 9), st.integers(0, 99))
    def agrees(lengths, rows, seed):
        ids, targets = texts(lengths, 6, np.random.default_rng(seed))
        cut(judge, np.asfortranarray(ids), targets, rows, f", textos de {lengths} tokens")

    agrees()


def test_cut_by_hand(judge):
    targets = np.array([[5, 7, -1, -1], [6, -1, -1, -1], [8, -1, 9, -1]])
    found = cut(judge, np.abs(targets), targets, 2)
    judge.that([t.tolist() for _, t in found] == [[[5, 7], [6, -1]], [[8, -1, 9]]], "cut", "o exemplo",
               "deveria dar [[5 7] [6 -1]] e [[8 -1 9]]")  # fmt: skip


# ---------------------------------------------------------------------------------------------------------- accumulate


def parts_of(lengths, rows, draw=rng, holes=0.2, weighted=False):
    """A batch in pieces of so many rows, with the weight of each position: 0 where nothing is learned."""
    ids, targets = texts(lengths, max(lengths), draw, holes)
    weights = (targets >= 0).astype(np.float64)
    weights *= draw.uniform(0.5, 3, size=weights.shape) if weighted else 1
    return [tuple(array[start : start + rows] for array in (ids, targets, weights))
            for start in range(0, len(ids), rows)]  # fmt: skip


def accumulate(judge, parts, dtype=np.float64, draw=rng, what=""):
    table = draw.normal(size=(9, 9)).astype(dtype)
    weights = [round(float(part[2].sum()), 2) for part in parts]
    case = f"pedaços de {[len(part[0]) for part in parts]} linhas, que pesam {weights}, modelo {dtype.__name__}{what}"
    return judge.same("accumulate", table, parts, case=case, through=judge.support.accumulated), table


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("lengths", "rows"), [([7, 2, 4, 1, 3], 2), ([5, 5, 5, 5], 1), ([2, 6], 5), ([9, 1, 1], 1)])
def test_accumulate(judge, lengths, rows, weighted, dtype):
    accumulate(judge, parts_of(lengths, rows, weighted=weighted), dtype)


def test_a_part_that_weighs_nothing(judge):
    parts = parts_of([4, 5, 3], 1)
    for empty in range(3):
        some = [(i, t, w * (place != empty)) for place, (i, t, w) in enumerate(parts)]
        accumulate(judge, some, what=f"; o pedaço {empty} não tem o que aprender")


def test_parts_of_different_widths(judge):
    """As they are when what nobody learns is cut off. The last has fewer rows too: by rows, by numbers, and each part
    alike are then three different ways to be wrong."""
    whole = parts_of([8] * 5, 2)
    parts = [tuple(array[:, :width] for array in part) for width, part in zip((8, 3, 5), whole, strict=True)]
    accumulate(judge, parts, what="; de 8, 3 e 5 colunas")


def test_a_parameter_that_some_parts_do_not_meet(judge):
    parts = [(np.maximum(i, 1), t, w) for i, t, w in parts_of([4, 5, 3, 6], 1, holes=0)]
    for meets in range(4):
        some = [(np.where(i == 1, place != meets, i), t, w) for place, (i, t, w) in enumerate(parts)]
        accumulate(judge, some, what=f"; o token raro só está no pedaço {meets}")


def test_small_and_large_weights(judge):
    parts = [(i, t, w * 10.0 ** (4 * place - 4)) for place, (i, t, w) in enumerate(parts_of([4, 5, 3], 1))]
    accumulate(judge, parts)
    accumulate(judge, parts, np.float32)


def test_it_is_what_the_whole_batch_gives(judge):
    """However it is cut: that is what accumulating is for."""

    @given(st.lists(st.integers(1, 6), min_size=2, max_size=6), st.integers(1, 6), st.booleans(), st.integers(0, 99))
    def agrees(lengths, rows, weighted, seed):
        draw = np.random.default_rng(seed)
        parts = parts_of(lengths, rows, draw, holes=0, weighted=weighted)
        found, table = accumulate(judge, parts, draw=draw)
        model = judge.support.Table(table, [])
        whole = model.loss(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))
        due, gradients = {"perda": whole.item()}, backward(whole)
        due |= {name: gradients[p] for name, p in model.leaves.items() if p in gradients}
        mine = {"perda": found.perda, **found.gradientes}
        same = due.keys() == mine.keys() and all(np.allclose(mine[name], due[name], atol=1e-9) for name in due)
        case = f"textos de {lengths} tokens, {rows} linhas por pedaço"
        judge.that(same, "accumulate", case, "difere do lote inteiro")

    agrees()


def test_the_library_sums_the_same(judge):
    """Its workers take the shares of a batch as the parts are taken here."""
    parts = parts_of([7, 2, 4, 1], 2, holes=0)
    found, table = accumulate(judge, parts)
    model = judge.support.Table(table, [])
    with Workers(2) as workers:
        mean, gradients = workers.gradients(
            model.loss, [np.concatenate(arrays) for arrays in zip(*parts, strict=True)], weigh=judge.support.weight_of
        )
    same = [np.allclose(found.gradientes[name], gradients[p]) for name, p in model.leaves.items() if p in gradients]
    judge.that(abs(found.perda - float(mean)) < 1e-6 and all(same), "accumulate", "dois pedaços de 2 linhas",
               "difere do que somam duas threads da biblioteca")  # fmt: skip


def test_accumulate_by_hand(judge):
    """The example: a row each, of as many targets as the part weighs, and losses that are what they are called."""
    weight = Tensor(np.ones(()), requires_grad=True)
    parts = [(np.full((1, count), loss), np.ones((1, count), int), np.ones((1, count)))
             for loss, count in [(2.0, 3), (6.0, 1)]]  # fmt: skip
    mean, gradients = judge.outcome(
        lambda piece: piece(lambda losses, *_: weight * losses.mean(), judge.support.weight_of, parts),
        judge.answer.accumulate, (),
    )  # fmt: skip
    judge.that(abs(mean - 3) < 1e-9 and abs(float(gradients[weight]) - 3) < 1e-9, "accumulate", "o exemplo",
               f"a perda deu {mean:g}; deveria dar 3")  # fmt: skip


@pytest.mark.parametrize("name", ["cut", "accumulate"])
def test_time_and_memory(judge, name):
    judge.fast(name)
