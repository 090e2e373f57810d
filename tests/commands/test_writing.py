"""`tinyllm generate` with a draft: the same text, and how many guesses stayed."""

import json

import pytest
from commands.test_commands import call

from tinyllm import cli

SIZES = "--texts 60 --steps 2 --batch 2 --vocab-size 300 --context 32 --heads 2 --width 16"
GREEDY = ("--prompt", "Era uma vez", "--temperature", 0, "--max-tokens", 50)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    for name, words in (
        ("large", f"--layers 2 {SIZES}"),
        ("small", "--teacher {}/large --layers 1 --width 8 --heads 2 --steps 2 --batch 2"),
        ("other", f"--layers 1 --seed 3 {SIZES.replace('300', '290')}"),
        ("t5", f"--model t5 --layers 1 {SIZES}"),
    ):
        assert cli.main(["train", "--out", str(folder / name), *words.format(folder).split()]) == 0
    return folder


@pytest.mark.parametrize("how", ["--draft small", "--draft large", "--lookup", "--lookup --ahead 2"])
def test_a_draft_changes_no_word(folder, capsys, monkeypatch, how):
    monkeypatch.chdir(folder)
    capsys.readouterr()
    status, alone, _ = call(capsys, "generate", "large", *GREEDY)
    assert status == 0
    status, out, err = call(capsys, "generate", "large", *GREEDY, *how.split())
    assert (status, out) == (0, alone) and "dos palpites ficaram" in err and "tokens por leitura" in err
    (line,) = map(json.loads, call(capsys, "generate", "large", *GREEDY, *how.split(), "--json")[1].splitlines())
    assert line["text"] == alone.removeprefix("Era uma vez").removesuffix("\n")
    assert 0 <= line["acceptance"] <= 1 <= line["tokens_per_pass"] <= 5
    if how == "--draft large":
        assert line["acceptance"] == 1


def test_seeds_and_counts_are_those_of_the_command(folder, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    words = ("generate", "large", "--draft", "small", "--max-tokens", 20, "--count", 2, "--json")
    first, again, later = (call(capsys, *words, "--seed", seed)[1].splitlines() for seed in (3, 3, 4))
    assert first == again and json.loads(first[1])["text"] == json.loads(later[0])["text"] and first[0] != first[1]


def test_what_cannot_guess_is_refused(folder, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    capsys.readouterr()
    for words, told in (
        (("large", "--draft", "other"), "other has another tokenizer than large, and cannot guess for it"),
        (("large", "--draft", "nothing"), "nothing holds no run"),
        (("large", "--draft", "small", "--lookup"), "two ways to guess"),
        (("large", "--ahead", 3), "--ahead says how many tokens to guess, and nobody does"),
        (("t5", "--lookup"), "fills gaps, and no draft guesses for it"),
    ):
        status, out, err = call(capsys, "generate", *words)
        assert status == 2 and not out and told in err and err.count("\n") == 1
