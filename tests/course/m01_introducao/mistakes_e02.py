"""Respostas erradas de m01.e02, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

import numpy as np

from tinyllm.course.measure import LARGE, SLOW, Work

rng = np.random.default_rng(0)


def repeated_pairs_lost(ids, vocab_size):
    counts = np.zeros((vocab_size, vocab_size))
    counts[ids[:-1], ids[1:]] += 1
    return counts


def turned_round(ids, vocab_size):
    counts = np.zeros((vocab_size, vocab_size))
    np.add.at(counts, (ids[1:], ids[:-1]), 1)
    return counts


def round_the_end(ids, vocab_size):
    counts = np.zeros((vocab_size, vocab_size))
    np.add.at(counts, (ids, np.roll(ids, -1)), 1)
    return counts


def last_pair_lost(ids, vocab_size):
    return repeated(ids[:-1], vocab_size)


def both_ways(ids, vocab_size):
    return repeated(ids, vocab_size) + repeated(ids, vocab_size).T


def every_other_pair(ids, vocab_size):
    counts = np.zeros((vocab_size, vocab_size))
    np.add.at(counts, (ids[:-1:2], ids[1::2]), 1)
    return counts


def shares_instead(ids, vocab_size):
    counts = repeated(ids, vocab_size)
    return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)


def repeated(ids, vocab_size):
    counts = np.zeros((vocab_size, vocab_size))
    np.add.at(counts, (ids[:-1], ids[1:]), 1)
    return counts


def columns_sum_to_one(counts, k):
    return (counts + k) / (counts + k).sum(axis=0, keepdims=True)


def k_once_below(counts, k):
    return (counts + k) / (counts.sum(axis=1, keepdims=True) + k)


def k_forgotten_below(counts, k):
    with np.errstate(divide="ignore"):
        return (counts + k) / counts.sum(axis=1, keepdims=True)


def sums_along_the_wrong_axis(counts, k):
    return (counts + k) / (counts + k).sum(axis=1)


def everything_sums_to_one(counts, k):
    return (counts + k) / (counts + k).sum()


def v_below(counts, k):
    return (counts + k) / (counts.sum(axis=1, keepdims=True) + len(counts))


def always_one(counts, k):
    return (counts + 1) / (counts + 1).sum(axis=1, keepdims=True)


def only_the_unseen(counts, k):
    counts = np.where(counts == 0, k, counts)
    return counts / counts.sum(axis=1, keepdims=True)


def without_exp(probabilities, ids):
    return -np.log(probabilities[ids[:-1], ids[1:]]).mean()


def mean_over_n(probabilities, ids):
    return np.exp(-np.log(probabilities[ids[:-1], ids[1:]]).sum() / len(ids))


def base_2_and_e(probabilities, ids):
    return np.exp(-np.log2(probabilities[ids[:-1], ids[1:]]).mean())


def base_e_and_2(probabilities, ids):
    return 2 ** -np.log(probabilities[ids[:-1], ids[1:]]).mean()


def sign_forgotten(probabilities, ids):
    return np.exp(np.log(probabilities[ids[:-1], ids[1:]]).mean())


def next_before_current(probabilities, ids):
    return np.exp(-np.log(probabilities[ids[1:], ids[:-1]]).mean())


def sum_of_surprises(probabilities, ids):
    return np.exp(-np.log(probabilities[ids[:-1], ids[1:]]).sum())


def product_that_vanishes(probabilities, ids):
    with np.errstate(divide="ignore"):
        return np.prod(probabilities[ids[:-1], ids[1:]]) ** (-1 / (len(ids) - 1))


def mean_of_probabilities(probabilities, ids):
    return 1 / probabilities[ids[:-1], ids[1:]].mean()


def search_for_each_pair(ids, vocab_size):
    first, second = ids[:-1], ids[1:]
    return np.array(
        [[((first == i) & (second == j)).sum() for j in range(vocab_size)] for i in range(vocab_size)], float
    )


def one_hot(ids, vocab_size):
    rows = np.eye(vocab_size)[ids]
    return rows[:-1].T @ rows[1:]


MISTAKES = {
    "count_bigrams": [
        (repeated_pairs_lost, "um par repetido contou uma vez só; counts[i, j] += 1 com arrays de índices não acumula"),
        (turned_round, "linha e coluna estão trocadas: a linha é o id que veio antes"),
        (round_the_end, "contou também o par do último id com o primeiro; um texto não é um anel"),
        (last_pair_lost, "faltou o último par do texto"),
        (both_ways, "contou cada par nos dois sentidos; (i, j) e (j, i) são pares diferentes"),
        (every_other_pair, "pulou de dois em dois; todo id, menos o último, começa um par"),
        (shares_instead, "devolveu probabilidades; aqui se pedem as contagens"),
    ],
    "smoothed_probabilities": [
        (columns_sum_to_one, "cada coluna soma 1; é cada LINHA que deve somar 1 (axis=1)"),
        (k_once_below, "embaixo falta k para cada um dos V ids: Σ c + k V"),
        (k_forgotten_below, "somou k em cima e o esqueceu embaixo: a linha toda ganhou k V"),
        (sums_along_the_wrong_axis, "a soma da linha i dividiu a COLUNA i; faltou keepdims=True"),
        (everything_sums_to_one, "dividiu pela soma da tabela inteira; cada linha tem a sua"),
        (v_below, "somou V embaixo; como cada um dos V ids ganhou k, são k V"),
        (always_one, "somou sempre 1; é k, que pode ser outro número"),
        (only_the_unseen, "somou k só aos pares nunca vistos; ele se soma a TODA contagem"),
    ],
    "perplexity": [
        (without_exp, "isto é a perda em nats; a perplexidade é exp dela"),
        (base_2_and_e, "misturou as bases: log vai com exp, e log2 vai com 2 **"),
        (mean_over_n, "dividiu por N; um texto de N ids tem N - 1 pares"),
        (
            product_that_vanishes,
            "o produto de tantas probabilidades não cabe num float; exp vem depois da MÉDIA dos logaritmos",
        ),
        (mean_of_probabilities, "tirou a média das probabilidades; a média é dos logaritmos"),
        (base_e_and_2, "misturou as bases: log vai com exp, e log2 vai com 2 **"),
        (sign_forgotten, "faltou o sinal: a surpresa é -log, e isto é 1 sobre a perplexidade"),
        (next_before_current, "leu a tabela ao contrário: a linha é o id atual, e a coluna, o próximo"),
        (
            sum_of_surprises,
            "o produto de tantas probabilidades não cabe num float; exp vem depois da MÉDIA dos logaritmos",
        ),
    ],
}

COSTLY = {
    "count_bigrams": [(search_for_each_pair, SLOW), (one_hot, LARGE)],
}

HINTS = [
    "count_bigrams e perplexity: ids[:-1] são os tokens que têm um seguinte, e ids[1:] são esses seguintes: os dois "
    "arrays, lado a lado, são os "
    "pares.",
    "Para contar pares repetidos, np.add.at(counts, (linhas, colunas), 1) soma uma vez por ocorrência. "
    "tabela[linhas, colunas] também serve para ler um valor por par.",
    "smoothed_probabilities: some k a todas as contagens e divida cada linha pela sua soma, com keepdims=True. "
    "perplexity: np.exp da média de -np.log das probabilidades dos pares.",
]


def text(size):
    return rng.integers(size // 20, size=size), size // 20


def table(size):
    return rng.integers(9, size=(size, size)).astype(float), 0.5


def text_and_table(size):
    return rng.dirichlet(np.ones(50), size=50), rng.integers(50, size=size)


WORK = {
    "count_bigrams": Work(text, small=400, large=4000, limit=None),
    "smoothed_probabilities": Work(table, small=50, large=200, degree=2, limit=None),
    "perplexity": Work(text_and_table, small=4000, large=32000, limit=None),
}
