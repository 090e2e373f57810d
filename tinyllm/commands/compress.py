"""Commands that make a trained model smaller."""

from tinyllm.commands.pieces import add_mine, with_pieces
from tinyllm.commands.training import chosen
from tinyllm.compress.formats import CONFIGS
from tinyllm.config import add_options_of_one, from_dict, given_options
from tinyllm.parser import calls
from tinyllm.show.quantize import quantize_run
from tinyllm.train import run as runs


@with_pieces
def quantize_command(arguments):
    kind = chosen(arguments, "format", arguments.format, CONFIGS)
    config = from_dict(kind, given_options(arguments, kind))
    quantize_run(runs.open_run(arguments.run), arguments.out, config, as_json=arguments.json)


def declare_quantize(p):
    calls(p, quantize_command, json=True)
    p.add_argument("run", metavar="PASTA", help="pasta de um treino")
    p.add_argument("--out", metavar="PASTA", required=True, help="pasta do modelo quantizado")
    p.add_argument(
        "--format", choices=list(CONFIGS), default="int8",
        help="int8: 8 bits por peso; nf4: 4 bits por peso das camadas lineares, como na QLoRA, e o resto em float32 "
        "(padrão: int8)",
    )  # fmt: skip
    add_options_of_one(p, CONFIGS)
    add_mine(p)
