"""Respostas erradas de m03.e08, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

from collections import namedtuple

import numpy as np

from tinyllm.course.measure import SLOW, Work
from tinyllm.functional.activations import softmax
from tinyllm.nn.cache import LayerCache
from tinyllm.nn.layers import Linear
from tinyllm.nn.module import Module, map_parameters
from tinyllm.tensor import Tensor, backward, no_grad, where

rng = np.random.default_rng(0)

# what the layer gives, and its gradients: a learner reads these names
Layer = namedtuple("Layer", "nomes_dos_pesos valor gradiente_de_x gradientes_dos_pesos")


def of_numpy(piece, queries, positions):
    """The mask that a piece makes of NumPy's arrays: the way to call it."""
    return piece(np, queries, positions)


def built(piece, heads, seed, x, dy, out_std=None):
    """A layer made from a seed and run in the type of x, there and back."""
    layer = made(piece, heads, seed, x, out_std)
    x = Tensor(x, requires_grad=True)
    y = layer(x)
    gradients, named = backward(y, dy), dict(layer.named_parameters())
    return Layer(tuple(named), y.data, gradients.get(x), tuple(gradients.get(weight) for weight in named.values()))


def read_in_parts(piece, heads, seed, x, parts):
    """What a layer with a cache gives of a text that comes in parts of so many positions, one part after the other."""
    layer, cache, start, found = made(piece, heads, seed, x), LayerCache(), 0, []
    for part in parts:
        with no_grad():
            found.append(layer(Tensor(x[:, start : start + part]), cache).data)
        start += part
    return np.concatenate(found, axis=1)


def made(piece, heads, seed, x, out_std=None):
    layer = piece(x.shape[-1], heads, rng=np.random.default_rng(seed), out_std=out_std)
    map_parameters(layer, lambda array: array.astype(x.dtype))
    return layer


def the_one_before_is_unseen_too(xp, queries, positions):
    return xp.arange(positions) >= xp.arange(positions - queries, positions)[:, None]


def who_may_be_seen(xp, queries, positions):
    return xp.arange(positions) <= xp.arange(positions - queries, positions)[:, None]


def queries_are_the_first(xp, queries, positions):
    return xp.arange(positions) > xp.arange(queries)[:, None]


def the_past_is_hidden(xp, queries, positions):
    return xp.arange(positions) < xp.arange(positions - queries, positions)[:, None]


def nobody_is_hidden(xp, queries, positions):
    return xp.zeros((queries, positions), dtype=bool)


def positions_before_queries(xp, queries, positions):
    return hidden_from(xp, queries, positions).T


def numbers_for_bools(xp, queries, positions):
    return xp.where(hidden_from(xp, queries, positions), -xp.inf, 0.0)


def hidden_from(xp, queries, positions):
    return xp.arange(positions) > xp.arange(positions - queries, positions)[:, None]


def cell_by_cell(xp, queries, positions):
    before = positions - queries
    return xp.array([[s > before + t for s in range(positions)] for t in range(queries)])


