"""Commands that say before a training what it takes: how much memory, and on many devices how long."""

import argparse
import dataclasses

from tinyllm.bench.roofline import this_machine
from tinyllm.commands.finetuning import CONFIGS_OF_METHODS, QLORA
from tinyllm.commands.pieces import add_mine, mine_or_not
from tinyllm.commands.training import add_optimizer, chosen_model
from tinyllm.compress.int8 import Int8Config
from tinyllm.compress.nf4 import NF4Config
from tinyllm.config import add_options_of_one, from_dict, given_options, option_of, reader
from tinyllm.errors import UsageError
from tinyllm.memory.offload import PARTS
from tinyllm.models.catalog import MODELS, name_of
from tinyllm.optim import catalog as optimizers
from tinyllm.optim.catalog import OPTIMIZERS
from tinyllm.parallel.clusters import CLUSTERS
from tinyllm.parallel.layout import Layout, parse_layout
from tinyllm.parallel.plan import Setup
from tinyllm.parser import calls, positive, up_to, whole
from tinyllm.say import tell
from tinyllm.show.estimate import show_estimate
from tinyllm.show.plan import show_plan
from tinyllm.train import run as runs
from tinyllm.train.distill import compared
from tinyllm.train.finetuning import Finetuning
from tinyllm.train.loop import TrainConfig

HERE = "aqui"
OF_METHODS = ("rank", "length", "blocks")  # what of a method may be asked for; the rest is as it is if nobody asks


def estimate_command(arguments):
    stored, training, classify, optimizer = {}, TrainConfig(), False, vars(arguments).get("optimizer", "adamw")
    run = distillation = None
    if arguments.run is not None:
        check_fixed(arguments)
        run = runs.open_run(arguments.run, packages=True)
        optimizer, distillation = optimizers.name_of(run.optimizer_config), run.distillation
        classify, training = run.task.classifies, run.training
    tuning = tuning_of(arguments, run)
    base = run.base.run if run and run.finetuning else run
    if base:
        arguments.model, stored = name_of(base.model_config), dataclasses.asdict(base.model_config)
    kind = chosen_model(arguments)
    model = from_dict(kind, {**stored, **given_options(arguments, kind)})
    training = dataclasses.replace(training, **given_options(arguments, TrainConfig))
    tuned = tuning and tuning.estimated(base)
    if tuned and base and isinstance(base.quantized, Int8Config):
        raise UsageError(
            f"{base.folder} is in int8, and what is learned beside that is not estimated; give the run it was made of"
        )
    with mine_or_not(arguments):
        show_estimate(
            model, training, optimizer=OPTIMIZERS[optimizer], tokens=arguments.tokens, classify=classify,
            compared=compared(distillation, model), tuned=tuned, as_json=arguments.json,
        )  # fmt: skip


def check_fixed(arguments):
    """Raise UsageError for what a run has already."""
    for name in ("model", "optimizer"):
        if name in arguments:
            raise UsageError(f"--{name} cannot change in the run {arguments.run}; leave out one of the two")


def tuning_of(arguments, run):
    """The Finetuning that the options describe, or that of a run; None if there is none."""
    given = {name: vars(arguments)[name] for name in OF_METHODS if name in arguments}
    options = ", ".join(map(option_of, given))
    if run and run.finetuning:
        if given or "method" in arguments:
            raise UsageError(f"{options or '--method'} cannot change in the run {arguments.run}; leave it out")
        return run.finetuning
    if "method" not in arguments:
        if given:
            raise UsageError(f"{options} says how much a method learns; name one with --method")
        return None
    kind = CONFIGS_OF_METHODS[arguments.method]
    foreign = given.keys() - {field.name for field in dataclasses.fields(kind)}
    if foreign:
        raise UsageError(
            f"the method {arguments.method} has no {', '.join(map(option_of, sorted(foreign)))}; leave it out or "
            "choose another --method"
        )
    return Finetuning("", "", from_dict(kind, given), NF4Config() if arguments.method == QLORA else None)


def plan_command(arguments):
    stored, batch, optimizer = {}, None, vars(arguments).get("optimizer", "adamw")
    if arguments.run is not None:
        check_fixed(arguments)
        run = runs.open_run(arguments.run, packages=True)
        optimizer = optimizers.name_of(run.optimizer_config)
        arguments.model, stored = name_of(run.model_config), dataclasses.asdict(run.model_config)
        batch = run.training.batch * run.training.accumulate
    kind = chosen_model(arguments)
    config = from_dict(kind, {**stored, **given_options(arguments, kind)})
    layout = arguments.parallel
    devices = arguments.devices or (layout.ranks if layout else 1)
    if layout and layout.ranks != devices:
        raise UsageError(f"--parallel {layout} takes {layout.ranks} devices, not {devices}; leave out --devices")
    batch = arguments.batch or batch or TrainConfig.batch * devices
    if arguments.cluster == HERE:
        tell("Medindo esta máquina…")
    cluster = this_machine() if arguments.cluster == HERE else CLUSTERS[arguments.cluster]
    show_plan(
        config, Setup(cluster, Layout(), batch, optimizer=OPTIMIZERS[optimizer]), devices,
        layout=layout, micro_batch=arguments.micro_batch, recompute=arguments.recompute, name=arguments.cluster,
        tokens=arguments.tokens, price=arguments.price, picture=arguments.plot, as_json=arguments.json,
    )  # fmt: skip


