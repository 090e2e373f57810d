"""Respostas erradas de m06.e01, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

from collections import namedtuple

import numpy as np

from tinyllm import functional as F
from tinyllm.course.measure import Work
from tinyllm.models import catalog
from tinyllm.nn import layers
from tinyllm.nn.module import Module, map_parameters
from tinyllm.tensor import Tensor, backward, op

rng = np.random.default_rng(0)

# ------------------------------------------------------------------------------------------------------- cross_entropy

Compared = namedtuple("Compared", "valor gradiente_dos_logits")


def compared(piece, logits, targets, dy, options):
    """There and back: what a learner reads are these names."""
    logits = Tensor(logits, requires_grad=True)
    y = piece(logits, targets, **options)
    return Compared(y.data, backward(y, dy).get(logits))


def log_softmax(x, axis=-1):
    x = x - x.max(axis=axis, keepdims=True)
    return x - np.log(np.exp(x).sum(axis=axis, keepdims=True))


def soft(shape, targets, eps):
    """(N, L) of the targets: a part of each is shared by all labels."""
    t = np.full(shape, eps / shape[1])
    t[np.arange(shape[0]), targets] += 1 - eps
    return t


def surprised(logits, targets, weights, eps, *, wanted=soft, wanted_back=None, shares=None, shares_back=None, axis=-1,
              each=None, sign=1):  # fmt: skip
    """(value, backward) of the loss, but for what is said."""
    w = np.ones(len(targets)) if weights is None else weights
    log_q, t = log_softmax(logits, axis), wanted(logits.shape, targets, eps)
    share = (w / w.sum()) if shares is None else shares(w)
    share_back = share if shares_back is None else shares_back(w)
    t_back = t if wanted_back is None else wanted_back(logits.shape, targets, eps)
    losses = -(t * log_q).sum(axis=1) if each is None else each(t, log_q)
    slope = sign * share_back[:, None] * (np.exp(log_q) - t_back)
    return logits.dtype.type((share * losses).sum()), lambda dy: ((dy * slope).astype(logits.dtype), None)


def hard(shape, targets, eps):
    return soft(shape, targets, 0.0)


def of_the_others(shape, targets, eps):
    t = np.full(shape, eps / max(1, shape[1] - 1))
    t[np.arange(shape[0]), targets] = 1 - eps
    return t


def without_its_share(shape, targets, eps):
    t = np.full(shape, eps / shape[1])
    t[np.arange(shape[0]), targets] = 1 - eps
    return t


def as_much_to_each(shape, targets, eps):
    t = np.full(shape, eps)
    t[np.arange(shape[0]), targets] += 1 - eps
    return t


def added_on_top(shape, targets, eps):
    return soft(shape, targets, 0.0) + eps / shape[1]


def exchanged(shape, targets, eps):
    return soft(shape, targets, 1 - eps)


@op
def not_smoothed(logits, targets, *, weights=None, label_smoothing=0.0):
    return surprised(logits, targets, weights, label_smoothing, wanted=hard)


@op
def only_the_value_smoothed(logits, targets, *, weights=None, label_smoothing=0.0):
    return surprised(logits, targets, weights, label_smoothing, wanted_back=hard)


@op
def shared_by_the_others(logits, targets, *, weights=None, label_smoothing=0.0):
    return surprised(logits, targets, weights, label_smoothing, wanted=of_the_others)


@op
def right_one_without_its_share(logits, targets, *, weights=None, label_smoothing=0.0):
    return surprised(logits, targets, weights, label_smoothing, wanted=without_its_share)


@op
def whole_for_each(logits, targets, *, weights=None, label_smoothing=0.0):
    return surprised(logits, targets, weights, label_smoothing, wanted=as_much_to_each)


@op
def nothing_taken_from_the_right_one(logits, targets, *, weights=None, label_smoothing=0.0):
    return surprised(logits, targets, weights, label_smoothing, wanted=added_on_top)


@op
def parts_exchanged(logits, targets, *, weights=None, label_smoothing=0.0):
    return surprised(logits, targets, weights, label_smoothing, wanted=exchanged)


@op
def smoothed_probabilities(logits, targets, *, weights=None, label_smoothing=0.0):
    def each(t, log_q):
        q = (1 - label_smoothing) * np.exp(log_q) + label_smoothing / logits.shape[1]
        return -(hard(logits.shape, targets, 0.0) * np.log(q)).sum(axis=1)

    return surprised(logits, targets, weights, label_smoothing, each=each)


def equal(w):
    return np.full(len(w), 1 / len(w))


@op
def weights_forgotten(logits, targets, *, weights=None, label_smoothing=0.0):
    return surprised(logits, targets, weights, label_smoothing, shares=equal)


@op
def only_the_value_weighted(logits, targets, *, weights=None, label_smoothing=0.0):
    return surprised(logits, targets, weights, label_smoothing, shares_back=equal)


@op
def divided_by_the_count(logits, targets, *, weights=None, label_smoothing=0.0):
    return surprised(logits, targets, weights, label_smoothing, shares=lambda w: w / len(w))


@op
def only_the_gradient_divided_by_the_count(logits, targets, *, weights=None, label_smoothing=0.0):
    return surprised(logits, targets, weights, label_smoothing, shares_back=lambda w: w / len(w))


@op
def summed(logits, targets, *, weights=None, label_smoothing=0.0):
    return surprised(logits, targets, weights, label_smoothing, shares=lambda w: w)


@op
def only_the_gradient_summed(logits, targets, *, weights=None, label_smoothing=0.0):
    return surprised(logits, targets, weights, label_smoothing, shares_back=lambda w: w)


@op
def along_the_texts(logits, targets, *, weights=None, label_smoothing=0.0):
    return surprised(logits, targets, weights, label_smoothing, axis=0)


@op
def turned_round(logits, targets, *, weights=None, label_smoothing=0.0):
    return surprised(logits, targets, weights, label_smoothing, sign=-1)


@op
def without_dy(logits, targets, *, weights=None, label_smoothing=0.0):
    y, back = surprised(logits, targets, weights, label_smoothing)
    return y, lambda dy: back(np.ones_like(dy))


@op
def sign_of_the_value_forgotten(logits, targets, *, weights=None, label_smoothing=0.0):
    y, back = surprised(logits, targets, weights, label_smoothing)
    return -y, back


@op
def overflowing(logits, targets, *, weights=None, label_smoothing=0.0):
    w = np.ones(len(targets)) if weights is None else weights
    with np.errstate(all="ignore"):
        q = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        t = soft(logits.shape, targets, label_smoothing)
        y = (w / w.sum() * -(t * np.log(q)).sum(axis=1)).sum()
        slope = (w / w.sum())[:, None] * (q - t)
    return logits.dtype.type(y), lambda dy: ((dy * slope).astype(logits.dtype), None)


@op
def largest_of_all(logits, targets, *, weights=None, label_smoothing=0.0):
    w = np.ones(len(targets)) if weights is None else weights
    with np.errstate(all="ignore"):
        z = logits - logits.max()
        log_q = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        t = soft(logits.shape, targets, label_smoothing)
        y = -(w / w.sum() * (t * log_q).sum(axis=1)).sum()
        slope = (w / w.sum())[:, None] * (np.exp(log_q) - t)
    return logits.dtype.type(y), lambda dy: ((dy * slope).astype(logits.dtype), None)


# ------------------------------------------------------------------------------------------------------------ balanced


def numbers_of_texts(labels, count):
    return np.bincount(labels, minlength=count).astype(np.float32)


def shares_of_texts(labels, count):
    return (np.bincount(labels, minlength=count) / len(labels)).astype(np.float32)


def one_over_the_count(labels, count):
    return (1 / np.bincount(labels, minlength=count)).astype(np.float32)


def of_one_label(labels, count):
    return (len(labels) / np.bincount(labels, minlength=count)).astype(np.float32)


def upside_down(labels, count):
    return (count * np.bincount(labels, minlength=count) / len(labels)).astype(np.float32)


def labels_weigh_1_on_average(labels, count):
    weights = 1 / np.bincount(labels, minlength=count)
    return (weights / weights.mean()).astype(np.float32)


def labels_weigh_1_together(labels, count):
    weights = 1 / np.bincount(labels, minlength=count)
    return (weights / weights.sum()).astype(np.float32)


def of_each_text(labels, count):
    return (len(labels) / (count * np.bincount(labels, minlength=count))).astype(np.float32)[labels]


def root_of_it(labels, count):
    return np.sqrt(len(labels) / (count * np.bincount(labels, minlength=count))).astype(np.float32)


def one_less_its_share(labels, count):
    return (1 - np.bincount(labels, minlength=count) / len(labels)).astype(np.float32)


def of_the_largest(labels, count):
    counts = np.bincount(labels, minlength=count)
    return (counts.max() / counts).astype(np.float32)


def as_a_difference(labels, count):
    return (2 - count * np.bincount(labels, minlength=count) / len(labels)).astype(np.float32)


# ---------------------------------------------------------------------------------------------------------- Classifier

Read = namedtuple("Read", "logits gradientes")


def read(piece, model, seed, ids, lengths, dy, dropout=0.0, dtype=np.float64):
    """A classifier on a body of the library, made from a seed, there and back, with dropout as in training."""
    config = catalog.MODELS[model].config(vocab_size=13, context=9, layers=1, width=6, dropout=dropout,
                                          **({} if model == "lstm" else {"heads": 2}))  # fmt: skip
    draw = np.random.default_rng(seed)
    made = piece(catalog.architecture_of(config).body(config, rng=draw), dy.shape[1], rng=draw)
    for weight in dict(sorted(made.named_parameters())).values():
        weight.data += 0.3 * draw.normal(size=weight.shape).astype(np.float32)
    map_parameters(made, lambda array: array.astype(dtype))
    with F.noise(seed, 3):
        y = made(ids, lengths)
    gradients = backward(y, dy) if y.shape == dy.shape else {}
    return Read(y.data, {name: gradients.get(weight) for name, weight in made.named_parameters()})


class Right(Module):
    """The right classifier, which the wrong ones change."""

    def __init__(self, body, labels, *, rng):
        self.config, self.body = body.config, body
        self.dropout = layers.Dropout(body.config.dropout)
        self.head = layers.Linear(body.config.width, labels, rng=rng)

    def hidden(self, ids, lengths):
        both = sees_both_sides(self.body)
        return self.body.hidden(ids, lengths) if both else self.body.hidden(ids)

    def mean(self, hidden, lengths):
        real = np.arange(hidden.shape[1]) < lengths[:, None]
        return (hidden * (real / lengths[:, None]).astype(hidden.dtype)[:, :, None]).sum(axis=1)

    def last(self, hidden, lengths):
        return hidden[np.arange(len(lengths)), lengths - 1]

    def pooled(self, hidden, lengths):
        return self.mean(hidden, lengths) if sees_both_sides(self.body) else self.last(hidden, lengths)

    def __call__(self, ids, lengths):
        return self.head(self.dropout(self.pooled(self.hidden(ids, lengths), lengths)))


def sees_both_sides(body):
    return "lengths" in body.hidden.__code__.co_varnames


class PaddingInTheMean(Right):
    def mean(self, hidden, lengths):
        return hidden.mean(axis=1)


class DividedByTheWidthOfTheBatch(Right):
    def mean(self, hidden, lengths):
        real = np.arange(hidden.shape[1]) < lengths[:, None]
        return (hidden * real.astype(hidden.dtype)[:, :, None]).mean(axis=1)


class PartsInFloat32(Right):
    def mean(self, hidden, lengths):
        real = np.arange(hidden.shape[1]) < lengths[:, None]
        return (hidden * (real / lengths[:, None]).astype(np.float32)[:, :, None]).sum(axis=1)


class SumOfThePositions(Right):
    def mean(self, hidden, lengths):
        real = np.arange(hidden.shape[1]) < lengths[:, None]
        return (hidden * real.astype(hidden.dtype)[:, :, None]).sum(axis=1)


class OnePositionTooMany(Right):
    def mean(self, hidden, lengths):
        real = np.arange(hidden.shape[1]) <= lengths[:, None]
        return (hidden * (real / lengths[:, None]).astype(hidden.dtype)[:, :, None]).sum(axis=1)


class LengthsNotToldToTheBody(Right):
    def hidden(self, ids, lengths):
        return self.body.hidden(ids)


class LastOfTheRow(Right):
    def last(self, hidden, lengths):
        return hidden[:, -1]


class OneTooFar(Right):
    def last(self, hidden, lengths):
        return hidden[np.arange(len(lengths)), np.minimum(lengths, hidden.shape[1] - 1)]


class LastOfEveryText(Right):
    def last(self, hidden, lengths):
        return hidden[:, lengths - 1]


class FirstPosition(Right):
    def pooled(self, hidden, lengths):
        return hidden[:, 0]


class AlwaysTheMean(Right):
    def pooled(self, hidden, lengths):
        return self.mean(hidden, lengths)


class AlwaysTheLast(Right):
    def pooled(self, hidden, lengths):
        return self.last(hidden, lengths)


class CutOff(Right):
    def hidden(self, ids, lengths):
        return Tensor(super().hidden(ids, lengths).data)


class NoDropout(Right):
    def __call__(self, ids, lengths):
        return self.head(self.pooled(self.hidden(ids, lengths), lengths))


class DropoutBehindTheHead(Right):
    def __call__(self, ids, lengths):
        return self.dropout(self.head(self.pooled(self.hidden(ids, lengths), lengths)))


class DropoutBeforeThePooling(Right):
    def __call__(self, ids, lengths):
        return self.head(self.pooled(self.dropout(self.hidden(ids, lengths)), lengths))


MISTAKES = {
    "cross_entropy": [
        (not_smoothed, "o alvo ficou com 1 no rótulo certo e 0 nos outros; falta repartir ε entre todos"),
        (only_the_value_smoothed, "o valor usa o alvo suavizado, mas o gradiente ainda é softmax menos 1 no certo"),
        (shared_by_the_others, "repartiu ε só entre os OUTROS rótulos; aqui o certo também recebe a sua parte, ε/L"),
        (right_one_without_its_share, "o rótulo certo ficou com 1 - ε; ele ainda recebe ε/L, ou o alvo não soma 1"),
        (whole_for_each, "deu ε inteiro a cada rótulo; ε se reparte entre os L, e o alvo deve somar 1"),
        (nothing_taken_from_the_right_one, "somou ε/L a todos sem tirar ε do rótulo certo: o alvo soma mais que 1"),
        (parts_exchanged, "trocou as partes: é ε o que se reparte, e 1 - ε o que fica no rótulo certo"),
        (smoothed_probabilities, "suavizou as probabilidades do modelo; o que se suaviza é o ALVO"),
        (weights_forgotten, "a média não usa os pesos dos textos"),
        (only_the_value_weighted, "o valor usa os pesos, mas o gradiente não: o texto n entra nele com w_n / Σ w"),
        (divided_by_the_count, "dividiu pelo número de textos; a média ponderada divide pela soma dos pesos"),
        (only_the_gradient_divided_by_the_count, "o gradiente foi dividido pelo número de textos, e o valor, pela soma "
                                                 "dos pesos: são a mesma divisão"),
        (summed, "somou os textos; falta dividir pela soma dos pesos"),
        (only_the_gradient_summed, "no gradiente faltou dividir pela soma dos pesos"),
        (along_the_texts, "a softmax foi ao longo dos textos; é ao longo dos rótulos, o último eixo"),
        (turned_round, "o gradiente está com o sinal trocado: é a softmax menos o alvo"),
        (without_dy, "o gradiente não usa dy; pela regra da cadeia, multiplique por ele"),
        (sign_of_the_value_forgotten, "falta o sinal de menos: a surpresa é -log, e nunca é negativa"),
        (overflowing, "transborda: tire antes o maior logit de cada linha, como em m01.e03"),
        (largest_of_all, "tirou o maior logit de TODOS os textos; é o de cada linha, ou um texto de logits bem menores "
                         "transborda"),
    ],
    "balanced": [
        (numbers_of_texts, "devolveu quantos textos há de cada rótulo; o peso é o INVERSO disso, vezes N / L"),
        (shares_of_texts, "devolveu a parte de cada rótulo; um rótulo raro deve pesar mais, e não menos"),
        (one_over_the_count, "faltou multiplicar por N / L: assim os textos não pesam 1 em média"),
        (of_one_label, "faltou dividir por L: com N / n os textos pesam L em média, e não 1"),
        (upside_down, "a fração está de cabeça para baixo: o rótulo mais comum ficou com o maior peso"),
        (labels_weigh_1_on_average, "fez a média dos pesos DOS RÓTULOS ser 1; é a média dos textos, em que um rótulo "
                                    "comum conta muitas vezes"),
        (labels_weigh_1_together, "fez os pesos dos rótulos somarem 1; os N textos é que devem pesar 1 em média"),
        (of_each_text, "devolveu o peso de cada texto; é o de cada rótulo, L números"),
        (root_of_it, "tirou a raiz: assim os rótulos raros ainda pesam menos, juntos, que os comuns"),
        (of_the_largest, "comparou com o rótulo mais comum; o peso de um texto é 1 em média, e não o menor deles"),
        (one_less_its_share, "tirou de 1 a parte do rótulo; o peso cai com o INVERSO do número de textos"),
        (as_a_difference, "o peso cai com o INVERSO do número de textos, e não em linha reta"),
    ],
    "Classifier": [
        (PaddingInTheMean, "a média inclui o enchimento; só contam as primeiras lengths[b] posições"),
        (DividedByTheWidthOfTheBatch, "somou as posições de verdade, mas dividiu por T; é pelo comprimento do texto"),
        (PartsInFloat32, "arredondou para float32 os pesos da média de vetores float64: use o dtype dos vetores"),
        (SumOfThePositions, "somou as posições; sem dividir pelo comprimento, um texto longo pesa mais"),
        (OnePositionTooMany, "contou uma posição a mais: as de verdade são as t < lengths[b]"),
        (LengthsNotToldToTheBody, "não disse ao encoder onde acaba o texto: hidden(ids, lengths), ou a atenção dele "
                                  "lê o enchimento"),
        (LastOfTheRow, "tomou a última posição da linha, que pode ser enchimento; é a posição lengths[b] - 1"),
        (OneTooFar, "passou uma posição do fim do texto: a última de verdade é a lengths[b] - 1"),
        (LastOfEveryText, "com : nas linhas, cada texto deu as últimas posições de TODOS; com np.arange(len(ids)), "
                          "cada um dá a sua"),
        (FirstPosition, "tomou a primeira posição, que num decoder só leu um token; veja o que se toma de cada corpo"),
        (AlwaysTheMean, "de um decoder tomou a média; dele é a última posição de verdade, a única que leu tudo"),
        (AlwaysTheLast, "de um encoder tomou a última posição; dele é a média das posições de verdade"),
        (CutOff, "o gradiente não chega ao corpo: faça as contas com o Tensor, e não com os números dele (.data)"),
        (NoDropout, "faltou o dropout, antes da cabeça"),
        (DropoutBehindTheHead, "o dropout vem antes da cabeça; depois dela, apagaria logits"),
        (DropoutBeforeThePooling, "o dropout vem depois de escolher o vetor do texto, e antes da cabeça"),
    ],
}  # fmt: skip

EQUIVALENT = {}

HINTS = [
    "cross_entropy: comece pela de m01.e03. O alvo é um array (N, L): np.full com ε/L em toda parte, e mais 1 - ε em "
    "[np.arange(N), targets]. balanced: np.bincount(labels, minlength=count) conta os textos de cada rótulo. "
    "Classifier: com lengths[:, None] compare np.arange(T), e terá True onde o texto está.",
    "cross_entropy: as partes de cada texto são shares = weights / weights.sum(); o valor é -Σ shares_n t_nj log q_nj. "
    "O gradiente de -Σ_j t_j log q_j pelos logits é q - t, porque o alvo soma 1: é a conta de m01.e03. balanced: "
    "se os rótulos pesam todos o mesmo, o de n textos dá 1/n a cada um; falta o que faz a soma ser N. Classifier: a "
    "média é uma soma com pesos: 1/lengths[b] nas posições de verdade, 0 nas outras.",
    "cross_entropy: backward devolve dy * shares[:, None] * (np.exp(log_q) - t), None, no dtype dos logits. balanced: "
    "N / (L · n), em float32. Classifier: (hidden * pesos[:, :, None]).sum(axis=1) de um encoder, com hidden = "
    "self.body.hidden(ids, lengths) e os pesos no dtype dele, e self.body.hidden(ids)[np.arange(B), lengths - 1] de um "
    "decoder; depois self.head(self.dropout(…)).",
]


def some_logits(size):
    return rng.normal(size=(size, 7)).astype(np.float32), rng.integers(7, size=size), np.float32(1.0), {
        "weights": rng.random(size).astype(np.float32) + 0.1, "label_smoothing": 0.1}  # fmt: skip


def some_labels(size):
    return np.append(np.arange(5), rng.integers(5, size=size)), 5


def some_texts(size):
    lengths = rng.integers(1, 10, size=size)
    return "bert", 7, rng.integers(13, size=(size, 9)), lengths, rng.normal(size=(size, 3))


WORK = {
    "cross_entropy": Work(some_logits, small=300, large=3000, through=compared, limit=None),
    "balanced": Work(some_labels, small=10_000, large=100_000, limit=None),
    "Classifier": Work(some_texts, small=20, large=200, through=read),
}
