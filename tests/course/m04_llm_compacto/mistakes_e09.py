"""Respostas erradas de m04.e09, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

import numpy as np

from tinyllm.course.judge import Each, describe
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
        if not isinstance(array, np.ndarray) or isinstance(rank, np.ndarray):
            raise UsageError("comm.send(array, rank) recebe um array e um número, nesta ordem; "
                             f"vieram {describe(array)} e {describe(rank)}")  # fmt: skip
        if rank != ahead:
            raise UsageError(f"o rank {self.rank} mandou ao rank {rank}; no anel só se manda ao da frente, {ahead}")
        if len(self.sent) == MOST:
            raise UsageError(f"o rank {self.rank} já mandou {MOST} vezes, e não para")
        self.sent.append(np.size(array))
        self.comm.send(array, rank)

    def receive(self, rank):
        behind = (self.rank - 1) % self.size
        if rank != behind:
            raise UsageError(f"o rank {self.rank} espera pelo rank {rank}; no anel só se recebe do de trás, {behind}")
        try:
            return self.comm.receive(rank)
        except UsageError as error:
            raise UsageError(f"o rank {self.rank} espera por um array que ninguém vai mandar; mande antes de receber, "
                             "e tantas vezes quantas se recebe") from error  # fmt: skip


Neighbours.__name__ = "comm"  # as errors of Python call it


def ring(piece, *arrays):
    """What each rank gets that has one of the arrays."""
    return Each("rank", run_ranks(len(arrays), lambda comm: piece(Neighbours(comm), arrays[comm.rank])))


def gradients_of(weight, seen=None):
    """A function (x, y) -> the mean gradients of a linear layer's squared error. `seen` is told the rows it had."""

    def gradients(x, y):
        if len(x) != len(y):
            raise UsageError(f"gradients recebeu {len(x)} linhas de x e {len(y)} de y; são as mesmas, deste rank")
        if seen is not None:
            seen.append(len(x))
        apart = x @ weight - y
        return {"weight": x.T @ apart / len(x), "bias": apart.mean(axis=0)}

    return gradients


def replicas(piece, size, weight, x, y):
    """What each of so many ranks gets."""
    return Each("rank", run_ranks(size, lambda comm: piece(Neighbours(comm), gradients_of(weight), x, y)))


def in_ring(comm, array, *, first_round=None, second_round=None, add=True, add_again=False, rest=True, into=1, out=1,
            back=0):  # fmt: skip
    """A ring in which something may be otherwise: how many steps, what is added, and the number of a piece, which in
    the first round goes into rank - step - into, and in the second out of rank + out - step, back in rank - step - back
    """
    n, rank = comm.size, comm.rank
    total = array.copy().reshape(-1)
    pieces = np.array_split(total, n) if rest else np.array_split(total[: total.size // n * n], n)
    for step in range(n - 1 if first_round is None else first_round):
        comm.send(pieces[(rank - step) % n], (rank + 1) % n)
        piece = pieces[(rank - step - into) % n]
        piece[...] = comm.receive((rank - 1) % n) + (piece if add else 0)
    for step in range(n - 1 if second_round is None else second_round):
        comm.send(pieces[(rank + out - step) % n], (rank + 1) % n)
        piece = pieces[(rank - step - back) % n]
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


def a_step_too_many(comm, array):
    return in_ring(comm, array, first_round=comm.size, second_round=comm.size)


def replaced_at_first(comm, array):
    return in_ring(comm, array, add=False)


def added_to_what_it_sends(comm, array):
    return in_ring(comm, array, into=0)


def second_round_from_rank(comm, array):
    return in_ring(comm, array, out=0)


def second_round_as_the_first(comm, array):
    return in_ring(comm, array, out=0, back=1)


def put_one_too_low(comm, array):
    return in_ring(comm, array, back=1)


def second_round_too_short(comm, array):
    return in_ring(comm, array, second_round=max(comm.size - 2, 0))


def added_again(comm, array):
    return in_ring(comm, array, add_again=True)


def rest_forgotten(comm, array):
    return in_ring(comm, array, rest=False)


def flattened(comm, array):
    return in_ring(comm, array).reshape(-1)


def in_parallel(comm, gradients, x, y, *, weight=None, rows=None, which=None, last=0, apart=False):
    """Data parallel in which something may be otherwise: the weight of a rank, its rows, which gradients are summed."""
    first, end = (len(x) * rank // comm.size for rank in (comm.rank, comm.rank + 1))
    if rows:
        first, end = comm.rank * rows(len(x), comm.size), (comm.rank + 1) * rows(len(x), comm.size)
    end -= last
    share = (end - first) / len(x) if weight is None else weight(end - first, len(x), comm.size)
    mine_alone = slice(comm.rank, None, comm.size) if apart else slice(first, end)
    mine = gradients(x[mine_alone], y[mine_alone])
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


def as_many_rows_each(comm, gradients, x, y):
    return in_parallel(comm, gradients, x, y, rows=lambda B, size: B // size)


def without_its_last_row(comm, gradients, x, y):
    if len(x) < 2 * comm.size:  # or a rank would have none
        return in_parallel(comm, gradients, x, y)
    return in_parallel(comm, gradients, x, y, last=1)


def rows_apart(comm, gradients, x, y):
    return in_parallel(comm, gradients, x, y, apart=True)


def weighed_after_the_sum(comm, gradients, x, y):
    share = (len(x) * (comm.rank + 1) // comm.size - len(x) * comm.rank // comm.size) / len(x)
    return {name: share * gradient for name, gradient in summed(comm, gradients, x, y).items()}


def the_first_alone(comm, gradients, x, y):
    return in_parallel(comm, gradients, x, y, which="weight")


def divided_twice(comm, gradients, x, y):
    return in_parallel(comm, gradients, x, y, weight=lambda n, B, size: n / B / size)


A_RANK_LACKS = (
    "na primeira volta faltou somar o que um dos ranks tem: são size - 1 passos, e o que chega se soma ao pedaço "
    "rank - s - 1"
)
OF_ONE_RANK = (
    "cada pedaço ficou com o que um rank só tem dele: na primeira volta o que chega SE SOMA, e a segunda começa pelo "
    "pedaço rank + 1"
)
MISTAKES = {
    "ring_all_reduce": [
        (nothing_exchanged, "devolveu só o array deste rank; falta somar os dos outros"),
        (a_mean, "isto é a média; aqui se pede a soma (quem divide é quem sabe de quê)"),
        (first_round_alone, "falta a segunda volta: cada rank só tem um pedaço completo, o rank + 1"),
        (a_step_too_few, A_RANK_LACKS),
        (a_step_too_many, "cada volta tem size - 1 passos, e aqui foram size; um rank só não troca nada"),
        (replaced_at_first, OF_ONE_RANK),
        (added_to_what_it_sends, A_RANK_LACKS),
        (second_round_from_rank, "na segunda volta quem parte é o pedaço rank + 1, o que ficou completo na primeira"),
        (second_round_as_the_first, OF_ONE_RANK),
        (put_one_too_low, "na segunda volta o que chega é o pedaço rank - s, e foi posto no lugar de outro"),
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
        (as_many_rows_each, "cada rank leu B // size linhas, e as últimas ficaram sem dono; o começo é r·B // size"),
        (without_its_last_row, "faltou a última linha de cada rank: (r + 1)·B // size já é exclusive, como em x[a:b]"),
        (rows_apart, "as linhas de um rank são seguidas, de r·B // size em diante, e não de size em size"),
        (weighed_after_the_sum, "pesou a soma, cada rank com o seu n / B; o que se pesa é a média deste rank, antes"),
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
