"""m02.e04: composed letters, what no reader sees, and the text of a page."""

import random

import pytest

LETTERS = "aAoeç o\u0303a\u0301e\u0302 \u0327ºª½ﬁ²🐀\u200d👩\u200d🔬 b\t"
LINES = ["\n", "\r\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029", "\n\r\n"]
MARKS = [chr(code) for code in (
    0, 3, 8, 9, 10, 11, 13, 14, 0x1B, 0x1F, 0x20, 0x7E, 0x7F, 0x90, 0x9F, 0xA0, 0xAC, 0xAD, 0xAE, 0x200A, 0x200B,
    0x200C, 0x200D, 0x200E, 0x200F, 0x2010, 0x2029, 0x202A, 0x202C, 0x202E, 0x202F, 0x205F, 0x2060, 0x2066, 0x206F,
    0x2070, 0xFEFF, 0xFEFE, 0xFFEF, 0xFFF0, 0xFFFC, 0xFFFD, 0xD7FF, 0xD800, 0xDFFF, 0xE000, 0xF8FF, 0xF900, 0xE0000,
    0xE0FFF, 0xE1000, 0xEFFFF, 0xF0000, 0x10FFFF,
)]  # fmt: skip
PAGE = """<!DOCTYPE html>
<html><head><title>Um conto</title>
<style>p { color: red }</style>
<SCRIPT type="text/javascript">if (a < b) { alert("<p>oi</p>") }
</SCRIPT ></head>
<body class="x"><nav><a href="/">início</a></nav>
<!-- um <b>comentário</b>
em duas linhas -->
<H1>A gata
  e o rato</H1><p>Era uma vez uma <b>g</b>ata<br/>cinzenta&nbsp;&amp; sabida, a
<em>Mia</em>.</p><P>Custava R$&nbsp;2 &lt; 3 &mdash; e 2 < 3 > 1, disse o jo&atilde;o: &lt;b&gt;.
<ul><li>pão<li>caf&#233;</ul><table><tr><td>um</td><td>dois</td></tr></table>
<footer>feito em casa</footer></body></html>
"""


@pytest.mark.parametrize("text", ["", "a\u0303o\r\n", "Não há pão.", "1º, ½ e ﬁm ²", "c\u0327a\u0303 e\u0301 \u0301",
                                  "avo\u0301 e avo\u0302"])  # fmt: skip
def test_compose(judge, text):
    judge.same("compose", text, case=repr(text))


@pytest.mark.parametrize("end", LINES)
def test_compose_makes_every_line_end_the_same(judge, end):
    text = f"pa\u0303o{end}{end}cafe\u0301{end}"
    found = judge.same("compose", text, case=repr(text))
    judge.that(set(found) == set("pão\ncafé"), "compose", repr(text), "não deveria sobrar outro fim de linha")


@pytest.mark.parametrize("seed", range(5))
def test_compose_twice_is_compose_once(judge, seed):
    rng = random.Random(seed)
    text = "".join(rng.choices([*LETTERS, *LINES], k=200))
    once = judge.same("compose", text, case=f"200 caracteres ao acaso (semente {seed})")
    judge.that(judge.answer.compose(once) == once, "compose", repr(once[:40]), "de novo, não deveria mudar nada")


def test_remove_invisible_by_hand(judge):
    found = judge.same("remove_invisible", "co\u00adne\u200bxão\ufeff\tfim\n", case="o exemplo")
    judge.that(found == "conexão\tfim\n", "remove_invisible", "o exemplo", "deveria dar 'conexão\\tfim\\n'")


@pytest.mark.parametrize("mark", MARKS, ids=lambda mark: f"U+{ord(mark):04X}")
def test_remove_invisible(judge, mark):
    judge.same("remove_invisible", f"a{mark}b{mark}", case=f"dois U+{ord(mark):04X} entre letras")


@pytest.mark.parametrize("seed", range(5))
def test_remove_invisible_of_a_mixture(judge, seed):
    rng = random.Random(seed)
    text = "".join(rng.choices([*LETTERS, *MARKS], k=100))
    judge.same("remove_invisible", text, case=f"100 caracteres ao acaso (semente {seed})")


def test_remove_invisible_of_nothing(judge):
    judge.same("remove_invisible", "", case="um texto vazio")


@pytest.mark.parametrize(("page", "text"), [
    ("", ""),
    ("<h1>Oi</h1><p>Tudo&nbsp;<b>bem</b>?", "Oi\nTudo bem?"),
    ("<b>A</b>na\n  e <i>B</i>ia", "Ana e Bia"),
    ("a <b\nclass='x'>c</b> d", "a c d"),
    ("2 < 3 e 5 > 4, a<1", "2 < 3 e 5 > 4, a<1"),
    ("&lt;p&gt; &amp;lt; &eacute; &#227; &nbsp; fim", "<p> &lt; é ã fim"),
    ("<p>um</p>\n\n<P>dois</P><pre>três</pre>", "um\ndois\ntrês"),
    ("antes<script>x = '<p>'</script>depois<!-- a --> e <!-- b -->fim", "antesdepois e fim"),
    ("<styled>fica</styled> <script src=a></script>isto", "fica isto"),
    ("<brasil>a</brasil> <br>b", "a\nb"),
    ("<p>   </p>\n<div><div>só um</div></div>", "só um"),
])  # fmt: skip
def test_page_text_by_hand(judge, page, text):
    found = judge.same("page_text", page, case=repr(page))
    judge.that(found == text, "page_text", repr(page), f"deveria dar {text!r}; veio {found!r}")


def test_page_text(judge):
    found = judge.same("page_text", PAGE, case="uma página inteira")
    judge.that(len(found.split("\n")) == 8, "page_text", "uma página inteira", "deveria dar 8 linhas")


@pytest.mark.parametrize("name", ["compose", "remove_invisible", "page_text"])
def test_time_and_memory(judge, name):
    judge.fast(name)
