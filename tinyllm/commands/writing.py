"""The command that lets a trained model write."""

import dataclasses

import numpy as np

from tinyllm.commands.adapters import add_adapter, opened
from tinyllm.commands.pieces import add_mine, with_pieces
from tinyllm.config import add_options, from_dict, given_options
from tinyllm.errors import UsageError
from tinyllm.infer.generate import before_next, until, without_first_space
from tinyllm.infer.sample import SampleConfig, processed, sampler
from tinyllm.infer.speculate import AHEAD, Counts, LookupDraft, ModelDraft, speculate
from tinyllm.models.catalog import MODELS
from tinyllm.parser import calls, positive
from tinyllm.say import decimal, emit, percent, tell
from tinyllm.train import run as runs
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
    read = before_next(run.tokenizer, arguments.prompt)
    guesses = arguments.draft is not None or arguments.lookup
    if arguments.ahead and not guesses:
        raise UsageError("--ahead says how many tokens to guess, and nobody does; give --draft or --lookup")
    write = (speculating if guesses else writing)(run, model, arguments)
    for number in range(arguments.count):
        how = dataclasses.replace(config, seed=config.seed + number)
        ids, counts = write(read, how)
        pieces = run.tokenizer.stream(ids)
        pieces = until(pieces if read == arguments.prompt else without_first_space(pieces), arguments.stop)
        if arguments.json:
            text = "".join(pieces)
            guessed = {"acceptance": counts.acceptance, "tokens_per_pass": counts.per_pass} if counts else {}
            emit({"prompt": arguments.prompt, "text": text, "seed": how.seed, **guessed})
            continue
        print(arguments.prompt, end="", flush=True)
        for piece in pieces:
            print(piece, end="", flush=True)
        print("\n" if number + 1 < arguments.count else "")
        if counts:
            tell(f"{percent(counts.acceptance)} dos palpites ficaram; {decimal(counts.per_pass)} tokens por leitura")


def writing(run, model, arguments):
    """(prompt, SampleConfig) -> the ids that a model writes, and None."""

    def write(prompt, config):
        return continuation(run, model, prompt, choose=sampler(config), max_tokens=arguments.max_tokens), None

    return write


def speculating(run, model, arguments):
    """(prompt, SampleConfig) -> the ids that a model writes behind a draft, and its Counts.

    Raises UsageError for a model that does not read from left to right, and for a draft of another tokenizer.
    """
    if arguments.draft is not None and arguments.lookup:
        raise UsageError("--draft and --lookup are two ways to guess; leave one out")
    if run.fills:
        raise UsageError(f"the model of {run.folder} fills gaps, and no draft guesses for it; leave out --draft")
    small = None
    if arguments.draft is not None:
        other = runs.open_run(arguments.draft, packages=True)
        if other.made_with()["tokenizer"] != run.made_with()["tokenizer"]:
            raise UsageError(
                f"{other.folder} has another tokenizer than {run.folder}, and cannot guess for it; make a draft with: "
                f"tinyllm train --teacher {run.folder} --layers 1 --out …"
            )
        small = other.trained_model(warn=tell)

    def write(prompt, config):
        rng, counts = np.random.default_rng(config.seed), Counts()
        how = {"process": lambda logits, ids: processed(logits, config), "rng": rng}
        draft = ModelDraft(small, model, **how) if small else LookupDraft(run.tokenizer.vocab_size)
        how |= {"max_tokens": arguments.max_tokens, "stop_id": run.end_id, "ahead": arguments.ahead or AHEAD}
        return speculate(model, draft, run.task.beginning(run, prompt), counts=counts, **how), counts

    return write


def declare_generate(p):
    calls(p, generate_command, json=True)
    p.add_argument("run", metavar="PASTA", help="pasta de um treino, ou um pacote")
    p.add_argument("--prompt", default="", help="começo do texto (padrão: nenhum)")
    p.add_argument("--max-tokens", type=positive, default=300, help="o maior número de tokens (padrão: 300)")
    p.add_argument("--stop", action="append", default=[], help="para antes deste texto (pode ser repetido)")
    p.add_argument("--count", type=positive, default=1, help="quantos textos (padrão: 1)")
    better = "usa o checkpoint de menor perda de validação, em vez do mais novo (ver train --keep-best)"
    p.add_argument("--best", action="store_true", help=better)
    p.add_argument(
        "--draft", metavar="PASTA", help="um treino menor, do mesmo tokenizador, adivinha alguns tokens, que o "
        "modelo lê de uma vez: o que se escreve é o mesmo, mais depressa"
    )  # fmt: skip
    lookup = "adivinha o que já esteve no texto depois dos mesmos tokens, sem outro modelo"
    p.add_argument("--lookup", action="store_true", help=lookup)
    p.add_argument("--ahead", type=positive, help=f"quantos tokens adivinhar de cada vez (padrão: {AHEAD})")
    add_adapter(p)
    add_mine(p)
    add_options(p, SampleConfig)
