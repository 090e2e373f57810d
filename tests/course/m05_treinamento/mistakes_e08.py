"""Respostas erradas de m05.e08, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

import functools
from typing import NamedTuple

import numpy as np

from tinyllm.course.measure import Work


class Log(NamedTuple):
    """What was noted of the steps of a training."""

    loss: np.ndarray
    norm: np.ndarray
    alone: np.ndarray
    update: np.ndarray
    dead: np.ndarray
    largest: np.ndarray
    weights: np.ndarray
    validation: np.ndarray
    every: int


FINE = "nada de errado"
OVERFLOW = "um número não coube em float16"
NOT_CLEARED = "os gradientes dos passos anteriores não foram esquecidos"
HIGH = "a taxa de aprendizado é alta demais"
DEAD = "os neurônios morreram"
DECAY = "o decaimento encolhe os pesos"
LOW = "a taxa de aprendizado é baixa demais"
LEAK = "o modelo vê a resposta"
OVERFIT = "o modelo decorou o treino"

CAUSES = {"nada": FINE, "float16": OVERFLOW, "não zerou": NOT_CLEARED, "taxa alta": HIGH, "mortos": DEAD,
          "decaimento": DECAY, "taxa baixa": LOW, "vazamento": LEAK, "decorou": OVERFIT}  # fmt: skip


def chain_of(draw, size, count):
    """A text of so many tokens, of which each depends on the two before it."""
    odds = np.exp(1.7 * draw.normal(size=(size, size, size)))
    edges = np.cumsum(odds / odds.sum(axis=-1, keepdims=True), axis=-1)
    text = [0, 1]
    for number in draw.random(count):
        text.append(min(size - 1, int((edges[text[-2], text[-1]] < number).sum())))
    return np.array(text)


@functools.cache
@np.errstate(all="ignore")
def training(disease="nada", seed=0, steps=120, every=10):
    """The Log of a small network that learns to foretell the next of 12 tokens, with a disease or with none."""
    draw, size, width, hidden, rows = np.random.default_rng(seed), 12, 12, 32, 64
    text = chain_of(draw, size, 2400)
    pairs, next_ones = np.stack([text[:-2], text[1:-1]], axis=1), text[2:]
    if disease == "vazamento":
        next_ones = pairs[:, 1]
    count = 40 if disease == "decorou" else 2000
    rest = slice(2000, None)
    weights = {
        "embedding": draw.normal(size=(size, width)),
        "up": draw.normal(size=(2 * width, hidden)) / np.sqrt(2 * width),
        "bias": np.full(hidden, -9.0 if disease == "mortos" else 0.0),
        "down": 0.1 * draw.normal(size=(hidden, size)),
    }
    peak = 0.02 * {"taxa alta": 100, "taxa baixa": 1e-4}.get(disease, 1)
    memory = {name: [np.zeros_like(w), np.zeros_like(w)] for name, w in weights.items()}
    kept = {name: np.zeros_like(w) for name, w in weights.items()}
    noted = {name: [] for name in ("loss", "norm", "alone", "update", "dead", "largest", "weights", "validation")}
    noted["weights"].append(length(weights))
    for step in range(1, steps + 1):
        some = draw.integers(count, size=rows)
        scale = 2.0 ** (14 + step // 8) if disease == "float16" else None
        loss, grads, dead, largest = there_and_back(weights, pairs[some], next_ones[some], scale)
        noted["alone"].append(length(grads))
        if disease == "não zerou":
            grads = kept = {name: kept[name] + g for name, g in grads.items()}
        rate, before = peak * min(1.0, step / 10), {name: w.copy() for name, w in weights.items()}
        for name, g in grads.items():
            m, v = memory[name]
            m += 0.1 * (g - m)
            v += 0.01 * (g * g - v)
            weights[name] -= rate * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.99**step)) + 1e-8)
            if disease == "decaimento":
                weights[name] -= 3 * rate * before[name]
        change = {name: weights[name] - before[name] for name in weights}
        for name, value in (("loss", loss), ("norm", length(grads)), ("update", length(change) / length(before)),
                            ("dead", dead), ("largest", largest), ("weights", length(weights))):  # fmt: skip
            noted[name].append(value)
        if step % every == 0:
            noted["validation"].append(there_and_back(weights, pairs[rest], next_ones[rest], None)[0])
    return Log(**{name: np.array(values) for name, values in noted.items()}, every=every)


def there_and_back(weights, pairs, targets, scale):
    """The loss of some rows, its gradients, how many neurons are dead, and the largest number. With a `scale` the way
    back is in float16, from the loss times the scale."""
    x = weights["embedding"][pairs].reshape(len(pairs), -1)
    inner = x @ weights["up"] + weights["bias"]
    active = np.maximum(inner, 0)
    logits = active @ weights["down"]
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_odds = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    places = np.arange(len(pairs)), targets
    d = np.exp(log_odds)
    d[places] -= 1
    d /= len(pairs)
    if scale:
        d = (d * scale).astype(np.float16)
    d_active = d @ weights["down"].T * (inner > 0)
    d_x = (d_active @ weights["up"].T).reshape(*pairs.shape, -1)
    grads = {"embedding": np.zeros_like(weights["embedding"]), "up": x.T @ d_active, "bias": d_active.sum(axis=0),
             "down": active.T @ d}  # fmt: skip
    np.add.at(grads["embedding"], pairs, d_x)
    if scale:
        grads = {name: g.astype(np.float16) for name, g in grads.items()}
    largest = max(float(np.abs(array).max()) for array in (inner, logits, d, d_active, *grads.values()))
    grads = {name: g.astype(np.float64) / (scale or 1.0) for name, g in grads.items()}
    return -log_odds[places].mean(), grads, float((active == 0).all(axis=0).mean()), largest


def length(arrays):
    return float(np.sqrt(sum((array**2).sum() for array in arrays.values())))


# ------------------------------------------------------------------------------------------------------------ smoothed


def curve(losses, keep, *, unbiased=True, skip=True, swapped=False, start=None, count_all=False, blank=False):
    """A smoothed curve with one thing otherwise."""
    found, mean, weight, seen = np.full(len(losses), np.nan), 0.0, 0.0, 0
    old, new = (1 - keep, keep) if swapped else (keep, 1 - keep)
    for place, loss in enumerate(losses):
        seen += 1
        if np.isfinite(loss) or not skip:
            mean = loss if start and not weight else old * mean + new * loss
            weight = 1.0 if start else old * weight + new
        elif blank:
            continue
        if weight:
            found[place] = mean / (1 - old**seen if count_all else weight) if unbiased else mean
    return found


def biased(losses, keep):
    return curve(losses, keep, unbiased=False)


def poisoned(losses, keep):
    with np.errstate(invalid="ignore"):
        return curve(losses, keep, skip=False)


def turned_round(losses, keep):
    return curve(losses, keep, swapped=True)


def from_the_first(losses, keep):
    return curve(losses, keep, start=True)


def every_one_counted(losses, keep):
    return curve(losses, keep, count_all=True)


def left_blank(losses, keep):
    return curve(losses, keep, blank=True)


def corrected_and_kept(losses, keep):
    found, mean, seen = np.full(len(losses), np.nan), 0.0, 0
    for place, loss in enumerate(losses):
        if np.isfinite(loss):
            seen += 1
            mean = (keep * mean + (1 - keep) * loss) / (1 - keep**seen)
        if seen:
            found[place] = mean
    return found


def zero_before_the_first(losses, keep):
    return np.nan_to_num(curve(losses, keep))


def over_a_window(losses, keep):
    width = max(1, round(1 / (1 - keep)))
    with np.errstate(invalid="ignore"):
        return np.array([np.mean(losses[max(0, n + 1 - width) : n + 1]) for n in range(len(losses))])


def zero_for_what_is_missing(losses, keep):
    return curve(np.where(np.isfinite(losses), losses, 0.0), keep)


# ------------------------------------------------------------------------------------------------------------ diagnose


def sign_of(name, log, *, factor=2.0, least=0.5):
    """Since which step something shows, None if it does not."""
    if name == NOT_CLEARED:
        return often(log.norm > factor * log.alone)
    if name == HIGH:
        return ever(log.loss > 1.5 * log.loss[0])
    if name == DEAD:
        return ever(log.dead >= least) if log.dead[-1] >= least else None
    if name == DECAY:
        return ever(log.weights[1:] < log.weights[0] / 2) if log.weights[-1] < log.weights[0] / 2 else None
    if name == LOW:
        return often(log.update < 1e-4)
    if name == LEAK:
        return log.every * ever(log.validation < 0.1) if log.validation[-1] < 0.1 else None
    lowest = int(log.validation.argmin())
    return log.every * (lowest + 1) if log.validation[-1] > 1.1 * log.validation[lowest] else None


def ever(sign):
    return int(np.argmax(sign)) + 1 if sign.any() else None


def often(sign):
    return ever(sign) if sign.mean() > 0.5 else None


ORDER = (NOT_CLEARED, HIGH, DEAD, DECAY, LOW, LEAK, OVERFIT)


def overflowed(log):
    bad = ~np.isfinite(log.loss)
    if not bad.any():
        return None
    beyond = ~(log.largest[: ever(bad)] <= 65504.0)
    return (OVERFLOW, ever(beyond)) if beyond.any() else (HIGH, ever(bad))


def asked(log, *, order=ORDER, sign=sign_of, overflow=overflowed, shift=0, turn=None):
    """A diagnosis with one thing otherwise."""
    found = overflow(log)
    if not found:
        signs = ((name, sign(name, log)) for name in order)
        found = next(((name, step + shift) for name, step in signs if step is not None), (FINE, None))
    return turn(found) if turn else found


def instead(name, other):
    """The signs, of which one is otherwise."""
    return lambda asked_for, log: other(log) if asked_for == name else sign_of(asked_for, log)


def counted_from_0(log):
    return asked(log, shift=-1)


def cause_alone(log):
    return asked(log, turn=lambda found: found[0])


def dead_before_high(log):
    return asked(log, order=(NOT_CLEARED, DEAD, HIGH, DECAY, LOW, LEAK, OVERFIT))


def low_first(log):
    return asked(log, order=(LOW, NOT_CLEARED, HIGH, DEAD, DECAY, LEAK, OVERFIT))


def overfit_before_leak(log):
    return asked(log, order=(NOT_CLEARED, HIGH, DEAD, DECAY, LOW, OVERFIT, LEAK))


def every_nan_is_a_high_rate(log):
    bad = ~np.isfinite(log.loss)
    return asked(log, overflow=lambda log: (HIGH, ever(bad)) if bad.any() else None)


def every_nan_is_float16(log):
    return asked(log, overflow=lambda log: overflowed(log) and (OVERFLOW, overflowed(log)[1]))


def overflow_at_the_nan(log):
    found = overflowed(log)
    return asked(log, overflow=lambda log: found and (found[0], ever(~np.isfinite(log.loss))))


def overflow_later_too(log):
    bad, beyond = ~np.isfinite(log.loss), ~(log.largest <= 65504.0)
    return asked(log, overflow=lambda log: ((OVERFLOW, ever(beyond)) if beyond.any() else (HIGH, ever(bad)))
                 if bad.any() else None)  # fmt: skip


def largest_nan_unseen(log):
    bad = ~np.isfinite(log.loss)

    def overflow(log):
        if not bad.any():
            return None
        with np.errstate(invalid="ignore"):
            beyond = log.largest[: ever(bad)] > 65504.0
        return (OVERFLOW, ever(beyond)) if beyond.any() else (HIGH, ever(bad))

    return asked(log, overflow=overflow)


def cleared_in_one_step(log):
    return asked(log, sign=instead(NOT_CLEARED, lambda log: ever(log.norm > 2 * log.alone)))


def ever_dead(log):
    return asked(log, sign=instead(DEAD, lambda log: ever(log.dead >= 0.5)))


def ever_small(log):
    return asked(log, sign=instead(DECAY, lambda log: ever(log.weights[1:] < log.weights[0] / 2)))


def weights_one_late(log):
    return asked(log, sign=instead(DECAY, lambda log: ever(log.weights < log.weights[0] / 2)
                                   if log.weights[-1] < log.weights[0] / 2 else None))  # fmt: skip


def measures_for_steps(log):
    def sign(name, log):
        step = sign_of(name, log)
        return step // log.every if step and name in (LEAK, OVERFIT) else step

    return asked(log, sign=sign)


def measures_counted_from_0(log):
    def sign(name, log):
        step = sign_of(name, log)
        return step - log.every if step and name in (LEAK, OVERFIT) else step

    return asked(log, sign=sign)


def half_is_enough(log):
    low = log.update < 1e-4
    return asked(log, sign=instead(LOW, lambda log: ever(low) if low.mean() >= 0.5 else None))


def overfit_at_the_end(log):
    return asked(log, sign=instead(OVERFIT, lambda log: sign_of(OVERFIT, log) and log.every * len(log.validation)))


def overfit_by_any_rise(log):
    return asked(log, sign=instead(OVERFIT, lambda log: log.every * (int(log.validation.argmin()) + 1)
                                   if log.validation[-1] > log.validation.min() else None))  # fmt: skip


def leak_in_training(log):
    return asked(log, sign=instead(LEAK, lambda log: log.every if log.loss[-1] < 0.1 else None))


FROM_0 = "um passo conta-se de 1, e a posição no array, de 0: faltou somar 1"
MISTAKES = {
    "smoothed": [
        (biased, "faltou dividir por 1 - keep^t: a curva começa perto de 0, onde nunca houve perda nenhuma"),
        (poisoned, "uma perda que não é finita entrou na média, e dali em diante a curva inteira é NaN"),
        (turned_round, "trocou os pesos: keep é quanto FICA da média, e 1 - keep o que entra da perda"),
        (from_the_first, "começou a média na primeira perda; ela começa em 0, e a divisão conserta o começo"),
        (every_one_counted, "contou em t também as perdas que não são finitas"),
        (left_blank, "onde a perda não é finita a curva repete o valor anterior"),
        (zero_before_the_first, "antes da primeira perda finita a curva é NaN, e não 0"),
        (corrected_and_kept, "a média já dividida entrou na conta seguinte; divida só o que se desenha"),
        (over_a_window, "isto é a média das últimas perdas, todas com o mesmo peso"),
        (zero_for_what_is_missing, "pôs 0 no lugar da perda que não é finita; ela não conta"),
    ],
    "diagnose": [
        (counted_from_0, FROM_0),
        (cause_alone, "falta desde que passo se vê: um par"),
        (dead_before_high, "perguntou pelos neurônios antes da taxa; uma taxa alta também os mata, e a causa é ela"),
        (low_first, "perguntou pela taxa baixa cedo demais; neurônios mortos também fazem andar pouco"),
        (overfit_before_leak, "perguntou se decorou antes de perguntar se vê a resposta"),
        (every_nan_is_a_high_rate, "nem todo NaN é da taxa: olhe se antes dele um número passou do maior float16"),
        (every_nan_is_float16, "nem todo NaN é do float16: se nenhum número passou do maior, a causa é a taxa"),
        (overflow_at_the_nan, "a perda só mostra o NaN um passo depois; diga quando o número passou do maior float16"),
        (overflow_later_too, "depois do primeiro NaN tudo passa de qualquer limite; olhe largest só até ele"),
        (largest_nan_unseen, "um NaN em largest também é não caber, e `>` não o vê: negue a comparação contrária"),
        (cleared_in_one_step, "um lote estranho pode dobrar o gradiente num passo; o sinal é em mais da metade deles"),
        (ever_dead, "neurônios que voltaram a viver não são o que há; olhe o último passo"),
        (ever_small, "pesos que encolheram e voltaram a crescer não são o que há; olhe os do fim"),
        (weights_one_late, "weights[s] já é o de depois do passo s: não some 1"),
        (measures_for_steps, "deu o número da medida de validação; multiplique por every"),
        (measures_counted_from_0, "a medida na posição 0 é a do passo every: some 1 antes de multiplicar"),
        (half_is_enough, "update é pequeno em metade dos passos; quase sempre é em MAIS de metade"),
        (overfit_at_the_end, "o passo que se pede é o da MENOR validação"),
        (overfit_by_any_rise, "a validação treme; só é sinal se passa de 1,1 vez a menor"),
        (leak_in_training, "uma perda de treino perto de 0 também é decorar; quem vê a resposta acerta na validação"),
    ],
}

HINTS = [
    "smoothed: um laço com duas variáveis, a média e o seu peso, que crescem juntas: peso = keep · peso + (1 - keep) é "
    "1 - keep^t. diagnose: cada sinal é um array de verdadeiros e falsos; (…).mean() é em que fração dos passos, "
    "(…).any() se há algum, e first, já escrita, o primeiro, contado de 1.",
    "smoothed: comece com np.full(len(losses), np.nan) e escreva só onde o peso já não é 0. diagnose: numa validação, "
    "o passo é log.every * first(…); em weights[1:] o primeiro é o de depois do passo 1.",
    "diagnose: para a primeira pergunta, bad = ~np.isfinite(log.loss), e beyond = ~(log.largest[: bad.argmax() + 1] <= "
    "LARGEST_FLOAT16), que também vê NaN; OVERFLOW com first(beyond) se há algum, senão HIGH com first(bad). Depois, "
    "um if por pergunta.",
]


def long_curve(size):
    return 3 + np.sin(np.arange(size)), 0.9


def log(size):
    return (training("decorou", 0, size),)


WORK = {
    "smoothed": Work(long_curve, small=100, large=5000, limit=None),
    "diagnose": Work(log, small=40, large=200, limit=None),
}
