"""Commands that train a model."""

import argparse
import dataclasses
import functools
import shlex

from tinyllm.commands.pieces import add_mine, with_pieces
from tinyllm.config import add_options, add_options_of_one, from_dict, given_options, option_of
from tinyllm.errors import UsageError, shown
from tinyllm.models.catalog import MODELS
from tinyllm.optim import catalog as optimizers
from tinyllm.optim.catalog import OPTIMIZERS
from tinyllm.parallel.comm import current_comm
from tinyllm.parallel.layout import Layout, parse_layout
from tinyllm.parser import calls, seed, up_to
from tinyllm.profile import Profile
from tinyllm.say import tell
from tinyllm.show import quickstart
from tinyllm.show.classify import show_figures
from tinyllm.show.compare import SETTINGS, STEPS, TEXTS, compare_models
from tinyllm.show.overfit import show_overfit
from tinyllm.show.ranks import announce_ranks
from tinyllm.show.reading import show_reading
from tinyllm.show.schedule import show_schedule
from tinyllm.show.training import announce, compile_kernels, train_showing
from tinyllm.train import run as runs
from tinyllm.train.distill import DistillConfig, compared
from tinyllm.train.loop import TrainConfig
from tinyllm.train.monitor import MonitorConfig, check_monitor
from tinyllm.train.student import create_student
from tinyllm.train.tasks import TASKS, DataConfig, Language, check_goes_on
from tinyllm.train.trained import check_layout

CONFIGS_OF_OPTIMIZERS = {name: kind.Config for name, kind in OPTIMIZERS.items()}
CONFIGS_OF_DATA = {task.name: task.data_config for task in TASKS.values()}
CONFIGS_OF_TRAINING = {task.name: task.train_config for task in TASKS.values()}
OF_TRAINING = {  # the options that say how to train, whatever the model
    "optimizer",
    *(
        field.name
        for kind in (*CONFIGS_OF_TRAINING.values(), *CONFIGS_OF_OPTIMIZERS.values())
        for field in dataclasses.fields(kind)
    ),
}

NEEDING = {  # options that say how, and the one that says whether: without it they would change nothing
    "curriculum_steps": "curriculum",
    "curriculum_start": "curriculum",
    "sample_prompt": "sample_every",
}

# what may change in a run that is resumed: what comes out depends, but for rounding, on the first alone
OF_RESUMED = ("steps", "recompute", "offload", "workers")


def quickstart_command(arguments):
    return quickstart.quickstart(
        arguments.out, steps=arguments.steps, texts=arguments.texts, seed=arguments.seed, as_json=arguments.json
    )


@with_pieces
def train_command(arguments):
    if arguments.plot_schedule is not None:
        return plot_schedule_command(arguments)
    if arguments.resume is not None and arguments.base is not None:
        raise UsageError("--from begins a new run and --resume goes on with one; give one of the two")
    comm = current_comm.get()
    layout = layout_of(arguments, comm)
    check_teacher(arguments)
    if arguments.overfit_one_batch:
        check_overfit(arguments, comm)
    if comm.rank == 0:
        run = prepared(arguments, comm, layout)
        compile_kernels(run)
    if arguments.overfit_one_batch:
        return show_overfit(run, as_json=arguments.json)
    if comm.rank == 0 and run.distillation:
        show_reading(run, as_json=arguments.json)
    comm.barrier()
    if comm.rank > 0:
        run = runs.open_run(arguments.out) if arguments.resume is None else resumed(arguments)
        compile_kernels(run)
    profile = Profile() if arguments.profile else None
    if arguments.detect_anomaly:
        tell("Cada operação será conferida, o que deixa cada passo bem mais lento.")
    how = {"profile": profile, "detect": arguments.detect_anomaly, "layout": layout, "curve": arguments.curve}
    status = train_showing(run, as_json=arguments.json, **how)
    if status == 0 and comm.rank == 0:
        tell_what_next(run, as_json=arguments.json)
    return status


def plot_schedule_command(arguments):
    training = asked_for(arguments, chosen_task(arguments).train_config)
    if current_comm.get().rank == 0:
        show_schedule(training, arguments.plot_schedule, as_json=arguments.json)


def check_overfit(arguments, comm):
    """Raise UsageError for what --overfit-one-batch does not know: it trains nothing that could be shown or shared."""
    if comm.size > 1:
        raise UsageError("--overfit-one-batch is for one process; leave out launch")
    if names := [option_of(name) for name in ("profile", "detect_anomaly", "curve") if vars(arguments)[name]]:
        raise UsageError(f"{', '.join(names)} is of a training, and --overfit-one-batch is none; leave one out")


