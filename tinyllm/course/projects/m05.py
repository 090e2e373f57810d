"""Project 4, training on a specific corpus: the learner's runs on it, from scratch and going on from a general model,
against that model as it is, a bigram and a compressor, on the same texts.

partes/      the corpus, divided without leaks by `tinyllm data split`
plano.json   the general model and the parts, as they were; what the adversaries are worth is measured from them
nota.json    what the run that was chosen on validation is worth on the test texts, and the adversaries; told once
"""

import shlex
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tinyllm import storage
from tinyllm.course.projects.language import flops, of_another_kind, read_mark, runs_in, size, tells_nothing, worth_on
from tinyllm.course.projects.m05_measures import adversaries, check_parts, copied, first, read_parts, texts_of
from tinyllm.data.split import SPLITS
from tinyllm.errors import UsageError, brief
from tinyllm.models import catalog
from tinyllm.nn.module import weights
from tinyllm.say import counted, decimal, emit, tell, thousands
from tinyllm.train import run as runs

MARGIN = 0.1  # how far below the best adversary a model must be
PARTS, PLAN, MARK = "partes", "plano.json", "nota.json"
BEGINNINGS = {"scratch": "do zero", "general": "do geral"}
ADVERSARIES = {"general": "o modelo geral, como está", "bigram": "um bigrama", "compressor": "bzip2 ou LZMA, o melhor"}


class Project(NamedTuple):
    """The parts of a corpus, and the general model with its run."""

    folder: Path
    parts: dict
    base: runs.Run
    model: object


def held_out(parts):
    """The texts that are measured, of validation and of test."""
    return first(parts["validation"]) + first(parts["test"])


def right_up_to(bars):
    """Up to how many bits per byte a model is right, given those of its adversaries."""
    return (1 - MARGIN) * min(bars.values())


# ------------------------------------------------------------------------------------------------------------- the plan


def set_plan(folder, general, *, as_json=False):
    """Write the plan of a project, whose corpus is divided, against the general model of a run; say what is to beat.

    Raises UsageError where there is a plan, for parts that leak, and for a general model that is none or knows them.
    """
    folder = Path(folder)
    if (folder / PLAN).exists():
        raise UsageError(f"{folder / PLAN} já foi escrito, e a régua não muda; para outra, comece outra pasta")
    parts, base = read_parts(folder / PARTS), runs.open_run(general)
    check_parts(parts, folder / PARTS)
    if problem := of_another_kind(base):
        raise UsageError(f"{general} não serve de modelo geral: {problem}")
    if known := copied(held_out(parts), texts_of(base, "train")):
        raise UsageError(
            f"{general} não serve de modelo geral: aprendeu {counted(known, 'texto')} da validação e do teste"
        )
    tell("Medindo os adversários na validação…")
    model = base.trained_model(warn=tell)
    bars = adversaries(parts, "validation", base, model)
    of_parts = {
        name: {"texts": len(texts), "bytes": size(texts), "sha256": storage.sha256(folder / PARTS / f"{name}.txt")}
        for name, texts in parts.items()
    }
    general, steps = str(base.folder.resolve()), runs.steps_done(base)
    plan = {"general": general, "steps": steps, "parts": of_parts}
    storage.save_json(folder / PLAN, plan)
    if as_json:
        emit({"plan": plan, "adversaries": bars, "right_up_to": right_up_to(bars)})
        return
    for name, part in of_parts.items():
        print(f"{folder / PARTS / name}.txt: {counted(part['texts'], 'texto')}, {thousands(part['bytes'])} bytes")
    print("nenhum texto de uma parte se parece com um de outra\n")
    show_bars(bars, "na validação")
    print(
        f"  próximo passo: tinyllm train --out {quoted(folder / 'zero')} --corpus {quoted(folder / PARTS)} --keep-best"
    )


def show_bars(bars, where):
    print(f"A vencer, em bits por byte {where}:")
    for name, bits in bars.items():
        print(f"  {ADVERSARIES[name]:28}{decimal(bits, 3):>7}")
    print(f"certo é até {decimal(right_up_to(bars), 3)}, {decimal(100 * MARGIN, 0)} % abaixo do melhor deles")


