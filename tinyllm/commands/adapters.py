"""The option --adapter: a command uses a run with what was learned beside it."""

from tinyllm.say import tell
from tinyllm.train import run as runs
from tinyllm.train.finetuned_run import with_adapter


def add_adapter(parser):
    """Give a command the option."""
    what = (
        "usa o modelo com o que foi aprendido sobre ele: a pasta de um treino de finetune, ou a de um adaptador, nosso "
        "ou da PEFT"
    )
    parser.add_argument("--adapter", metavar="PASTA", help=what)


def opened(arguments, *, best=False):
    """(run, trained model) that the arguments name."""
    run = runs.open_run(arguments.run, packages=True)
    if arguments.adapter is not None:
        return with_adapter(run, arguments.adapter, best=best, warn=tell)
    return run, run.trained_model(best=best, warn=tell)
