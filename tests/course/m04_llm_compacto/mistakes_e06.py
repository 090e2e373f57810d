"""Respostas erradas de m04.e06, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

import contextlib
from collections import namedtuple

import numpy as np

import tinyllm.functional as F
from tinyllm.course.measure import Work
from tinyllm.tensor import Tensor, backward, no_grad, op, tanh

rng = np.random.default_rng(0)

# what a learner reads: of each call of the function, whether it was recorded, and whether it was given Tensors
Repeated = namedtuple("Repeated", "valor gradientes guardou recebeu_tensores")
Walked = namedtuple("Walked", "valor gradientes camadas_na_ordem_em_que_foram_chamadas")


def layer(x, weight, bias):
    return tanh(x @ weight + bias)


def twice_used(x, weight, bias):
    """x and a weight count in two places each; the middle is as wide as the weight."""
    return (tanh(x @ weight) * (x @ weight + bias)) @ weight.transpose(1, 0) + x


def dropping(x, weight, bias):
    return F.dropout(F.dropout(x, rate=0.5) @ weight + bias, rate=0.25)


def without_the_weight(x, weight, bias):
    return tanh(x) + bias.sum()


FUNCTIONS = {"tanh(x @ W + b)": layer, "(tanh(x W) · (x W + b)) Wᵀ + x": twice_used, "com dropout": dropping}


def repeated(piece, function, dy, x, *weights):
    """There and back through a checkpoint, with dropout as in training; then another dropout, which goes on from it."""
    recorded, of_tensors = [], []

    def noted(*inputs):
        y = function(*inputs)
        recorded.append(y.requires_grad)
        of_tensors.append(all(isinstance(one, Tensor) for one in inputs))
        return y

    leaves = [Tensor(array, requires_grad=True) for array in (x, *weights)]
    with F.noise(7, 3):
        y = piece(*leaves, function=noted)
        after = F.dropout(Tensor(np.ones(20)), rate=0.5).data
    gradients = backward(y, dy)
    return Repeated((y.data, after), [gradients.get(leaf) for leaf in leaves], recorded, of_tensors)


def there(x, weights, function, *, place=True, now=False, quiet=True, ours=True, again=True, lost=False,
          turned=False):  # fmt: skip
    """A checkpoint with one thing otherwise: the value and its backward."""
    at = F.noise_place()
    made = [Tensor(array, requires_grad=not quiet) for array in (x, *weights)]
    with no_grad() if quiet else contextlib.nullcontext():
        y = function(*made)
    after = F.noise_place()

    def back(dy):
        leaves = [Tensor(array, requires_grad=True) for array in (x, *weights)] if again else made
        with F.noise_from(F.noise_place() if now else at if place else after):
            out = function(*leaves) if again else y
        gradients = backward(out, dy if ours else np.ones_like(dy))
        found = [gradients.get(leaf) for leaf in leaves]
        if lost:
            return [found[0], *(None for _ in weights)]
        return [found[0], *found[:0:-1]] if turned else found

    return y.data, back


@op
def right(x, *weights, function):
    return there(x, weights, function)


@op
def first_recorded(x, *weights, function):
    return there(x, weights, function, quiet=False)


@op
def not_again(x, *weights, function):
    return there(x, weights, function, quiet=False, again=False)


@op
def other_noise(x, *weights, function):
    return there(x, weights, function, place=False)


@op
def noise_as_it_comes(x, *weights, function):
    return there(x, weights, function, now=True)


@op
def of_arrays(x, *weights, function):
    return there(x, weights, lambda *inputs: function(*(one if one.requires_grad else one.data for one in inputs)))


@op
def from_one(x, *weights, function):
    return there(x, weights, function, ours=False)


@op
def of_x_alone(x, *weights, function):
    return there(x, weights, function, lost=True)


@op
def in_another_order(x, *weights, function):
    return there(x, weights, function, turned=True)


def in_groups(x, steps, every, *, of_the_last=False, skip=False, sizes=None, turned=False, plain=False):
    groups = [steps[start : start + every] for start in range(0, len(steps), every)]
    if skip:
        groups = [group for group in groups if len(group) == every]
    if sizes:
        groups = [steps[start : start + sizes(every)] for start in range(0, len(steps), sizes(every))]
    for group in groups[::-1] if turned else groups:
        functions, weights = zip(*group, strict=True)

        def walk(x, *weights, functions=functions, forward=[True]):  # noqa: B006 - a new one each time
            used = functions
            if of_the_last and not forward[0]:
                used = [function for function, _ in groups[-1]]
            forward[0] = False
            for function, weight in zip(used, weights, strict=False):
                x = function(x, weight)
            return x

        x = walk(x, *weights) if plain else right(x, *weights, function=walk)
    return x


def last_forgotten(x, steps, every):
    return in_groups(x, steps, every, skip=True)


def loop_variable(x, steps, every):
    return in_groups(x, steps, every, of_the_last=True)


def one_by_one(x, steps, every):
    return in_groups(x, steps, every, sizes=lambda every: 1)


def all_at_once(x, steps, every):
    return in_groups(x, steps, every, sizes=lambda every: len(steps))


def so_many_segments(x, steps, every):
    return in_groups(x, steps, every, sizes=lambda every: -(-len(steps) // every))


def backwards(x, steps, every):
    return in_groups(x, steps, every, turned=True)


def nothing_repeated(x, steps, every):
    return in_groups(x, steps, every, plain=True)


def first_segment_alone(x, steps, every):
    return in_groups(x, steps[:every], every)


def weights_from_outside(x, steps, every):
    for start in range(0, len(steps), every):

        def walk(x, *weights, segment=steps[start : start + every]):
            for function, weight in segment:
                x = function(x, weight)
            return x

        x = right(x, *(weight for _, weight in steps[start : start + every]), function=walk)
    return x


def walked(piece, dy, x, weights, every):
    """There and back through layers, in segments, and which layers were called, in order."""
    called = []

    def step(number):
        def run(x, weight):
            called.append(number)
            return tanh(x @ weight) * (1.0 + number) + x

        return run

    leaves = [Tensor(array, requires_grad=True) for array in (x, *weights)]
    y = piece(leaves[0], [(step(number), weight) for number, weight in enumerate(leaves[1:])], every)
    gradients = backward(y, dy)
    return Walked(y.data, [gradients.get(leaf) for leaf in leaves], called)


def peak(layers, every, inside, entry, *, sizes=None, take=max):
    starts = range(0, layers, every)
    found = [
        (number + 1) * entry + (min(every, layers - start) if sizes is None else sizes) * inside
        for number, start in enumerate(starts)
    ]
    return take(found)


def whole_segments(layers, every, inside, entry):
    return peak(layers, every, inside, entry, sizes=every)


def the_last_segment(layers, every, inside, entry):
    return peak(layers, every, inside, entry, take=lambda found: found[-1])


def the_first_segment(layers, every, inside, entry):
    return peak(layers, every, inside, entry, take=lambda found: found[0])


def everything_kept(layers, every, inside, entry):
    return layers * inside + entry


def one_layer_at_a_time(layers, every, inside, entry):
    return peak(layers, every, inside, entry, sizes=1)


def entries_of_layers(layers, every, inside, entry):
    return max(min(start + every, layers) * entry + min(every, layers - start) * inside
               for start in range(0, layers, every))  # fmt: skip


def entry_left_out(layers, every, inside, entry):
    return peak(layers, every, inside, entry) - entry


def by_the_formula(layers, every, inside, entry):
    found = layers / every * entry + every * inside
    return int(found) if found.is_integer() else found


def summed(layers, every, inside, entry):
    return peak(layers, every, inside, entry, take=sum)


def entries_alone(layers, every, inside, entry):
    return peak(layers, every, 0, entry)


MISTAKES = {
    "checkpoint": [
        (first_recorded, "a primeira chamada guardou tudo para a volta; chame dentro de `with no_grad():`"),
        (not_again, "não calculou de novo: guardou tudo da ida, e assim nada se poupa"),
        (other_noise, "na volta o dropout apagou outros números; anote F.noise_place() antes da ida"),
        (noise_as_it_comes, "na volta o sorteio seguiu de onde estava; recomece do lugar anotado antes da ida, "
                            "dentro de `with F.noise_from(lugar):`"),
        (of_arrays, "function recebeu arrays na ida; ela quer Tensores: Tensor(x), e os pesos também"),
        (from_one, "a volta começou de 1, e não do dy que chegou: backward(resultado, dy)"),
        (of_x_alone, "só x recebeu gradiente; os pesos também são entradas"),
        (in_another_order, "os gradientes dos pesos saíram em outra ordem; é a das entradas"),
    ],
    "in_segments": [
        (last_forgotten, "o último segmento, menor que os outros, ficou de fora"),
        (loop_variable, "na volta todos repetiram as camadas do ÚLTIMO segmento: a função lê a variável do laço quando "
                        "é chamada, e o laço já acabou"),
        (one_by_one, "fez um checkpoint por camada; são `every` camadas em cada um"),
        (all_at_once, "fez um só checkpoint, de todas as camadas; são `every` em cada um"),
        (so_many_segments, "fez `every` segmentos; cada segmento é que tem `every` camadas"),
        (backwards, "percorreu os segmentos de trás para diante na ida"),
        (first_segment_alone, "parou depois do primeiro segmento; o return ficou dentro do laço?"),
        (weights_from_outside, "os pesos ficaram sem gradiente: dê-os ao checkpoint, checkpoint(x, *pesos, …), e "
                               "use na função os que ele lhe dá"),
        (nothing_repeated, "percorreu as camadas sem checkpoint: tudo ficou guardado"),
    ],
    "peak_numbers": [
        (whole_segments, "o último segmento pode ser menor que `every`"),
        (the_last_segment, "olhou só o último segmento; o anterior pode ser maior"),
        (the_first_segment, "olhou só o primeiro segmento; com os últimos há mais entradas guardadas"),
        (everything_kept, "isto é o que se guarda sem checkpoints"),
        (one_layer_at_a_time, "as camadas de um segmento guardam todas ao mesmo tempo: são `every` vezes inside"),
        (entries_of_layers, "contou a entrada de cada camada; só se guarda a de cada segmento"),
        (entry_left_out, "faltou uma entrada: com o último segmento estão guardadas as de TODOS"),
        (by_the_formula, "é a conta da lição, que vale para segmentos iguais; aqui o último pode ser menor"),
        (summed, "somou os momentos; vale o pior deles"),
        (entries_alone, "faltou o que guarda o segmento que se repete"),
    ],
}  # fmt: skip

EQUIVALENT = {  # mutants of the solution that do the same
    "for (function, _), weight in zip(segment, weights, strict=True):: True -> False": "both are as long",
}

HINTS = [
    "checkpoint: é uma operação como as de m01.e04. Na ida, y = function(Tensor(x), …).data dentro de with no_grad():. "
    "A volta é uma função de dentro: ela vê x, weights e function, e é só isso que fica guardado.",
    "checkpoint: na volta, leaves = [Tensor(a, requires_grad=True) for a in (x, *weights)]; dentro de with "
    "F.noise_from(place):, gradients = backward(function(*leaves), dy); devolva [gradients.get(leaf) for leaf in "
    "leaves]. in_segments: steps[start : start + every], para start em range(0, len(steps), every).",
    "in_segments: na função de dentro, um argumento com valor padrão, segment=segment, guarda o valor desta volta "
    "do laço. peak_numbers: para o segmento número s, que começa na camada s · every, (s + 1) · entry + min(every, "
    "layers - s · every) · inside; o maior deles.",
]


def block(size):
    return layer, rng.normal(size=(size, 40)), rng.normal(size=(size, 30)), rng.normal(size=(30, 40)), np.ones(40)


def deep(size):
    return rng.normal(size=(50, 20)), rng.normal(size=(50, 20)), list(0.1 * rng.normal(size=(size, 20, 20))), 4


def long(size):
    return size, 3, 10, 1


WORK = {
    "checkpoint": Work(block, small=50, large=1000, through=repeated),
    "in_segments": Work(deep, small=8, large=64, through=walked),
    "peak_numbers": Work(long, small=100, large=10_000, limit=None),
}
