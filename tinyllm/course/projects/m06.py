"""Project 5, LoRA for a specialised task: the learner's adaptations of a base to tell labels, against the base that is
given examples, a bag of words, training from scratch and full fine-tuning, on the same texts.

partes/      the texts with labels, divided by the plan; runs learn from train.jsonl, and divide it as they like
plano.json   the base and the parts, as they were
nota.json    how many test texts the LoRA that was chosen on validation tells right, and its rival; told once
"""

import math
import shlex
from pathlib import Path
from typing import NamedTuple

from tinyllm import storage
from tinyllm.compress.quantized import numbers_of
from tinyllm.course.projects.language import of_another_kind, runs_in
from tinyllm.course.projects.m05 import best_of
from tinyllm.course.projects.m06_measures import (
    LEVEL,
    accuracy,
    adversaries,
    check_parts,
    difference,
    flipped,
    known,
    language_of,
    read_parts,
    spoilt,
    texts_of,
    told_right,
)
from tinyllm.data.labelled import write_labelled
from tinyllm.data.split import SPLITS
from tinyllm.errors import UsageError, brief
from tinyllm.finetune import catalog
from tinyllm.nn.module import count_parameters
from tinyllm.say import counted, decimal, emit, megabytes, percent, tell, thousands
from tinyllm.train import log
from tinyllm.train import run as runs
from tinyllm.train.distill import fingerprint
from tinyllm.train.tasks import Classify, LabelledConfig

MOST = 0.03  # of the parameters: as much as a LoRA may learn
NEAR = 0.05  # so far below full fine-tuning may its accuracy be
TEXTS = 2000  # generated texts to learn from: labels are few, or there would be no need of a base
PARTS, PLAN, MARK, REPORT = "partes", "plano.json", "nota.json", "relatorio.md"
LORA, FULL, SCRATCH = "lora", "full", "scratch"
NEEDED = {LORA: "com LoRA", FULL: "de tudo (full)", SCRATCH: "do zero"}
ADVERSARIES = {
    "frequent": "o rótulo mais frequente", "base": "a base, com três exemplos", "bag": "um saco de palavras",
    SCRATCH: "o melhor treino do zero",
}  # fmt: skip


class Project(NamedTuple):
    """The parts of the texts, and the base: its run, its model and the hash of that."""

    folder: Path
    parts: dict
    base: runs.Run
    model: object
    hash: str


# ------------------------------------------------------------------------------------------------------------- the plan


def set_plan(folder, base, corpus, *, as_json=False):
    """Divide labelled texts and write the plan of a project on a base, a run; say what is to beat.

    Raises UsageError where there is a plan, for texts that are few or leak, and for a base that is none or knows them.
    """
    folder = storage.claim_folder(folder)
    if (folder / PLAN).exists():
        raise UsageError(f"{folder / PLAN} já foi escrito, e a régua não muda; para outra, comece outra pasta")
    run = runs.open_run(base)
    if problem := of_another_kind(run):
        raise UsageError(f"{base} não serve de base: {problem}")
    parts = Classify().read(LabelledConfig(corpus=corpus, texts=TEXTS), seed=0)
    check_parts(parts, corpus)
    if count := known(held_out(parts), run.task.texts(run, "train")):
        raise UsageError(f"{base} não serve de base: aprendeu {counted(count, 'texto')} da validação e do teste")
    tell("Medindo os adversários na validação…")
    model = run.trained_model(warn=tell)
    rivals = adversaries(parts, "validation", run, model)
    (folder / PARTS).mkdir(parents=True, exist_ok=True)
    for name in SPLITS:
        write_labelled(path_of(folder, name), parts[name])
    hashes = {name: storage.sha256(path_of(folder, name)) for name in SPLITS}
    plan = {"base": str(run.folder.resolve()), "weights": fingerprint(model), "parts": hashes}
    storage.save_json(folder / PLAN, plan)
    if as_json:
        emit({"plan": plan, "adversaries": {name: accuracy(right)._asdict() for name, right in rivals.items()}})
        return
    for name in SPLITS:
        print(f"{path_of(folder, name)}: {counted(len(parts[name]), 'texto')}")
    print()
    show_rivals(rivals, "na validação")
    print(f"  próximo passo: {adapting(base, folder)}")


def adapting(base, folder):
    """The command that adapts the base of a project for the first time."""
    return (
        f"tinyllm finetune {quoted(base)} --task classify --corpus {quoted(path_of(folder, 'train'))} --method lora "
        f"--out {quoted(folder / 'lora')} --keep-best"
    )


