"""Respostas erradas de m01.e03, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

import numpy as np

from tinyllm.course.judge import there_and_back
from tinyllm.course.measure import Work
from tinyllm.tensor import op

rng = np.random.default_rng(0)


def parts(x, axis):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


@op
def first_axis(x):
    y = parts(x, 0)
    return y, lambda dy: y * (dy - (dy * y).sum(axis=0, keepdims=True))


@op
def everything_together(x):
    y = parts(x, None)
    return y, lambda dy: y * (dy - (dy * y).sum())


@op
def unstable(x):
    with np.errstate(all="ignore"):
        y = np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True)
    return y, lambda dy: y * (dy - (dy * y).sum(axis=-1, keepdims=True))


@op
def largest_of_all(x):
    e = np.exp(x - x.max())
    y = e / e.sum(axis=-1, keepdims=True)
    return y, lambda dy: y * (dy - (dy * y).sum(axis=-1, keepdims=True))


@op
def gradient_summed_over_all(x):
    y = parts(x, -1)
    return y, lambda dy: y * (dy - (dy * y).sum())


@op
def gradient_by_the_sum_of_dy(x):
    y = parts(x, -1)
    return y, lambda dy: y * (dy - dy.sum(axis=-1, keepdims=True))


@op
def gradient_less_the_sum(x):
    y = parts(x, -1)
    return y, lambda dy: y * dy - (dy * y).sum(axis=-1, keepdims=True)


@op
def gradient_of_exp(x):
    y = parts(x, -1)
    return y, lambda dy: y * dy


@op
def diagonal_only(x):
    y = parts(x, -1)
    return y, lambda dy: y * (1 - y) * dy


@op
def local_slope_only(x):
    y = parts(x, -1)
    return y, lambda dy: y * (1 - y)


@op
def log_of_the_softmax(x):
    with np.errstate(divide="ignore"):
        y = np.log(parts(x, -1))
    return y, lambda dy: dy - np.exp(y) * dy.sum(axis=-1, keepdims=True)


@op
def log_of_the_sum_overflowing(x):
    with np.errstate(all="ignore"):
        y = x - np.log(np.exp(x).sum(axis=-1, keepdims=True))
    return y, lambda dy: dy - np.exp(y) * dy.sum(axis=-1, keepdims=True)


@op
def log_along_the_first_axis(x):
    shifted = x - x.max(axis=0, keepdims=True)
    y = shifted - np.log(np.exp(shifted).sum(axis=0, keepdims=True))
    return y, lambda dy: dy - np.exp(y) * dy.sum(axis=0, keepdims=True)


@op
def log_of_largest_of_all(x):
    shifted = x - x.max()
    y = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return y, lambda dy: dy - np.exp(y) * dy.sum(axis=-1, keepdims=True)


@op
def largest_only_inside(x):
    y = x - np.log(np.exp(x - x.max(axis=-1, keepdims=True)).sum(axis=-1, keepdims=True))
    return y, lambda dy: dy - parts(x, -1) * dy.sum(axis=-1, keepdims=True)


@op
def without_log(x):
    y = parts(x, -1)
    return y, lambda dy: dy - y * dy.sum(axis=-1, keepdims=True)


@op
def log_gradient_by_the_logarithm(x):
    shifted = x - x.max(axis=-1, keepdims=True)
    y = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return y, lambda dy: dy - y * dy.sum(axis=-1, keepdims=True)


@op
def log_gradient_of_softmax(x):
    shifted = x - x.max(axis=-1, keepdims=True)
    y = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    p = np.exp(y)
    return y, lambda dy: p * (dy - (dy * p).sum(axis=-1, keepdims=True))


@op
def log_gradient_not_summed(x):
    shifted = x - x.max(axis=-1, keepdims=True)
    y = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return y, lambda dy: dy - np.exp(y) * dy


@op
def log_gradient_without_dy(x):
    shifted = x - x.max(axis=-1, keepdims=True)
    y = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return y, lambda dy: 1 - np.exp(y)


@op
def summed(logits, targets):
    p, rows = parts(logits, -1), np.arange(len(targets))
    u = np.zeros_like(p)
    u[rows, targets] = 1
    return -np.log(p[rows, targets]).sum(), lambda dy: (dy * (p - u), None)


def surprises(logits, targets):
    """What the right token of each row surprises, and the softmax less 1 at that token."""
    shifted, rows = logits - logits.max(axis=-1, keepdims=True), np.arange(len(targets))
    apart = parts(logits, -1)
    apart[rows, targets] -= 1
    return np.log(np.exp(shifted).sum(axis=-1)) - shifted[rows, targets], apart


@op
def only_the_value_summed(logits, targets):
    surprise, apart = surprises(logits, targets)
    return surprise.sum(), lambda dy: (dy * apart / len(targets), None)


@op
def mean_of_every_number(logits, targets):
    surprise, apart = surprises(logits, targets)
    return surprise.sum() / logits.size, lambda dy: (dy * apart / logits.size, None)


@op
def only_the_value_a_mean_of_every_number(logits, targets):
    surprise, apart = surprises(logits, targets)
    return surprise.sum() / logits.size, lambda dy: (dy * apart / len(targets), None)


@op
def sign_forgotten(logits, targets):
    surprise, apart = surprises(logits, targets)
    return -surprise.mean(), lambda dy: (dy * apart / len(targets), None)


@op
def sign_forgotten_both_ways(logits, targets):
    surprise, apart = surprises(logits, targets)
    return -surprise.mean(), lambda dy: (-dy * apart / len(targets), None)


@op
def gradient_of_the_softmax_alone(logits, targets):
    surprise, _ = surprises(logits, targets)
    return surprise.mean(), lambda dy: (dy * parts(logits, -1) / len(targets), None)


@op
def logits_less_the_largest_of_all(logits, targets):
    shifted, rows = logits - logits.max(), np.arange(len(targets))
    e = np.exp(shifted)
    apart = e / e.sum(axis=-1, keepdims=True)
    apart[rows, targets] -= 1
    loss = (np.log(e.sum(axis=-1)) - shifted[rows, targets]).mean()
    return loss, lambda dy: (dy * apart / len(targets), None)


@op
def gradient_not_divided(logits, targets):
    p, rows = parts(logits, -1), np.arange(len(targets))
    u = np.zeros_like(p)
    u[rows, targets] = 1
    with np.errstate(divide="ignore"):
        return -np.log(p[rows, targets]).mean(), lambda dy: (dy * (p - u), None)


@op
def gradient_turned_round(logits, targets):
    p, rows = parts(logits, -1), np.arange(len(targets))
    u = np.zeros_like(p)
    u[rows, targets] = 1
    with np.errstate(divide="ignore"):
        return -np.log(p[rows, targets]).mean(), lambda dy: (dy * (u - p) / len(targets), None)


@op
def gradient_without_dy(logits, targets):
    rows = np.arange(len(targets))
    shifted = logits - logits.max(axis=-1, keepdims=True)
    u = np.zeros_like(logits)
    u[rows, targets] = 1
    loss = (np.log(np.exp(shifted).sum(axis=-1)) - shifted[rows, targets]).mean()
    return loss, lambda dy: ((parts(logits, -1) - u) / len(targets), None)


@op
def log_of_zero(logits, targets):
    p, rows = parts(logits, -1), np.arange(len(targets))
    u = np.zeros_like(p)
    u[rows, targets] = 1
    with np.errstate(divide="ignore"):
        return -np.log(p[rows, targets]).mean(), lambda dy: (dy * (p - u) / len(targets), None)


@op
def overflowing(logits, targets):
    with np.errstate(all="ignore"):
        e, rows = np.exp(logits), np.arange(len(targets))
        apart = e / e.sum(axis=-1, keepdims=True)
        loss = (np.log(e.sum(axis=-1)) - logits[rows, targets]).mean()
    apart[rows, targets] -= 1
    return loss, lambda dy: (dy * apart / len(targets), None)


@op
def bits(logits, targets):
    p, rows = parts(logits, -1), np.arange(len(targets))
    u = np.zeros_like(p)
    u[rows, targets] = 1
    shifted = logits - logits.max(axis=-1, keepdims=True)
    nats = np.log(np.exp(shifted).sum(axis=-1)) - shifted[rows, targets]
    return nats.mean() / logits.dtype.type(np.log(2)), lambda dy: (dy * (p - u) / len(targets), None)


MISTAKES = {
    "softmax": [
        (first_axis, "somou ao longo do primeiro eixo; é cada LINHA, no último eixo, que deve somar 1"),
        (everything_together, "somou o array inteiro; cada linha tem a sua soma (axis=-1, keepdims=True)"),
        (unstable, "exp transbordou; subtraia antes o maior número de cada linha"),
        (gradient_of_exp, "o gradiente é o de exp sozinha; falta o efeito da soma: y (dy - Σ dy y)"),
        (diagonal_only, "o gradiente só tem a diagonal; cada y depende de TODOS os x da linha"),
        (local_slope_only, "o gradiente não usa dy, e só tem a diagonal: y (dy - Σ dy y)"),
        (largest_of_all, "subtraiu o maior número do array inteiro; cada linha tem o seu (axis=-1, keepdims=True)"),
        (gradient_summed_over_all, "o gradiente somou dy · y do array inteiro; cada linha tem a sua soma"),
        (gradient_by_the_sum_of_dy, "o gradiente subtraiu Σ dy; é Σ dy · y, em que cada dy tem o seu peso"),
        (gradient_less_the_sum, "no gradiente, y multiplicou só dy; ele multiplica a diferença inteira, dy - Σ dy · y"),
    ],
    "log_softmax": [
        (log_of_the_softmax, "log de uma probabilidade que virou 0; use x - log Σ e^x, sem passar pela softmax"),
        (log_of_the_sum_overflowing, "exp transbordou dentro do log; subtraia antes o maior número de cada linha"),
        (log_along_the_first_axis, "somou ao longo do primeiro eixo; é o último que conta (axis=-1)"),
        (log_gradient_of_softmax, "o gradiente é o da softmax; o do seu logaritmo é dy - softmax(x) Σ dy"),
        (log_gradient_not_summed, "falta somar dy na linha: cada saída depende de TODOS os x, por causa do log Σ e^x"),
        (log_gradient_without_dy, "o gradiente não usa dy; pela regra da cadeia, é dy - softmax(x) Σ dy"),
        (
            log_of_largest_of_all,
            "subtraiu o maior número do array inteiro; cada linha tem o seu (axis=-1, keepdims=True)",
        ),
        (largest_only_inside, "subtraiu o maior dentro do log, mas não de x; é o mesmo nos dois lugares"),
        (without_log, "isto é a softmax; falta o seu logaritmo"),
        (
            log_gradient_by_the_logarithm,
            "o gradiente multiplicou Σ dy pelo logaritmo; é por softmax(x), que é e elevado a ele",
        ),
    ],
    "cross_entropy": [
        (summed, "somou em vez de tirar a média sobre os N tokens"),
        (gradient_not_divided, "a perda é uma média: falta dividir o gradiente por N"),
        (gradient_turned_round, "o gradiente está com o sinal trocado: softmax(logits) menos 1 no token certo"),
        (gradient_without_dy, "o gradiente não usa dy; pela regra da cadeia, multiplique por ele"),
        (log_of_zero, "log de uma probabilidade que virou 0; use log(Σ e^x) - x, sem passar pela softmax"),
        (bits, "isto são bits; nats usam o logaritmo natural, np.log"),
        (only_the_value_summed, "somou em vez de tirar a média sobre os N tokens"),
        (mean_of_every_number, "dividiu por N · V, todos os números dos logits; a média é sobre os N tokens"),
        (
            only_the_value_a_mean_of_every_number,
            "dividiu por N · V, todos os números dos logits; a média é sobre os N tokens",
        ),
        (sign_forgotten, "faltou o sinal: a perda é a média de MENOS log da probabilidade"),
        (sign_forgotten_both_ways, "faltou o sinal: a perda é a média de MENOS log da probabilidade"),
        (gradient_of_the_softmax_alone, "o gradiente é só a softmax; falta tirar 1 no token certo"),
        (
            logits_less_the_largest_of_all,
            "subtraiu o maior dos logits todos; cada linha tem o seu (axis=-1, keepdims=True)",
        ),
        (overflowing, "exp transbordou; subtraia antes o maior número de cada linha"),
    ],
}

EQUIVALENT = {  # mutants of the solution that compute the same
    "totals = e.sum(axis=-1, keepdims=True): -1 -> (1)": "the logits have two axes: the last is axis 1",
    "shifted = logits - logits.max(axis=-1, keepdims=True): -1 -> (1)": "the logits have two axes: the last is axis 1",
}

HINTS = [
    "x - x.max(axis=-1, keepdims=True) deixa 0 como o maior número de cada linha. A softmax não percebe a diferença, "
    "porque o fator e^(-max) está em cima e embaixo da fração.",
    "Guarde y numa variável: `backward` é uma função de dentro e a enxerga. Em (dy * y).sum(axis=-1, keepdims=True) o "
    "keepdims deixa o resultado combinar com y. No backward de log_softmax, softmax(x) é np.exp(y).",
    "Com shifted = x - max, log_softmax é shifted - log(exp(shifted).sum()), linha por linha; a perda de cada token é "
    "isso com o sinal trocado, no token certo: shifted[np.arange(N), targets] lê um número por linha. O backward de "
    "cross_entropy devolve um par: (dlogits, None).",
]


def rows(size):
    return rng.normal(size=(size, 64)), rng.normal(size=(size, 64))


def rows_and_targets(size):
    return rng.normal(size=(size, 64)), np.float64(1.0), rng.integers(64, size=size)


WORK = {
    "softmax": Work(rows, small=50, large=400, through=there_and_back, limit=None),
    "log_softmax": Work(rows, small=50, large=400, through=there_and_back, limit=None),
    "cross_entropy": Work(rows_and_targets, small=50, large=400, through=there_and_back, limit=None),
}
