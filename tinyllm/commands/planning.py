"""The command that plans a training on many devices."""

import argparse
import dataclasses

from tinyllm.bench.roofline import this_machine
from tinyllm.commands.training import add_optimizer, chosen_model
from tinyllm.config import add_options_of_one, from_dict, given_options, reader
from tinyllm.errors import UsageError
from tinyllm.models.catalog import MODELS, name_of
from tinyllm.optim import catalog as optimizers
from tinyllm.optim.catalog import OPTIMIZERS
from tinyllm.parallel.clusters import CLUSTERS
from tinyllm.parallel.layout import Layout, parse_layout
from tinyllm.parallel.plan import Setup
from tinyllm.parser import calls, up_to
from tinyllm.say import tell
from tinyllm.show.plan import show_plan
from tinyllm.train import run as runs
from tinyllm.train.loop import TrainConfig

HERE = "aqui"


def plan_command(arguments):
    stored, batch, optimizer = {}, None, vars(arguments).get("optimizer", "adamw")
    if arguments.run is not None:
        for name in ("model", "optimizer"):
            if name in arguments:
                raise UsageError(f"--{name} cannot change in the run {arguments.run}; leave out one of the two")
        run = runs.open_run(arguments.run)
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
