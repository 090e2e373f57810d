"""Respostas erradas de m02.e07, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

import itertools

from tinyllm.course.measure import SLOW, Work


def rarest(counts, room):
    return sorted(sorted(counts, key=lambda piece: (counts[piece], piece))[:room])


def in_order_of_count(counts, room):
    return sorted(counts, key=lambda piece: (-counts[piece], piece))[:room]


def first_seen_of_equals(counts, room):
    return sorted(sorted(counts, key=lambda piece: -counts[piece])[:room])


def last_of_equals(counts, room):
    return sorted(sorted(counts, key=lambda piece: (counts[piece], piece), reverse=True)[:room])


def first_of_all(counts, room):
    return sorted(counts)[:room]


def not_cut(counts, room):
    return sorted(counts)


def with_their_counts(counts, room):
    return sorted((piece, counts[piece]) for piece in chosen(counts, room))


def as_most_common_gives_them(counts, room):
    return sorted(counts.items(), key=lambda pair: -pair[1])[:room]


def room_for_the_unknown(counts, room):
    return sorted(chosen(counts, max(0, room - 1)))


def chosen(counts, room):
    return sorted(counts, key=lambda piece: (-counts[piece], piece))[:room]


def unknown_dropped(text, cut, vocabulary):
    ids = {piece: token for token, piece in enumerate(vocabulary)}
    return [ids[piece] for piece in cut(text) if piece in ids]


def ids_after_the_unknown(text, cut, vocabulary):
    ids = {piece: token for token, piece in enumerate(vocabulary, start=1)}
    return [ids.get(piece, 0) for piece in cut(text)]


def always_characters(text, cut, vocabulary):
    ids = {piece: token for token, piece in enumerate(vocabulary)}
    return [ids.get(piece, 0) for piece in text]


def always_at_spaces(text, cut, vocabulary):
    ids = {piece: token for token, piece in enumerate(vocabulary)}
    return [ids.get(piece, 0) for piece in text.split()]


def unknown_as_the_last(text, cut, vocabulary):
    ids = {piece: token for token, piece in enumerate(vocabulary)}
    return [ids.get(piece, len(vocabulary)) for piece in cut(text)]


def unknown_below_all(text, cut, vocabulary):
    ids = {piece: token for token, piece in enumerate(vocabulary)}
    return [ids.get(piece, -1) for piece in cut(text)]


def unknown_as_nothing(text, cut, vocabulary):
    ids = {piece: token for token, piece in enumerate(vocabulary)}
    return [ids.get(piece) for piece in cut(text)]


def up_to_the_unknown(text, cut, vocabulary):
    ids = {piece: token for token, piece in enumerate(vocabulary)}
    return [ids[piece] for piece in itertools.takewhile(ids.__contains__, cut(text))]


def search_in_the_list(text, cut, vocabulary):
    return [vocabulary.index(piece) if piece in vocabulary else 0 for piece in cut(text)]


def spaces_between(ids, vocabulary):
    return " ".join(vocabulary[token] for token in ids)


def unknown_left_out(ids, vocabulary):
    return "".join(vocabulary[token] for token in ids if token != 0)


def one_too_low(ids, vocabulary):
    return "".join(vocabulary[token - 1] for token in ids)


def not_joined(ids, vocabulary):
    return [vocabulary[token] for token in ids]


def ends_cut(ids, vocabulary):
    return "".join(vocabulary[token] for token in ids).strip()


def question_mark_for_unknown(ids, vocabulary):
    return "".join(vocabulary[token] if token else "?" for token in ids)


MISTAKES = {
    "most_frequent": [
        (rarest, "ficou com os MENOS frequentes"),
        (in_order_of_count, "a lista saiu em ordem de frequência; depois de escolher, ponha-a em ordem Unicode"),
        (first_seen_of_equals, "nos empates, ficou o que apareceu primeiro; deve ser o primeiro na ordem Unicode"),
        (last_of_equals, "nos empates, ficou o último na ordem Unicode; deve ser o primeiro"),
        (first_of_all, "escolheu pela ordem Unicode; escolha pela frequência e só depois ordene"),
        (not_cut, "não cortou a lista: são no máximo `room` pedaços"),
        (with_their_counts, "devolveu pares (pedaço, contagem); são só os pedaços"),
        (as_most_common_gives_them, "devolveu pares (pedaço, contagem); são só os pedaços"),
        (room_for_the_unknown, "reservou um lugar para UNKNOWN; `room` já não o conta"),
    ],
    "encode": [
        (unknown_dropped, "o que não está no vocabulário sumiu; no lugar dele vai o id 0"),
        (ids_after_the_unknown, "os ids estão um acima; o id é a posição na lista, que já começa por UNKNOWN"),
        (always_characters, "cortou o texto de outro jeito; quem o corta é cut(text)"),
        (always_at_spaces, "cortou o texto de outro jeito; quem o corta é cut(text)"),
        (unknown_as_the_last, "o que não está no vocabulário ganhou outro id; é 0"),
        (unknown_below_all, "o que não está no vocabulário ganhou outro id; é 0"),
        (unknown_as_nothing, "o que não está no vocabulário ganhou outro id; é 0"),
        (up_to_the_unknown, "parou no primeiro pedaço que não está no vocabulário"),
    ],
    "decode": [
        (spaces_between, "pôs espaços entre os pedaços; os espaços do texto já estão dentro deles"),
        (unknown_left_out, "o id 0 sumiu ou virou outro texto; o dele é UNKNOWN, que está na lista"),
        (one_too_low, "leu a posição anterior da lista; o id é a própria posição"),
        (not_joined, "devolveu a lista dos pedaços; o que se pede é o texto que formam juntos"),
        (ends_cut, "cortou os espaços das pontas do texto; eles estão nos pedaços"),
        (question_mark_for_unknown, "o id 0 sumiu ou virou outro texto; o dele é UNKNOWN, que está na lista"),
    ],
}

COSTLY = {"encode": [(search_in_the_list, SLOW)]}

HINTS = [
    "most_frequent: são duas coisas diferentes, escolher quais pedaços entram, pela frequência, e a ordem em que "
    "ficam na lista, a "
    "Unicode. São dois sorted.",
    "sorted(counts, key=lambda piece: (-counts[piece], piece)) põe os mais frequentes na frente e, nos empates, segue "
    "a ordem Unicode.",
    "encode: faça antes um dicionário {pedaço: posição} com enumerate; ids.get(pedaço, 0) dá o id ou o do "
    "desconhecido. decode: ''.join dos pedaços.",
]


def counted_pieces(size):
    return {f"p{number * 7919 % size}": number % 97 for number in range(size)}, size // 2


def text_and_vocabulary(size):
    return (
        " ".join(f"p{number % (size // 2)}" for number in range(size)),
        str.split,
        [f"p{number}" for number in range(size // 2)],
    )


def ids_and_vocabulary(size):
    return [number % 499 for number in range(size)], [f"p{number}" for number in range(500)]


WORK = {
    "most_frequent": Work(counted_pieces, small=200, large=2000),
    "encode": Work(text_and_vocabulary, small=500, large=5000),
    "decode": Work(ids_and_vocabulary, small=1000, large=10_000),
}
