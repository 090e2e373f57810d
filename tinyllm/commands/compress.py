"""Commands that make a trained model smaller."""

from tinyllm.commands.pieces import add_mine, with_pieces
from tinyllm.compress.int8 import Int8Config
from tinyllm.config import add_options, from_dict, given_options
from tinyllm.parser import calls
from tinyllm.show.quantize import quantize_run
from tinyllm.train import run as runs


@with_pieces
def quantize_command(arguments):
    config = from_dict(Int8Config, given_options(arguments, Int8Config))
    quantize_run(runs.open_run(arguments.run), arguments.out, config, as_json=arguments.json)


def declare_quantize(p):
    calls(p, quantize_command, json=True)
    p.add_argument("run", metavar="PASTA", help="pasta de um treino")
    p.add_argument("--out", metavar="PASTA", required=True, help="pasta do modelo em int8")
    add_options(p, Int8Config)
    add_mine(p)