def path_of(folder, name):
    return folder / PARTS / f"{name}.jsonl"


def held_out(parts):
    return texts_of(parts["validation"]) + texts_of(parts["test"])


def show_rivals(rivals, where):
    print(f"A vencer, em acurácia {where}:")
    for name, right in rivals.items():
        print(f"  {ADVERSARIES[name]:28}{shown(accuracy(right)._asdict())}")


def shown(found):
    """'81,2 % [78,7; 83,5]' of an Interval as a dict."""
    return f"{percent(found['value'])} [{decimal(100 * found['low'], 1)}; {decimal(100 * found['high'], 1)}]"


def open_project(folder):
    """The project of a folder. Raises UsageError where there is no plan, or if what it was made with has changed."""
    path = folder / PLAN
    if not path.exists():
        raise UsageError(
            f"em {folder} não há {PLAN}, que vem antes de tudo; escreva-o: tinyllm course project m06 {quoted(folder)} "
            "--base runs/base_resenhas"
        )
    try:
        plan = storage.load_json(path)
        base, of_base = Path(plan["base"]), plan["weights"]
        hashes = {name: plan["parts"][name] for name in SPLITS}
    except (UsageError, LookupError, TypeError):
        raise UsageError(f"{path} não é o plano que o comando escreveu; comece outra pasta") from None
    for part in (path_of(folder, name) for name in SPLITS):
        if not part.exists():
            raise UsageError(f"falta {part}, do plano; ponha-o de volta, ou comece outra pasta")
        if storage.sha256(part) != hashes[part.stem]:
            raise UsageError(f"{part} mudou depois do plano; ponha de volta o que era, ou comece outra pasta")
    if not base.is_dir():
        raise UsageError(f"a base do plano já não está em {base}; ponha-a de volta, ou comece outra pasta")
    parts, run = read_parts(folder / PARTS), runs.open_run(base)
    model = run.trained_model(warn=tell)
    if fingerprint(model) != of_base:
        raise UsageError(f"{base} treinou mais depois do plano; comece outra pasta")
    return Project(folder, parts, run, model, of_base)


# ------------------------------------------------------------------------------------------------------------- the runs


def judged(path, project):
    """(row, (N,) which validation texts it tells right) of a run: {"run", "problem", …}, and its figures if it counts.

    A problem says in words why it does not, and then there are no texts."""
    try:
        run = runs.open_run(path)
        if problem := problem_of(run, project):
            return {"run": path.name, "problem": problem}, None
        model, step = best_of(run)
        right = told_right(run, model, project.parts["validation"])
        learned, there = count_parameters(model), numbers_of(model)
        memory = max((line.get("memory", 0) for line in log.read(run.folder / log.STEPS, warn=tell)), default=0)
        return {
            "run": path.name, "problem": None, "kind": kind_of(run), "steps": step, "learned": learned,
            "share": learned / there, "memory": memory,
            "bytes": sum(array.nbytes for array in catalog.learned(model).values()), **accuracy(right)._asdict(),
        }, right  # fmt: skip
    except (UsageError, OSError) as error:
        return {"run": path.name, "problem": brief(error)}, None


def problem_of(run, project):
    """Why a run is none of the project, or None."""
    labels = tuple(sorted({label for _, label in project.parts["train"]}))
    if not run.task.classifies:
        return "não aprende rótulos; use --task classify"
    if run.task.labels != labels:
        return f"conhece os rótulos {', '.join(run.task.labels)}, e os do projeto são {', '.join(labels)}"
    if not runs.steps_done(run):
        return "ainda não salvou nada"
    if run.finetuning and run.finetuning.base_weights != project.hash:
        return "foi adaptado de outra base que não a do plano"
    if run.start.exists():
        return "começou dos pesos de outro treino; adapte a base com tinyllm finetune"
    if not (run.folder / log.STEPS).exists():
        return "não tem o registro do seu treino; conta o treino do adaptador, e não o que foi fundido"
    if count := known(held_out(project.parts), run.task.texts(run, "train")):
        return f"vazamento: aprendeu {counted(count, 'texto')} da validação e do teste"
    if count := known(texts_of(project.parts["test"]), run.task.texts(run, "validation")):
        return f"vazamento: a sua validação tem {counted(count, 'texto')} do teste"
    return None


def kind_of(run):
    """How a run came to tell labels: by the name of a method, or from scratch."""
    return run.finetuning.name if run.finetuning else SCRATCH


# ---------------------------------------------------------------------------------------------------------- the project


