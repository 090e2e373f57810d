"""`tinyllm tokenizer measure`: the figures of a tokenizer, beside others, and if it learned what the library does."""

import json
import sys

import pytest
from commands.test_commands import call, refusal

from tinyllm.data.corpora import CORPORA
from tinyllm.evaluate import tokenization
from tinyllm.text import bpe, files, simple


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("measure")
    texts = {split: list(CORPORA["contos"](20, split=split, seed=0)) for split in ("train", "test")}
    for split, several in texts.items():
        (folder / f"{split}.txt").write_text("\n\n".join(several), encoding="utf-8")
    with open(folder / "train.txt", "rb") as file:
        tokenizer = bpe.train_files([file], 500)
    tokenizer.save(folder / "bpe.json")
    merges = [*tokenizer.merges[:100], tokenizer.merges[101], tokenizer.merges[100], *tokenizer.merges[102:]]
    bpe.BPETokenizer(tokenizer.vocabulary, merges, tokenizer.special_tokens).save(folder / "other.json")
    for kind in ("byte", "word"):
        files.train(kind, texts["train"], 300, special_tokens=("<|fim|>",)).save(folder / f"{kind}.json")
    return folder


def rows(out):
    return [json.loads(line) for line in out.splitlines()]


def test_the_figures_are_those_of_the_text(folder):
    texts = ["a gata dorme", "dorme"]
    found = tokenization.fit(simple.ByteTokenizer(), texts)
    assert found == (17, 1.0, 17 / 4, 1.0, True)
    found = tokenization.fit(files.load(folder / "word.json"), [" a xyzzy", " a"])
    assert found.tokens == 3 and found.bytes_per_token == 10 / 3 and found.tokens_per_word == 1
    assert (found.coverage, found.whole) == (pytest.approx(2 / 3), False)


def test_measure_beside_others_and_the_library(capsys, folder):
    options = ["--against", folder / "byte.json", "--corpus", folder / "train.txt", "--json"]
    status, out, _ = call(capsys, "tokenizer", "measure", folder / "bpe.json", folder / "test.txt", *options)
    mine, byte, library, merges = rows(out)
    assert status == 0
    assert mine["vocab_size"] == 500 and byte["bytes_per_token"] == 1.0 and 2 < mine["bytes_per_token"] < 4
    assert mine["tokens_per_word"] == pytest.approx(byte["tokens_per_word"] / mine["bytes_per_token"])
    assert mine["coverage"] == 1.0 and mine["whole"]
    assert library == mine | {"tokenizer": "a biblioteca"}
    assert merges == {"same_merges": 243, "merges": 243, "library_merges": 243}


def test_other_merges_are_told_and_are_not_right(capsys, folder):
    command = ["tokenizer", "measure", folder / "other.json", folder / "test.txt", "--corpus", folder / "train.txt"]
    status, out, _ = call(capsys, *command)
    assert status == 1 and "fusões: até a 100ª, as mesmas da biblioteca; na 101ª, " in out
    status, out, _ = call(capsys, *command, "--json")
    assert status == 1 and rows(out)[-1]["same_merges"] == 100


def test_a_text_that_does_not_come_back_is_not_right(capsys, folder):
    status, out, _ = call(capsys, "tokenizer", "measure", folder / "word.json", folder)
    assert status == 1 and out.splitlines()[1].endswith("não")


def test_what_measure_refuses(capsys, folder, tmp_path):
    measure = ["tokenizer", "measure"]
    line = refusal(capsys, *measure, folder / "bpe.json", tmp_path / "none.txt")
    assert "does not exist; give a text file" in line
    (tmp_path / "empty.txt").write_text("\n")
    assert "have no word to measure" in refusal(capsys, *measure, folder / "bpe.json", tmp_path / "empty.txt")
    corpus = ["--corpus", folder / "train.txt"]
    line = refusal(capsys, *measure, folder / "word.json", folder / "test.txt", *corpus)
    assert "only a byte-level BPE has merges to compare" in line


def test_a_name_of_no_file(capsys, folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "tiktoken", None)
    line = refusal(capsys, "tokenizer", "measure", "gpt2", folder / "test.txt")
    assert "gpt2 is no file; for an encoding of that name, pip install tiktoken" in line


@pytest.mark.oracle
def test_others_read_by_other_libraries(capsys, folder, tmp_path, monkeypatch):
    tokenizers, tiktoken = pytest.importorskip("tokenizers"), pytest.importorskip("tiktoken")
    theirs = tokenizers.Tokenizer.from_file(str(folder / "bpe.json"))
    theirs.normalizer = tokenizers.normalizers.Lowercase()  # which this library does not know
    theirs.save(str(tmp_path / "theirs.json"))
    status, out, _ = call(
        capsys, "tokenizer", "measure", folder / "bpe.json", folder / "test.txt", "--against",
        tmp_path / "theirs.json", "--json",
    )  # fmt: skip
    mine, lower = rows(out)
    assert status == 0 and lower["vocab_size"] == 500 and not lower["whole"] and lower["coverage"] < 1
    assert lower["bytes_per_token"] == pytest.approx(mine["bytes_per_token"], rel=0.1)
    assert "is neither a file nor an encoding of tiktoken; it knows " in refusal(
        capsys, "tokenizer", "measure", "none", folder / "test.txt"
    )
    ranks = {piece: token for token, piece in enumerate(bpe.load(folder / "bpe.json").vocabulary) if token}
    encoding = tiktoken.Encoding("ours", pat_str=r"\S+|\s+", mergeable_ranks=ranks, special_tokens={})
    monkeypatch.setattr(tiktoken, "get_encoding", lambda name: encoding)
    other = tokenization.find("gpt2")
    assert other.vocab_size == 500 and other.decode(other.encode("a gata")) == "a gata"

    def unreachable(name):
        raise ConnectionError(name)

    monkeypatch.setattr(tiktoken, "get_encoding", unreachable)
    assert "tiktoken could not fetch gpt2; connect" in refusal(
        capsys, "tokenizer", "measure", "gpt2", folder / "test.txt"
    )
