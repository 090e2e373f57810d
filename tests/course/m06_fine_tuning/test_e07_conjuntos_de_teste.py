"""m06.e07: what of a test set stands in the training texts, resampled tests, and models that change sides by a coin."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.course.judge import shapes
from tinyllm.say import counted

rng = np.random.default_rng(0)

# ------------------------------------------------------------------------------------------------------- contamination

CAT = "A gata dorme no sofá azul."
TRAINING = ["Um cão late.", "Ali a gata dorme no chão.", "no sofá azul há uma gata, e ela dorme no sofá azul"]
LONG = "era uma vez uma gata que morava perto do rio e um rato que morava longe dele e os dois eram amigos"
CASES = {
    "o exemplo": ([CAT], TRAINING[:2], 3),
    "trechos em dois textos, o último primeiro": ([CAT], [TRAINING[0], TRAINING[2], TRAINING[1]], 3),
    "trechos em dois textos": ([CAT], TRAINING, 3),
    "o mesmo trecho em dois textos": ([CAT], [*TRAINING, *TRAINING], 3),
    "mais trechos do segundo texto": (["a gata dorme no sofá azul há uma"], ["a gata dorme", *TRAINING[2:]], 3),
    "mais do segundo, a começar por ele": (
        ["no sofá azul há uma cão late um"],
        [TRAINING[0], "late um", *TRAINING[2:]],
        2,
    ),
    "o primeiro trecho é do último texto": (
        ["late um no sofá azul há"],
        [CAT[:6], "no sofá azul há uma", "late um"],
        2,
    ),
    "um exemplo limpo": (["nada disto foi lido"], TRAINING, 3),
    "limpo, e outro no texto 0": (["nada disto foi lido", "um cão late"], TRAINING, 3),
    "as palavras em outra ordem": (["gata a no dorme sofá"], TRAINING, 3),
    "maiúsculas e pontuação": (["UM — cão: LATE!", "um, cão. late"], TRAINING, 3),
    "acentos escritos de dois modos": (["um ca\u0303o late"], TRAINING, 3),
    "um acento é outra letra": (["um cao late"], TRAINING, 3),
    "um exemplo curto": (["cão late", "late cão"], TRAINING, 3),
    "um exemplo de uma palavra": (["late", "mia"], TRAINING, 3),
    "um exemplo sem palavra": (["...", "", "late"], TRAINING, 3),
    "curtos e longos juntos": (["cão late", CAT, "late", "sofá azul há uma"], TRAINING, 4),
    "copiado inteiro": ([TRAINING[2]], TRAINING, 3),
    "duas citações com um buraco": (["um cão late e depois a gata dorme"], TRAINING, 3),
    "uma palavra a mais e não haveria": (["a gata dorme ali"], TRAINING, 4),
    "trechos de uma palavra": ([CAT, "nada"], TRAINING, 1),
    "trechos de duas palavras": ([CAT, "um gato late, um cão não"], TRAINING, 2),
    "um trecho que o exemplo repete": (["um cão um cão um cão e a gata dorme"], ["um cão", "a gata dorme"], 2),
    "a mesma coisa várias vezes": (["late late late late"], ["late late late"], 3),
    "treze palavras, que é o costume": ([LONG, LONG[:70], LONG[30:]], ["Nada aqui.", f"Hoje não. {LONG[:80]}"], 13),
    "doze de treze palavras": ([LONG], [" ".join(LONG.split()[:12])], 13),
    "um texto de treino vazio": ([CAT], ["", *TRAINING], 3),
    "nenhum texto de treino": ([CAT, "late"], [], 3),
}


def contamination(judge, examples, training, run, of):
    found = judge.same("contamination", examples, training, run, through=judge.support.read_by, case=of)
    judge.that(np.min(found[0]) >= 0 and np.max(found[0]) <= 1, "contamination", of, "as partes vão de 0 a 1")
    return found


@pytest.mark.parametrize("what", CASES)
def test_contamination(judge, what):
    contamination(judge, *CASES[what], f"{what}, run={CASES[what][2]}")


def test_contamination_by_hand(judge):
    shares, texts, runs = contamination(judge, *CASES["o exemplo"], "o exemplo")
    agree = np.allclose(shares, [4 / 6]) and list(texts) == [1] and list(runs) == ["a gata dorme"]
    judge.that(agree, "contamination", "o exemplo", "deveria dar 4/6, o texto 1 e “a gata dorme”")


def test_contamination_of_any_texts(judge):
    text = st.lists(st.sampled_from(["a", "Gata", "não,", "é"]), max_size=8).map(" ".join)

    @given(st.lists(text, min_size=1, max_size=4), st.lists(text, max_size=4), st.integers(1, 5))
    def agrees(examples, training, run):
        contamination(judge, examples, training, run, f"{examples}, {training}, run={run}")

    agrees()


def test_what_was_put_there_is_found(judge):
    examples, training, run = judge.support.test_and_training(30)
    shares, _, _ = contamination(judge, examples, training, run, "dez exemplos copiados do treino, e 20 que não")
    put = np.asarray(shares)[20:] == 1
    judge.that(put.all(), "contamination", "dez exemplos copiados do treino", "algum deles não deu 1")


# ----------------------------------------------------------------------------------------------------------- resampled


def drawn(judge, name, rows, resamples=6, seed=3, of=""):
    return judge.same(name, rows, resamples, seed, through=judge.support.drawn_by,
                      case=f"rows {shapes(rows)}, {counted(resamples, 'reamostra')}{of}")  # fmt: skip


@pytest.mark.parametrize(("N", "K"), [(7, 2), (5, 4), (20, 3), (2, 6)])
@pytest.mark.parametrize("resamples", [1, 3, 8])
def test_resampled(judge, N, K, resamples):
    drawn(judge, "resampled", rng.normal(size=(N, K)), resamples)
    drawn(judge, "resampled", rng.integers(9, size=(N, K)).astype(float), resamples, seed=11)


def test_any_resampled(judge):
    @given(st.integers(1, 12), st.integers(1, 5), st.integers(1, 9), st.integers(0, 99))
    def agrees(N, K, resamples, seed):
        drawn(judge, "resampled", np.random.default_rng(seed).normal(size=(N, K)), resamples, seed)

    agrees()


def test_other_rows(judge):
    rows = rng.normal(size=(12, 8))
    for name in ("resampled", "swapped"):
        drawn(judge, name, rows[::2, 2:6], of=", não contíguos")
        drawn(judge, name, np.broadcast_to(rows[:1, :4], (9, 4)), of=", esticados")
        drawn(judge, name, 1e4 * np.asfortranarray(rows), of=", números grandes")


def test_a_resampled_mean_varies_as_the_lesson_says(judge):
    right = (rng.random(60) < 0.7).astype(float)
    rows = np.stack([right, np.ones(60)], axis=1)
    found = drawn(judge, "resampled", rows, 2000, of=", 60 textos certos ou errados")
    spread, due = np.std(found[:, 0] / found[:, 1]), np.sqrt(right.var() / 60)
    judge.that(abs(spread / due - 1) < 0.1, "resampled", "60 textos, 2.000 reamostras",
               f"o desvio das médias é {spread:.4f}; deveria ser perto de {due:.4f}")  # fmt: skip


# ------------------------------------------------------------------------------------------------------------- swapped


@pytest.mark.parametrize(("N", "K"), [(7, 1), (5, 2), (20, 3), (1, 4)])
@pytest.mark.parametrize("resamples", [1, 3, 8])
def test_swapped(judge, N, K, resamples):
    drawn(judge, "swapped", rng.normal(size=(N, 2 * K)), resamples)
    drawn(judge, "swapped", rng.integers(9, size=(N, 2 * K)).astype(float), resamples, seed=11)


def test_any_swapped(judge):
    @given(st.integers(1, 12), st.integers(1, 4), st.integers(1, 9), st.integers(0, 99))
    def agrees(N, K, resamples, seed):
        drawn(judge, "swapped", np.random.default_rng(seed).normal(size=(N, 2 * K)), resamples, seed)

    agrees()


def test_nobody_is_lost(judge):
    """What the two models count together stays, however they change sides."""
    pairs = rng.normal(size=(9, 6))
    found = drawn(judge, "swapped", pairs, 50)
    both = np.asarray(found)[:, :3] + np.asarray(found)[:, 3:]
    judge.that(np.allclose(both, pairs[:, :3].sum(axis=0) + pairs[:, 3:].sum(axis=0)), "swapped", "9 exemplos, K=3",
               "a soma dos dois modelos não deveria mudar")  # fmt: skip


def test_coins_are_fair(judge):
    pairs = np.concatenate([np.ones((40, 1)), np.zeros((40, 1))], axis=1)
    found = drawn(judge, "swapped", pairs, 1000, of=", um modelo que acerta tudo e outro que erra tudo")
    judge.that(abs(np.mean(found[:, 0]) - 20) < 1, "swapped", "um modelo acerta tudo, o outro nada",
               "em média a metade deveria trocar de lado")  # fmt: skip


@pytest.mark.parametrize("name", ["contamination", "resampled", "swapped"])
def test_time_and_memory(judge, name):
    judge.fast(name)