def layout_of(arguments, comm):
    """How the ranks share the work: as --parallel says, or as replicas. Raises UsageError unless there are as many."""
    layout = Layout(dp=comm.size) if arguments.parallel is None else parse_layout(arguments.parallel)
    layout.check(comm.size)
    return layout


def prepared(arguments, comm, layout, check=lambda run: None):
    """The run that is to be trained, made or found. One rank prepares it, and the others find it.

    `check` is given the run when nothing of it is written yet; it may raise.
    """

    def announced(run):
        check(run)
        announce_run(run, layout)

    if arguments.resume is not None:
        run = resumed(arguments)
        announced(run)
        return run
    if arguments.base is not None:
        return run_from_another(arguments, comm, announced)
    if arguments.teacher is not None:
        return student_of(arguments, announced)
    task = chosen_task(arguments)()
    kinds = (task.data_config, chosen_model(arguments), chosen_optimizer(arguments))
    data, model, optimizer = (from_dict(kind, given_options(arguments, kind)) for kind in kinds)
    return runs.create(
        arguments.out, data, model, training_of(arguments, task.train_config, comm), optimizer,
        monitor=monitor_of(arguments), task=task, say=tell_stage, warn=tell, announce=announced,
    )  # fmt: skip


def training_of(arguments, kind, comm):
    """The configuration of the training, where nothing else is said with a thread for each core of each rank."""
    training = asked_for(arguments, kind)
    if comm.size == 1 or training.workers or training.device == "gpu":
        return training
    return dataclasses.replace(training, workers=comm.size * comm.cores())


def monitor_of(arguments, before=None):
    """What is to be told of a training: as it was before, but for what is asked now."""
    return asked_for(arguments, MonitorConfig, before)


def asked_for(arguments, kind, before=None):
    """A configuration: what is given of it, the rest as `before`, or as it is if nobody asks. Raises UsageError for an
    option that would change nothing, as that which it needs is neither given nor was there before."""
    given = given_options(arguments, kind)
    config = from_dict(kind, (dataclasses.asdict(before) if before else {}) | given)
    for name, needed in NEEDING.items():
        if name in given and needed not in given and getattr(config, needed) == getattr(kind, needed):
            raise UsageError(
                f"{option_of(name)} {shown(given[name])} changes nothing without {option_of(needed)}; give that too, "
                "or leave it out"
            )
    return config


def announce_run(run, layout):
    """Say what is about to be trained by the ranks of a layout. Raises UsageError for what they cannot."""
    settings = (run.model_config, run.training, run.optimizer_config)
    check_monitor(run, layout.ranks)
    check_layout(run.task, *settings, layout)
    tuned = functools.partial(run.finetuning.memory, run.base.run) if run.finetuning else None
    announce(
        *settings, labels=len(run.task.labels), compared=compared(run.distillation, run.model_config),
        folder=run.folder, layout=layout, neighbours=current_comm.get().neighbours, tuned=tuned,
    )  # fmt: skip
    if layout.ranks > 1:
        announce_ranks(run.task, run.model_config, run.training, layout)


def tell_what_next(run, *, as_json):
    """What can be done with a run that has reached its end."""
    folder = shlex.quote(str(run.folder))
    if run.task.classifies:
        show_figures(run, run.trained_model(), "validation", as_json=as_json)
        tell(f'pronto; para classificar um texto: tinyllm classify {folder} "Não é nada ruim."')
        tell(f"a nota final, depois de escolher: tinyllm classify {folder} --split test")
    elif run.writes:
        tell(f'pronto; para ler o que ele escreve: tinyllm generate {folder} --prompt "{run.task.prompt}"')
    else:
        tell(f'pronto; para ver o que ele adivinha: tinyllm fill {folder} "Era uma vez um ___."')


def chosen_task(arguments, *, otherwise=Language.name):
    """The class of the task to train for. Raises UsageError for an option that only others have."""
    name = vars(arguments).get("task", otherwise)
    for kinds in (CONFIGS_OF_TRAINING, CONFIGS_OF_DATA):
        chosen(arguments, "task", name, kinds)
    return TASKS[name]


def chosen_model(arguments):
    """The class of configuration of the model to train. Raises UsageError for an option that only others have."""
    name = vars(arguments).get("model", chosen_task(arguments).default_model)
    return chosen(arguments, "model", name, {name: architecture.config for name, architecture in MODELS.items()})


def chosen_optimizer(arguments, *, otherwise="adamw"):
    """The same for the optimiser."""
    return chosen(arguments, "optimizer", vars(arguments).get("optimizer", otherwise), CONFIGS_OF_OPTIMIZERS)


def chosen(arguments, what, name, kinds):
    """The class of configuration of this name. Raises UsageError for an option that only others have."""
    given = {option for kind in kinds.values() for option in given_options(arguments, kind)}
    foreign = sorted(given - given_options(arguments, kinds[name]).keys())
    if foreign:
        raise UsageError(
            f"the {what} {name} has no {', '.join(map(option_of, foreign))}; leave it out or choose another --{what}"
        )
    return kinds[name]


