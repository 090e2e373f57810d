"""m05.e09: how hard a text is, in which rhythm the hard ones join, and what a step reads of those in play."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tinyllm.say import counted

rng = np.random.default_rng(0)

# -------------------------------------------------------------------------------------------------------------- rarity


def sentences(*lengths, vocab_size=11, draw=rng):
    """Texts in which some tokens are far more frequent than others, and the last one never comes."""
    shares = 1.0 / np.arange(1, vocab_size) ** 1.5
    return [draw.choice(vocab_size - 1, size=n, p=shares / shares.sum()) for n in lengths]


def rarity(judge, texts, vocab_size=11, of=""):
    case = f"{counted(len(texts), 'texto')} de {', '.join(str(len(text)) for text in texts)} tokens{of}"
    found = judge.same("rarity", texts, vocab_size, case=case)
    judge.that(np.asarray(found).dtype == np.float64, "rarity", case, "deveria ser um array de float64")
    return found


@pytest.mark.parametrize("lengths", [(4, 7), (3, 5, 12, 2), (30, 1, 9), (6,), (5, 5, 5)])
def test_rarity(judge, lengths):
    rarity(judge, sentences(*lengths))


def test_rarity_of_any_texts(judge):
    @given(st.lists(st.integers(0, 20), min_size=1, max_size=6), st.integers(2, 15), st.integers(0, 99))
    def agrees(lengths, vocab_size, seed):
        assume(sum(lengths))
        rarity(judge, sentences(*lengths, vocab_size=vocab_size, draw=np.random.default_rng(seed)), vocab_size)

    agrees()


def test_an_empty_text(judge):
    found = rarity(judge, sentences(4, 0, 3), of=", um deles vazio")
    judge.that(found[1] == 0, "rarity", "um texto vazio", "deveria dar 0")


def test_ids_of_other_kinds(judge):
    texts = [text.astype(np.uint16) for text in sentences(9, 5)]
    rarity(judge, [texts[0][::2], texts[1]], of=", ids uint16, um texto não contíguo")


def test_a_long_text(judge):
    """The product of whose probabilities is less than any float."""
    rarity(judge, sentences(3000, 8))


def test_rarity_by_hand(judge):
    texts = [np.array([0, 0]), np.array([0, 1])]
    found = judge.same("rarity", texts, 2, case="o exemplo")
    judge.that(np.allclose(found, [2 * math.log(4 / 3), math.log(4 / 3) + math.log(4)]), "rarity", "o exemplo",
               "deveria dar [0,575  1,674]")  # fmt: skip


def test_the_whole_is_what_a_unigram_model_pays(judge):
    """The sum over all texts is the entropy of the tokens, times how many they are: there is no better code."""
    texts = sentences(8, 13, 5)
    found = rarity(judge, texts)
    shares = np.bincount(np.concatenate(texts)) / 26
    entropy = -sum(p * math.log(p) for p in shares if p)
    judge.that(np.isclose(np.sum(found), 26 * entropy), "rarity", "três textos, 26 tokens",
               f"as dificuldades somam {np.sum(found):.4f}; deveriam somar {26 * entropy:.4f}")  # fmt: skip


# ---------------------------------------------------------------------------------------------------------- competence


def competence(judge, progress, start):
    case = f"progress={progress:g}, start={start:g}"
    return judge.same("competence", progress, start, case=case,
                      through=lambda piece, progress, start: piece(progress, start=start))  # fmt: skip


@pytest.mark.parametrize("progress", [0, 0.1, 0.25, 0.5, 0.9, 1, 1.5, 40.0])
@pytest.mark.parametrize("start", [0.01, 0.1, 0.5, 1])
def test_competence(judge, progress, start):
    competence(judge, progress, start)


def test_any_competence(judge):
    @given(st.floats(0, 3), st.floats(0.001, 1))
    def agrees(progress, start):
        found = competence(judge, progress, start)
        judge.that(start - 1e-9 <= found <= 1, "competence", f"progress={progress:g}, start={start:g}",
                   f"{found:g} não está entre start e 1")  # fmt: skip

    agrees()


@pytest.mark.parametrize(("progress", "expected"), [(0, 0.1), (0.2475, 0.505), (0.5, 0.711), (1, 1)])
def test_competence_by_hand(judge, progress, expected):
    found = competence(judge, progress, 0.1)
    judge.that(abs(found - expected) < 1e-3, "competence", f"o exemplo, progress={progress}", f"deveria dar {expected}")


# ---------------------------------------------------------------------------------------------------------------- draw


@pytest.fixture
def alone(judge, monkeypatch):
    """The judge, with the solution's competence in the answer: the draw is judged by itself."""
    monkeypatch.setattr(judge.answer, "competence", judge.solution.competence)
    return judge