def judge(folder, *, test=False, as_json=False):
    """Show every run of a project and the LoRA that is best on validation, or with `test` the one mark. Returns 0 if it
    is right."""
    project = open_project(Path(folder))
    paths = [path for path in runs_in(folder) if path.resolve() != project.base.folder.resolve()]
    if not paths:
        raise UsageError(f"em {folder} ainda não há treino; faça um: {adapting(project.base.folder, project.folder)}")
    tell("Medindo os adversários e cada treino na validação…")
    found = [judged(path, project) for path in paths]
    rows = [row for row, _ in found]
    best, rights = best_of_kinds(found)
    rivals = adversaries(project.parts, "validation", project.base, project.model)
    if SCRATCH in best:
        rivals[SCRATCH] = rights[SCRATCH]
    missing = [kind for kind in NEEDED if kind not in best]
    verdict = None if missing else verdict_of(rights, rivals)
    right = bool(verdict and verdict["right"])
    mark = None
    if test:
        if not right and not (project.folder / MARK).exists():
            raise UsageError(f"{folder} ainda não está certo na validação; o teste se conta uma vez só: espere")
        mark = mark_of(project, best, verdict)
        right = mark["right"]
    examined = examine(project, best[LORA]) if LORA in best else None
    if as_json:
        emit({
            "runs": rows, "best": {kind: row["run"] for kind, row in best.items()}, "missing": missing,
            "adversaries": {name: accuracy(told)._asdict() for name, told in rivals.items()},
            "verdict": verdict, "examined": examined, "test": mark, "right": right,
        })  # fmt: skip
        return 0 if right else 1
    show_runs(rows)
    show_rivals(rivals, "na validação")
    if examined:
        show_examined(best[LORA], examined)
    if mark is None:
        show_verdict(project, best, missing, verdict)
    else:
        show_mark(project, mark)
    return 0 if right else 1


def best_of_kinds(found):
    """({kind: row}, {kind: which texts it tells right}) of the run of each kind that is best on validation; of two that
    are alike, the one that learns less. A LoRA that learns more than MOST of the parameters is not chosen."""
    best, rights = {}, {}
    for row, right in sorted(
        (pair for pair in found if pair[1] is not None), key=lambda pair: (-pair[0]["value"], pair[0]["learned"])
    ):
        kind = row["kind"]
        if kind not in best and not over_budget(row):
            best[kind], rights[kind] = row, right
    return best, rights


def over_budget(row):
    return row["kind"] == LORA and row["share"] > MOST


def verdict_of(rights, rivals):
    """How much more the best LoRA tells right than its best rival and than full fine-tuning, and whether it is right:
    the first is above 0 with its whole interval, and the second not below -NEAR."""
    rival = max(rivals, key=lambda name: rivals[name].mean())
    over_rival, over_full = difference(rights[LORA], rivals[rival]), difference(rights[LORA], rights[FULL])
    right = over_rival.low > 0 and over_full.value >= -NEAR
    return {"rival": rival, "over_rival": over_rival._asdict(), "over_full": over_full._asdict(), "right": right}


def examine(project, row):
    """What the best LoRA is worth with noise, whose labels it changes with the person, and, in bits per byte, the
    language of the base before and after it is merged."""
    run = runs.open_run(project.folder / row["run"])
    model = best_of(run)[0]
    noise = spoilt(run, model, project.parts["validation"])
    return {
        "clean": noise.pop(None), "noise": noise, "flips": flipped(run, model)._asdict(),
        "before": language_of(project.base), "merged": language_of(project.base, model),
    }  # fmt: skip


def mark_of(project, best, verdict):
    """The mark in its file, right or wrong by its figures; if there is none, that of the best LoRA, which is written:
    against the rival that was the best on validation."""
    path = project.folder / MARK
    if not path.exists():
        tell("Contando a nota, nos textos de teste…")
        examples, rival, row = project.parts["test"], verdict["rival"], best[LORA]
        right = test_texts_right(project, row, examples)
        if rival == SCRATCH:
            others = test_texts_right(project, best[SCRATCH], examples)
        else:
            others = adversaries(project.parts, "test", project.base, project.model)[rival]
        storage.save_json(path, {
            "run": row["run"], "steps": row["steps"], "rival": rival, "accuracy": accuracy(right)._asdict(),
            "over_rival": difference(right, others)._asdict(),
        })  # fmt: skip
    try:
        mark = storage.load_json(path)
        figures = [mark[name][end] for name in ("accuracy", "over_rival") for end in ("value", "low", "high")]
        known_names = isinstance(mark["run"], str) and mark["rival"] in ADVERSARIES
    except (UsageError, LookupError, TypeError):
        figures, known_names = [], False
    if not (known_names and all(type(one) in (int, float) and math.isfinite(one) for one in figures)):
        raise UsageError(f"{path} não é a nota que o comando escreveu; comece outra pasta")
    return {**mark, "right": mark["over_rival"]["low"] > 0}


