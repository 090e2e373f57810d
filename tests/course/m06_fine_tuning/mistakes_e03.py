"""Respostas erradas de m06.e03, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

from collections import namedtuple
from types import SimpleNamespace

import numpy as np

from tinyllm.course.measure import LARGE, Work
from tinyllm.nn.layers import Linear, initial_weight
from tinyllm.nn.module import Around, Module, Parameter, freeze, map_parameters
from tinyllm.tensor import Tensor, backward, op, rows

rng = np.random.default_rng(0)

# -------------------------------------------------------------------------------------------------------- add_low_rank

# there and back: what a learner reads are these names
Added = namedtuple("Added", "valor gradiente_de_y gradiente_de_x gradiente_de_a gradiente_de_b")


def added(piece, y, x, a, b, dy, scale, columns):
    leaves = [Tensor(array, requires_grad=True) for array in (y, x, a, b)]
    out = piece(*leaves, scale=scale, columns=columns)
    gradients = backward(out, dy)
    return Added(out.data, *(gradients.get(leaf) for leaf in leaves))


def summed(y, x, a, b, scale, columns, *, there=None, whole=None, of_y=None, of_x=None, of_a=None, of_b=None,
           back=None, all_dy=False, back_from=None):  # fmt: skip
    """(value, backward), but for what is said: the scale on the way there and back, and each of the gradients."""
    there, back = scale if there is None else there, scale if back is None else back
    short, out = x @ a, y.copy()
    out[..., columns] += there * short @ b
    if whole is not None:
        out = whole(out, there * short @ b)

    def backward(dy):
        dy = np.ones_like(dy) if all_dy else dy
        part = dy[..., columns if back_from is None else back_from]
        d_short = back * (part @ b.T)
        return (
            dy if of_y is None else of_y(dy),
            d_short @ a.T if of_x is None else of_x(d_short),
            rows(x).T @ rows(d_short) if of_a is None else of_a(d_short),
            back * rows(short).T @ rows(part) if of_b is None else of_b(part, short),
        )

    return out, backward


@op
def scale_forgotten(y, x, a, b, *, scale, columns):
    return summed(y, x, a, b, 1.0, columns)


@op
def scale_forgotten_on_the_way_back(y, x, a, b, *, scale, columns):
    return summed(y, x, a, b, scale, columns, back=1.0)


@op
def only_b_without_scale(y, x, a, b, *, scale, columns):
    return summed(y, x, a, b, scale, columns, of_b=lambda part, short: rows(short).T @ rows(part))


@op
def scale_divided(y, x, a, b, *, scale, columns):
    return summed(y, x, a, b, 1 / scale, columns)


@op
def divided_by_the_rank_again(y, x, a, b, *, scale, columns):
    return summed(y, x, a, b, scale / a.shape[1], columns)


@op
def first_columns(y, x, a, b, *, scale, columns):
    return summed(y, x, a, b, scale, slice(0, b.shape[1]))


@op
def first_columns_on_the_way_back(y, x, a, b, *, scale, columns):
    return summed(y, x, a, b, scale, columns, back_from=slice(0, b.shape[1]))


@op
def only_b_with_scale(y, x, a, b, *, scale, columns):
    return summed(y, x, a, b, scale, columns, back=1.0, of_b=lambda part, short: scale * rows(short).T @ rows(part))


@op
def scale_twice_in_b(y, x, a, b, *, scale, columns):
    return summed(y, x, a, b, scale, columns, of_b=lambda part, short: scale**2 * rows(short).T @ rows(part))


@op
def scale_twice_on_the_way_back(y, x, a, b, *, scale, columns):
    return summed(y, x, a, b, scale, columns, back=scale**2)


@op
def in_the_place_of_y(y, x, a, b, *, scale, columns):
    def whole(out, update):
        out[..., columns] = update
        return out

    def of_y(dy):
        dy = dy.copy()
        dy[..., columns] = 0
        return dy

    return summed(y, x, a, b, scale, columns, whole=whole, of_y=of_y)


@op
def y_left_out(y, x, a, b, *, scale, columns):
    def whole(out, update):
        out = np.zeros_like(y)
        out[..., columns] = update
        return out

    return summed(y, x, a, b, scale, columns, whole=whole)


@op
def y_learns_nothing(y, x, a, b, *, scale, columns):
    return summed(y, x, a, b, scale, columns, of_y=np.zeros_like)


@op
def y_stopped_in_the_columns(y, x, a, b, *, scale, columns):
    def of_y(dy):
        dy = dy.copy()
        dy[..., columns] = 0
        return dy

    return summed(y, x, a, b, scale, columns, of_y=of_y)


@op
def scale_on_y(y, x, a, b, *, scale, columns):
    return summed(y, x, a, b, scale, columns, of_y=lambda dy: scale * dy)


@op
def x_forgotten(y, x, a, b, *, scale, columns):
    return summed(y, x, a, b, scale, columns, of_x=lambda d_short: np.zeros_like(x))


@op
def gradients_averaged(y, x, a, b, *, scale, columns):
    N = len(rows(x))
    return summed(y, x, a, b, scale, columns, of_a=lambda d_short: rows(x).T @ rows(d_short) / N,
                  of_b=lambda part, short: scale * rows(short).T @ rows(part) / N)  # fmt: skip


@op
def only_the_last_of_the_rows(y, x, a, b, *, scale, columns):
    return summed(y, x, a, b, scale, columns, of_a=lambda d_short: rows(x)[-1:].T @ rows(d_short)[-1:],
                  of_b=lambda part, short: scale * rows(short)[-1:].T @ rows(part)[-1:])  # fmt: skip


@op
def without_dy(y, x, a, b, *, scale, columns):
    return summed(y, x, a, b, scale, columns, all_dy=True)


@op
def formed_whole(y, x, a, b, *, scale, columns):
    update, out = scale * (a @ b), y.copy()
    out[..., columns] += x @ update

    def backward(dy):
        part = dy[..., columns]
        d_update = scale * (rows(x).T @ rows(part))
        return dy, part @ update.T, d_update @ b.T, a.T @ d_update

    return out, backward


# ------------------------------------------------------------------------------------------------------------- LowRank

Made = namedtuple("Made", "a b colunas nomes_dos_que_aprendem")


def made(piece, n_in, columns, rank, seed):
    found = piece(n_in, columns, rank, rng=np.random.default_rng(seed))
    learned = [name for name, _ in found.named_parameters()]
    return Made(*(getattr(weight, "data", weight) for weight in (found.a, found.b)), found.columns, learned)


class RightLowRank(Module):
    """The right two matrices, which the wrong ones change."""

    def __init__(self, n_in, columns, rank, *, rng):
        self.a = self.first(n_in, rank, rng)
        self.b = self.second(rank, columns.stop - columns.start, rng)
        self.columns = columns

    def first(self, n_in, rank, rng):
        return Parameter(initial_weight(n_in, rank, rng=rng))

    def second(self, rank, n, rng):
        return Parameter(np.zeros((rank, n)))


class BothAtRandom(RightLowRank):
    def second(self, rank, n, rng):
        return Parameter(initial_weight(rank, n, rng=rng))


class BothAtZero(RightLowRank):
    def first(self, n_in, rank, rng):
        return Parameter(np.zeros((n_in, rank)))


class TheOtherAtZero(BothAtZero):
    def second(self, rank, n, rng):
        return Parameter(initial_weight(rank, n, rng=rng))


class AsMatricesOfOutputs(RightLowRank):
    def first(self, n_in, rank, rng):
        return Parameter(initial_weight(n_in, rank, rng=rng).T)

    def second(self, rank, n, rng):
        return Parameter(np.zeros((n, rank)))


class DeviationOfOne(RightLowRank):
    def first(self, n_in, rank, rng):
        return Parameter(rng.normal(size=(n_in, rank)))


class DeviationOfTheRank(RightLowRank):
    def first(self, n_in, rank, rng):
        return Parameter(initial_weight(rank, n_in, rng=rng).reshape(n_in, rank))


class NotParameters(RightLowRank):
    def __init__(self, n_in, columns, rank, *, rng):
        super().__init__(n_in, columns, rank, rng=rng)
        self.a, self.b = Tensor(self.a.data), Tensor(self.b.data)


class OnlyBLearns(RightLowRank):
    def first(self, n_in, rank, rng):
        return Tensor(super().first(n_in, rank, rng).data)


class FromTheFirstColumn(RightLowRank):
    def __init__(self, n_in, columns, rank, *, rng):
        super().__init__(n_in, slice(0, columns.stop), rank, rng=rng)
        self.columns = columns


# ---------------------------------------------------------------------------------------------------------------- LoRA

Adapted = namedtuple("Adapted", "nomes_dos_que_aprendem escala valor_da_camada valor_no_começo valor_com_b gradientes "
                                "depois_de_cada_passo")  # fmt: skip
Now = namedtuple("Now", "merged valor peso_da_camada")


def adapted(piece, seed, parts, config, x, dy, steps):
    """A layer made from a seed, with what is learned beside it; then b is no longer 0, and it is merged and unmerged.
    All in float64."""
    inner = Linear(x.shape[-1], dy.shape[-1], rng=np.random.default_rng(seed))
    layer = piece(inner, parts, config, rng=np.random.default_rng(seed + 1))
    map_parameters(layer, lambda array: array.astype(np.float64))
    learned = {
        name.split("@")[-1].partition(".")[2] if "@" in name else name: w for name, w in layer.named_parameters()
    }
    of_inner, at_first = inner(Tensor(x)).data, layer(Tensor(x)).data
    for number, part in enumerate(layer.parts.values()):
        part.b.data = np.random.default_rng(number).normal(size=part.b.shape)
    y = layer(Tensor(x, requires_grad=True))
    gradients = backward(y, dy)
    after = []
    for step in steps:
        getattr(layer, step)()
        after.append(Now(layer.merged, layer(Tensor(x)).data, inner.weight.data.copy()))
    return Adapted(list(learned), layer.scale, of_inner, at_first, y.data,
                   {name: gradients.get(weight) for name, weight in learned.items()}, after)  # fmt: skip


@op
def sum_of_both(y, x, a, b, *, scale, columns):
    return summed(y, x, a, b, scale, columns)


class RightLoRA(Around):
    """The right layer, which the wrong ones change."""

    def __init__(self, inner, parts, config, *, rng):
        super().__init__(inner)
        self.merged = False
        self.freeze(inner)
        self.parts = self.updates(inner.weight.shape[0], parts, config.rank, rng)
        self.scale = self.scale_of(config.alpha, config.rank, config.rslora)

    def freeze(self, inner):
        freeze(inner)

    def updates(self, n_in, parts, rank, rng):
        return {name: RightLowRank(n_in, columns, rank, rng=rng) for name, columns in parts.items()}

    def scale_of(self, alpha, rank, rslora):
        return alpha / (rank**0.5 if rslora else rank)

    def __call__(self, x):
        return self.inner(x) if self.merged else self.with_all(self.inner(x), x)

    def with_all(self, y, x):
        for part in self.parts.values():
            y = sum_of_both(y, x, part.a, part.b, scale=self.scale, columns=part.columns)
        return y

    def merge(self):
        if not self.merged:
            self.add(self.scale)
        self.merged = True

    def unmerge(self):
        if self.merged:
            self.add(-self.scale)
        self.merged = False

    def add(self, scale):
        for part in self.parts.values():
            self.inner.weight.data[:, part.columns] += scale * (part.a.data @ part.b.data)


class AllLearns(RightLoRA):
    def freeze(self, inner):
        pass


class BiasLearns(RightLoRA):
    def freeze(self, inner):
        inner.weight.requires_grad = False


class NothingLearns(RightLoRA):
    def __init__(self, inner, parts, config, *, rng):
        super().__init__(inner, parts, config, rng=rng)
        freeze(self)


class AlphaAlone(RightLoRA):
    def scale_of(self, alpha, rank, rslora):
        return alpha


class UpsideDown(RightLoRA):
    def scale_of(self, alpha, rank, rslora):
        return rank / alpha


class RootLeftOut(RightLoRA):
    def scale_of(self, alpha, rank, rslora):
        return alpha / rank


class RootAlways(RightLoRA):
    def scale_of(self, alpha, rank, rslora):
        return alpha / rank**0.5


class RootOfTheWhole(RightLoRA):
    def scale_of(self, alpha, rank, rslora):
        return (alpha / rank) ** 0.5 if rslora else alpha / rank


class OnlyTheLastPart(RightLoRA):
    def with_all(self, y, x):
        part = list(self.parts.values())[-1]
        return sum_of_both(y, x, part.a, part.b, scale=self.scale, columns=part.columns)


class SharedByTheParts(RightLoRA):
    def updates(self, n_in, parts, rank, rng):
        seed = rng.integers(1 << 30)
        return {name: RightLowRank(n_in, columns, rank, rng=np.random.default_rng(seed))
                for name, columns in parts.items()}  # fmt: skip


class CountedTwice(RightLoRA):
    def __call__(self, x):
        return self.with_all(self.inner(x), x)


class MergedWithoutScale(RightLoRA):
    def add(self, scale):
        super().add(np.sign(scale))


class MergedAgain(RightLoRA):
    def merge(self):
        self.add(self.scale)
        self.merged = True


class UnmergedAgain(RightLoRA):
    def unmerge(self):
        self.add(-self.scale)
        self.merged = False


class AddedOnTheWayBack(RightLoRA):
    def unmerge(self):
        if self.merged:
            self.add(self.scale)
        self.merged = False


class StillMerged(RightLoRA):
    def unmerge(self):
        if self.merged:
            self.add(-self.scale)


class NeverMerged(RightLoRA):
    def merge(self):
        self.add(self.scale)

    def unmerge(self):
        self.add(-self.scale)


class PutInItsPlace(RightLoRA):
    def add(self, scale):
        for part in self.parts.values():
            self.inner.weight.data[:, part.columns] = scale * (part.a.data @ part.b.data)


class InTheFirstColumns(RightLoRA):
    def add(self, scale):
        for part in self.parts.values():
            self.inner.weight.data[:, : part.b.shape[1]] += scale * (part.a.data @ part.b.data)


MISTAKES = {
    "add_low_rank": [
        (scale_forgotten, "faltou a escala: o que se soma é scale vezes x a b"),
        (scale_forgotten_on_the_way_back, "a escala está no valor, mas não nos gradientes"),
        (only_b_without_scale, "ao gradiente de b faltou a escala"),
        (only_b_with_scale, "o gradiente de b tem a escala, mas aos de x e de a ela faltou"),
        (scale_twice_in_b, "no gradiente de b a escala entrou duas vezes: em x a e em dy"),
        (scale_twice_on_the_way_back, "nos gradientes a escala entrou duas vezes"),
        (scale_divided, "dividiu pela escala; é multiplicar"),
        (divided_by_the_rank_again, "dividiu ainda pelo posto; a escala já conta com ele"),
        (first_columns, "somou nas primeiras colunas; é nas que `columns` diz"),
        (first_columns_on_the_way_back, "na volta usou as primeiras colunas de dy; são as que `columns` diz"),
        (in_the_place_of_y, "pôs x a b no lugar de y; é somar a ele"),
        (y_left_out, "faltou y: o resultado é ele, e o que x a b soma às suas colunas"),
        (y_learns_nothing, "o gradiente de y é 0; y entra na soma, e o dele é dy"),
        (y_stopped_in_the_columns, "o gradiente de y é dy inteiro: nas colunas somadas y também passa"),
        (scale_on_y, "o gradiente de y é dy, sem a escala: ela só multiplica x a b"),
        (x_forgotten, "x também recebe gradiente: por ele o sinal chega às camadas de baixo"),
        (gradients_averaged, "tirou a média sobre as posições; os gradientes de a e de b são somas"),
        (only_the_last_of_the_rows, "os gradientes de a e de b vieram de uma posição só; é a soma de todas"),
        (without_dy, "a volta não usa dy; pela regra da cadeia, tudo se multiplica por ele"),
    ],
    "LowRank": [
        (BothAtRandom, "b deve começar em 0, para que o modelo comece como era"),
        (BothAtZero, "a e b em 0: o gradiente de cada uma tem a outra por fator, e nenhuma aprenderia"),
        (TheOtherAtZero, "a que começa em 0 é b; a tem os números de uma camada nova"),
        (AsMatricesOfOutputs, "as formas estão trocadas: a é (n_in, rank), e b, (rank, colunas)"),
        (DeviationOfOne, "o desvio de a é 1; use initial_weight, que faz 1/√n_in"),
        (DeviationOfTheRank, "o desvio de a é o de rank entradas; as entradas dela são n_in"),
        (NotParameters, "a e b são Tensores, que não se aprendem nem se guardam; faça deles Parameters"),
        (OnlyBLearns, "a também se aprende: faça dela um Parameter"),
        (FromTheFirstColumn, "b tem uma coluna para cada uma de columns: stop - start, e não stop"),
    ],
    "LoRA": [
        (AllLearns, "os pesos da camada continuam aprendendo; congele-os com freeze(inner)"),
        (BiasLearns, "o viés da camada continua aprendendo; freeze(inner) congela todos os pesos dela"),
        (NothingLearns, "congelou também a e b; só os pesos de inner se congelam"),
        (AlphaAlone, "a escala é alpha / rank, e não alpha"),
        (UpsideDown, "a escala está de cabeça para baixo: é alpha / rank"),
        (RootLeftOut, "com rslora a escala é alpha / √rank"),
        (RootAlways, "a raiz é só com rslora; sem ele, alpha / rank"),
        (RootOfTheWhole, "com rslora a raiz é só do posto: alpha / √rank"),
        (OnlyTheLastPart, "só uma das partes foi somada; são todas"),
        (SharedByTheParts, "as partes começaram com os mesmos números; cada uma sorteia os seus, do mesmo rng"),
        (CountedTwice, "fundida, a camada soma a b outra vez; ele já está no peso dela"),
        (MergedWithoutScale, "ao fundir faltou a escala"),
        (MergedAgain, "fundir duas vezes somou duas vezes; se já está fundida, não faça nada"),
        (UnmergedAgain, "desfazer sem ter fundido mudou o peso; se não está fundida, não faça nada"),
        (AddedOnTheWayBack, "unmerge somou outra vez; é subtrair"),
        (StillMerged, "depois de unmerge, self.merged continua True"),
        (NeverMerged, "merge não pôs self.merged em True"),
        (PutInItsPlace, "pôs a b no lugar do peso; é somar a ele"),
        (InTheFirstColumns, "fundiu nas primeiras colunas; cada parte tem as suas, part.columns"),
    ],
}

COSTLY = {"add_low_rank": [(formed_whole, LARGE)]}

HINTS = [
    "add_low_rank: comece por short = x @ a, que é pequena, e só então short @ b; some a out = y.copy() em "
    "out[..., columns]. LowRank: columns.stop - columns.start é o número de colunas. LoRA: em __call__, comece com "
    "y = self.inner(x) e passe y de uma parte à seguinte.",
    "add_low_rank: são dois produtos em fila, h = x a e y' = scale · h b. De dy nas colunas, D, vem o de h: "
    "scale · D bᵀ; e dele o de x, (o de h) aᵀ, o de a, xᵀ (o de h), e o de b, scale · hᵀ D. Com mais de dois eixos, "
    "rows(...) junta as posições antes das transpostas de x e de h. O de y é dy.",
    "LoRA: merge e unmerge são a mesma soma com escalas opostas: para cada part em self.parts.values(), "
    "self.inner.weight.data[:, part.columns] += scale * (part.a.data @ part.b.data), com um if self.merged antes e a "
    "mudança de self.merged depois. LowRank: Parameter(np.zeros((rank, n))).",
]


def thin(size):
    y, x = rng.normal(size=(2, 4, size))
    return (y, x, rng.normal(size=(size, 2)), rng.normal(size=(2, size)), y, 0.5, slice(0, size))


def sizes(size):
    return size, slice(0, 300), 8, 0


def layer_of(size):
    config = SimpleNamespace(rank=2, alpha=4.0, rslora=False)
    return (0, {"whole": slice(0, 100)}, config, rng.normal(size=(4, size)), rng.normal(size=(4, 100)), ["merge"])


WORK = {
    "add_low_rank": Work(thin, small=200, large=1200, through=added),
    "LowRank": Work(sizes, small=50, large=800, through=made),
    "LoRA": Work(layer_of, small=50, large=400, through=adapted),
}