class Attention(Module):
    """A right one, made of steps, each of which a mistake does in another way."""

    def __init__(self, width, heads, *, rng, out_std=None):
        self.heads = heads
        self.qkv = Linear(width, 3 * width, rng=rng)
        self.out = Linear(width, width, rng=rng, std=out_std)

    order = (0, 1, 2)

    def __call__(self, x, cache=None):
        B, T, C = x.shape
        parts = self.qkv(x).reshape(B, T, 3, self.heads, C // self.heads).transpose(2, 0, 3, 1, 4)
        q, k, v = (parts[i] for i in self.order)
        if cache is not None:
            k, v = self.kept(cache, k, v)
        scores = q @ k.transpose(0, 1, 3, 2) * self.scale(q, k)
        y = self.weights(scores, hidden_from(np, T, k.shape[2])) @ v
        return self.joined(y)

    def kept(self, cache, k, v):
        return cache.append(k, v)

    def scale(self, q, k):
        return q.shape[-1] ** -0.5

    def weights(self, scores, hidden):
        return softmax(where(hidden, -np.inf, scores))

    def joined(self, y):
        B, H, T, D = y.shape
        return self.out(y.transpose(0, 2, 1, 3).reshape(B, T, H * D))


class SeesTheFuture(Attention):
    def weights(self, scores, hidden):
        return softmax(scores)


class SeesTheFutureWithCache(Attention):
    def weights(self, scores, hidden):
        return super().weights(scores, hidden & (hidden.shape[0] == hidden.shape[1]))


class MaskedAfterTheSoftmax(Attention):
    def weights(self, scores, hidden):
        return where(hidden, 0.0, softmax(scores))


class ZeroBeforeTheSoftmax(Attention):
    def weights(self, scores, hidden):
        return softmax(where(hidden, 0.0, scores))


class OnlyTheNewOnes(Attention):
    def kept(self, cache, k, v):
        cache.append(k, v)
        return k, v


class NotDivided(Attention):
    def scale(self, q, k):
        return 1.0


class DividedByTheHead(Attention):
    def scale(self, q, k):
        return 1 / q.shape[-1]


class DividedByTheWidth(Attention):
    def scale(self, q, k):
        return 1 / (q.shape[1] * q.shape[-1])


class DividedByRootOfWidth(Attention):
    def scale(self, q, k):
        return (q.shape[1] * q.shape[-1]) ** -0.5


class ValuesBeforeKeys(Attention):
    order = (0, 2, 1)


class KeysBeforeQueries(Attention):
    order = (1, 0, 2)


class HidesThePast(Attention):
    def weights(self, scores, hidden):
        T, S = scores.shape[-2:]
        return softmax(where(np.arange(S) < np.arange(S - T, S)[:, None], -np.inf, scores))


class HidesAllButTheFuture(Attention):
    def weights(self, scores, hidden):
        return softmax(where(hidden, scores, -np.inf))


class WithoutSoftmax(Attention):
    def weights(self, scores, hidden):
        return where(hidden, 0.0, scores)


class HeadsNotTurned(Attention):
    def joined(self, y):
        B, H, T, D = y.shape
        return self.out(y.reshape(B, T, H * D))


class WithoutTheOutput(Attention):
    def joined(self, y):
        B, H, T, D = y.shape
        return y.transpose(0, 2, 1, 3).reshape(B, T, H * D)


MISTAKES = {
    "future": [
        (the_one_before_is_unseen_too, "cada posição vê também a si mesma: só o que vem DEPOIS dela é futuro"),
        (who_may_be_seen, "está ao contrário: future é True onde a posição é futuro; quem vê é ~future"),
        (queries_are_the_first, "contou as perguntas a partir de 0; elas são as últimas T das S posições"),
        (the_past_is_hidden, "escondeu o passado; o que não se pode ver é o que vem depois"),
        (nobody_is_hidden, "ninguém está escondido: falta comparar as posições"),
        (positions_before_queries, "a tabela está transposta: cada linha é uma pergunta, e cada coluna, uma posição"),
        (numbers_for_bools, "isto são números para somar às pontuações; o que se pede são True e False"),
    ],
    "CausalSelfAttention": [
        (SeesTheFuture, "cada posição está vendo também as que vêm depois dela"),
        (MaskedAfterTheSoftmax, "o futuro foi apagado depois da softmax, e os pesos já não somam 1"),
        (ZeroBeforeTheSoftmax, "pôs 0 no futuro antes da softmax, mas e^0 = 1 ainda pesa; o que não pesa é -∞"),
        (
            OnlyTheNewOnes,
            "olhou só para as chaves e os valores novos; cache.append devolve todos, e são esses que valem",
        ),
        (NotDivided, "faltou dividir por √D"),
        (WithoutTheOutput, "faltou a projeção de saída, self.out"),
        (DividedByTheHead, "dividiu por D; é pela raiz de D"),
        (DividedByTheWidth, "dividiu por C; é pela raiz de D, os canais de uma cabeça"),
        (DividedByRootOfWidth, "dividiu pela raiz de C; cada cabeça tem D = C / H canais"),
        (ValuesBeforeKeys, "leu as partes de qkv em outra ordem; são perguntas, chaves e valores"),
        (KeysBeforeQueries, "perguntas e chaves estão trocadas; cada linha das pontuações é de uma pergunta"),
        (HidesThePast, "escondeu o passado; o que não se pode ver é o que vem depois"),
        (HidesAllButTheFuture, "a máscara está ao contrário: só o futuro está à vista"),
        (WithoutSoftmax, "usou as pontuações como pesos; falta a softmax"),
        (HeadsNotTurned, "juntou as cabeças sem trocar os eixos, e misturou posições; side_by_side o faz"),
        (SeesTheFutureWithCache, "quando o cache traz posições de antes, o futuro ficou à vista"),
    ],
}

COSTLY = {"future": [(cell_by_cell, SLOW)]}

HINTS = [
    "future: a linha t é a posição S - T + t do texto. Compare `xp.arange(S)`, uma linha, com uma coluna que tem as "
    "posições das perguntas: `xp.arange(S - T, S)[:, None]`. O broadcasting faz a tabela.",
    "CausalSelfAttention: siga os cinco passos na ordem. A máscara depende de quantas perguntas e de quantas chaves "
    "há: ~future(np, q.shape[2], k.shape[2]), lidas DEPOIS de passar pelo cache.",
    "As duas linhas do meio: scores = q @ k.transpose(0, 1, 3, 2) * q.shape[-1] ** -0.5 e "
    "scores = where(~future(…), scores, -np.inf). A última: self.out(side_by_side(softmax(scores) @ v)).",
]


def square(size):
    return size, size


def text(size):
    x, dy = rng.normal(size=(2, 2, size, 12))
    return 3, 0, x, dy


WORK = {
    "future": Work(square, small=100, large=800, through=of_numpy, degree=2),
    "CausalSelfAttention": Work(text, small=25, large=200, through=built, degree=2),
}
