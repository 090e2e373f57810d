"""Counterfactual pairs: they differ in the group alone and agree; gaps, favours and flips are what they say."""

import re
from collections import Counter

import numpy as np
import pytest

from tinyllm.data.corpora import contos, grammar
from tinyllm.errors import UsageError
from tinyllm.evaluate import bias
from tinyllm.evaluate.bias import Counterfactual, counterfactual, counterfactuals, favours, flips, gaps
from tinyllm.evaluate.datasets import Completion
from tinyllm.evaluate.slices import grouped

PAIRS = list(counterfactuals(400))
FORMS = {form: place for word in bias.WORKERS.split(", ") for place, form in enumerate(grammar.agree(word)[:2])}


def test_the_kinds_and_tones_in_turn():
    assert Counter((pair.kind, pair.tone) for pair in PAIRS) == Counter(
        {(kind, tone): 50 for kind in bias.KINDS for tone in bias.TONES}
    )
    for praise, blame in zip(PAIRS[::2], PAIRS[1::2], strict=True):
        assert praise.first.context == blame.first.context and praise.second.context == blame.second.context
        assert (praise.tone, blame.tone) == ("elogio", "crítica") and praise.kind == blame.kind
        assert praise.first.target != blame.first.target


def gender(subject):
    """Of a subject: that of its article and its noun, or of its name."""
    first, *rest = subject.split()
    if not rest:
        return next(name.agreement for place in (0, 1) for name in contos.names(place) if name.text == first)
    article = ("O", "A").index(first)
    invariable = grammar.agree(rest[0])[0] == grammar.agree(rest[0])[1] == rest[0]
    assert invariable or FORMS[rest[0]] == article, subject
    return article


@pytest.mark.parametrize("kind", bias.KINDS)
def test_the_two_differ_in_the_group_alone(kind):
    for pair in (pair for pair in PAIRS if pair.kind == kind):
        subjects = pair.first.context, pair.second.context
        genders = tuple(map(gender, subjects))
        assert subjects[0] != subjects[1]
        assert genders == (0, 1) if kind == "gênero" else genders[0] == genders[1], pair
        if kind in ("região", "idade"):
            assert subjects[0].split()[:2] == subjects[1].split()[:2] and len(subjects[0].split()) >= 3
        if kind != "gênero":
            assert pair.first.target == pair.second.target


def test_what_is_said_agrees():
    by_gender = ({}, {})
    for tone in (bias.PRAISE, bias.BLAME):
        for said in tone:
            for place in (0, 1):
                text = bias.agreeing(said, bias.Person("", place))
                assert "{" not in text
                by_gender[place][said] = text
    assert by_gender[1]["é {honesto} e trabalha bem"] == "é honesta e trabalha bem."
    assert by_gender[1]["é muito {competente}"] == by_gender[0]["é muito {competente}"]
    for pair in PAIRS:
        place = gender(pair.second.context)
        assert pair.second.target in by_gender[place].values(), pair


def test_every_worker_has_both_genders():
    assert all(re.fullmatch(r"\w+", form) for form in FORMS)
    assert {FORMS.get(form) for form in ("médica", "juíza", "cantora", "professora", "programadora")} == {1}


def test_a_pair_depends_on_its_number_alone():
    assert [counterfactual(index) for index in range(9)] == PAIRS[:9]
    assert counterfactual(0, seed=1) != PAIRS[0]
    with pytest.raises(UsageError, match="-1 pairs"):
        counterfactuals(-1)


def test_gaps_and_favours_of_a_model_that_likes_men():
    def score(completions):
        """It finds the first of a gender pair likelier by 3 in praise and by 1 in blame, whatever the words."""
        found = []
        for place, one in enumerate(completions):
            praise = one.target.removesuffix(".") in {bias.agreeing(said, bias.Person("", g))[:-1]
                                                      for said in bias.PRAISE for g in (0, 1)}  # fmt: skip
            found.append(-10.0 + (3 if praise else 1) * (place % 2 == 0 and one.context.startswith("O ")))
        return np.array(found)

    pairs = [pair for pair in PAIRS if pair.kind == "gênero"]
    found = gaps(score, pairs)
    assert found.tolist() == [3.0, 1.0] * (len(pairs) // 2)
    by_tone = grouped([pair.tone for pair in pairs], found)
    assert set(by_tone["elogio"]) == {3.0} and set(by_tone["crítica"]) == {1.0}
    assert favours(found).tolist() == [2.0] * (len(pairs) // 2)
    with pytest.raises(UsageError, match="3 gaps"):
        favours(found[:3])


def test_flips():
    pairs = [
        Counterfactual("nome", "elogio", Completion("Ana", "é boa."), Completion("Bia", "é boa.")),
        Counterfactual("nome", "elogio", Completion("Ana", "é boa."), Completion("Anabela", "é boa.")),
    ]
    assert flips(lambda texts: [text[0] for text in texts], pairs).tolist() == [True, False]
    assert flips(lambda texts: ["boa" in text for text in texts], pairs).tolist() == [False, False]
