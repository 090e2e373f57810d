"""Cleaning: each step and filter on its own, what the report counts, and the course's own texts left as they are."""

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinyllm.data import clean as cleaning
from tinyllm.data import corpora
from tinyllm.data.clean import CleanConfig, CleanReport, clean, documents
from tinyllm.data.html_text import html_to_text, read_page
from tinyllm.errors import UsageError

PAGE = """<!DOCTYPE html><html><head><title>Receitas</title><style>p { color: red }</style>
<script>if (a < b && c > d) { alert("<p>não</p>") }</script></head>
<body><nav><ul><li>Início</li><li>Contato</li></ul></nav>
<h1>Bolo de fub&aacute;</h1><p>Misture o a&ccedil;&uacute;car,
o &oacute;leo &amp; os <b>ovos</b>.<br>Asse por 40&nbsp;minutos.</p><!-- fim -->
<ul><li>2 ovos<li>1 x&iacute;cara</ul><table><tr><td>a</td><td>b</td></tr></table>
<footer>Todos os direitos reservados</footer></body></html>"""
BOOK = """The Project Gutenberg EBook of Dom Casmurro

*** START OF THIS PROJECT GUTENBERG EBOOK DOM CASMURRO ***

Produced by Alguém, and the Online
Distributed Proofreading Team

CAPITULO PRIMEIRO

Uma noite destas, vindo da cidade para o Engenho Novo, encontrei no trem
da Central um rapaz aqui do bairro, que eu conheço de vista e de chapéo.
Cumprimentou-me.

As armas e os barões assinalados
Que da ocidental praia lusitana

*** END OF THIS PROJECT GUTENBERG EBOOK DOM CASMURRO ***

Updated editions will replace the previous one.
"""
SENTENCES = {
    "pt": [
        "A menina foi até a casa da avó para levar uma cesta de frutas, mas no caminho encontrou um lobo.",
        "Não há nada que se possa fazer agora; é preciso esperar que a chuva passe e o rio volte ao seu leito.",
        "O presidente disse ontem que os preços dos alimentos devem cair nos próximos meses, com a nova safra.",
        "Misture bem a farinha com os ovos e leve ao forno por quarenta minutos, até que fique dourado.",
        "Elle entrou na sala, sentou-se ao pé da janella e disse que não lhe dava mais do que isso.",
    ],
    "es": [
        "La niña fue hasta la casa de su abuela para llevarle una cesta de frutas, pero en el camino vio un lobo.",
        "No hay nada que se pueda hacer ahora; es necesario esperar a que pase la lluvia y el río vuelva a su cauce.",
        "El presidente dijo ayer que los precios de los alimentos deben bajar en los próximos meses.",
    ],
    "fr": [
        "La petite fille est allée chez sa grand-mère avec un panier de fruits, mais elle a vu un loup dans le bois.",
        "Il n'y a rien que l'on puisse faire maintenant, sinon attendre que la pluie passe et que le jour se lève.",
    ],
    "it": [
        "La bambina andò a casa della nonna con un cesto di frutta, ma per la strada incontrò un lupo.",
        "Non c'è niente che si possa fare adesso: bisogna aspettare che la pioggia passi e che il fiume si calmi.",
    ],
    "en": [
        "The girl went to the house of her grandmother with a basket of fruit, but she met a wolf on the way.",
        "There is nothing that can be done now; we have to wait for the rain to stop and for the river to calm.",
    ],
}
LIMITS = CleanConfig(shortest=1)


def clean_one(text, **limits):
    report = CleanReport()
    return list(clean([text], CleanConfig(**{"shortest": 1, "portuguese": 0.0, **limits}), report)), report


def test_a_page_becomes_its_text():
    lines = [line for line in html_to_text(PAGE).split("\n") if line.strip()]
    assert [" ".join(line.split()) for line in lines] == [
        "Bolo de fubá",
        "Misture o açúcar, o óleo & os ovos.",
        "Asse por 40 minutos.",
        "2 ovos",
        "1 xícara",
        "a b",
    ]


@pytest.mark.parametrize("text", ["se a < b e c > d", "3 <4", "R&D, M&M's", "<3", "a <b", "1 & 2;", "x<y>z", ""])
def test_what_is_no_markup_stays(text):
    assert html_to_text(text) == text


def test_stray_markup_keeps_the_lines_of_a_text():
    assert html_to_text("Ele &amp; ela.\n<b>Fim</b>\n") == "Ele & ela.\nFim"


def test_nested_and_unclosed_parts_that_are_not_read():
    assert html_to_text("<nav>a<nav>b</nav>c</nav>d") == "d"
    assert html_to_text("<p>a</b>b<script>c</p>").split() == ["ab"]


ATTACKS = ["<!--", "<a ", "<a href='", "</", "<![x[", "&#", "<p", "<p <", "<script>", "<div>", "<p>&a", "<nav>",
           "<p>\x00", '<a b="', "<?x", "<p><", "<br/>", "<!doctype html", "&amp"]  # fmt: skip


