"""The name of a file says what is in it, in small letters or capitals; what would be something else is refused."""

import json

import pytest
from commands.test_commands import call, refusal

from tinyllm import plot
from tinyllm.data.labelled import read_labelled
from tinyllm.errors import UsageError
from tinyllm.text import files


@pytest.fixture
def text(tmp_path):
    (tmp_path / "a.TXT").write_text("o rato roeu a roupa do rei de Roma\n\n" * 30, encoding="utf-8")
    return tmp_path / "a.TXT"


REFUSED = [
    ("tokenizer train a.TXT --vocab-size 270 --out t.txt", "ends in .txt, which is not what is written; use .json"),
    ("tokenizer train a.TXT --out t.TIKTOKEN", "ends in .tiktoken, which is not what is written; use .json"),
    ("tokenizer convert t.json b.TXT", "must end in .json or .tiktoken"),
    ("data clean a.TXT --out b.JSON", "ends in .json, which is not what is written; use .txt"),
    ("data dedup a.TXT --out b.tsv", "use .txt"),
    ("data pack t.json a.TXT --out b.txt", "use .npy"),
    ("data generate contos --out b.TSV", "ends in .tsv, which is not what is written; use .txt or .jsonl"),
    ("data generate contos --out b.csv", "use .txt or .jsonl"),
    ("data generate resenhas --out b.txt", "use .tsv or .jsonl"),
]


@pytest.mark.parametrize(("words", "message"), REFUSED)
def test_an_ending_of_another_format_is_refused(capsys, monkeypatch, text, words, message):
    monkeypatch.chdir(text.parent)
    files.train("byte", ["a"], 300, special_tokens=("<|fim|>",)).save("t.json")
    before = sorted(text.parent.iterdir())
    assert message in refusal(capsys, *words.split())
    assert sorted(text.parent.iterdir()) == before


def test_a_tokenizer_is_written_as_its_name_says(capsys, text):
    for name in ("t.json", "t.JSON", "nada"):
        out = text.parent / name
        assert call(capsys, "tokenizer", "train", text, "--vocab-size", 270, "--out", out)[0] == 0
        ids = json.loads(call(capsys, "tokenizer", "encode", out, "o rato", "--json")[1])
        assert "".join(ids["pieces"]) == "o rato"
    special = ["--special", "<|fim|>=0"]
    for name in ("t.tiktoken", "u.TIKTOKEN", "b.JSON"):
        source, out = text.parent / ("t.json" if "TOK" in name.upper() else "u.TIKTOKEN"), text.parent / name
        options = special if source.suffix != ".json" else []
        assert call(capsys, "tokenizer", "convert", source, out, *options)[0] == 0
    assert (text.parent / "b.JSON").read_bytes() == (text.parent / "t.json").read_bytes()


def test_a_corpus_is_written_as_its_name_says(capsys, tmp_path):
    for name in ("a.tsv", "a.TSV", "a.jsonl", "b.JSONL", "nada"):
        out = tmp_path / name
        status, printed, _ = call(capsys, "data", "generate", "resenhas", "--count", 9, "--out", out, "--json")
        assert status == 0
        assert json.loads(printed) == {"texts": 9, "bytes": out.stat().st_size, "out": str(out)}
        assert ("\t" in out.read_text(encoding="utf-8")) == ("tsv" in name.lower())
        if name != "nada":
            assert len(read_labelled(out)) == 9
    status, printed, _ = call(capsys, "data", "generate", "contos", "--count", 2, "--out", tmp_path / "c.txt", "--json")
    assert status == 0 and json.loads(printed)["texts"] == 2
    assert (tmp_path / "c.txt").read_text(encoding="utf-8") == call(capsys, "data", "generate", "contos", "--count", 2)[
        1
    ]


@pytest.mark.long
def test_a_picture_ends_as_one(tmp_path):
    pytest.importorskip("matplotlib")
    for name in ("a.svg", "b.SVG", "c.PNG", "d.pdf"):
        plot.draw(tmp_path / name, lambda figure: figure.subplots().plot([1, 2]))
        assert (tmp_path / name).stat().st_size > 500
    for name in ("a.pgf", "a.raw", "a.txt", "a"):
        with pytest.raises(UsageError, match="does not end like a picture; use one of"):
            plot.check(tmp_path / name)
