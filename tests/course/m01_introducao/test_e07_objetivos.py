"""m01.e07: what GPT, BERT and T5 see and predict, as examples of training."""

import numpy as np
import pytest

rng = np.random.default_rng(0)
MASK, IGNORED = 3, -100


# ------------------------------------------------------------------------------------------------------------------ GPT


@pytest.mark.parametrize("length", [2, 3, 7, 40])
def test_causal_example(judge, length):
    judge.same("causal_example", rng.integers(50_000, size=length), case=f"um texto de {length} tokens")


def test_causal_example_by_hand(judge):
    inputs, targets, visible = judge.same("causal_example", np.array([7, 8, 9]), case="[7, 8, 9]")
    judge.that(list(inputs) == [7, 8] and list(targets) == [8, 9], "causal_example", "[7, 8, 9]",
               "as entradas deveriam ser [7, 8] e os alvos [8, 9]")  # fmt: skip
    judge.that(np.array_equal(visible, [[True, False], [True, True]]), "causal_example", "[7, 8, 9]",
               "a posição 0 só vê a si mesma; a posição 1 vê as duas")  # fmt: skip


def test_causal_example_of_another_layout(judge):
    judge.same("causal_example", rng.integers(99, size=12)[::-2], case="um array que não é contíguo")


# ----------------------------------------------------------------------------------------------------------------- BERT


def text(length):
    """(ids, chosen, draws, random_ids, mask_id): a text to hide tokens of, one in three."""
    ids, random_ids = rng.integers(10, 50_000, size=(2, length))
    return ids, rng.random(length) < 1 / 3, rng.random(length), random_ids, MASK


@pytest.mark.parametrize("length", [5, 12, 200])
def test_masked_example(judge, length):
    judge.same("masked_example", *text(length), case=f"um texto de {length} tokens")


def test_masked_example_by_hand(judge):
    arrays = np.array([7, 8]), np.array([True, False]), np.array([0.5, 0.1]), np.array([20, 21])
    inputs, targets, visible = judge.same("masked_example", *arrays, MASK, case="o exemplo, com mask_id 3")
    judge.that(list(inputs) == [3, 8] and list(targets) == [7, IGNORED] and visible.all(), "masked_example",
               "o exemplo, com mask_id 3", "deveria dar [3, 8], [7, -100] e uma máscara toda True")  # fmt: skip


def test_masked_example_at_the_borders(judge):
    draws = np.array([0.0, 0.79, 0.8, 0.85, 0.9, 0.95, 0.3, 0.82])
    ids, random_ids = np.arange(10, 18), np.arange(30, 38)
    everything = np.ones(8, bool)
    judge.same("masked_example", ids, everything, draws, random_ids, MASK, case=f"todos escolhidos, draws {draws}")
    judge.same("masked_example", ids, ~everything, draws, random_ids, MASK, case="nenhum escolhido")


def test_masked_example_of_other_layouts(judge):
    ids, chosen, draws, random_ids, _ = text(30)
    judge.same("masked_example", ids[::-1], chosen[::-1], draws[::-1], random_ids[::-1], MASK,
               case="arrays que não são contíguos")  # fmt: skip


# ------------------------------------------------------------------------------------------------------------------- T5

SENTINELS = np.array([60_002, 60_001, 60_000, 59_999])


@pytest.mark.parametrize(
    "spans",
    [
        [(2, 5), (9, 11), (14, 18)],
        [(4, 5), (6, 7)],
        [(0, 3), (7, 12)],
        [(5, 8), (15, 20)],
        [(3, 19)],
        [],
    ],
)
def test_span_corruption(judge, spans):
    ids = rng.integers(50_000, size=20)
    inputs, targets = judge.same("span_corruption", ids, spans, SENTINELS, case=f"20 tokens, trechos {spans}")
    judge.that(len(inputs) + len(targets) == 20 + 2 * len(spans) + 1, "span_corruption", f"trechos {spans}",
               "cada token deveria estar ou nas entradas ou nos alvos")  # fmt: skip


def test_span_corruption_by_hand(judge):
    inputs, targets = judge.same("span_corruption", np.array([1, 2, 3, 4, 5]), [(1, 3), (4, 5)],
                                 np.array([90, 91, 92]), case="o exemplo")  # fmt: skip
    judge.that(list(inputs) == [1, 90, 4, 91] and list(targets) == [90, 2, 3, 91, 5, 92], "span_corruption",
               "o exemplo", "deveria dar [1, 90, 4, 91] e [90, 2, 3, 91, 5, 92]")  # fmt: skip


def test_span_corruption_of_another_layout(judge):
    judge.same("span_corruption", rng.integers(99, size=40)[::-2], [(1, 4), (11, 13)], SENTINELS[::-1],
               case="arrays que não são contíguos")  # fmt: skip


@pytest.mark.parametrize("name", ["causal_example", "masked_example", "span_corruption"])
def test_time_and_memory(judge, name):
    judge.fast(name)
