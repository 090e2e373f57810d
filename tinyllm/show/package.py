"""`tinyllm package`: a run in one file with its card; and what such a file says of itself."""

import dataclasses
import shlex
from pathlib import Path

from tinyllm import storage
from tinyllm.compress import formats
from tinyllm.data.corpora import CORPORA
from tinyllm.evaluate.metrics import perplexity
from tinyllm.models import catalog
from tinyllm.nn.module import count_parameters, weights
from tinyllm.nn.outline import Blanks
from tinyllm.say import counted, decimal, emit, tell, thousands
from tinyllm.show.estimate import size
from tinyllm.train import folder as folders
from tinyllm.train import log, package
from tinyllm.train import run as runs

TASKS = {
    "language": "escreve ou completa textos como os que leu",
    "classify": "diz o rótulo de um texto",
    "instruct": "responde a perguntas",
    "prefer": "responde a perguntas, e prefere umas respostas a outras",
}
DROPPED = ("monitor", "distillation", "finetuning")  # of a config: where things were on the machine of who made it
FLOAT32 = "float32"


def pack(run, path, *, card=None, license=None, best=False, as_json=False):
    """Write a run as a package, with the text of a card, or one that is made, and of a license, if there is one.

    What a fine-tuning has learned goes into the weights. Raises UsageError where it cannot.
    """
    storage.claim(path)
    learned = weights(run.plain_model(warn=tell) if run.finetuning else run.trained_model(best=best, warn=tell))
    made = model_card(run, path) if card is None else card
    texts = {
        "config.json": storage.as_json(config_of(run)),
        "tokenizer.json": storage.read_text(run.folder / "tokenizer.json"),
        "README.md": made,
        **({} if license is None else {"LICENSE": license}),
    }
    package.write(path, texts, learned)
    found = {"package": str(path), "bytes": Path(path).stat().st_size, "sha256": storage.sha256(path)}
    if as_json:
        emit(found)
        return
    print(f"  {size(found['bytes'])} em {shlex.quote(str(path))}")
    print(f"  SHA-256 {found['sha256']}")
    tell(f"pronto; quem o recebe: tinyllm package {path}, e tinyllm {use_of(run)}")


def config_of(run):
    """What a package says of how a run was made, without where on a machine."""
    config = folders.config_of(run)
    corpus = run.data.corpus if run.data.corpus in CORPORA else Path(run.data.corpus).name
    kept = {name: value for name, value in config.items() if name not in DROPPED}
    return kept | {"data": config["data"] | {"corpus": corpus}}


def model_card(run, path):
    """A card of what can be told of a run, in Markdown, for who made it to go on with."""
    parameters = count_parameters(run.task.new_model(run.model_config, rng=Blanks()))
    name, corpus = catalog.name_of(run.model_config), config_of(run)["data"]["corpus"]
    steps, losses = run.training.steps, log.validations(run.folder, warn=lambda problem: None)
    told = f"Corpus `{corpus}`, gerado pelo tinyllm." if corpus in CORPORA else f"Textos próprios: `{corpus}`."
    lines = [
        f"# {run.folder.name}",
        "",
        f"Um modelo da família {name}, de {thousands(parameters)} parâmetros, treinado com o tinyllm, que "
        f"{TASKS[run.task.name]}.",
        "",
        "## Uso",
        "",
        f"```sh\ntinyllm {use_of(run, Path(path).name)}\n```",
        "",
        "## Treino",
        "",
        f"- {told}",
        f"- {counted(steps, 'passo')}; contexto de {counted(run.model_config.context, 'token')}; vocabulário de "
        f"{counted(run.tokenizer.vocab_size, 'token')}.",
        f"- Pesos em {formats.name_of(run.quantized) if run.quantized else FLOAT32}.",
    ]
    if run.task.labels:
        lines += [f"- Rótulos: {', '.join(run.task.labels)}."]
    if losses:
        loss = losses[max(losses)]
        level = "" if run.task.classifies else f" (perplexidade por token: {decimal(perplexity(loss))})"
        lines += [f"- Perda nos textos de validação, no fim: {decimal(loss, 3)}{level}."]
    lines += [
        "",
        "## Limites",
        "",
        "É um modelo pequeno: escreve o que parece com os seus textos, e não o que é verdade. Quem o distribui deve "
        "dizer aqui com que dados foi avaliado, o que erra e para que não serve.",
        "",
    ]
    return "\n".join(lines)


def use_of(run, path="ARQUIVO"):
    """The command that uses a package of a run."""
    quoted = shlex.quote(str(path))
    if run.task.classifies:
        return f'classify {quoted} "um texto"'
    if not run.writes:
        return f'fill {quoted} "Era uma vez um ___ que"'
    return f'generate {quoted} --prompt "{run.task.prompt}"'


def show_package(path, *, as_json):
    """Say what is in a package, every part of it checked, without making a model of it."""
    found = package.read(path)
    run, arrays = runs.open_run(path, packages=True), found.arrays()
    told = {
        "package": str(path), "sha256": storage.sha256(path), "architecture": catalog.name_of(run.model_config),
        "task": run.task.name, "format": formats.name_of(run.quantized) if run.quantized else FLOAT32,
        "model": dataclasses.asdict(run.model_config), "license": "LICENSE" in found.texts,
        "bytes": {name: len(text.encode()) for name, text in found.texts.items()}
        | {"weights": sum(array.nbytes for array in arrays.values())},
    }  # fmt: skip
    if as_json:
        emit(told)
        return
    print(found.texts.get("README.md", "").rstrip() + "\n\n---\n")
    license = found.texts.get("LICENSE", "").strip().partition("\n")[0]
    print(f"licença: {license or 'não declarada'}")
    for name, count in told["bytes"].items():
        what = f"pesos ({counted(len(arrays), 'array')}, {told['format']})" if name == "weights" else name
        print(f"  {what:36} {size(count):>10}")
    print(f"\nSHA-256 do arquivo: {told['sha256']}\ntudo confere com o que foi empacotado")
