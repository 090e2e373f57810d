"""Respostas erradas de m04.e04, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

from collections import namedtuple

import numpy as np

from tinyllm import functional as F
from tinyllm.course.measure import Work
from tinyllm.models import gpt
from tinyllm.models.gpt import Block, GPTConfig
from tinyllm.nn import attention, layers
from tinyllm.nn.cache import LayerCache
from tinyllm.nn.module import Module, map_parameters
from tinyllm.tensor import Tensor, backward, no_grad

rng = np.random.default_rng(0)

# what a block and a model give, and what was read to write: a learner reads these names
Passed = namedtuple("Passed", "pesos valor gradiente_de_x gradientes_dos_pesos")
Read = namedtuple("Read", "pesos hidden logits valor_da_perda gradientes_dos_pesos")
Written = namedtuple("Written", "ids tokens_lidos_a_cada_passo")


def made(piece, config, seed, dtype=np.float64):
    """A model made from a seed, {name: parameter} in the order of the names, and {name: array} as they were made: then
    they are moved a little, so that no bias is 0 and no norm does nothing."""
    model, draw = piece(config, rng=np.random.default_rng(seed)), np.random.default_rng(seed)
    named = dict(sorted(model.named_parameters()))
    fresh = {name: weight.data.copy() for name, weight in named.items()}
    for weight in named.values():
        weight.data += 0.3 * draw.normal(size=weight.shape)
    map_parameters(model, lambda array: array.astype(dtype))
    return model, named, fresh


def passed(piece, config, seed, x, dy):
    """A block made from a seed and run in the type of x, there and back, with dropout as in training."""
    model, named, fresh = made(piece, config, seed, x.dtype)
    x = Tensor(x, requires_grad=True)
    with F.noise(seed, 3):
        y = model(x)
    gradients = backward(y, dy)
    return Passed(fresh, y.data, gradients.get(x), {name: gradients.get(weight) for name, weight in named.items()})


def read(piece, config, seed, ids, targets, weights=None):
    """A model made from a seed: what it makes of ids, and the loss with its gradients, with dropout as in training."""
    model, named, fresh = made(piece, config, seed)
    with F.noise(seed, 3):
        loss = model.loss(ids, targets, weights)
    gradients = backward(loss)
    found = [loss.item(), {name: gradients.get(weight) for name, weight in named.items()}]
    return Read(fresh, model.hidden(ids).data, model(ids).data, *found)


def in_pieces(piece, config, seed, ids, lengths):
    """The logits of ids that a model reads with caches, so many at a time."""
    model, _, _ = made(piece, config, seed)
    caches, ends = model.new_caches(), np.cumsum(lengths)
    with no_grad():
        parts = [model(part, caches).data for part in np.split(ids, ends[:-1], axis=1)]
    return np.concatenate(parts, axis=1)


def one_by_one(piece, config, seed, x):
    """What a block with a cache makes of x, position by position."""
    block, _, _ = made(piece, config, seed)
    cache = LayerCache()
    with no_grad():
        return np.concatenate([block(Tensor(x[:, t : t + 1]), cache).data for t in range(x.shape[1])], axis=1)


class Watched(Module):
    """A GPT of the library's that notes how many tokens it is given to read."""

    def __init__(self, seed, context):
        config = GPTConfig(vocab_size=17, context=context, layers=2, heads=2, width=8)
        self.inner, _, _ = made(gpt.GPT, config, seed)
        self.config, self.longest, self.lengths = config, context, []

    def new_caches(self):
        return self.inner.new_caches()

    def __call__(self, ids, caches=None):
        self.lengths.append(layers.token_rows(ids).shape[1])
        return self.inner(ids, caches)


def written(piece, seed, ids, count):
    """What a piece writes with a model of random weights, and how many tokens it gave it to read, step by step."""
    model = Watched(seed, ids.shape[1] + count + 1)  # as if the last one were to be read too
    found = piece(model, ids, count)
    return Written(found, model.lengths)


