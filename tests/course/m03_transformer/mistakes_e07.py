"""Respostas erradas de m03.e07, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

from collections import namedtuple

import numpy as np

from tinyllm import functional as F
from tinyllm.course.measure import Work
from tinyllm.errors import UsageError
from tinyllm.models.bert import BERTConfig
from tinyllm.nn import attention, layers
from tinyllm.nn.module import Module, map_parameters
from tinyllm.tensor import Tensor, backward

rng = np.random.default_rng(0)
POSITIONS = {
    "learned": layers.LearnedPositions,
    "sinusoidal": layers.SinusoidalPositions,
    "none": layers.NoPositions,
}


# what a model gives, and its gradients: a learner reads these names
Passed = namedtuple("Passed", "nomes_dos_pesos pesos valor gradiente_de_x gradientes_dos_pesos")
Read = namedtuple("Read", "nomes_dos_pesos pesos valor gradientes_dos_pesos")


def made(piece, config, seed, dtype=np.float64):
    """A model made from a seed, {name: parameter} in the order of the names, and its weights as they were made: then
    they are moved a little, so that no bias is 0 and no norm does nothing."""
    model, draw = piece(config, rng=np.random.default_rng(seed)), np.random.default_rng(seed)
    named = dict(sorted(model.named_parameters()))
    fresh = tuple(weight.data.copy() for weight in named.values())
    for weight in named.values():
        weight.data += 0.3 * draw.normal(size=weight.shape)
    map_parameters(model, lambda array: array.astype(dtype))
    return model, named, fresh


def passed(piece, config, seed, x, dy, lengths=None):
    """A block made from a seed and run in the type of x, there and back, with dropout as in training."""
    model, named, fresh = made(piece, config, seed, x.dtype)
    x = Tensor(x, requires_grad=True)
    with F.noise(seed, 3):
        y = model(x, lengths)
    gradients = backward(y, dy)
    return Passed(tuple(named), fresh, y.data, gradients.get(x), tuple(gradients.get(w) for w in named.values()))


def read(piece, config, seed, ids, dy, lengths=None):
    """The same for an encoder, which begins with ids."""
    model, named, fresh = made(piece, config, seed)
    with F.noise(seed, 3):
        y = model.hidden(ids, lengths)
    gradients = backward(y, dy)
    return Read(tuple(named), fresh, y.data, tuple(gradients.get(w) for w in named.values()))


class Right(Module):
    """The right block, which the wrong ones change."""

    def __init__(self, config, *, rng):
        out_std = 0.1 * (2 * config.layers * config.width) ** -0.5
        self.attention = attention.SelfAttention(config.width, config.heads, rng=rng, out_std=out_std)
        self.norm1 = layers.LayerNorm(config.width)
        self.feed_forward = layers.FeedForward(config.width, 4 * config.width, rng=rng, out_std=out_std / 2)
        self.norm2 = layers.LayerNorm(config.width)
        self.dropout = layers.Dropout(config.dropout)

    def attend(self, x, lengths):
        return self.dropout(self.attention(x, lengths))

    def feed(self, x):
        return self.dropout(self.feed_forward(x))

    def __call__(self, x, lengths=None):
        x = self.norm1(x + self.attend(x, lengths))
        return self.norm2(x + self.feed(x))


class NormFirst(Right):
    def __call__(self, x, lengths=None):
        x = x + self.attend(self.norm1(x), lengths)
        return x + self.feed(self.norm2(x))


class NormBeforeTheSum(Right):
    def __call__(self, x, lengths=None):
        x = x + self.norm1(self.attend(x, lengths))
        return x + self.norm2(self.feed(x))


class WithoutSums(Right):
    def __call__(self, x, lengths=None):
        return self.norm2(self.feed(self.norm1(self.attend(x, lengths))))


class TheSameNormTwice(Right):
    def __call__(self, x, lengths=None):
        x = self.norm1(x + self.attend(x, lengths))
        return self.norm1(x + self.feed(x))


class FirstInputAgain(Right):
    def __call__(self, x, lengths=None):
        attended = self.norm1(x + self.attend(x, lengths))
        return self.norm2(x + self.feed(attended))


class LengthsForgotten(Right):
    def __call__(self, x, lengths=None):
        return super().__call__(x)


class WithoutDropout(Right):
    def attend(self, x, lengths):
        return self.attention(x, lengths)

    def feed(self, x):
        return self.feed_forward(x)


class DropoutOfTheSum(Right):
    def __call__(self, x, lengths=None):
        x = self.norm1(self.dropout(x + self.attention(x, lengths)))
        return self.norm2(self.dropout(x + self.feed_forward(x)))


class OnlyOneNorm(Right):
    def __call__(self, x, lengths=None):
        x = x + self.attend(x, lengths)
        return self.norm2(x + self.feed(x))


class Sized(Right):
    """A block whose layers are made in another order or size."""

    def __init__(self, config, *, rng, wider=4, share=0.5, depth=2, feed_forward_first=False):
        width, out_std = config.width, 0.1 * (depth * config.layers * config.width) ** -0.5
        makers = {
            "attention": lambda: attention.SelfAttention(width, config.heads, rng=rng, out_std=out_std),
            "feed_forward": lambda: layers.FeedForward(width, wider * width, rng=rng, out_std=share * out_std),
        }
        for name in reversed(makers) if feed_forward_first else makers:
            setattr(self, name, makers[name]())
        self.norm1, self.norm2 = layers.LayerNorm(width), layers.LayerNorm(width)
        self.dropout = layers.Dropout(config.dropout)


class AsWideAsItWas(Sized):
    def __init__(self, config, *, rng):
        super().__init__(config, rng=rng, wider=1)


class BothAsLarge(Sized):
    def __init__(self, config, *, rng):
        super().__init__(config, rng=rng, share=1.0)


class OneSumALayer(Sized):
    def __init__(self, config, *, rng):
        super().__init__(config, rng=rng, depth=1)


class FeedForwardFirst(Sized):
    def __init__(self, config, *, rng):
        super().__init__(config, rng=rng, feed_forward_first=True)


class Reader(Module):
    """The right encoder, which the wrong ones change."""

    def __init__(self, config, *, rng, std=0.1):
        self.config = config
        self.tokens = layers.Embedding(config.vocab_size, config.width, rng=rng, std=std)
        self.positions = POSITIONS[config.positions](config.context, config.width, rng=rng)
        self.norm = layers.LayerNorm(config.width)
        self.dropout = layers.Dropout(config.dropout)
        self.blocks = [Right(config, rng=rng) for _ in range(config.layers)]

    def enter(self, ids):
        return self.dropout(self.norm(self.positions(self.tokens(ids))))

    def hidden(self, ids, lengths=None):
        if ids.shape[1] > self.config.context:
            raise UsageError(f"{ids.shape[1]} > {self.config.context}")
        x = self.enter(ids)
        for block in self.blocks:
            x = block(x, lengths)
        return x


class WithoutPositions(Reader):
    def enter(self, ids):
        return self.dropout(self.norm(self.tokens(ids)))


class WithoutNorm(Reader):
    def enter(self, ids):
        return self.dropout(self.positions(self.tokens(ids)))


class NormBeforePositions(Reader):
    def enter(self, ids):
        return self.dropout(self.positions(self.norm(self.tokens(ids))))


class WithoutDropoutBefore(Reader):
    def enter(self, ids):
        return self.norm(self.positions(self.tokens(ids)))


class NormAfterBlocks(Reader):
    def enter(self, ids):
        return self.dropout(self.positions(self.tokens(ids)))

    def hidden(self, ids, lengths=None):
        return self.norm(super().hidden(ids, lengths))


class LastBlockAlone(Reader):
    def hidden(self, ids, lengths=None):
        x = self.enter(ids)
        for block in self.blocks:
            y = block(x, lengths)
        return y


class OneBlockAgainAndAgain(Reader):
    def __init__(self, config, *, rng):
        super().__init__(config, rng=rng)
        self.blocks = self.blocks[:1] * config.layers


class LengthsNotPassedOn(Reader):
    def hidden(self, ids, lengths=None):
        return super().hidden(ids)


class AlwaysLearned(Reader):
    def __init__(self, config, *, rng):
        self.config = config
        self.tokens = layers.Embedding(config.vocab_size, config.width, rng=rng, std=0.1)
        self.positions = layers.LearnedPositions(config.context, config.width, rng=rng)
        self.norm = layers.LayerNorm(config.width)
        self.dropout = layers.Dropout(config.dropout)
        self.blocks = [Right(config, rng=rng) for _ in range(config.layers)]


class TokensAsLargeAsTheyCome(Reader):
    def __init__(self, config, *, rng):
        super().__init__(config, rng=rng, std=0.02)


MISTAKES = {
    "Block": [
        (NormFirst, "normalizou antes de cada camada, como o GPT; aqui a norma vem depois da soma"),
        (NormBeforeTheSum, "normalizou só o que a camada devolveu; a norma é da soma, x incluído"),
        (WithoutSums, "faltam as somas: cada camada acrescenta a x, e não toma o seu lugar"),
        (TheSameNormTwice, "usou norm1 nos dois lugares; a segunda soma tem a sua, norm2"),
        (FirstInputAgain, "a segunda soma usou o x que entrou no bloco; é o que saiu de norm1"),
        (LengthsForgotten, "a atenção não recebeu lengths, e as posições olham para o preenchimento"),
        (WithoutDropout, "o dropout ficou de fora; o que cada camada devolve passa por ele antes da soma"),
        (DropoutOfTheSum, "o dropout foi para a soma inteira; ele é só do que a camada devolve"),
        (OnlyOneNorm, "falta norm1: há uma norma depois de cada soma"),
        (AsWideAsItWas, "a feed-forward ficou com C canais no meio; são 4 C"),
        (BothAsLarge, "o out_std da feed-forward é o mesmo da atenção; é a metade dele"),
        (OneSumALayer, "o out_std contou uma soma por bloco; são duas: √(2 · config.layers · config.width)"),
        (FeedForwardFirst, "criou a feed-forward antes da atenção; com a mesma semente, os pesos saem outros"),
    ],
    "Encoder": [
        (WithoutPositions, "os tokens não passaram pelas posições: o modelo não sabe a ordem"),
        (WithoutNorm, "falta a norma antes do primeiro bloco"),
        (NormBeforePositions, "normalizou antes de somar as posições; é depois"),
        (OneBlockAgainAndAgain, "é o mesmo bloco repetido; cada um tem os seus pesos: crie-os num laço"),
        (LengthsNotPassedOn, "os blocos não receberam lengths"),
        (AlwaysLearned, "as posições são sempre as aprendidas; use POSITIONS[config.positions]"),
        (WithoutDropoutBefore, "o dropout ficou de fora, antes do primeiro bloco"),
        (NormAfterBlocks, "normalizou depois dos blocos; é antes do primeiro"),
        (LastBlockAlone, "cada bloco leu o x do começo; ele lê o que saiu do anterior"),
        (TokensAsLargeAsTheyCome, "os embeddings começam com outro desvio-padrão; é std=0.1"),
    ],
}

HINTS = [
    "Block: em __init__, guarde out_std = 0.1 * (2 * config.layers * config.width) ** -0.5, que a feed-forward recebe "
    "dividido por 2. Em __call__ são as duas linhas do enunciado, com self. na frente de cada peça.",
    "Encoder.__init__: self.positions = POSITIONS[config.positions](config.context, config.width, rng=rng), e os "
    "blocos vêm por fim: [Block(config, rng=rng) for _ in range(config.layers)].",
    "Encoder.hidden: confira ids.shape[1] contra self.config.context; depois, de dentro para fora, tokens, positions, "
    "norm, dropout; e um for sobre self.blocks, x = block(x, lengths).",
]


def small_model(size):
    return BERTConfig(vocab_size=50, context=size, layers=2, heads=2, width=16), 7


def texts(size):
    return *small_model(size), *rng.normal(size=(2, 2, size, 16)), np.array([size, size // 2])


def ids_of_texts(size):
    return *small_model(size), rng.integers(50, size=(2, size)), rng.normal(size=(2, size, 16)), None


WORK = {
    "Block": Work(texts, small=25, large=200, through=passed, degree=2),
    "Encoder": Work(ids_of_texts, small=25, large=200, through=read, degree=2),
}
