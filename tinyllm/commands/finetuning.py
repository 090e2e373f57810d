"""Commands that adapt a trained model, put into its weights what it has learned, and compare the ways to adapt it."""

import argparse
import dataclasses
import shlex

from tinyllm.commands.adapters import add_adapter, opened
from tinyllm.commands.pieces import add_mine, with_pieces
from tinyllm.commands.training import (
    CONFIGS_OF_DATA,
    CONFIGS_OF_OPTIMIZERS,
    CONFIGS_OF_TRAINING,
    add_optimizer,
    announce_run,
    asked_for,
    chosen,
    chosen_optimizer,
    chosen_task,
    monitor_of,
    resumed,
    tell_stage,
    tell_what_next,
)
from tinyllm.compress.nf4 import NF4Config
from tinyllm.compress.quantized import numbers_of
from tinyllm.config import add_options, add_options_of_one, from_dict, given_options, option_of
from tinyllm.errors import UsageError
from tinyllm.finetune import catalog, peft
from tinyllm.nn.module import count_parameters
from tinyllm.parallel.layout import Layout
from tinyllm.parser import calls, up_to
from tinyllm.say import counted, emit, percent, tell, thousands
from tinyllm.show.estimate import size
from tinyllm.show.methods import compare_methods
from tinyllm.show.training import compile_kernels, train_showing
from tinyllm.train import run as runs
from tinyllm.train import trials
from tinyllm.train.finetuned_run import create_finetuned, create_merged
from tinyllm.train.finetuning import QLORA
from tinyllm.train.monitor import MonitorConfig
from tinyllm.train.tasks import TASKS

CONFIGS_OF_METHODS = {name: method.config for name, method in catalog.METHODS.items()}
CONFIGS_OF_METHODS = {"lora": CONFIGS_OF_METHODS["lora"], QLORA: CONFIGS_OF_METHODS["lora"], **CONFIGS_OF_METHODS}


@with_pieces
def finetune_command(arguments):
    run = new_run(arguments) if arguments.resume is None else run_to_resume(arguments)
    model = run.new_model()
    tell_learned(run, model, as_json=arguments.json)
    compile_kernels(run)
    status = train_showing(run, model=model, as_json=arguments.json, curve=arguments.curve)
    if status == 0:
        tell_what_next(run, as_json=arguments.json)
    return status


def new_run(arguments):
    """The run that the options describe, ready to be trained."""
    if arguments.base is None:
        raise UsageError("a new fine-tuning needs a base: give the folder of a run before the options")
    if "tokenizer" in arguments:
        raise UsageError("--tokenizer cannot differ from that of the base; leave it out")
    name = vars(arguments).get("method", "lora")
    kind = chosen(arguments, "method", name, CONFIGS_OF_METHODS)
    method = from_dict(kind, given_options(arguments, kind))
    base = runs.open_run(arguments.base, packages=True)
    task = chosen_task(arguments, otherwise=base.task.name)(base.task.labels)
    data = from_dict(task.data_config, given_options(arguments, task.data_config))
    optimizer = chosen_optimizer(arguments)
    return create_finetuned(
        base, arguments.out, method, data, training_of(arguments, task.train_config, method),
        from_dict(optimizer, given_options(arguments, optimizer)), form=NF4Config() if name == QLORA else None,
        monitor=monitor_of(arguments), task=task, say=tell_stage, warn=tell,
        announce=lambda run: announce_run(run, Layout()),
    )  # fmt: skip


def training_of(arguments, kind, method):
    """The configuration of the training; where nothing else is said, at the pace of the method."""
    training, pace = asked_for(arguments, kind), catalog.find(catalog.name_of(method)).pace
    if "learning_rate" in arguments:
        return training
    return dataclasses.replace(training, learning_rate=training.learning_rate * pace)


def run_to_resume(arguments):
    """The run to go on with. Raises UsageError for one that is no fine-tuning, and for what cannot change."""
    fixed = {name for kind in CONFIGS_OF_METHODS.values() for name in given_options(arguments, kind)}
    fixed |= {"method"} & vars(arguments).keys()
    if arguments.base is not None or fixed:
        names = ", ".join(map(option_of, sorted(fixed))) or f"the base {arguments.base}"
        raise UsageError(f"{names} cannot change in a run that is resumed; leave it out or begin a new run")
    run = resumed(arguments)
    if run.finetuning is None:
        raise UsageError(f"{run.folder} is no fine-tuning; go on with: tinyllm train --resume {run.folder}")
    return run


