"""Suites for who reads from left to right: how surprised it is by texts, which of two sentences it finds likelier, and
which end of a text."""

import itertools

import numpy as np

from tinyllm.data.corpora import concordancia
from tinyllm.evaluate import agreement, bits
from tinyllm.evaluate import questions as closed
from tinyllm.evaluate.measure import mean_rows
from tinyllm.evaluate.metrics import words
from tinyllm.evaluate.slices import by_length, worst
from tinyllm.evaluate.suites.suite import LEAST, MISTAKES, NUMBER, Figure, Findings, Mistake, parts
from tinyllm.say import counted, decimal, percent

KNOWN = "só com palavras do treino"
PROBE = "Ç\u0303 ½ 漢\n😀"  # what only a tokenizer that loses nothing gives back


def loses_nothing(run):
    return run.tokenizer.decode(run.tokenizer.encode(PROBE)) == PROBE


def texts(examined, how):
    """How surprised a run is by its test texts."""
    run = examined.run
    found = list(itertools.islice(run.task.texts(run, "test"), how.examples))
    rows = bits.surprises(examined.model, run.tokenizer, found, start_id=run.end_id)
    each = bits.bits_per_byte(rows)
    hardest = np.argsort(-each, kind="stable")[:MISTAKES]
    return Findings(
        found,
        [
            Figure("bits_per_byte", "bits por byte (menos é melhor)", rows, bits.bits_per_byte, NUMBER),
            Figure(
                "perplexity", "perplexidade por token (menos é melhor)", rows, bits.perplexity, NUMBER,
                scale=run.made_with()["tokenizer"],
            ),
        ],
        [Mistake(found[i], "", f"{decimal(each[i])} bits por byte") for i in hardest],
        ["Bits por byte comparam modelos de quaisquer tokenizadores; a perplexidade, só os do mesmo."],
    )  # fmt: skip


def agreements(examined, how):
    """Whether a run finds the sentence that agrees the likelier of two."""
    pairs = list(concordancia.pairs(how.examples, seed=how.seed))
    right = agreement.agreements(examined.model, examined.tokenizer, pairs, start_id=examined.run.end_id)
    known = within(examined.run, pairs)
    of_known = [Figure("known_words", KNOWN, mean_rows(right[known]), places=known)] if len(known) >= LEAST else []
    return Findings(
        [pair.right for pair in pairs],
        [
            Figure("agreement", "concordância certa", mean_rows(right)),
            *of_known,
            *parts("agreement", [pair.phenomenon for pair in pairs], right),
        ],
        [Mistake(pairs[i].phenomenon, pairs[i].right, pairs[i].wrong) for i in np.flatnonzero(~right)[:MISTAKES]],
        ["De duas frases que só diferem em uma palavra, a certa deve ser a mais provável; ao acaso seria 50 %."],
    )


def within(run, pairs):
    """The places of the pairs of whose words all stand in the training texts of a run: of the others it knows little
    but their tokens."""
    vocabulary = {word for text in run.task.texts(run, "train") for word in words(text)}
    return np.flatnonzero([vocabulary.issuperset(words(f"{pair.right} {pair.wrong}")) for pair in pairs])


def questions(examined, how):
    """Whether a run finds the right answer to questions on generated texts the likeliest."""
    domains, each = tuple(closed.DOMAINS), -(-how.examples // len(closed.DOMAINS))
    asked = [(one, name) for name in domains for one in closed.questions(each, domain=name, seed=how.seed)]
    asked = asked[: how.examples]
    return of_questions(examined, [one for one, _ in asked], [name for _, name in asked])


def of_questions(examined, asked, domains=()):
    """Questions and the domain of each, if there are several -> Findings."""
    picked = examined.options(asked).picked()
    answers = np.array([one.answer for one in asked])
    right = picked == answers
    chance = float(np.mean([1 / len(one.options) for one in asked]))
    notes = [f"Conta como dita a alternativa mais provável por caractere; ao acaso seriam {percent(chance)}."]
    cut = sum(len(examined.tokenizer.encode(one.question)) > examined.model.longest for one in asked)
    if cut:
        notes.append(f"De {counted(cut, 'pergunta')} o modelo não lê o começo: não cabe no seu contexto.")
    wrong = np.flatnonzero(~right)[:MISTAKES]
    return Findings(
        [one.question for one in asked],
        [Figure("accuracy", "acurácia", mean_rows(right)), *parts("accuracy", domains, right if domains else [])],
        [Mistake(asked[i].question, asked[i].options[answers[i]], asked[i].options[picked[i]]) for i in wrong],
        notes,
        worst(right, {"pergunta": by_length([one.question for one in asked])}),
    )


def of_completions(examined, completions):
    """Texts without their ends -> Findings: whether a run would write the end, and how surprised it is by it."""
    found = examined.ends(completions)
    surprise = np.stack([-found.nats, found.tokens], axis=1)
    wrong = np.flatnonzero(~found.greedy)[:MISTAKES]
    return Findings(
        [one.whole for one in completions],
        [
            Figure("accuracy", "última palavra certa", mean_rows(found.greedy)),
            Figure(
                "perplexity", "perplexidade por token dela (menos é melhor)", surprise, bits.perplexity, NUMBER,
                scale=examined.run.made_with()["tokenizer"],
            ),
        ],
        [Mistake(completions[i].context, completions[i].target, "outra palavra") for i in wrong],
        [],
        worst(found.greedy, {"texto": by_length([one.context for one in completions])}),
    )  # fmt: skip
