"""Respostas erradas de m03.e02, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

import numpy as np

from tinyllm.course.judge import ThereAndBack
from tinyllm.course.measure import Work
from tinyllm.tensor import Tensor, backward, op

rng = np.random.default_rng(0)


def turned(piece, x, dy, cos, sin):
    """There, and back with the gradient dy: the way to call a rotary operation."""
    x = Tensor(x, requires_grad=True)
    y = piece(x, cos=cos, sin=sin)
    return ThereAndBack(y.data, backward(y, dy).get(x))


def angles(positions, channels, base, exponent=None):
    exponent = -np.arange(0, channels, 2) / channels if exponent is None else exponent
    return np.asarray(positions, np.float64)[:, None] * base**exponent


def both(angles):
    return np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)


def sine_first(positions, channels, *, base=10000.0):
    cos, sin = both(angles(positions, channels, base))
    return sin, cos


def half_of_the_exponent(positions, channels, *, base=10000.0):
    return both(angles(positions, channels, base, -np.arange(channels // 2) / channels))


def ever_faster(positions, channels, *, base=10000.0):
    return both(angles(positions, channels, base, np.arange(0, channels, 2) / channels))


def one_for_each_channel(positions, channels, *, base=10000.0):
    return tuple(np.concatenate([half, half], axis=-1) for half in both(angles(positions, channels, base)))


def all_from_zero(positions, channels, *, base=10000.0):
    return both(angles(np.arange(len(positions)), channels, base))


def counted_from_one(positions, channels, *, base=10000.0):
    return both(angles(np.asarray(positions) + 1, channels, base))


def one_for_each_neighbour(positions, channels, *, base=10000.0):
    return tuple(np.repeat(half, 2, axis=-1) for half in both(angles(positions, channels, base)))


def not_yet_bent(positions, channels, *, base=10000.0):
    return (angles(positions, channels, base).astype(np.float32),) * 2


def halves(x):
    half = x.shape[-1] // 2
    return x[..., :half], x[..., half:]


def turn(x, cos, sin):
    a, b = halves(x)
    return np.concatenate([a * cos - b * sin, b * cos + a * sin], axis=-1)


def turn_neighbours(x, cos, sin):
    y = np.empty_like(x)
    a, b = x[..., 0::2], x[..., 1::2]
    y[..., 0::2], y[..., 1::2] = a * cos - b * sin, b * cos + a * sin
    return y


@op
def neighbours(x, *, cos, sin):
    return turn_neighbours(x, cos, sin), lambda dy: turn_neighbours(dy, cos, -sin)


@op
def the_other_way(x, *, cos, sin):
    return turn(x, cos, -sin), lambda dy: turn(dy, cos, sin)


@op
def gradient_turned_on(x, *, cos, sin):
    return turn(x, cos, sin), lambda dy: turn(dy, cos, sin)


@op
def gradient_as_it_comes(x, *, cos, sin):
    return turn(x, cos, sin), lambda dy: dy


@op
def mirrored(x, *, cos, sin):
    def mirror(x):
        a, b = halves(x)
        return np.concatenate([a * cos + b * sin, a * sin - b * cos], axis=-1)

    return mirror(x), mirror


@op
def sine_for_cosine(x, *, cos, sin):
    return turn(x, sin, cos), lambda dy: turn(dy, sin, -cos)


@op
def halves_in_turn(x, *, cos, sin):
    def dealt(x):
        y = np.empty_like(x)
        y[..., 0::2], y[..., 1::2] = halves(x)
        return y

    return dealt(turn(x, cos, sin)), lambda dy: turn(np.concatenate([dy[..., 0::2], dy[..., 1::2]], axis=-1), cos, -sin)


@op
def first_half_alone(x, *, cos, sin):
    def change(x, sin):
        a, b = halves(x)
        return np.concatenate([a * cos - b * sin, b], axis=-1)

    return change(x, sin), lambda dy: change(dy, -sin)


@op
def overwritten(x, *, cos, sin):
    def change(x, sin):
        y = np.array(x)
        a, b = halves(y)
        a[...] = a * cos - b * sin
        b[...] = b * cos + a * sin
        return y

    return change(x, sin), lambda dy: change(dy, -sin)


MISTAKES = {
    "rotations": [
        (sine_first, "seno e cosseno estão trocados: o cosseno vem primeiro"),
        (half_of_the_exponent, "o expoente é 2i / D; aqui ficou i / D, e os giros são rápidos demais"),
        (ever_faster, "os ângulos crescem com i; p é DIVIDIDO por base^(2i / D)"),
        (one_for_each_channel, "há um ângulo por PAR de canais: D/2 colunas, não D"),
        (all_from_zero, "contou 0, 1, 2, …; use as posições que chegaram, que podem começar em outro lugar"),
        (counted_from_one, "somou 1 às posições; use as que chegaram, e a posição 0 não gira nada"),
        (one_for_each_neighbour, "há um ângulo por PAR de canais: D/2 colunas, não D"),
        (not_yet_bent, "devolveu os ângulos; o que se pede são o cosseno e o seno deles"),
    ],
    "rotary": [
        (neighbours, "juntou canais vizinhos; o par i são os canais i e i + D/2"),
        (the_other_way, "girou para o outro lado: é (a cos - b sen, b cos + a sen)"),
        (gradient_turned_on, "o gradiente girou para o mesmo lado; ele volta pelo ângulo contrário"),
        (gradient_as_it_comes, "o gradiente não girou; ele volta pelo ângulo contrário"),
        (mirrored, "isto é um espelho, e não um giro: há um sinal trocado na segunda metade"),
        (overwritten, "a segunda metade usou o a que já tinha girado; guarde os dois antes de escrever"),
        (sine_for_cosine, "seno e cosseno estão trocados: é (a cos - b sen, b cos + a sen)"),
        (
            halves_in_turn,
            "leu as duas metades, mas escreveu os pares em canais vizinhos; cada canal volta ao seu lugar",
        ),
        (first_half_alone, "girou só a primeira metade; a segunda passa a b cos + a sen"),
    ],
}

HINTS = [
    "rotations: os ângulos de todas as posições e pares são um produto esticado, positions (T, 1) vezes frequências "
    "(D/2,). As frequências são base ** (-np.arange(0, D, 2) / D).",
    "rotary: x[..., :half] e x[..., half:] são as duas metades, de forma (..., T, D/2), e cos e sin se esticam até "
    "elas. np.concatenate([…, …], axis=-1) as junta de novo.",
    "O caminho de volta é a mesma conta com -sin no lugar de sin. Escreva uma função de dentro, turn(x, sin), e use-a "
    "nos dois sentidos: return turn(x, sin), lambda dy: turn(dy, -sin).",
]


def many_positions(size):
    return np.arange(size), 32


def heads(size):
    x, dy = (rng.normal(size=(4, size, 32)).astype(np.float32) for _ in range(2))
    return x, dy, *both(angles(np.arange(size), 32, 10000.0))


WORK = {
    "rotations": Work(many_positions, small=25, large=200, limit=None),
    "rotary": Work(heads, small=25, large=200, through=turned, limit=None),
}
