"""The command line is read as a person writes it: options anywhere, errors of one line, a help in Portuguese."""

import argparse
import dataclasses
import re
import shlex
from pathlib import Path

import pytest
from commands.test_commands import refusal

import tinyllm
from tinyllm.cli import build_parser
from tinyllm.commands import COMMANDS
from tinyllm.commands.training import CONFIGS_OF_OPTIMIZERS
from tinyllm.config import Config
from tinyllm.data.clean import CleanConfig
from tinyllm.errors import UsageError
from tinyllm.infer.sample import SampleConfig
from tinyllm.models.catalog import MODELS
from tinyllm.parser import Help, Parser, calls, positive
from tinyllm.train.tasks import TASKS


def every_parser():
    """(name, parser) of every command and every command below it."""
    for name in COMMANDS:
        waiting = [build_parser(name)._subparsers._group_actions[0].choices[name]]
        while waiting:
            parser = waiting.pop()
            yield parser.prog, parser
            if parser._subparsers:
                waiting += parser._subparsers._group_actions[0].choices.values()


PARSERS = dict(every_parser())
METAVARS = {
    *("OPÇÃO=VALORES", "ARQUIVO.py:NOME", "FORMAS", "NOME=VALOR", "TEXTO=X", "TEXTO|TEXTO", "EXPRESSÃO"),
    *("N", "X", "TEXTO", "PASTA", "ARQUIVO", "ENTRADA", "SAÍDA", "NOME", "MB", "HEX", "OUTRO", "TOKENIZADOR", "ID"),
    *("COMANDO", "EXERCÍCIO", "MODELO", "DIVISÃO", "NOMES", "BASE", "BYTES", "MÉTODO", "train …"),
}


@pytest.mark.parametrize("prog", PARSERS)
def test_the_help_is_in_portuguese(prog):
    parser = PARSERS[prog]
    text = parser.format_help()
    assert text.startswith(f"uso: {prog}") and "\nopções:\n" in text
    assert not re.search(r"usage:|arguments?:|options:|default|show ", text)
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            continue
        assert action.help, f"{prog} says nothing of {action.dest}"
        metavar = action.metavar or Help(prog)._get_default_metavar_for_optional(action)
        assert action.choices or action.nargs == 0 or metavar in METAVARS, (prog, metavar)


@pytest.mark.parametrize("prog", PARSERS)
def test_every_number_has_a_limit(prog, capsys):
    """Whatever reads a number refuses one of hundreds of digits in a line that names the option and its limit."""
    parser = PARSERS[prog]
    numbers = [
        action
        for action in parser._actions
        if action.option_strings and getattr(action.type, "metavar", "") in ("N", "X")
    ]
    for action in numbers:
        for value in ("9" * 500, "9" * 5000, "-" + "9" * 500, "1e999", "muitos"):
            with pytest.raises(SystemExit) as ended:
                parser.parse_args([f"{action.option_strings[0]}={value}", "a", "b", "c"])
            out, err = capsys.readouterr()
            assert (ended.value.code, out) == (2, "") and err.count("\n") == 1 and len(err) < 200
            assert re.match(rf"{prog}: error: {action.option_strings[0]}=\S+( … \d+)? (must be|is) ", err), err


EVERY_CONFIG = [CleanConfig, SampleConfig, *CONFIGS_OF_OPTIMIZERS.values(), *(m.config for m in MODELS.values())]
EVERY_CONFIG += [kind for task in TASKS.values() for kind in (task.data_config, task.train_config)]


@pytest.mark.parametrize("kind", EVERY_CONFIG, ids=lambda kind: kind.__name__)
def test_every_whole_number_of_a_config_has_an_upper_limit(kind):
    assert issubclass(kind, Config)
    for field in dataclasses.fields(kind):
        if field.type in (int, "int"):
            with pytest.raises(UsageError, match=f"{field.name}=9+ … 9+ must be at most") as refused:
                kind(**{field.name: int("9" * 400)})
            assert len(str(refused.value)) < 200