def draw(judge, scores, step, *, steps=100, start=0.13, batch=7, seed=3, of=""):
    how = {"steps": steps, "start": start, "batch": batch, "seed": seed}
    told = ", ".join(f"{name}={value}" for name, value in how.items())
    return judge.same("draw", scores, step, through=lambda piece, *given: piece(*given, **how),
                      case=f"{counted(len(scores), 'texto')}{of}, passo {step}, {told}")  # fmt: skip


@pytest.mark.parametrize("step", [0, 3, 50, 99, 100, 250])
@pytest.mark.parametrize(("count", "batch"), [(23, 7), (6, 40), (1, 3), (300, 1)])
def test_draw(alone, step, count, batch):
    draw(alone, rng.gamma(2, size=count), step, batch=batch)


def test_any_draw(alone):
    @given(st.integers(1, 40), st.integers(0, 150), st.integers(1, 90), st.floats(0.02, 0.9), st.integers(1, 9),
           st.integers(0, 99))  # fmt: skip
    def agrees(count, step, steps, start, batch, seed):
        share = count * alone.solution.competence(step / steps, start=start)
        assume(share == count or abs(share - round(share)) > 1e-6)  # where no rounding decides who is in play
        scores = np.random.default_rng(seed).normal(size=count)
        draw(alone, scores, step, steps=steps, start=start, batch=batch, seed=seed)

    agrees()


def test_texts_that_are_equally_hard(alone):
    draw(alone, rng.integers(3, size=30), 20, of=", com muitos empates")
    draw(alone, np.zeros(30), 20, batch=9, of=", todos iguais")


def test_other_scores(alone):
    scores = rng.normal(size=40)
    draw(alone, scores[::2], 30, of=", não contíguos")
    draw(alone, -1e4 * np.abs(scores), 30, of=", todos negativos")


def test_only_the_easiest_are_drawn(alone):
    scores = rng.permutation(200).astype(float)
    for step, most in ((0, 26), (25, 103), (100, 200)):  # ⌈0,13 · 200⌉; ⌈√(0,25 · (1 - 0,13²) + 0,13²) · 200⌉; all
        found = draw(alone, scores, step, batch=4000)
        hardest = scores[np.asarray(found)].max() + 1
        alone.that(hardest == most, "draw", f"200 textos, passo {step}, um lote de 4.000",
                   f"o mais difícil que saiu é o {hardest:.0f}º; deveria ser o {most}º")  # fmt: skip


def test_a_whole_share_is_not_rounded_up(alone):
    """Of a start of a half, a half: 2 of the example's 4."""
    found = draw(alone, np.array([9.0, 2.0, 7.0, 4.0]), 0, start=0.5, batch=60, of=", o exemplo")
    alone.that(set(np.asarray(found).tolist()) == {1, 3}, "draw", "o exemplo", "só estão em jogo os textos 1 e 3")


def test_a_step_does_not_depend_on_those_before(alone):
    scores = rng.normal(size=50)
    first = draw(alone, scores, 41)
    draw(alone, scores, 12)
    again = draw(alone, scores, 41)
    alone.that(np.array_equal(first, again), "draw", "o passo 41 duas vezes", "os lotes diferem")


@pytest.mark.parametrize("name", ["rarity", "competence", "draw"])
def test_time_and_memory(judge, name):
    judge.fast(name)
