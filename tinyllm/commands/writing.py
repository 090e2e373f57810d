"""The command that lets a trained model write."""

import dataclasses
import math

import numpy as np

from tinyllm.commands.adapters import add_adapter, opened
from tinyllm.commands.pieces import add_mine, with_pieces
from tinyllm.config import add_options, from_dict, given_options
from tinyllm.errors import UsageError
from tinyllm.infer.generate import before_next, until, without_first_space
from tinyllm.infer.sample import Recorder, SampleConfig, Sampler, Shaping
from tinyllm.infer.speculate import AHEAD, Counts, LookupDraft, ModelDraft, speculate
from tinyllm.models.catalog import MODELS
from tinyllm.parser import calls, positive, up_to
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
    if arguments.logprobs and not arguments.json:
        raise UsageError("--logprobs are told with --json; add it")
    biases = biases_of(run.tokenizer, arguments)
    read = before_next(run.tokenizer, arguments.prompt)
    guesses = arguments.draft is not None or arguments.lookup
    if arguments.ahead and not guesses:
        raise UsageError("--ahead says how many tokens to guess, and nobody does; give --draft or --lookup")
    write = (speculating if guesses else writing)(run, model, arguments, biases)
    for number in range(arguments.count):
        how = dataclasses.replace(config, seed=config.seed + number)
        ids, told = write(read, how)
        pieces = run.tokenizer.stream(ids)
        pieces = until(pieces if read == arguments.prompt else without_first_space(pieces), arguments.stop)
        if arguments.json:
            text = "".join(pieces)
            emit({"prompt": arguments.prompt, "text": text, "seed": how.seed, **(told.as_dict() if told else {})})
            continue
        print(arguments.prompt, end="", flush=True)
        for piece in pieces:
            print(piece, end="", flush=True)
        print("\n" if number + 1 < arguments.count else "")
        if guesses:
            tell(f"{percent(told.acceptance)} dos palpites ficaram; {decimal(told.per_pass)} tokens por leitura")


def biases_of(tokenizer, arguments):
    """What --bias and --ban ask for, as `penalties.bias` takes it: each text as it stands behind a space and without.

    Raises UsageError for what is no text with a number, and for an empty text.
    """
    found = {}
    for given in arguments.bias:
        text, _, number = given.rpartition("=")
        try:
            value = float(number)
        except ValueError:
            value = math.nan
        if not text or not math.isfinite(value):
            raise UsageError(f"--bias={given} is no text with a number; write it as --bias gato=2.5")
        found[text] = value
    found |= dict.fromkeys(arguments.ban, -math.inf)
    if "" in found:
        raise UsageError("--ban forbids an empty text; give at least one character")
    spelled = {
        tuple(map(int, tokenizer.encode(before + text))): value for text, value in found.items() for before in ("", " ")
    }
    return tuple(spelled.items())


def writing(run, model, arguments, biases):
    """(prompt, SampleConfig) -> the ids that a model writes, and what is told of them: Told, or None."""

    def write(prompt, config):
        begin = run.task.beginning(run, prompt)
        choose = Sampler(config, begin, biases=biases, stop_id=run.end_id)
        told = Told(choose, arguments.logprobs, run) if arguments.logprobs else None
        return continuation(run, model, prompt, choose=told or choose, max_tokens=arguments.max_tokens), told

    return write


class Told(Recorder):
    """A Recorder that says in words what it has kept."""

    def __init__(self, choose, count, run):
        super().__init__(choose, count)
        self.run = run

    def as_dict(self):
        def spelled(token, nats):
            return {"text": self.run.tokenizer.decode([token]), "id": token, "logprob": nats}

        return {
            "tokens": [
                {**spelled(token, nats), "alternatives": [spelled(*other) for other in others]}
                for token, nats, others in self.rows
                if token != self.run.end_id
            ]
        }


def speculating(run, model, arguments, biases):
    """(prompt, SampleConfig) -> the ids that a model writes behind a draft, and its Counts.

    Raises UsageError for a model that does not read from left to right, and for a draft of another tokenizer.
    """
    if arguments.draft is not None and arguments.lookup:
        raise UsageError("--draft and --lookup are two ways to guess; leave one out")
    if arguments.logprobs:
        raise UsageError("--logprobs are those of a model that writes alone; leave out --draft and --lookup")
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
        if config.mirostat:
            raise UsageError(
                f"mirostat={config.mirostat} changes with every token, and no draft keeps up; leave one out"
            )
        rng, counts = np.random.default_rng(config.seed), Counts()
        begin, shape = run.task.beginning(run, prompt), Shaping(config, biases, run.end_id)
        how = {"process": lambda logits, ids: shape(logits, ids, len(begin)), "rng": rng}
        draft = ModelDraft(small, model, **how) if small else LookupDraft(run.tokenizer.vocab_size)
        how |= {"max_tokens": arguments.max_tokens, "stop_id": run.end_id, "ahead": arguments.ahead or AHEAD}
        return speculate(model, draft, begin, counts=counts, **how), counts

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
    ban = "nunca escreve este texto, com ou sem um espaço antes (pode ser repetido)"
    p.add_argument("--ban", action="append", default=[], metavar="TEXTO", help=ban)
    more = "soma um número ao logit com que este texto acaba, com ou sem um espaço antes (pode ser repetido)"
    p.add_argument("--bias", action="append", default=[], metavar="TEXTO=X", help=more)
    nats = "com --json, diz de cada token a log-probabilidade, e as dos N mais prováveis"
    p.add_argument("--logprobs", type=up_to(1000), metavar="N", help=nats)
    add_adapter(p)
    add_mine(p)
    add_options(p, SampleConfig)