def declare_estimate(p):
    calls(p, estimate_command, json=True)
    p.add_argument("run", metavar="PASTA", nargs="?", help="pasta de um treino (padrão: um modelo novo)")
    for name, kind, help in (
        ("batch", up_to(10**6), f"quantas janelas por lote (padrão: {TrainConfig.batch}, ou o do treino)"),
        ("accumulate", up_to(10**6), "quantos lotes por passo (padrão: 1, ou o do treino)"),
        ("workers", whole(0, 1024), "quantas threads (padrão: uma por núcleo, ou as do treino)"),
    ):
        p.add_argument(f"--{name}", type=kind, default=argparse.SUPPRESS, help=help)
    p.add_argument("--ema", type=reader(float, {"at_least": 0, "below": 1}), default=argparse.SUPPRESS,
                   help="acima de 0, a média dos pesos também é guardada (padrão: 0, ou como no treino)")  # fmt: skip
    recompute = "de cada tantos blocos, um é recomputado (padrão: 0, nenhum, ou como no treino)"
    p.add_argument("--recompute", type=whole(0, 10**6), default=argparse.SUPPRESS, help=recompute)
    p.add_argument("--offload", choices=list(PARTS), default=argparse.SUPPRESS,
                   help="o que fica em disco (padrão: none, nada, ou como no treino)")  # fmt: skip
    add_optimizer(p, "o otimizador (padrão: adamw, ou o do treino)")
    p.add_argument("--tokens", type=positive, metavar="N", help="tokens do KV cache (padrão: o contexto)")
    p.add_argument("--method", choices=list(CONFIGS_OF_METHODS), default=argparse.SUPPRESS,
                   help="em vez de treinar tudo, adapta o modelo (ver finetune)")  # fmt: skip
    for name, kind, help in (
        ("rank", positive, "do lora e do qlora: o posto (padrão: 8)"),
        ("length", positive, "do prompt: quantos tokens virtuais (padrão: 16)"),
        ("blocks", whole(0, 10**6), "do head: quantos dos últimos blocos aprendem também (padrão: 0)"),
    ):
        p.add_argument(f"--{name}", type=kind, default=argparse.SUPPRESS, help=help)
    add_mine(p)
    p.add_argument("--model", choices=list(MODELS), default=argparse.SUPPRESS, help="qual modelo (padrão: gpt)")
    add_options_of_one(p, {name: architecture.config for name, architecture in MODELS.items()})


def declare_plan(p):
    calls(p, plan_command, json=True)
    p.add_argument("run", metavar="PASTA", nargs="?", help="pasta de um treino (padrão: um modelo novo)")
    p.add_argument(
        "--cluster",
        choices=[*CLUSTERS, HERE],
        default=HERE,
        help=f"que dispositivos; {HERE}: máquinas como esta, medida agora, numa rede de 1 Gb/s (padrão: {HERE})",
    )
    p.add_argument("--devices", type=up_to(10**6), metavar="N", help="quantos (padrão: 1, ou os de --parallel)")
    p.add_argument(
        "--parallel", type=parse_layout, metavar="DIVISÃO",
        help="dp réplicas, tp fatias, pp estágios e o que as réplicas dividem, como dp=8,tp=4,pp=2,zero=1 "
             "(padrão: a disposição mais rápida)",
    )  # fmt: skip
    p.add_argument("--batch", type=up_to(10**6), metavar="N",
                   help=f"janelas por passo, em todos os dispositivos (padrão: {TrainConfig.batch} em cada, "
                        "ou as do treino)")  # fmt: skip
    p.add_argument("--micro-batch", type=up_to(10**6), metavar="N",
                   help="quantas um dispositivo processa de cada vez (padrão: o mais rápido que cabe)")  # fmt: skip
    p.add_argument("--recompute", action=argparse.BooleanOptionalAction,
                   help="recomputa os blocos na volta (padrão: o mais rápido que cabe)")  # fmt: skip
    add_optimizer(p, "o otimizador (padrão: adamw, ou o do treino)")
    p.add_argument("--tokens", type=up_to(10**18), metavar="N", help="de quantos aprender (padrão: 20 por parâmetro)")
    p.add_argument(
        "--price", type=reader(float, {"above": 0, "at_most": 10**9}), help="quanto custa um dispositivo por hora"
    )
    p.add_argument("--plot", metavar="ARQUIVO", help="desenha a memória com e sem cada técnica, em .svg ou .png")
    p.add_argument("--model", choices=list(MODELS), default=argparse.SUPPRESS, help="qual modelo (padrão: gpt)")
    add_options_of_one(p, {name: architecture.config for name, architecture in MODELS.items()})
