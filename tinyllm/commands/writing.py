"""The command that lets a trained model write."""

import dataclasses
import math
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from tinyllm import storage
from tinyllm.commands.adapters import add_adapter, opened
from tinyllm.commands.exporting import add_onnx, opened_onnx
from tinyllm.commands.pieces import add_mine, with_pieces
from tinyllm.config import add_options, from_dict, given_options
from tinyllm.errors import UsageError
from tinyllm.infer.beam import BeamConfig, beam_search
from tinyllm.infer.constrain import Constraint
from tinyllm.infer.generate import before_next, until, without_first_space
from tinyllm.infer.grammar import Grammar
from tinyllm.infer.regex import Choices, Regex
from tinyllm.infer.sample import Recorder, SampleConfig, Sampler, Shaping
from tinyllm.infer.schema import JSONSchema
from tinyllm.infer.speculate import AHEAD, Counts, LookupDraft, ModelDraft, speculate
from tinyllm.models.catalog import MODELS
from tinyllm.parser import calls, positive, up_to
from tinyllm.say import decimal, emit, percent, tell
from tinyllm.train import run as runs
from tinyllm.train.monitor import continued

AUTOMATA = {
    "regex": Regex,
    "choices": lambda given: Choices(given.split("|")),
    "schema": lambda path: JSONSchema(storage.load_json(path)),
    "grammar": lambda path: Grammar(storage.read_text(path), path),
}
LARGEST_BIAS = 1000  # more than logits differ by
DRAWN = {field.name for field in dataclasses.fields(SampleConfig) if not field.name.endswith(("penalty", "ngram"))}


class Written(NamedTuple):
    """The ids of a text, as they come; what --json tells of it when they have, and what a person is told."""

    ids: Iterable
    told: Callable
    said: Callable = lambda: None


@with_pieces
def generate_command(arguments):
    run, model = opened_onnx(arguments) if arguments.onnx is not None else opened(arguments, best=arguments.best)
    if not run.writes:
        able = ", ".join(name for name, architecture in MODELS.items() if architecture.writes)
        does = "fills gaps" if run.fills else "tells labels"
        raise UsageError(f"the model of {run.folder} {does} and writes no text; those that do are {able}")
    check_together(arguments, run)
    config = from_dict(SampleConfig, given_options(arguments, SampleConfig))
    dataclasses.replace(config, seed=config.seed + arguments.count - 1)  # refused before anything is written
    how, read = how_to_shape(run, arguments), before_next(run.tokenizer, arguments.prompt)
    way = searched if given_options(arguments, BeamConfig) else guessed if guesses(arguments) else drawn
    for number, text in enumerate(way(run, model, arguments, config, how, read)):
        pieces = run.tokenizer.stream(text.ids)
        pieces = until(pieces if read == arguments.prompt else without_first_space(pieces), arguments.stop)
        if arguments.json:
            whole = "".join(pieces)
            emit({"prompt": arguments.prompt, "text": whole, **text.told()})
            continue
        print("\n" * bool(number) + arguments.prompt, end="", flush=True)
        for piece in pieces:
            print(piece, end="", flush=True)
        print()
        if text.said():
            tell(text.said())


def guesses(arguments):
    """Whether somebody guesses for the model."""
    return arguments.draft is not None or arguments.lookup


def check_together(arguments, run):
    """Raise UsageError for options of which one makes the other useless."""
    search, draws = given_options(arguments, BeamConfig), given_options(arguments, SampleConfig).keys() & DRAWN
    if getattr(arguments, "min_tokens", 0) > arguments.max_tokens:
        raise UsageError(
            f"--min-tokens={arguments.min_tokens} is more than --max-tokens={arguments.max_tokens}; raise that"
        )
    if arguments.logprobs and not arguments.json:
        raise UsageError("--logprobs are told with --json; add it")
    if arguments.logprobs and (guesses(arguments) or search):
        raise UsageError("--logprobs are those of a text that is drawn by the model alone; leave out the other way")
    if arguments.ahead and not guesses(arguments):
        raise UsageError("--ahead says how many tokens to guess, and nobody does; give --draft or --lookup")
    if arguments.draft is not None and arguments.lookup:
        raise UsageError("--draft and --lookup are two ways to guess; leave one out")
    if search and (draws - {"min_tokens"} or guesses(arguments)):
        other = f"--{sorted(draws)[0].replace('_', '-')}" if draws - {"min_tokens"} else "--draft or --lookup"
        raise UsageError(f"a search of beams draws nothing; leave out {other}")
    if search and arguments.count > search.get("beams", BeamConfig.beams):
        raise UsageError(f"--count={arguments.count} texts are more than there are beams; raise --beams")
    if run.fills and (search or guesses(arguments)):
        raise UsageError(f"the model of {run.folder} fills gaps: nobody guesses or searches for it; leave it out")