class RightBlock(Module):
    """The right block, which the wrong ones change."""

    of_attention, of_feed_forward, wider = 1.0, 0.5, 4

    def __init__(self, config, *, rng):
        C = config.width
        std = 0.1 * (2 * config.layers * C) ** -0.5
        self.norm1 = layers.LayerNorm(C)
        self.attention = attention.CausalSelfAttention(C, config.heads, rng=rng, out_std=self.of_attention * std)
        self.norm2 = layers.LayerNorm(C)
        self.feed_forward = layers.FeedForward(C, self.wider * C, rng=rng, out_std=self.of_feed_forward * std)
        self.dropout = layers.Dropout(config.dropout)

    def __call__(self, x, cache=None):
        x = self.added(x, self.norm1, lambda x: self.attention(x, cache))
        return self.added(x, self.norm2, self.feed_forward)

    def added(self, x, norm, part):
        return x + self.dropout(part(norm(x)))


class NormAfterwards(RightBlock):
    def added(self, x, norm, part):
        return norm(x + self.dropout(part(x)))


class NothingIsAdded(RightBlock):
    def added(self, x, norm, part):
        return self.dropout(part(norm(x)))


class NormedIsAdded(RightBlock):
    def added(self, x, norm, part):
        x = norm(x)
        return x + self.dropout(part(x))


class WithoutNorms(RightBlock):
    def added(self, x, norm, part):
        return x + self.dropout(part(x))


class WithoutDropout(RightBlock):
    def added(self, x, norm, part):
        return x + part(norm(x))


class CacheForgotten(RightBlock):
    def __call__(self, x, cache=None):
        return super().__call__(x)


class BothReadTheEntry(RightBlock):
    def __call__(self, x, cache=None):
        attended = self.dropout(self.attention(self.norm1(x), cache))
        return x + attended + self.dropout(self.feed_forward(self.norm2(x)))


class OneNorm(RightBlock):
    def __call__(self, x, cache=None):
        x = self.added(x, self.norm1, lambda x: self.attention(x, cache))
        return self.added(x, self.norm1, self.feed_forward)


class OnlyAttentionIsAdded(RightBlock):
    def __call__(self, x, cache=None):
        x = self.added(x, self.norm1, lambda x: self.attention(x, cache))
        return self.dropout(self.feed_forward(self.norm2(x)))


class AsDeepAsItsBlocks(RightBlock):
    of_attention, of_feed_forward = 2**0.5, 0.5 * 2**0.5


class FeedForwardAsLarge(RightBlock):
    of_feed_forward = 1.0


class NarrowFeedForward(RightBlock):
    wider = 1


class RightGPT(Module):
    """The right model, which the wrong ones change. Its blocks are the library's."""

    norm_weight, of_positions = 0.3, 0.03

    def __init__(self, config, *, rng):
        C = config.width
        self.config, self.longest = config, config.context
        self.tokens = layers.Embedding(config.vocab_size, C, rng=rng, std=0.1)
        self.positions = layers.Embedding(config.context, C, rng=rng, std=self.of_positions)
        self.dropout = layers.Dropout(config.dropout)
        self.blocks = [Block(config, rng=rng) for _ in range(config.layers)]
        self.norm = layers.LayerNorm(C)
        self.norm.weight.data *= self.norm_weight

    def new_caches(self):
        return [LayerCache() for _ in self.blocks]

    def places(self, ids, caches):
        return layers.places(ids, self.config, caches and caches[0])

    def begin(self, ids, caches=None):
        ids = layers.token_rows(ids)
        return self.dropout(self.tokens(ids) + self.positions.weight[self.places(ids, caches)]), ()

    def end(self, x):
        return self.norm(x)

    def hidden(self, ids, caches=None):
        x, _ = self.begin(ids, caches)
        for n, block in enumerate(self.blocks):
            x = block(x, caches[n] if caches else None)
        return self.end(x)

    def head(self):
        return self.tokens.weight.transpose(1, 0)

    def __call__(self, ids, caches=None):
        return self.hidden(ids, caches) @ self.head()

    def loss(self, ids, targets, weights=None):
        return F.linear_cross_entropy(self.hidden(ids), self.head(), targets, weights=weights)


class HeadOfItsOwn(RightGPT):
    def __init__(self, config, *, rng):
        super().__init__(config, rng=rng)
        self.out = layers.Projection(config.width, config.vocab_size, rng=rng)

    def head(self):
        return self.out.weight


