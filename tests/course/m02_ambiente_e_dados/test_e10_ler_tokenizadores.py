"""m02.e10: bytes spelled as characters and back, and merges read line by line, each mistake told with its line."""

import pytest

from tinyllm.errors import UsageError
from tinyllm.text import formats, merges_txt

VOCAB = {"a": 0, "b": 1, "#": 2, "##": 3, "ab": 4, "aba": 5, "Ġ": 6, "Ġa": 7, "Ã": 8, "£": 9, "Ã£": 10, "Ġab": 11}
FILES = {
    "o exemplo": "#version: 0.2\na b\n",
    "sem cabeçalho": "a b\nab a",
    "fusões do próprio #": "#version: 0.2\n# #\na b\n",
    "uma fusão do # na primeira linha": "# #\na b\n",
    "linhas do Windows": "#version: 0.2\r\na b\r\n\r\nĠ a\r\n",
    "acentos e espaços": "#version: 0.2\nÃ £\nĠ a\nĠa b\n",
    "linhas vazias": "\n\na b\n\nĠ a\n\n",
    "nada": "",
}
WRONG = {
    "a junção não existe": "#version: 0.2\na b\nb a\n",
    "um token desconhecido, à esquerda": "a b\n\n\nc b\n",
    "um token desconhecido, à direita": "a b\n\na c\n",
    "três tokens": "#version: 0.2\n\na b a\n",
    "um token só": "ab\na b\n",
    "um token só, na linha 2": "a b\nab\n",
    "dois espaços": "#version: 0.2\na  b\n",
    "uma tabulação": "a b\na\tb\n",
    "#version fora do começo": "a b\n# #\n#version: 0.2\n",
    "um espaço no fim": "a b\na b \n",
}
SPELLINGS = ["ĠÃ©", "a", "", "Ġcasa", "Ċ", "Ń", "ġ", "ÿ", "ĀāĂ", "Ã£o", "ł", "¡¬®"]
UNKNOWN = ["a b", "€", "Ń ń", "\xad", "日", "a\n", "\x7f"]


def or_error(piece, *arguments):
    """What a piece gives, or the kind of its error and, if it tells one, the line."""
    try:
        return piece(*arguments)
    except (UsageError, LookupError, ValueError, TypeError) as error:
        message = str(error)
        return type(error).__name__, message.partition(":")[0] if message.startswith("merges.txt") else ""


def test_byte_characters(judge):
    found = judge.same("byte_characters", case="a tabela inteira")
    judge.that(list(found) == formats.BYTE_CHARACTERS, "byte_characters", "a tabela inteira", "difere da biblioteca")
    judge.that(len(set(found)) == 256 and found.isprintable(), "byte_characters", "a tabela inteira",
               "os 256 caracteres deveriam ser diferentes e visíveis")  # fmt: skip


@pytest.mark.parametrize("byte", [0x00, 0x0A, 0x20, 0x21, 0x41, 0x7E, 0x7F, 0xA0, 0xA1, 0xAC, 0xAD, 0xAE, 0xFF])
def test_one_byte(judge, byte):
    judge.same("byte_characters", case=f"o byte 0x{byte:02X}", through=lambda piece: piece()[byte])


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_unspell(judge, spelling):
    found = judge.same("unspell", spelling, case=f"{spelling!r}", through=or_error)
    judge.that(found == formats.unspell(spelling), "unspell", f"{spelling!r}", "difere da biblioteca")
    judge.that(judge.answer.spell(found) == spelling, "unspell", f"{spelling!r}",
               f"spell do resultado deveria dar {spelling!r} de volta")  # fmt: skip


@pytest.mark.parametrize("spelling", UNKNOWN)
def test_unspell_what_stands_for_no_byte(judge, spelling):
    judge.same("unspell", spelling, case=f"{spelling!r}, que não representa bytes", through=or_error)


def test_every_byte_comes_back(judge):
    for byte in range(256):
        spelling = judge.solution.spell(bytes([byte, byte]))
        judge.same("unspell", spelling, case=f"{spelling!r}, o byte 0x{byte:02X} duas vezes", through=or_error)


@pytest.mark.parametrize("name", FILES)
def test_read_merges(judge, name):
    text = FILES[name]
    found = judge.same("read_merges", text, VOCAB, case=f"{name}: {text!r}, vocab {VOCAB}", through=or_error)
    judge.that(found == merges_txt.read_merges(text, VOCAB), "read_merges", repr(text), "difere da biblioteca")


@pytest.mark.parametrize("name", WRONG)
def test_read_merges_tells_the_line_that_is_wrong(judge, name):
    text = WRONG[name]
    found = judge.same("read_merges", text, VOCAB, case=f"{name}: {text!r}, vocab {VOCAB}", through=or_error)
    judge.that(found == or_error(merges_txt.read_merges, text, VOCAB), "read_merges", repr(text),
               "difere da biblioteca")  # fmt: skip


@pytest.mark.parametrize("name", ["byte_characters", "unspell", "read_merges"])
def test_time_and_memory(judge, name):
    judge.fast(name)
