"""A student from the command line: it is told what its teacher takes, goes on where it stopped, and can be compared."""

import json

import pytest
from commands.test_commands import SMALL, call, refusal

from tinyllm.train import run as runs

OPTIONS = SMALL[SMALL.index("--context") :]  # all but the texts and the vocabulary


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    from tinyllm import cli

    folder = tmp_path_factory.mktemp("runs") / "teacher"
    assert cli.main(["train", "--out", str(folder), *SMALL, "--steps", "4"]) == 0
    return folder


def test_a_student_is_told_what_its_teacher_takes_and_the_next_reads_the_same(capsys, teacher, tmp_path):
    status, out, err = call(
        capsys, "train", "--out", tmp_path / "a", "--teacher", teacher, *OPTIONS, "--steps", 2, "--json"
    )
    first, *steps = map(json.loads, out.splitlines())
    assert status == 0 and [line["step"] for line in steps] == [1, 2] and "O professor lê os textos: " in err
    assert first["read_before"] is False and first["teacher_flops"] > 0 and first["student_flops_per_step"] > 0
    assert first["reading"].startswith(str(teacher / "distillation" / "logits-"))
    status, _, err = call(
        capsys, "train", "--out", tmp_path / "b", "--teacher", teacher, *OPTIONS, "--steps", 2, "--seed", 7
    )
    assert status == 0 and "O professor já leu estes textos" in err and "contas quanto" in err
    logits = [
        json.loads(call(capsys, "estimate", run, "--json")[1])["training"]["float32"]["logits"]
        for run in (teacher, tmp_path / "a")
    ]
    assert logits[0] < logits[1]  # the same model, and what it compares itself with
    assert call(capsys, "train", "--resume", tmp_path / "a", "--steps", 3)[0] == 0
    assert runs.open_run(tmp_path / "a").distillation.distill == "logits"
    assert "--distill-weight cannot change" in refusal(
        capsys, "train", "--resume", tmp_path / "a", "--steps", 5, "--distill-weight", 0.1
    )


@pytest.mark.long
def test_a_rate_for_a_student_is_found_by_what_it_learns_by(capsys, teacher, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    options = ("--lowest=1e-3", "--highest=0.3", "--rates=12", *OPTIONS, "--json")
    first = []
    for more in ((), ("--distill=hidden",)):
        status, out, err = call(capsys, "find-rate", "--teacher", teacher, *more, *options)
        first.append(json.loads(out)["losses"][0])
        assert status == 0 and "O professor" in err and not list(tmp_path.iterdir())
    assert first[0] != first[1]


@pytest.mark.long
def test_three_ways_to_learn_from_the_same_texts(capsys, teacher, tmp_path):
    for kind in ("none", "logits", "hidden"):
        how = ("--teacher", teacher, "--distill", kind, "--steps", 4)
        assert call(capsys, "train", "--out", tmp_path / kind, *how, *OPTIONS)[0] == 0
    out = tmp_path / "r.html"
    assert call(capsys, "report", *(tmp_path / kind for kind in ("none", "logits", "hidden")), "--out", out)[0] == 0
    assert "--distill" in out.read_text(encoding="utf-8")
    assert call(capsys, "generate", tmp_path / "hidden", "--max-tokens", 3)[0] == 0
    from_it = ("--from", tmp_path / "hidden", "--corpus", "receitas", "--texts", 60, "--batch", 4, "--steps", 2)
    assert call(capsys, "train", "--out", tmp_path / "next", *from_it)[0] == 0
    assert call(capsys, "compress", tmp_path / "hidden", "--out", tmp_path / "int8")[0] == 0
