"""Respostas erradas de m04.e10, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

from typing import NamedTuple

import numpy as np

from tinyllm import functional as F
from tinyllm.course.judge import Each, ThereAndBack, describe
from tinyllm.course.measure import Work
from tinyllm.errors import UsageError
from tinyllm.parallel.comm import run_ranks
from tinyllm.tensor import Tensor, backward, op


class Summing:
    """What a rank has of the others: their sum. `sums` tells how many times it was asked for."""

    def __init__(self, comm):
        self.comm, self.rank, self.size, self.sums = comm, comm.rank, comm.size, 0

    def all_reduce(self, array):
        if not isinstance(array, np.ndarray):
            raise UsageError(f"comm.all_reduce soma arrays, e veio {describe(array)}; só enter e leave o chamam: é o "
                             "@op em cima deles que lhes dá arrays")  # fmt: skip
        self.sums += 1
        return self.comm.all_reduce(array)


Summing.__name__ = "comm"  # as errors of Python call it


class Gradients(NamedTuple):
    """What a rank gets: the value and the gradients of what it has. A learner reads these names."""

    valor: np.ndarray
    gradiente_de_x: np.ndarray
    gradiente_de_up: np.ndarray
    gradiente_de_up_bias: np.ndarray
    gradiente_de_down: np.ndarray
    gradiente_de_down_bias: np.ndarray


def on_ranks(piece, xs, dys):
    """The value and the gradient on each rank, of which each has an x and a dy of its own."""

    def work(comm):
        x = Tensor(xs[comm.rank], requires_grad=True)
        y = piece(x, comm=Summing(comm))
        return ThereAndBack(y.data, backward(y, dys[comm.rank]).get(x))

    return Each("rank", run_ranks(len(xs), work))


def cut(array, rank, size, axis):
    """The share of a rank: that stretch of an axis."""
    return np.split(array, size, axis=axis)[rank]


def layer(piece, size, dy, x, up, up_bias, down, down_bias, sums=None):
    """The Gradients of each of so many ranks, that are given their shares of the whole weights."""

    def work(comm):
        shares = [cut(up, comm.rank, size, 1), cut(up_bias, comm.rank, size, 0), cut(down, comm.rank, size, 0)]
        leaves = [Tensor(array.copy(), requires_grad=True) for array in (x, *shares, down_bias)]
        counting = Summing(comm)
        y = piece(*leaves, comm=counting)
        found = backward(y, dy)
        if sums is not None:
            sums.append(counting.sums)
        return Gradients(y.data, *(found.get(leaf) for leaf in leaves))

    return Each("rank", run_ranks(size, work))


# ---------------------------------------------------------------------------------------------------- enter and leave


@op
def enter(x, *, comm):
    return x, comm.all_reduce


@op
def leave(x, *, comm):
    return comm.all_reduce(x), lambda dy: dy


@op
def enter_no_sum(x, *, comm):
    return x, lambda dy: dy


@op
def enter_sums_there_too(x, *, comm):
    return comm.all_reduce(x), comm.all_reduce


@op
def enter_mean(x, *, comm):
    return x, lambda dy: (comm.all_reduce(dy) / comm.size).astype(dy.dtype)


@op
def enter_multiplied(x, *, comm):
    return x, lambda dy: dy * comm.size


@op
def enter_as_leave(x, *, comm):
    return comm.all_reduce(x), lambda dy: dy


@op
def leave_as_enter(x, *, comm):
    return x, comm.all_reduce


@op
def leave_sums_back_too(x, *, comm):
    return comm.all_reduce(x), comm.all_reduce


@op
def leave_mean(x, *, comm):
    return (comm.all_reduce(x) / comm.size).astype(x.dtype), lambda dy: dy


@op
def leave_nothing(x, *, comm):
    return x, lambda dy: dy


@op
def leave_divided_back(x, *, comm):
    return comm.all_reduce(x), lambda dy: (dy / comm.size).astype(dy.dtype)


@op
def leave_one(x, *, comm):
    return comm.all_reduce(x), np.ones_like


# -------------------------------------------------------------------------------------------------------- feed-forward


def through_layer(x, up, up_bias, down, down_bias, comm, *, way_in=enter, way_out=leave, act=F.gelu):
    return way_out(act(way_in(x, comm=comm) @ up + up_bias) @ down, comm=comm) + down_bias


def same(x, *, comm):
    return x


def without_enter(x, up, up_bias, down, down_bias, *, comm):
    return through_layer(x, up, up_bias, down, down_bias, comm, way_in=same)


def without_leave(x, up, up_bias, down, down_bias, *, comm):
    return through_layer(x, up, up_bias, down, down_bias, comm, way_out=same)


def without_gelu(x, up, up_bias, down, down_bias, *, comm):
    return through_layer(x, up, up_bias, down, down_bias, comm, act=lambda h: h)


def bias_of_every_rank(x, up, up_bias, down, down_bias, *, comm):
    return leave(F.gelu(enter(x, comm=comm) @ up + up_bias) @ down + down_bias, comm=comm)


def hidden_summed(x, up, up_bias, down, down_bias, *, comm):
    return leave(F.gelu(leave(enter(x, comm=comm) @ up + up_bias, comm=comm)) @ down, comm=comm) + down_bias


def products_summed(x, up, up_bias, down, down_bias, *, comm):
    h = F.gelu(leave(enter(x, comm=comm) @ up, comm=comm) + up_bias)
    return leave(h @ down, comm=comm) + down_bias


def gelu_before_the_bias(x, up, up_bias, down, down_bias, *, comm):
    return leave((F.gelu(enter(x, comm=comm) @ up) + up_bias) @ down, comm=comm) + down_bias


def without_its_graph(x, up, up_bias, down, down_bias, *, comm):
    return leave(F.gelu(Tensor(x.data @ up.data + up_bias.data)) @ down, comm=comm) + down_bias


def entered_too_late(x, up, up_bias, down, down_bias, *, comm):
    return leave(enter(F.gelu(x @ up + up_bias), comm=comm) @ down, comm=comm) + down_bias


def bias_that_enters(x, up, up_bias, down, down_bias, *, comm):
    return leave(F.gelu(enter(x, comm=comm) @ up + up_bias) @ down, comm=comm) + enter(down_bias, comm=comm)


def bias_in_parts(x, up, up_bias, down, down_bias, *, comm):
    return leave(F.gelu(enter(x, comm=comm) @ up + up_bias) @ down + down_bias / comm.size, comm=comm)


def bias_of_one_rank(x, up, up_bias, down, down_bias, *, comm):
    y = F.gelu(enter(x, comm=comm) @ up + up_bias) @ down
    return leave(y if comm.rank else y + down_bias, comm=comm)


def no_bias_up(x, up, up_bias, down, down_bias, *, comm):
    return leave(F.gelu(enter(x, comm=comm) @ up) @ down, comm=comm) + down_bias


def no_bias_down(x, up, up_bias, down, down_bias, *, comm):
    return leave(F.gelu(enter(x, comm=comm) @ up + up_bias) @ down, comm=comm)


def enter_twice(x, up, up_bias, down, down_bias, *, comm):
    return through_layer(enter(x, comm=comm), up, up_bias, down, down_bias, comm)


MISTAKES = {
    "enter": [
        (enter_no_sum, "na volta falta somar: cada rank só tem a parte do gradiente que passou pelas suas colunas"),
        (enter_sums_there_too, "na ida não se soma nada: todos já têm o mesmo x"),
        (enter_mean, "na volta é a soma, e não a média"),
        (enter_multiplied, "multiplicou o dy deste rank por size; os dos outros são diferentes: some-os"),
        (enter_as_leave, "isto é o leave: soma na ida. O enter só soma na volta"),
    ],
    "leave": [
        (leave_as_enter, "isto é o enter: soma na volta. O leave soma na ida"),
        (leave_sums_back_too, "na volta dy já é o mesmo em todos; somado, sai size vezes maior"),
        (leave_mean, "é a soma das parcelas, e não a média"),
        (leave_nothing, "falta somar as parcelas de todos os ranks"),
        (leave_divided_back, "a derivada de uma soma em relação a cada parcela é 1, e não 1/size"),
        (leave_one, "a derivada é 1, e dx é dy vezes ela: o próprio dy"),
    ],
    "feed_forward": [
        (without_enter, "falta o enter: o gradiente de x ficou só com a parte deste rank"),
        (without_leave, "falta o leave: cada rank ficou com a sua parcela da saída"),
        (without_gelu, "falta a GELU entre as duas matrizes"),
        (bias_of_every_rank, "o down_bias entrou na soma, e saiu size vezes; some-o depois do leave"),
        (hidden_summed, "somou os canais ocultos dos ranks: são canais DIFERENTES, e não parcelas do mesmo"),
        (products_summed, "entre up e down não há o que somar: os canais ocultos de cada rank são outros"),
        (gelu_before_the_bias, "a GELU vem depois do up_bias: gelu(x @ up + up_bias)"),
        (without_its_graph, "por .data o gradiente não volta; calcule com os próprios Tensores"),
        (entered_too_late, "o enter é em x, antes de up: é ali que os ranks se separam"),
        (bias_that_enters, "o down_bias não passa pelo enter: o seu gradiente já é o inteiro, em todos"),
        (
            bias_in_parts,
            "o valor está certo, mas o gradiente de down_bias fica size vezes menor; some-o depois do leave",
        ),
        (bias_of_one_rank, "só o rank 0 somou o down_bias, e só ele tem o gradiente; some-o em todos, depois do leave"),
        (no_bias_up, "falta o up_bias"),
        (no_bias_down, "falta o down_bias"),
        (enter_twice, "dois enter somam o gradiente de x duas vezes"),
    ],
}

HINTS = [
    "enter e leave devolvem duas coisas: o valor, um array, e uma função que recebe dy e devolve dx. Uma delas soma "
    "na ida e a outra na volta. feed_forward: escreva primeiro a feed-forward inteira numa linha; depois veja onde "
    "x entra na parte repartida, e onde a saída é uma soma de parcelas.",
    "enter: o valor é x; a volta é comm.all_reduce, que já é uma função de um array. leave: o valor é "
    "comm.all_reduce(x); a volta devolve dy como veio. feed_forward: o produto por blocos, [h0 h1] @ [d0; d1] = h0 "
    "@ d0 + h1 @ d1, diz que a parcela deste rank é o seu h @ down.",
    "feed_forward: h = F.gelu(enter(x, comm=comm) @ up + up_bias); leave(h @ down, comm=comm) + down_bias. enter: "
    "return x, comm.all_reduce. leave: return comm.all_reduce(x), lambda dy: dy.",
]

rng = np.random.default_rng(0)


def of_ranks(size):
    return [rng.normal(size=size) for _ in range(3)], [rng.normal(size=size) for _ in range(3)]


def of_one(size):
    return [rng.normal(size=size) for _ in range(3)], [rng.normal(size=size)] * 3


def whole(size, C=16, M=64):
    arrays = [(2, size, C), (2, size, C), (C, M), (M,), (M, C), (C,)]
    return 2, *(rng.normal(size=shape) for shape in arrays)


WORK = {
    "enter": Work(of_ranks, small=1000, large=100_000, through=on_ranks),
    "leave": Work(of_one, small=1000, large=100_000, through=on_ranks),
    "feed_forward": Work(whole, small=20, large=1000, through=layer),
}
