"""Project 3, a small language model: a budget of memory and minutes, and what the runs in the learner's folder make of
it.

orcamento.json   the budget, written before there is any run, and how fast this machine multiplies matrices
nota.json        what the run that was chosen on validation is worth on the test texts; told once
"""

import shlex
from pathlib import Path

from tinyllm import storage
from tinyllm.backend.machine import processor_name
from tinyllm.backend.threads import cores
from tinyllm.bench import gemm
from tinyllm.course.projects.language import flops, of_another_kind, read_mark, runs_in, tells_nothing
from tinyllm.course.projects.m04_reference import bits_after, read_sizes, reference, training_speed, worth
from tinyllm.errors import UsageError, brief
from tinyllm.memory import estimate
from tinyllm.models import catalog
from tinyllm.models.gpt import GPTConfig
from tinyllm.optim import catalog as optimizers
from tinyllm.say import counted, decimal, emit, megabytes, tell, thousands
from tinyllm.train import log
from tinyllm.train import run as runs

MARGIN = 0.1  # how far above the reference a model may be that is right
BUDGET, MARK = "orcamento.json", "nota.json"


def set_budget(folder, *, memory, minutes, as_json=False):
    """Write the budget of a new project, bytes and minutes, and say what it allows on this machine.

    Raises UsageError where there is one or a run, and for less memory than the smallest reference takes.
    """
    folder, sizes = storage.claim_folder(folder), read_sizes()
    if (folder / BUDGET).exists():
        raise UsageError(f"{folder / BUDGET} já foi escrito, e o orçamento não muda; para outro, escolha outra pasta")
    if found := runs_in(folder):
        raise UsageError(f"{found[0]} já é um treino, e o orçamento vem antes; escolha outra pasta")
    tell("Medindo esta máquina, ao multiplicar matrizes e ao treinar…")
    budget = {
        "memory": memory, "minutes": minutes, "gemm": gemm.flops(cores()), "training": training_speed(GPTConfig()),
        "threads": cores(), "processor": processor_name(),
    }  # fmt: skip
    bar = bar_of(budget, sizes, "validation")
    folder.mkdir(parents=True, exist_ok=True)
    storage.save_json(folder / BUDGET, budget)
    if as_json:
        emit({"budget": budget, "validation": bar})
        return
    products, training = (decimal(budget[what] / 1e9, 0) for what in ("gemm", "training"))
    print(
        f"Orçamento: até {megabytes(memory)} de memória e {counted(minutes, 'minuto')} em cada treino.\n"
        f"Com {counted(cores(), 'thread')}, esta máquina só multiplica matrizes a {products} GFLOP/s e treina o modelo "
        f"padrão a {training} GFLOP/s.\n"
        f"Nesse tempo a receita de referência faz {decimal(bar['flops'] / 1e12, 1)} TFLOP e chega a "
        f"{decimal(bar['reference'], 3)} bit por byte na validação; certo é até {decimal(bar['right_up_to'], 3)}.\n"
        "  próximo passo: planeje com tinyllm estimate e tinyllm plan, e treine: "
        f"tinyllm train --out {shlex.quote(str(folder / 'um'))}"
    )


def bar_of(budget, sizes, split):
    """What the recipe reaches within a budget, and up to where a model is right, in bits per byte of a split."""
    bits, count, size = reference(sizes, budget["training"], 60 * budget["minutes"], budget["memory"], split)
    return {"reference": bits, "right_up_to": (1 + MARGIN) * bits, "flops": count,
            "layers": size["layers"], "width": size["width"]}  # fmt: skip


def read_budget(folder):
    """The budget of a project. Raises UsageError where there is none."""
    path = Path(folder) / BUDGET
    if not path.exists():
        raise UsageError(
            f"em {folder} não há {BUDGET}; escolha o orçamento antes de treinar, com --memory 600MB --minutes 10"
        )
    budget = storage.load_json(path)
    numbers = [budget.get(name) if isinstance(budget, dict) else None for name in ("memory", "minutes", "training")]
    if not all(isinstance(number, int | float) and number > 0 for number in numbers):
        raise UsageError(f"{path} não é o orçamento que o comando escreveu; comece outra pasta")
    return budget