@pytest.mark.parametrize("piece", ATTACKS)
def test_hostile_pages_take_no_longer(piece):
    began = time.process_time()
    html_to_text("<p>" + piece * (200_000 // len(piece)))
    assert time.process_time() - began < 2


def test_any_mixture_of_markup_gives_some_text():
    pieces = [*ATTACKS, "</script>", "-->", ">", "</nav>", "texto", "'", '"', "]]>", "\n", "=", "&nbsp;", "<![if !x]>"]
    for seed in range(1000):
        chance = random.Random(seed)
        assert isinstance(html_to_text("".join(chance.choices(pieces, k=20))), str)


def test_the_encoding_that_a_page_declares(tmp_path):
    path = tmp_path / "p.html"
    page = '<html><meta http-equiv="Content-Type" content="text/html; charset={}"><p>“ação” não</p>'
    for declared, encoding in [("iso-8859-1", "cp1252"), ("windows-1252", "cp1252"), ("UTF-8", "utf-8-sig")]:
        path.write_bytes(page.format(declared).encode(encoding))
        assert html_to_text(read_page(path)) == "“ação” não"
    path.write_bytes(page.format("klingon").encode())
    with pytest.raises(UsageError, match="declares the encoding 'klingon', which is not known"):
        read_page(path)
    for declared in ("base64", "zlib", "hex", "rot13", "idna"):  # codecs of Python that are no encodings of text
        path.write_bytes(page.format(declared).encode())
        with pytest.raises(UsageError):
            read_page(path)
    path.write_bytes("ação".encode("cp1252"))
    with pytest.raises(UsageError, match="is not UTF-8 at byte 1; convert it"):
        read_page(path)


def test_a_book_without_its_notices_and_with_whole_paragraphs(tmp_path):
    path = tmp_path / "livro.txt"
    path.write_text(BOOK, encoding="utf-8")
    ((text,), report) = (list(clean(documents(path), LIMITS, report := CleanReport())), report)
    assert text.split("\n") == [
        "CAPITULO PRIMEIRO",
        "Uma noite destas, vindo da cidade para o Engenho Novo, encontrei no trem da Central um rapaz aqui do bairro, "
        "que eu conheço de vista e de chapéo. Cumprimentou-me.",
        "As armas e os barões assinalados",
        "Que da ocidental praia lusitana",
    ]
    assert report.changed["gutenberg"] == report.changed["wrapped"] == 1


def test_a_text_file_holds_many_texts_unless_it_is_read_whole(tmp_path):
    path = tmp_path / "t.txt"
    path.write_text("um\ndois\n\n\ntrês\n \nquatro", encoding="utf-8-sig")
    assert list(documents(path)) == ["um\ndois", "três", "quatro"]
    assert list(documents(path, whole=True)) == ["um\ndois\n\n\ntrês\n \nquatro"]


@pytest.mark.parametrize(
    ("step", "text", "expected"),
    [
        ("unicode", "a\u0301gua\r\nc\u0327a\rfim\u2028x\x0cy", "água\nça\nfim\nx\ny"),
        ("invisible", "\ufeffo\u00ad que\u200b é\x00\x1b is\u202eso\ud83d? 👩\u200d🔬", "o que é isso? 👩\u200d🔬"),
        ("spaces", "  a \t b\u00a0c \n\n  \n d ", "a b c\nd"),
        ("repeats", "a\na\nb\na\na\na", "a\nb\na"),
        ("menus", "Início\nNotícias\nFale conosco\nLoja\nMapa do site\nOlá, mundo.", "Olá, mundo."),
        ("menus", "Início | Notícias | Esporte | Contato\nTexto", "Texto"),
        ("menus", "2 ovos\nsal\naçúcar\n1 xícara\nmanteiga", "2 ovos\nsal\naçúcar\n1 xícara\nmanteiga"),
        ("gutenberg", "nada disso", "nada disso"),
        ("wrapped", "x" * 60 + "\n" + "y" * 60, "x" * 60 + "\n" + "y" * 60),
        ("wrapped", "x" * 60 + "\n" + "y" * 9 + "\n\nz", "x" * 60 + " " + "y" * 9 + "\nz"),
    ],
)  # fmt: skip
def test_a_step(step, text, expected):
    assert cleaning.STEPS[step](text) == expected


@pytest.mark.parametrize(
    ("reason", "text", "limits"),
    [
        ("short", "Oi.", {"shortest": 4}),
        ("symbols", "█▓▒░ a □□□ b ◆◆◆ c", {}),
        ("symbols", "a_b_c_d", {}),
        ("digits", "12 345 67 89 10 11 12 de maio", {}),
        ("repeated", "a.\nb.\na.\nb.\na.\nb.", {}),
        ("language", "Lorem ipsum dolor sit amet consectetur", {"portuguese": 0.15}),
    ],
)
def test_a_filter(reason, text, limits):
    kept, report = clean_one(text, **limits)
    assert kept == [] and report.dropped[reason] == 1 == report.dropped.total() and report.kept == 0


@pytest.mark.parametrize("language", SENTENCES)
def test_languages(language):
    for sentence in SENTENCES[language]:
        assert cleaning.is_foreign(sentence, LIMITS) == (language != "pt"), sentence
        shares = cleaning.language_shares(sentence)
        assert max(shares, key=shares.get) == language
        assert not cleaning.is_foreign(sentence, CleanConfig(portuguese=0.0))


def test_the_report_counts_what_happened():
    texts = ["<p>O gato &amp; o rato foram à feira da vila.</p>", "O\u0303 de casa!", "curto", "12345 " * 20]
    report = CleanReport()
    kept = list(clean(texts, CleanConfig(shortest=10, portuguese=0.0), report))
    assert kept == ["O gato & o rato foram à feira da vila.", "Õ de casa!"]
    assert (report.read, report.kept) == (4, 2)
    assert report.characters_read == sum(map(len, texts)) and report.characters_kept == sum(map(len, kept))
    assert +report.changed == {"html": 1, "unicode": 1, "spaces": 1}
    assert +report.dropped == {"short": 1, "digits": 1}


def test_long_texts_are_cut_between_lines():
    lines = [f"linha {n} " + "x" * (n % 50) for n in range(300)] + ["y" * 500]
    pieces, report = clean_one("\n".join(lines), longest=200)
    assert all(len(piece) <= 200 for piece in pieces) and report.changed["cut"] == 1 and report.kept == len(pieces)
    assert "".join(pieces).replace("\n", "").replace(" ", "") == "".join(lines).replace(" ", "")
    assert all(line.strip() in pieces_lines for line in lines[:-1] for pieces_lines in ["\n".join(pieces).split("\n")])


@pytest.mark.parametrize("corpus", ["contos"])
def test_the_texts_of_the_course_come_through_unchanged(corpus):
    texts = [str(text) for text in corpora.CORPORA[corpus](300, split="train", seed=0)]
    report = CleanReport()
    assert list(clean(texts, CleanConfig(), report)) == texts
    assert report.changed.total() == report.dropped.total() == 0


@given(text=st.text(st.characters(), max_size=200))
def test_what_comes_out_has_no_empty_lines_and_is_clean_already(text):
    kept, _ = clean_one(text, symbols=1.0, digits=1.0, repeated=1.0)
    for piece in kept:
        assert piece.strip() and "\n\n" not in piece
        piece.encode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("co&shy;ne&shy;xão na&#771;o", "conexão não"),
        ("a&#x301;gua&#8203; e&nbsp;fog&zwj;o", "água e fog\u200do"),
        ("Ele &amp;amp; ela, a&amp;nbsp;b", "Ele & ela, a b"),
        ("e\xad\u0301 isso", "é isso"),
        ("A&\xadamp;B", "A&B"),
        ("?a=1&amp;nota=2", "?a=1&nota=2"),
        ("um&#8232;dois&#13;três", "um\ndois\ntrês"),
    ],
)
def test_what_entities_stand_for_is_cleaned_too(text, expected):
    assert clean_one(text, symbols=1.0)[0] == [expected]


