"""Respostas erradas de m05.e05, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

import contextlib
import itertools
import math
from collections import namedtuple
from typing import NamedTuple

import numpy as np

import tinyllm.functional as F
from tinyllm.course.measure import Work
from tinyllm.tensor import Tensor, backward, no_grad

# what a learner reads
Trained = namedtuple("Trained", "relatorios acontecimentos pesos_a_cada_relatorio")
Measured = namedtuple("Measured", "valor como_foi_cada_lote")


class Report(NamedTuple):
    step: int
    loss: float
    learning_rate: float
    validation: float | None = None


class Line:
    """A linear layer with dropout and the mean squared error of its rows. It tells `events` how it was computed."""

    def __init__(self, weight, events):
        self.weight, self.events = Tensor(weight.copy(), requires_grad=True), events

    def loss(self, x, y):
        apart = F.dropout(Tensor(x), rate=0.25) @ self.weight - y
        loss = (apart * apart).mean()
        place = F.noise_place()
        noise = f"dropout do passo {place.step} e da semente {place.seed}" if place else "sem dropout"
        self.events.append(f"perda, {noise}, {'com' if loss.requires_grad else 'sem'} grafo")
        return loss


class Descent:
    """Moves the weight of a Line, and tells with which rate."""

    def __init__(self, line):
        self.line = line

    def step(self, grads, *, lr):
        self.line.weight.data = self.line.weight.data - lr * grads[self.line.weight]
        self.line.events.append(f"passo com a taxa {lr:g}")


def rate_of(step):
    return 0.05 / (1 + step)


def told(batches, events):
    for number, batch in enumerate(batches):
        events.append(f"lote {number}")
        yield batch


def one_by_one(made):
    """What a generator gives; of what is none, the only report that came, or nothing."""
    return [made] if hasattr(made, "_fields") else made or ()


def trained(piece, weight, batches, steps, start, asked):
    """What a training does while `asked` reports are asked for, in order."""
    events, weights, reports = [], [], []
    model = Line(weight, events)
    given = told(batches, events)
    with np.errstate(all="ignore"):
        made = piece(model, given, Descent(model), steps=steps, rate=rate_of, start=start, seed=3)
        events.append("o gerador está feito")
        for report in itertools.islice(one_by_one(made), asked):
            reports.append(report)
            weights.append(model.weight.data.copy())
            place = F.noise_place()
            events.append(f"relatório {report.step}" + (", dentro de F.noise" if place else ""))
        events += [f"sobrou o lote {number}" for number, _ in enumerate(given)]
    return Trained(reports, events, weights)


def measured(piece, weight, batches):
    events = []
    value = piece(Line(weight, events), iter(batches))
    return Measured([value.item()] if isinstance(value, Tensor) else value, events)  # it would pass for a number


def followed(piece, validations, steps, first, every, patience):
    """What is done for so many reports, of steps that count from `first`, if these are the losses of validation."""
    events, ahead = [], itertools.chain(validations, itertools.repeat(validations[-1]))

    def reports():
        for step in range(first, first + steps):
            events.append(f"passo {step}")
            yield Report(step, 1.0 / step, 0.5)

    def validate():
        events.append("validação")
        return next(ahead)

    found = []
    for report in one_by_one(piece(reports(), validate, every=every, patience=patience)):
        events.append(f"relatório {report.step}")
        found.append(report)
    return Trained(found, events, [])


# --------------------------------------------------------------------------------------------------------------- train


def loop(model, batches, optimizer, *, steps, rate, start=0, seed=0, numbers=range, shift=0, place=True, early=False,
         noise=lambda seed, step: (seed, step), inside=False, after=False, kept=False, first=1, more=False, one=False
         ):  # fmt: skip
    """A training with one thing otherwise."""
    numbers = numbers(start, steps)
    sums = {}
    batches = itertools.repeat(next(iter(batches))) if one else batches
    pairs = ((s, b) for b, s in zip(batches, numbers)) if more else zip(numbers, batches)  # noqa: B905
    for step, batch in pairs:
        with contextlib.ExitStack() as stack:
            if place:
                stack.enter_context(F.noise(*noise(seed, step)))
            loss = model.loss(*batch)
            gradients = backward(loss)
            if kept:
                sums = gradients = {p: sums[p] + g if p in sums else g for p, g in gradients.items()}
            report = Report(step + first, loss.item(), rate(step + shift))
            if early:
                stack.close()
                yield report
            optimizer.step(gradients, lr=report.learning_rate)
            if inside:
                yield report
        if after:
            with F.noise(seed, step):
                report = report._replace(loss=model.loss(*batch).item())
        if not early and not inside:
            yield report


def report_before_the_step(*given, **named):
    return loop(*given, **named, early=True)


def all_at_once(*given, **named):
    return list(loop(*given, **named))


def rate_of_the_next(*given, **named):
    return loop(*given, **named, shift=1)


def so_many_more(*given, **named):
    return loop(*given, **named, numbers=lambda start, steps: range(start, start + steps))


def always_from_0(*given, **named):
    return loop(*given, **named | {"start": 0})


def numbered_from_0(*given, **named):
    return loop(*given, **named, first=0)


def a_batch_too_many(*given, **named):
    return loop(*given, **named, more=True)


def one_batch_again_and_again(*given, **named):
    return loop(*given, **named, one=True)


def loss_after_the_step(*given, **named):
    return loop(*given, **named, after=True)


def gradients_never_cleared(*given, **named):
    return loop(*given, **named, kept=True)


def without_noise(*given, **named):
    return loop(*given, **named, place=False)


def the_same_noise(*given, **named):
    return loop(*given, **named, noise=lambda seed, step: (seed, 0))


def report_inside_the_noise(*given, **named):
    return loop(*given, **named, inside=True)


def counted_from_1(*given, **named):
    return loop(*given, **named, numbers=lambda start, steps: range(start + 1, steps + 1), first=0)


def batches_skipped(model, batches, optimizer, *, start=0, **named):
    return loop(model, itertools.islice(batches, start, None), optimizer, start=start, **named)


def returned(*given, **named):
    return next(loop(*given, **named), None)


def next_without_an_end(model, batches, optimizer, *, steps, start=0, **named):
    batches = iter(batches)
    for step in range(start, steps):
        yield from loop(model, [next(batches)], optimizer, steps=step + 1, start=step, **named)


# ------------------------------------------------------------------------------------------------------------- measure


def mean_of(model, batches, *, weigh=len, over=sum, quiet=no_grad):
    with quiet():
        found = [(weigh(x), model.loss(x, y).item()) for x, y in batches]
    return sum(n * loss for n, loss in found) / over(n for n, _ in found)


def mean_of_means(model, batches):
    return mean_of(model, batches, weigh=lambda x: 1)


def never_divided(model, batches):
    return mean_of(model, batches, over=lambda counts: 1)


def divided_by_batches(model, batches):
    return mean_of(model, batches, over=lambda counts: len(list(counts)))


def recorded(model, batches):
    return mean_of(model, batches, quiet=contextlib.nullcontext)


def with_dropout(model, batches):
    with F.noise(0, 0):
        return mean_of(model, batches)


def of_numbers(model, batches):
    return mean_of(model, batches, over=lambda counts: 3 * sum(counts))


def the_first_batch(model, batches):
    return mean_of(model, [next(iter(batches))])


def the_last_batch(model, batches):
    return mean_of(model, list(batches)[-1:])


def divided_by_the_last(model, batches):
    return mean_of(model, batches, over=lambda counts: list(counts)[-1])


def walked_twice(model, batches):
    return 0.0 * len(list(batches))


def a_tensor(model, batches):
    return Tensor(np.array(mean_of(model, batches)))


# ------------------------------------------------------------------------------------------------------------- watched


def following(reports, validate, *, every, patience, when=lambda step, every: step % every == 0,
              better=lambda new, best: new < best, lowest=min, in_a_row=True, last=True, ahead=False,
              all_of_them=True, noted=True):  # fmt: skip
    """Reports that are followed, with one thing otherwise."""
    best, count = math.inf, 0
    reports = iter(reports)
    for report in reports:
        measuring = when(report.step, every)
        if measuring:
            new = validate()
            report = report._replace(validation=new) if noted else report
            good = better(new, best)
            count = 0 if good and in_a_row else count if good else count + 1
            best = lowest(best, new)
        if count == patience and not last:
            return
        if measuring or all_of_them:
            yield report
        if count == patience:
            if ahead:
                next(reports, None)
            return


def measured_at_every_step(*given, **named):
    return following(*given, **named, when=lambda step, every: True)


def measured_from_the_first(*given, **named):
    return following(*given, **named, when=lambda step, every: step % every == 1)


def measured_one_early(*given, **named):
    return following(*given, **named, when=lambda step, every: (step + 1) % every == 0)


def equal_is_better(*given, **named):
    return following(*given, **named, better=lambda new, best: new <= best)


def nan_is_better(*given, **named):
    return following(*given, **named, better=lambda new, best: not new >= best)


def not_in_a_row(*given, **named):
    return following(*given, **named, in_a_row=False)


def against_the_one_before(*given, **named):
    return following(*given, **named, lowest=lambda best, new: new)


def last_report_kept_back(*given, **named):
    return following(*given, **named, last=False)


def a_step_too_many(*given, **named):
    return following(*given, **named, ahead=True)


def measured_reports_alone(*given, **named):
    return following(*given, **named, all_of_them=False)


def one_more_time(*given, **named):
    return following(*given, **named | {"patience": named["patience"] + 1})


def never_ending(*given, **named):
    return following(*given, **named | {"patience": math.inf})


def of_a_list(reports, *given, **named):
    return following(list(reports), *given, **named)


def nan_is_kept(*given, **named):
    return following(*given, **named, lowest=lambda best, new: min(new, best))


def first_is_lowest(*given, **named):
    return following(*given, **named, better=lambda new, best: new < best or best == math.inf,
                     lowest=lambda best, new: new if best == math.inf else min(best, new))  # fmt: skip


def not_noted(*given, **named):
    return following(*given, **named, noted=False)


def only_one(*given, **named):
    return next(following(*given, **named), None)


MISTAKES = {
    "train": [
        (report_before_the_step, "entregou o relatório antes de mover os pesos; quem salva ali salva os de antes"),
        (all_at_once, "deu todos os passos de uma vez; use yield, e cada um espera que o peçam"),
        (rate_of_the_next, "usou a taxa do passo seguinte: é rate(step), com o passo contado de 0"),
        (so_many_more, "deu `steps` passos a partir de start; `steps` é o total, com os que já foram dados"),
        (always_from_0, "começou do passo 0; quem retoma começa em start, com a taxa e o dropout desse passo"),
        (counted_from_1, "contou de 1 também os passos de rate e de F.noise; só o relatório soma 1"),
        (batches_skipped, "pulou lotes; o primeiro de `batches` já é o do passo start"),
        (numbered_from_0, "numerou os relatórios a partir de 0; o primeiro passo é o 1"),
        (a_batch_too_many, "tirou um lote que não usou; em zip, ponha os números ANTES dos lotes: ele para no primeiro "
                           "que acaba"),
        (one_batch_again_and_again, "usou sempre o mesmo lote; a cada passo tire o próximo"),
        (loss_after_the_step, "calculou a perda outra vez depois do passo; é a de antes, que já se tem"),
        (gradients_never_cleared, "somou os gradientes dos passos anteriores; os deste passo são só os que backward "
                                  "devolveu agora"),
        (without_noise, "a perda foi calculada fora de `with F.noise(seed, step):`, e nada se apagou"),
        (the_same_noise, "em todos os passos o dropout apagou os mesmos números: é F.noise(seed, step)"),
        (returned, "devolveu um só relatório, com return; yield entrega um e depois continua"),
        (next_without_an_end, "sem mais lotes, next levanta StopIteration, que num gerador vira um erro: use um for"),
        (report_inside_the_noise, "o yield ficou dentro do `with F.noise(…)`, que continua aberto para quem percorre o "
                                  "gerador"),
    ],
    "measure": [
        (mean_of_means, "isto é a média das médias; um lote menor pesa menos: pese cada um pelas suas linhas"),
        (never_divided, "faltou dividir pelo total de linhas"),
        (divided_by_batches, "dividiu pelo número de lotes; é pelo número de linhas"),
        (divided_by_the_last, "dividiu pelas linhas do último lote; some as de todos"),
        (walked_twice, "percorreu `batches` duas vezes, e na segunda já não há lotes; conte as linhas no mesmo laço"),
        (a_tensor, "devolveu um Tensor; o número dele é .item()"),
        (recorded, "guardou o grafo de cada lote; calcule dentro de `with no_grad():`"),
        (with_dropout, "a validação teve dropout; fora de F.noise nada se apaga"),
        (of_numbers, "dividiu pelo número de valores do array; é pelo de linhas, len(lote[0])"),
        (the_first_batch, "mediu só o primeiro lote; o return ficou dentro do laço?"),
        (the_last_batch, "mediu só o último lote; some ao longo do laço"),
    ],
    "watched": [
        (measured_at_every_step, "mediu em todos os passos; só quando o passo é múltiplo de `every`"),
        (measured_from_the_first, "mediu um passo tarde; é quando o passo, contado de 1, é múltiplo de `every`"),
        (measured_one_early, "mediu um passo antes da hora; é quando o passo, contado de 1, é múltiplo de `every`"),
        (not_noted, "a validação não está no relatório; _replace faz outro, e é esse que se entrega"),
        (nan_is_kept, "um NaN ficou no lugar da menor; troque-a só se a medida é MENOR, ou use min(menor, medida)"),
        (first_is_lowest, "a primeira medida também pode ser um NaN, que conta; comece a menor em math.inf"),
        (only_one, "devolveu um só relatório, com return; yield entrega um e depois continua"),
        (equal_is_better, "uma medida igual à menor não é melhor"),
        (nan_is_better, "um NaN não é melhor; com ele toda comparação é falsa: pergunte se é MENOR"),
        (not_in_a_row, "contou todas as medidas que não melhoraram; são as SEGUIDAS, e uma melhor zera a conta"),
        (against_the_one_before, "comparou com a medida anterior; é com a menor de todas as anteriores"),
        (last_report_kept_back, "acabou sem entregar o último relatório"),
        (a_step_too_many, "pediu mais um passo depois do fim"),
        (measured_reports_alone, "entregou só os relatórios com validação; são todos"),
        (one_more_time, "parou uma medida depois: são `patience` seguidas, e não uma a mais"),
        (never_ending, "não parou quando a validação deixou de melhorar"),
        (of_a_list, "pediu todos os passos antes de entregar o primeiro relatório; tire um de cada vez"),
    ],
}  # fmt: skip

HINTS = [
    "train: for step, batch in zip(range(start, steps), batches): e, dentro, as cinco linhas do enunciado; zip acaba "
    "quando o primeiro dos dois acaba. measure: some len(lote[0]) · perda, e as linhas; divida no fim. watched: um "
    "laço sobre reports que guarda duas coisas, a menor medida e quantas seguidas não melhoraram.",
    "train: só a linha de model.loss fica dentro de with F.noise(seed, step):; guarde a taxa numa variável, que é "
    "usada duas vezes. watched: comece com a menor em math.inf; se nova < menor, a conta volta a 0, senão cresce 1. "
    "Depois do yield, if conta == patience: return.",
    "measure: total += len(batch[0]) * model.loss(*batch).item(), dentro de no_grad(), e rows += len(batch[0]); return "
    "total / rows. watched: in_a_row = 0 if report.validation < best else in_a_row + 1; best = min(best, "
    "report.validation), nesta ordem, que com um NaN deixa best como estava.",
]

rng = np.random.default_rng(0)


def rows(*counts):
    return [(rng.normal(size=(n, 3)), rng.normal(size=(n, 2))) for n in counts]


WORK = {
    "train": Work(lambda size: (rng.normal(size=(3, 2)), rows(*[4] * size), size, 0, size), small=10, large=100,
                  through=trained, limit=None),
    "measure": Work(lambda size: (rng.normal(size=(3, 2)), rows(*[4] * size)), small=20, large=300, through=measured,
                    limit=None),
    "watched": Work(lambda size: ([1.0 / (1 + n) for n in range(size)], size, 1, 2, 3), small=50, large=1000,
                    through=followed, limit=None),
}  # fmt: skip
