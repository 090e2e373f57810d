"""The words of the house, as far as a program reads them: one name for one thing, plain Brazilian, one year a paper."""

import collections
import re

import pytest

from tinyllm.commands import COMMANDS
from tinyllm.course.pytest_plugin import FOLDER

PLACES = ("tinyllm", "solutions", "exercises")
KINDS = (".py", ".md", ".ipynb")
FILES = sorted(path for place in PLACES for path in (FOLDER / place).rglob("*") if path.suffix in KINDS)
PAGES = [FOLDER / "README.md", *(path for path in FILES if "corpora" not in path.parts)]
LESSONS = [path for path in PAGES if path.suffix == ".md"]
TEXTS = {path: path.read_text(encoding="utf-8") for path in PAGES}

FORBIDDEN = {  # what a page must not say: what it says instead
    r'install "?tinyllm\[': 'pip install -e ".[…]": on the registry tinyllm is another project',
    r"\bmaior valor (da linha|até|subtra)|\b[Vv]alores (de q|q·k|do futuro|log)": "pontuação: valor is v alone",
    r"where\((?!~)[^,~\n]*\b(future|padding)\b[^\n]*inf": "where(~future(…), scores, -inf): True sees",
    r"\bcorridas?\b": "treino, or rodada where two are measured side by side",
    r"\bport(ão|ões)\b": "porta, as in the LSTM",
    r"\bTensors (que|um|são|e as)\b|(de|são|conhecem|os) Tensors\b": "Tensores",
    r"\bdobr(a|e|ar) (suave|com suavidade|nada)": "curvar",
    r"\b(deitad|virad)(os|as)\b|tabela[^.:]{0,40}\bvirada\b": "transposta",
    r"tokens iguais\b|de igual probabilidade": "igualmente prováveis",
    r"\bponto grande\b|\bse contém\b|\bnão andar\b|\bcontinuam? a (ser|ter)\b": "plain Brazilian",
    r"\b[Ee]is\b|\ba sério\b|(?<!\\)\b[Nn]outr[oa]s?\b|\bpartilh": "plain Brazilian",
    r"(?i)\b(tome|tire|peça|gire|veja|suponha|diga)-(se|o)\b": "tome, tire, peça: said to the reader",
}
PAPERS = re.compile(
    r"\b(?P<author>[A-Z][a-zçãéíóúà]+)(?:,? (?:et al\.|e (?:colegas|outros)|(?:e|&|and) (?:[A-Z]\. )?[A-Z]\w+))?"
    r"(?:, \*[^*\n]+\*)?,? \(?(?P<year>(?:19|20)\d\d)\b"
)
SEVERAL = {
    "Bengio",
    "Chen",
    "Dettmers",
    "Efron",
    "Elman",
    "Li",
    "Lin",
    "Liu",
    "Loshchilov",
    "Polyak",
    "Shannon",
    "Shazeer",
    "Zhang",
    "Em",
}  # papers of one author, of different years; "Em 2018"


@pytest.mark.parametrize("pattern", FORBIDDEN)
def test_no_page_says_what_has_another_name_here(pattern):
    found = [f"{path.relative_to(FOLDER)}: …{text[max(0, m.start() - 30) : m.end() + 30]!r}…"
             for path, text in TEXTS.items() for m in re.finditer(pattern, text)]  # fmt: skip
    assert not found, f"say {FORBIDDEN[pattern]}: {found}"


def test_lessons_say_bias_only_as_the_translation_of_vies():
    for path in LESSONS:
        prose = re.sub(r"```.*?```|`[^`\n]*`|\(\*bias\*\)", "", TEXTS[path], flags=re.S)
        assert not re.findall(r".*\bbias(?:es)?\b.*", prose), path


def test_a_paper_has_the_same_year_on_every_page():
    years = collections.defaultdict(set)
    for text in TEXTS.values():
        for paper in PAPERS.finditer(text.replace("\n", " ")):
            years[paper["author"]].add(paper["year"])
    assert {"Vaswani", "Devlin", "Raffel"} <= years.keys()
    assert not {author: found for author, found in years.items() if len(found) > 1 and author not in SEVERAL}


def test_the_quickstart_takes_as_long_wherever_it_is_told():
    told = TEXTS[FOLDER / "README.md"] + COMMANDS["quickstart"][1]
    minutes = re.findall(r"(\d+) (?:a|to) (\d+) minut", told)
    assert len(minutes) == 3 and len(set(minutes)) == 1, minutes