class HeadCutOff(RightGPT):
    def head(self):
        return Tensor(self.tokens.weight.data.T)


class WithoutPositions(RightGPT):
    def begin(self, ids, caches=None):
        return self.dropout(self.tokens(layers.token_rows(ids))), ()


class AlwaysFromTheStart(RightGPT):
    def places(self, ids, caches):
        return slice(0, ids.shape[1])


class WithoutTheEnd(RightGPT):
    def end(self, x):
        return x


class OneBlockForAll(RightGPT):
    def __init__(self, config, *, rng):
        super().__init__(config, rng=rng)
        self.blocks = [self.blocks[0]] * config.layers


class LargeLogits(RightGPT):
    norm_weight = 1.0


class LargePositions(RightGPT):
    of_positions = 0.1


class CachesForgotten(RightGPT):
    def hidden(self, ids, caches=None):
        return super().hidden(ids)


class DropoutForgotten(RightGPT):
    def begin(self, ids, caches=None):
        ids = layers.token_rows(ids)
        return self.tokens(ids) + self.positions.weight[self.places(ids, caches)], ()


class WeightsForgotten(RightGPT):
    def loss(self, ids, targets, weights=None):
        return super().loss(ids, targets)


class GuessesWhatItReads(RightGPT):
    def loss(self, ids, targets, weights=None):
        return super().loss(ids, ids, weights)


def by_steps(model, ids, count, *, place=-1, choose=np.argmax, keep=False, cached=True, at_once=True):
    text, found, new = ids, [ids] if keep else [], ids
    with no_grad():
        caches = model.new_caches() if cached else None
        if not at_once:
            for t in range(ids.shape[1] - 1):
                model(ids[:, t : t + 1], caches)
            new = ids[:, -1:]
        for _ in range(count):
            new = choose(model(new if cached else text, caches).data[:, place], axis=-1)[:, None]
            text = np.concatenate([text, new], axis=1)
            found.append(new)
    return np.concatenate(found, axis=1)


def without_the_cache(model, ids, count):
    return by_steps(model, ids, count, cached=False)


def forgets_what_it_read(model, ids, count):
    found = [ids]
    with no_grad():
        for _ in range(count):
            found.append(model(found[-1]).data[:, -1].argmax(axis=-1)[:, None])
    return np.concatenate(found[1:], axis=1)


def reads_it_again_into_the_cache(model, ids, count):
    text, caches = ids, model.new_caches()
    with no_grad():
        for _ in range(count):
            text = np.concatenate([text, model(text, caches).data[:, -1].argmax(axis=-1)[:, None]], axis=1)
    return text[:, -count:]


def the_prompt_one_by_one(model, ids, count):
    return by_steps(model, ids, count, at_once=False)


def looks_at_the_first(model, ids, count):
    return by_steps(model, ids, count, place=0)


def the_least_likely(model, ids, count):
    return by_steps(model, ids, count, choose=np.argmin)


def with_the_prompt(model, ids, count):
    return by_steps(model, ids, count, keep=True)


def reads_the_last_too(model, ids, count):
    return by_steps(model, ids, count + 1)[:, :count]


