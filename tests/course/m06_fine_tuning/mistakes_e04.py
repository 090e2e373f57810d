"""Respostas erradas de m06.e04, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

from collections import namedtuple

import numpy as np

import tinyllm.functional as F
from tinyllm.course.measure import Work
from tinyllm.finetune.method import Added
from tinyllm.nn.layers import Embedding, Linear
from tinyllm.nn.module import Module, Parameter, map_parameters
from tinyllm.tensor import Tensor, backward, concatenate

rng = np.random.default_rng(0)

# ------------------------------------------------------------------------------------------------------------- Adapter

# what a learner reads are these names
Adapted = namedtuple("Adapted", "pesos valor_da_parte_de_dentro valor_no_começo gradientes_no_começo valor "
                                "gradiente_de_x gradientes")  # fmt: skip


class Part(Module):
    """A part of a block, which may be given more than what passes through it."""

    def __init__(self, width, *, rng):
        self.weight = Parameter(rng.normal(size=(width, width)))

    def __call__(self, x, *others, factor=1.0):
        return sum(others, x @ self.weight) * factor


def adapted(piece, x, dy, others, factor, hidden, seed):
    """An adapter made from a seed, there and back; then again, with no weight at 0."""
    part = Part(x.shape[-1], rng=np.random.default_rng(seed))
    layer = piece(part, x.shape[-1], hidden, rng=np.random.default_rng(seed + 1))
    map_parameters(layer, lambda array: array.astype(x.dtype))
    own = {name.split("@")[1].partition(".")[2]: weight for name, weight in layer.named_parameters() if "@" in name}
    made = {name: weight.data.copy() for name, weight in own.items()}

    def there_and_back():
        leaf = Tensor(x, requires_grad=True)
        y = layer(leaf, *map(Tensor, others), factor=factor)
        gradients = backward(y, dy)
        return y.data, gradients.get(leaf), {name: gradients.get(weight) for name, weight in own.items()}

    of_part = part(Tensor(x), *map(Tensor, others), factor=factor).data
    at_first, _, first_gradients = there_and_back()
    draw = np.random.default_rng(seed + 2)
    for name in sorted(own):
        own[name].data = (own[name].data + draw.normal(size=own[name].shape)).astype(x.dtype)
    return Adapted(made, of_part, at_first, first_gradients, *there_and_back())


class RightAdapter(Added):
    """The right adapter, which the wrong ones change."""

    zero, order, before, act = ("up",), ("down", "up"), "y", True

    def __init__(self, inner, width, hidden, *, rng):
        super().__init__(inner)
        sizes = {"down": (width, hidden), "up": (hidden, width)}
        made = {name: Linear(*sizes[name], rng=rng) for name in self.order}
        self.down, self.up = made["down"], made["up"]
        for name in self.zero:
            made[name].weight.data[...] = 0

    def __call__(self, *inputs, **options):
        y = self.inner(*inputs, **options)
        return y + self.bottleneck(y)

    def bottleneck(self, y):
        return self.up(F.gelu(self.down(y)))


class NotAtZero(RightAdapter):
    zero = ()


class DownAtZero(RightAdapter):
    zero = ("down",)


class BothAtZero(RightAdapter):
    zero = ("down", "up")


class UpFirst(RightAdapter):
    order = ("up", "down")


class NothingAdded(RightAdapter):
    def __call__(self, *inputs, **options):
        return self.bottleneck(self.inner(*inputs, **options))


class OfTheInput(RightAdapter):
    def __call__(self, *inputs, **options):
        return self.inner(*inputs, **options) + self.bottleneck(inputs[0])


class AddedToTheInput(RightAdapter):
    def __call__(self, *inputs, **options):
        return inputs[0] + self.bottleneck(self.inner(*inputs, **options))


class BeforeThePart(RightAdapter):
    def __call__(self, x, *inputs, **options):
        return self.inner(x + self.bottleneck(x), *inputs, **options)


class InputAddedToo(RightAdapter):
    def __call__(self, *inputs, **options):
        y = self.inner(*inputs, **options)
        return inputs[0] + y + self.bottleneck(y)


class NoGelu(RightAdapter):
    def bottleneck(self, y):
        return self.up(self.down(y))


class GeluAtTheEnd(RightAdapter):
    def bottleneck(self, y):
        return F.gelu(self.up(self.down(y)))


class GeluOfTheInput(RightAdapter):
    def bottleneck(self, y):
        return self.up(self.down(F.gelu(y)))


class OptionsForgotten(RightAdapter):
    def __call__(self, *inputs, **options):
        y = self.inner(*inputs)
        return y + self.bottleneck(y)


class OnlyTheFirstInput(RightAdapter):
    def __call__(self, *inputs, **options):
        y = self.inner(inputs[0], **options)
        return y + self.bottleneck(y)


class CutOff(RightAdapter):
    def bottleneck(self, y):
        return self.up(F.gelu(self.down(Tensor(y.data))))


# ------------------------------------------------------------------------------------------------------- VirtualTokens

Read = namedtuple("Read", "nomes_dos_que_aprendem valor gradiente_do_prompt gradiente_da_tabela")


def read(piece, table, prompt, ids, dy):
    """Rows before a table of embeddings, there and back."""
    inner = Embedding(*table.shape, rng=np.random.default_rng(0), std=1.0)
    inner.weight.data = table
    layer = piece(inner, prompt)
    learned = [name.split("@")[-1].partition(".")[2] if "@" in name else name for name, _ in layer.named_parameters()]
    learns = isinstance(layer.prompt, Tensor)
    if learns:
        layer.prompt.data = prompt  # in its own type
    y = layer(ids)
    gradients = backward(y, dy) if y.shape == dy.shape else {}
    return Read(learned, y.data, gradients.get(layer.prompt) if learns else None, gradients.get(inner.weight))


class RightTokens(Added):
    """The right rows, which the wrong ones change."""

    weight = property(lambda self: self.inner.weight)

    def __init__(self, inner, prompt):
        super().__init__(inner)
        self.prompt = Parameter(prompt)

    def __call__(self, ids):
        V, n = len(self.weight.data), len(self.prompt.data)
        if ids.max() < V:
            return self.alone(ids, n)
        return self.together(F.embedding(ids[:, :n] - V, self.prompt), ids[:, n:])

    def alone(self, ids, n):
        return self.inner(ids)

    def together(self, rows, ids):
        return concatenate(rows, self.inner(ids), axis=1)

    def rows(self, ids, which):
        return F.embedding(np.tile(which, (len(ids), 1)), self.prompt)


class AtTheEnd(RightTokens):
    def together(self, rows, ids):
        return concatenate(self.inner(ids), rows, axis=1)


class LastFirst(RightTokens):
    def together(self, rows, ids):
        n = len(self.prompt.data)
        return super().together(self.rows(ids, np.arange(n)[::-1]), ids)


class TheFirstAgain(RightTokens):
    def together(self, rows, ids):
        n = len(self.prompt.data)
        return super().together(self.rows(ids, np.zeros(n, int)), ids)


class CutOffPrompt(RightTokens):
    def together(self, rows, ids):
        return super().together(Tensor(rows.data), ids)


class CutOffTable(RightTokens):
    def together(self, rows, ids):
        return concatenate(rows, Tensor(self.inner(ids).data), axis=1)


class TextLeftOut(RightTokens):
    def together(self, rows, ids):
        return rows


class PromptLeftOut(RightTokens):
    def together(self, rows, ids):
        return self.inner(ids)


class ReadFromTheTable(RightTokens):
    def together(self, rows, ids):
        n, V = len(self.prompt.data), len(self.weight.data)
        first = np.tile(np.arange(n) % V, (len(ids), 1))
        return concatenate(self.inner(first), self.inner(ids), axis=1)


class AlwaysBefore(RightTokens):
    def alone(self, ids, n):
        return self.together(self.rows(ids, np.arange(n)), ids)


class MeanOfTheTexts(RightTokens):
    def together(self, rows, ids):
        B = len(ids)
        return super().together(rows * (1 / B) + Tensor(rows.data * (1 - 1 / B)), ids)


class NoParameter(RightTokens):
    def __init__(self, inner, prompt):
        super().__init__(inner, prompt)
        self.prompt = Tensor(prompt, requires_grad=True)


class AnArray(RightTokens):
    def __init__(self, inner, prompt):
        super().__init__(inner, prompt)
        self.prompt = prompt


class IdsAsTheyAre(RightTokens):
    def together(self, rows, ids):
        return super().together(F.embedding(np.tile(len(self.weight.data) + np.arange(rows.shape[1]), (len(ids), 1)),
                                            self.prompt), ids)  # fmt: skip


class NeverAlone(RightTokens):
    def alone(self, ids, n):
        return self.together(F.embedding(ids[:, :n] - len(self.weight.data), self.prompt), ids[:, n:])


class FirstTextAlone(RightTokens):
    def together(self, rows, ids):
        B = len(ids)
        if B == 1:
            return super().together(rows, ids)
        rest = Tensor(np.zeros_like(rows.data[1:]))
        return super().together(concatenate(rows[:1], rest, axis=0), ids)


MISTAKES = {
    "Adapter": [
        (NotAtZero, "o peso de up deve começar em 0, para que o modelo comece como era"),
        (DownAtZero, "quem começa em 0 é o peso de up; o de down é o de qualquer camada"),
        (BothAtZero, "só o peso de up começa em 0: com os dois, nenhum aprenderia"),
        (UpFirst, "criou up antes de down: a mesma semente daria outros pesos que na biblioteca"),
        (NothingAdded, "faltou somar y: o gargalo só o corrige"),
        (OfTheInput, "o gargalo leu a entrada da parte de dentro; é o que ela DÁ, y"),
        (AddedToTheInput, "somou à entrada; é a y, o que a parte de dentro dá"),
        (BeforeThePart, "o adaptador ficou antes da parte de dentro; é depois dela"),
        (InputAddedToo, "somou também a entrada; essa soma o bloco já faz"),
        (NoGelu, "faltou a GELU: sem ela, down e up seriam uma matriz só"),
        (GeluAtTheEnd, "a GELU ficou no fim; é entre down e up"),
        (GeluOfTheInput, "a GELU ficou antes de down; é entre down e up"),
        (OptionsForgotten, "faltou passar **options à parte de dentro"),
        (OnlyTheFirstInput, "só a primeira entrada chegou à parte de dentro; passe todas, *inputs"),
        (CutOff, "o gradiente não volta pelo gargalo; faça a conta com o Tensor y, e não com os números"),
    ],
    "VirtualTokens": [
        (AtTheEnd, "o prompt ficou depois do texto; é antes"),
        (LastFirst, "as linhas do prompt estão ao contrário; o token V é a primeira"),
        (TheFirstAgain, "repetiu a primeira linha do prompt; cada token virtual tem a sua"),
        (CutOffPrompt, "o gradiente não chega ao prompt; use F.embedding com self.prompt, e não os números dele"),
        (CutOffTable, "o gradiente não chega à tabela; não leia os números dela, chame self.inner"),
        (TextLeftOut, "faltou o texto depois do prompt"),
        (PromptLeftOut, "faltaram as linhas do prompt antes do texto"),
        (ReadFromTheTable, "leu o prompt nas linhas da tabela; as dos tokens virtuais são as de self.prompt"),
        (AlwaysBefore, "pôs o prompt também onde ids não o tem; ali é só inner(ids)"),
        (MeanOfTheTexts, "o gradiente do prompt é a soma do que vem de cada texto, e não a média"),
        (NoParameter, "self.prompt é um Tensor, que não se guarda nem se treina; faça dele um Parameter"),
        (AnArray, "self.prompt é um array, que não se guarda nem se treina; faça dele um Parameter"),
        (IdsAsTheyAre, "procurou o token V na linha V do prompt; é na linha 0: tire V dos ids"),
        (NeverAlone, "faltou o caso em que ids não tem tokens virtuais; ali é só inner(ids)"),
        (FirstTextAlone, "só o primeiro texto do lote recebeu o prompt; são todos"),
    ],
}

HINTS = [
    "Adapter: três linhas em __init__, duas em __call__; self.up.weight.data[...] = 0 zera o peso. VirtualTokens: uma "
    "linha em __init__; em __call__, veja primeiro se ids tem tokens virtuais: os ids deles são V ou mais.",
    "Adapter: y = self.inner(*inputs, **options), e só então o gargalo, que lê y. VirtualTokens: ids[:, :n] - V diz "
    "que linha do prompt vai em cada lugar, e ids[:, n:] é o texto; junte o que F.embedding e self.inner dão dos dois.",
    "Adapter: return y + self.up(F.gelu(self.down(y))). VirtualTokens: V = len(self.inner.weight.data) e n = "
    "len(self.prompt.data); se ids[0, 0] < V, return self.inner(ids); se não, concatenate(…, …, axis=1).",
]


def blocks(size):
    x, dy = rng.normal(size=(2, 2, size, 64))
    return x, dy, [], 1.0, 8, 0


def texts(size):
    ids = np.concatenate([np.tile(np.arange(50, 58), (size, 1)), rng.integers(50, size=(size, 30))], axis=1)
    return rng.normal(size=(50, 32)), rng.normal(size=(8, 32)), ids, rng.normal(size=(size, 38, 32))


WORK = {
    "Adapter": Work(blocks, small=40, large=400, through=adapted),
    "VirtualTokens": Work(texts, small=10, large=100, through=read),
}
