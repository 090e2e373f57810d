"""The command line as a person or a script meets it: what it prints, its exit status, its one-line errors."""

import json
import re
import signal
import subprocess
import sys

import numpy as np
import pytest

from tinyllm import cli
from tinyllm.backend import kernels, machine, threads
from tinyllm.nn.module import count_parameters
from tinyllm.optim.sgd import SGDConfig
from tinyllm.train import checkpoint
from tinyllm.train import run as runs

SMALL = [
    "--texts",
    "60",
    "--vocab-size",
    "300",
    "--context",
    "16",
    "--layers",
    "1",
    "--heads",
    "2",
    "--width",
    "16",
    "--batch",
    "4",
    "--warmup",
    "2",
]


WITHOUT_NUMBA = (
    "import sys, tinyllm.backend.kernels as k; k.numba_version = lambda: None; "
    "import tinyllm.cli as c; sys.exit(c.main())"
)
COMMAND = [sys.executable, *(["-m", "tinyllm"] if kernels.numba_version() else ["-c", WITHOUT_NUMBA])]  # as here


def call(capsys, *arguments):
    """(exit status, standard output, standard error)"""
    try:
        status = cli.main([str(a) for a in arguments])
    except SystemExit as exit:
        status = exit.code
    out, err = capsys.readouterr()
    return status, out, err


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "small"
    assert cli.main(["train", "--out", str(folder), *SMALL, "--steps", "6", "--save-every", "3"]) == 0
    return folder


def refusal(capsys, *arguments):
    """The error of a command that must refuse: one line, exit status 2, nothing on the standard output."""
    status, out, err = call(capsys, *arguments)
    assert status == 2 and out == ""
    line = err.strip().splitlines()[-1]
    assert re.match(r"tinyllm( \w+)*: error: ", line), err
    assert "Traceback" not in err
    return line


# ------------------------------------------------------------------------------------------------------ help, doctor


def test_help_names_every_command_in_portuguese(capsys):
    status, out, _ = call(capsys)
    assert status == 0
    for command in ("quickstart", "train", "generate", "tokenizer", "data", "doctor"):
        assert command in out
    status, out, _ = call(capsys, "train", "--help")
    assert status == 0 and "opções:" in out and "Treina um modelo" in out and "padrão: 0.004" in out


def test_version(capsys):
    assert call(capsys, "--version")[1].startswith("tinyllm ")


def test_doctor(capsys):
    status, out, _ = call(capsys, "doctor")
    assert status == 0 and "numpy" in out and "memória" in out
    found = json.loads(call(capsys, "doctor", "--json")[1])
    assert found["numpy"]["found"] == np.__version__ and found["numpy"]["mend"] is None


ON_ITS_OWN = """
import importlib.machinery, importlib.metadata, json, sys

missing, broken = json.loads(sys.argv.pop(1)), json.loads(sys.argv.pop(1))

class Missing:  # as if nobody had installed them, or something had spoilt them
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in missing:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        if name.partition(".")[0] in broken:
            raise AttributeError("a package that does not fit the others")

sys.meta_path.insert(0, Missing())
of_package = importlib.metadata.version
importlib.metadata.version = lambda name: of_package("no-such-package" if name in missing else name)
importlib.util.find_spec = lambda name, find=importlib.util.find_spec: None if name in missing else find(name)
from tinyllm.cli import main
try:
    status = main()
except SystemExit as end:  # argparse, after --help
    status = end.code
print(json.dumps(sorted(name for name in sys.modules if name.startswith("tinyllm."))), file=sys.stderr)
sys.exit(status)
"""


def alone(*arguments, missing=(), broken=()):
    """(exit status, standard output, standard error, modules of ours imported) of a command in its own process."""
    command = [sys.executable, "-c", ON_ITS_OWN, json.dumps(missing), json.dumps(broken), *map(str, arguments)]
    ran = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    *said, imported = ran.stderr.splitlines()
    return ran.returncode, ran.stdout, said, json.loads(imported)


PACKAGES = ["numba", "tqdm", "safetensors", "threadpoolctl", "pytest"]


ONE_BY_ONE = [pytest.param([name], marks=pytest.mark.long) for name in PACKAGES]


@pytest.mark.parametrize("missing", [[], *ONE_BY_ONE, PACKAGES], ids=", ".join)
def test_the_doctor_and_the_help_need_no_package(missing):
    status, out, said, _ = alone("doctor", missing=missing)
    assert (status, said) == (0, [])
    for name in missing:
        assert re.search(rf"! {name}: +não instalado\n +→ pip install {name}", out)
    for arguments in ([], ["--help"], ["course", "list"]):
        status, out, said, _ = alone(*arguments, missing=missing)
        assert (status, said) == (0, []) and out