def open_project(folder):
    """The project of a folder. Raises UsageError where there is no plan, or if what it was made with has changed."""
    path = folder / PLAN
    if not path.exists():
        raise UsageError(f"em {folder} não há {PLAN}; divida o corpus e escreva o plano com --general runs/quickstart")
    plan = storage.load_json(path)
    try:
        hashes = {name: plan["parts"][name]["sha256"] for name in SPLITS}
        general, steps = Path(plan["general"]), plan["steps"]
    except (LookupError, TypeError):
        raise UsageError(f"{path} não é o plano que o comando escreveu; comece outra pasta") from None
    parts, base = read_parts(folder / PARTS), runs.open_run(general)
    for name in SPLITS:
        if storage.sha256(folder / PARTS / f"{name}.txt") != hashes[name]:
            raise UsageError(f"{folder / PARTS / name}.txt mudou depois do plano; comece outra pasta")
    if runs.steps_done(base) != steps:
        raise UsageError(f"{base.folder} treinou mais depois do plano, no passo {steps}; comece outra pasta")
    return Project(folder, parts, base, base.trained_model(warn=tell))


# ------------------------------------------------------------------------------------------------------------- the runs


def judged(path, project):
    """What a run is: {"run", "problem", …}, and its figures if it is one that counts.

    A problem says in words why it does not count."""
    try:
        run = runs.open_run(path)
        return {"run": path.name, **figures(run, project)}
    except (UsageError, OSError) as error:
        return {"run": path.name, "problem": brief(error)}


def figures(run, project):
    """Of a run its beginning, its best checkpoint on validation, and what that is worth, there and on the texts of the
    general model."""
    problem = of_another_kind(run)
    if not problem and run.start.exists() and not same_weights(run, project.model):
        problem = "começou dos pesos de outro treino, que não é o geral"
    if not problem and (known := copied(held_out(project.parts), texts_of(run, "train"))):
        problem = f"vazamento: aprendeu {counted(known, 'texto')} da validação e do teste"
    if not problem and (known := copied(first(project.parts["test"]), texts_of(run, "validation"))):
        problem = f"vazamento: a sua validação tem {counted(known, 'texto')} do teste"
    if problem:
        return {"problem": problem}
    model, step = best_of(run)
    texts = first(project.parts["validation"])
    found = worth_on(texts, run, model)
    if problem := tells_nothing(found):
        return {"problem": problem}
    on_general = worth_on(first(texts_of(project.base, "validation")), run, model)
    config = run.model_config
    return {
        "problem": None, "beginning": "general" if run.start.exists() else "scratch", "steps": step,
        "model": f"{catalog.name_of(config)} {config.layers} × {config.width}", "vocabulary": config.vocab_size,
        "bytes_per_token": size(texts) / sum(len(run.tokenizer.encode(text)) for text in texts),
        "flops": flops(config, run.training, step), **found,
        "bits_per_byte_of_general": on_general and on_general["bits_per_byte"],
    }  # fmt: skip


def same_weights(run, model):
    """Whether a run that goes on from another began with the weights of this model."""
    begun, those = storage.mapped_arrays(run.start), weights(model)
    return begun.keys() == those.keys() and all(np.array_equal(begun[name], those[name]) for name in those)


def best_of(run):
    """(the model, its step) of the checkpoint that is best on the validation texts of the run, or of the newest if none
    that is left was measured."""
    try:
        return run.trained_model(best=True, warn=tell), run.best_step(warn=tell)
    except UsageError:
        return run.trained_model(warn=tell), runs.steps_done(run)


# ---------------------------------------------------------------------------------------------------------- the project


def judge(folder, *, test=False, as_json=False):
    """Show every run of a project and the best on validation, or with `test` the one mark. Returns 0 if it is right."""
    project = open_project(Path(folder))
    paths = [path for path in runs_in(folder) if path.resolve() != project.base.folder.resolve()]
    if not paths:
        raise UsageError(
            f"em {folder} ainda não há treino; faça um: tinyllm train --out {quoted(project.folder / 'zero')} --corpus "
            f"{quoted(project.folder / PARTS)}"
        )
    tell("Medindo os adversários e cada treino na validação, e nos textos do modelo geral…")
    bars = adversaries(project.parts, "validation", project.base, project.model)
    rows = [judged(path, project) for path in paths]
    counting = [row for row in rows if not row["problem"]]
    best = min(counting, key=lambda row: row["bits_per_byte"], default=None)
    missing = [name for name in BEGINNINGS if name not in {row["beginning"] for row in counting}]
    right = not missing and best["bits_per_byte"] <= right_up_to(bars)
    mark = None
    if test:
        if not right and not (project.folder / MARK).exists():
            raise UsageError(f"{folder} ainda não está certo na validação; o teste se conta uma vez só: espere")
        mark = mark_of(project, best)
        right = mark["right"]
    if as_json:
        found = {"runs": rows, "best": best and best["run"], "adversaries": bars, "missing": missing}
        emit({**found, "right_up_to": right_up_to(bars), "test": mark, "right": right})
        return 0 if right else 1
    show_runs(rows, project)
    show_best(project, bars, best, missing, right)
    if mark:
        show_mark(project, mark, best)
    return 0 if right else 1


