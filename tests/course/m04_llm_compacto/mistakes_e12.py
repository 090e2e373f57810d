"""Respostas erradas de m04.e12, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

import weakref
from typing import NamedTuple

import numpy as np

from tinyllm.course.judge import Each, describe
from tinyllm.course.measure import Work
from tinyllm.errors import UsageError
from tinyllm.parallel.comm import run_ranks


class Shards:
    """What a rank has that owns a share of everything. `passed` tells how many numbers it got, by the method; `whole`
    is the most arrays of all_gather that were still kept when the next one was asked for."""

    def __init__(self, comm):
        self.comm, self.rank, self.size = comm, comm.rank, comm.size
        self.passed, self.kept, self.whole = [], [], 0

    def all_reduce(self, array):
        raise UsageError("all_reduce dá a soma inteira a todos; use reduce_scatter, que dá a cada um só a sua parte")

    def reduce_scatter(self, array):
        found = self.comm.reduce_scatter(flat("reduce_scatter", array))
        self.passed.append(("reduce_scatter", len(array)))
        return found

    def all_gather(self, array):
        self.kept = [one for one in self.kept if one() is not None]
        self.whole = max(self.whole, len(self.kept))
        found = self.comm.all_gather(flat("all_gather", array))
        self.passed.append(("all_gather", len(found)))
        self.kept.append(weakref.ref(found))
        return found


Shards.__name__ = "comm"  # as errors of Python call it


def flat(method, array):
    """The array that a rank gives to the others. Raises UsageError if it is no vector."""
    if not isinstance(array, np.ndarray) or array.ndim != 1:
        raise UsageError(
            f"comm.{method} recebe um vetor, a parte deste rank ou o que se reparte; veio {describe(array)}"
        )
    return array


class Moved(NamedTuple):
    """What a step gives. A learner reads these names, as `update` has them."""

    w: np.ndarray
    m: np.ndarray
    v: np.ndarray


def adamw(step, lr=0.1, decay=0.01):
    """AdamW of one step, counted from 1 (Loshchilov & Hutter 2019): update(w, g, m, v) -> (w, m, v)."""

    def update(w, g, m, v):
        numbers = {"w": w, "g": g, "m": m, "v": v}
        if len({np.shape(array) for array in numbers.values()}) > 1:
            told = ", ".join(f"{name} {np.shape(array)}" for name, array in numbers.items())
            raise UsageError(f"update recebe quatro arrays (share,), só dos números deste rank; vieram {told}")
        m, v = 0.9 * m + 0.1 * g, 0.95 * v + 0.05 * g * g
        root = np.sqrt(v / (1 - 0.95**step)) + 1e-8
        return w - lr * (m / (1 - 0.9**step) / root + decay * w), m, v

    return update


def part(n, size):
    return -(-n // size)


def steps(piece, weights, gradients):
    """(n,), (steps, ranks, n) -> [Moved of each rank] after so many steps."""
    share = part(len(weights), gradients.shape[1])

    def work(comm):
        state = Moved(weights, np.zeros(share, weights.dtype), np.zeros(share, weights.dtype))
        for step, of_ranks in enumerate(gradients, start=1):
            w, m, v = map(kept, state)
            found = piece(Shards(comm), w, kept(of_ranks[comm.rank]), m, v, adamw(step))
            if not isinstance(found, tuple | list) or len(found) != len(state):
                raise UsageError(f"zero_step devolve três arrays, w, m e v; veio {describe(found)}")
            if told(found) != told(state):
                raise UsageError(f"zero_step devolveu {told(found)}; são {told(state)}")
            state = Moved(*found)
        return state

    return Each("rank", run_ranks(gradients.shape[1], work))


def told(state):
    """The shapes of a state, in words."""
    return ", ".join(f"{name} {np.shape(array)}" for name, array in zip(Moved._fields, state, strict=True))


def kept(array):
    """A copy that nobody changes."""
    array = np.array(array)
    array.flags.writeable = False
    return array


def shares_of(layers, rank, size):
    """The share of a rank of each layer, filled up with zeros."""
    found = []
    for layer in layers:
        share = part(layer.size, size)
        filled = np.pad(layer.reshape(-1), (0, share * size - layer.size))
        found.append(kept(filled[rank * share : (rank + 1) * share]))
    return found


def forward(piece, size, x, *layers):
    """What each of so many ranks gets out of the layers."""
    shapes = [layer.shape for layer in layers]
    return Each("rank", run_ranks(
        size, lambda comm: piece(Shards(comm), shares_of(layers, comm.rank, size), shapes, kept(x))
    ))  # fmt: skip


# ----------------------------------------------------------------------------------------------------- bytes of a rank


def counted(numbers, size, *, weights=False, gradients=False, state=False, share=None, slots=2):
    share = part(numbers, size) if share is None else share
    amounts = (share if cut else numbers for cut in (weights, gradients, state))
    return tuple(count * each for count, each in zip(amounts, (4, 4, 4 * slots), strict=True))


def nothing_shared(numbers, size, stage):
    return counted(numbers, size)


def rounded_down(numbers, size, stage):
    return counted(numbers, size, weights=stage > 2, gradients=stage > 1, state=stage > 0, share=numbers // size)


def one_slot(numbers, size, stage):
    return counted(numbers, size, weights=stage > 2, gradients=stage > 1, state=stage > 0, slots=1)


def gradients_first(numbers, size, stage):
    return counted(numbers, size, weights=stage > 2, gradients=stage > 0, state=stage > 1)


def one_thing_each(numbers, size, stage):
    return counted(numbers, size, weights=stage == 3, gradients=stage == 2, state=stage == 1)


def a_stage_late(numbers, size, stage):
    return counted(numbers, size, weights=stage > 3, gradients=stage > 2, state=stage > 1)


def in_numbers(numbers, size, stage):
    return tuple(count // 4 for count in right_bytes(numbers, size, stage))


def state_first(numbers, size, stage):
    return right_bytes(numbers, size, stage)[::-1]


def always_one_more(numbers, size, stage):
    share = numbers // size + 1
    return counted(numbers, size, weights=stage > 2, gradients=stage > 1, state=stage > 0, share=share)


def rounded_in_bytes(numbers, size, stage):
    return tuple(part(each * numbers, size) if cut else each * numbers
                 for cut, each in zip((stage > 2, stage > 1, stage > 0), (4, 4, 8), strict=True))  # fmt: skip


def right_bytes(numbers, size, stage):
    return counted(numbers, size, weights=stage > 2, gradients=stage > 1, state=stage > 0)


def a_stage_early(numbers, size, stage):
    return counted(numbers, size, weights=stage > 1, gradients=stage > 0, state=True)


# --------------------------------------------------------------------------------------------------------------- steps


def step(comm, weights, gradient, m, v, update, *, summed=True, mean=False, owner=None, back=True, trimmed=True,
         moved_state=True, swapped=False, fill_with=None, begin=None, turned=False):  # fmt: skip
    """A step in which something may be otherwise."""
    share, fill = len(m), len(m) * comm.size - len(weights)
    mine = slice(comm.rank * share, (comm.rank + 1) * share)
    filled, padded = np.pad(weights, (0, fill)), np.pad(gradient, (0, fill))
    padded = padded if fill_with is None else fill_with(gradient, fill)
    g = comm.reduce_scatter(padded) if summed else padded[mine]
    if mean:
        g = g / comm.size
    first = comm.rank * share if begin is None else begin(comm.rank)
    first = first if owner is None else owner * share
    w = filled[first : first + share]
    w, new_m, new_v = update(g, w, m, v) if turned else update(w, g, m, v)
    if back:
        filled = comm.all_gather(w)
    else:
        filled[mine] = w
    if moved_state:
        m, v = (new_v, new_m) if swapped else (new_m, new_v)
    return filled[: len(weights)] if trimmed else filled, m, v


def gradient_not_summed(comm, weights, gradient, m, v, update):
    return step(comm, weights, gradient, m, v, update, summed=False)


def divided_by_the_ranks(comm, weights, gradient, m, v, update):
    return step(comm, weights, gradient, m, v, update, mean=True)


def weights_of_rank_0(comm, weights, gradient, m, v, update):
    return step(comm, weights, gradient, m, v, update, owner=0)


def not_gathered(comm, weights, gradient, m, v, update):
    return step(comm, weights, gradient, m, v, update, back=False)


def own_part_alone(comm, weights, gradient, m, v, update):
    share = slice(comm.rank * len(m), (comm.rank + 1) * len(m))
    weights, *state = step(comm, weights, gradient, m, v, update, trimmed=False)
    return weights[share], *state


def zeros_left(comm, weights, gradient, m, v, update):
    return step(comm, weights, gradient, m, v, update, trimmed=False)


def old_state(comm, weights, gradient, m, v, update):
    return step(comm, weights, gradient, m, v, update, moved_state=False)


def zeros_before(comm, weights, gradient, m, v, update):
    return step(comm, weights, gradient, m, v, update, fill_with=lambda array, fill: np.pad(array, (fill, 0)))


def filled_with_numbers(comm, weights, gradient, m, v, update):
    return step(
        comm, weights, gradient, m, v, update, fill_with=lambda array, fill: np.resize(array, len(array) + fill)
    )


def from_the_number_of_the_rank(comm, weights, gradient, m, v, update):
    return step(comm, weights, gradient, m, v, update, begin=lambda rank: rank)


def gradient_before_weights(comm, weights, gradient, m, v, update):
    return step(comm, weights, gradient, m, v, update, turned=True)


def whole_state(comm, weights, gradient, m, v, update):
    weights, *state = step(comm, weights, gradient, m, v, update)
    return weights, *(comm.all_gather(one)[: len(weights)] for one in state)


def state_swapped(comm, weights, gradient, m, v, update):
    return step(comm, weights, gradient, m, v, update, swapped=True)


# ------------------------------------------------------------------------------------------------------------- forward


def walked(comm, shares, shapes, x, *, whole=None, last=np.tanh, each=np.tanh, before=None, transposed=False):
    """The way forward in which something may be otherwise."""
    for number, (share, (n_in, n_out)) in enumerate(zip(shares, shapes, strict=True)):
        flat = (comm.all_gather(share) if whole is None else whole(comm, share))[: n_in * n_out]
        matrix = flat.reshape(n_out, n_in).T if transposed else flat.reshape(n_in, n_out)
        x = x if before is None else before(x)
        x = (last if number == len(shapes) - 1 else each)(x @ matrix)
    return x


def straight(x):
    return x


def others_zero(comm, share):
    """Zeros in the place of what others own."""
    flat = np.zeros(comm.size * len(share), share.dtype)
    flat[comm.rank * len(share) : (comm.rank + 1) * len(share)] = share
    return flat


def without_the_others(comm, shares, shapes, x):
    return walked(comm, shares, shapes, x, whole=others_zero)


def own_share_again(comm, shares, shapes, x):
    return walked(comm, shares, shapes, x, whole=lambda comm, share: np.tile(share, comm.size))


def without_tanh(comm, shares, shapes, x):
    return walked(comm, shares, shapes, x, each=straight, last=straight)


def last_without_tanh(comm, shares, shapes, x):
    return walked(comm, shares, shapes, x, last=straight)


def tanh_before(comm, shares, shapes, x):
    return walked(comm, shares, shapes, x, each=straight, last=straight, before=np.tanh)


def first_layer_alone(comm, shares, shapes, x):
    return walked(comm, shares[:1], shapes[:1], x)


def by_columns(comm, shares, shapes, x):
    return walked(comm, shares, shapes, x, transposed=True)


MISTAKES = {
    "bytes_of_a_rank": [
        (nothing_shared, "nada foi repartido: isto é o estágio 0, seja qual for o estágio"),
        (rounded_down, "a parte se arredonda para cima; para baixo, sobrariam números sem dono"),
        (one_slot, "o estado do AdamW são DOIS números por parâmetro, m e v: 8 bytes"),
        (gradients_first, "o estágio 1 reparte o estado, e o 2 os gradientes; trocou os dois"),
        (one_thing_each, "os estágios se acumulam: o 2 reparte o estado E os gradientes, o 3 tudo"),
        (a_stage_late, "repartiu um estágio tarde demais: o 1 já reparte o estado"),
        (in_numbers, "isto é quantos números; em bytes, cada um são 4"),
        (state_first, "a ordem é pesos, gradientes, estado"),
        (always_one_more, "a parte passou de n / size mesmo quando ele é inteiro; arredonde para cima só o que sobra"),
        (rounded_in_bytes, "arredondou os bytes; o que se arredonda para cima é o número de parâmetros da parte"),
        (a_stage_early, "repartiu tudo um estágio antes: o 0 ainda não reparte nada"),
    ],
    "zero_step": [
        (gradient_not_summed, "usou só o gradiente deste rank; o do lote é a soma dos de todos (reduce_scatter)"),
        (divided_by_the_ranks, "os gradientes já chegam pesados; somados, não se dividem outra vez"),
        (weights_of_rank_0, "moveu a parte do rank 0; cada rank move a sua, a partir de rank · share"),
        (not_gathered, "só a parte deste rank andou; falta trazer as que os outros moveram (all_gather)"),
        (own_part_alone, "devolveu só a parte deste rank; os pesos novos são os de todos (all_gather)"),
        (zeros_left, "os zeros que completam o vetor ficaram no resultado; são n pesos"),
        (old_state, "devolveu o m e o v que recebeu; o próximo passo precisa dos novos"),
        (zeros_before, "os zeros que completam o vetor vão no fim, e não no começo"),
        (filled_with_numbers, "o gradiente se completa com zeros, e não com números repetidos"),
        (from_the_number_of_the_rank, "a parte começa em rank · share, e não em rank"),
        (gradient_before_weights, "update recebe w, g, m e v, nesta ordem: primeiro os pesos"),
        (whole_state, "m e v não se juntam: cada rank guarda só a sua parte do estado"),
        (state_swapped, "m e v saíram trocados"),
    ],
    "forward_in_shares": [
        (without_the_others, "usou zeros no lugar do que é dos outros; junte as partes com all_gather"),
        (own_share_again, "repetiu a própria parte no lugar das dos outros; junte-as com all_gather"),
        (without_tanh, "falta a tanh de cada camada"),
        (last_without_tanh, "a última camada também tem a sua tanh"),
        (tanh_before, "a tanh vem depois do produto, e não antes"),
        (first_layer_alone, "calculou só a primeira camada; o return ficou dentro do laço?"),
        (by_columns, "W está achatada linha por linha: é reshape(n_in, n_out), sem transpor"),
    ],
}

HINTS = [
    "bytes_of_a_rank: share = -(-numbers // size) arredonda para cima; cada estágio reparte uma coisa a mais que o "
    "anterior. zero_step: o vetor de gradientes tem de ter size · share números antes do reduce_scatter: complete-o "
    "com np.pad(gradient, (0, quantos faltam)). forward_in_shares: um laço pelas camadas, e um all_gather em cada "
    "volta.",
    "zero_step: a parte de que este rank é dono são os números de rank · share a (rank + 1) · share dos pesos "
    "completados; com ela e a soma que veio do reduce_scatter, chame update UMA vez, e o que ele devolve de w vai "
    "ao all_gather. forward_in_shares: comm.all_gather(share)[: n_in * n_out].reshape(n_in, n_out).",
    "zero_step: fill = len(m) * comm.size - len(weights); g = comm.reduce_scatter(np.pad(gradient, (0, fill))); w = "
    "np.pad(weights, (0, fill))[comm.rank * len(m) : (comm.rank + 1) * len(m)]; w, m, v = update(w, g, m, v); "
    "devolva comm.all_gather(w)[: len(weights)], m, v. forward_in_shares: x = np.tanh(x @ whole), e whole muda a "
    "cada volta.",
]

rng = np.random.default_rng(0)


def sizes(size):
    return size, 8, 2


def training(size):
    return rng.normal(size=size), rng.normal(size=(2, 3, size))


def deep(size):
    return 3, rng.normal(size=(4, 40)), *(rng.normal(size=(40, 40)) for _ in range(size))


EQUIVALENT = {
    "for share, (n_in, n_out) in zip(shares, shapes, strict=True):: True -> False": "há uma forma para cada parte",
}

WORK = {
    "bytes_of_a_rank": Work(sizes, small=100, large=10**9),
    "zero_step": Work(training, small=1000, large=100_000, through=steps),
    "forward_in_shares": Work(deep, small=3, large=30, through=forward),
}