REFUSED = {
    "--seed 3 generate r": "there is no option '--seed'; an option comes after its command: tinyllm COMANDO --seed",
    "data --out x clean a": "an option comes after its command: tinyllm data COMANDO --out",
    "trian": "there is no command 'trian'; did you mean train?",
    "help": "there is no command 'help'; did you mean --help?",
    "voar": "there is no command 'voar'; see them all in: tinyllm --help",
    "data voar": "there is no command 'voar'; choose one of generate, list, download,",
    "data pakc": "there is no command 'pakc'; did you mean pack?",
    "--versio": "did you mean --version?",
    "train --stpes 3": "there is no option '--stpes'; did you mean --steps?",
    "train --out": "--out needs a value; see: tinyllm train --help",
    "train": "one of the arguments --out --resume --plot-schedule is required; see: tinyllm train --help",
    "train --out a --resume b": "not allowed with argument --out; see: tinyllm train --help",
    "train --out a --model mamba": "--model=mamba is not there; choose one of gpt, llama,",
    "train --out a --tokenizer x": "--tokenizer=x is not there; choose one of bpe, char, word, byte",
    "train --out a --step 3": "there is no option '--step'; did you mean --steps?",
    "train --out a --layers 0": "--layers=0 must be at least 1",
    "train --out a --layers 1.5": "--layers=1.5 is no whole number",
    "train --out a --learning-rate inf": "--learning-rate=inf is not a finite number",
    "train --out a --width 10": "--width=10 is not a multiple of --heads=4",
    "train --out a --seed -1": "--seed=-1 must be at least 0",
    "data dedup a --out b --seed -1": "--seed=-1 must be at least 0",
    "data dedup a --out b --threshold -0.5": "--threshold=-0.5 must be above 0",
    "data split a --out b --held-out 0.5": "--held-out=0.5 must be below 0.5",
    "data dedup": "the following arguments are required: ENTRADA, --out; see: tinyllm data dedup --help",
    "generate r --prompt -ei": "--prompt needs a value; write --prompt=-ei if -ei is the value",
    "generate r --prompt --json": "--prompt needs a value",
    "classify r -ruim": "there is no option '-ruim'; if it is no option, put -- before it: -- -ruim",
    "classify": "the following arguments are required: PASTA; see",
    "doctor a b": "'b' is one argument too many",
    "generate r Era uma vez": "'vez' is one argument too many; write a text of several words in quotes",
    "course hint m01.e01 --level 4": "--level=4 must be at most 3",
    "course --json list": "an option comes after its command: tinyllm course COMANDO --json",
    "course --level 1 hint m01.e01": "an option comes after its command",
    "tokenizer train a --vocab-size 99999999999999999": "--vocab-size=99999999999999999 must be at most 1000000000",
    "tokenizer train a --out b --json=3": "ignored explicit argument",
    "train --out a --workers " + "9" * 30: "must be at most 1024",
    "bench train --workers " + "9" * 30: "must be at most 1024",
    "estimate --workers " + "9" * 30: "must be at most 1024",
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_is_refused(capsys, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    line = refusal(capsys, *words.split())
    assert REFUSED[words] in line and len(line) < 300
    assert not any(tmp_path.iterdir())


@pytest.fixture
def parser():
    parser = Parser(prog="p")
    parser.add_argument("run")
    parser.add_argument("texts", nargs="*")
    parser.add_argument("--count", type=positive, default=1)
    parser.add_argument("--prompt", default="")
    parser.add_argument("--stop", action="append", default=[])
    calls(parser, lambda arguments: arguments, json=True)
    return parser


@pytest.mark.parametrize(
    "words",
    [
        ["r", "a", "b", "--json", "--count", "3", "--prompt", "- oi"],
        ["r", "--json", "a", "--count=3", "b", "--prompt=- oi"],
        ["--count", "3", "r", "a", "--prompt", "- oi", "--json", "b"],
        ["--prompt", "- oi", "--json", "--count", "3", "--", "r", "a", "b"],
    ],
)
def test_options_stand_anywhere(parser, words):
    given = parser.parse_args(words)
    assert (given.run, given.texts, given.json, given.count, given.prompt) == ("r", ["a", "b"], True, 3, "- oi")


@pytest.mark.parametrize("text", ["-ruim", "--json", "-3", "- não", "-", "a--b", "-1e5", "--x y"])
def test_a_text_with_a_dash_comes_as_it_is(parser, text):
    assert parser.parse_args(["r", "--json", "--", text]).texts == [text]
    assert parser.parse_args(["r", f"--prompt={text}"]).prompt == text
    assert parser.parse_args(["r", f"--stop={text}", "--stop=b"]).stop == [text, "b"]


@pytest.mark.parametrize("text", ["-3", "- não", "-", "--x y"])
def test_what_is_no_option_needs_no_mark(parser, text):
    assert parser.parse_args(["r", text, "--json"]).texts == [text]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("count=3 is too much; lower count=3 or prompt=2", "--count=3 is too much; lower --count=3 or --prompt=2"),
        ("raise SmallConfig.count or shorten it", "raise --count or shorten it"),
        ("raise SmallConfig.layers or shorten it", "raise the model's layers or shorten it"),
        ("config.json is not the config of a run: count=3", "config.json is not the config of a run: count=3"),
        ("lower --count=3; a count of x=3", "lower --count=3; a count of x=3"),
    ],
)
def test_errors_name_the_options_of_the_command(parser, said, told):
    def refuse(arguments):
        raise UsageError(said)

    calls(parser, refuse)
    with pytest.raises(UsageError) as refused:
        parser.parse_args(["r"]).command(argparse.Namespace())
    assert str(refused.value) == told


@pytest.mark.parametrize("word", ["x" * 4000, "/".join(["pasta"] * 800), "uma frase " * 400])
def test_long_values_are_not_told_whole(capsys, word):
    for arguments in (["train", "--out", "a", "--model", word], ["generate", word], [word], ["train", f"--{word}"]):
        assert len(refusal(capsys, *arguments)) < 900


ROOT = Path(tinyllm.__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "exercises").rglob("README.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_commands_of_a_page_can_be_given(page):
    """Every line of a code block that begins with tinyllm is a command with options that it has."""
    command = rf"^\s*(?:!|\$ )?tinyllm ((?:{'|'.join(COMMANDS)})\b[^\n…]*)$"
    for line in re.findall(command, page.read_text(encoding="utf-8"), flags=re.MULTILINE):
        words = shlex.split(re.split(r" [|>] | 2> ", line)[0], comments=True)
        try:
            build_parser(words[0]).parse_args(words)
        except SystemExit as end:  # after --help
            assert not end.code, line


READS_WITH_PIECES = ["train", "generate", "fill", "classify", "attention", "estimate"]
READS_WITH_PIECES += [f"tokenizer {name}" for name in ("train", "encode", "decode", "convert")]
READS_WITH_PIECES += [f"data {name}" for name in ("clean", "dedup", "split", "pack")]


@pytest.mark.parametrize("name", READS_WITH_PIECES)
def test_what_computes_with_pieces_takes_those_of_the_learner(name):
    assert "--mine" in PARSERS[f"tinyllm {name}"].format_help()
