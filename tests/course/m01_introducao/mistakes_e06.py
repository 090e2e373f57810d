"""Respostas erradas de m01.e06, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

import numpy as np

from tinyllm.course.measure import Work

rng = np.random.default_rng(0)


def softmax_of(scores):
    e = np.exp(scores - scores.max())
    return e / e.sum()


def not_divided(query, keys):
    return softmax_of(keys @ query)


def divided_by_d(query, keys):
    return softmax_of(keys @ query / len(query))


def divided_by_root_of_s(query, keys):
    return softmax_of(keys @ query / np.sqrt(len(keys)))


def overflowing(query, keys):
    with np.errstate(all="ignore"):
        e = np.exp(keys @ query / np.sqrt(len(query)))
        return e / e.sum()


def without_softmax(query, keys):
    scores = keys @ query / np.sqrt(len(query))
    return scores / scores.sum()


def plain_mean(query, keys, values):
    return values.mean(axis=0)


def sum_of_keys(query, keys, values):
    return softmax_of(keys @ query / np.sqrt(len(query))) @ keys


def the_best_alone(query, keys, values):
    return values[np.argmax(keys @ query)]


def attended(x, w_query, w_key, w_value, seen, unseen=-np.inf):
    queries, keys, values = x @ w_query, x @ w_key, x @ w_value
    weights = [softmax_of(np.where(seen(len(x), t), keys @ q / np.sqrt(len(q)), unseen)) for t, q in enumerate(queries)]
    return np.array(weights) @ values


def sees_the_future(x, w_query, w_key, w_value):
    return attended(x, w_query, w_key, w_value, lambda T, t: np.full(T, True))


def does_not_see_itself(x, w_query, w_key, w_value):
    return attended(x, w_query, w_key, w_value, lambda T, t: np.arange(T) < max(t, 1))


def sees_only_the_future(x, w_query, w_key, w_value):
    return attended(x, w_query, w_key, w_value, lambda T, t: np.arange(T) >= t)


def queries_and_keys_exchanged(x, w_query, w_key, w_value):
    return attended(x, w_key, w_query, w_value, lambda T, t: np.arange(T) <= t)


def zero_before_the_softmax(x, w_query, w_key, w_value):
    return attended(x, w_query, w_key, w_value, lambda T, t: np.arange(T) <= t, unseen=0.0)


def masked_after_the_softmax(x, w_query, w_key, w_value):
    queries, keys, values = x @ w_query, x @ w_key, x @ w_value
    weights = [softmax_of(keys @ q / np.sqrt(len(q))) * (np.arange(len(x)) <= t) for t, q in enumerate(queries)]
    return np.array(weights) @ values


MISTAKES = {
    "attention_weights": [
        (not_divided, "faltou dividir por √D"),
        (divided_by_d, "dividiu por D; é pela raiz de D"),
        (divided_by_root_of_s, "dividiu pela raiz do número de posições; é a do número de canais, D"),
        (overflowing, "exp transbordou; subtraia antes o maior valor"),
        (without_softmax, "dividiu os valores pela sua soma; falta exponenciá-los antes (softmax)"),
    ],
    "attend": [
        (plain_mean, "tirou a média simples; cada valor tem o seu peso"),
        (sum_of_keys, "fez a média das chaves; a média é dos VALORES"),
        (the_best_alone, "ficou só com a posição de maior peso; é uma média de todas"),
    ],
    "causal_self_attention": [
        (sees_the_future, "cada posição está vendo também as que vêm depois dela"),
        (does_not_see_itself, "cada posição vê também a si mesma: até t, inclusive"),
        (sees_only_the_future, "cada posição está olhando para a frente; é para trás que ela olha"),
        (queries_and_keys_exchanged, "perguntas e chaves estão trocadas"),
        (masked_after_the_softmax, "o futuro foi apagado depois da softmax, e os pesos já não somam 1"),
        (zero_before_the_softmax, "pôs 0 no futuro antes da softmax, mas e^0 = 1 ainda pesa; deixe-o de fora"),
    ],
}

HINTS = [
    "keys @ query faz os S produtos internos de uma vez. Só então dividem-se por √D e passam pela softmax.",
    "Uma média pesada é um produto: pesos (S,) @ valores (S, E) dá (E,).",
    "causal_self_attention: a posição t usa keys[: t + 1] e values[: t + 1]. Junte as T linhas com np.stack.",
]


def one_query(size):
    return rng.normal(size=32), rng.normal(size=(size, 32))


def one_query_and_values(size):
    return *one_query(size), rng.normal(size=(size, 16))


def text(size):
    return rng.normal(size=(size, 24)), *(rng.normal(size=(24, n)) for n in (16, 16, 8))


WORK = {
    "attention_weights": Work(one_query, small=500, large=4000),
    "attend": Work(one_query_and_values, small=500, large=4000),
    "causal_self_attention": Work(text, small=25, large=200),
}
