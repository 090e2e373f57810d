"""The command that holds recipes of a training against each other."""

from pathlib import Path

from tinyllm.commands.pieces import with_pieces
from tinyllm.commands.training import add_training, check_teacher, prepared
from tinyllm.errors import UsageError
from tinyllm.parallel.comm import ALONE
from tinyllm.parallel.layout import Layout
from tinyllm.parser import calls
from tinyllm.show.speedrun import check, speedrun
from tinyllm.show.training import compile_kernels


@with_pieces
def speedrun_command(arguments):
    arguments.resume = arguments.out if (Path(arguments.out) / "config.json").exists() else None
    if arguments.resume and (arguments.base or arguments.teacher):
        raise UsageError(
            f"{arguments.out} holds a run, which goes on as it began; leave out --from and --teacher, or choose "
            "another folder"
        )
    check_teacher(arguments)
    run = prepared(arguments, ALONE, Layout(), check)
    compile_kernels(run)
    return speedrun(run, as_json=arguments.json)


def declare_speedrun(p):
    calls(p, speedrun_command, json=True)
    place = "pasta do treino desta receita; os recordes das que estão lado a lado ficam junto dela, em speedrun.jsonl"
    p.add_argument("--out", metavar="PASTA", required=True, help=place)
    add_training(p)
