"""What is judged once is not judged again, until something that the verdict depends on is another."""

import json
import sys

import pytest
from checkout import solve

from tinyllm.course import guide, progress
from tinyllm.course.judge import BROKEN, PARTLY, PENDING, RIGHT, WRONG
from tinyllm.course.measure import LARGE, SLOW
from tinyllm.course.syllabus import find, read_exercises

WANTED = "m01.e03"
FILES = ("exercises/m01_introducao/e03_softmax.py", "solutions/m01_introducao/e03_softmax.py",
         "tests/course/m01_introducao/test_e03_softmax.py", "tests/course/m01_introducao/mistakes_e03.py",
         "tinyllm/course/pytest_plugin.py", "tinyllm/course/judge.py", "tinyllm/tensor.py")  # fmt: skip
DAMAGED = ("", "{", "[]", "null", '{"a": 1}', '{"a": ["certo"]}', '{"a": ["certo", 1]}', '{"a": ["lento", ""]}',
           '{"a": "ab"}', '{"a": [[], ""]}', "\0", '{"a": ["certo", ""], "a": ["certo", ""]}')  # fmt: skip


@pytest.fixture
def exercise(checkout):
    (checkout / progress.KEPT).unlink(missing_ok=True)
    solve(checkout, WANTED)
    return find(read_exercises(checkout), WANTED)


@pytest.fixture
def judgements(monkeypatch):
    """Instead of pytest: a list of what was judged, with a verdict that a test can set."""

    class Judgements(list):
        verdict = (RIGHT, "")

        def judge(self, folder, exercises):
            self.append([e.id for e in exercises])
            return {e.id: list(self.verdict) for e in exercises}

    judgements = Judgements()
    monkeypatch.setattr(progress, "judged_by_pytest", judgements.judge)
    return judgements


def test_a_right_answer_is_judged_once(checkout, exercise, monkeypatch):
    assert progress.states(checkout, [exercise]) == {WANTED: [RIGHT, ""]}
    monkeypatch.delattr(progress, "judged_by_pytest")
    assert progress.states(checkout, [exercise]) == {WANTED: [RIGHT, ""]}
    assert len(json.loads((checkout / progress.KEPT).read_text(encoding="utf-8"))) == 1


def test_only_what_is_new_is_judged(checkout, exercise, judgements):
    exercises = read_exercises(checkout)
    progress.states(checkout, exercises)
    solve(checkout, "m01.e08", "m03.e02")
    found = progress.states(checkout, exercises)
    assert judgements == [[WANTED], ["m01.e08", "m03.e02"]]
    assert found.keys() == {e.id for e in exercises}
    assert [name for name, (state, _) in found.items() if state == PENDING] == [
        e.id for e in exercises if e.id not in (WANTED, "m01.e08", "m03.e02")]  # fmt: skip


def test_what_a_verdict_depends_on(checkout, exercise, judgements):
    progress.states(checkout, [exercise])
    for times, file in enumerate(FILES, start=2):
        path = checkout / file
        text = path.read_bytes()
        path.write_bytes(text + b"# another\n")
        progress.states(checkout, [exercise])
        assert len(judgements) == times, file
        path.write_bytes(text)
        progress.states(checkout, [exercise])
        assert len(judgements) == times, f"{file}: as it was, it has been judged"


def test_what_a_verdict_does_not_depend_on(checkout, exercise, judgements):
    progress.states(checkout, [exercise])
    for file in ("exercises/m01_introducao/e01_arrays.py", "solutions/m01_introducao/e01_arrays.py",
                 "tests/course/m01_introducao/mistakes_e01.py", "tinyllm/bench/bpe.py", "README.md"):  # fmt: skip
        with open(checkout / file, "a", encoding="utf-8") as other:
            other.write("# another\n")
    progress.states(checkout, [exercise])
    assert len(judgements) == 1


