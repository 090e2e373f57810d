"""`tinyllm evaluate` on tiny runs: which differences are real, a contaminated set is told, and the page is whole."""

import json
import re

import pytest
from show.test_report import Page

from tinyllm import cli
from tinyllm.data import corpora
from tinyllm.data.split import SPLITS

SMALL = "--vocab-size 300 --context 32 --layers 1 --heads 2 --width 16 --batch 8 --warmup 2 --workers 1"
pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Runs on the same texts, one that has hardly learned and one that has learned more; one on a folder in which the
    training texts hold 10 of 40 test texts; one that tells labels; one that answers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place := tmp_path_factory.mktemp("runs"))
        (place / "texts").mkdir()
        texts = {
            split: list(corpora.CORPORA["contos"](40 if split != "train" else 60, split=split)) for split in SPLITS
        }
        texts["train"] += texts["test"][:10]
        for split, some in texts.items():
            (place / f"texts/{split}.txt").write_text("\n\n".join(some), encoding="utf-8")
        for command in (
            f"train --out begun --texts 60 --steps 2 {SMALL}",
            f"train --out taught --texts 60 --steps 60 {SMALL}",
            f"train --out copied --corpus texts --steps 2 {SMALL}",
            f"train --out labels --task classify --model bert --texts 100 --steps 4 {SMALL}",
            f"train --out answers --task instruct --texts 60 --steps 2 {SMALL.replace('32', '96')}",
        ):
            assert cli.main(command.split()) == 0, command
        yield place


def evaluated(capsys, command):
    """{(suite, run): what it says}"""
    capsys.readouterr()
    assert cli.main(["evaluate", *command.split(), "--json"]) == 0
    lines = map(json.loads, capsys.readouterr().out.splitlines())
    return {
        (line["suite"], line["run"]): line | {"figures": {one["name"]: one for one in line["figures"]}}
        for line in lines
    }


def test_which_differences_of_two_runs_are_real(place, capsys):
    command = "begun taught --suite texts --suite questions --examples 40"
    found = evaluated(capsys, command)
    better = found["texts", "taught"]["figures"]["bits_per_byte"]
    assert better["differs"]["real"] and better["differs"]["high"] < 0 and better["differs"]["p"] < 0.01
    assert better["differs"]["value"] == pytest.approx(
        better["value"] - found["texts", "begun"]["figures"]["bits_per_byte"]["value"]
    )
    assert found["texts", "begun"]["figures"]["bits_per_byte"]["differs"] is None
    of_chance = found["questions", "taught"]["figures"]["accuracy"]
    assert not of_chance["differs"]["real"] and of_chance["differs"]["low"] <= 0 <= of_chance["differs"]["high"]
    capsys.readouterr()
    assert cli.main(["evaluate", *command.split()]) == 0
    out = capsys.readouterr().out
    assert re.search(r"^  bits por byte .* begun .* — .*\n .* taught .* sim ", out, flags=re.M)
    assert re.search(r"^  acurácia .* begun .*\n .* taught .* não dá para dizer ", out, flags=re.M)


