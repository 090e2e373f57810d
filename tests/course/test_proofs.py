"""A proof is written by a gate that has passed, and holds as long as nothing that the gate depends on changes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from checkout import ROOT, environment
from course import proofs

pytestmark = pytest.mark.gate
FILES = {"m01.e01": [Path("one.py")], "m01.e02": [Path("two.py")]}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A checkout of two files, the second of which needs a third."""
    (tmp_path / "tinyllm").mkdir()
    for name, text in {"one.py": "", "two.py": "import tinyllm.three", "tinyllm/three.py": ""}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(proofs, "FOLDER", tmp_path)
    monkeypatch.setattr(proofs, "FILE", tmp_path / "proofs.json")
    return tmp_path


def proved():
    return [param.id for param in proofs.unproved("gate", FILES) if [mark.name for mark in param.marks] == ["slow"]]


def prove(key):
    with proofs.proving("gate", key, FILES[key]):
        pass


def test_what_has_no_proof_runs_and_what_has_one_is_slow(folder):
    assert proved() == []
    prove("m01.e02")
    assert proved() == ["m01.e02"]
    assert [param.values for param in proofs.unproved("another gate", FILES) if param.marks] == []
    prove("m01.e01")
    assert proved() == ["m01.e01", "m01.e02"]


@pytest.mark.parametrize("file", ["two.py", "tinyllm/three.py"])
def test_a_change_of_what_it_depends_on_ends_it(folder, file):
    prove("m01.e01")
    prove("m01.e02")
    text = (folder / file).read_text(encoding="utf-8")
    (folder / file).write_text(text + "\n", encoding="utf-8")
    assert proved() == ["m01.e01"]
    (folder / file).unlink()
    assert proved() == ["m01.e01"]
    (folder / file).write_text(text, encoding="utf-8")
    assert proved() == ["m01.e01", "m01.e02"]


def test_a_gate_that_fails_proves_nothing(folder):
    with pytest.raises(AssertionError), proofs.proving("gate", "m01.e01", FILES["m01.e01"]):
        raise AssertionError
    assert proved() == [] and not proofs.FILE.exists()


def test_a_file_that_changes_meanwhile_is_not_proved(folder):
    with proofs.proving("gate", "m01.e01", FILES["m01.e01"]):
        (folder / "one.py").write_text("# other", encoding="utf-8")
    assert proved() == []


def test_the_file_has_a_line_for_each_in_order(folder):
    proofs.write("mutants", {"m01.e02": "b", "m01.e01": "a"})
    proofs.write("another", {"m01.e02": "c"})
    assert proofs.FILE.read_text(encoding="utf-8") == (
        '{\n  "m01.e01": {"mutants": "a"},\n  "m01.e02": {"another": "c", "mutants": "b"}\n}\n'
    )


def test_several_write_at_once(tmp_path):
    code = "import sys; from pathlib import Path; from course import proofs; proofs.FILE = Path(sys.argv[1])\n"
    code += "for n in range(20): proofs.write('gate', {f'{sys.argv[2]}.{n}': 'a'})"
    path = {"PYTHONPATH": f"{ROOT / 'tests'}:{ROOT}"}
    command = [sys.executable, "-c", code, str(tmp_path / "proofs.json")]
    running = [subprocess.Popen([*command, name], env=environment(ROOT) | path) for name in "abc"]
    assert [process.wait() for process in running] == [0, 0, 0]
    assert len(json.loads((tmp_path / "proofs.json").read_text(encoding="utf-8"))) == 60
