"""The command that lets a trained model write."""

import dataclasses

from tinyllm.commands.adapters import add_adapter, opened
from tinyllm.commands.pieces import add_mine, with_pieces
from tinyllm.config import add_options, from_dict, given_options
from tinyllm.errors import UsageError
from tinyllm.infer.generate import before_next, until, without_first_space
from tinyllm.infer.sample import SampleConfig, sampler
from tinyllm.models.catalog import MODELS
from tinyllm.parser import calls, positive
from tinyllm.say import emit
from tinyllm.train.monitor import continuation


@with_pieces
def generate_command(arguments):
    run, model = opened(arguments, best=arguments.best)
    if not run.writes:
        able = ", ".join(name for name, architecture in MODELS.items() if architecture.writes)
        does = "fills gaps" if run.fills else "tells labels"
        raise UsageError(f"the model of {run.folder} {does} and writes no text; those that do are {able}")
    config = from_dict(SampleConfig, given_options(arguments, SampleConfig))
    dataclasses.replace(config, seed=config.seed + arguments.count - 1)  # refused before anything is written
    for number in range(arguments.count):
        choose = sampler(dataclasses.replace(config, seed=config.seed + number))
        read = before_next(run.tokenizer, arguments.prompt)
        ids = continuation(run, model, read, choose=choose, max_tokens=arguments.max_tokens)
        pieces = run.tokenizer.stream(ids)
        pieces = until(pieces if read == arguments.prompt else without_first_space(pieces), arguments.stop)
        if arguments.json:
            text = "".join(pieces)
            emit({"prompt": arguments.prompt, "text": text, "seed": config.seed + number})
            continue
        print(arguments.prompt, end="", flush=True)
        for piece in pieces:
            print(piece, end="", flush=True)
        print("\n" if number + 1 < arguments.count else "")


def declare_generate(p):
    calls(p, generate_command, json=True)
    p.add_argument("run", metavar="PASTA", help="pasta de um treino, ou um pacote")
    p.add_argument("--prompt", default="", help="começo do texto (padrão: nenhum)")
    p.add_argument("--max-tokens", type=positive, default=300, help="o maior número de tokens (padrão: 300)")
    p.add_argument("--stop", action="append", default=[], help="para antes deste texto (pode ser repetido)")
    p.add_argument("--count", type=positive, default=1, help="quantos textos (padrão: 1)")
    better = "usa o checkpoint de menor perda de validação, em vez do mais novo (ver train --keep-best)"
    p.add_argument("--best", action="store_true", help=better)
    add_adapter(p)
    add_mine(p)
    add_options(p, SampleConfig)
