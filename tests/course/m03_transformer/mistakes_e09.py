"""Respostas erradas de m03.e09, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

from collections import namedtuple

import numpy as np

from tinyllm.course.measure import Work
from tinyllm.functional.activations import softmax
from tinyllm.nn.cache import LayerCache
from tinyllm.nn.layers import Projection
from tinyllm.nn.module import Module, map_parameters
from tinyllm.tensor import Tensor, backward, no_grad, where

rng = np.random.default_rng(0)

# what the layer gives, and its gradients: a learner reads these names
Layer = namedtuple("Layer", "nomes_dos_pesos valor gradiente_de_x gradiente_da_memória gradientes_dos_pesos")


def built(piece, heads, seed, dy, x, memory, lengths=None, scale=None, out_std=None):
    """A layer made from a seed and run in the type of x, there and back."""
    layer = made(piece, heads, seed, x, scale, out_std)
    x, memory = Tensor(x, requires_grad=True), Tensor(memory, requires_grad=True)
    y = layer(x, memory, lengths)
    gradients, named = backward(y, dy), dict(layer.named_parameters())
    of_weights = tuple(gradients.get(weight) for weight in named.values())
    return Layer(tuple(named), y.data, gradients.get(x), gradients.get(memory), of_weights)


def one_by_one(piece, heads, seed, x, memory, lengths=None):
    """What a layer with a cache gives of x, position by position; after the first it is given no memory but zeros."""
    layer, cache, found = made(piece, heads, seed, x), LayerCache(), []
    for t in range(x.shape[1]):
        with no_grad():
            found.append(layer(Tensor(x[:, t : t + 1]), Tensor(memory if t == 0 else 0 * memory), lengths, cache).data)
    return np.concatenate(found, axis=1)


def made(piece, heads, seed, x, scale=None, out_std=None):
    layer = piece(x.shape[-1], heads, rng=np.random.default_rng(seed), out_std=out_std, scale=scale)
    map_parameters(layer, lambda array: array.astype(x.dtype))
    return layer


class Attention(Module):
    """A right one, made of steps, each of which a mistake does in another way."""

    def __init__(self, width, heads, *, rng, out_std=None, scale=None):
        self.heads, self.scale = heads, scale
        self.query = Projection(width, width, rng=rng)
        self.key_value = Projection(width, 2 * width, rng=rng)
        self.out = Projection(width, width, rng=rng, std=out_std)

    def dealt(self, x):
        B, T, C = x.shape
        return x.reshape(B, T, self.heads, C // self.heads).transpose(0, 2, 1, 3)

    def __call__(self, x, memory, lengths=None, cache=None):
        x, memory = self.sides(x, memory)
        q = self.dealt(self.query(x))
        k, v = self.remembered(memory, cache)
        scores = q @ k.transpose(0, 1, 3, 2) * self.factor(q)
        return self.joined(self.weights(scores, lengths) @ v)

    def remembered(self, memory, cache):
        if cache is not None and cache.length:
            return cache.all()
        k, v = (self.dealt(part) for part in self.halves(self.key_value(memory)))
        if cache is not None:
            cache.append(k, v)
        return k, v

    def joined(self, y):
        B, H, T, D = y.shape
        return self.out(y.transpose(0, 2, 1, 3).reshape(B, T, H * D))

    def sides(self, x, memory):
        return x, memory

    def halves(self, both):
        width = both.shape[-1] // 2
        return both[..., :width], both[..., width:]

    def factor(self, q):
        return q.shape[-1] ** -0.5 if self.scale is None else self.scale

    def weights(self, scores, lengths):
        if lengths is not None:
            scores = where(np.arange(scores.shape[-1]) >= lengths[:, None, None, None], -np.inf, scores)
        return softmax(scores)


class Exchanged(Attention):
    def sides(self, x, memory):
        return memory, x


class LooksAtItself(Attention):
    def sides(self, x, memory):
        return x, x


class ValuesFirst(Attention):
    def halves(self, both):
        width = both.shape[-1] // 2
        return both[..., width:], both[..., :width]


class AlwaysByTheRoot(Attention):
    def factor(self, q):
        return q.shape[-1] ** -0.5


class ScaleAlone(Attention):
    def factor(self, q):
        return 1.0 if self.scale is None else self.scale


class ScaleAndRoot(Attention):
    def factor(self, q):
        return q.shape[-1] ** -0.5 * (1.0 if self.scale is None else self.scale)


class ByTheRootOfTheWidth(Attention):
    def factor(self, q):
        return (q.shape[1] * q.shape[-1]) ** -0.5 if self.scale is None else self.scale


class ByTheHead(Attention):
    def factor(self, q):
        return 1 / q.shape[-1] if self.scale is None else self.scale


class SeesPadding(Attention):
    def weights(self, scores, lengths):
        return softmax(scores)


class SeesOnePadding(Attention):
    def weights(self, scores, lengths):
        return super().weights(scores, None if lengths is None else lengths + 1)


class SeesPaddingAlone(Attention):
    def weights(self, scores, lengths):
        if lengths is not None:
            scores = where(np.arange(scores.shape[-1]) < lengths[:, None, None, None], -np.inf, scores)
        return softmax(scores)


class ZeroForPadding(Attention):
    def weights(self, scores, lengths):
        if lengths is not None:
            scores = where(np.arange(scores.shape[-1]) >= lengths[:, None, None, None], 0.0, scores)
        return softmax(scores)


class ErasedAfterTheSoftmax(Attention):
    def weights(self, scores, lengths):
        weights = softmax(scores)
        if lengths is not None:
            weights = where(np.arange(scores.shape[-1]) >= lengths[:, None, None, None], 0.0, weights)
        return weights


class ReadsTheMemoryAgain(Attention):
    def remembered(self, memory, cache):
        k, v = (self.dealt(part) for part in self.halves(self.key_value(memory)))
        return (k, v) if cache is None else cache.append(k, v)


class CacheForgotten(Attention):
    def remembered(self, memory, cache):
        return super().remembered(memory, None)


class WithoutTheOutput(Attention):
    def joined(self, y):
        B, H, T, D = y.shape
        return y.transpose(0, 2, 1, 3).reshape(B, T, H * D)


class KeysMadeFirst(Attention):
    def __init__(self, width, heads, *, rng, out_std=None, scale=None):
        self.heads, self.scale = heads, scale
        self.key_value = Projection(width, 2 * width, rng=rng)
        self.query = Projection(width, width, rng=rng)
        self.out = Projection(width, width, rng=rng, std=out_std)


class AlwaysAsLarge(Attention):
    def __init__(self, width, heads, *, rng, out_std=None, scale=None):
        super().__init__(width, heads, rng=rng, scale=scale)


class HidesTheFuture(Attention):
    def weights(self, scores, lengths):
        T, S = scores.shape[-2:]
        return super().weights(where(np.arange(S) > np.arange(T)[:, None], -np.inf, scores), lengths)


MISTAKES = {
    "CrossAttention": [
        (Exchanged, "x e a memória estão trocados: quem pergunta é x"),
        (LooksAtItself, "as chaves e os valores vieram de x, que assim olha só para si mesmo; eles são da memória"),
        (ValuesFirst, "as chaves são a primeira metade de key_value, e os valores, a segunda"),
        (AlwaysByTheRoot, "self.scale ficou de fora; quando não é None, vale no lugar de 1 / √D"),
        (SeesPadding, "o preenchimento da memória está sendo visto; de lengths[b] em diante, -∞"),
        (HidesTheFuture, "pôs a máscara do futuro; a memória já está inteira, e todos a veem toda"),
        (ScaleAlone, "sem self.scale, faltou multiplicar por 1 / √D"),
        (ScaleAndRoot, "multiplicou por self.scale e também por 1 / √D; é um ou outro"),
        (ByTheRootOfTheWidth, "dividiu pela raiz de C; cada cabeça tem D = C / H canais"),
        (ByTheHead, "dividiu por D; é pela raiz de D"),
        (SeesPaddingAlone, "a máscara está ao contrário: escondeu o texto e deixou o preenchimento"),
        (ZeroForPadding, "pôs 0 no preenchimento antes da softmax, mas e^0 = 1 ainda pesa; o que não pesa é -∞"),
        (ErasedAfterTheSoftmax, "o preenchimento foi apagado depois da softmax, e os pesos já não somam 1"),
        (ReadsTheMemoryAgain, "leu a memória outra vez; enquanto o cache tem posições, valem as dele"),
        (CacheForgotten, "leu a memória outra vez; enquanto o cache tem posições, valem as dele"),
        (WithoutTheOutput, "faltou a projeção de saída, self.out"),
        (KeysMadeFirst, "criou key_value antes de query; com a mesma semente, os pesos saem outros"),
        (AlwaysAsLarge, "out_std ficou de fora; é o std de self.out"),
        (SeesOnePadding, "a posição lengths[b] ainda é vista; ela já é preenchimento"),
    ],
}

HINTS = [
    "É a atenção de sempre; a diferença está em quem entra onde: self.query(x) faz as perguntas, e self.key_value("
    "memory) faz as chaves e os valores, cada um com `width` canais: both[..., :width] e both[..., width:].",
    "O preenchimento: np.arange(S) < lengths[:, None, None, None] tem forma (B, 1, 1, S) e diz quem se vê; where(essa "
    "máscara, scores, -np.inf) vale para todas as cabeças e todas as perguntas da linha.",
    "O cache: `if cache is not None and cache.length: k, v = cache.all()`; senão calcule k e v e, se houver um cache, "
    "cache.append(k, v).",
]


def two_texts(size):
    dy, x, memory = rng.normal(size=(3, 2, size, 12))
    return 3, 0, dy, x, memory


WORK = {"CrossAttention": Work(two_texts, small=20, large=160, through=built, degree=2)}
