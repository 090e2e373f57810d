"""Respostas erradas de m04.e13, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

from typing import NamedTuple

import numpy as np

from tinyllm.course.measure import Work

FINE = "nada de errado"
START = "os ranks não começaram com os mesmos pesos"
ROWS = "dois ranks leem as mesmas linhas"
EXCHANGE = "os ranks não moveram os pesos com o mesmo gradiente"
UPDATE = "o mesmo gradiente moveu os pesos de modos diferentes"
SCALE = "o gradiente de todos não tem o tamanho que devia"


class Log(NamedTuple):
    """What each rank has noted of each step."""

    rows: np.ndarray
    own: np.ndarray
    gradients: np.ndarray
    weights: np.ndarray
    alone: np.ndarray


# what is wrong, by name: which rank does otherwise, and from which step on
FAULTS = ("nada", "pesos", "linhas", "troca", "passo", "soma", "média dupla")


def training(fault, ranks=4, steps=6, *, rank=2, since=2, second=None, seed=0, n=3):
    """The Log of a linear layer that learns on so many ranks, with a fault, or with a second one of which (fault, rank,
    since) is given."""
    draw, width = np.random.default_rng(seed), 5
    faults = {fault: (rank, since)} | ({second[0]: second[1:]} if second else {})
    x, y = draw.normal(size=(steps, ranks * n, width)), draw.normal(size=(steps, ranks * n))
    weights = np.repeat(draw.normal(size=(1, width)), ranks, axis=0)
    if "pesos" in faults:
        weights[faults["pesos"][0]] += 0.1 * draw.normal(size=width)
    memory, noted = np.zeros_like(weights), {name: [] for name in ("rows", "own", "gradients", "weights", "alone")}

    def wrong(name, step):
        """The rank in which a fault is, if it is there by this step."""
        return faults[name][0] if name in faults and step >= faults[name][1] else None

    for step in range(steps):
        order = draw.permutation(ranks * n)
        rows = order.reshape(ranks, n).copy()
        if (odd := wrong("linhas", step)) is not None:
            rows[odd] = rows[(odd + 1) % ranks] if step % 2 else rows[odd - 1]
        own = np.array([gradient(weights[r], x[step, rows[r]], y[step, rows[r]]) for r in range(ranks)])
        used = np.repeat(own.mean(axis=0, keepdims=True), ranks, axis=0)
        if "soma" in faults:
            used *= ranks
        if "média dupla" in faults:
            used /= ranks
        if (odd := wrong("troca", step)) is not None:
            used[odd] = own[odd]
        noted["weights"].append(lengths(weights))
        memory = 0.9 * memory + used
        noted["alone"].append(lengths(gradient(weights[0], x[step], y[step])))
        moves = 0.05 * memory
        if (odd := wrong("passo", step)) is not None:
            moves[odd] *= 0.5
        weights = weights - moves
        noted["rows"].append(1000 * step + rows)
        noted["own"].append(lengths(own))
        noted["gradients"].append(lengths(used) * (1 + 1e-8 * np.arange(ranks)))  # summed in another order
    noted["weights"].append(lengths(weights))
    return Log(**{name: np.array(found) for name, found in noted.items()})


def gradient(weights, x, y):
    return x.T @ (x @ weights - y) / len(x)


def lengths(rows):
    return np.sqrt((rows**2).sum(axis=-1))


# --------------------------------------------------------------------------------------------------------- first_apart


def apart(numbers, *, against=None, which=0, rtol=1e-5, atol=0.0, nan=True, turned=False):
    """The first place of those that differ, in which something may be otherwise."""
    against = numbers[:, :1] if against is None else against
    places = np.argwhere(~np.isclose(numbers, against, rtol=rtol, atol=atol, equal_nan=nan))
    if not len(places):
        return None
    return tuple(places[which].tolist()[::-1] if turned else places[which].tolist())


def to_the_bit(numbers):
    return apart(numbers, rtol=0)


def by_distance_alone(numbers):
    return apart(numbers, rtol=0, atol=1e-5)


def the_last(numbers):
    return apart(numbers, which=-1)


def rank_and_step(numbers):
    return apart(numbers, turned=True)


def from_the_mean(numbers):
    return apart(numbers, against=numbers.mean(axis=1, keepdims=True))


def from_the_step_before(numbers):
    return apart(numbers, against=np.concatenate([numbers[:1], numbers[:-1]]))


def of_ranks_first(numbers):
    found = apart(numbers.T, against=numbers.T[:1])
    return found and found[::-1]


def infinities_apart(numbers):
    with np.errstate(invalid="ignore"):
        near = np.abs(numbers - numbers[:, :1]) <= 1e-5 * np.abs(numbers[:, :1])
    places = np.argwhere(~(near | np.isnan(numbers) & np.isnan(numbers[:, :1])))
    return tuple(places[0].tolist()) if len(places) else None


def nan_unseen(numbers):
    with np.errstate(invalid="ignore"):
        places = np.argwhere(np.abs(numbers - numbers[:, :1]) > 1e-5 * np.abs(numbers[:, :1]))
    return tuple(places[0].tolist()) if len(places) else None


def nan_apart(numbers):
    return apart(numbers, nan=False)


# ------------------------------------------------------------------------------------------------------------ diagnose


def asked(log, *, start=lambda w: w[0] == 0, rows=None, exchange=None, scale=None, own=False, order=("time",)):
    """A diagnosis in which something may be otherwise."""
    weights, gradients = apart(log.weights), apart(log.own if own else log.gradients)
    if weights and start(weights):
        return START
    if (rows or rows_read_twice)(log):
        return ROWS
    small = not np.allclose(log.gradients[:, 0], log.alone, rtol=1e-3, atol=0) if scale is None else scale(log)
    if order == ("scale first",) and small:
        return SCALE
    if gradients and (exchange(weights, gradients) if exchange else weights is None or gradients[0] < weights[0]):
        return EXCHANGE
    if weights:
        return UPDATE
    return SCALE if small else FINE


def rows_read_twice(log, steps=None, pairs=None):
    for of_ranks in log.rows[:steps]:
        read = [set(rows.tolist()) for rows in of_ranks]
        if any(a & b for i, a in enumerate(read) for j, b in enumerate(read[:i]) if pairs is None or pairs(i, j)):
            return True
    return False


def weights_ever_apart(log):
    return asked(log, start=lambda w: True)


def rows_of_the_first_step(log):
    return asked(log, rows=lambda log: rows_read_twice(log, 1))


def rows_against_rank_0(log):
    return asked(log, rows=lambda log: rows_read_twice(log, pairs=lambda i, j: j == 0))


def rows_of_any_step(log):
    return asked(log, rows=lambda log: rows_read_twice(log._replace(rows=np.concatenate(log.rows, axis=1)[None])))


def scale_by_distance_alone(log):
    return asked(log, scale=lambda log: bool((np.abs(log.gradients[:, 0] - log.alone) > 1e-3).any()))


def scale_of_the_last_step(log):
    return asked(log, scale=lambda log: not np.isclose(log.gradients[-1, 0], log.alone[-1], rtol=1e-3, atol=0))


def before_the_exchange(log):
    return asked(log, own=True)


def exchange_whenever(log):
    return asked(log, exchange=lambda weights, gradients: True)


def update_whenever(log):
    return asked(log, exchange=lambda weights, gradients: weights is None)


def scale_before_the_rest(log):
    return asked(log, order=("scale first",))


def scale_too_large_alone(log):
    return asked(log, scale=lambda log: bool((log.gradients[:, 0] > 1.001 * log.alone).any()))


MISTAKES = {
    "first_apart": [
        (to_the_bit, "comparou até o último bit; use a folga de 1e-5 vezes o número do rank 0"),
        (by_distance_alone, "a folga é relativa: 1e-5 VEZES o tamanho do número, e não 1e-5"),
        (the_last, "isto é o último lugar; pede-se o primeiro"),
        (rank_and_step, "saiu (rank, passo); é (passo, rank)"),
        (from_the_mean, "comparou com a média dos ranks, que um só muda para todos; é com o rank 0"),
        (from_the_step_before, "comparou cada passo com o anterior; é cada rank com o rank 0, no mesmo passo"),
        (of_ranks_first, "procurou primeiro o menor rank; é o menor passo e, nele, o menor rank"),
        (infinities_apart, "inf - inf é NaN, que não é menor do que nada; dois infinitos iguais são iguais"),
        (nan_unseen, "com um NaN toda comparação é falsa, e `>` não o vê: negue a que diz que são iguais"),
        (nan_apart, "NaN não é igual a NaN; se todos o têm, aqui contam como iguais (equal_nan)"),
    ],
    "diagnose": [
        (weights_ever_apart, "pesos que se separam depois do passo 0 são consequência; START é só antes dele"),
        (rows_of_the_first_step, "olhou as linhas só do primeiro passo; o engano pode começar depois"),
        (rows_against_rank_0, "comparou as linhas só com as do rank 0; podem ser dois outros que leem as mesmas"),
        (rows_of_any_step, "juntou as linhas de passos diferentes; em outra época outro rank as lê, e com razão"),
        (scale_by_distance_alone, "a folga é um milésimo DE alone, e não um milésimo"),
        (scale_of_the_last_step, "olhou o tamanho só no último passo; o engano pode ser de um outro"),
        (before_the_exchange, "usou own: antes da troca os gradientes têm mesmo de ser diferentes"),
        (exchange_whenever, "se os pesos se separaram antes dos gradientes, a causa é UPDATE"),
        (update_whenever, "se os gradientes se separaram antes dos pesos, a causa é EXCHANGE"),
        (
            scale_before_the_rest,
            "perguntou pelo tamanho antes: sem troca o rank 0 também difere de alone, e a causa é outra",
        ),
        (scale_too_large_alone, "um gradiente pequeno demais também é SCALE"),
    ],
}

HINTS = [
    "first_apart: numbers[:, :1] é a coluna do rank 0, com forma (passos, 1), que se compara com todas de uma vez; "
    "np.isclose tem rtol, atol e equal_nan. diagnose: chame first_apart com log.weights e com log.gradients, e "
    "guarde as duas respostas: quase todas as perguntas se fazem a elas.",
    "first_apart: np.argwhere dá os lugares em ordem, primeiro por passo, depois por rank. diagnose: linhas lidas "
    "por dois ranks há quando o conjunto de todas é menor do que a soma dos conjuntos de cada um. Os pesos que o "
    "passo s separa aparecem em weights[s + 1]: gradientes que se separam no passo s vêm antes deles.",
    "first_apart: np.argwhere(~np.isclose(numbers, numbers[:, :1], rtol=1e-5, atol=0, equal_nan=True)). diagnose: "
    "START se weights[0] == 0; EXCHANGE se gradients e (weights is None ou gradients[0] < weights[0]); UPDATE se "
    "weights; SCALE se not np.allclose(log.gradients[:, 0], log.alone, rtol=1e-3, atol=0).",
]


def table(size):
    return (np.ones((size, 8)),)


def log(size):
    return (training("média dupla", 4, size, seed=1),)


SLACK = "a folga de um número ou do outro, quando são quase iguais, é quase a mesma"
EQUIVALENT = {
    "apart = ~np.isclose(numbers, numbers[:, :1], rtol=1e-5, atol=0, equal_nan=True): np.isclose(numbers, "
    "numbers[:, :1], rtol=1e-5, atol=0, equal_nan=True) -> np.isclose(numbers[:, :1], numbers, rtol=1e-5, atol=0, "
    "equal_nan=True)": SLACK,
    "same = np.allclose(log.gradients, log.alone[:, None], rtol=1e-3, atol=0): np.allclose(log.gradients, "
    "log.alone[:, None], rtol=1e-3, atol=0) -> np.allclose(log.alone[:, None], log.gradients, rtol=1e-3, "
    "atol=0)": SLACK,
    "return next(zip(*np.nonzero(apart), strict=True), None): True -> False": "os dois arrays têm o mesmo tamanho",
}

WORK = {
    "first_apart": Work(table, small=100, large=20_000, limit=None),
    "diagnose": Work(log, small=20, large=300, limit=None),
}