def resumed(arguments):
    """The run to go on with: as it was recorded, but for the number of steps, and for how memory is saved."""
    if names := fixed_options(arguments, but=OF_RESUMED):
        raise UsageError(
            f"{names} cannot change in a run that is resumed, only {', '.join(map(option_of, OF_RESUMED))} can, and "
            "what is told of it; leave it out or begin a new run"
        )
    run = runs.open_run(arguments.resume)
    run.check_learns()
    changed = {name: value for name, value in given_options(arguments, TrainConfig).items() if name in OF_RESUMED}
    run.training = from_dict(type(run.training), {**dataclasses.asdict(run.training), **changed})
    run.monitor = monitor_of(arguments, run.monitor)
    return run


def run_from_another(arguments, comm, announced):
    """A new run that begins with the weights and the tokenizer of the run that --from names, and with its task and its
    optimiser if no others are asked for."""
    of_data = {field.name for kind in CONFIGS_OF_DATA.values() for field in dataclasses.fields(kind)} - {"tokenizer"}
    if names := fixed_options(arguments, but={"task", *of_data, *OF_TRAINING}):
        raise UsageError(f"{names} cannot change in a run that begins --from another; leave it out")
    base = runs.open_run(arguments.base, packages=True)
    of_base = base.optimizer_config
    kind = chosen_optimizer(arguments, otherwise=optimizers.name_of(of_base))
    stored = dataclasses.asdict(of_base) if kind is type(of_base) else {}
    optimizer = from_dict(kind, {**stored, **given_options(arguments, kind)})
    task = chosen_task(arguments, otherwise=base.task.name)(base.task.labels)
    check_goes_on(base.task, task)
    data = from_dict(task.data_config, given_options(arguments, task.data_config))
    training = training_of(arguments, task.train_config, comm)
    return runs.create_from(
        base, arguments.out, data, training, optimizer, monitor=monitor_of(arguments), task=task, say=tell_stage,
        warn=tell, announce=announced,
    )  # fmt: skip


OF_TEACHER = ("task", "corpus", "texts", "tokenizer", "vocab_size")  # which a student has from it


def check_teacher(arguments):
    """Raise UsageError for what does not go with a teacher, and for what needs one."""
    if arguments.teacher is None:
        needing = [option_of(name) for name in given_options(arguments, DistillConfig)]
        if needing and arguments.resume is None:
            raise UsageError(f"{', '.join(needing)} says what to learn from a teacher; name one with --teacher")
        return
    for option, given in (("resume", arguments.resume), ("from", arguments.base)):
        if given is not None:
            raise UsageError(f"--teacher is for a new run with new weights; leave it or --{option} out")
    if names := [option_of(name) for name in OF_TEACHER if name in arguments]:
        raise UsageError(f"{', '.join(names)} cannot differ from what the run of --teacher has; leave it out")


def student_of(arguments, announced):
    """A new run that learns from the run that --teacher names, in its texts."""
    kinds = (DistillConfig, chosen_model(arguments), chosen_optimizer(arguments))
    config, model, optimizer = (from_dict(kind, given_options(arguments, kind)) for kind in kinds)
    training = asked_for(arguments, TrainConfig)
    return create_student(
        runs.open_run(arguments.teacher), arguments.out, config, model, training, optimizer,
        monitor=monitor_of(arguments), every=given_options(arguments, DataConfig), say=tell_stage,
        warn=tell, announce=announced,
    )  # fmt: skip


def fixed_options(arguments, *, but):
    """The options given on the command line that only a new model may have, all but some, as text."""
    of_models = (architecture.config for architecture in MODELS.values())
    of_tasks = (*CONFIGS_OF_DATA.values(), *CONFIGS_OF_TRAINING.values())
    kinds = (*of_tasks, DistillConfig, *of_models, *CONFIGS_OF_OPTIMIZERS.values())
    given = {name for kind in kinds for name in given_options(arguments, kind)}
    given |= {"model", "task", "optimizer"} & vars(arguments).keys()
    return ", ".join(map(option_of, sorted(given.difference(but))))


def tell_stage(stage):
    tell(f"Preparando {stage}…")


def compare_command(arguments):
    return compare_models(
        arguments.models or list(SETTINGS), arguments.out, steps=arguments.steps, texts=arguments.texts,
        seed=arguments.seed, picture=arguments.plot, as_json=arguments.json,
    )  # fmt: skip


