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


def exponentials_alone(query, keys):
    scores = keys @ query / np.sqrt(len(query))
    return np.exp(scores - scores.max())


def multiplied_by_the_root(query, keys):
    return softmax_of(keys @ query * np.sqrt(len(query)))


def divided_afterwards(query, keys):
    return softmax_of(keys @ query) / np.sqrt(len(query))


def plain_mean(query, keys, values):
    return values.mean(axis=0)


def sum_of_keys(query, keys, values):
    return softmax_of(keys @ query / np.sqrt(len(query))) @ keys


def the_best_alone(query, keys, values):
    return values[np.argmax(keys @ query)]


def sum_of_values(query, keys, values):
    return values.sum(axis=0)


def scores_for_weights(query, keys, values):
    return keys @ query / np.sqrt(len(query)) @ values


def weighed_and_not_summed(query, keys, values):
    return softmax_of(keys @ query / np.sqrt(len(query)))[:, np.newaxis] * values


def attended_without_the_root(query, keys, values):
    return softmax_of(keys @ query) @ values


def past(T, t):
    return np.arange(T) <= t


def attended(x, w_query, w_key, w_value, seen=past, unseen=-np.inf, size=None):
    queries, keys, values = x @ w_query, x @ w_key, x @ w_value
    root = np.sqrt(queries.shape[1] if size is None else size)
    weights = [softmax_of(np.where(seen(len(x), t), keys @ q / root, unseen)) for t, q in enumerate(queries)]
    return np.array(weights) @ values


def sees_the_future(x, w_query, w_key, w_value):
    return attended(x, w_query, w_key, w_value, lambda T, t: np.full(T, True))


def does_not_see_itself(x, w_query, w_key, w_value):
    return attended(x, w_query, w_key, w_value, lambda T, t: np.arange(T) < max(t, 1))


def sees_only_the_future(x, w_query, w_key, w_value):
    return attended(x, w_query, w_key, w_value, lambda T, t: np.arange(T) >= t)


def queries_and_keys_exchanged(x, w_query, w_key, w_value):
    return attended(x, w_key, w_query, w_value)


def without_the_root(x, w_query, w_key, w_value):
    return attended(x, w_query, w_key, w_value, size=1)


def softmax_of_each_key(x, w_query, w_key, w_value):
    queries, keys, values = x @ w_query, x @ w_key, x @ w_value
    scores = np.where(np.tri(len(x)), queries @ keys.T / np.sqrt(queries.shape[1]), -np.inf)
    e = np.exp(scores - scores.max())
    return e / e.sum(axis=0) @ values


def root_of_the_width(x, w_query, w_key, w_value):
    return attended(x, w_query, w_key, w_value, size=x.shape[1])


def values_not_projected(x, w_query, w_key, w_value):
    return attended(x, w_query, w_key, np.eye(x.shape[1]))


def plain_mean_of_the_past(x, w_query, w_key, w_value):
    return np.cumsum(x @ w_value, axis=0) / np.arange(1, len(x) + 1)[:, np.newaxis]


def zero_before_the_softmax(x, w_query, w_key, w_value):
    return attended(x, w_query, w_key, w_value, unseen=0.0)


def masked_after_the_softmax(x, w_query, w_key, w_value):
    queries, keys, values = x @ w_query, x @ w_key, x @ w_value
    weights = [softmax_of(keys @ q / np.sqrt(len(q))) * (np.arange(len(x)) <= t) for t, q in enumerate(queries)]
    return np.array(weights) @ values


MISTAKES = {
    "attention_weights": [
        (not_divided, "faltou dividir por √D"),
        (divided_by_d, "dividiu por D; é pela raiz de D"),
        (divided_by_root_of_s, "dividiu pela raiz do número de posições; é a do número de canais, D"),
        (overflowing, "exp transbordou; subtraia antes a maior pontuação"),
        (without_softmax, "dividiu as pontuações pela soma delas; falta exponenciá-las antes (softmax)"),
        (exponentials_alone, "exponenciou, mas não dividiu pela soma; os pesos devem somar 1"),
        (multiplied_by_the_root, "multiplicou por √D; é por ela que se divide"),
        (divided_afterwards, "dividiu por √D depois da softmax, e os pesos já não somam 1; é antes"),
    ],
    "attend": [
        (plain_mean, "tirou a média simples; cada valor tem o seu peso"),
        (sum_of_keys, "fez a média das chaves; a média é dos VALORES"),
        (the_best_alone, "ficou só com a posição de maior peso; é uma média de todas"),
        (sum_of_values, "somou os valores sem peso nenhum; cada um tem o seu, e os pesos somam 1"),
        (scores_for_weights, "usou as pontuações como pesos; falta a softmax"),
        (weighed_and_not_summed, "pesou os valores, mas não os somou: ficaram S vetores, e é um só"),
        (attended_without_the_root, "os pesos não são os de attention_weights: faltou dividir por √D"),
    ],
    "causal_self_attention": [
        (sees_the_future, "cada posição está vendo também as que vêm depois dela"),
        (does_not_see_itself, "cada posição vê também a si mesma: até t, inclusive"),
        (sees_only_the_future, "cada posição está olhando para a frente; é para trás que ela olha"),
        (queries_and_keys_exchanged, "perguntas e chaves estão trocadas"),
        (masked_after_the_softmax, "o futuro foi apagado depois da softmax, e os pesos já não somam 1"),
        (zero_before_the_softmax, "pôs 0 no futuro antes da softmax, mas e^0 = 1 ainda pesa; deixe-o de fora"),
        (without_the_root, "faltou dividir por √D"),
        (root_of_the_width, "dividiu pela raiz de C, os canais de x; é pela de D, os de cada pergunta"),
        (values_not_projected, "fez a média dos próprios x; os valores são x @ w_value"),
        (plain_mean_of_the_past, "tirou a média simples do passado; cada posição pesa conforme a pergunta e a chave"),
        (softmax_of_each_key, "a softmax foi ao longo das perguntas; para CADA pergunta os pesos das chaves somam 1"),
    ],
}

HINTS = [
    "attention_weights: keys @ query faz os S produtos internos de uma vez. Só então dividem-se por √D e passam pela "
    "softmax.",
    "attend: uma média pesada é um produto: pesos (S,) @ valores (S, E) dá (E,).",
    "causal_self_attention: a posição t usa keys[: t + 1] e values[: t + 1]. Junte as T linhas com np.stack.",
]


def one_query(size):
    return rng.normal(size=32), rng.normal(size=(size, 32))


def one_query_and_values(size):
    return *one_query(size), rng.normal(size=(size, 16))


def text(size):
    return rng.normal(size=(size, 24)), *(rng.normal(size=(24, n)) for n in (16, 16, 8))


WORK = {
    "attention_weights": Work(one_query, small=100, large=800, limit=None),
    "attend": Work(one_query_and_values, small=100, large=800, limit=None),
    "causal_self_attention": Work(text, small=12, large=96, degree=2, limit=None),
}
