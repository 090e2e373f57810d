"""The suites of who answers: what a run says to questions that it has not seen, beside what was to be answered, and
which of two answers it finds the likelier."""

import itertools
from typing import NamedTuple

import numpy as np

from tinyllm.data import corpora
from tinyllm.data.conversations import USER, Message, Preference
from tinyllm.data.corpora import instrucoes
from tinyllm.evaluate import bleu, overlap
from tinyllm.evaluate.measure import mean_rows
from tinyllm.evaluate.slices import worst
from tinyllm.evaluate.suites.suite import ANSWERS, MISTAKES, NUMBER, POINTS, SHARE, Figure, Findings, Mistake
from tinyllm.say import counted, decimal

OF_MANY = 20  # examples, of which one is given


class Asked(NamedTuple):
    """A question, the answer to it, and the messages before it."""

    question: str
    answer: str
    before: tuple = ()

    @property
    def messages(self):
        return (*self.before, Message(USER, self.question))


def instructions(examined, how):
    """How much of a run's answers is what was to be answered."""
    asked = questions_for(examined, how)
    shots = shots_for(examined, how)
    said = examined.answers([one.messages for one in asked], shots)
    answers = [one.answer for one in asked]
    exact = overlap.EXACT_MATCH.rows(said, answers)
    right = exact[:, 0] == 1
    figures = [Figure("exact_match", "resposta exata", exact)]
    for name, title, measure, kind in (
        ("token_f1", "F1 das palavras", overlap.TOKEN_F1, SHARE),
        ("rouge_l", "ROUGE-L", overlap.Rouge("L"), SHARE),
        ("bleu", "BLEU", bleu.Bleu(), POINTS),
    ):
        figures.append(Figure(name, title, measure.rows(said, answers), measure.score, kind))
    silent = sum(not one for one in said)
    notes = ["Resposta exata: igual, sem contar maiúsculas, pontuação e artigos."]
    if shots:
        fitted = np.mean([examined.prompt(one.question, shots)[1] for one in asked])
        notes.append(
            f"O modelo não aprendeu a responder: antes de cada pergunta couberam, em média, {decimal(fitted)} de "
            f"{counted(len(shots), 'exemplo')}."
        )
    if silent:
        notes.append(f"{counted(silent, 'resposta vazia', 'respostas vazias')}, que contam como erradas.")
    return Findings(
        [f"{one.question} {one.answer}" for one in asked],
        figures,
        [Mistake(asked[i].question, answers[i], said[i]) for i in np.flatnonzero(~right)[:MISTAKES]],
        notes,
        worst(right, {"começo da pergunta": [one.question.split(maxsplit=1)[0] for one in asked]}),
    )


def shots_for(examined, how):
    """(question, answer) examples for a run that has not learned to answer: the shortest of many, as a context is
    small. The longest of them, which is the first to be left out, comes first."""
    if examined.kind == ANSWERS:
        return []
    many = instrucoes.pairs(OF_MANY * how.shots, split="train", seed=how.seed)
    return sorted(many, key=lambda pair: len("".join(pair)))[: how.shots][::-1]


def questions_for(examined, how):
    """The generated questions of the test split; of a run that learned from a file, those held out of it."""
    task, run = examined.run.task, examined.run
    if examined.kind != ANSWERS or run.data.corpus in corpora.CORPORA:
        return [Asked(*pair) for pair in instrucoes.pairs(how.examples, split="test", seed=how.seed)]
    found = (task.last_exchange(one) for one in task.conversations(run, "test"))
    return [Asked(before[-1].content, answer, before[:-1]) for before, answer in itertools.islice(found, how.examples)]


def preferences(examined, how):
    """Of two answers, whether a run finds the better the likelier, and how likely."""
    pairs = pairs_for(examined, how)
    both = [(one.asked, answer) for one in pairs for answer in (one.chosen, one.rejected)]
    better, other = examined.said(both).nats.reshape(-1, 2).T
    right = better > other
    return Findings(
        [f"{one.asked[-1].content} {one.chosen}" for one in pairs],
        [
            Figure("preferred", "a melhor é a mais provável", mean_rows(right)),
            Figure("better_nats", "log-probabilidade da melhor, em nats", mean_rows(better), kind=NUMBER),
            Figure("other_nats", "log-probabilidade da outra, em nats", mean_rows(other), kind=NUMBER),
        ],
        [
            Mistake(pairs[i].asked[-1].content, pairs[i].chosen, pairs[i].rejected)
            for i in np.flatnonzero(~right)[:MISTAKES]
        ],
        ["De duas respostas à mesma pergunta, a preferida deve ser a mais provável; ao acaso seria 50 %."],
        worst(right, {"começo da pergunta": [one.asked[-1].content.split(maxsplit=1)[0] for one in pairs]}),
    )


def pairs_for(examined, how):
    """The generated preferences of the test split; of a run that learned from a file, those held out of it, or what it
    holds out with, for the other answer, that to another question."""
    task, run = examined.run.task, examined.run
    if run.data.corpus in corpora.CORPORA:
        return list(instrucoes.preferences(how.examples, split="test", seed=how.seed))
    if task.name == "prefer":
        return list(itertools.islice(task.conversations(run, "test"), how.examples))
    asked = questions_for(examined, how)
    turned = [one.answer for one in asked[1:] + asked[:1]]
    return [
        Preference(tuple(one.messages), one.answer, other)
        for one, other in zip(asked, turned, strict=True)
        if one.answer != other
    ]
