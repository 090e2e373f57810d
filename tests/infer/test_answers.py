"""Answers in many conversations side by side are those that each would get alone."""

import numpy as np
import pytest

from tinyllm.data.chat import Template
from tinyllm.data.conversations import Message
from tinyllm.data.objectives import END
from tinyllm.errors import UsageError
from tinyllm.infer import answers as module
from tinyllm.infer.answers import answers
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.text import files

TEMPLATE = Template(files.train("byte", [], 257, special_tokens=(END,)))
MODEL = GPT(GPTConfig(vocab_size=257, context=64, layers=1, heads=2, width=16), rng=np.random.default_rng(0))
ASKED = [[Message("user", "oi" * n)] for n in (1, 7, 3, 12, 2)]


def test_answers_side_by_side_are_those_of_each_alone(monkeypatch):
    monkeypatch.setattr(module, "AT_ONCE", 2)
    MODEL.tokens.weight.data[65:] *= 0.1  # so that it writes characters
    found = answers(MODEL, TEMPLATE, ASKED, max_tokens=9)
    assert found == [answers(MODEL, TEMPLATE, [one], max_tokens=9)[0] for one in ASKED]
    assert len(found) == 5 and all(len(text) <= 9 for text in found) and any(found)


def test_an_answer_ends_with_its_end(monkeypatch):
    told = iter([*b" Sim.", TEMPLATE.end_id, *b"abc"])

    class Reciter:
        longest = 99

        def new_caches(self):
            return MODEL.new_caches()

        def __call__(self, ids, caches):
            logits = MODEL(ids, caches)
            logits.data[:, -1] = np.arange(257) == next(told)
            return logits

    assert answers(Reciter(), TEMPLATE, ASKED[:1]) == ["Sim."]


def test_a_question_that_does_not_fit():
    with pytest.raises(UsageError, match=r"does not fit in 1\.\.64"):
        answers(MODEL, TEMPLATE, [[Message("user", "a" * 60)]])
