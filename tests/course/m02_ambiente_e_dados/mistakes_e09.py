"""Respostas erradas de m02.e09, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

import itertools
import random

from tinyllm.course.measure import SLOW, Work
from tinyllm.text.characters import to_text


def merged(word, choose):
    """The ids after each merge that `choose`, from ids to (place, new id) or None, asks for."""
    ids = list(word)
    while found := choose(ids):
        place, new_id = found
        ids[place : place + 2] = [new_id]
    return ids


def mergeable(ids, ranks):
    return [place for place, pair in enumerate(itertools.pairwise(ids)) if pair in ranks]


def by(ids, ranks, order):
    places = mergeable(ids, ranks)
    if not places:
        return None
    place = min(places, key=lambda place: order(place, ranks[ids[place], ids[place + 1]][0]))
    return place, ranks[ids[place], ids[place + 1]][1]


def leftmost_first(word, ranks):
    return merged(word, lambda ids: by(ids, ranks, lambda place, rank: place))


def latest_first(word, ranks):
    return merged(word, lambda ids: by(ids, ranks, lambda place, rank: (-rank, place)))


def rightmost_of_equals(word, ranks):
    return merged(word, lambda ids: by(ids, ranks, lambda place, rank: (rank, -place)))


def one_merge(word, ranks):
    ids, found = list(word), by(word, ranks, lambda place, rank: (rank, place))
    if found:
        ids[found[0] : found[0] + 2] = [found[1]]
    return ids


def one_pass(word, ranks):
    ids, place = [], 0
    while place < len(word):
        pair = tuple(word[place : place + 2])
        ids.append(ranks[pair][1] if pair in ranks else word[place])
        place += 2 if pair in ranks else 1
    return ids


def rank_for_id(word, ranks):
    ranks = {pair: (rank, rank) for pair, (rank, _) in ranks.items()}
    return merged(word, lambda ids: by(ids, ranks, lambda place, rank: (rank, place)))


def every_merge_in_turn(word, ranks):
    ids = list(word)
    for pair, (_, new_id) in sorted(ranks.items(), key=lambda item: item[1]):
        place = 0
        while place < len(ids) - 1:
            if (ids[place], ids[place + 1]) == pair:
                ids[place : place + 2] = [new_id]
            place += 1
    return ids


def length_of(byte):
    return 1 if byte < 0xC2 or byte > 0xF4 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4


def last_byte_only(data):
    return int(bool(data) and length_of(data[-1]) > 1)


def whole_characters_too(data):
    for count, byte in enumerate(reversed(data[-4:]), start=1):
        if length_of(byte) > 1:
            return count
        if not 0x80 <= byte <= 0xBF:
            return 0
    return 0


def continuations_only(data):
    count = 0
    while count < min(3, len(data)) and data[-1 - count] >= 0x80:
        count += 1
    return count


def bytes_missing(data):
    for count, byte in enumerate(reversed(data[-3:]), start=1):
        if length_of(byte) > 1:
            return max(0, length_of(byte) - count)
        if not 0x80 <= byte <= 0xBF:
            return 0
    return 0


def interrupted_ones_too(data):
    for count, byte in enumerate(reversed(data[-3:]), start=1):
        if length_of(byte) > 1:
            return count if count < length_of(byte) else 0
    return 0


def any_high_byte_starts(data):
    for count, byte in enumerate(reversed(data[-3:]), start=1):
        if byte >= 0xC0:
            return count if count < (2 if byte < 0xE0 else 3 if byte < 0xF0 else 4) else 0
        if byte < 0x80:
            return 0
    return 0


def waiting(data):
    for count, byte in enumerate(reversed(data[-3:]), start=1):
        if length_of(byte) > 1:
            return count if count < length_of(byte) else 0
        if not 0x80 <= byte <= 0xBF:
            return 0
    return 0


def each_token_alone(pieces):
    return (to_text(piece) for piece in pieces if piece)


def end_lost(pieces):
    pending = b""
    for piece in pieces:
        pending += piece
        whole = len(pending) - waiting(pending)
        if whole:
            yield to_text(pending[:whole])
            pending = pending[whole:]


def only_when_all_is_whole(pieces):
    pending = b""
    for piece in pieces:
        pending += piece
        if not waiting(pending) and "\ufffd" not in to_text(pending):
            yield from filter(None, [to_text(pending)])
            pending = b""
    yield from filter(None, [to_text(pending)])


def empty_texts(pieces):
    pending = b""
    for piece in pieces:
        pending += piece
        whole = len(pending) - waiting(pending)
        yield to_text(pending[:whole])
        pending = pending[whole:]
    if pending:
        yield to_text(pending)


def said_again(pieces):
    data = b""
    for piece in pieces:
        data += piece
        whole = len(data) - waiting(data)
        if whole:
            yield to_text(data[:whole])
    if waiting(data):
        yield to_text(data[-waiting(data) :])


def character_by_character(pieces):
    for text in right_stream(pieces):
        yield from text


def all_before_the_first(pieces):
    return iter(list(right_stream(pieces)))


def right_stream(pieces):
    pending = b""
    for piece in pieces:
        pending += piece
        whole = len(pending) - waiting(pending)
        if whole:
            yield to_text(pending[:whole])
            pending = pending[whole:]
    if pending:
        yield to_text(pending)


def from_the_start_each_time(pieces):
    data, shown = b"", 0
    for piece in pieces:
        data += piece
        whole = len(data) - waiting(data)
        if whole > shown:
            yield to_text(data[:whole])[len(to_text(data[:shown])) :]
            shown = whole
    if shown < len(data):
        yield to_text(data[shown:])


MISTAKES = {
    "encode_word": [
        (leftmost_first, "fez a fusão mais à esquerda; a que vem primeiro é a de menor ordem, onde quer que esteja"),
        (latest_first, "começou pela fusão aprendida por ÚLTIMO; comece pela de menor ordem"),
        (rightmost_of_equals, "de duas ocorrências do mesmo par, funda antes a da ESQUERDA"),
        (one_merge, "parou depois da primeira fusão; repita até que nenhum par esteja em ranks"),
        (rank_for_id, "pôs a ordem da fusão no lugar do id novo; ranks[par] é (ordem, id novo)"),
        (one_pass, "fez uma só passada, da esquerda para a direita; a cada fusão, procure de novo a de menor ordem"),
    ],
    "unfinished_bytes": [
        (last_byte_only, "olhou só o último byte; o começo do caractere pode estar até três bytes antes do fim"),
        (whole_characters_too, "contou um caractere que já está inteiro; compare com quantos bytes ele deve ter"),
        (continuations_only, "contou todo byte a partir de 0x80; veja onde o caractere começa e se ele já acabou"),
        (bytes_missing, "isto é quantos bytes FALTAM; o que se pede é quantos já vieram"),
        (any_high_byte_starts, "0xC0, 0xC1 e os bytes acima de 0xF4 não começam caractere nenhum"),
        (interrupted_ones_too, "esperou por um começo que outro byte já interrompeu; depois dele só vale 0x80 a 0xBF"),
    ],
    "stream_text": [
        (each_token_alone, "traduziu cada token sozinho; o começo de um caractere tem de esperar o token seguinte"),
        (end_lost, "o que ainda esperava no fim se perdeu; ele também sai, como �"),
        (empty_texts, "entregou textos vazios enquanto um caractere não acabava"),
        (all_before_the_first, "leu todos os tokens antes de entregar o primeiro texto; entregue cada um com yield"),
        (said_again, "entregou de novo o que já tinha entregado; só sai o que é novo"),
        (character_by_character, "entregou caractere por caractere; o que um token completa sai junto"),
        (only_when_all_is_whole, "segurou também o que já estava inteiro, à espera do resto"),
    ],
}

COSTLY = {
    "encode_word": [(every_merge_in_turn, SLOW)],
    "stream_text": [(from_the_start_each_time, SLOW)],
}

HINTS = [
    "unfinished_bytes e stream_text: olhe o texto como bytes; list('ã'.encode()) é [195, 163], isto é, 0xC3 e 0xA3. O "
    "primeiro byte de um caractere "
    "diz quantos ele tem; os outros não dizem nada.",
    "encode_word: ranks.get(par, (float('inf'), None))[0] é a ordem de qualquer par, infinita se ele não se funde; "
    "min, com essa chave, acha o lugar da próxima fusão. ids[i : i + 2] = [novo] a faz.",
    "unfinished_bytes: ande do fim para trás, no máximo três bytes, até achar um que comece caractere. Se ele tem mais "
    "bytes do que os que você andou, falta algum; se antes dele veio um byte que não continua nada, não falta.",
]


def word_and_ranks(size):
    rng = random.Random(0)
    ranks = {}
    while len(ranks) < 2000:
        ranks.setdefault((rng.randrange(40 + len(ranks)), rng.randrange(40)), (len(ranks), 40 + len(ranks)))
    return [rng.randrange(40) for _ in range(size)], ranks


def ending(size):
    return (("ã" * size).encode()[:-1],)


def tokens(size):
    text = ("ação 🙂 " * size).encode()
    return ([text[place : place + 3] for place in range(0, len(text), 3)],)


def drained(piece, pieces):
    return list(piece(pieces))


WORK = {
    "encode_word": Work(word_and_ranks, small=8, large=24),
    "unfinished_bytes": Work(ending, small=100, large=10_000),
    "stream_text": Work(tokens, small=50, large=1600, through=drained),
}