def how_to_shape(run, arguments):
    """What a Shaping takes besides a config."""
    return {
        "biases": biases_of(run.tokenizer, arguments),
        "stop_id": run.end_id,
        "constraint": constraint_of(run, arguments),
    }


def constraint_of(run, arguments):
    """The Constraint that is asked for, or None. Raises UsageError for one that is wrong, and for two."""
    asked = [name for name in AUTOMATA if getattr(arguments, name) is not None]
    if len(asked) > 1:
        raise UsageError(f"--{asked[0]} and --{asked[1]} are two constraints; leave one out")
    if not asked:
        return None
    if run.fills:
        raise UsageError(f"the model of {run.folder} fills gaps, and is not constrained; leave out --{asked[0]}")
    automaton = AUTOMATA[asked[0]](getattr(arguments, asked[0]))
    return Constraint(automaton, run.tokenizer, stop_id=run.end_id, max_tokens=arguments.max_tokens)


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
        if not text or not abs(value) <= LARGEST_BIAS:
            raise UsageError(
                f"--bias={given} is no text with a number up to {LARGEST_BIAS}; write it as --bias gato=2.5"
            )
        if text in found or text in arguments.ban:
            raise UsageError(f"--bias={given} speaks of a text of which another --bias or --ban does; leave one out")
        found[text] = value
    found |= dict.fromkeys(arguments.ban, -math.inf)
    if "" in found:
        raise UsageError("--ban forbids an empty text; give at least one character")
    spelled = {
        tuple(map(int, tokenizer.encode(before + text))): value for text, value in found.items() for before in ("", " ")
    }
    return tuple(spelled.items())


def drawn(run, model, arguments, config, shaping, prompt):
    """Yield the texts that a model writes, each with a seed of its own."""
    begin = run.task.beginning(run, prompt)
    for number in range(arguments.count):
        how = dataclasses.replace(config, seed=config.seed + number)
        record = Recorder(Sampler(how, begin, **shaping), arguments.logprobs or 0)
        choose = record if arguments.logprobs else record.choose
        ids = continued(run, model, begin, choose=choose, max_tokens=arguments.max_tokens)

        def told(how=how, record=record):
            return {"seed": how.seed, **({"tokens": spelled(run, record.rows)} if arguments.logprobs else {})}

        yield Written(ids, told)


def spelled(run, rows):
    """What a Recorder has kept, in words."""

    def said(token, nats):
        return {"text": run.tokenizer.decode([token]), "id": token, "logprob": nats}

    return [
        {**said(token, nats), "alternatives": [said(*other) for other in others]}
        for token, nats, others in rows
        if token != run.end_id
    ]


def guessed(run, model, arguments, config, shaping, prompt):
    """Yield the same texts, or others as likely, of which a draft guesses a part.

    Raises UsageError for a draft of another tokenizer.
    """
    if config.mirostat:
        raise UsageError(f"mirostat={config.mirostat} changes with every token, and no draft keeps up; leave one out")
    small = None
    if arguments.draft is not None:
        other = runs.open_run(arguments.draft, packages=True)
        if other.made_with()["tokenizer"] != run.made_with()["tokenizer"]:
            raise UsageError(
                f"{other.folder} has another tokenizer than {run.folder}, and cannot guess for it; make a draft with: "
                f"tinyllm train --teacher {run.folder} --layers 1 --out …"
            )
        small = other.trained_model(warn=tell)
    begin, shape = run.task.beginning(run, prompt), Shaping(config, **shaping)
    for seed in range(config.seed, config.seed + arguments.count):
        how = {
            "process": lambda logits, ids: shape(logits, ids, len(begin)),
            "rng": np.random.default_rng(seed),
        }
        draft = ModelDraft(small, model, **how) if small else LookupDraft(run.tokenizer.vocab_size)
        how |= {"max_tokens": arguments.max_tokens, "stop_id": run.end_id, "ahead": arguments.ahead or AHEAD}
        counts = Counts()

        def told(seed=seed, counts=counts):
            return {"seed": seed, "acceptance": counts.acceptance, "tokens_per_pass": counts.per_pass}

        def said(counts=counts):
            return f"{percent(counts.acceptance)} dos palpites ficaram; {decimal(counts.per_pass)} tokens por leitura"

        yield Written(speculate(model, draft, begin, counts=counts, **how), told, said)


