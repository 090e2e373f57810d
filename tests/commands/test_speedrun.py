"""Recipes of a training, held against each other: what is measured, what stays, what is refused."""

import json
import types
from pathlib import Path

import pytest

from tinyllm import cli
from tinyllm.show.speedrun import RECORDS, REFERENCE, name_of, path_of

SMALL = ["--texts=60", "--vocab-size=300", "--context=16", "--layers=1", "--heads=2", "--width=16", "--batch=4",
         "--steps=3", "--workers=1"]  # fmt: skip


def call(capsys, *arguments):
    status = cli.main(list(map(str, arguments)))
    return status, *capsys.readouterr()


@pytest.mark.long
def test_recipes_stand_side_by_side_each_once(tmp_path, capsys):
    status, out, _ = call(capsys, "speedrun", "--out", tmp_path / "one", *SMALL, "--json")
    one = json.loads(out.splitlines()[-1])
    assert status == 0 and one["name"] == "one" and one["tokens"] == 3 * 4 * 16 and one["loss"] > 0
    assert one["normalised_seconds"] == pytest.approx(one["seconds"] * one["gemm"] / REFERENCE)
    assert 0 <= one["repeated_names"] <= 1 and "--layers=1" in one["changes"]
    assert (one["agreement"], one["pairs"]) == (None, 0)  # no pair is of the words of so few texts
    assert not any(change.startswith(("--workers", "--decay-steps", "--model")) for change in one["changes"])
    status, out, _ = call(capsys, "speedrun", "--out", tmp_path / "two", *SMALL, "--model=copier", "--optimizer=lion")
    assert status == 0 and "--model=copier" in out and "--optimizer=lion" in out
    lines = [line for line in out.splitlines() if line.startswith(("one", "two"))]
    assert [line.split()[0] for line in lines] == ["one", "two"]
    before = (tmp_path / RECORDS).read_text(encoding="utf-8").splitlines()
    status, out, _ = call(capsys, "speedrun", "--out", tmp_path / "one", "--json")  # measured again, not trained
    after = (tmp_path / RECORDS).read_text(encoding="utf-8").splitlines()
    assert status == 0 and len(after) == 2 and after[1] == before[1]
    again = json.loads(out.splitlines()[-1])
    assert all(
        again[name] == one[name] for name in ("tokens", "seconds", "gemm", "loss", "agreement", "repeated_names")
    )


@pytest.mark.parametrize("line", ["{", "[]", "3", '{"name": "one"}', '{"name": 1, "changes": []}'])
def test_a_record_that_is_none_is_named_before_anything_is_trained(tmp_path, capsys, line):
    (tmp_path / RECORDS).write_text(line + "\n", encoding="utf-8")
    status, _, err = call(capsys, "speedrun", "--out", tmp_path / "one", *SMALL)
    assert status == 2 and f"{RECORDS}, line 1 is no record of a recipe; delete that line" in err
    assert not (tmp_path / "one").exists()


@pytest.mark.parametrize("options", [["--model=bert"], ["--corpus=receitas"], ["--task=classify", "--model=gpt"]])
def test_what_writes_no_stories_is_told_before_anything_is_written(tmp_path, capsys, options):
    status, _, err = call(capsys, "speedrun", "--out", tmp_path / "one", *SMALL, *options)
    assert status == 2 and "does not learn to write stories" in err and not list(tmp_path.iterdir())


@pytest.mark.long
@pytest.mark.parametrize("option", ["--from", "--teacher"])
def test_nor_is_anything_written_of_one_that_goes_on_from_other_texts(tmp_path, capsys, option):
    (tmp_path / "runs").mkdir()
    base = ["--out", tmp_path / "base", *SMALL, "--corpus=receitas"]
    assert call(capsys, "train", *base)[0] == 0
    more = ["--batch=4", "--steps=3", "--workers=1"] + (["--corpus=receitas"] if option == "--from" else [])
    status, _, err = call(capsys, "speedrun", "--out", tmp_path / "runs" / "one", option, tmp_path / "base", *more)
    assert status == 2 and "does not learn to write stories" in err and not list((tmp_path / "runs").iterdir())


def test_a_recipe_has_the_name_of_its_folder_wherever_it_is_called_from(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path in (".", tmp_path):
        run = types.SimpleNamespace(folder=Path(path))
        assert (name_of(run), path_of(run)) == (tmp_path.name, tmp_path.parent / RECORDS)
