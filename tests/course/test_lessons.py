"""The lessons as a page: their links lead somewhere, their pictures exist and are described, their examples run."""

import json
import re
import subprocess
import sys

import pytest

from tinyllm.course import syllabus
from tinyllm.course.pictures import drawing, m01, m03, m04, m05, m06
from tinyllm.course.pytest_plugin import EXERCISES, FOLDER

LESSONS = sorted(FOLDER.glob("exercises/**/*.md"))
EVERY = pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: f"{path.parent.name}-{path.stem}")
LINK = re.compile(r"(?P<picture>!?)\[(?P<text>[^\]]*)\]\((?P<target>[^)\s]+)\)")
IMAGES = {module: FOLDER / "exercises" / module.FOLDER for module in (m01, m03, m04, m05, m06)}
OF_EVERY_MODULE = pytest.mark.parametrize(("module", "images"), IMAGES.items(), ids=("m01", "m03", "m04", "m05", "m06"))


def read(lesson):
    return lesson.read_text(encoding="utf-8")


WITH_EXAMPLES = [lesson for lesson in LESSONS if "```python\n" in read(lesson)]


def prose(lesson):
    """The lesson without its blocks of code."""
    return re.sub(r"^ *```.*?^ *```", "", read(lesson), flags=re.M | re.S)


def anchors(lesson):
    """What GitHub calls the headings of a page in links: in lower case, blanks as hyphens, most signs left out."""
    headings = re.findall(r"^#+ (.+)$", prose(lesson), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@EVERY
def test_links_lead_somewhere(lesson):
    for link in LINK.finditer(prose(lesson)):
        place, _, anchor = link["target"].partition("#")
        if "://" in place:
            continue
        page = (lesson.parent / place).resolve() if place else lesson
        assert page.exists(), f"{lesson}: {link['target']}"
        assert not anchor or anchor in anchors(page), f"{lesson}: {link['target']}"


@EVERY
def test_pictures_are_described_alone_on_their_line(lesson):
    for line in prose(lesson).splitlines():
        for link in LINK.finditer(line):
            if link["picture"]:
                assert len(link["text"].split()) >= 8, f"{lesson}: say what {link['target']} shows"
                assert line == link[0], "the notebook finds a picture by its line"


@OF_EVERY_MODULE
def test_every_picture_is_drawn_by_a_program_and_shown_in_a_lesson(module, images):
    shown = set(re.findall(r"\(imagens/([\w-]+)\.svg\)", syllabus.lesson(FOLDER, images.parent.name)))
    assert shown == set(module.PICTURES) == {path.stem for path in images.glob("*.svg")}
    assert {path.stem for path in images.glob("*.json")} <= shown


def test_pictures_are_small_and_whole():
    for path in FOLDER.glob("exercises/*/imagens/*.svg"):
        text = path.read_text(encoding="utf-8")
        assert len(text) < 150_000 and text.rstrip().endswith("</svg>"), path
        assert not re.search(r"<(script|image|text)\b|href=\"http", text), f"{path} needs something from outside"


@pytest.mark.oracle
@OF_EVERY_MODULE
def test_pictures_are_the_same_when_drawn_twice(module, images, tmp_path):
    pytest.importorskip("matplotlib")
    for path in images.glob("*.json"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    for name in module.PICTURES:
        drawing.draw(module, tmp_path, name)
        first = (tmp_path / f"{name}.svg").read_bytes()
        drawing.draw(module, tmp_path, name)
        assert (tmp_path / f"{name}.svg").read_bytes() == first, name


def test_the_attention_in_the_picture_is_causal_and_sums_to_1():
    found = json.loads((IMAGES[m01] / "atencao.json").read_text(encoding="utf-8"))
    for row, weights in enumerate(found["weights"]):
        assert abs(sum(weights) - 1) < 0.01 and not any(weights[row + 1 :])


def test_the_table_of_a_lesson_gives_each_exercise_its_minutes_and_difficulty():
    for exercise in EXERCISES.values():
        lesson = read(FOLDER / "exercises" / exercise.place.parent / "README.md")
        number = exercise.id.partition(".")[2]
        assert f"| `{number}` | {exercise.minutes} | {exercise.difficulty} de 5 |" in lesson, exercise.id


def test_every_section_says_what_it_assumes():
    for lesson in LESSONS[1:]:
        first = 2 if lesson.name == "README.md" else 1  # behind the contents
        parts = re.split(r"^## ", prose(lesson), flags=re.M)[first:-1]  # the last one is what lies beyond
        assert all("\n*Supõe: " in part for part in parts), [p.splitlines()[0] for p in parts if "*Supõe" not in p]


@EVERY
def test_a_file_is_as_short_as_a_lesson_says(lesson):
    """Where a link to it is followed by "menos de N linhas"."""
    text = " ".join(prose(lesson).split())
    for place, most in re.findall(r"\]\((\S+\.py)\)[^.]{0,40} menos de (\d+) linhas", text):
        assert len((lesson.parent / place).read_text(encoding="utf-8").splitlines()) < int(most), place


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=lambda exercise: exercise.id)
def test_a_section_assumes_the_exercises_that_its_own_exercise_needs(exercise):
    """Each stands in both places: after `precisa de` in the header, and by its id in the lesson's `Supõe`."""
    lesson = syllabus.lesson(FOLDER, exercise.place.parent)
    (assumed,) = re.findall(rf"^## .*\(`{exercise.place.name}`\)\n\n(\*Supõe: .*\*)$", lesson, flags=re.M)
    assert set(re.findall(r"`(m\d\d\.e\d\d)`", assumed)) == set(exercise.needs)
    assert all(needed < exercise.id for needed in exercise.needs)


@pytest.mark.gate
@pytest.mark.parametrize("lesson", WITH_EXAMPLES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_examples_run_in_order(lesson):
    """From the project's folder, in one process, with nothing but tinyllm; a warning is an error."""
    cells = re.findall(r"^```python\n(.*?)^```", read(lesson), flags=re.M | re.S)
    command = [sys.executable, "-W", "error", "-c", "\n".join(cells)]
    ran = subprocess.run(command, cwd=FOLDER, capture_output=True, encoding="utf-8", check=False)
    assert ran.returncode == 0 and ran.stdout, ran.stderr