def test_a_contaminated_set_is_told_beside_its_score(place, capsys):
    found = evaluated(capsys, "begun copied --suite texts --examples 40")
    clean, copied = found["texts", "begun"], found["texts", "copied"]
    assert clean["contaminated"] == 0 and copied["contaminated"] == 0.25
    assert copied["shares_a_run_of_words"] >= 0.25
    of_clean, of_copied = (one["figures"]["bits_per_byte"] for one in (clean, copied))
    assert of_clean["without_contaminated"] is None
    assert of_copied["without_contaminated"] not in (None, of_copied["value"])
    capsys.readouterr()
    assert cli.main(["evaluate", "copied", "--suite", "texts", "--examples", "40"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"bits por byte .* 25,0 % +\d,\d\d\d$", out, flags=re.M)
    assert "De 25,0 % dos exemplos, quase tudo está nos textos de treino de copied." in out


def test_different_test_sets_are_not_compared(place, capsys):
    found = evaluated(capsys, "begun answers --suite texts --examples 20")
    assert not found["texts", "answers"]["same_test_as_first"]
    assert all(one["differs"] is None for one in found["texts", "answers"]["figures"].values())
    assert cli.main(["evaluate", "begun", "answers", "--suite", "texts", "--examples", "20"]) == 0
    assert "answers e begun não têm o mesmo conjunto de teste" in capsys.readouterr().out


def test_parts_of_other_examples_are_not_compared(place, capsys):
    for corpus in ("contos", "cartilha"):
        command = f"train --out {corpus} --corpus {corpus} --texts 100 --steps 1 {SMALL.replace('32', '64')}"
        assert cli.main(command.split()) == 0
    figures = evaluated(capsys, "contos cartilha --suite agreement --examples 100")["agreement", "cartilha"]["figures"]
    assert figures["agreement"]["differs"] is not None and figures["known_words"]["differs"] is None


def test_perplexities_of_two_tokenizers_are_not_compared(place, capsys):
    command = f"train --out bytes --texts 60 --tokenizer byte --steps 1 {SMALL}"
    assert cli.main(command.split()) == 0
    figures = evaluated(capsys, "begun bytes --suite texts --examples 20")["texts", "bytes"]["figures"]
    assert figures["bits_per_byte"]["differs"] is not None and figures["perplexity"]["differs"] is None


def test_the_page_needs_nothing_else_and_shows_every_suite(place, capsys):
    command = "evaluate begun taught labels answers --examples 20 --html page.html"
    assert cli.main(command.split()) == 0
    out, told = capsys.readouterr()
    text = (place / "page.html").read_text(encoding="utf-8")
    assert not re.search(r"https?:|\bsrc=|\bhref=|url\(|@import|<script|<link|NaN|None", text)
    page = Page(text)
    for suite in ("texts", "agreement", "questions", "instructions", "labels", "bias", "robustness"):
        assert f"({suite}, " in page.text and f"({suite}), " in out
    assert {"svg", "polyline", "circle", "details"} <= {tag for tag, _ in page.tags}
    assert "Ruído: digitação" in page.text and "Calibração: labels" in page.text
    assert "O que labels disse de cada rótulo" in page.text and "erra, ou mais hesita" in page.text
    assert "pronto; abra page.html no navegador" in told


def test_what_is_asked_of_a_few_shots(place, capsys):
    assert cli.main(f"train --out roomy --texts 60 --steps 20 {SMALL.replace('32', '512')}".split()) == 0
    command = "answers roomy --suite instructions --examples 20"
    without, with_shots = (evaluated(capsys, f"{command}{more}") for more in ("", " --shots 2"))
    assert without["instructions", "answers"] == with_shots["instructions", "answers"]
    few = "O modelo não aprendeu a responder: antes de cada pergunta couberam, em média, {} de {}."
    assert few.format("2,00", "2 exemplos") in with_shots["instructions", "roomy"]["notes"]
    assert with_shots["instructions", "roomy"]["figures"]["exact_match"]["differs"] is not None
    said = [[one["said"] for one in found["instructions", "roomy"]["mistakes"]] for found in (with_shots, without)]
    assert said[0] != said[1]  # who was given examples goes on with another text
    cramped = evaluated(capsys, "begun --suite instructions --examples 20 --shots 2")["instructions", "begun"]
    assert few.format("0,00", "2 exemplos") in cramped["notes"]  # a context of 32 has room for none


def test_a_published_set_is_read_from_a_file_and_measured_whole(place, capsys):
    (place / "calame.jsonl").write_text(
        "".join(json.dumps({"sentence": f"A gata {n} dorme no", "last_word": "sol"}) + "\n" for n in range(30)), "utf-8"
    )
    (found,) = evaluated(capsys, "begun --suite calame-pt --file calame.jsonl --examples 20").values()
    assert found["examples"] == 30 and set(found["figures"]) == {"accuracy", "perplexity"}
    (place / "hate.csv").write_text("comentario,label_final\nFeio!,1\nLindo,0\n", encoding="utf-8")
    assert cli.main(["evaluate", "labels", "--suite", "hatebr", "--file", "hate.csv"]) == 2
    assert re.search(r"error: labels tells negativa, positiva, but .* labelled não ofensivo; ", capsys.readouterr().err)
