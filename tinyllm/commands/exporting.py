"""The command that writes a trained model for other programs, and the option --onnx, which uses what it wrote."""

import shlex

from tinyllm import storage
from tinyllm.errors import UsageError
from tinyllm.export.onnx_file import bytes_of, save
from tinyllm.export.readings import reading_of
from tinyllm.models.catalog import name_of
from tinyllm.parser import calls
from tinyllm.say import emit, megabytes, tell
from tinyllm.train import run as runs


def export_command(arguments):
    run = runs.open_run(arguments.run, packages=True)
    storage.claim(arguments.out)
    apart = save(arguments.out, run.plain_model(warn=tell), origin(run))
    if arguments.json:
        emit({"out": arguments.out, "bytes": bytes_of(arguments.out), "difference": apart})
        return
    size = megabytes(bytes_of(arguments.out))
    tell(f"pronto: {size} em {shlex.quote(arguments.out)}; no ONNX Runtime, os logits diferem no máximo {apart:.0e}")


def origin(run):
    """What tells a run from others, for a file that is used beside it."""
    return {
        "architecture": name_of(run.model_config),
        "task": run.task.name,
        "tokenizer": run.made_with()["tokenizer"],
        **({"labels": list(run.task.labels)} if run.task.classifies else {}),
    }


def opened_onnx(arguments):
    """(run, the model of the file that --onnx names). Raises UsageError for the file of another run."""
    if arguments.adapter is not None or arguments.best:
        other = "--best" if arguments.best else "--adapter"
        raise UsageError(f"{other} chooses weights, and the file of --onnx has its own; leave out one of the two")
    storage.check_name(arguments.onnx)
    run = runs.open_run(arguments.run, packages=True)
    model = reading_of(run.model_config, classifies=run.task.classifies).opened(arguments.onnx)
    for name, value in origin(run).items():
        if model.about.get(name) != value:
            raise UsageError(
                f"{arguments.onnx} was exported from another run than {run.folder}: its {name} is another; "
                f"export it again with: tinyllm export {run.folder}"
            )
    return run, model


def add_onnx(parser):
    """Give a command the option."""
    what = "usa, no ONNX Runtime, o modelo que tinyllm export escreveu aqui; do treino, só o tokenizador"
    parser.add_argument("--onnx", metavar="ARQUIVO", help=what)


def declare_export(p):
    calls(p, export_command, json=True)
    p.add_argument("run", metavar="PASTA", help="pasta de um treino, ou um pacote")
    p.add_argument(
        "--out",
        metavar="ARQUIVO",
        required=True,
        help="arquivo a escrever, por exemplo modelo.onnx; de um T5, uma pasta com três",
    )
