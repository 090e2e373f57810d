"""Public texts and test sets in Portuguese that `tinyllm data download` knows by name; none comes with the project."""

from typing import NamedTuple

MEGABYTE = 10**6


class Source(NamedTuple):
    """Where a text is, what it is, whose it is, about how large, and what to know of it (shown to the learner)."""

    title: str
    url: str
    file: str
    licence: str
    size: int  # bytes, about; twice as many are never fetched
    note: str


PUBLIC_DOMAIN = "domínio público"
OLD_SPELLING = "ortografia da época (chapéo, elle)"


def _book(number, name, title, kilobytes, note=OLD_SPELLING):
    """A book of Project Gutenberg, which asks that programs fetch one file at a time and keep its name."""
    url = f"https://www.gutenberg.org/ebooks/{number}.txt.utf-8"
    return Source(title, url, f"{name}.txt", PUBLIC_DOMAIN, kilobytes * 1000, f"Projeto Gutenberg; {note}")


SOURCES = {
    "dom-casmurro": _book(55752, "dom-casmurro", "Machado de Assis, Dom Casmurro (1899)", 420),
    "quincas-borba": _book(55682, "quincas-borba", "Machado de Assis, Quincas Borba (1891)", 480),
    "bras-cubas": _book(54829, "bras-cubas", "Machado de Assis, Memórias Póstumas de Brás Cubas (1881)", 400),
    "papeis-avulsos": _book(57001, "papeis-avulsos", "Machado de Assis, Papéis Avulsos (1882)", 430),
    "cortico": _book(69187, "cortico", "Aluísio Azevedo, O Cortiço (1890)", 500),
    "ubirajara": _book(38496, "ubirajara", "José de Alencar, Ubirajara (1874)", 250),
    "cinco-minutos": _book(44540, "cinco-minutos", "José de Alencar, Cinco Minutos (1856)", 120),
    "lusiadas": _book(3333, "lusiadas", "Luís de Camões, Os Lusíadas (1572)", 350, "em versos"),
    "constituicao": Source(
        "Constituição da República Federativa do Brasil (1988)",
        "https://www.planalto.gov.br/ccivil_03/constituicao/constituicao.htm",
        "constituicao.htm",
        "sem direitos autorais (Lei 9.610/98, art. 8º, IV)",
        4 * MEGABYTE,
        "página HTML; tinyllm data clean faz dela texto",
    ),
    "wikipedia": Source(
        "Wikipédia em português, todos os artigos",
        "https://dumps.wikimedia.org/ptwiki/latest/ptwiki-latest-pages-articles.xml.bz2",
        "ptwiki.xml.bz2",
        "CC BY-SA 4.0: cite a fonte e mantenha a licença",
        2500 * MEGABYTE,
        "XML compactado, em wikitexto: precisa antes de um extrator, como o WikiExtractor",
    ),
    # test sets, by the names that evaluate/datasets.py reads them by
    "assin2": Source(
        "ASSIN 2: uma frase implica a outra?",
        "https://drive.google.com/u/0/uc?id=1J3FpQaHxpM-FDfBUyooh-sZF-B-bM_lU&export=download",
        "assin2-test.xml",
        "não informada: veja sites.google.com/view/assin2",
        MEGABYTE,
        "conjunto de teste",
    ),
    "hatebr": Source(
        "HateBR: comentários do Instagram, ofensivos ou não",
        "https://raw.githubusercontent.com/franciellevargas/HateBR/main/dataset/HateBR.csv",
        "HateBR.csv",
        "CC BY-NC 4.0: cite a fonte; sem uso comercial",
        MEGABYTE,
        "conjunto de teste; tem palavrões e ofensas",
    ),
    "calame-pt": Source(
        "CALAME-PT: textos sem a última palavra",
        "https://huggingface.co/datasets/NOVA-vision-language/calame-pt/resolve/main/calamept_all.jsonl",
        "calamept_all.jsonl",
        "MIT",
        MEGABYTE,
        "conjunto de teste",
    ),
    "enem": Source(
        "ENEM de 2024: questões de múltipla escolha",
        "https://raw.githubusercontent.com/piresramon/gpt-4-enem/main/data/enem/2024.jsonl",
        "enem-2024.jsonl",
        "MIT",
        MEGABYTE // 4,
        "conjunto de teste",
    ),
}