MISTAKES = {
    "Block": [
        (NormAfterwards, "normalizou depois da soma; no GPT a norma vem antes de cada parte"),
        (NothingIsAdded, "o que cada parte dá tem de ser SOMADO a x"),
        (NormedIsAdded, "somou ao x normalizado; quem recebe a soma é o x que entrou"),
        (WithoutNorms, "x entrou em cada parte sem passar pela norma dela"),
        (WithoutDropout, "o dropout ficou de fora; o que cada parte dá passa por ele antes da soma"),
        (CacheForgotten, "a atenção não recebeu o cache: cada posição nova só vê a si mesma"),
        (BothReadTheEntry, "a feed-forward leu o x da entrada; ela vem depois da soma da atenção"),
        (OneNorm, "usou norm1 nas duas partes; cada uma tem a sua norma"),
        (OnlyAttentionIsAdded, "somou o que a atenção dá, e não o que a feed-forward dá"),
        (AsDeepAsItsBlocks, "o segundo argumento de layers.out_std é o número de somas, 2 * config.layers"),
        (FeedForwardAsLarge, "o out_std da feed-forward é a metade do da atenção"),
        (NarrowFeedForward, "a feed-forward ficou com C canais ocultos; são 4 * C"),
    ],
    "GPT": [
        (HeadOfItsOwn, "a saída tem pesos seus; ela é a tabela dos tokens, transposta"),
        (HeadCutOff, "o gradiente da saída não chega à tabela: use o Tensor dela, e não o .data"),
        (WithoutPositions, "faltam as posições: some-as aos tokens"),
        (AlwaysFromTheStart, "contou as posições sempre do 0; com cache, elas seguem de onde ele parou"),
        (WithoutTheEnd, "falta a norma do fim, depois dos blocos"),
        (OneBlockForAll, "é o mesmo bloco repetido; cada um tem os seus pesos"),
        (LargeLogits, "falta multiplicar por 0,3 o peso da norma do fim"),
        (LargePositions, "as posições começam com std=0.03"),
        (CachesForgotten, "os blocos não receberam os seus caches"),
        (DropoutForgotten, "falta o dropout na entrada, depois da soma das posições"),
        (WeightsForgotten, "loss não usou os weights que recebeu"),
        (GuessesWhatItReads, "comparou com ids; o que se aprende são os targets"),
    ],
    "write_on": [
        (without_the_cache, "leu o texto inteiro a cada passo; com o cache, só o que acabou de escrever"),
        (forgets_what_it_read, "o modelo não recebeu os caches, e de cada vez só viu os ids novos: model(ids, caches)"),
        (
            reads_it_again_into_the_cache,
            "deu outra vez o texto inteiro a um cache que já o tem; só entram os ids novos",
        ),
        (the_prompt_one_by_one, "leu o começo token por token; ele se lê de uma vez"),
        (looks_at_the_first, "escolheu pelos logits da primeira posição; o próximo token está nos da última"),
        (the_least_likely, "escolheu o token de MENOR logit"),
        (with_the_prompt, "o começo ficou no resultado; são só os count ids escritos"),
        (reads_the_last_too, "leu também o último token escrito, de que ninguém precisa"),
    ],
}

EQUIVALENT = {
    "std = layers.out_std(C, 2 * config.layers): layers.out_std(C, 2 * config.layers) -> "
    "layers.out_std(2 * config.layers, C)": "só o produto dos dois conta",
    "for block, cache in zip(self.blocks, caches or [None] * len(self.blocks), strict=True):: True -> False": (
        "há um cache para cada bloco"
    ),
}

HINTS = [
    "Block: std = layers.out_std(C, 2 * config.layers); std na atenção e std / 2 na feed-forward. Em __call__, as duas "
    "linhas do enunciado com self. na frente de cada parte.",
    "GPT: begin devolve um par, self.dropout(self.tokens(ids) + self.positions.weight[lugares]), (). hidden: x, _ = "
    "self.begin(ids, caches); para cada bloco n, x = bloco(x, caches[n] if caches else None); no fim, self.end(x). "
    "head: self.tokens.weight.transpose(1, 0), sem .data, que cortaria o gradiente.",
    "write_on: antes do laço, caches = model.new_caches(); em cada um dos count passos, model(ids, caches).data[:, -1] "
    "são os logits, (B, V), e argmax(axis=-1)[:, None] os ids novos, (B, 1): são eles que se leem no passo seguinte. "
    "No fim, np.concatenate(…, axis=1).",
]


def texts(size):
    x, dy = rng.normal(size=(2, 2, size, 8))
    return GPTConfig(context=size, layers=2, heads=2, width=8), 0, x, dy


def ids_and_targets(size):
    ids, targets = rng.integers(20, size=(2, 2, size))
    return GPTConfig(vocab_size=20, context=size, layers=2, heads=2, width=8), 0, ids, targets


def prompt(size):
    return 0, rng.integers(17, size=(2, 5)), size


WORK = {
    "Block": Work(texts, small=16, large=128, through=passed, degree=2),
    "GPT": Work(ids_and_targets, small=16, large=128, through=read, degree=2),
    "write_on": Work(prompt, small=4, large=40, through=written),
}