# ------------------------------------------------------------------------------------------------------------- the runs


def judged(path, budget):
    """What a run is: {"run", "problem", …}, and its figures if it is one that counts.

    A problem says in words why it does not count, or what of the budget it exceeds."""
    try:
        run = runs.open_run(path)
        if problem := of_another_project(run):
            return {"run": path.name, "problem": problem}
        return {"run": path.name, **figures(run, budget)}
    except (UsageError, OSError) as error:
        return {"run": path.name, "problem": brief(error)}


def of_another_project(run):
    """Why a run is none of this project, or None."""
    if run.data.corpus != "contos":
        return f"aprendeu de {run.data.corpus}; o projeto é dos contos"
    if run.start.exists():
        return "começou dos pesos de outro treino, cujo tempo não está no orçamento"
    return of_another_kind(run)


def figures(run, budget):
    """What a run took, and what it is worth on validation."""
    lines = log.read(run.folder / log.STEPS, warn=tell)
    seconds = sum(line.get("seconds") or 0.0 for line in lines)
    peaks = [line["peak_memory"] for line in lines if line.get("peak_memory")]
    measured = bool(peaks) and run.training.device == "cpu"
    plan = estimate.plan_of(run.training, optimizers.kind_of(run.optimizer_config), classify=False)
    memory = max(peaks) if measured else estimate.training(run.model_config, plan).total
    found = worth(run, run.trained_model(warn=tell), "validation")
    if problem := tells_nothing(found):
        return {"problem": problem}
    problems = []
    if seconds > 60 * budget["minutes"]:
        problems.append("passou do tempo")
    if memory > budget["memory"]:
        problems.append("passou da memória")
    config, steps = run.model_config, runs.steps_done(run)
    return {
        "problem": " e ".join(problems) or None,
        "model": f"{catalog.name_of(config)} {config.layers} × {config.width}", "vocabulary": config.vocab_size,
        "parameters": estimate.parameters(config), "steps": steps, "minutes": seconds / 60, "memory": memory,
        "memory_is_measured": measured, "flops": flops(config, run.training, steps), **found,
    }  # fmt: skip


# ---------------------------------------------------------------------------------------------------------- the project


def judge(folder, *, test=False, as_json=False):
    """Show every run of a project and the best on validation, or with `test` the one mark. Returns 0 if it is right."""
    folder, sizes = Path(folder), read_sizes()
    budget = read_budget(folder)
    paths = runs_in(folder)
    if not paths:
        raise UsageError(
            f"em {folder} ainda não há treino; faça um: tinyllm train --out {shlex.quote(str(folder / 'um'))}"
        )
    tell("Medindo nos contos de validação…")
    rows = [judged(path, budget) for path in paths]
    within = [row for row in rows if not row["problem"]]
    best = min(within, key=lambda row: row["bits_per_byte"], default=None)
    bar = bar_of(budget, sizes, "validation")
    right = bool(best) and best["bits_per_byte"] <= bar["right_up_to"]
    mark = None
    if test:
        if not right and not (folder / MARK).exists():
            raise UsageError(f"nenhum treino de {folder} está certo na validação; o teste se conta uma vez só: espere")
        mark = mark_of(folder, best, bar_of(budget, sizes, "test"))
        right = mark["right"]
    if as_json:
        found = {"runs": rows, "best": best and best["run"], "validation": bar, "test": mark, "right": right}
        emit({"budget": budget, **found})
        return 0 if right else 1
    show_runs(rows, budget)
    show_best(folder, best, bar, right, sizes)
    if mark:
        show_mark(folder, mark, best)
    return 0 if right else 1


