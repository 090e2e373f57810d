"""Respostas erradas de m03.e05, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

from collections import namedtuple

import numpy as np

from tinyllm.course.judge import ThereAndBack, there_and_back
from tinyllm.course.measure import SLOW, Work
from tinyllm.functional.activations import softmax
from tinyllm.nn.layers import Linear
from tinyllm.nn.module import Module, map_parameters
from tinyllm.tensor import Tensor, backward, op, where

rng = np.random.default_rng(0)


# what the layer gives, and its gradients: a learner reads these names
Layer = namedtuple("Layer", "nomes_dos_pesos valor gradiente_de_x gradientes_dos_pesos")


def split(piece, x, dy, heads, part, parts):
    """There, and back with the gradient dy: the way to call split_heads."""
    x = Tensor(x, requires_grad=True)
    y = piece(x, heads=heads, part=part, parts=parts)
    return ThereAndBack(y.data, backward(y, dy).get(x))


def built(piece, heads, seed, x, dy, lengths=None, out_std=None):
    """A layer made from a seed, with biases that are not 0, and run in the type of x, there and back."""
    layer = piece(x.shape[-1], heads, rng=np.random.default_rng(seed), out_std=out_std)
    named = dict(layer.named_parameters())
    for name in sorted(set(named) & {"qkv.bias", "out.bias"}):
        named[name].data += np.random.default_rng(seed).normal(size=named[name].shape)
    map_parameters(layer, lambda array: array.astype(x.dtype))
    x = Tensor(x, requires_grad=True)
    y = layer(x, lengths)
    gradients = backward(y, dy)
    return Layer(tuple(named), y.data, gradients.get(x), tuple(gradients.get(weight) for weight in named.values()))


def dealt(x, heads, part, parts):
    B, T, channels = x.shape
    C = channels // parts
    return x[:, :, part * C : (part + 1) * C].reshape(B, T, heads, C // heads).swapaxes(1, 2)


def gathered(dy):
    B, H, T, D = dy.shape
    return dy.swapaxes(1, 2).reshape(B, T, H * D)


def in_its_place(x, values, part):
    dx, C = np.zeros_like(x), values.shape[-1]
    dx[:, :, part * C : (part + 1) * C] = values
    return dx


@op
def positions_mixed(x, *, heads, part=0, parts=1):
    (B, T, _), C = x.shape, x.shape[-1] // parts
    y = x[:, :, part * C : (part + 1) * C].reshape(B, heads, T, C // heads)
    return y, lambda dy: in_its_place(x, dy.reshape(B, T, C), part)


@op
def heads_after_positions(x, *, heads, part=0, parts=1):
    (B, T, _), C = x.shape, x.shape[-1] // parts
    y = x[:, :, part * C : (part + 1) * C].reshape(B, T, heads, C // heads)
    return y, lambda dy: in_its_place(x, dy.reshape(B, T, C), part)


@op
def channels_in_turn(x, *, heads, part=0, parts=1):
    (B, T, _), C = x.shape, x.shape[-1] // parts
    y = x[:, :, part * C : (part + 1) * C].reshape(B, T, C // heads, heads).transpose(0, 3, 1, 2)
    return y, lambda dy: in_its_place(x, dy.transpose(0, 2, 3, 1).reshape(B, T, C), part)


@op
def always_the_first_part(x, *, heads, part=0, parts=1):
    return dealt(x, heads, 0, parts), lambda dy: in_its_place(x, gathered(dy), 0)


@op
def parts_inside_heads(x, *, heads, part=0, parts=1):
    places = np.arange(x.shape[-1]).reshape(heads, parts, -1)[:, part]  # (H, D)

    def back(dy):
        dx = np.zeros_like(x)
        dx[:, :, places] = dy.swapaxes(1, 2)
        return dx

    return x[:, :, places].swapaxes(1, 2), back


@op
def gradient_in_the_first_part(x, *, heads, part=0, parts=1):
    return dealt(x, heads, part, parts), lambda dy: in_its_place(x, gathered(dy), 0)


@op
def gradient_of_the_part_alone(x, *, heads, part=0, parts=1):
    return dealt(x, heads, part, parts), gathered


@op
def gradient_with_positions_mixed(x, *, heads, part=0, parts=1):
    (B, T, _), C = x.shape, x.shape[-1] // parts
    return dealt(x, heads, part, parts), lambda dy: in_its_place(x, dy.reshape(B, T, C), part)


@op
def number_by_number(x, *, heads, part=0, parts=1):
    y = np.empty_like(dealt(x, heads, part, parts))
    D = y.shape[-1]
    for b, h, t, d in np.ndindex(y.shape):
        y[b, h, t, d] = x[b, t, (part * heads + h) * D + d]
    return y, lambda dy: in_its_place(x, gathered(dy), part)


@op
def merged_without_turning(x):
    B, H, T, D = x.shape
    return x.reshape(B, T, H * D), lambda dy: dy.reshape(B, H, T, D)


@op
def merged_in_turn(x):
    B, H, T, D = x.shape
    return x.transpose(0, 2, 3, 1).reshape(B, T, H * D), lambda dy: dy.reshape(B, T, D, H).transpose(0, 3, 1, 2)


@op
def mean_of_heads(x):
    H = x.shape[1]
    return x.mean(axis=1), lambda dy: np.repeat(dy[:, None] / H, H, axis=1)


@op
def sum_of_heads(x):
    H = x.shape[1]
    return x.sum(axis=1), lambda dy: np.repeat(dy[:, None], H, axis=1)


@op
def one_below_the_other(x):
    B, H, T, D = x.shape
    return x.reshape(B, H * T, D), lambda dy: dy.reshape(x.shape)


@op
def channels_before_positions(x):
    B, H, T, D = x.shape
    return gathered(x).swapaxes(1, 2), lambda dy: dy.reshape(B, H, D, T).swapaxes(2, 3)


@op
def gradient_not_turned(x):
    return gathered(x), lambda dy: dy.reshape(x.shape)


@op
def split_right(x, *, heads, part, parts):
    return dealt(x, heads, part, parts), lambda dy: in_its_place(x, gathered(dy), part)


@op
def merge_right(x):
    B, H, T, D = x.shape
    return gathered(x), lambda dy: dy.reshape(B, T, H, D).swapaxes(1, 2)


class Attention(Module):
    """The right one, in steps that the wrong ones change."""

    order = (0, 1, 2)

    def __init__(self, width, heads, *, rng, out_std=None):
        self.heads = heads
        self.qkv = Linear(width, 3 * width, rng=rng)
        self.out = Linear(width, width, rng=rng, std=out_std)

    def divisor(self, q):
        return q.shape[-1] ** 0.5

    def weights(self, scores, real):
        return softmax(where(real[:, None, None], scores, -np.inf))

    def last(self, y):
        return self.out(y)

    def __call__(self, x, lengths=None):
        qkv = self.qkv(x)
        q, k, v = (split_right(qkv, heads=self.heads, part=i, parts=3) for i in self.order)
        scores = q @ k.transpose(0, 1, 3, 2) / self.divisor(q)
        lengths = np.full(x.shape[0], x.shape[1]) if lengths is None else lengths
        real = np.arange(x.shape[1]) < lengths[:, None]
        return self.last(merge_right(self.weights(scores, real) @ v))


class NotDivided(Attention):
    def divisor(self, q):
        return 1.0


class DividedByTheHead(Attention):
    def divisor(self, q):
        return q.shape[-1]


class DividedByTheWidth(Attention):
    def divisor(self, q):
        return q.shape[1] * q.shape[-1]


class ValuesBeforeKeys(Attention):
    order = (0, 2, 1)


class KeysBeforeQueries(Attention):
    order = (1, 0, 2)


class ValuesFirst(Attention):
    order = (2, 0, 1)


class KeysForValues(Attention):
    order = (0, 1, 1)


class DividedForTheWidth(Attention):
    def divisor(self, q):
        return (q.shape[1] * q.shape[-1]) ** 0.5


class SeesPadding(Attention):
    def weights(self, scores, real):
        return softmax(scores)


class SeesOnePadding(Attention):
    def weights(self, scores, real):
        one_more = np.pad(real, ((0, 0), (1, 0)), constant_values=True)[:, :-1]
        return softmax(where(one_more[:, None, None], scores, -np.inf))


class PaddingAsksNothing(Attention):
    def weights(self, scores, real):
        return softmax(where(real[:, None, :, None], scores, -np.inf))


class PaddingAsksOfAll(Attention):
    def weights(self, scores, real):
        return softmax(where(real[:, None, :, None], scores, -1e9))


class SeesPaddingAlone(Attention):
    def weights(self, scores, real):
        return softmax(where(real[:, None, None], -np.inf, scores))


class ZeroForPadding(Attention):
    def weights(self, scores, real):
        return softmax(where(real[:, None, None], scores, 0.0))


class WithoutSoftmax(Attention):
    def weights(self, scores, real):
        return where(real[:, None, None], scores, 0.0)


class ErasedAfterTheSoftmax(Attention):
    def weights(self, scores, real):
        return where(real[:, None, None], softmax(scores), 0.0)


class SoftmaxOverQueries(Attention):
    def weights(self, scores, real):
        scores = where(real[:, None, None], scores, -1e9)
        return softmax(scores.transpose(0, 1, 3, 2)).transpose(0, 1, 3, 2)


class WithoutTheLastLayer(Attention):
    def last(self, y):
        return y


MISTAKES = {
    "split_heads": [
        (
            positions_mixed,
            "um reshape direto a (B, H, T, D) mistura posições; reparta os canais, depois troque eixos",
        ),
        (heads_after_positions, "as cabeças ficaram depois das posições; falta trocar esses dois eixos"),
        (channels_in_turn, "repartiu os canais um a um entre as cabeças; cada uma leva D canais seguidos"),
        (always_the_first_part, "devolveu sempre a primeira parte; use part"),
        (gradient_of_the_part_alone, "o gradiente tem só os canais desta parte; o de x tem todos, e 0 nos outros"),
        (gradient_with_positions_mixed, "o gradiente não desfez a troca de eixos antes de juntar as cabeças"),
        (parts_inside_heads, "procurou as partes dentro de cada cabeça; são as cabeças que ficam dentro de cada parte"),
        (gradient_in_the_first_part, "o gradiente voltou ao lugar da primeira parte; ele vai ao da parte pedida"),
    ],
    "merge_heads": [
        (merged_without_turning, "juntou sem trocar os eixos: os canais de uma posição vieram de posições diferentes"),
        (merged_in_turn, "intercalou os canais das cabeças; cada cabeça fica inteira, ao lado da outra"),
        (mean_of_heads, "juntou os números das cabeças numa conta só; elas ficam lado a lado"),
        (sum_of_heads, "juntou os números das cabeças numa conta só; elas ficam lado a lado"),
        (one_below_the_other, "pôs as cabeças uma depois da outra nas posições; é nos canais que elas se juntam"),
        (channels_before_positions, "os canais ficaram antes das posições; o resultado é (B, T, C)"),
        (gradient_not_turned, "o gradiente não trocou os eixos; ele se reparte como em split_heads"),
    ],
    "SelfAttention": [
        (NotDivided, "faltou dividir por √D"),
        (DividedForTheWidth, "dividiu pela raiz de C; cada cabeça tem D = C / H canais"),
        (SeesPadding, "as posições estão olhando também para o preenchimento"),
        (ErasedAfterTheSoftmax, "o preenchimento foi apagado depois da softmax, e os pesos já não somam 1"),
        (SoftmaxOverQueries, "a softmax foi sobre as perguntas; para cada pergunta, os pesos das chaves somam 1"),
        (WithoutTheLastLayer, "falta a última camada, self.out, que mistura o que as cabeças trouxeram"),
        (DividedByTheHead, "dividiu por D; é pela raiz de D"),
        (DividedByTheWidth, "dividiu por C; é pela raiz de D, os canais de uma cabeça"),
        (ValuesBeforeKeys, "leu as partes de qkv em outra ordem; são q, k e v, uma de cada"),
        (KeysBeforeQueries, "perguntas e chaves estão trocadas; cada linha das pontuações é de uma pergunta"),
        (ValuesFirst, "leu as partes de qkv em outra ordem; são q, k e v, uma de cada"),
        (KeysForValues, "leu as partes de qkv em outra ordem; são q, k e v, uma de cada"),
        (PaddingAsksNothing, "a máscara foi posta nas perguntas; são as CHAVES de preenchimento que ninguém deve ver"),
        (PaddingAsksOfAll, "a máscara foi posta nas perguntas; são as CHAVES de preenchimento que ninguém deve ver"),
        (SeesPaddingAlone, "a máscara está ao contrário: escondeu o texto e deixou o preenchimento"),
        (ZeroForPadding, "pôs 0 no preenchimento antes da softmax, mas e^0 = 1 ainda pesa; o que não pesa é -∞"),
        (WithoutSoftmax, "usou as pontuações como pesos; falta a softmax"),
        (SeesOnePadding, "a posição lengths[b] ainda é vista; ela já é preenchimento"),
    ],
}

COSTLY = {"split_heads": [(number_by_number, SLOW)]}

SAME_AXES = "the same two axes change places"
EQUIVALENT = {  # mutants of the solution that compute the same
    "return y.swapaxes(1, 2), backward: y.swapaxes(1, 2) -> y.swapaxes(2, 1)": SAME_AXES,
    "dx[:, :, part * C : (part + 1) * C] = dy.swapaxes(1, 2).reshape(B, T, C): "
    "dy.swapaxes(1, 2) -> dy.swapaxes(2, 1)": SAME_AXES,
    "y = x.swapaxes(1, 2)  # (B, T, H, D): x.swapaxes(1, 2) -> x.swapaxes(2, 1)": SAME_AXES,
    "return y.reshape(B, T, H * D), lambda dy: dy.reshape(y.shape).swapaxes(1, 2): "
    "dy.reshape(y.shape).swapaxes(1, 2) -> dy.reshape(y.shape).swapaxes(2, 1)": SAME_AXES,
}

HINTS = [
    "split_heads: fatie os canais da parte, x[:, :, part * C : (part + 1) * C], dê a eles com reshape a forma "
    "(B, T, H, D) e troque os eixos 1 e 2. Para trás, o mesmo ao contrário, dentro de um np.zeros_like(x).",
    "merge_heads: x.swapaxes(1, 2) é (B, T, H, D), e o reshape a (B, T, H * D) põe as cabeças lado a lado. Para trás, "
    "primeiro o reshape, depois a troca.",
    "SelfAttention: real = np.arange(T) < lengths[:, None] diz, (B, T), quem é de verdade; where(real[:, None, None], "
    "scores, -np.inf) deixa o preenchimento fora da softmax, e e^-inf é 0.",
]


def stream(size):
    return rng.normal(size=(2, size, 24)), rng.normal(size=(2, 4, size, 6)), 4, 0, 1


def heads_to_merge(size):
    return rng.normal(size=(2, 4, size, 6)), rng.normal(size=(2, size, 24))


def padded_texts(size):
    return 4, 7, *rng.normal(size=(2, 2, size, 16)), np.array([size // 2, size])


WORK = {
    "split_heads": Work(stream, small=50, large=400, through=split),
    "merge_heads": Work(heads_to_merge, small=50, large=400, through=there_and_back),
    "SelfAttention": Work(padded_texts, small=25, large=200, through=built, degree=2),
}
