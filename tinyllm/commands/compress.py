"""Commands that make a trained model smaller."""

from tinyllm.commands.pieces import add_mine, with_pieces
from tinyllm.commands.training import chosen
from tinyllm.compress.methods import METHODS, GPTQConfig
from tinyllm.config import add_options_of_one, from_dict, given_options
from tinyllm.errors import UsageError
from tinyllm.parser import calls
from tinyllm.show.compress import compress_run, compress_table
from tinyllm.train import run as runs


@with_pieces
def compress_command(arguments):
    run = runs.open_run(arguments.run)
    if arguments.table:
        given = {name for kind in METHODS.values() for name in given_options(arguments, kind)} - {"texts"}
        given |= {name for name in ("out", "method") if getattr(arguments, name) is not None}
        if given:
            raise UsageError(f"--table tries every method and makes no run; leave out --{sorted(given)[0]}")
        texts = given_options(arguments, GPTQConfig).get("texts", GPTQConfig.texts)
        compress_table(run, texts_read=texts, picture=arguments.plot, as_json=arguments.json)
        return
    if arguments.plot is not None:
        raise UsageError("--plot draws what --table measures; give --table too")
    if arguments.out is None:
        raise UsageError("where to? give --out for the smaller run, or --table to measure every method")
    kind = chosen(arguments, "method", arguments.method or "int8", METHODS)
    config = from_dict(kind, given_options(arguments, kind))
    compress_run(run, arguments.out, config, as_json=arguments.json)


def declare_compress(p):
    calls(p, compress_command, json=True)
    p.add_argument("run", metavar="PASTA", help="pasta de um treino")
    p.add_argument("--out", metavar="PASTA", help="pasta do modelo menor")
    p.add_argument(
        "--method", choices=list(METHODS),
        help="int8: 8 bits por peso; nf4: 4 bits por peso das camadas lineares, como na QLoRA, e o resto em float32; "
        "int4: 4 ou 3 bits, em passos iguais, e os embeddings em int8; gptq e awq: o mesmo, com códigos escolhidos "
        "pelo que passa pelas camadas; smoothquant: também o que entra nas camadas em 8 bits; magnitude e wanda: "
        "podam, isto é, põem pesos em 0, os menores ou os que menos mudam o que sai (padrão: int8)",
    )  # fmt: skip
    p.add_argument("--table", action="store_true", help="mede o modelo em todas as formas, e não guarda nenhuma")
    p.add_argument("--plot", metavar="ARQUIVO", help="com --table: desenha quanto vale cada forma pelo seu tamanho")
    add_options_of_one(p, METHODS)
    add_mine(p)