def mark_of(folder, best, bar):
    """The mark in its file, right or wrong by its figures; if there is none, that of the best run, which is written."""
    path = folder / MARK
    if not path.exists():
        run = runs.open_run(folder / best["run"])
        tell("Contando a nota, nos contos de teste…")
        found = worth(run, run.trained_model(warn=tell), "test")
        storage.save_json(path, {"run": best["run"], "steps": best["steps"], **found, **bar})
    shown = ("bits_per_byte", "perplexity", "reference", "right_up_to")
    mark = read_mark(path, lambda mark: [mark[name] for name in shown])
    return {**mark, "right": mark["bits_per_byte"] <= mark["right_up_to"]}


def show_runs(rows, budget):
    print(f"Orçamento: {megabytes(budget['memory'])} e {counted(budget['minutes'], 'minuto')} em cada treino\n")
    width = max(6, *(len(row["run"]) for row in rows))
    print(
        f"  {'treino':{width}}  {'modelo':14}{'tokens':>7}{'passos':>8}{'TFLOP':>8}{'minutos':>9}{'memória':>9}"
        f"{'bit/byte':>10}{'perplexidade':>14}"
    )
    for row in rows:
        if "bits_per_byte" not in row:
            print(f"  {row['run']:{width}}  não conta: {row['problem']}")
            continue
        memory = megabytes(row["memory"]) + ("" if row["memory_is_measured"] else "*")
        print(
            f"  {row['run']:{width}}  {row['model']:14}{row['vocabulary']:>7}{thousands(row['steps']):>8}"
            f"{decimal(row['flops'] / 1e12, 1):>8}{decimal(row['minutes'], 1):>9}{memory:>9}"
            f"{decimal(row['bits_per_byte'], 3):>10}{decimal(row['perplexity']):>14}"
            + (f"   {row['problem']}" if row["problem"] else "")
        )
    if not all(row.get("memory_is_measured", True) for row in rows):
        print("  * estimada, porque o sistema não a conta")


def show_best(folder, best, bar, right, sizes):
    if best is None:
        print("\nnenhum treino conta\n  próximo passo: um que caiba no orçamento; tinyllm estimate diz quanto leva")
        return
    same = decimal(min(bits_after(size, best["flops"], "validation") for size in sizes), 3)
    print(
        f"\nmelhor na validação: {best['run']}, com {decimal(best['bits_per_byte'], 3)} bit por byte\n"
        f"referência para este orçamento: {decimal(bar['reference'], 3)}, de um GPT de {bar['layers']} × "
        f"{bar['width']} com {decimal(bar['flops'] / 1e12, 1)} TFLOP; certo é até {decimal(bar['right_up_to'], 3)}\n"
        f"e com os {decimal(best['flops'] / 1e12, 1)} TFLOP de {best['run']}: {same}"
    )
    if (folder / MARK).exists():
        return
    if right:
        print("certo na validação\n  próximo passo: quando não for treinar mais, a nota no teste, com --test")
    else:
        print(
            "ainda não está certo\n  próximo passo: o treino gastou o tempo todo? se sim, outro tamanho ou outra taxa"
        )


def show_mark(folder, mark, best):
    verdict = "certo" if mark["right"] else "errado"
    print(
        f"\nnota de {mark['run']} no teste, em {folder / MARK}: {decimal(mark['bits_per_byte'], 3)} bit por byte, "
        f"perplexidade {decimal(mark['perplexity'])} por token\n"
        f"a referência faz {decimal(mark['reference'], 3)}, e certo é até {decimal(mark['right_up_to'], 3)}: {verdict}"
    )
    if best and (best["run"], best["steps"]) != (mark["run"], mark["steps"]):
        print(
            f"{best['run']}, no passo {thousands(best['steps'])}, é agora o melhor na validação, mas a nota já foi "
            "contada e fica: quem escolhe depois de ver o teste faz dele outra validação"
        )