def searched(run, model, arguments, config, shaping, prompt):
    """Yield the most probable texts that a search of beams finds."""
    begin, shape = run.task.beginning(run, prompt), Shaping(config, **shaping)
    found = beam_search(
        model, begin, from_dict(BeamConfig, given_options(arguments, BeamConfig)), max_tokens=arguments.max_tokens,
        stop_id=run.end_id, process=lambda nats, ids: shape.said(nats, ids, len(begin)),
    )  # fmt: skip
    for text in found[: arguments.count]:
        yield Written(
            text.ids, lambda text=text: {"score": text.score}, lambda text=text: f"nota {decimal(text.score, 3)}"
        )


def declare_generate(p):
    calls(p, generate_command, json=True)
    p.add_argument("run", metavar="PASTA", help="pasta de um treino, ou um pacote")
    p.add_argument("--prompt", default="", help="começo do texto (padrão: nenhum)")
    p.add_argument("--max-tokens", type=positive, default=300, help="o maior número de tokens (padrão: 300)")
    p.add_argument("--stop", action="append", default=[], help="para antes deste texto (pode ser repetido)")
    p.add_argument("--count", type=positive, default=1, help="quantos textos; de uma busca, os melhores (padrão: 1)")
    better = "usa o checkpoint de menor perda de validação, em vez do mais novo (ver train --keep-best)"
    p.add_argument("--best", action="store_true", help=better)
    p.add_argument(
        "--draft", metavar="PASTA", help="um treino menor, do mesmo tokenizador, adivinha alguns tokens, que o "
        "modelo lê de uma vez: o que se escreve é o mesmo, mais depressa"
    )  # fmt: skip
    lookup = "adivinha o que já esteve no texto depois dos mesmos tokens, sem outro modelo"
    p.add_argument("--lookup", action="store_true", help=lookup)
    p.add_argument("--ahead", type=positive, help=f"quantos tokens adivinhar de cada vez (padrão: {AHEAD})")
    only = "só escreve o que esta expressão regular aceita, do começo ao fim"
    p.add_argument("--regex", metavar="EXPRESSÃO", help=only)
    p.add_argument("--choices", metavar="TEXTO|TEXTO", help="só escreve um destes textos, separados por |")
    fits = "só escreve um texto em JSON que este esquema (JSON Schema, um arquivo) aceita"
    p.add_argument("--schema", metavar="ARQUIVO", help=fits)
    rules = "só escreve o que esta gramática (um arquivo, na notação EBNF do W3C) aceita; a primeira regra é o começo"
    p.add_argument("--grammar", metavar="ARQUIVO", help=rules)
    ban = "nunca escreve este texto com os tokens de costume, com ou sem um espaço antes (pode ser repetido)"
    p.add_argument("--ban", action="append", default=[], metavar="TEXTO", help=ban)
    more = "soma um número ao logit com que este texto acaba, com ou sem um espaço antes (pode ser repetido)"
    p.add_argument("--bias", action="append", default=[], metavar="TEXTO=X", help=more)
    nats = "com --json, diz de cada token a log-probabilidade, e as dos N mais prováveis"
    p.add_argument("--logprobs", type=up_to(1000), metavar="N", help=nats)
    add_adapter(p)
    add_onnx(p)
    add_mine(p)
    add_options(p, SampleConfig)
    add_options(p, BeamConfig)
