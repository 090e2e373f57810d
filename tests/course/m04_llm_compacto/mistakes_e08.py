"""Respostas erradas de m04.e08, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

import threading
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from tinyllm.course.measure import Work
from tinyllm.tensor import Tensor, backward, no_grad, tanh

rng = np.random.default_rng(0)
PATIENCE, GLANCE = 3.0, 0.03  # seconds: for what is due to begin, and for what is not to begin yet
LATE = set()  # the pieces for which PATIENCE was waited in vain: once each is enough

# what a learner reads
Taken = namedtuple("Taken", "pesos buscados proximo_a_caminho mais_de_um_a_caminho em_outra_thread")
There = namedtuple("There", "valor entradas buscados guardou")
Back = namedtuple("Back", "gradiente_de_x gradientes_dos_pesos buscados guardados entradas_que_sobraram")


def layer(x, weight):
    return tanh(x @ weight) + x


class Disk:
    """Weights that are fetched by number: it notes which, in which order, by which thread, and when each begins."""

    def __init__(self, weights):
        self.weights, self.asked, self.threads = weights, [], []
        self.begun = {}

    def __call__(self, number):
        self.asked.append(number)
        self.threads.append(threading.get_ident())
        self.begun.setdefault(number, threading.Event()).set()
        return np.array(self.weights[number])

    def has_begun(self, number, seconds):
        return self.begun.setdefault(number, threading.Event()).wait(seconds)


def taken(piece, weights, numbers):
    """What comes of a generator, and what is on its way at each turn."""
    disk, found, coming, more = Disk(weights), [], [], []
    for turn, weight in enumerate(piece(disk, numbers)):
        found.append(weight)
        following = numbers[turn + 1 : turn + 3]
        coming.append(not following or disk.has_begun(following[0], GLANCE if piece in LATE else PATIENCE))
        if not coming[-1]:
            LATE.add(piece)
        more.append(len(following) == 2 and disk.has_begun(following[1], GLANCE))
    others = all(thread != threading.get_ident() for thread in disk.threads[1:])
    return Taken(found, disk.asked, coming, more, others)


def values(piece, weights, numbers):
    """What comes of a generator, without a look at what is on its way."""
    disk = Disk(weights)
    return list(piece(disk, numbers)), disk.asked


def went(piece, x, weights):
    disk, recorded = Disk(weights), []

    def noted(x, weight):
        y = layer(x, weight)
        recorded.append(y.requires_grad or x.requires_grad or weight.requires_grad)
        return y

    value, entries = piece(x, disk, len(weights), noted)
    return There(value, list(entries), disk.asked, recorded)


def came(piece, dy, x, weights):
    """The way back from the entries that the right way there leaves."""
    disk, stored, order = Disk(weights), {}, []

    def store(number, gradient):
        stored[number] = gradient
        order.append(number)

    _, entries = right_forward(x, Disk(weights), len(weights), layer)
    dx = piece(dy, entries, disk, store, layer)
    gradients = [stored.get(number) for number in range(len(weights))]
    return Back(dx, gradients, disk.asked, order, len(entries))


def when_needed(load, numbers):
    for number in numbers:
        yield load(number)


def on_demand(load, numbers):
    with ThreadPoolExecutor(1) as executor:
        for number in numbers:
            yield executor.submit(load, number).result()


def first_twice(load, numbers):
    with ThreadPoolExecutor(1) as executor:
        coming = [executor.submit(load, number) for number in numbers[:1]]
        for following in numbers:
            weight = coming.pop().result()
            coming.append(executor.submit(load, following))
            yield weight
        for last in coming:
            yield last.result()


def all_at_once(load, numbers):
    with ThreadPoolExecutor(1) as executor:
        for future in [executor.submit(load, number) for number in numbers]:
            yield future.result()


def in_the_same_thread(load, numbers):
    coming = [load(number) for number in numbers[:1]]
    for following in numbers[1:]:
        weight = coming.pop()
        coming.append(load(following))
        yield weight
    yield from coming


def last_forgotten(load, numbers):
    with ThreadPoolExecutor(1) as executor:
        coming = [executor.submit(load, number) for number in numbers[:1]]
        for following in numbers[1:]:
            weight = coming.pop().result()
            coming.append(executor.submit(load, following))
            yield weight


def fetched_again(load, numbers):
    with ThreadPoolExecutor(1) as executor:
        for turn, number in enumerate(numbers):
            weight = executor.submit(load, number).result()
            if turn + 1 < len(numbers):
                executor.submit(load, numbers[turn + 1])
            yield weight


def always_upwards(load, numbers):
    with ThreadPoolExecutor(1) as executor:
        numbers = sorted(numbers)
        coming = [executor.submit(load, number) for number in numbers[:1]]
        for following in numbers[1:]:
            weight = coming.pop().result()
            coming.append(executor.submit(load, following))
            yield weight
        for last in coming:
            yield last.result()


def there(x, load, layers, function, *, quiet=True, kept="entry", numbers=None):
    entries = []
    for number in range(layers) if numbers is None else numbers:
        weight = Tensor(load(number), requires_grad=not quiet)
        if quiet:
            with no_grad():
                y = function(Tensor(x), weight).data
        else:
            y = function(Tensor(x), weight).data
        entries.append({"entry": x, "exit": y, "weight": weight.data}[kept])
        x = y
    return x, entries


def right_forward(x, load, layers, function):
    return there(x, load, layers, function)


def all_recorded(x, load, layers, function):
    return there(x, load, layers, function, quiet=False)


def exits_kept(x, load, layers, function):
    return there(x, load, layers, function, kept="exit")


def weights_kept(x, load, layers, function):
    return there(x, load, layers, function, kept="weight")


def from_the_last(x, load, layers, function):
    return there(x, load, layers, function, numbers=range(layers)[::-1])


def one_less(x, load, layers, function):
    return there(x, load, layers, function, numbers=range(layers - 1))


def first_entry_alone(x, load, layers, function):
    y, entries = there(x, load, layers, function)
    return y, entries[:1]


def exit_kept_too(x, load, layers, function):
    y, entries = there(x, load, layers, function)
    return y, [*entries, y]


def back(dy, entries, load, store, function, *, upwards=False, passed_on=True, from_one=False, stored=1, popped=True,
         turned=False, others=False, first=0, of_weights=False):  # fmt: skip
    numbers = list(range(first, len(entries)))
    given, count = dy, len(entries)
    for number in numbers if upwards else numbers[::-1]:
        entry = entries[count - 1 - number if others else number]
        leaves = Tensor(entry, requires_grad=True), Tensor(load(number), requires_grad=True)
        y = function(*leaves)
        gradients = backward(y, np.ones_like(y.data) if from_one else dy if passed_on else given)
        dy = gradients[leaves[0]]
        if stored is not None:
            store(count - 1 - number if turned else number, gradients[leaves[stored]])
    if popped:
        del entries[first:]
    return gradients[leaves[1]] if of_weights else dy


def first_to_last(dy, entries, load, store, function):
    return back(dy, entries, load, store, function, upwards=True)


def the_same_for_all(dy, entries, load, store, function):
    return back(dy, entries, load, store, function, passed_on=False)


def nothing_stored(dy, entries, load, store, function):
    return back(dy, entries, load, store, function, stored=None)


def of_the_entry_stored(dy, entries, load, store, function):
    return back(dy, entries, load, store, function, stored=0)


def begun_from_one(dy, entries, load, store, function):
    return back(dy, entries, load, store, function, from_one=True)


def weights_upwards(dy, entries, load, store, function):
    return back(dy, entries, load, store, function, upwards=True, others=True)


def entries_upwards(dy, entries, load, store, function):
    return back(dy, entries, load, store, function, others=True)


def first_left_out(dy, entries, load, store, function):
    return back(dy, entries, load, store, function, first=1)


def entries_left(dy, entries, load, store, function):
    return back(dy, entries, load, store, function, popped=False)


def numbered_backwards(dy, entries, load, store, function):
    return back(dy, entries, load, store, function, turned=True)


def of_the_weight(dy, entries, load, store, function):
    return back(dy, entries, load, store, function, of_weights=True)


MISTAKES = {
    "ahead": [
        (when_needed, "buscou cada peso só quando foi preciso; o próximo já devia estar a caminho"),
        (on_demand, "mandou buscar cada peso só quando foi preciso; mande buscar o próximo ANTES do yield"),
        (first_twice, "buscou o primeiro peso duas vezes; depois dele faltam os de numbers[1:]"),
        (all_at_once, "mandou buscar todos de uma vez; a caminho só pode estar o próximo"),
        (in_the_same_thread, "buscou o próximo na mesma thread: quem chamou ficou esperando por ele"),
        (last_forgotten, "o último peso não foi dado"),
        (fetched_again, "buscou o mesmo peso mais de uma vez; guarde o futuro até a próxima volta"),
        (always_upwards, "a ordem é a de numbers, que na volta decresce"),
    ],
    "forward": [
        (all_recorded, "a ida guardou o caminho de volta; rode cada camada dentro de `with no_grad():`"),
        (exits_kept, "guardou o que SAIU de cada camada; é o que entrou"),
        (weights_kept, "guardou os pesos; eles voltam do disco, só as entradas ficam"),
        (from_the_last, "percorreu as camadas da última para a primeira"),
        (one_less, "faltou a última camada"),
        (first_entry_alone, "guardou só a entrada da primeira; é uma por camada"),
        (exit_kept_too, "guardou também o que saiu da última; são só as entradas"),
    ],
    "backward_through": [
        (first_to_last, "percorreu as camadas da primeira para a última; a volta começa no fim"),
        (weights_upwards, "trouxe os pesos da primeira camada para a última; a volta começa no fim"),
        (entries_upwards, "tirou as entradas do começo da lista; a da última camada é a última: entries.pop()"),
        (first_left_out, "a camada 0 ficou de fora: a volta vai até ela"),
        (begun_from_one, "a volta de cada camada começou de 1; é backward(saída, dy)"),
        (of_the_entry_stored, "guardou no disco o gradiente da entrada; é o do peso"),
        (the_same_for_all, "cada camada recebeu o dy do fim; ela recebe o gradiente da entrada da seguinte"),
        (nothing_stored, "não guardou os gradientes dos pesos: store(i, gradiente)"),
        (entries_left, "as entradas ficaram na lista; tire cada uma com entries.pop()"),
        (numbered_backwards, "guardou os gradientes com os números trocados: a última camada tem o número mais alto"),
        (of_the_weight, "devolveu o gradiente de um peso; o que se pede é o da entrada da primeira camada"),
    ],
}

EQUIVALENT = {  # mutants of the solution that do the same
    "with ThreadPoolExecutor(1) as executor:: 1 -> 2": "only one weight is asked for at a time",
    "for number, weight in zip(numbers, ahead(load, numbers), strict=True):: True -> False": "both are as long",
}

HINTS = [
    "ahead: é um laço que guarda um futuro de uma volta para a outra. forward: um laço sobre ahead(load, "
    "range(layers)). backward_through: outro, sobre range(len(entries))[::-1].",
    "ahead: futuro = executor.submit(load, numbers[0]); para cada i de numbers[1:]: peso = futuro.result(); futuro = "
    "executor.submit(load, i); yield peso. Depois do laço, yield futuro.result(). Com numbers vazia, nada.",
    "backward_through: folhas = Tensor(entries.pop(), requires_grad=True), Tensor(peso, requires_grad=True); "
    "gradientes = backward(function(*folhas), dy); store(i, gradientes[folhas[1]]); dy = gradientes[folhas[0]]. No "
    "fim, devolva dy.",
]


def on_disk(size):
    return rng.normal(size=(size, 30, 30)), range(size)


def way_there(size):
    return rng.normal(size=(20, 30)), 0.1 * rng.normal(size=(size, 30, 30))


def way_back(size):
    return rng.normal(size=(20, 30)), rng.normal(size=(20, 30)), 0.1 * rng.normal(size=(size, 30, 30))


WORK = {
    "ahead": Work(on_disk, small=10, large=100, through=values),
    "forward": Work(way_there, small=5, large=50, through=went),
    "backward_through": Work(way_back, small=5, large=50, through=came),
}
