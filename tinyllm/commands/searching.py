"""Commands that look for good values of the options of a training."""

import tempfile
from pathlib import Path

from tinyllm import plot
from tinyllm.commands.pieces import with_pieces
from tinyllm.commands.training import (
    add_training,
    asked_for,
    check_teacher,
    chosen_model,
    chosen_optimizer,
    chosen_task,
    prepared,
)  # fmt: skip
from tinyllm.config import from_dict, given_options, reader
from tinyllm.errors import UsageError, shown
from tinyllm.parallel.comm import ALONE
from tinyllm.parallel.layout import Layout
from tinyllm.parser import Parser, calls, near, whole
from tinyllm.show.finder import show_range_test
from tinyllm.show.reading import show_reading
from tinyllm.show.sweep import show_sweep
from tinyllm.show.training import compile_kernels
from tinyllm.train import finder
from tinyllm.train import run as runs
from tinyllm.train.loop import TrainConfig
from tinyllm.train.monitor import MonitorConfig
from tinyllm.train.sweep import Sweep, word_of
from tinyllm.train.tasks import Language, check_corpus


def sweep_command(arguments):
    parser = Parser(prog=arguments.name)  # of what `tinyllm train` is given
    add_training(parser)
    options, values = given_words(parser, arguments), dict(read_values(parser, text) for text in arguments.values)
    for name in values:
        if any(word.partition("=")[0] in (f"--{name}", f"--no-{name}") for word in options):
            raise UsageError(f"--{name} is given, and {name} is swept too; leave out one of the two")
        if sum(text.partition("=")[0] == name for text in arguments.values) > 1:
            raise UsageError(f"{name} is swept twice; write all its values once, as {name}=a,b")
    sweep = Sweep(arguments.out, values, options)
    for combination in sweep.combinations:
        words = [word_of(name, text) for name, text in combination.items()]
        check_options(parser.parse_args([*options, *words]))
    how = {"stop_hopeless": arguments.stop_hopeless, "picture": arguments.plot, "as_json": arguments.json}
    return show_sweep(sweep, **how)


def given_words(parser, arguments):
    """The options of a parser that arguments hold, as the words of a command line."""
    words = []
    for action in parser._actions:
        value = vars(arguments).get(action.dest, action.default)
        if value != action.default:
            flag = action.option_strings[-1 if value is False else 0]
            words.append(flag if action.nargs == 0 else f"{flag}={value}")
    return words


def read_values(parser, text):
    """NAME=A,B -> (name, its values as text, each spelled as Python does). Raises UsageError for what is no option."""
    name, tied, values = text.partition("=")
    action, flags = parser._option_string_actions.get(f"--{name}"), parser._option_string_actions
    if not tied or not name:
        raise UsageError(f"{shown(text)} is no option with its values; write them as learning-rate=1e-3,3e-3")
    if action is None or (action.nargs == 0 and f"--no-{name}" not in flags):
        known = near(f"--{name}", flags)
        mend = known.replace("--", "") if known else "see: tinyllm train --help"
        raise UsageError(f"{name} is no option of train with a value; {mend}")
    found = []
    for value in values.split(","):
        if action.nargs == 0 and value not in ("true", "false"):
            raise UsageError(f"{name}={shown(value)[1:-1]} is neither true nor false; write {name}=true,false")
        typed = vars(parser.parse_args([word_of(name, value)]))[action.dest]
        found.append(str(typed).lower() if action.nargs == 0 else str(typed))
    return name, tuple(found)


def check_options(arguments):
    """Raise UsageError for options that no run can have together, and for a run or a corpus that is not there, before
    any is trained: what failed at once would stand in the folder of the sweep."""
    arguments.resume = None  # all runs are new
    check_teacher(arguments)
    for folder in filter(None, (arguments.base, arguments.teacher)):
        runs.open_run(folder)
    check_corpus(vars(arguments).get("corpus", Language.data_config.corpus))
    for kind in (TrainConfig, MonitorConfig):
        asked_for(arguments, kind)
    if arguments.base is not None:
        return  # they depend on that run
    task = chosen_task(arguments)
    for kind in (task.data_config, chosen_model(arguments), chosen_optimizer(arguments), task.train_config):
        from_dict(kind, given_options(arguments, kind))


@with_pieces
def find_rate_command(arguments):
    finder.rates(arguments.lowest, arguments.highest, arguments.rates)
    arguments.resume = None  # the run is new
    check_teacher(arguments)
    if arguments.plot is not None:
        plot.check(arguments.plot)
    with tempfile.TemporaryDirectory() as folder:
        arguments.out = str(Path(folder) / "run")
        run = prepared(arguments, ALONE, Layout())
        compile_kernels(run)
        if run.distillation:
            show_reading(run)
        test = finder.RangeTest(run, lowest=arguments.lowest, highest=arguments.highest, steps=arguments.rates)
        show_range_test(test, picture=arguments.plot, as_json=arguments.json)


def declare_find_rate(p):
    calls(p, find_rate_command, json=True)
    above = reader(float, {"above": 0})
    p.add_argument("--lowest", type=above, default=finder.LOWEST, help=f"a primeira taxa (padrão: {finder.LOWEST})")
    p.add_argument("--highest", type=above, default=finder.HIGHEST, help=f"a última (padrão: {finder.HIGHEST})")
    p.add_argument(
        "--rates", type=whole(3, 10_000), default=finder.STEPS, help=f"quantas, um passo cada (padrão: {finder.STEPS})"
    )
    p.add_argument("--plot", metavar="ARQUIVO", help="desenha a curva também neste arquivo, .svg ou .png")
    add_training(p)


def declare_sweep(p):
    calls(p, sweep_command, json=True)
    given = "uma opção de train com os seus valores, como learning-rate=1e-3,3e-3; seed=0,1,2 repete com três sementes"
    p.add_argument("values", metavar="OPÇÃO=VALORES", nargs="+", help=given)
    p.add_argument("--out", metavar="PASTA", required=True, help="pasta dos treinos; se já os tem, continua dali")
    hopeless = "para um treino cuja perda de validação é pior do que a mediana dos anteriores no mesmo passo"
    p.add_argument("--stop-hopeless", action="store_true", help=hopeless)
    p.add_argument("--plot", metavar="ARQUIVO", help="desenha a perda de cada valor neste arquivo, .svg ou .png")
    add_training(p)