def declare_quickstart(p):
    calls(p, quickstart_command, json=True)
    p.add_argument(
        "--out", metavar="PASTA", default="runs/quickstart", help="pasta do treino (padrão: runs/quickstart)"
    )
    p.add_argument(
        "--steps", type=up_to(10**8 - 1), default=quickstart.STEPS, help=f"passos (padrão: {quickstart.STEPS})"
    )
    p.add_argument(
        "--texts", type=up_to(10**6), default=quickstart.TEXTS, help=f"contos gerados (padrão: {quickstart.TEXTS})"
    )
    p.add_argument("--seed", type=seed, default=0, help="semente de todo o acaso (padrão: 0)")


SHARED = (
    "como os processos de tinyllm launch dividem o trabalho: dp=2,tp=2,pp=1,zero=1 são duas réplicas (dp), cada uma "
    "com as matrizes em duas fatias (tp) e os blocos num só estágio (pp), que dividem o estado do otimizador (zero: 1 "
    "estado, 2 também os gradientes, 3 também os pesos; padrão: só réplicas)"
)


def declare_train(p):
    calls(p, train_command, json=True)
    place = p.add_mutually_exclusive_group(required=True)
    place.add_argument("--out", metavar="PASTA", help="pasta do novo treino")
    place.add_argument("--resume", metavar="PASTA", help="continua o treino desta pasta, do último checkpoint")
    place.add_argument("--plot-schedule", metavar="ARQUIVO",
                       help="não treina: desenha a taxa de cada passo neste arquivo, .svg ou .png")  # fmt: skip
    p.add_argument("--profile", action="store_true", help="mostra, no fim, quanto tempo levou cada operação")
    detect = "confere cada operação e diz qual, e em que camada, fez o primeiro NaN ou infinito (lento)"
    p.add_argument("--detect-anomaly", action="store_true", help=detect)
    overfit = "em vez de treinar, confere se o modelo decora um só lote, e diz do que desconfiar se não (sai com 1)"
    p.add_argument("--overfit-one-batch", action="store_true", help=overfit)
    p.add_argument("--curve", action="store_true", help="desenha no terminal, a cada validação, a curva da perda")
    p.add_argument("--parallel", metavar="DIVISÃO", help=SHARED)
    add_training(p)


def add_training(p):
    """The options that say what is trained, and how: those that a sweep has too."""
    begins = "começa com os pesos e o tokenizador do treino desta pasta, em outros textos, ou para outra --task"
    p.add_argument("--from", dest="base", metavar="PASTA", help=begins)
    teacher = (
        "aprende também com o modelo treinado desta pasta, o professor, que antes lê os textos (os dele, com o "
        "tokenizador dele) e guarda na pasta dele o que acha de cada token"
    )
    p.add_argument("--teacher", metavar="PASTA", help=teacher)
    add_mine(p)
    which = "qual modelo (padrão: gpt, ou t5 para classificar)"
    p.add_argument("--model", choices=list(MODELS), default=argparse.SUPPRESS, help=which)
    p.add_argument("--task", choices=list(TASKS), default=argparse.SUPPRESS,
                   help="aprender a língua (language, o padrão), a classificar textos (classify), a responder "
                        "(instruct) ou, com --from, a preferir uma resposta a outra (prefer)")  # fmt: skip
    add_options_of_one(p, CONFIGS_OF_DATA)
    add_options_of_one(p, {name: architecture.config for name, architecture in MODELS.items()})
    add_options_of_one(p, CONFIGS_OF_TRAINING)
    add_options(p, DistillConfig)
    add_options(p, MonitorConfig)
    add_optimizer(
        p,
        "qual otimizador (padrão: adamw); o adamw8bit lembra o mesmo em um quarto dos bytes; o sgd e o adafactor "
        "pedem uma taxa maior, como --learning-rate 0.3 e 0.1, e o lion uma menor, como 0.002",
    )
    add_options_of_one(p, CONFIGS_OF_OPTIMIZERS)


def add_optimizer(p, help):
    p.add_argument("--optimizer", choices=list(OPTIMIZERS), default=argparse.SUPPRESS, help=help)


def declare_compare(p):
    calls(p, compare_command, json=True)
    p.add_argument(
        "models", nargs="*", default=[], metavar="MODELO", help=f"quais: {', '.join(SETTINGS)} (padrão: todos)"
    )
    p.add_argument("--out", metavar="PASTA", default="runs/compare", help="pasta dos treinos (padrão: runs/compare)")
    p.add_argument("--steps", type=up_to(10**8 - 1), default=STEPS, help=f"passos de cada um (padrão: {STEPS})")
    p.add_argument("--texts", type=up_to(10**6), default=TEXTS, help=f"contos gerados (padrão: {TEXTS})")
    p.add_argument("--seed", type=seed, default=0, help="semente de todo o acaso (padrão: 0)")
    p.add_argument("--plot", metavar="ARQUIVO", help="desenha as curvas neste arquivo, .svg ou .png")