MARKS = [
    "a",
    "e",
    "ã",
    "\u0301",
    "\xad",
    "\u200b",
    "&shy;",
    "shy;",
    "&amp;",
    "amp;",
    "&",
    "&#771;",
    "&lt;",
    "&gt;",
    "<",
    ">",
]
MARKS += [
    "b",
    "/b",
    "<p>",
    "</p>",
    "<br>",
    " ",
    "\n",
    "\n\n",
    "&nbsp;",
    "&#10;",
    "&#8232;",
    "&#13;",
    "&#xd83d;",
    "|",
    " | ",
]
MARKS += [
    "*** START OF THIS PROJECT GUTENBERG X\n",
    "*** END OF THIS PROJECT GUTENBERG",
    "Produced by x",
    "y " * 30 + "\n",
]
MARKS += ["<script>", "</script>", "<!--", "-->", "Loja\n", "linha um\n"]


@given(text=st.lists(st.sampled_from(MARKS), max_size=16).map("".join))
@settings(max_examples=300)
def test_cleaning_twice_is_cleaning_once(text):
    kept, _ = clean_one(text, symbols=1.0, digits=1.0, repeated=1.0)
    assert clean_one("\n\n".join(kept), symbols=1.0, digits=1.0, repeated=1.0)[0] == kept


ESCAPED = [
    "&amp;",
    "amp;",
    "&#38;",
    "&&shy;shy;",
    "&l&lt;b&gt;t;",
    "&a<b>mp;",
    "&\xad",
    "*** START OF THIS PROJECT GUTENBERG X\n",
]


@pytest.mark.parametrize("piece", ESCAPED)
def test_hostile_texts_take_no_longer(piece):
    for text in (piece * (200_000 // len(piece)), "&" * 50_000 + "amp;" * 50_000):
        clean_one(text)
