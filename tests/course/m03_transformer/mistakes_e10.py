"""Respostas erradas de m03.e10, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

from collections import namedtuple

import numpy as np

from tinyllm import functional as F
from tinyllm.course.measure import Work
from tinyllm.models.t5 import T5, T5Config
from tinyllm.nn import attention, layers
from tinyllm.nn.cache import DecoderCache
from tinyllm.nn.module import Module, map_parameters
from tinyllm.tensor import Tensor, backward, no_grad

rng = np.random.default_rng(0)

# what a block gives, and its gradients: a learner reads these names
Block = namedtuple("Block", "nomes_dos_pesos valor gradiente_de_x gradiente_da_memória gradientes_dos_pesos")


def built(piece, seed, dy, x, bias, memory, lengths=None, dropout=0.0):
    """A block made from a seed and run in the type of x, there and back; with dropout, as while training."""
    block = made(piece, seed, x, dropout)
    x, memory = Tensor(x, requires_grad=True), Tensor(memory, requires_grad=True)
    with F.noise(seed=3, step=1):
        y = block(x, bias, memory, lengths)
    gradients, named = backward(y, dy), dict(block.named_parameters())
    of_weights = tuple(gradients.get(weight) for weight in named.values())
    return Block(tuple(named), y.data, gradients.get(x), gradients.get(memory), of_weights)


def one_by_one(piece, seed, x, bias, memory, lengths=None):
    """What a block with a cache gives of x, position by position."""
    block, cache, found = made(piece, seed, x), DecoderCache(), []
    for t in range(x.shape[1]):
        with no_grad():
            found.append(block(Tensor(x[:, t : t + 1]), bias[:, :, t : t + 1, : t + 1], memory, lengths, cache).data)
    return np.concatenate(found, axis=1)


def made(piece, seed, x, dropout=0.0):
    """A block of two heads. Its weights are made large, so that what each part adds to x is seen."""
    config = T5Config(layers=1, decoder_layers=2, heads=2, width=x.shape[-1], hidden=5, dropout=dropout)
    block = piece(config, rng=np.random.default_rng(seed))
    for name, parameter in block.named_parameters():
        scale = 30 if name.endswith(("out.weight", "down.weight")) else 1
        shift = 0.1 * np.arange(parameter.data.size).reshape(parameter.shape) if "norm" in name else 0
        parameter.data = (scale * parameter.data + shift).astype(x.dtype)
    return block


def written(piece, seed, source, length, start_id=0):
    """What a T5 with random weights writes about a source."""
    model = T5(T5Config(vocab_size=17, layers=1, decoder_layers=2, heads=2, width=8, hidden=9),
               rng=np.random.default_rng(seed))  # fmt: skip
    map_parameters(model, lambda array: 3 * array)  # so that it does not write the same token for ever
    return piece(model, source, start_id=start_id, length=length)


def as_they_are(targets, start_id):
    return targets.copy()


def to_the_left(targets, start_id):
    return np.concatenate([targets[:, 1:], np.full_like(targets[:, :1], start_id)], axis=1)


def rolled(targets, start_id):
    return np.roll(targets, 1, axis=1)


def one_longer(targets, start_id):
    return np.concatenate([np.full_like(targets[:, :1], start_id), targets], axis=1)


def one_shorter(targets, start_id):
    return targets[:, :-1].copy()


def rows_shifted(targets, start_id):
    return np.concatenate([np.full_like(targets[:1], start_id), targets[:-1]])


def start_for_the_first(targets, start_id):
    return np.concatenate([np.full_like(targets[:, :1], start_id), targets[:, 1:]], axis=1)


class Right(Module):
    """A right block, made of steps, each of which a mistake does in another way."""

    def __init__(self, config, *, rng):
        width, std = config.width, 0.1 * (2 * (config.layers + config.decoder_layers) * config.width) ** -0.5
        self.norm1 = layers.RMSNorm(width)
        self.attention = attention.RelativeSelfAttention(width, config.heads, rng=rng, out_std=std)
        self.norm2 = layers.RMSNorm(width)
        self.cross_attention = attention.CrossAttention(width, config.heads, rng=rng, out_std=std, scale=self.scale())
        self.norm3 = layers.RMSNorm(width)
        self.feed_forward = layers.GatedFeedForward(width, config.hidden, rng=rng, out_std=std)
        self.dropout = layers.Dropout(config.dropout)

    def scale(self):
        return 1.0

    def __call__(self, x, bias, memory, lengths=None, cache=None):
        own, of_memory = (cache.own, cache.memory) if cache else (None, None)
        for norm, part in self.parts(bias, memory, lengths, own, of_memory):
            x = self.added(x, norm, part)
        return x

    def parts(self, bias, memory, lengths, own, of_memory):
        return [
            (self.norm1, lambda x: self.attention(x, bias, causal=True, cache=own)),
            (self.norm2, lambda x: self.cross_attention(x, memory, lengths, of_memory)),
            (self.norm3, self.feed_forward),
        ]

    def added(self, x, norm, part):
        return x + self.dropout(part(norm(x)))


class SeesTheFuture(Right):
    def parts(self, bias, memory, lengths, own, of_memory):
        _, *others = super().parts(bias, memory, lengths, own, of_memory)
        return [(self.norm1, lambda x: self.attention(x, bias, cache=own)), *others]


class MemoryFirst(Right):
    def parts(self, bias, memory, lengths, own, of_memory):
        first, second, third = super().parts(bias, memory, lengths, own, of_memory)
        return [second, first, third]


class WithoutTheMemory(Right):
    def parts(self, bias, memory, lengths, own, of_memory):
        first, _, third = super().parts(bias, memory, lengths, own, of_memory)
        return [first, third]


class WithoutThought(Right):
    def parts(self, bias, memory, lengths, own, of_memory):
        return super().parts(bias, memory, lengths, own, of_memory)[:2]


class OneNormForAll(Right):
    def parts(self, bias, memory, lengths, own, of_memory):
        return [(self.norm1, part) for _, part in super().parts(bias, memory, lengths, own, of_memory)]


class MemoryNormed(Right):
    def parts(self, bias, memory, lengths, own, of_memory):
        return super().parts(bias, self.norm2(memory), lengths, own, of_memory)


class LengthsForgotten(Right):
    def parts(self, bias, memory, lengths, own, of_memory):
        return super().parts(bias, memory, None, own, of_memory)


class CachesForgotten(Right):
    def parts(self, bias, memory, lengths, own, of_memory):
        return super().parts(bias, memory, lengths, None, None)


class NothingIsAdded(Right):
    def added(self, x, norm, part):
        return self.dropout(part(norm(x)))


class NormedIsAdded(Right):
    def added(self, x, norm, part):
        return norm(x) + self.dropout(part(norm(x)))


class WithoutDropout(Right):
    def added(self, x, norm, part):
        return x + part(norm(x))


class WithoutNorms(Right):
    def added(self, x, norm, part):
        return x + self.dropout(part(x))


class NormsAfterwards(Right):
    def added(self, x, norm, part):
        return norm(x + self.dropout(part(x)))


class DividedByTheRoot(Right):
    def scale(self):
        return None


def keeps_the_start(model, source, *, start_id, length):
    return by_steps(model, source, start_id, length)[:, :-1]


def keeps_it_all(model, source, *, start_id, length):
    return by_steps(model, source, start_id, length)


def one_more(model, source, *, start_id, length):
    return by_steps(model, source, start_id, length + 1)[:, 1:]


def one_fewer(model, source, *, start_id, length):
    return by_steps(model, source, start_id, length - 1)[:, 1:]


def the_first_row_for_all(model, source, *, start_id, length):
    return np.repeat(by_steps(model, source[:1], start_id, length)[:, 1:], len(source), axis=0)


def looks_at_the_first(model, source, *, start_id, length):
    return by_steps(model, source, start_id, length, place=0)[:, 1:]


def forgets_what_it_wrote(model, source, *, start_id, length):
    return by_steps(model, source, start_id, length, remembered=1)[:, 1:]


def begins_with_the_source(model, source, *, start_id, length):
    return by_steps(model, source, source[:, :1], length)[:, 1:]


def the_least_likely(model, source, *, start_id, length):
    return by_steps(model, source, start_id, length, choose=np.argmin)[:, 1:]


def by_steps(model, source, start, length, place=-1, remembered=0, choose=np.argmax):
    ids = np.zeros((len(source), 1), dtype=int) + start
    with no_grad():
        writer = model.answering(source)
        for _ in range(length):
            chosen = choose(writer(ids[:, -remembered:]).data[:, place], axis=-1)
            ids = np.concatenate([ids, chosen[:, None]], axis=1)
    return ids


MISTAKES = {
    "shift_right": [
        (as_they_are, "nada foi deslocado: cada posição receberia o próprio token que tem de adivinhar"),
        (to_the_left, "deslocou para a esquerda: cada posição receberia um token que ainda não foi escrito"),
        (rolled, "o último token deu a volta e foi parar no começo; ali vai start_id"),
        (one_longer, "ficou com um token a mais: o último alvo não é lido por ninguém"),
        (one_shorter, "tirou o último, mas não pôs start_id no começo: ficou um token a menos"),
        (rows_shifted, "deslocou as linhas, que são textos diferentes; é ao longo das posições"),
        (start_for_the_first, "pôs start_id sobre o primeiro token sem deslocar os outros"),
    ],
    "DecoderBlock": [
        (SeesTheFuture, "a auto-atenção está vendo o futuro: falta causal=True"),
        (MemoryFirst, "olhou para a memória antes de olhar para o que já escreveu"),
        (WithoutTheMemory, "falta a atenção cruzada: o bloco não olha para a memória"),
        (NothingIsAdded, "o resultado de cada parte tem de ser somado a x"),
        (NormsAfterwards, "normalizou depois da soma; aqui se normaliza x antes de cada parte"),
        (DividedByTheRoot, "a atenção cruzada do T5 leva scale=1.0"),
        (WithoutThought, "falta a feed-forward, a terceira parte"),
        (OneNormForAll, "usou norm1 nas três partes; cada uma tem a sua norma"),
        (MemoryNormed, "normalizou a memória; ela já vem normalizada do encoder"),
        (LengthsForgotten, "a atenção cruzada não recebeu lengths, e olha para o preenchimento da memória"),
        (CachesForgotten, "as atenções não receberam o cache: cada posição nova só vê a si mesma"),
        (NormedIsAdded, "somou ao x normalizado; quem recebe a soma é o x que entrou"),
        (WithoutDropout, "o dropout ficou de fora; o que cada parte dá passa por ele antes da soma"),
        (WithoutNorms, "x entrou em cada parte sem passar pela norma dela"),
    ],
    "write": [
        (keeps_the_start, "o token de início ficou no resultado, e falta o último que foi escrito"),
        (looks_at_the_first, "escolheu pelos logits da primeira posição; o próximo token está nos da última"),
        (
            forgets_what_it_wrote,
            "deu ao decoder só o último token; sem um cache, ele precisa de todos os que já escreveu",
        ),
        (begins_with_the_source, "começou com o primeiro token da origem; o decoder começa com start_id"),
        (the_least_likely, "escolheu o token de MENOR logit"),
        (keeps_it_all, "o token de início ficou no resultado"),
        (one_more, "escreveu um token a mais que length"),
        (one_fewer, "escreveu um token a menos que length"),
        (the_first_row_for_all, "escreveu a primeira linha em todas; cada texto tem a sua resposta"),
    ],
}

EQUIVALENT = {
    "likeliest = writer(written).data[:, -1].argmax(axis=-1): -1 -> (1)": "de (B, V), o último eixo é o 1",
}

HINTS = [
    "shift_right: np.full_like(targets, start_id) faz uma tabela do mesmo tamanho, cheia do início; falta pôr nela, da "
    "segunda coluna em diante, tudo menos a última coluna dos alvos.",
    "DecoderBlock: três linhas da mesma forma, x = x + self.dropout(parte(norma(x), …)). Antes delas: own, of_memory = "
    "(cache.own, cache.memory) if cache else (None, None).",
    "write: written = np.full((len(source), 1), start_id); em cada passo, writer(written).data[:, -1].argmax(axis=-1), "
    "uma coluna a mais com np.concatenate([written, …[:, None]], axis=1); no fim, written[:, 1:].",
]


def targets(size):
    return rng.integers(1, 50, size=(size, 40)), 0


def texts(size):
    dy, x, memory = rng.normal(size=(3, 2, size, 6))
    return 0, dy, x, rng.normal(size=(1, 2, size, size)), memory


def source(size):
    return 0, rng.integers(1, 17, size=(4, 5)), size


WORK = {
    "shift_right": Work(targets, small=100, large=800, limit=None),
    "DecoderBlock": Work(texts, small=20, large=120, through=built, degree=2),
    "write": Work(source, small=4, large=20, through=written),
}
