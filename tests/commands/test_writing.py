"""`tinyllm generate`: with a draft, the same text; with what is forbidden, without it;
with log-probabilities; the best of a search."""

import json
import re

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
        (("t5", "--lookup"), "fills gaps: nobody guesses or searches for it"),
    ):
        status, out, err = call(capsys, "generate", *words)
        assert status == 2 and not out and told in err and err.count("\n") == 1


def test_what_is_forbidden_is_not_written_and_what_is_wished_for_is(folder, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    capsys.readouterr()
    words = ("generate", "large", "--max-tokens", 60, "--json")
    told = json.loads(call(capsys, *words, "--logprobs", 1)[1])
    letters = sorted({token["text"].strip() for token in told["tokens"] if token["text"].strip().isalpha()})[:3]
    bans = [word for letter in letters for word in ("--ban", letter)]
    forbidden = {before + letter for letter in letters for before in ("", " ")}
    without = json.loads(call(capsys, *words, "--logprobs", 1, *bans)[1])
    assert letters and not forbidden & {token["text"] for token in without["tokens"]}
    wished = json.loads(call(capsys, *words, "--bias", "z=100", "--temperature", 0)[1])["text"]
    assert set(wished) <= {"z", " "} and "z" in wished
    short = (
        "generate",
        "large",
        "--temperature",
        0,
        "--bias",
        "z=100",
        "--no-repeat-ngram",
        1,
        "--max-tokens",
        9,
        "--json",
    )
    assert json.loads(call(capsys, *short)[1])["text"].count("z") <= 2


def test_log_probabilities_are_of_the_text(folder, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    capsys.readouterr()
    told = json.loads(call(capsys, "generate", "large", "--max-tokens", 8, "--json", "--logprobs", 3)[1])
    assert "".join(token["text"] for token in told["tokens"]).strip() == told["text"].strip()
    for token in told["tokens"]:
        nats = [other["logprob"] for other in token["alternatives"]]
        assert len(nats) == 3 and nats == sorted(nats, reverse=True) and token["logprob"] <= nats[0] < 0
    for words, message in (
        (("--logprobs", 2), "with --json"),
        (("--logprobs", 2, "--json", "--lookup"), "drawn by the model alone"),
        (("--bias", "casa"), "is no text with a number"), (("--bias", "=2"), "is no text with a number"),
        (("--bias", "casa=1e39"), "is no text with a number up to 1000"),
        (("--min-tokens", 9, "--max-tokens", 8), "--min-tokens=9 is more than --max-tokens=8; raise that"),
        (("--repetition-penalty", 1e-300), "at least 0.01"), (("--presence-penalty", 1e300), "at most 100"),
        (("--bias", "a=1", "--ban", "a"), "of which another --bias or --ban does"),
        (("--bias", "a=1", "--bias", "a=2"), "of which another --bias or --ban does"),
        (("--bias", "casa=inf"), "is no text with a number"), (("--ban", ""), "forbids an empty text"),
        (("--mirostat", 3, "--lookup"), "no draft keeps up"),
    ):  # fmt: skip
        status, out, err = call(capsys, "generate", "large", *words)
        assert status == 2 and not out and message in err and err.count("\n") == 1


def test_a_search_shows_its_best_texts(folder, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    capsys.readouterr()
    words = ("generate", "large", "--prompt", "Era uma vez", "--max-tokens", 12)
    lines = [json.loads(line) for line in call(capsys, *words, "--beams", 4, "--count", 3, "--json")[1].splitlines()]
    assert len({line["text"] for line in lines}) == 3 and "seed" not in lines[0]
    assert [line["score"] for line in lines] == sorted((line["score"] for line in lines), reverse=True)
    status, out, err = call(capsys, *words, "--beams", 4)
    assert status == 0 and out == f"Era uma vez{lines[0]['text']}\n" and err.startswith("nota -")
    one, greedy = (call(capsys, *words, *how)[1] for how in (("--beams", 1), ("--temperature", 0)))
    assert one == greedy
    status, out, _ = call(capsys, *words, "--beams", 4, "--ban", "a", "--no-repeat-ngram", 1, "--json")
    assert status == 0 and json.loads(out)["text"] != lines[0]["text"]
    for more, message in (
        (("--beams", 4, "--temperature", 1), "draws nothing; leave out --temperature"),
        (("--beams", 4, "--lookup"), "draws nothing; leave out --draft or --lookup"),
        (("--beams", 2, "--count", 3), "--count=3 texts are more than there are beams"),
        (("--beams", 4, "--beam-groups", 3), "beams=4 are not"),
        (("--diversity", 1), "changes nothing with one group"),
    ):
        status, out, err = call(capsys, *words, *more)
        assert status == 2 and not out and message in err and err.count("\n") == 1
    assert "nobody guesses or searches" in call(capsys, "generate", "t5", "--beams", 2)[2]


def test_what_is_written_under_a_constraint_matches(folder, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    capsys.readouterr()
    words = ("generate", "large", "--max-tokens", 12, "--json")
    texts = [json.loads(line)["text"] for line in
             call(capsys, *words, "--regex", r"(ab|\d){2,4}!", "--count", 9)[1].splitlines()]  # fmt: skip
    assert len(texts) == 9 and all(re.fullmatch(r"(ab|\d){2,4}!", text) for text in texts) and len(set(texts)) > 3
    for how in (("--draft", "small"), ("--beams", 3), ("--lookup",)):
        text = json.loads(call(capsys, *words, "--regex", r"(ab|\d){2,4}!", *how)[1])["text"]
        assert re.fullmatch(r"(ab|\d){2,4}!", text)
    assert json.loads(call(capsys, *words, "--choices", "sim|não|talvez")[1])["text"] in ("sim", "não", "talvez")
    (folder / "sums.ebnf").write_text('sum ::= [0-9] | "(" sum "+" sum ")"', encoding="utf-8")
    (folder / "wrong.ebnf").write_text('sum ::= [0-9]\n  | "(" total', encoding="utf-8")
    texts = [json.loads(line)["text"] for line in
             call(capsys, *words, "--grammar", "sums.ebnf", "--count", 9)[1].splitlines()]  # fmt: skip
    for text in texts:
        while text != (text := re.sub(r"\(\d\+\d\)", "0", text)):
            pass
        assert re.fullmatch(r"\d", text)
    assert len(set(texts)) > 3
    for more, message in (
        (("--grammar", "wrong.ebnf"), "wrong.ebnf, line 2: there is no rule total"),
        (("--grammar", "none.ebnf"), "none.ebnf does not exist"),
        (("--grammar", "."), "."),
        (("--regex", "a)"), "regex 'a)': a ) without its ("),
        (("--regex", "a", "--choices", "a"), "two constraints"),
        (("--choices", "a||b"), "none may be empty"), (("--choices", ""), "none may be empty"),
        (("--regex", "a{40}"), "has 40 bytes, more than --max-tokens=12; raise it"),
    ):  # fmt: skip
        status, out, err = call(capsys, *words, *more)
        assert status == 2 and not out and message in err and err.count("\n") == 1
    assert "is not constrained" in call(capsys, "generate", "t5", "--regex", "a")[2]
