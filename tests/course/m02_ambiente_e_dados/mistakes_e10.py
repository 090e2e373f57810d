"""Respostas erradas de m02.e10, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

from tinyllm.course.measure import SLOW, Work
from tinyllm.errors import UsageError

VISIBLE = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}


def table(visible, stand_ins):
    return "".join(chr(byte if byte in visible else next(stand_ins)) for byte in range(256))


def as_they_are():
    return bytes(range(256)).decode("latin-1")


def by_adding_256():
    return "".join(chr(byte if byte in VISIBLE else 256 + byte) for byte in range(256))


def soft_hyphen_visible():
    return table(VISIBLE | {0xAD}, iter(range(256, 512)))


def space_visible():
    return table(VISIBLE | {0x20}, iter(range(256, 512)))


def last_of_each_range_left_out():
    return table({*range(0x21, 0x7E), *range(0xA1, 0xAC), *range(0xAE, 0xFF)}, iter(range(256, 512)))


def visible_ones_first():
    whole = table(VISIBLE, iter(range(256, 512)))
    return "".join(sorted(whole, key=lambda character: (ord(character) >= 256, ord(character))))


def as_a_list():
    return list(table(VISIBLE, iter(range(256, 512))))


def utf8_of_the_spelling(spelling):
    return spelling.encode()


def minus_256(spelling):
    if not all(ord(character) < 512 for character in spelling):
        raise UsageError("no byte")
    return bytes(ord(character) % 256 for character in spelling)


def latin_1(spelling):
    return spelling.encode("latin-1")


def numbers_alone(spelling):
    return list(error_for_the_learner(spelling))


def error_for_the_learner(spelling):
    try:
        return error_of_python(spelling)
    except ValueError:
        raise UsageError("no byte") from None


def unknown_dropped(spelling):
    known = table(VISIBLE, iter(range(256, 512)))
    return bytes(known.index(character) for character in spelling if character in known)


def error_of_python(spelling):
    known = table(VISIBLE, iter(range(256, 512)))
    return bytes(known.index(character) for character in spelling)


def table_for_each_character(spelling):
    try:
        return bytes(table(VISIBLE, iter(range(256, 512))).index(character) for character in spelling)
    except ValueError:
        raise UsageError(f"{spelling!r} has a character that stands for no byte") from None


def is_header(number, line):
    return number == 1 and line.startswith("#version")


def read(
    text, vocab, *, first=1, skip=is_header, whole=True, ids=True, blank_lines=True, space=" ", end="\r", two=True
):
    merges, lines = [], [line.removesuffix(end) for line in text.split("\n")]
    for number, line in enumerate([line for line in lines if line or blank_lines], start=first):
        if not line or skip(number - first + 1, line):
            continue
        parts = line.split(space) if two else [*line.split(space), ""][:2]
        if len(parts) != 2 or not all(token in vocab for token in (*parts, *(["".join(parts)] if whole else []))):
            raise UsageError(f"merges.txt, line {number}: {line!r} is no merge")
        merges.append((vocab[parts[0]], vocab[parts[1]]) if ids else tuple(parts))
    return merges


def at_any_space(text, vocab):
    return read(text, vocab, space=None)


def end_of_windows_kept(text, vocab):
    return read(text, vocab, end="")


def others_of_the_line_left(text, vocab):
    return read(text, vocab, two=False)


def first_line_never_read(text, vocab):
    return read(text, vocab, skip=lambda number, line: number == 1)


def every_number_sign_skipped(text, vocab):
    return read(text, vocab, skip=lambda number, line: line.startswith("#"))


def header_anywhere(text, vocab):
    return read(text, vocab, skip=lambda number, line: line.startswith("#version"))


def lines_from_0(text, vocab):
    return read(text, vocab, first=0)


def blank_lines_not_counted(text, vocab):
    return read(text, vocab, blank_lines=False)


def whole_not_checked(text, vocab):
    return read(text, vocab, whole=False)


def texts_for_ids(text, vocab):
    return read(text, vocab, ids=False)


MISTAKES = {
    "byte_characters": [
        (as_they_are, "deixou todo byte como é; o espaço, os de controle e outros precisam de um caractere visível"),
        (by_adding_256, "somou 256 ao byte; os substitutos vêm em ordem, sem pular: o de 0x7F vem logo depois de Ġ"),
        (soft_hyphen_visible, "o 0xAD é um hífen que não se vê: ele também ganha um substituto"),
        (space_visible, "o espaço, 0x20, também ganha um substituto: o Ġ"),
        (as_a_list, "é uma lista; junte os caracteres num str, com ''.join(…)"),
        (last_of_each_range_left_out, "o último de cada faixa ficou de fora; 0x7E, 0xAC e 0xFF também são visíveis"),
        (visible_ones_first, "pôs todos os visíveis na frente; a posição de cada caractere é o seu BYTE"),
    ],
    "unspell": [
        (utf8_of_the_spelling, "codificou a escrita em UTF-8; cada caractere é UM byte, o da sua posição na tabela"),
        (minus_256, "tirou 256 do código do caractere, o que só acerta até o Ġ; procure-o na tabela"),
        (unknown_dropped, "descartou um caractere que não representa byte nenhum; isso é um UsageError"),
        (error_of_python, "deixou passar o erro do Python; troque-o por um UsageError que diga qual é o token"),
        (latin_1, "codificou em Latin-1, que não tem o Ġ; o byte de um caractere é a posição dele na tabela"),
        (numbers_alone, "devolveu uma lista de números; são bytes"),
    ],
    "read_merges": [
        (every_number_sign_skipped, "pulou toda linha que começa por #; '# #' é uma fusão como as outras"),
        (header_anywhere, "o cabeçalho só pode estar na linha 1; mais adiante, é uma linha errada"),
        (lines_from_0, "contou as linhas a partir de 0; a primeira é a 1"),
        (blank_lines_not_counted, "as linhas vazias também contam: é no editor que se vai procurar a linha"),
        (whole_not_checked, "faltou conferir se a junção dos dois tokens está no vocabulário"),
        (texts_for_ids, "guardou os textos dos tokens; o que se pede são os ids"),
        (at_any_space, "separou por qualquer espaço em branco; é UM espaço, e dois ou uma tabulação são erro"),
        (end_of_windows_kept, "o \\r do fim da linha ficou no token"),
        (others_of_the_line_left, "aceitou uma linha com três tokens; são dois"),
        (first_line_never_read, "pulou a primeira linha sem ver se é um cabeçalho; ela pode ser uma fusão"),
    ],
}  # fmt: skip

COSTLY = {"unspell": [(table_for_each_character, SLOW)]}

EQUIVALENT = {
    "visible = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}: 0x100 -> 257": "256 is no byte",
}

HINTS = [
    "byte_characters: há 188 bytes visíveis e 68 que não são. Percorra os 256 em ordem, com um contador que começa em "
    "256 e só anda "
    "quando um byte não é visível.",
    "unspell: tabela.index(caractere) é o byte que um caractere representa, e um ValueError se nenhum. Troque-o por um "
    "UsageError: try, except ValueError, raise UsageError(…) from None.",
    "read_merges: enumerate(text.split('\\n'), start=1) numera as linhas. Tire o '\\r', pule a linha vazia e o "
    "cabeçalho da "
    "linha 1, separe por ' ' e confira três textos no vocabulário: o da esquerda, o da direita e os dois juntos.",
]


def nothing(size):
    return ()


def spelling_of(size):
    return ("ĠÃ©aÃ£oĊ" * size,)


def file_and_vocabulary(size):
    letters = "abcdefghijklmnopqrstuvwxyz"
    pairs = [(left, right) for left in letters for right in letters][:size]
    tokens = [*letters, *(left + right for left, right in pairs)]
    text = "#version: 0.2\n" + "".join(f"{left} {right}\n" for left, right in pairs)
    return text, {token: number for number, token in enumerate(tokens)}


WORK = {
    "byte_characters": Work(nothing, small=1, large=2),
    "unspell": Work(spelling_of, small=2, large=40),
    "read_merges": Work(file_and_vocabulary, small=60, large=600),
}
