"""Respostas erradas de m05.e11, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

from collections import namedtuple

import numpy as np

import tinyllm.functional as F
from tinyllm.course.measure import Work
from tinyllm.tensor import Tensor, backward, op

rng = np.random.default_rng(0)

# -------------------------------------------------------------------------------------------------------- distillation

Compared = namedtuple("Compared", "valor gradiente_do_aluno gradiente_do_professor")


def compared(piece, logits, teacher, dy, temperature):
    """There and back: what a learner reads are these names."""
    leaves = [Tensor(array, requires_grad=True) for array in (logits, teacher)]
    y = piece(*leaves, temperature=temperature)
    gradients = backward(y, dy)
    return Compared(y.data, *(gradients.get(leaf) for leaf in leaves))


def log_softmax(x, axis=-1):
    x = x - x.max(axis=axis, keepdims=True)
    return x - np.log(np.exp(x).sum(axis=axis, keepdims=True))


def diverged(logits, teacher, T, *, of_student=None, of_teacher=None, axis=-1, factor=None, back=None, count=None,
             value=None, gradient=None, to_teacher=False, soften=None):  # fmt: skip
    """(value, backward) of the divergence, but for what is said."""
    log_q = log_softmax(logits / (T if of_student is None else of_student), axis)
    log_p = log_softmax(teacher / (T if of_teacher is None else of_teacher), axis)
    if soften is not None:
        log_q, log_p = soften(logits), soften(teacher)
    p, q = np.exp(log_p), np.exp(log_q)
    n = count or logits.size // logits.shape[-1]
    factor = T**2 if factor is None else factor
    y = factor * ((p * (log_p - log_q)) if value is None else value(p, q, log_p, log_q)).sum() / n
    slope = (q - p) if gradient is None else gradient(p, q, log_p, log_q)

    def backward(dy):
        dx = (dy * (factor / T if back is None else back) / n * slope).astype(logits.dtype)
        return dx, (-dx if to_teacher else None)

    return logits.dtype.type(y), backward


@op
def square_forgotten(logits, teacher, *, temperature):
    return diverged(logits, teacher, temperature, factor=1.0)


@op
def temperature_once(logits, teacher, *, temperature):
    return diverged(logits, teacher, temperature, factor=temperature)


@op
def only_the_value_squared(logits, teacher, *, temperature):
    return diverged(logits, teacher, temperature, back=1 / temperature)


@op
def chain_forgotten(logits, teacher, *, temperature):
    return diverged(logits, teacher, temperature, back=temperature**2)


@op
def slope_without_temperature(logits, teacher, *, temperature):
    return diverged(logits, teacher, temperature, back=1.0)


def reversed_divergence(p, q, log_p, log_q):
    return q * (log_q - log_p)


def slope_of_the_reversed(p, q, log_p, log_q):
    each = reversed_divergence(p, q, log_p, log_q)
    return each - q * each.sum(axis=-1, keepdims=True)


@op
def the_other_way_round(logits, teacher, *, temperature):
    return diverged(logits, teacher, temperature, value=reversed_divergence, gradient=slope_of_the_reversed)


@op
def only_the_value_the_other_way_round(logits, teacher, *, temperature):
    return diverged(logits, teacher, temperature, value=reversed_divergence)


@op
def summed(logits, teacher, *, temperature):
    return diverged(logits, teacher, temperature, count=1)


@op
def mean_of_all_numbers(logits, teacher, *, temperature):
    return diverged(logits, teacher, temperature, count=logits.size)


@op
def mean_of_the_first_axis(logits, teacher, *, temperature):
    return diverged(logits, teacher, temperature, count=len(logits))


@op
def teacher_alone_softened(logits, teacher, *, temperature):
    return diverged(logits, teacher, temperature, of_student=1.0)


@op
def student_alone_softened(logits, teacher, *, temperature):
    return diverged(logits, teacher, temperature, of_teacher=1.0)


@op
def multiplied_by_the_temperature(logits, teacher, *, temperature):
    return diverged(logits, teacher, temperature, of_student=1 / temperature, of_teacher=1 / temperature)


@op
def along_the_first_axis(logits, teacher, *, temperature):
    return diverged(logits, teacher, temperature, axis=0)


@op
def turned_round(logits, teacher, *, temperature):
    return diverged(logits, teacher, temperature, gradient=lambda p, q, log_p, log_q: p - q)


@op
def of_the_student_alone(logits, teacher, *, temperature):
    return diverged(logits, teacher, temperature, gradient=lambda p, q, log_p, log_q: q)


@op
def without_dy(logits, teacher, *, temperature):
    y, back = diverged(logits, teacher, temperature)
    return y, lambda dy: back(np.ones_like(dy))


@op
def the_teacher_learns(logits, teacher, *, temperature):
    return diverged(logits, teacher, temperature, to_teacher=True)


@op
def softened_too_late(logits, teacher, *, temperature):
    return diverged(logits, teacher, temperature, soften=lambda x: log_softmax(x) / temperature)


@op
def only_the_value_of_all_numbers(logits, teacher, *, temperature):
    of_all = temperature**2 / logits.shape[-1]
    return diverged(logits, teacher, temperature, factor=of_all, back=temperature)


@op
def entropy_left_out(logits, teacher, *, temperature):
    return diverged(logits, teacher, temperature, value=lambda p, q, log_p, log_q: -p * log_q)


@op
def overflowing(logits, teacher, *, temperature):
    with np.errstate(all="ignore"):
        p, q = (np.exp(x / temperature) for x in (teacher, logits))
        p, q = p / p.sum(axis=-1, keepdims=True), q / q.sum(axis=-1, keepdims=True)
        n = logits.size // logits.shape[-1]
        y = temperature**2 * (p * (np.log(p) - np.log(q))).sum() / n
    return logits.dtype.type(y), lambda dy: ((dy * temperature / n * (q - p)).astype(logits.dtype), None)


# --------------------------------------------------------------------------------------------------------- hidden_loss

Imitated = namedtuple("Imitated", "valor gradiente_de_hidden gradiente_de_head gradiente_de_weight")


def imitated(piece, hidden, head, targets, states, weight, mixture):
    """There and back."""
    leaves = [Tensor(array, requires_grad=True) for array in (hidden, head, weight)]
    y = piece(leaves[0], leaves[1], targets, states, leaves[2], mixture=mixture)
    gradients = backward(y)
    return Imitated(y.data, *(gradients.get(leaf) for leaf in leaves))


def imitating(hidden, head, targets, states, weight, mixture, *, norm=None, error=None, reduce=None, plain=None,
              other=None, through=None):  # fmt: skip
    """The loss, but for what is said."""

    def mean_square(s):
        return np.sqrt((s * s).mean(axis=-1, keepdims=True) + 1e-6)

    s = (states / mean_square(states)) if norm is None else norm(states)
    apart = (hidden if through is None else through(hidden)) @ weight - s
    apart = (apart * apart).mean() if reduce is None else reduce(apart)
    text = F.cross_entropy(hidden @ head, targets)
    first, second = (1 - mixture) if plain is None else plain, mixture if other is None else other
    return text * first + apart * second


def shares_exchanged(hidden, head, targets, states, weight, *, mixture):
    return imitating(hidden, head, targets, states, weight, mixture, plain=mixture, other=1 - mixture)


def text_whole(hidden, head, targets, states, weight, *, mixture):
    return imitating(hidden, head, targets, states, weight, mixture, plain=1.0)


def text_left_out(hidden, head, targets, states, weight, *, mixture):
    return imitating(hidden, head, targets, states, weight, mixture, plain=0.0)


def teacher_left_out(hidden, head, targets, states, weight, *, mixture):
    return imitating(hidden, head, targets, states, weight, mixture, other=0.0)


def states_as_they_are(hidden, head, targets, states, weight, *, mixture):
    return imitating(hidden, head, targets, states, weight, mixture, norm=lambda s: s)


def of_length_one(hidden, head, targets, states, weight, *, mixture):
    return imitating(hidden, head, targets, states, weight, mixture,
                     norm=lambda s: s / np.sqrt((s * s).sum(axis=-1, keepdims=True) + s.dtype.type(1e-6)))  # fmt: skip


def as_layer_norm(hidden, head, targets, states, weight, *, mixture):
    def norm(s):
        s = s - s.mean(axis=-1, keepdims=True)
        return s / np.sqrt((s * s).mean(axis=-1, keepdims=True) + s.dtype.type(1e-6))

    return imitating(hidden, head, targets, states, weight, mixture, norm=norm)


def of_the_whole_array(hidden, head, targets, states, weight, *, mixture):
    return imitating(hidden, head, targets, states, weight, mixture,
                     norm=lambda s: s / np.sqrt((s * s).mean() + s.dtype.type(1e-6)))  # fmt: skip


def squares_summed(hidden, head, targets, states, weight, *, mixture):
    return imitating(hidden, head, targets, states, weight, mixture, reduce=lambda e: (e * e).sum())


def lengths_of_rows(hidden, head, targets, states, weight, *, mixture):
    return imitating(hidden, head, targets, states, weight, mixture,
                     reduce=lambda e: (e * e).mean() * float(e.shape[-1]))  # fmt: skip


def not_squared(hidden, head, targets, states, weight, *, mixture):
    return imitating(hidden, head, targets, states, weight, mixture, reduce=lambda e: e.mean())


def hidden_cut_off(hidden, head, targets, states, weight, *, mixture):
    return imitating(hidden, head, targets, states, weight, mixture, through=lambda h: Tensor(h.data))


def numbers_of_the_student(hidden, head, targets, states, weight, *, mixture):
    return imitating(hidden, head, targets, states, Tensor(weight.data), mixture, through=lambda h: Tensor(h.data))


def along_the_positions(hidden, head, targets, states, weight, *, mixture):
    return imitating(hidden, head, targets, states, weight, mixture,
                     norm=lambda s: s / np.sqrt((s * s).mean(axis=0) + s.dtype.type(1e-6)))  # fmt: skip


def of_the_deviation(hidden, head, targets, states, weight, *, mixture):
    return imitating(hidden, head, targets, states, weight, mixture,
                     norm=lambda s: s / np.sqrt(s.var(axis=-1, keepdims=True) + s.dtype.type(1e-6)))  # fmt: skip


def outside_the_root(hidden, head, targets, states, weight, *, mixture):
    def norm(s):
        return s / (np.sqrt((s * s).mean(axis=-1, keepdims=True)) + s.dtype.type(1e-6))

    return imitating(hidden, head, targets, states, weight, mixture, norm=norm)


def root_of_the_error(hidden, head, targets, states, weight, *, mixture):
    return imitating(hidden, head, targets, states, weight, mixture, reduce=lambda e: (e * e).mean() ** 0.5)


def softmax_twice(hidden, head, targets, states, weight, *, mixture):
    error = imitating(hidden, head, targets, states, weight, mixture, plain=0.0)
    return F.cross_entropy(F.softmax(hidden @ head), targets) * (1 - mixture) + error


# ----------------------------------------------------------------------------------------------------------- likeliest


def kept(logits, count, *, sort=True, first=True, last="log", scale=None, order=None, of_kept=False):
    """What is kept, but for what is said."""
    x = logits if order is None else order(logits)
    found = np.argsort(-x, axis=-1, kind="stable")
    if not first:
        V = logits.shape[-1]
        found = V - 1 - np.argsort(-x[:, ::-1], axis=-1, kind="stable")
    ids = found[:, :count]
    ids = np.sort(ids, axis=-1) if sort else ids
    others = logits.astype(np.float64)
    np.put_along_axis(others, ids, -np.inf, axis=-1)
    top = others.max(axis=-1, keepdims=True)
    of_others = np.log(np.exp(others - top).sum(axis=-1, keepdims=True)) + top
    some = np.take_along_axis(logits.astype(np.float64), ids, axis=-1)
    known = np.concatenate([some, of_others], axis=-1)
    return ids, (log_softmax(known) if scale is None else scale(known)).astype(logits.dtype)


def likeliest_first(logits, *, count):
    return kept(logits, count, sort=False)


def last_of_equals(logits, *, count):
    return kept(logits, count, first=False)


def least_likely(logits, *, count):
    return kept(logits, count, order=lambda x: -x)


def logits_as_they_are(logits, *, count):
    return kept(logits, count, scale=lambda known: known)


def probabilities(logits, *, count):
    return kept(logits, count, scale=lambda known: np.exp(log_softmax(known)))


def others_left_out(logits, *, count):
    ids, known = kept(logits, count)
    return ids, known[:, :-1]


def among_themselves(logits, *, count):
    def of_those(known):
        return np.concatenate([log_softmax(known[:, :-1]), log_softmax(known)[:, -1:]], axis=-1)

    return kept(logits, count, scale=of_those)


def largest_of_the_others(logits, *, count):
    ids, known = kept(logits, count)
    whole = log_softmax(logits.astype(np.float64))
    np.put_along_axis(whole, ids, -np.inf, axis=-1)
    known[:, -1] = whole.max(axis=-1)
    return ids, known


def mean_of_the_others(logits, *, count):
    ids, known = kept(logits, count)
    known[:, -1] -= logits.dtype.type(np.log(logits.shape[-1] - count))
    return ids, known


def one_less_the_sum(logits, *, count):
    ids, known = kept(logits, count)
    with np.errstate(divide="ignore", invalid="ignore"):
        known[:, -1] = np.log(1 - np.exp(known[:, :-1]).sum(axis=-1))
    return ids, known


def whole_for_the_others(logits, *, count):
    ids, known = kept(logits, count)
    known[:, -1] = 0
    return ids, known


def logs_of_the_others_summed(logits, *, count):
    ids, known = kept(logits, count)
    logs = log_softmax(logits)
    known[:, -1] = logs.sum(axis=-1) - np.take_along_axis(logs, ids, axis=-1).sum(axis=-1)
    return ids, known


def logs_of_the_others_averaged(logits, *, count):
    ids, known = logs_of_the_others_summed(logits, count=count)
    known[:, -1] /= logits.shape[-1] - count
    return ids, known


def only_the_ids_sorted(logits, *, count):
    ids, known = kept(logits, count, sort=False)
    return np.sort(ids, axis=-1), known


def others_come_first(logits, *, count):
    ids, known = kept(logits, count)
    return ids, np.roll(known, 1, axis=-1)


def one_too_few(logits, *, count):
    ids, known = kept(logits, max(1, count - 1))
    return ids, known


MISTAKES = {
    "distillation": [
        (square_forgotten, "faltou o T²: sem ele, quanto maior a temperatura, menos o professor conta"),
        (temperature_once, "multiplicou por T; é por T²"),
        (only_the_value_squared, "o T² está no valor, mas não no gradiente"),
        (chain_forgotten, "no gradiente faltou a regra da cadeia por logits / T: um T dos dois se vai"),
        (slope_without_temperature, "o gradiente não tem a temperatura; de T² · 1/T fica um T"),
        (the_other_way_round, "calculou KL(q || p); a média dos logaritmos é pelas probabilidades do PROFESSOR"),
        (only_the_value_the_other_way_round, "o valor é KL(q || p); a média dos logaritmos é pelas probabilidades do "
                                             "PROFESSOR"),
        (summed, "somou as posições; é a média delas"),
        (mean_of_all_numbers, "dividiu por todos os números; a média é sobre as posições, e em V se soma"),
        (mean_of_the_first_axis, "dividiu só pelo primeiro eixo; as posições são todos os eixos menos o último"),
        (teacher_alone_softened, "só os logits do professor foram divididos por T; são os dois"),
        (student_alone_softened, "só os logits do aluno foram divididos por T; são os dois"),
        (multiplied_by_the_temperature, "multiplicou os logits por T; é dividir, para que T > 1 os aproxime"),
        (along_the_first_axis, "a softmax foi ao longo do primeiro eixo; é o último, o dos tokens"),
        (turned_round, "o gradiente está com o sinal trocado: é o aluno menos o professor"),
        (of_the_student_alone, "no gradiente ficou só o aluno; onde os dois concordam, ele deve ser 0"),
        (without_dy, "o gradiente não usa dy; pela regra da cadeia, multiplique por ele"),
        (the_teacher_learns, "o professor recebeu um gradiente; o dele é None"),
        (softened_too_late, "dividiu por T depois do logaritmo da softmax; a divisão vem antes dela"),
        (only_the_value_of_all_numbers, "o valor foi dividido por todos os números; a média é sobre as posições, e em "
                                        "V se soma"),
        (entropy_left_out, "isto é a entropia cruzada dos dois; falta somar p log p, para que dê 0 onde concordam"),
        (overflowing, "exp transbordou, ou log recebeu 0; use x - log_sum(x), que é o log da softmax"),
    ],
    "hidden_loss": [
        (shares_exchanged, "mixture é a parte do PROFESSOR; a do texto é 1 - mixture"),
        (text_whole, "a perda do texto entrou inteira; ela conta 1 - mixture"),
        (text_left_out, "faltou a perda do texto"),
        (teacher_left_out, "faltou o erro diante do professor"),
        (states_as_they_are, "os estados do professor ficaram como estavam; divida cada um pela sua média quadrática"),
        (of_length_one, "dividiu pelo comprimento da linha; a média quadrática é a raiz da MÉDIA dos quadrados"),
        (as_layer_norm, "tirou a média de cada linha antes; é só dividir pela média quadrática"),
        (of_the_whole_array, "dividiu o array inteiro pelo mesmo número; cada linha tem a sua média quadrática"),
        (squares_summed, "somou os quadrados; é a média de todos eles"),
        (lengths_of_rows, "somou os D quadrados de cada linha; a média é de todos os N · D"),
        (not_squared, "faltou o quadrado: erros de sinais opostos se anulam"),
        (numbers_of_the_student, "o gradiente do erro não volta a hidden nem a weight; faça a conta com os Tensores"),
        (along_the_positions, "a média quadrática foi ao longo das posições; é de cada LINHA, o último eixo"),
        (of_the_deviation, "dividiu pelo desvio padrão, que tira a média antes; é a raiz da média dos quadrados"),
        (outside_the_root, "o 10⁻⁶ fica dentro da raiz"),
        (root_of_the_error, "tirou a raiz do erro; ele é a média dos quadrados"),
        (softmax_twice, "F.cross_entropy já faz a softmax; dê-lhe os logits"),
        (hidden_cut_off, "o gradiente do erro não volta a hidden; faça a conta com o Tensor, e não com os números"),
    ],
    "likeliest": [
        (likeliest_first, "os ids vieram do mais provável ao menos; a ordem é a dos ids, crescente"),
        (last_of_equals, "entre tokens igualmente prováveis, fica o de menor id: np.argsort(-logits, kind=\"stable\")"),
        (least_likely, "guardou os menos prováveis"),
        (logits_as_they_are, "guardou os logits; são os logaritmos das probabilidades, cujas exponenciais somam 1"),
        (probabilities, "guardou as probabilidades; são os seus logaritmos"),
        (others_left_out, "faltou a última coluna, a de todos os outros juntos"),
        (among_themselves, "as probabilidades dos k somam 1 entre si; os outros também têm a sua parte"),
        (largest_of_the_others, "a última coluna é só a do maior dos outros; é a da SOMA de todos"),
        (mean_of_the_others, "a última coluna é a da média dos outros; é a da soma"),
        (one_less_the_sum, "calculou a soma dos outros como 1 - Σ, e o que é pequeno se perdeu; some-os"),
        (whole_for_the_others, "a última coluna é a soma de TODOS, que é 1; ela é só a dos que não foram guardados"),
        (logs_of_the_others_summed, "somou os logaritmos dos outros; é o logaritmo da soma das probabilidades deles"),
        (logs_of_the_others_averaged, "tirou a média dos logaritmos dos outros; é o logaritmo da soma das "
                                      "probabilidades deles"),
        (only_the_ids_sorted, "os ids estão em ordem, mas os logaritmos ficaram na ordem de antes"),
        (others_come_first, "a coluna dos outros é a última"),
        (one_too_few, "guardou um token a menos"),
    ],
}  # fmt: skip

HINTS = [
    "distillation: log_p = teacher / T - log_sum(teacher / T), e log_q do mesmo modo; p = np.exp(log_p). hidden_loss: "
    "error = hidden @ weight - states, e (error * error).mean(); um Tensor menos um array é um Tensor. likeliest: "
    'np.argsort(-logits, axis=-1, kind="stable")[:, :count], e np.sort do que vier.',
    "distillation: seja u = logits / T; a derivada de KL por u é q - p, como na entropia cruzada, e a de u pelos "
    "logits é 1 / T. Com o T² e a média, o gradiente é dy · T · (q - p) / posições. likeliest: "
    "np.take_along_axis(logits, ids, axis=-1) lê os dos k; para os outros, ponha -inf nos k de uma cópia "
    "(np.put_along_axis) e use log_sum.",
    "distillation: posições = logits.size // logits.shape[-1]; devolva valor, backward, e backward devolve (gradiente, "
    "None). hidden_loss: states / np.sqrt((states * states).mean(axis=-1, keepdims=True) + 1e-6). likeliest: junte as "
    "colunas dos k e a dos outros com np.concatenate, e tire de todas log_sum(logits).",
]


def both(size):
    return (*rng.normal(size=(2, size, 256)), np.float64(1.0), 2.0)


def states_of_both(size):
    return (rng.normal(size=(size, 20)), rng.normal(size=(20, 50)), rng.integers(50, size=size),
            rng.normal(size=(size, 30)), rng.normal(size=(20, 30)), 0.5)  # fmt: skip


def many_logits(size):
    return rng.normal(size=(size, 300)), 8


WORK = {
    "distillation": Work(both, small=50, large=800, through=compared),
    "hidden_loss": Work(states_of_both, small=50, large=800, through=imitated),
    "likeliest": Work(
        many_logits, small=30, large=400, limit=40, through=lambda piece, logits, count: piece(logits, count=count)
    ),
}