def test_what_the_answer_imports_counts_too(checkout, exercise, judgements):
    (checkout / "tinyllm/tools").mkdir()
    (checkout / "tinyllm/tools/__init__.py").write_text("", encoding="utf-8")
    (checkout / "tinyllm/tools/one.py").write_text("import numpy\nimport tinyllm.tools.two\n", encoding="utf-8")
    (checkout / "tinyllm/tools/two.py").write_text("", encoding="utf-8")
    with open(checkout / FILES[0], "a", encoding="utf-8") as answer:
        answer.write("\n\ndef late():\n    from tinyllm.tools import one\n    return one\n")
    for times, file in enumerate(["tinyllm/tools/two.py", "tinyllm/tools/one.py", "tinyllm/tools/__init__.py"], 1):
        progress.states(checkout, [exercise])
        assert len(judgements) == times
        (checkout / file).write_text("import tinyllm.tools.two\n# another\n", encoding="utf-8")


def test_other_versions_of_what_runs_it(checkout, exercise, judgements, monkeypatch):
    progress.states(checkout, [exercise])
    monkeypatch.setattr(progress, "installed", {"numpy": progress.installed("numpy")}.get)  # Numba is gone
    progress.states(checkout, [exercise])
    monkeypatch.setattr(progress.platform, "python_version", lambda: "3.0.0")
    progress.states(checkout, [exercise])
    assert len(judgements) == 3


def test_what_time_or_an_interruption_decided_is_judged_again(checkout, exercise, judgements):
    for state, times in {RIGHT: 1, PENDING: 1, WRONG: 1, BROKEN: 1, SLOW: 2, LARGE: 2, PARTLY: 2}.items():
        (checkout / progress.KEPT).unlink(missing_ok=True)
        judgements.clear()
        judgements.verdict = [state, "a message"]
        for _ in range(2):
            assert progress.states(checkout, [exercise]) == {WANTED: [state, "a message"]}
        assert len(judgements) == times, state


def test_the_command_that_tests_judges_anew_and_what_it_finds_is_kept(checkout, exercise, judgements, capsys):
    assert progress.states(checkout, [exercise])[WANTED] == [RIGHT, ""]
    judgements.verdict = [WRONG, "it was luck"]
    assert guide.test(checkout, exercise) == 1 and capsys.readouterr().out == "it was luck\n"
    assert progress.states(checkout, [exercise])[WANTED] == [WRONG, "it was luck"]
    judgements.verdict = [SLOW, "a busy machine"]
    assert guide.test(checkout, exercise) == 1
    assert progress.states(checkout, [exercise])[WANTED] == [WRONG, "it was luck"]
    assert len(judgements) == 3


def test_a_file_that_is_saved_while_it_is_judged(checkout, exercise, judgements, monkeypatch):
    def saved_meanwhile(folder, exercises):
        (folder / FILES[0]).write_text("# other\n", encoding="utf-8")
        return judgements.judge(folder, exercises)

    monkeypatch.setattr(progress, "judged_by_pytest", saved_meanwhile)
    progress.states(checkout, [exercise])
    solve(checkout, WANTED)
    monkeypatch.setattr(progress, "judged_by_pytest", judgements.judge)
    progress.states(checkout, [exercise])
    assert len(judgements) == 2


def test_a_damaged_file_is_as_good_as_none(checkout, exercise, judgements):
    for times, text in enumerate(DAMAGED, start=1):
        (checkout / progress.KEPT).write_text(text, encoding="utf-8")
        for _ in range(2):
            assert progress.states(checkout, [exercise]) == {WANTED: [RIGHT, ""]}
        assert len(judgements) == times, text


def test_where_nothing_can_be_kept(checkout, exercise, judgements):
    (checkout / progress.KEPT).mkdir()
    for _ in range(2):
        assert progress.states(checkout, [exercise]) == {WANTED: [RIGHT, ""]}
    assert len(judgements) == 2


def test_what_takes_long_says_so_at_once_and_again(monkeypatch, tmp_path, capfd):
    monkeypatch.setattr(progress, "PATIENCE", 0.05)
    progress.wait_for([sys.executable, "-c", "import time; time.sleep(0.3); print('no more')"], tmp_path, ["a", "b"])
    out, err = capfd.readouterr()
    first, *others = err.splitlines()
    assert first == "testando 2 exercícios (cerca de 6 segundos)…" and not out
    assert others and all(line.startswith("  ainda testando 2 exercícios, há ") for line in others)


def test_only_the_newest_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "MOST", 3)
    for key in "abcab":
        progress.keep(tmp_path, {key: [RIGHT, ""]})
    progress.keep(tmp_path, {"d": [RIGHT, ""]})
    assert list(progress.kept(tmp_path)) == ["a", "b", "d"]
