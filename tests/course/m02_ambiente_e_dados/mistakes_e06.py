"""Respostas erradas de m02.e06, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

import hashlib

import numpy as np

from tinyllm.course.measure import LARGE, SLOW, Work

rng = np.random.default_rng(0)


def parts(piece, keys, held_out):
    """The part of each of many keys."""
    return [piece(key, held_out=held_out) for key in keys]


def counts(piece, sizes):
    """How many windows there are of each (tokens, context)."""
    return [piece(np.zeros(tokens, np.uint16), context) for tokens, context in sizes]


def with_type(piece, tokens, starts, context):
    """The windows, and of which type the numbers are."""
    x, y = piece(tokens, starts, context)
    return x, y, f"{x.dtype} {y.dtype}"


def place_of(key, order="big"):
    return int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), order) / 2**64


def three_parts(place, test, validation):
    return "test" if place < test else "validation" if place < validation else "train"


def by_length(key, *, held_out):
    return three_parts(len(key) % 100 / 100, held_out, 2 * held_out)


def other_order_of_bytes(key, *, held_out):
    return three_parts(place_of(key, "little"), held_out, 2 * held_out)


def validation_twice_as_large(key, *, held_out):
    return three_parts(place_of(key), held_out, 3 * held_out)


def no_validation(key, *, held_out):
    return "test" if place_of(key) < held_out else "train"


def turned_round(key, *, held_out):
    found = three_parts(place_of(key), held_out, 2 * held_out)
    return {"test": "validation", "validation": "test", "train": "train"}[found]


def the_limit_itself_too(key, *, held_out):
    place = place_of(key)
    return "test" if place <= held_out else "validation" if place <= 2 * held_out else "train"


def the_first_8_bytes(key, *, held_out):
    return of_bytes(hashlib.blake2b(key).digest()[:8], held_out)


def of_sha256(key, *, held_out):
    return of_bytes(hashlib.sha256(key).digest()[:8], held_out)


def of_md5(key, *, held_out):
    return of_bytes(hashlib.md5(key).digest()[:8], held_out)


def of_bytes(eight, held_out):
    return three_parts(int.from_bytes(eight, "big") / 2**64, held_out, 2 * held_out)


def from_the_beginning(tokens, context):
    return (len(tokens) - 1) // context


def no_token_after_the_last(tokens, context):
    return len(tokens) // context


def side_by_side(tokens, context):
    return len(tokens) // (context + 1)


def side_by_side_from_anywhere(tokens, context):
    return (len(tokens) - context) // (context + 1)


def token_by_token(tokens, context):
    return len(tokens) - context


def one_too_far(tokens, context):
    return (len(tokens) - context - 1) // context


def last_target_forgotten(tokens, context):
    return (len(tokens) - context + 1) // context


def counted_out(tokens, context):
    ends = [start for start in range(len(tokens)) if start % context == 0 and start + 2 * context <= len(tokens)]
    return len(ends)


def copies_the_input(tokens, starts, context):
    block = tokens[starts[:, np.newaxis] + np.arange(context)].astype(np.int64)
    return block, block


def two_ahead(tokens, starts, context):
    block = np.append(tokens, 0)[starts[:, np.newaxis] + np.arange(context + 2)].astype(np.int64)
    return block[:, :-2], block[:, 2:]


def turned_the_other_way(tokens, starts, context):
    block = tokens[starts[:, np.newaxis] + np.arange(context + 1)].astype(np.int64)
    return block[:, 1:], block[:, :-1]


def last_target_missing(tokens, starts, context):
    block = tokens[starts[:, np.newaxis] + np.arange(context)].astype(np.int64)
    return block[:, :-1], block[:, 1:]


def one_target_a_window(tokens, starts, context):
    block = tokens[starts[:, np.newaxis] + np.arange(context + 1)].astype(np.int64)
    return block[:, :-1], block[:, -1]


def one_after_the_other(tokens, starts, context):
    first = starts[:1] + context * np.arange(len(starts))
    block = tokens[(first % (len(tokens) - context))[:, np.newaxis] + np.arange(context + 1)].astype(np.int64)
    return block[:, :-1], block[:, 1:]


def as_they_are_stored(tokens, starts, context):
    block = tokens[starts[:, np.newaxis] + np.arange(context + 1)]
    return block[:, :-1], block[:, 1:]


def in_loops(tokens, starts, context):
    rows = np.array([[int(tokens[s + t]) for t in range(context + 1)] for s in starts], dtype=np.int64)
    rows = rows.reshape(len(starts), context + 1)
    return rows[:, :-1], rows[:, 1:]


def whole_row_at_once(tokens, starts, context):
    every = np.arange(len(tokens) - context)[:, np.newaxis] + np.arange(context + 1)
    block = tokens[every].astype(np.int64)[starts]
    return block[:, :-1], block[:, 1:]


MISTAKES = {
    "split_of": [
        (by_length, "a parte não veio do hash da chave; chaves de mesmo tamanho caem juntas"),
        (other_order_of_bytes, 'leu os bytes na outra ordem; o mais significativo vem primeiro ("big")'),
        (validation_twice_as_large, "a validação ficou com o dobro do teste; cada uma tem held_out"),
        (no_validation, "faltou a validação: os lugares de held_out até duas vezes held_out"),
        (turned_round, "teste e validação estão trocados; os lugares mais baixos são do teste"),
        (
            the_limit_itself_too,
            "o lugar igual ao limite ficou na parte de baixo; nela ficam só os que estão ABAIXO dele",
        ),
        (the_first_8_bytes, "os 8 bytes são outros; são os de hashlib.blake2b(key, digest_size=8)"),
        (of_sha256, "os 8 bytes são outros; são os de hashlib.blake2b(key, digest_size=8)"),
        (of_md5, "os 8 bytes são outros; são os de hashlib.blake2b(key, digest_size=8)"),
    ],
    "windows_per_epoch": [
        (from_the_beginning, "supôs que a primeira janela começa no lugar 0; ela pode começar até em context - 1"),
        (no_token_after_the_last, "esqueceu que cada janela precisa de um token a mais, e que a primeira pode atrasar"),
        (side_by_side, "pôs as janelas lado a lado, sem que partilhem um token, e a partir do lugar 0"),
        (side_by_side_from_anywhere, "cada janela começa context tokens depois da anterior, e não context + 1"),
        (token_by_token, "contou uma janela por token; cada uma começa context tokens depois da anterior"),
        (one_too_far, "descontou um token a mais: o pior começo é context - 1, não context"),
        (last_target_forgotten, "esqueceu o alvo da última posição: k janelas ocupam k · context + 1 tokens"),
    ],
    "windows": [
        (copies_the_input, "os alvos são iguais às entradas: o modelo aprenderia a copiar; avance um token"),
        (two_ahead, "os alvos estão dois tokens adiante; é um"),
        (turned_the_other_way, "entradas e alvos estão trocados; o alvo vem depois"),
        (last_target_missing, "falta a última posição: para T alvos é preciso ler T + 1 tokens"),
        (one_after_the_other, "as janelas saíram em sequência; cada uma começa no seu lugar de starts"),
        (as_they_are_stored, "os ids ficaram no tipo do arquivo; devolva int64 (astype)"),
        (one_target_a_window, "deu um alvo por janela; cada uma das T posições tem o seu"),
    ],
}

COSTLY = {
    "windows_per_epoch": [(counted_out, SLOW)],
    "windows": [(in_loops, SLOW), (whole_row_at_once, LARGE)],
}

HINTS = [
    'split_of: int.from_bytes(oito_bytes, "big") / 2**64 é o lugar; dois if bastam. windows_per_epoch: no pior caso a '
    "primeira janela começa em context - 1, e k janelas ocupam k · context + 1 tokens.",
    "windows: a soma de uma coluna (B, 1) com uma linha (T + 1,) é uma tabela (B, T + 1) de lugares: "
    "starts[:, np.newaxis] + np.arange(context + 1).",
    "windows: tokens[lugares] lê a tabela inteira de uma vez; x são todas as colunas menos a última, y todas menos a "
    "primeira. windows_per_epoch: context - 1 + k · context + 1 <= N dá k <= (N - context) / context.",
]


def names(size):
    return [f"livro{n}.txt".encode() for n in range(size)], 0.05


def rows(size):
    return ([(1000 * size, 7)],)


def a_batch(size):
    return rng.integers(1 << 16, size=20 * size, dtype=np.uint16), rng.integers(18 * size, size=size // 80), 128


WORK = {
    "split_of": Work(names, small=100, large=2000, through=parts),
    "windows_per_epoch": Work(rows, small=10, large=100, through=counts),
    "windows": Work(a_batch, small=800, large=16000, through=with_type),
}
