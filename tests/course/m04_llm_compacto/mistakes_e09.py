"""Respostas erradas de m04.e09, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

import numpy as np

from tinyllm.course.measure import Work
from tinyllm.errors import UsageError
from tinyllm.parallel.comm import run_ranks

MOST = 1000  # messages of a rank; who sends more does not end


class Neighbours:
    """What a rank of a ring has: it sends to the one ahead, receives from the one behind, and knows nobody else. `sent`
    tells how many numbers each message had."""

    def __init__(self, comm):
        self.comm, self.rank, self.size, self.sent = comm, comm.rank, comm.size, []

    def send(self, array, rank):
        ahead = (self.rank + 1) % self.size
        if rank != ahead:
            raise UsageError(f"o rank {self.rank} mandou ao rank {rank}; no anel só se manda ao da frente, {ahead}")
        if len(self.sent) == MOST:
            raise UsageError(f"o rank {self.rank} já mandou {MOST} vezes, e não para")
        self.sent.append(np.size(array))
        self.comm.send(np.asarray(array), rank)

    def receive(self, rank):
        behind = (self.rank - 1) % self.size
        if rank != behind:
            raise UsageError(f"o rank {self.rank} espera pelo rank {rank}; no anel só se recebe do de trás, {behind}")
        try:
            return self.comm.receive(rank)
        except UsageError as error:
            raise UsageError(f"o rank {self.rank} espera por um array que ninguém vai mandar; mande antes de receber, "
                             "e tantas vezes quantas se recebe") from error  # fmt: skip


def ring(piece, *arrays):
    """What each rank gets that has one of the arrays."""
    return run_ranks(len(arrays), lambda comm: piece(Neighbours(comm), arrays[comm.rank]))


def gradients_of(weight, seen=None):
    """A function (x, y) -> the mean gradients of a linear layer's squared error. `seen` is told the rows it had."""

    def gradients(x, y):
        if seen is not None:
            seen.append(len(x))
        apart = x @ weight - y
        return {"weight": x.T @ apart / len(x), "bias": apart.mean(axis=0)}

    return gradients


def replicas(piece, size, weight, x, y):
    """What each of so many ranks gets."""
    return run_ranks(size, lambda comm: piece(Neighbours(comm), gradients_of(weight), x, y))