def mark_of(project, best):
    """The mark in its file, right or wrong by its figures; if there is none, that of the best run, which is written."""
    path = project.folder / MARK
    if not path.exists():
        tell("Contando a nota, nos textos de teste…")
        run = runs.open_run(project.folder / best["run"])
        found = worth_on(first(project.parts["test"]), run, best_of(run)[0])
        if problem := tells_nothing(found):
            raise UsageError(f"{run.folder} não se mede nos textos de teste: {problem}")
        bars = adversaries(project.parts, "test", project.base, project.model)
        storage.save_json(path, {"run": best["run"], "steps": best["steps"], **found, "adversaries": bars})
    mark = read_mark(path, lambda mark: [mark["bits_per_byte"], *(mark["adversaries"][name] for name in ADVERSARIES)])
    bars = {name: mark["adversaries"][name] for name in ADVERSARIES}
    return {**mark, "adversaries": bars, "right": mark["bits_per_byte"] <= right_up_to(bars)}


def show_runs(rows, project):
    found = worth_on(first(texts_of(project.base, "validation")), project.base, project.model)
    width = max(6, *(len(row["run"]) for row in rows))
    print(
        f"  {'treino':{width}}  {'começo':10}{'modelo':14}{'tokens':>7}{'byte/token':>12}{'passo':>8}{'TFLOP':>8}"
        f"{'bit/byte':>10}{'no geral':>10}"
    )
    for row in rows:
        if row["problem"]:
            print(f"  {row['run']:{width}}  não conta: {row['problem']}")
            continue
        general = row["bits_per_byte_of_general"]
        print(
            f"  {row['run']:{width}}  {BEGINNINGS[row['beginning']]:10}{row['model']:14}{row['vocabulary']:>7}"
            f"{decimal(row['bytes_per_token']):>12}{thousands(row['steps']):>8}{decimal(row['flops'] / 1e12, 1):>8}"
            f"{decimal(row['bits_per_byte'], 3):>10}{decimal(general, 3) if general else '—':>10}"
        )
    print(f"no geral: nos textos de validação do modelo geral, onde ele faz {decimal(found['bits_per_byte'], 3)}")


def show_best(project, bars, best, missing, right):
    print()
    show_bars(bars, "na validação")
    if best:
        print(f"melhor na validação: {best['run']}, com {decimal(best['bits_per_byte'], 3)}")
    if (project.folder / MARK).exists():
        return
    if missing:
        option = f" --from {quoted(project.base.folder)}" if "general" in missing else ""
        print(
            f"falta um treino {' e um '.join(BEGINNINGS[name] for name in missing)}\n"
            f"  próximo passo: tinyllm train --out {quoted(project.folder / 'outro')} "
            f"--corpus {quoted(project.folder / PARTS)}{option} --keep-best"
        )
    elif right:
        print("certo na validação\n  próximo passo: quando não for treinar mais, a nota no teste, com --test")
    else:
        print(
            "ainda não está certo\n  próximo passo: a perda de validação ainda descia? mais passos; subia? --keep-best"
        )


def show_mark(project, mark, best):
    print()
    show_bars(mark["adversaries"], "no teste")
    bits, verdict = decimal(mark["bits_per_byte"], 3), "certo" if mark["right"] else "errado"
    print(f"nota de {mark['run']} no teste, em {project.folder / MARK}: {bits} bit por byte: {verdict}")
    if best and (best["run"], best["steps"]) != (mark["run"], mark["steps"]):
        print(
            f"{best['run']}, no passo {thousands(best['steps'])}, é agora o melhor na validação, mas a nota já foi "
            "contada e fica: quem escolhe depois de ver o teste faz dele outra validação"
        )


def quoted(path):
    return shlex.quote(str(path))