def tell_learned(run, model, *, as_json):
    """Say how much of the new model of a run is learned, and what that takes where it is stored."""
    learned, there = count_parameters(model), numbers_of(model)
    room = sum(array.nbytes for array in catalog.learned(model).values())
    if as_json:
        emit({"learned": learned, "parameters": there, "bytes": room})
        return
    tell(
        f"Aprende {thousands(learned)} de {counted(there, 'parâmetro')} ({percent(learned / there)}), que são tudo o "
        f"que um checkpoint guarda do modelo, em {size(room)}; o resto é lido de {run.finetuning.base}."
    )


def compare_methods_command(arguments):
    return compare_methods(
        arguments.methods or list(trials.METHODS), arguments.out, seeds=arguments.seeds, base=arguments.base,
        picture=arguments.plot, as_json=arguments.json,
    )  # fmt: skip


@with_pieces
def merge_command(arguments):
    run, adapted = opened(arguments) if arguments.adapter is not None else (runs.open_run(arguments.run), None)
    if arguments.out is not None:
        create_merged(run, arguments.out, adapted=adapted, warn=tell)
    elif run.finetuning is None:
        raise UsageError(f"{run.folder} is an ordinary run, and has learned no adapter; give one of tinyllm finetune")
    else:
        adapted = adapted or run.trained_model(warn=tell)
        peft.save_peft(arguments.to_peft, adapted, run.finetuning.method, base=run.finetuning.base)
    made = arguments.out or arguments.to_peft
    if arguments.json:
        emit({"out": made})
    else:
        tell(f"pronto: {shlex.quote(made)}")


def declare_finetune(p):
    calls(p, finetune_command, json=True)
    p.add_argument("base", metavar="BASE", nargs="?", help="pasta do treino cujo modelo se adapta")
    place = p.add_mutually_exclusive_group(required=True)
    place.add_argument("--out", metavar="PASTA", help="pasta do novo treino")
    place.add_argument("--resume", metavar="PASTA", help="continua o treino desta pasta, do último checkpoint")
    how = (
        "o que aprende: duas matrizes finas ao lado de cada camada (lora, o padrão), o mesmo sobre uma base de 4 "
        "bits (qlora), uma rede pequena depois de cada parte (adapter), tokens virtuais (prompt), chaves e valores "
        "antes do texto (prefix), um ganho por canal (ia3), só os vieses (bitfit), só a última camada (head) ou tudo "
        "(full)"
    )
    p.add_argument("--method", choices=list(CONFIGS_OF_METHODS), default=argparse.SUPPRESS, help=how)
    task = "para quê: classificar textos (classify), responder (instruct), preferir uma resposta a outra (prefer) ou " \
           "escrever (language); padrão: o mesmo que a base"  # fmt: skip
    p.add_argument("--task", choices=list(TASKS), default=argparse.SUPPRESS, help=task)
    p.add_argument("--curve", action="store_true", help="desenha no terminal, a cada validação, a curva da perda")
    add_mine(p)
    add_options_of_one(p, CONFIGS_OF_METHODS)
    add_options_of_one(p, CONFIGS_OF_DATA)
    add_options_of_one(p, CONFIGS_OF_TRAINING)
    add_options(p, MonitorConfig)
    add_optimizer(p, "qual otimizador (padrão: adamw); o adamw8bit lembra o mesmo em um quarto dos bytes")
    add_options_of_one(p, CONFIGS_OF_OPTIMIZERS)


def declare_merge(p):
    calls(p, merge_command, json=True)
    p.add_argument("run", metavar="PASTA", help="pasta de um treino de finetune ou, com --adapter, da sua base")
    place = p.add_mutually_exclusive_group(required=True)
    merged = "pasta do novo treino: um como os outros, com o que foi aprendido nos pesos"
    place.add_argument("--out", metavar="PASTA", help=merged)
    place.add_argument("--to-peft", metavar="PASTA",
                       help="em vez disso, escreve o que foi aprendido nos arquivos da PEFT, nesta pasta")  # fmt: skip
    add_adapter(p)
    add_mine(p)


def declare_compare_methods(p):
    calls(p, compare_methods_command, json=True)
    p.add_argument(
        "methods", nargs="*", default=[], metavar="MÉTODO", help=f"quais: {', '.join(trials.METHODS)} (padrão: todos)"
    )
    p.add_argument("--out", metavar="PASTA", default="runs/methods", help="pasta dos treinos (padrão: runs/methods)")
    p.add_argument(
        "--base", metavar="PASTA", help="treino cujo modelo se adapta (padrão: um GPT pequeno, treinado antes)"
    )
    p.add_argument("--seeds", type=up_to(100), default=5, help="quantas sementes, um treino cada (padrão: 5)")
    p.add_argument("--plot", metavar="ARQUIVO",
                   help="desenha a qualidade e quanto se aprende neste arquivo, .svg ou .png")  # fmt: skip