def in_ring(comm, array, *, first_round=None, second_round=None, add_again=False, rest=True):
    """A ring in which something may be otherwise."""
    n, rank = comm.size, comm.rank
    total = array.copy().reshape(-1)
    pieces = np.array_split(total, n) if rest else np.array_split(total[: total.size // n * n], n)
    for step in range(n - 1 if first_round is None else first_round):
        comm.send(pieces[(rank - step) % n], (rank + 1) % n)
        pieces[(rank - step - 1) % n] += comm.receive((rank - 1) % n)
    for step in range(n - 1 if second_round is None else second_round):
        comm.send(pieces[(rank + 1 - step) % n], (rank + 1) % n)
        piece = pieces[(rank - step) % n]
        piece[...] = comm.receive((rank - 1) % n) + (piece if add_again else 0)
    return total.reshape(array.shape)


def nothing_exchanged(comm, array):
    return array.copy()


def a_mean(comm, array):
    return (in_ring(comm, array) / comm.size).astype(array.dtype)


def first_round_alone(comm, array):
    return in_ring(comm, array, second_round=0)


def a_step_too_few(comm, array):
    return in_ring(comm, array, first_round=max(comm.size - 2, 0))


def second_round_too_short(comm, array):
    return in_ring(comm, array, second_round=max(comm.size - 2, 0))


def added_again(comm, array):
    return in_ring(comm, array, add_again=True)


def rest_forgotten(comm, array):
    return in_ring(comm, array, rest=False)


def flattened(comm, array):
    return in_ring(comm, array).reshape(-1)


def in_parallel(comm, gradients, x, y, *, weight=None, rows=None, which=None):
    """Data parallel in which something may be otherwise: the weight of a rank, its rows, which gradients are summed."""
    first, end = (len(x) * rank // comm.size for rank in (comm.rank, comm.rank + 1))
    if rows:
        first, end = comm.rank * rows(len(x), comm.size), (comm.rank + 1) * rows(len(x), comm.size)
    share = (end - first) / len(x) if weight is None else weight(end - first, len(x), comm.size)
    mine = gradients(x[first:end], y[first:end])
    return {name: in_ring(comm, gradient * share) if which is None or name == which else gradient
            for name, gradient in mine.items()}  # fmt: skip


def summed(comm, gradients, x, y):
    return in_parallel(comm, gradients, x, y, weight=lambda n, B, size: 1.0)


def mean_of_means(comm, gradients, x, y):
    return in_parallel(comm, gradients, x, y, weight=lambda n, B, size: 1 / size)


def by_rows_alone(comm, gradients, x, y):
    return in_parallel(comm, gradients, x, y, weight=lambda n, B, size: float(n))


def of_this_rank(comm, gradients, x, y):
    return in_parallel(comm, gradients, x, y, weight=lambda n, B, size: 1.0, which="nenhum")


def last_rows_forgotten(comm, gradients, x, y):
    n = len(x) // comm.size * comm.size
    return in_parallel(comm, gradients, x[:n], y[:n])


def the_first_alone(comm, gradients, x, y):
    return in_parallel(comm, gradients, x, y, which="weight")


def divided_twice(comm, gradients, x, y):
    return in_parallel(comm, gradients, x, y, weight=lambda n, B, size: n / B / size)


MISTAKES = {
    "ring_all_reduce": [
        (nothing_exchanged, "devolveu só o array deste rank; falta somar os dos outros"),
        (a_mean, "isto é a média; aqui se pede a soma (quem divide é quem sabe de quê)"),
        (first_round_alone, "falta a segunda volta: cada rank só tem um pedaço completo, o rank + 1"),
        (a_step_too_few, "a primeira volta parou um passo antes: são size - 1, e falta o que um dos ranks tem"),
        (second_round_too_short, "a segunda volta parou um passo antes: um pedaço ficou incompleto"),
        (added_again, "na segunda volta os pedaços já estão completos: ponha no lugar, não some outra vez"),
        (rest_forgotten, "o que sobra da divisão por size ficou de fora; os pedaços podem ser desiguais"),
        (flattened, "faltou devolver a forma que o array tinha"),
    ],
    "data_parallel": [
        (summed, "somou as médias dos ranks sem peso; cada uma vale n / B"),
        (mean_of_means, "isto é a média das médias; só é a do lote se todos leem o mesmo número de linhas"),
        (by_rows_alone, "pesou cada média por n, e faltou dividir por B"),
        (of_this_rank, "os gradientes são só os deste rank; falta somar os de todos"),
        (last_rows_forgotten, "as linhas que sobram da divisão por size ficaram de fora"),
        (the_first_alone, "só um dos gradientes foi somado; são todos os do dicionário"),
        (divided_twice, "n / B já faz a média; não divida por size outra vez"),
    ],
}

HINTS = [
    "ring_all_reduce: comece por uma cópia achatada, total = array.copy().reshape(-1), e corte-a com "
    "np.array_split, que dá vistas: somar a um pedaço muda total. data_parallel: calcule as linhas deste rank, "
    "chame gradients com elas, multiplique cada gradiente por n / B e some em anel.",
    "ring_all_reduce: num passo, primeiro comm.send(pieces[…], ahead) e depois comm.receive(behind): quem espera "
    "antes de mandar faz todos esperarem. Para mudar um pedaço no lugar: pieces[k] += … na primeira volta e "
    "pieces[k][...] = … na segunda. data_parallel: a soma de (n_r / B) · média_r, por todos os ranks r, é a soma de "
    "todas as linhas dividida por B.",
    "ring_all_reduce: for step in range(comm.size - 1): manda (rank - step) % size e soma em (rank - step - 1) % "
    "size; depois, outra vez size - 1 passos: manda (rank + 1 - step) % size e põe em (rank - step) % size. "
    "data_parallel: {name: ring_all_reduce(comm, g * (end - first) / len(x)) for name, g in mine.items()}.",
]


def arrays(size):
    return [np.random.default_rng(rank).normal(size=size) for rank in range(3)]


def batch(size):
    draw = np.random.default_rng(0)
    return 3, draw.normal(size=(32, 4)), draw.normal(size=(size, 32)), draw.normal(size=(size, 4))


NEGATIVE = "um índice negativo conta do fim, e a lista tem size pedaços: dá no mesmo"
EQUIVALENT = {
    "pieces[(comm.rank - step) % comm.size][...] = comm.receive(behind): (comm.rank - step) % comm.size -> "
    "(comm.rank - step)": NEGATIVE,
    "pieces[(comm.rank - step - 1) % comm.size] += comm.receive(behind): (comm.rank - step - 1) % comm.size -> "
    "(comm.rank - step - 1)": NEGATIVE,
    "comm.send(pieces[(comm.rank - step) % comm.size], ahead): (comm.rank - step) % comm.size -> "
    "(comm.rank - step)": NEGATIVE,
    "total = array.copy().reshape(-1): 1 -> 2": "o NumPy aceita qualquer número negativo no lugar de -1",
}

WORK = {
    "ring_all_reduce": Work(arrays, small=300, large=30_000, through=ring, limit=None),
    "data_parallel": Work(batch, small=30, large=3000, through=replicas),
}