@pytest.mark.long
@pytest.mark.parametrize("broken", PACKAGES)
def test_the_doctor_and_the_help_work_beside_a_broken_package(broken):
    status, out, said, _ = alone("doctor", broken=[broken])
    assert (status, said) == (0, [])
    assert re.search(
        rf"! {broken}: +[\w.]+, com defeito \(AttributeError\)\n +→ pip install --force-reinstall {broken}", out
    )
    for arguments in (["--help"], ["train", "--help"], ["course", "list"]):
        status, out, said, _ = alone(*arguments, broken=[broken])
        assert (status, said) == (0, []) and out


def test_the_doctor_tells_a_broken_cupy(capsys, monkeypatch):
    def fail():
        raise RuntimeError("the driver is older than the toolkit")

    monkeypatch.setattr(machine, "find_gpu", fail)
    status, out, _ = call(capsys, "doctor")
    assert status == 0 and "CuPy com defeito (RuntimeError)" in out


def test_a_command_without_its_package_says_what_to_install(tmp_path):
    (tmp_path / "texts.txt").write_text("Era uma vez.\n\nA gata.\n", encoding="utf-8")
    status, out, said, _ = alone(
        "tokenizer", "train", tmp_path / "texts.txt", "--out", tmp_path / "t.json", missing=["tqdm"]
    )
    assert (status, out) == (2, "")
    assert said == ["tinyllm tokenizer train: error: progress bars need tqdm; install it with: pip install tqdm"]
    assert not (tmp_path / "t.json").exists()


def test_a_command_imports_only_what_it_needs():
    for arguments, most in (([], 6), (["doctor"], 35), (["course", "list"], 36)):
        status, _, _, imported = alone(*arguments)
        assert status == 0 and len(imported) <= most, imported


# ------------------------------------------------------------------------------------------------------------- train


def test_train_as_json_tells_every_step(capsys, tmp_path):
    status, out, _ = call(
        capsys, "train", "--out", tmp_path / "r", *SMALL, "--steps", 4, "--validate-every", 2, "--json"
    )
    lines = [json.loads(line) for line in out.splitlines()]
    assert status == 0 and [line["step"] for line in lines] == [1, 2, 3, 4]
    assert [line["validation_loss"] is not None for line in lines] == [False, True, False, True]


def test_train_tells_the_memory_first_and_how_to_go_on(capsys, tmp_path):
    _, out, err = call(capsys, "train", "--out", tmp_path / "r", *SMALL, "--steps", 2)
    assert out == ""
    assert err.index("Memória para treinar") < err.index("passo 1/2") < err.index("tinyllm generate")


def test_train_says_after_ten_steps_how_long_the_rest_will_take(capsys, tmp_path):
    _, _, err = call(capsys, "train", "--out", tmp_path / "r", *SMALL, "--steps", 12)
    assert re.findall(r"faltam cerca de (.*)", err) == ["1 segundo"]
    _, out, err = call(capsys, "train", "--resume", tmp_path / "r", "--steps", 24, "--json")
    assert len(out.splitlines()) == 12 and "faltam" not in err


@pytest.mark.parametrize("model", ["rnn", "lstm"])
def test_a_recurrent_model_trains_goes_on_and_writes_beyond_its_context(capsys, tmp_path, model):
    heads = SMALL.index("--heads")
    options = SMALL[:heads] + SMALL[heads + 2 :]
    status, _, err = call(capsys, "train", "--out", tmp_path / "r", "--model", model, *options, "--steps", 3)
    assert status == 0 and f"Modelo: {model.upper()} de 1 bloco de largura 16" in err and "Memória para treinar" in err
    parameters = int(re.search(r"([\d.]+) parâmetros", err)[1].replace(".", ""))
    assert call(capsys, "train", "--resume", tmp_path / "r", "--steps", 5)[0] == 0
    run = runs.open_run(tmp_path / "r")
    assert runs.steps_done(run) == 5 and parameters == count_parameters(run.trained_model())
    _, out, _ = call(capsys, "generate", tmp_path / "r", "--prompt", "palavra " * 50, "--max-tokens", 20, "--json")
    assert json.loads(out)["prompt"] == "palavra " * 50


