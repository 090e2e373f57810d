"""Respostas erradas de m02.e04, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

import html
import re
import unicodedata

from tinyllm.course.measure import SLOW, Work

LINE_ENDS = "\r\n?|[\x0b\x0c\x85\u2028\u2029]"
HIDDEN = [
    (0x00, 0x08), (0x0E, 0x1F), (0x7F, 0x9F), (0xAD, 0xAD), (0x200B, 0x200B), (0x200E, 0x200F), (0x202A, 0x202E),
    (0x2060, 0x206F), (0xFEFF, 0xFEFF), (0xFFF0, 0xFFFC), (0xD800, 0xDFFF), (0xE000, 0xF8FF), (0xE0000, 0xE0FFF),
    (0xF0000, 0x10FFFF),
]  # fmt: skip
OUTSIDE = r"<!--.*?-->|<!.*?>|<(script|style|title|nav|footer)\b[^<>]*>.*?</\1\s*>"
BLOCK = (
    r"</?(address|article|blockquote|body|br|div|dd|dl|dt|h[1-6]|head|header|hr|html|li|main|ol|p|pre|section|table|td"
    r"|tr|ul)\b[^<>]*>"
)
TAG = r"</?[a-zA-Z][^<>]*>"


def decomposed(text):
    return unicodedata.normalize("NFD", re.sub(LINE_ENDS, "\n", text))


def compatible(text):
    return unicodedata.normalize("NFKC", re.sub(LINE_ENDS, "\n", text))


def accents_lost(text):
    apart = unicodedata.normalize("NFD", re.sub(LINE_ENDS, "\n", text))
    return "".join(c for c in apart if not unicodedata.combining(c))


def two_lines_for_one(text):
    return unicodedata.normalize("NFC", re.sub("[\r\n\x0b\x0c\x85\u2028\u2029]", "\n", text))


def line_ends_left(text):
    return unicodedata.normalize("NFC", text)


def only_those_of_windows(text):
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))


def last_line_end_lost(text):
    return unicodedata.normalize("NFC", "\n".join(text.splitlines()))


def blank_lines_lost(text):
    return unicodedata.normalize("NFC", re.sub("[\r\n\x0b\x0c\x85\u2028\u2029]+", "\n", text))


def ends_cut(text):
    return unicodedata.normalize("NFC", re.sub(LINE_ENDS, "\n", text)).strip()


def what_cannot_be_printed(text):
    return "".join(c for c in text if c.isprintable())


def what_cannot_be_printed_but_lines(text):
    return "".join(c for c in text if c.isprintable() or c in "\n\t")


def every_control(text):
    return re.sub("[\x00-\x1f\x7f-\x9f]", "", text)


def the_ends_of_each_range(text):
    return "".join(c for c in text if not any(ord(c) in pair for pair in HIDDEN))


def one_end_left_out(text):
    return "".join(c for c in text if not any(first <= ord(c) < last for first, last in HIDDEN))


def controls_and_formats(text):
    return "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co") or c in "\t\n\x0b\x0c\r")


def every_category_of_them(text):
    return "".join(c for c in text if not unicodedata.category(c).startswith("C"))


def a_space_instead(text):
    return "".join(" " if any(first <= ord(c) <= last for first, last in HIDDEN) else c for c in text)


def lines_of(page):
    lines = (" ".join(line.split()) for line in page.split("\n"))
    return "\n".join(line for line in lines if line)


def outside(page):
    return " ".join(re.sub(OUTSIDE, "", page, flags=re.DOTALL | re.IGNORECASE).split())


def blocks(page):
    return re.sub(BLOCK, "\n", page, flags=re.IGNORECASE)


def scripts_are_read(page):
    page = " ".join(re.sub("<!--.*?-->|<!.*?>", "", page, flags=re.DOTALL).split())
    return lines_of(html.unescape(re.sub(TAG, "", blocks(page))))


def entities_first(page):
    return lines_of(re.sub(TAG, "", blocks(outside(html.unescape(page)))))


def entities_left(page):
    return lines_of(re.sub(TAG, "", blocks(outside(page))))


def one_line_for_all(page):
    return lines_of(html.unescape(re.sub(TAG, "", outside(page))))


def every_tag_is_a_line(page):
    return lines_of(html.unescape(re.sub(TAG, "\n", outside(page))))


def a_space_for_each_tag(page):
    return lines_of(html.unescape(re.sub(TAG, " ", blocks(outside(page)))))


def small_letters_only(page):
    page = " ".join(re.sub(OUTSIDE, "", page, flags=re.DOTALL).split())
    return lines_of(html.unescape(re.sub(TAG, "", re.sub(BLOCK, "\n", page))))


def all_between_angles(page):
    return lines_of(html.unescape(re.sub("<[^>]*>", "", blocks(outside(page)))))


def comments_are_read(page):
    unread = OUTSIDE.removeprefix("<!--.*?-->|<!.*?>|")
    page = " ".join(re.sub(unread, "", page, flags=re.DOTALL | re.IGNORECASE).split())
    return lines_of(html.unescape(re.sub(TAG, "", blocks(page))))


def blank_lines_kept(page):
    page = html.unescape(re.sub(TAG, "", blocks(outside(page))))
    return "\n".join(" ".join(line.split()) for line in page.split("\n"))


def lines_of_the_source(page):
    page = re.sub(OUTSIDE, "", page, flags=re.DOTALL | re.IGNORECASE)
    return lines_of(html.unescape(re.sub(TAG, "", blocks(page))))


def tag_by_tag(page):
    page = blocks(outside(page))
    while match := re.search(TAG, page):
        page = page[: match.start()] + page[match.end() :]
    return lines_of(html.unescape(page))


MISTAKES = {
    "compose": [
        (decomposed, "separou letra e acento (NFD); é a NFC que os junta"),
        (compatible, "a NFKC muda o texto: º vira o, e ½ vira três caracteres; use a NFC"),
        (accents_lost, "tirou os acentos: “avó” e “avô” ficaram iguais"),
        (two_lines_for_one, 'cada "\\r\\n" virou duas linhas; é um fim de linha só'),
        (line_ends_left, 'os fins de linha ficaram como vieram; todos devem ser "\\n"'),
        (only_those_of_windows, 'faltaram fins de linha mais raros: "\\x0b", "\\x0c", "\\x85", "\\u2028", "\\u2029"'),
        (last_line_end_lost, "o fim de linha do fim do texto se perdeu; splitlines não o devolve"),
        (blank_lines_lost, "juntou vários fins de linha num só, e as linhas vazias sumiram"),
        (ends_cut, "cortou os espaços e os fins de linha das pontas do texto; eles ficam"),
    ],
    "remove_invisible": [
        (what_cannot_be_printed, "tirou tudo o que isprintable recusa, também os fins de linha"),
        (one_end_left_out, "o último caractere de cada faixa ficou; os dois extremos saem"),
        (controls_and_formats, "tirou pela categoria do Unicode, e com ela os que juntam emojis; use a lista dada"),
        (every_category_of_them, "tirou pela categoria do Unicode, e com ela os que juntam emojis; use a lista dada"),
        (a_space_instead, "pôs um espaço no lugar, e cortou palavras ao meio"),
        (
            what_cannot_be_printed_but_lines,
            "tirou tudo o que isprintable recusa; a lista dada diz o que sai, e é mais curta",
        ),
        (every_control, "tirou só caracteres de controle, e entre eles os fins de linha; use a lista dada"),
        (the_ends_of_each_range, "tirou só os dois extremos de cada faixa; saem também os códigos entre eles"),
    ],
    "page_text": [
        (scripts_are_read, "leu o que está dentro de script, style e outras que não são texto"),
        (entities_first, "trocou as entidades cedo demais: &lt;b&gt; é um texto, e virou uma etiqueta"),
        (entities_left, "as entidades, como &aacute;, ficaram por traduzir"),
        (one_line_for_all, "os blocos se colaram uns nos outros; cada um é uma linha"),
        (every_tag_is_a_line, "toda etiqueta virou um fim de linha; <b> e <a> ficam no meio da frase"),
        (lines_of_the_source, "os fins de linha do HTML ficaram; no HTML eles são só espaços"),
        (a_space_for_each_tag, "pôs um espaço no lugar de cada etiqueta: <b>A</b>na ficou em dois pedaços"),
        (small_letters_only, "só viu etiquetas em minúsculas; <P> é <p>"),
        (all_between_angles, "tratou como etiqueta tudo entre < e >; 2 < 3 não é uma, e fica"),
        (comments_are_read, "os comentários, <!-- … -->, e as declarações ficaram no texto"),
        (blank_lines_kept, "ficaram linhas vazias"),
    ],
}

COSTLY = {"page_text": [(tag_by_tag, SLOW)]}

HINTS = [
    'compose: re.sub("\\r\\n?|[…]", "\\n", texto) troca primeiro o par, depois os que estão entre colchetes; '
    'unicodedata.normalize("NFC", texto) faz o resto.',
    "remove_invisible: numa expressão regular, [a-fx-z] é uma classe de duas faixas. Monte a classe com chr(primeiro), "
    "um hífen e chr(último) para cada par, e troque por nada.",
    r'page_text: rf"<({UNREAD})\b[^<>]*>.*?</\1\s*>" casa uma etiqueta e o seu fecho; com flags=re.DOTALL | '
    're.IGNORECASE o ponto passa de linha e as maiúsculas não importam. " ".join(linha.split()) arruma os espaços.',
]


def of_both_forms(size):
    return ("Não há pão, avó.\r\nE amanha\u0303?\x0c" * size,)


def with_marks(size):
    return ("co\u00adne\u200bxão\ufeff e mais texto que fica como está\n" * size,)


def a_page(size):
    return ("<p>Era uma vez uma <b>gata</b> &amp; um rato.<script>var x = 1;</script></p>\n" * size,)


WORK = {
    "compose": Work(of_both_forms, small=50, large=1000),
    "remove_invisible": Work(with_marks, small=50, large=1000, limit=None),
    "page_text": Work(a_page, small=20, large=3000),
}