def test_texts_right(project, row, examples):
    run = runs.open_run(project.folder / row["run"])
    return told_right(run, best_of(run)[0], examples)


# ------------------------------------------------------------------------------------------------------- what is shown


def show_runs(rows):
    width = max(6, *(len(row["run"]) for row in rows))
    print(f"  {'treino':{width}}  {'método':9}{'aprende':>10}{'do modelo':>11}{'guarda':>9}{'memória':>10}{'passo':>7}"
          "  acurácia na validação")  # fmt: skip
    for row in rows:
        if row["problem"]:
            print(f"  {row['run']:{width}}  não conta: {row['problem']}")
            continue
        method = "do zero" if row["kind"] == SCRATCH else row["kind"]
        memory = megabytes(row["memory"]) if row["memory"] else "—"
        over = f"; não conta: passa de {percent(MOST)}" if over_budget(row) else ""
        print(f"  {row['run']:{width}}  {method:9}{thousands(row['learned']):>10}{percent(row['share']):>11}"
              f"{kilobytes(row['bytes']):>9}{memory:>10}{thousands(row['steps']):>7}  {shown(row)}{over}")  # fmt: skip
    print()


def kilobytes(count):
    return f"{math.ceil(count / 1024)} kB" if count < 2**20 else megabytes(count)


def show_examined(row, examined):
    noise = ", ".join(f"{kind} {percent(share)}" for kind, share in examined["noise"].items())
    print(
        f"\nO melhor LoRA na validação: {row['run']}\n"
        f"  com ruído em {decimal(100 * LEVEL, 0)} % dos lugares: {noise}; sem ele, nos mesmos textos, "
        f"{percent(examined['clean'])}\n"
        f"  o rótulo muda com a pessoa de que se fala em {shown(examined['flips'])} das frases"
    )
    if None not in (examined["before"], examined["merged"]):
        print(
            f"  a língua da base, em bits por byte: {decimal(examined['before'], 3)}; com o adaptador fundido, "
            f"{decimal(examined['merged'], 3)}"
        )


def show_verdict(project, best, missing, verdict):
    print()
    if missing:
        print(f"falta um treino {' e um '.join(NEEDED[kind] for kind in missing)}")
        if LORA in missing:
            print(
                f"  conta o que aprende até {percent(MOST)} dos parâmetros; se o seu passa, diminua --rank ou --layers"
            )
        return
    points = {
        f"sobre {ADVERSARIES[verdict['rival']]}": verdict["over_rival"],
        f"sobre {best[FULL]['run']}, que aprende tudo": verdict["over_full"],
    }
    for name, found in points.items():
        print(f"{best[LORA]['run']} {name}: {in_points(found)}")
    if verdict["right"]:
        print("certo na validação\n  próximo passo: quando não for adaptar mais, a nota no teste, com --test")
    elif verdict["over_rival"]["low"] <= 0:
        wrong = "perde do adversário" if verdict["over_rival"]["value"] <= 0 else "a vantagem não está provada"
        print(f"ainda não está certo: {wrong}; o intervalo da diferença tem de ficar acima de 0")
    else:
        print(f"ainda não está certo: fica mais de {decimal(100 * NEAR, 0)} pontos abaixo de aprender tudo")


def in_points(found):
    """'+3,1 pontos [1,2; 5,0]' of a Comparison as a dict."""
    value, low, high = (decimal(100 * found[name], 1) for name in ("value", "low", "high"))
    return f"{'+' if found['value'] > 0 else ''}{value} pontos [{low}; {high}]"


def show_mark(project, mark):
    verdict = "certo" if mark["right"] else "errado"
    print(
        f"\nnota de {mark['run']} no teste, em {project.folder / MARK}: {shown(mark['accuracy'])}; sobre "
        f"{ADVERSARIES[mark['rival']]}, {in_points(mark['over_rival'])}: {verdict}"
    )
    if not (project.folder / REPORT).exists():
        print(f"  próximo passo: o relatório, em {project.folder / REPORT}")


def quoted(path):
    return shlex.quote(str(path))