def test_40_steps_equal_20_and_20(capsys, tmp_path):
    for name, steps in (("whole", 40), ("parts", 20)):
        assert call(capsys, "train", "--out", tmp_path / name, *SMALL, "--dropout", 0.1, "--steps", steps)[0] == 0
    assert call(capsys, "train", "--resume", tmp_path / "parts", "--steps", 40)[0] == 0
    whole, parts = (checkpoint.newest_first(tmp_path / name / "checkpoints")[0] for name in ("whole", "parts"))
    assert whole.name == parts.name == "step-00000040"
    for path in whole.iterdir():
        assert path.read_bytes() == (parts / path.name).read_bytes(), path.name
    assert (tmp_path / "whole" / "config.json").read_bytes() == (tmp_path / "parts" / "config.json").read_bytes()


def test_40_steps_equal_what_resumes_after_a_kill(capsys, tmp_path):
    options = [*SMALL, "--dropout", "0.1", "--steps", "40", "--save-every", "10"]
    assert call(capsys, "train", "--out", tmp_path / "whole", *options)[0] == 0
    command = [*COMMAND, "train", "--out", tmp_path / "killed", *options, "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        for line in process.stdout:
            if json.loads(line)["step"] == 25:
                process.kill()
                break
    assert runs.steps_done(runs.open_run(tmp_path / "killed")) in (20, 30)  # not 40: it was killed on the way
    assert call(capsys, "train", "--resume", tmp_path / "killed")[0] == 0
    whole, killed = (checkpoint.newest_first(tmp_path / name / "checkpoints")[0] for name in ("whole", "killed"))
    assert [p.name for p in (whole, killed)] == ["step-00000040"] * 2
    for path in whole.iterdir():
        assert path.read_bytes() == (killed / path.name).read_bytes(), path.name


def test_a_run_begins_from_another_with_other_texts(capsys, trained, tmp_path):
    options = ("--from", trained, "--corpus", "receitas", "--texts", 60, "--batch", 4, "--steps", 3)
    status, _, err = call(capsys, "train", "--out", tmp_path / "r", *options)
    assert status == 0 and "Modelo: GPT de 1 bloco de largura 16" in err
    assert "--width cannot change in a run that begins --from another" in refusal(
        capsys, "train", "--out", tmp_path / "s", *options, "--width", 32
    )
    assert "give one of the two" in refusal(capsys, "train", "--resume", trained, "--from", trained)
    sgd = ("--optimizer", "sgd", "--momentum", 0.5, "--learning-rate", 0.3)
    assert call(capsys, "train", "--out", tmp_path / "sgd", *options, *sgd)[0] == 0
    again = ("--from", tmp_path / "sgd", *options[2:])
    assert call(capsys, "train", "--out", tmp_path / "again", *again, "--weight-decay", 0.2)[0] == 0
    assert runs.open_run(tmp_path / "again").optimizer_config == SGDConfig(weight_decay=0.2, momentum=0.5)
    assert "holds no run" in refusal(capsys, "train", "--out", tmp_path / "s", "--from", tmp_path)
    assert not (tmp_path / "s").exists()


def test_ctrl_c_saves_and_says_how_to_go_on(tmp_path):
    command = [*COMMAND, "train", "--out", tmp_path / "r", *SMALL, "--steps", "100000", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        for _ in range(3):
            process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    last = json.loads(out.splitlines()[-1])["step"]
    assert f"Parado no passo {last}" in err and f"tinyllm train --resume {tmp_path / 'r'}" in err
    assert runs.steps_done(runs.open_run(tmp_path / "r")) == last


def test_train_with_another_optimiser(capsys, tmp_path):
    options = ["--steps", "4", "--optimizer", "sgd", "--momentum", "0.5", "--learning-rate", "0.3", "--profile"]
    status, _, err = call(capsys, "train", "--out", tmp_path / "sgd", *SMALL, *options)
    assert status == 0 and re.search(r"^ +SGD +\d", err, re.MULTILINE)
    config = json.loads((tmp_path / "sgd" / "config.json").read_text(encoding="utf-8"))
    assert config["optimizer"] == "sgd" and config["update"] == {"weight_decay": 0.0, "momentum": 0.5, "nesterov": True}
    for option in (["--optimizer", "adamw"], ["--momentum", "0.9"], ["--weight-decay", "0.1"]):
        refused = refusal(capsys, "train", "--resume", tmp_path / "sgd", *option)
        assert f"{option[0]} cannot change in a run that is resumed" in refused
    assert call(capsys, "train", "--resume", tmp_path / "sgd", "--steps", "8")[0] == 0


def test_what_train_refuses(capsys, tmp_path, trained):
    assert "holds a run; go on with --resume" in refusal(capsys, "train", "--out", trained, *SMALL)
    assert "--batch cannot change" in refusal(capsys, "train", "--resume", trained, "--batch", 8)
    assert "--task cannot change" in refusal(capsys, "train", "--resume", trained, "--task", "classify")
    assert "has done 6 of its 6 steps" in refusal(capsys, "train", "--resume", trained)
    assert "holds no run" in refusal(capsys, "train", "--resume", tmp_path / "none")
    assert "layers=0 must be at least 1" in refusal(capsys, "train", "--out", tmp_path / "a", "--layers", 0)
    assert "--width=10 is not a multiple of --heads=4" in refusal(
        capsys, "train", "--out", tmp_path / "a", "--width", 10
    )
    assert "--steps=muitos is no whole number" in refusal(capsys, "train", "--out", tmp_path / "a", "--steps", "muitos")
    assert "there is no option '--stpes'; did you mean --steps?" in refusal(
        capsys, "train", "--out", tmp_path / "a", "--stpes", 3
    )
    assert "the optimizer sgd has no --beta1; leave it out or choose another --optimizer" in refusal(
        capsys, "train", "--out", tmp_path / "run", "--optimizer", "sgd", "--beta1", "0.8"
    )
    assert "the model lstm has no --heads; leave it out" in refusal(
        capsys, "train", "--out", tmp_path / "a", "--model", "lstm", "--heads", 2
    )
    assert "--model=mamba is not there; choose one of gpt, " in refusal(
        capsys, "train", "--out", tmp_path / "a", "--model", "mamba"
    )
    assert "--model cannot change" in refusal(capsys, "train", "--resume", trained, "--model", "gpt")
    assert "required" in refusal(capsys, "train")
    assert "lower --batch=" in refusal(capsys, "train", "--out", tmp_path / "b", *SMALL, "--width", 200_000)


def test_a_corpus_that_cannot_be_read(capsys, tmp_path):
    (tmp_path / "vazio.txt").write_text("")
    (tmp_path / "nada").mkdir()
    arguments = ["train", "--out", tmp_path / "r", "--corpus"]
    assert "has 0 texts; at least 3" in refusal(capsys, *arguments, tmp_path / "vazio.txt")
    assert "neither a generated corpus (contos, " in refusal(capsys, *arguments, "livro.txt")
    assert "holds no file that ends in .txt" in refusal(capsys, *arguments, tmp_path / "nada")


def test_a_run_in_use_names_the_process_and_can_be_read(capsys, tmp_path):
    command = [*COMMAND, "train", "--out", tmp_path / "r", *SMALL, "--steps", "100000", "--save-every", "1", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        for _ in range(3):
            process.stdout.readline()
        refused = refusal(capsys, "train", "--resume", tmp_path / "r", "--steps", 100_001)
        assert f"{tmp_path / 'r'} is in use by process {process.pid}; wait until it ends" in refused
        assert call(capsys, "generate", tmp_path / "r", "--max-tokens", 3)[0] == 0
        process.kill()
    done = runs.steps_done(runs.open_run(tmp_path / "r"))
    assert call(capsys, "train", "--resume", tmp_path / "r", "--steps", done + 1)[0] == 0


def test_a_resume_that_is_refused_changes_nothing(capsys, trained):
    before = (trained / "config.json").read_bytes()
    assert "has done 6 of its 3 steps" in refusal(capsys, "train", "--resume", trained, "--steps", 3)
    assert (trained / "config.json").read_bytes() == before


OF_A_RUN = ["tokenizer.json", "config.json", "log.jsonl", "train.npy"]


@pytest.mark.parametrize("line", [
    "tokenizer train {texts} --out {texts}", "data clean {texts} --out {texts}", "data dedup {texts} --out {texts}",
    "data pack {run} {texts} --out {texts}", "tokenizer convert {run}/tokenizer.json {run}/tokenizer.json",
    *(f"tokenizer train {{texts}} --out {{run}}/{name}" for name in OF_A_RUN),
    *(f"data {command} {{texts}} --out {{run}}/{name}" for command in ("clean", "dedup") for name in OF_A_RUN),
    *(f"data pack {{run}} {{texts}} --out {{run}}/{name}" for name in OF_A_RUN),
    *(f"data generate contos --out {{run}}/{name}" for name in OF_A_RUN),
    "data clean {folder} --out {texts}", "data dedup {folder} --out {link}", "tokenizer train {link} --out {texts}",
    "tokenizer train {texts} --out", "data clean {texts} --out", "data generate contos --out",
    "data split {texts} --out",
    "train --out", "quickstart --out", "compare gpt --out", "data download lusiadas --out", "train --resume",
    "compare gpt xyz --out {folder}/new",
])  # fmt: skip
def test_an_output_that_is_an_input_or_no_name_is_refused_before_any_work(capsys, trained, tmp_path, line):
    texts, link = tmp_path / "texts.txt", tmp_path / "link.txt"
    texts.write_text("Era uma vez uma gata.\n\n" * 20, encoding="utf-8")
    link.symlink_to(texts)
    words = line.format(texts=texts, link=link, folder=tmp_path, run=trained).split()
    before = {path: path.read_bytes() for folder in (trained, tmp_path) for path in folder.rglob("*") if path.is_file()}
    refusal(capsys, *words, *([""] if words[-1].startswith("--") else []))
    after = {path: path.read_bytes() for folder in (trained, tmp_path) for path in folder.rglob("*") if path.is_file()}
    assert after == before and not (tmp_path / "new").exists()


def test_a_full_disk_says_so_and_keeps_what_was_saved(capsys, monkeypatch, tmp_path):
    folder = tmp_path / "r"
    assert call(capsys, "train", "--out", folder, *SMALL, "--steps", 2)[0] == 0

    def full(*arguments, **options):
        raise OSError(28, "No space left on device", str(folder))

    monkeypatch.setattr(checkpoint.storage, "save_arrays", full)
    refused = refusal(capsys, "train", "--resume", folder, "--steps", 4)
    assert "No space left on device; free some space; what was saved before is intact; go on with: " in refused
    assert f"tinyllm train --resume {folder}" in refused
    assert runs.steps_done(runs.open_run(folder)) == 2


# ---------------------------------------------------------------------------------------------------------- generate


def test_generate_is_seeded_and_begins_with_the_prompt(capsys, trained):
    arguments = ["generate", trained, "--prompt", "Era uma vez", "--max-tokens", 20]
    first, again, other = (call(capsys, *arguments, "--seed", seed)[1] for seed in (1, 1, 2))
    assert first.startswith("Era uma vez") and first == again != other
    one = json.loads(call(capsys, *arguments, "--seed", 1, "--json")[1])
    assert one["prompt"] + one["text"] + "\n" == first
    several = call(capsys, *arguments, "--count", 3, "--json")[1].splitlines()
    assert [json.loads(line)["seed"] for line in several] == [0, 1, 2]


def test_generate_stops_before_a_text(capsys, trained):
    text = json.loads(call(capsys, "generate", trained, "--max-tokens", 40, "--json")[1])["text"]
    stop = text[10:12]
    cut = json.loads(call(capsys, "generate", trained, "--max-tokens", 40, "--json", "--stop", stop)[1])["text"]
    assert cut == text[: text.index(stop)]


def test_what_generate_refuses(capsys, tmp_path, trained):
    assert "does not fit in 1..16" in refusal(capsys, "generate", trained, "--prompt", "palavra " * 50)
    assert "--temperature=-1 must be at least 0" in refusal(capsys, "generate", trained, "--temperature", -1)
    assert "--top-p=nan is not a finite number" in refusal(capsys, "generate", trained, "--top-p", "nan")
    assert "--max-tokens=0 must be at least 1" in refusal(capsys, "generate", trained, "--max-tokens", 0)
    assert "holds no run" in refusal(capsys, "generate", tmp_path)
    assert "steps=100000000 must be at most" in refusal(capsys, "train", "--out", tmp_path / "s", "--steps", 10**8)


def test_a_run_whose_checkpoints_are_cut_short_is_refused(capsys, tmp_path):
    folder = tmp_path / "r"
    assert call(capsys, "train", "--out", folder, *SMALL, "--steps", 2)[0] == 0
    path = checkpoint.newest_first(folder / "checkpoints")[0] / checkpoint.WEIGHTS
    path.write_bytes(path.read_bytes()[:-9])
    assert "is damaged" in refusal(capsys, "generate", folder)


# ---------------------------------------------------------------------------------------------------- tokenizer, data


def test_tokenizer_trains_encodes_and_decodes(capsys, tmp_path):
    (tmp_path / "t.txt").write_text("o rato roeu a roupa do rei de Roma " * 50, encoding="utf-8")
    out = tmp_path / "tok.json"
    status, printed, _ = call(
        capsys, "tokenizer", "train", tmp_path / "t.txt", "--vocab-size", 270, "--out", out, "--json"
    )
    assert status == 0 and json.loads(printed)["vocab_size"] == 270
    encoded = json.loads(call(capsys, "tokenizer", "encode", out, "o rato e a ração", "--json")[1])
    assert encoded["pieces"][0].startswith("o") and len(encoded["pieces"]) == len(encoded["ids"]) < 16
    decoded = json.loads(call(capsys, "tokenizer", "decode", out, *encoded["ids"], "--json")[1])
    assert decoded == {"text": "o rato e a ração"}


def test_what_tokenizer_refuses(capsys, tmp_path, trained):
    assert "none.txt does not exist" in refusal(capsys, "tokenizer", "train", tmp_path / "none.txt")
    out = tmp_path / "no" / "t.json"
    (tmp_path / "t.txt").write_text("texto")
    line = refusal(capsys, "tokenizer", "train", tmp_path / "t.txt", "--out", out)
    assert line.startswith("tinyllm tokenizer train: error:") and "is no folder; make it" in line
    assert "token id 99999 is not in the vocabulary" in refusal(capsys, "tokenizer", "decode", trained, 99999)
    (tmp_path / "x.json").write_text("{}")
    assert "has no field 'model'" in refusal(capsys, "tokenizer", "encode", tmp_path / "x.json", "a")
    char = ["tokenizer", "train", tmp_path / "t.txt", "--out", tmp_path / "c.json", "--kind", "char"]
    assert "has no --pattern; leave it out" in refusal(capsys, *char, "--pattern", "gpt4")
    (tmp_path / "t.txt").write_bytes("não".encode("latin-1"))
    assert "is not UTF-8 at byte 1" in refusal(capsys, *char)


@pytest.mark.parametrize("kind", ["char", "word", "byte"])
def test_simpler_tokenizers_train_models_too(capsys, tmp_path, kind):
    (tmp_path / "t.txt").write_text("o rato roeu a roupa do rei de Roma\n" * 50, encoding="utf-8")
    out = tmp_path / "tok.json"
    status, printed, _ = call(capsys, "tokenizer", "train", tmp_path / "t.txt", "--kind", kind, "--out", out, "--json")
    assert status == 0 and json.loads(printed)["vocab_size"] <= 257
    encoded = json.loads(call(capsys, "tokenizer", "encode", out, "o rato", "--json")[1])
    assert "".join(encoded["pieces"]) == "o rato"
    assert call(capsys, "train", "--out", tmp_path / "r", *SMALL, "--steps", "2", "--tokenizer", kind)[0] == 0
    assert runs.open_run(tmp_path / "r").tokenizer.kind == kind
    assert call(capsys, "generate", tmp_path / "r", "--max-tokens", 5, "--prompt", "Era")[0] == 0


def test_tokenizer_convert(capsys, tmp_path, trained):
    assert call(capsys, "tokenizer", "convert", trained, tmp_path / "two")[0] == 0
    assert sorted(path.name for path in (tmp_path / "two").iterdir()) == ["merges.txt", "vocab.json"]
    special = ["--special", runs.END]
    status, out, _ = call(capsys, "tokenizer", "convert", tmp_path / "two", tmp_path / "a.tiktoken", *special, "--json")
    assert status == 0 and json.loads(out)["vocab_size"] == 300
    special = ["--special", runs.END + "=0"]
    assert call(capsys, "tokenizer", "convert", tmp_path / "a.tiktoken", tmp_path / "b.json", *special)[0] == 0
    assert (tmp_path / "b.json").read_bytes() == (trained / "tokenizer.json").read_bytes()
    before = sorted(tmp_path.iterdir())
    assert "no token has the id 0" in refusal(
        capsys, "tokenizer", "convert", tmp_path / "a.tiktoken", tmp_path / "c.json")  # fmt: skip
    assert "exists; choose another name" in refusal(capsys, "tokenizer", "convert", trained, tmp_path / "two")
    assert "says itself" in refusal(capsys, "tokenizer", "convert", trained, tmp_path / "c.json", "--pattern", "gpt4")
    assert "cannot be read" in refusal(capsys, "tokenizer", "convert", tmp_path / "none.json", tmp_path / "c.json")
    assert sorted(tmp_path.iterdir()) == before


def test_data_generate(capsys, tmp_path):
    status, out, _ = call(capsys, "data", "generate", "contos", "--count", 3, "--split", "test")
    assert status == 0 and len(out.strip().split("\n\n")) == 3
    call(capsys, "data", "generate", "contos", "--count", 3, "--split", "test", "--out", tmp_path / "c.txt")
    assert (tmp_path / "c.txt").read_text(encoding="utf-8") == out
    (tmp_path / "file").write_text("")
    inside = tmp_path / "file" / "c.txt"
    assert "is no folder; make it" in refusal(capsys, "data", "generate", "contos", "--out", inside)


def test_data_generate_the_corpora_that_come_in_pairs(capsys):
    _, out, _ = call(capsys, "data", "generate", "resenhas", "--count", 20)
    rows = [line.split("\t") for line in out.splitlines()]
    assert len(rows) == 20 and {label for _, label in rows} == {"positiva", "negativa"}
    _, out, _ = call(capsys, "data", "generate", "resenhas", "--count", 20, "--json")
    assert [[record["text"], record["label"]] for record in map(json.loads, out.splitlines())] == rows
    _, out, _ = call(capsys, "data", "generate", "instrucoes", "--count", 5, "--json")
    assert [sorted(json.loads(line)) for line in out.splitlines()] == 5 * [["answer", "question"]]
    _, out, _ = call(capsys, "data", "generate", "receitas", "--count", 1, "--json")
    text = json.loads(out)["text"]
    assert "Ingredientes:" in text
    assert call(capsys, "data", "generate", "receitas", "--count", 1)[1] == text + "\n\n"


@pytest.mark.parametrize("corpus", ["resenhas", "receitas", "instrucoes"])
def test_every_generated_corpus_can_be_trained_on(capsys, tmp_path, corpus):
    arguments = ["train", "--out", tmp_path / corpus, "--corpus", corpus, "--steps", 2, "--texts", 60]
    assert call(capsys, *arguments, *SMALL)[0] == 0


def test_output_cut_off_by_a_reader_is_no_error(tmp_path):
    command = f"{sys.executable} -m tinyllm data generate contos --count 5000 | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == "" and len(done.stdout.splitlines()) == 1


# ------------------------------------------------------------------------------------------------------- bench, profile

SPREAD = {"min", "median", "max"}


@pytest.mark.long
def test_bench_train_prints_an_object_per_case(capsys):
    options = ["--case", "gpt-xs", "--against", "one-worker", "--steps", "2", "--races", "1", "--json"]
    status, out, err = call(capsys, "bench", "train", *options)
    (line,) = out.splitlines()
    found = json.loads(line)
    assert status == 0 and "gpt-xs" in err
    assert found["case"] == "gpt-xs" and found["workers"] >= 1
    assert all(found[name].keys() == SPREAD for name in ("ours", "peer", "ratio"))
    assert all(found["peak_bytes"][side] > 50 << 20 for side in ("ours", "peer"))
    assert found["tokens_per_second"]["ours"] == pytest.approx(2048 / found["ours"]["median"])
    assert 0 < found["gemm_share"] < 1.5 and found["gemm_scaling"] > 0
    assert found["scaling_share"] == pytest.approx(found["ratio"]["median"] / found["gemm_scaling"])


@pytest.mark.long
def test_bench_train_alone(capsys):
    options = ["--case", "gpt-xs", "--against", "none", "--steps", "2", "--races", "1"]
    status, out, _ = call(capsys, "bench", "train", *options, "--json")
    found = json.loads(out)
    assert status == 0 and found["peer"] is found["ratio"] is found["peak_bytes"]["peer"] is None
    status, out, _ = call(capsys, "bench", "train", *options)
    assert status == 0 and "tokens/s" in out and "GFLOP/s" in out and "razão" not in out


@pytest.mark.long
@pytest.mark.skipif(kernels.numba_version() is None, reason="twins need Numba")
def test_bench_kernels_prints_an_object_per_kernel(capsys):
    options = ["--case", "gelu", "--case", "adamw", "--races", "2", "--steps", "2"]
    status, out, _ = call(capsys, "bench", "kernels", *options, "--json")
    found = [json.loads(line) for line in out.splitlines()]
    assert status == 0 and [line["case"] for line in found] == ["gelu", "adamw"]
    for line in found:
        assert line["ratio"]["median"] > 1  # on any machine a loop beats a row of temporary arrays
        assert line["ours"].keys() == line["peer"].keys() == SPREAD and line["peak_bytes"]["ours"]
    status, out, _ = call(capsys, "bench", "kernels", *options)
    assert status == 0 and out.count("razão") == 2


def test_bench_without_numba_says_so(capsys, monkeypatch):
    monkeypatch.setattr("tinyllm.show.bench.numba_version", lambda: None)
    _, _, err = call(capsys, "bench", "kernels", "--case", "gelu", "--races", "1", "--steps", "1", "--against", "none")
    assert "Sem o Numba" in err


def test_bench_with_values_that_cannot_work(capsys):
    assert "workers=2000 must be at most 1024" in refusal(
        capsys, "bench", "train", "--against", "none", "--workers", 2000
    )
    assert "--steps=99999 must be at most 10000" in refusal(capsys, "bench", "train", "--steps", 99999)
    assert "--races=0 must be at least 1" in refusal(capsys, "bench", "kernels", "--races", 0)


def test_bench_against_a_peer_that_is_not_installed(capsys, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "--against torch-compile needs PyTorch: pip install torch" in refusal(
        capsys, "bench", "train", "--against", "torch-compile"
    )
    assert "--against torch needs PyTorch" in refusal(capsys, "bench", "kernels", "--against", "torch")


@pytest.mark.oracle
def test_bench_against_torch_trains_on_the_same_losses(capsys):
    options = ["--case", "gpt-xs", "--against", "torch", "--races", "1", "--steps", "17", "--json"]
    status, out, _ = call(capsys, "bench", "train", *options)
    found = json.loads(out)
    assert status == 0 and found["peer"].keys() == SPREAD
    assert 0 < found["loss_difference"] < 1e-4  # over 20 steps, the untimed ones included


@pytest.mark.oracle
def test_bench_kernels_against_torch(capsys):
    status, out, _ = call(
        capsys, "bench", "kernels", "--against", "torch", "--races", "1", "--case", "rotary", "--json"
    )
    assert status == 0 and json.loads(out)["peer"].keys() == SPREAD


def test_train_with_a_profile_shows_where_the_time_went(capsys, tmp_path):
    status, _, err = call(capsys, "train", "--out", tmp_path / "r", *SMALL, "--steps", "3", "--profile")
    assert status == 0 and "Onde foi o tempo" in err
    rows = {line.split()[0]: line.split()[1:] for line in err[err.index("operação") :].splitlines() if line.split()}
    assert {"linear", "attention", "linear_cross_entropy", "AdamW"} <= rows.keys()
    assert rows["layer_norm"][-1] == str(
        3 * min(4, threads.cores())
    )  # a layer has two and the model one, in each thread


def test_a_profile_counts_the_threads_that_have_a_share_of_the_batch(capsys, tmp_path):
    options = [*SMALL, "--steps", "2", "--batch", "1", "--workers", "8", "--profile"]
    _, _, err = call(capsys, "train", "--out", tmp_path / "r", *options)
    assert "1 thread lado a lado" in err


def test_a_profile_as_json(capsys, tmp_path):
    status, out, _ = call(capsys, "train", "--out", tmp_path / "r", *SMALL, "--steps", "3", "--profile", "--json")
    found = json.loads(out.splitlines()[-1])
    assert status == 0 and found["steps"] == 3
    assert 0 < sum(part["ms_per_step"] for part in found["profile"]) <= found["ms_per_step"]
    assert {part["direction"] for part in found["profile"]} == {"forward", "backward", "update"}


# -------------------------------------------------------------------------------------------------------- words


def test_one_thing_is_told_as_one(capsys, tmp_path):
    (tmp_path / "a.txt").write_text(
        "o rato roeu a roupa do rei de Roma, e era uma vez um gato\n\n" * 9, encoding="utf-8"
    )
    tokenizer = tmp_path / "t.json"
    one = ["--layers", 1, "--context", 1, "--batch", 1, "--workers", 1]
    said = [
        *call(capsys, "estimate", *one, "--heads", 1, "--width", 2, "--tokens", 1)[1:],
        *call(capsys, "data", "generate", "contos", "--count", 1, "--out", tmp_path / "b.txt")[1:],
        *call(capsys, "data", "dedup", tmp_path / "a.txt", "--out", tmp_path / "c.txt")[1:],
        *call(capsys, "tokenizer", "train", tmp_path / "a.txt", "--vocab-size", 300, "--out", tokenizer)[1:],
        *call(capsys, "tokenizer", "encode", tokenizer, "o")[1:],
        *call(capsys, "train", "--out", tmp_path / "r", *SMALL, "--steps", 1, "--workers", 1, "--profile")[1:],
    ]
    several = "blocos|tokens|threads|textos|bytes|parâmetros|caracteres|passos|rótulos|vezes"
    assert not re.search(rf"(?<![\d.,/])1 ({several})\b", "\n".join(said))
    assert "1 bloco de largura" in said[0] and "1 token, 1 byte:" in "".join(said)


def test_the_profile_names_what_it_measured_whole(capsys, tmp_path):
    options = [*SMALL, "--steps", 2, "--dropout", 0.1, "--profile"]
    _, _, err = call(capsys, "train", "--out", tmp_path / "r", *options)
    assert re.search(r"^ +dropout +\d", err, re.MULTILINE) and not re.search(r"^ +drop +\d", err, re.MULTILINE)
