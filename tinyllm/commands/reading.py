"""Commands that let a trained model read: what is hidden in a text, which label it bears, where it looks."""

import numpy as np

from tinyllm.commands.adapters import add_adapter, opened
from tinyllm.commands.pieces import add_mine, with_pieces
from tinyllm.errors import UsageError, shown
from tinyllm.infer.fill import candidates, filled, written_gaps
from tinyllm.models.catalog import MODELS
from tinyllm.parser import calls, positive
from tinyllm.say import counted, emit, percent, tell, visible
from tinyllm.show.attention import PARTS, show_attention
from tinyllm.show.classify import SPLITS, show_figures
from tinyllm.train import run as runs
from tinyllm.train.tasks.classify import probabilities, whole_row


@with_pieces
def fill_command(arguments):
    run, model = opened(arguments)
    if not run.fills:
        able = " or ".join(f"--model {name}" for name, architecture in MODELS.items() if architecture.fills)
        raise UsageError(f"{run.folder} holds no model that fills gaps; a run of {able} does")
    fill = fill_by_writing if run.writes else fill_by_guessing
    fill(run, model, arguments)


CANDIDATES = 5


def fill_by_guessing(run, model, arguments):
    """Show the most probable tokens of each gap, and the text with the first of them."""
    count = arguments.candidates or CANDIDATES
    found = candidates(model, run.tokenizer, run.task.objective(run), arguments.text, count=count)
    if arguments.json:
        text = filled(arguments.text, [gap[0][0].strip() for gap in found])
        emit(
            {"text": text, "gaps": [[{"text": piece, "probability": chance} for piece, chance in gap] for gap in found]}
        )
        return
    print(filled(arguments.text, [seen(gap[0][0]) for gap in found]))
    for number, gap in enumerate(found, start=1):
        print(f"\n  {number}ª lacuna: " + ", ".join(f"{seen(piece)} {percent(chance)}" for piece, chance in gap))


def seen(piece):
    """What a person reads in a gap: without the spaces around, but not nothing if it is all spaces."""
    return piece.strip() or visible(piece)


def fill_by_writing(run, model, arguments):
    """Show the text with what the model writes into each gap."""
    if arguments.candidates:
        raise UsageError(f"--candidates is for a BERT; {run.folder} holds a T5, which writes one text; leave it out")
    found = written_gaps(model, run.tokenizer, run.task.objective(run), arguments.text)
    if arguments.json:
        emit({"text": filled(arguments.text, map(str.strip, found)), "gaps": found})
    else:
        print(filled(arguments.text, map(seen, found)))


ERRORS = 5


@with_pieces
def classify_command(arguments):
    if arguments.texts and (name := next((name for name in ("split", "errors") if vars(arguments)[name]), None)):
        raise UsageError(
            f"--{name} {vars(arguments)[name]} is of the measures on the texts of the run, and a text is given; leave "
            "out one of the two"
        )
    run, model = opened(arguments)
    if not run.task.classifies:
        raise UsageError(f"{run.folder} learned a language, not labels; train with --task classify")
    if not arguments.texts:
        if run.package:
            raise UsageError(f"{run.folder} is a package, without texts to be measured on; give a text to classify")
        split, errors = arguments.split or "validation", arguments.errors or ERRORS
        show_figures(run, model, split, errors=errors, as_json=arguments.json)
        return
    empty = [text for text in arguments.texts if not text.strip()]
    if empty:
        raise UsageError(f"there is nothing to classify in {shown(empty[0])}; give a text with at least one word")
    whole = [len(whole_row(run.tokenizer, text)) for text in arguments.texts]
    rows = [run.task.row(run.tokenizer, text, run.model_config) for text in arguments.texts]
    for text, tokens, row, chances in zip(arguments.texts, whole, rows, probabilities(model, rows), strict=True):
        best = int(np.argmax(chances))
        if arguments.json:
            by_label = dict(zip(run.task.labels, map(float, chances), strict=True))
            label = run.task.labels[best]
            emit({"text": text, "label": label, "probabilities": by_label, "tokens": tokens, "read": len(row)})
        else:
            print(f"{run.task.labels[best]} ({percent(chances[best])}): {text}")
        if tokens > len(row):
            tell(f"  o texto tem {counted(tokens, 'token')}, e o modelo só leu os últimos {len(row)}: não cabem mais")


@with_pieces
def attention_command(arguments):
    show_attention(
        runs.open_run(arguments.run, packages=True), arguments.text,
        part=arguments.part, layer=arguments.layer, head=arguments.head, picture=arguments.out, as_json=arguments.json,
    )  # fmt: skip


def declare_fill(p):
    calls(p, fill_command, json=True)
    p.add_argument("run", metavar="PASTA", help="pasta de um treino de BERT ou de T5, ou um pacote dele")
    p.add_argument(
        "text", metavar="TEXTO", help="um texto com ___ onde falta algo: um token para o BERT, vários para o T5"
    )
    p.add_argument("--candidates", type=positive, help=f"quantos palpites do BERT mostrar (padrão: {CANDIDATES})")
    add_adapter(p)
    add_mine(p)


def declare_classify(p):
    calls(p, classify_command, json=True)
    p.add_argument("run", metavar="PASTA", help="pasta de um treino com --task classify, ou um pacote dele")
    p.add_argument(
        "texts",
        metavar="TEXTO",
        nargs="*",
        default=[],
        help="o que classificar (sem textos, mede o modelo: ver --split)",
    )
    p.add_argument(
        "--split",
        choices=SPLITS,
        help="sem textos, onde medir: validation, para comparar e escolher (padrão), ou test, uma vez, no fim",
    )
    p.add_argument(
        "--errors", type=positive, help=f"sem textos, quantos erros mostrar, os mais seguros (padrão: {ERRORS})"
    )
    add_adapter(p)
    add_mine(p)


def declare_attention(p):
    calls(p, attention_command, json=True)
    p.add_argument("run", metavar="PASTA", help="pasta de um treino, ou um pacote")
    p.add_argument("text", metavar="TEXTO", help="o texto que o modelo lê")
    p.add_argument(
        "--layer",
        type=positive,
        metavar="N",
        help="só esta camada, a partir de 1 (padrão: todas; no terminal, a última)",
    )
    p.add_argument(
        "--head", type=positive, metavar="N", help="só esta cabeça, a partir de 1 (padrão: todas; no terminal, a média)"
    )
    part = "de um T5, onde olhar: o encoder (padrão), o decoder, ou o que o decoder vê do encoder (cross)"
    p.add_argument("--part", choices=PARTS, help=part)
    add_mine(p)
    p.add_argument("--out", metavar="ARQUIVO", help="desenha neste arquivo, .svg ou .png, em vez de no terminal")
