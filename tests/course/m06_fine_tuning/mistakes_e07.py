"""Respostas erradas de m06.e07, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

from collections import namedtuple

import numpy as np

from tinyllm.course.measure import SLOW, Work
from tinyllm.data.dedup import normalised

rng = np.random.default_rng(0)
Found = namedtuple("Found", "shares texts runs")

# ------------------------------------------------------------------------------------------------------- contamination


def read_by(piece, examples, training, run):
    """The way to look for contamination: the training texts are read once."""
    return piece(examples, iter(training), run=run)


def pieces_of(words, length):
    return [tuple(words[i : i + length]) for i in range(len(words) - length + 1)] if length else []


def looked_for(examples, training, *, run, words=normalised, length=min, keep=None, share=None, text=None, shown=None,
               count_from=0, none=-1, once=False):  # fmt: skip
    """The right contamination, but for what is said."""
    first = {}
    lengths = {length(run, len(words(example))) for example in examples}
    for number, one in enumerate(training, start=count_from):
        for some in lengths:
            for piece in pieces_of(words(one), some):
                if keep or piece not in first:
                    first[piece] = number
    found = Found(np.zeros(len(examples)), np.full(len(examples), none), [""] * len(examples))
    for place, example in enumerate(examples):
        said = words(example)
        runs = pieces_of(said, length(run, len(said)))
        starts = [start for start, piece in enumerate(runs) if piece in first]
        if starts:
            covered = {start + i for start in starts for i in range(len(runs[0]))}
            found.shares[place] = share(starts, runs, said) if share else len(covered) / len(said)
            numbers = [first[runs[start]] for start in starts]
            votes = list({runs[start]: first[runs[start]] for start in starts}.values()) if once else numbers
            found.texts[place] = text(numbers) if text else most_frequent(votes)
            where = numbers.index(found.texts[place]) if shown is None else shown(numbers)
            found.runs[place] = " ".join(runs[starts[where]])
    return found


def most_frequent(numbers):
    return min(numbers, key=lambda number: (-numbers.count(number), number))


def share_of_the_runs(examples, training, *, run):
    return looked_for(examples, training, run=run, share=lambda starts, runs, said: len(starts) / len(runs))


def covered_twice(examples, training, *, run):
    return looked_for(
        examples, training, run=run, share=lambda starts, runs, said: len(starts) * len(runs[0]) / len(said)
    )


def how_many_words(examples, training, *, run):
    def words(starts, runs, said):
        return float(len({start + i for start in starts for i in range(len(runs[0]))}))

    return looked_for(examples, training, run=run, share=words)


def all_or_nothing(examples, training, *, run):
    return looked_for(examples, training, run=run, share=lambda starts, runs, said: 1.0)


def always_thirteen(examples, training, *, run):
    return looked_for(examples, training, run=13)


def short_ones_left_out(examples, training, *, run):
    return looked_for(examples, training, run=run, length=lambda run, count: run)


def one_word_less(examples, training, *, run):
    return looked_for(examples, training, run=run, length=lambda run, count: min(max(1, run - 1), count))


def the_last_text(examples, training, *, run):
    return looked_for(examples, training, run=run, keep=True)


def text_of_the_first_run(examples, training, *, run):
    return looked_for(examples, training, run=run, text=lambda numbers: numbers[0])


def the_smallest_number(examples, training, *, run):
    return looked_for(examples, training, run=run, text=min)


def the_larger_of_two(examples, training, *, run):
    return looked_for(
        examples, training, run=run, text=lambda numbers: max(numbers, key=lambda one: (numbers.count(one), one))
    )


def repeated_runs_once(examples, training, *, run):
    return looked_for(examples, training, run=run, once=True)


def the_last_run(examples, training, *, run):
    def last(numbers):
        return len(numbers) - 1 - numbers[::-1].index(most_frequent(numbers))

    return looked_for(examples, training, run=run, shown=last)


def run_of_another_text(examples, training, *, run):
    return looked_for(examples, training, run=run, shown=lambda numbers: 0)


def counted_from_1(examples, training, *, run):
    return looked_for(examples, training, run=run, count_from=1)


def nought_for_none(examples, training, *, run):
    return looked_for(examples, training, run=run, none=0)


def signs_and_capitals(examples, training, *, run):
    return looked_for(examples, training, run=run, words=str.split)


def in_any_order(examples, training, *, run):
    known = []
    for number, text in enumerate(training):
        runs = (piece for some in range(1, run + 1) for piece in pieces_of(normalised(text), some))
        known.append((number, {tuple(sorted(piece)) for piece in runs}))
    found = Found(np.zeros(len(examples)), np.full(len(examples), -1), [""] * len(examples))
    for place, example in enumerate(examples):
        said = normalised(example)
        runs = pieces_of(said, min(run, len(said)))
        hits = [[number for number, some in known if tuple(sorted(piece)) in some] for piece in runs]
        starts = [start for start, numbers in enumerate(hits) if numbers]
        if starts:
            covered = {start + i for start in starts for i in range(len(runs[0]))}
            found.shares[place] = len(covered) / len(said)
            numbers = [hits[start][0] for start in starts]
            found.texts[place] = most_frequent(numbers)
            found.runs[place] = " ".join(runs[starts[numbers.index(found.texts[place])]])
    return found


def read_twice(examples, training, *, run):
    parts = [looked_for([example], training, run=run) for example in examples]  # the first one reads them all
    return Found(
        *(np.concatenate([part[i] for part in parts]) for i in (0, 1)), [run for part in parts for run in part[2]]
    )


def each_text_searched(examples, training, *, run):
    """Right, and far too slow."""
    texts = [normalised(text) for text in training]
    found = Found(np.zeros(len(examples)), np.full(len(examples), -1), [""] * len(examples))
    for place, example in enumerate(examples):
        said = normalised(example)
        covered, numbers, shown = set(), [], []
        for start, piece in enumerate(pieces_of(said, min(run, len(said)))):
            where = [number for number, text in enumerate(texts) if piece in pieces_of(text, len(piece))]
            if where:
                shown.append(" ".join(piece))
                numbers.append(where[0])
                covered |= {start + i for i in range(len(piece))}
        if covered:
            found.shares[place], found.texts[place] = len(covered) / len(said), most_frequent(numbers)
            found.runs[place] = shown[numbers.index(found.texts[place])]
    return found


# ----------------------------------------------------------------------------------------------------------- resampled


def drawn_by(piece, rows, resamples, seed):
    """The way to call either of the two that draw."""
    return piece(rows, resamples, np.random.default_rng(seed))


def without_replacement(rows, resamples, rng):
    return np.stack([rows[rng.permutation(len(rows))].sum(axis=0) for _ in range(resamples)])


def means(rows, resamples, rng):
    return np.stack([rows[rng.integers(len(rows), size=len(rows))].mean(axis=0) for _ in range(resamples)])


def drawn_once(rows, resamples, rng):
    return np.stack([rows[rng.integers(len(rows), size=len(rows))].sum(axis=0)] * resamples)


def each_column_by_itself(rows, resamples, rng):
    N, K = rows.shape
    return np.stack([[rows[rng.integers(N, size=N), k].sum() for k in range(K)] for _ in range(resamples)])


def the_last_never(rows, resamples, rng):
    N = len(rows)
    return np.stack([rows[rng.integers(max(1, N - 1), size=N)].sum(axis=0) for _ in range(resamples)])


def one_row_less(rows, resamples, rng):
    N = len(rows)
    return np.stack([rows[rng.integers(N, size=max(1, N - 1))].sum(axis=0) for _ in range(resamples)])


def as_many_as_resamples(rows, resamples, rng):
    N = len(rows)
    return np.stack([rows[rng.integers(N, size=resamples)].sum(axis=0) for _ in range(resamples)])


def columns_first(rows, resamples, rng):
    N = len(rows)
    return rows[rng.integers(N, size=(N, resamples))].sum(axis=0)


def whole_samples(rows, resamples, rng):
    N = len(rows)
    return rows[rng.integers(N, size=(resamples, N))]


def all_of_them_summed(rows, resamples, rng):
    N = len(rows)
    return rows[rng.integers(N, size=(resamples, N))].sum(axis=(1, 2))


# ------------------------------------------------------------------------------------------------------------- swapped


def tossed(pairs, coins, other=None):
    """Sums of rows whose halves change sides where coins, (resamples, N), say so."""
    K = pairs.shape[1] // 2
    other = np.roll(pairs, K, axis=1) if other is None else other
    return np.stack([np.where(row[:, None] == 1, other, pairs).sum(axis=0) for row in coins])


def nought_changes_sides(pairs, resamples, rng):
    return tossed(pairs, 1 - rng.integers(2, size=(resamples, len(pairs))))


def other_coins(pairs, resamples, rng):
    return tossed(pairs, rng.random((resamples, len(pairs))) < 0.5)


def one_coin_for_all(pairs, resamples, rng):
    return tossed(pairs, np.repeat(rng.integers(2, size=(resamples, 1)), len(pairs), axis=1))


def the_same_coins(pairs, resamples, rng):
    return tossed(pairs, np.repeat(rng.integers(2, size=(1, len(pairs))), resamples, axis=0))


def neighbours_change(pairs, resamples, rng):
    return tossed(pairs, rng.integers(2, size=(resamples, len(pairs))), np.roll(pairs, 1, axis=1))


def turned_backwards(pairs, resamples, rng):
    return tossed(pairs, rng.integers(2, size=(resamples, len(pairs))), pairs[:, ::-1])


def a_alone(pairs, resamples, rng):
    K = pairs.shape[1] // 2
    return tossed(pairs, rng.integers(2, size=(resamples, len(pairs))))[:, :K]


def difference_alone(pairs, resamples, rng):
    K = pairs.shape[1] // 2
    found = tossed(pairs, rng.integers(2, size=(resamples, len(pairs))))
    return found[:, :K] - found[:, K:]


def all_changed(pairs, resamples, rng):
    return tossed(pairs, np.ones((resamples, len(pairs))))


def drawn_with_replacement(pairs, resamples, rng):
    return np.stack([pairs[rng.integers(len(pairs), size=len(pairs))].sum(axis=0) for _ in range(resamples)])


def only_the_changed(pairs, resamples, rng):
    other = np.roll(pairs, pairs.shape[1] // 2, axis=1)
    return rng.integers(2, size=(resamples, len(pairs))) @ other


def of_the_means(pairs, resamples, rng):
    return tossed(pairs, rng.integers(2, size=(resamples, len(pairs)))) / len(pairs)


def example_by_resample(pairs, resamples, rng):
    return tossed(pairs, rng.integers(2, size=(len(pairs), resamples)).T)


MISTAKES = {
    "contamination": [
        (share_of_the_runs, "dividiu trechos por trechos; é a parte das PALAVRAS que algum trecho cobre"),
        (covered_twice, "uma palavra coberta por dois trechos contou duas vezes"),
        (how_many_words, "são quantas palavras; divida pelas do exemplo"),
        (all_or_nothing, "deu 1 a todo exemplo com um trecho; é a parte das palavras, e uma citação não é uma cópia"),
        (always_thirteen, "usou sempre 13 palavras; são `run`"),
        (short_ones_left_out, "um exemplo com menos de `run` palavras é um trecho só, com todas"),
        (one_word_less, "os trechos ficaram com uma palavra a menos"),
        (the_last_text, "deu o último texto de treino que tem o trecho; é o primeiro"),
        (text_of_the_first_run, "deu o texto do primeiro trecho; é aquele em que MAIS trechos aparecem"),
        (the_smallest_number, "deu o menor número; é o texto em que MAIS trechos aparecem pela primeira vez"),
        (the_larger_of_two, "entre textos com tantos trechos, vale o de menor número"),
        (repeated_runs_once, "um trecho que o exemplo repete conta tantas vezes quantas ele o tem"),
        (the_last_run, "mostrou o último trecho que vem desse texto; é o primeiro"),
        (run_of_another_text, "mostrou o primeiro trecho contaminado, que é de outro texto de treino"),
        (counted_from_1, "os textos de treino contam-se de 0"),
        (nought_for_none, "um exemplo limpo tem o texto -1; o 0 é o primeiro texto de treino"),
        (signs_and_capitals, "as maiúsculas ou a pontuação contaram; as palavras são as de normalised"),
        (in_any_order, "comparou as palavras sem a ordem"),
        (read_twice, "percorreu o treino mais de uma vez, e um gerador só se lê uma"),
    ],
    "resampled": [
        (without_replacement, "sorteou sem reposição: as mesmas linhas em outra ordem dão sempre a mesma soma"),
        (means, "tirou a média; são as somas"),
        (drawn_once, "todas as reamostras são a mesma: sorteie uma por vez"),
        (each_column_by_itself, "sorteou cada coluna à parte; um exemplo entra com a linha inteira"),
        (the_last_never, "a última linha nunca sai: rng.integers(N) já vai de 0 a N - 1"),
        (one_row_less, "cada reamostra tem N linhas, e não N - 1"),
        (as_many_as_resamples, "cada reamostra tem N linhas, e não tantas quantas são as reamostras"),
        (columns_first, "os eixos do sorteio estão trocados: são `resamples` fileiras de N números"),
        (whole_samples, "devolveu as linhas sorteadas; faltou somá-las"),
        (all_of_them_summed, "somou também as colunas; cada uma é uma contagem"),
    ],
    "swapped": [
        (nought_changes_sides, "trocou onde a moeda deu 0; é onde deu 1"),
        (other_coins, "as moedas não são as que se pediram; jogue-as com rng.integers(2, size=N)"),
        (one_coin_for_all, "jogou uma moeda só por reamostra; é uma por exemplo"),
        (the_same_coins, "as moedas de todas as reamostras são as mesmas"),
        (neighbours_change, "as colunas andaram uma casa; são as duas METADES que trocam de lado, K casas"),
        (turned_backwards, "virou a linha ao contrário; dentro de cada metade a ordem fica"),
        (a_alone, "devolveu só o modelo A; são as duas metades"),
        (difference_alone, "devolveu a diferença; são as somas das duas metades, e a nota pode não ser uma média"),
        (all_changed, "trocou todos os exemplos; só onde a moeda deu 1"),
        (drawn_with_replacement, "reamostrou os exemplos; aqui todos ficam, uma vez cada, e só mudam de lado"),
        (only_the_changed, "somou só os que trocaram; os outros também contam, como estavam"),
        (of_the_means, "dividiu pelo número de exemplos; são as somas"),
        (example_by_resample, "os eixos do sorteio estão trocados: são `resamples` fileiras de N moedas"),
    ],
}  # fmt: skip

COSTLY = {"contamination": [(each_text_searched, SLOW)]}

EQUIVALENT = {  # mutants of the solution that compute the same
    "runs = [list(runs_of(some, min(run, len(some)))) for some in words]: min(run, len(some)) -> min(len(some), run)":
        "the lesser of two is the same in either order",
    "for place, (some, several) in enumerate(zip(words, runs, strict=True)):: True -> False":
        "there are as many of both",
    "covered = {start + i for start in starts for i in range(len(several[0]))}: start + i -> ((start) - (i))":
        "the same places, moved back together: they are only counted",
    "other_way = np.roll(pairs, pairs.shape[1] // 2, axis=1): pairs.shape[1] // 2 -> ((pairs.shape[1]) / (2))":
        "the width is even, and np.roll takes the whole number",
}  # fmt: skip

HINTS = [
    "contamination: use runs_of, já escrita, para os trechos dos exemplos e, com os mesmos comprimentos, para os do "
    "treino; um dicionário leva cada trecho do teste ao primeiro texto que o tem. resampled: rows[números] são as "
    "linhas sorteadas, e .sum(axis=0) soma-as. swapped: np.roll(pairs, K, axis=1) põe cada metade no lugar da outra.",
    "contamination: comece com -1 para cada trecho do teste; percorra o treino com enumerate, e escreva o número só "
    "onde ainda há -1. Num exemplo, junte num conjunto as posições cobertas: start, …, start + comprimento - 1. "
    "swapped: a soma das linhas, mais a soma do que muda nas que trocam.",
    "swapped: pairs.sum(axis=0) + moedas @ (trocadas - pairs), com moedas de forma (resamples, N). contamination: os "
    "comprimentos possíveis são {min(run, len(palavras)) de cada exemplo}, sem o 0; a parte é o tamanho do conjunto de "
    "posições sobre len(palavras), e o texto, min(números, key=lambda n: (-números.count(n), n)).",
]

WORDS = [f"{one}{other}" for one in ("ga", "to", "mi", "la", "bu", "ce") for other in ("ta", "ro", "na", "li", "zu")]


def texts(count, length, draw):
    return [" ".join(WORDS[i] for i in draw.integers(len(WORDS), size=length)) for _ in range(count)]


def test_and_training(size):
    draw = np.random.default_rng(size)
    training = texts(size, 60, draw)
    copied = [" ".join(text.split()[7:30]) for text in training[:: max(1, size // 10)]]
    return texts(20, 25, draw) + copied, training, 5


def counted(size):
    return rng.integers(9, size=(size, 4)).astype(float), 60, 7


WORK = {
    "contamination": Work(test_and_training, small=20, large=200, through=read_by),
    "resampled": Work(counted, small=40, large=400, through=drawn_by, limit=None),
    "swapped": Work(counted, small=40, large=400, through=drawn_by, limit=None),
}
