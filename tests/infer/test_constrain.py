"""Constraints: an automaton accepts what `re` does, and what is written under one always matches."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.data.objectives import END
from tinyllm.errors import UsageError
from tinyllm.infer.beam import BeamConfig, beam_search
from tinyllm.infer.constrain import OUT, Constraint
from tinyllm.infer.generate import Request, generate_batch
from tinyllm.infer.regex import Choices, Regex
from tinyllm.infer.sample import SampleConfig, Sampler, Shaping
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.text import files

PATTERNS = [  # fifty, of every kind that is understood
    "a", "abc", "a|b|cd", "(ab|cd)e", "a*b", "a+b?", "(a|b)*c", "(ab)+", "(?:ab){2}", "a{3}", "a{2,4}", "a{2,}b",
    "a{,3}b",
    "a{0}b", "a??b", "a+?b", "(a*b)*c", "(|a)b", "()", ".", ".{3}", "..?.?", "[abc]", "[a-f]{2}", "[^a-f]{2}", "[]a]b",
    "[^]a]", "[a-]", r"[\d-]{3}", r"[\]\\]", r"[\w.]+@x", r"\d{2}/\d{2}", r"\w+", r"\W\w", r"\s\S", r"\D\d", "é+",
    "ção|ções",
    "[á-ú]{2}", "[^a-zç]", "日本|中", r"😀{1,2}", r"\u00e7\x41", r"\.\*\[", "\\n\\t", r"^\d{3}-\d{4}$", "a{b", "x{1,2",
    r"(sim|não|talvez)( (sim|não)){0,2}!?", r"R\$ \d{1,3}(\.\d{3})*,\d{2}",
]  # fmt: skip
ALONE = ("()", "(?:ab){2}", r"\.\*\[")  # that match one text, though they have more than letters
WRONG = {
    "(a": "a ( without its )", "a)": "a ) without its (", "*a": "* where nothing can be repeated",
    "a**": "a repetition of a",
    "a{2}{3}": "a repetition of a", "[a": "something is missing", "(?=a)b": "only (?: is understood",
    "(?P<n>a)": "only (?:",
    r"(a)\1": r"\1, which is not understood", r"\ba": r"\b, which is not understood",
    "a^b": "^ where nothing", "a$b": "$ where",
    "a{3,2}": "at least 3 and at most 2", "a{2000}": "more than 1000 times", "[b-a]": "a range that is none",
    r"[\d-a]": "a range that is none", r"\xg1": "without 2 hexadecimal digits", "\\": "something is missing",
    r"[^\x00-\U0010ffff]": "holds no character", "((a{1000}){100})": "more than 50000 states",
    "(" * 200 + "a" + ")" * 200: "more than 100 groups inside each other",
}  # fmt: skip


def accepts(automaton, text):
    state = automaton.start
    for byte in text.encode():
        state = automaton.row(state)[byte]
        if state < 0:
            return False
    return automaton.accepts(state)


def test_there_are_fifty_patterns_and_all_can_be_read_by_re_too():
    assert len(PATTERNS) == 50
    for pattern in PATTERNS:
        re.compile(pattern)


@pytest.mark.parametrize("pattern", PATTERNS)
@given(data=st.data())
def test_an_automaton_accepts_what_re_does(pattern, data):
    """Of texts that match, of those with a change, and of others."""
    automaton = Regex(pattern)
    letters = st.text("ab1 -.é日😀\n" + pattern, max_size=6)
    text = data.draw(st.one_of(letters, st.from_regex(pattern, fullmatch=True).filter(str.isprintable)))
    place = data.draw(st.integers(0, len(text)))
    for one in (text, text[:place] + text[place + 1 :], text[:place] + data.draw(letters) + text[place:]):
        assert accepts(automaton, one) == (re.fullmatch(pattern, one) is not None)


@pytest.mark.parametrize("pattern", WRONG)
def test_what_is_wrong_or_not_understood_is_refused_by_name(pattern):
    with pytest.raises(UsageError, match=re.escape(WRONG[pattern])):
        Regex(pattern)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_the_fewest_bytes_lead_to_an_end(pattern):
    """From every state that is met on the way, a byte leads to one that is a byte nearer."""
    automaton = Regex(pattern)
    state, steps = automaton.start, automaton.fewest(automaton.start)
    for left in range(steps, 0, -1):
        nearer = [int(to) for to in automaton.row(state) if to >= 0 and automaton.fewest(int(to)) == left - 1]
        assert automaton.fewest(state) == left and nearer
        state = nearer[0]
    assert automaton.accepts(state) and automaton.fewest(state) == 0


@pytest.fixture(scope="module")
def tokenizer():
    texts = ["ab abc sim não talvez 12/34 R$ 1.234,50 ção ções 日本 😀 aaa bbb"] * 30
    return files.train("bpe", texts, 320, special_tokens=(END,))


def constraint(automaton, tokenizer, max_tokens=24):
    return Constraint(automaton, tokenizer, stop_id=tokenizer.special_id(END), max_tokens=max_tokens)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_the_allowed_tokens_are_those_that_can_go_on(pattern, tokenizer):
    """Beside a walk of each token by itself; and with few tokens left, only those that leave room."""
    automaton = Regex(pattern)
    under, rng = constraint(automaton, tokenizer), np.random.default_rng(0)
    end, written = tokenizer.special_id(END), []
    for _ in range(12):
        allowed = np.isfinite(under(np.zeros(tokenizer.vocab_size), written))
        state = automaton.start
        for token in written:
            state = under.next(state, token)
        for token, piece in enumerate(tokenizer.vocabulary):
            after = state
            for byte in piece:
                after = automaton.row(after)[byte] if after >= 0 else -1
            fits = token != end and after >= 0 and automaton.fewest(after) <= 24 - len(written) - 1
            assert allowed[token] == (automaton.accepts(state) if token == end else fits)
        going = np.flatnonzero(allowed[1:]) + 1
        if not len(going):
            break
        written.append(int(rng.choice(going)))


@pytest.mark.long
@pytest.mark.parametrize("pattern", PATTERNS)
def test_what_a_random_model_writes_matches(pattern, tokenizer):
    """Forty texts for each of the fifty patterns, side by side."""
    config = GPTConfig(vocab_size=tokenizer.vocab_size, context=32, layers=1, heads=2, width=16)
    model, end = GPT(config, rng=np.random.default_rng(1)), tokenizer.special_id(END)
    under = constraint(Regex(pattern), tokenizer)
    requests = [
        Request([end], Sampler(SampleConfig(1.5, top_p=1.0, seed=seed), constraint=under, stop_id=end), 24, end)
        for seed in range(40)
    ]
    texts = [[] for _ in requests]
    for written in generate_batch(model, requests):
        for number, token in written.items():
            texts[number].append(token)
    found = [tokenizer.decode(ids) for ids in texts]
    assert all(re.fullmatch(pattern, text) for text in found)
    assert len(set(found)) > 1 or pattern in (
        "a",
        "abc",
        "a{3}",
        "()",
        "(?:ab){2}",
        "a{0}b",
        r"\u00e7\x41",
        r"\.\*\[",
        "\\n\\t",
        "a{b",
        "x{1,2",
    )


def test_a_text_is_chosen_whole_and_by_beams_too(tokenizer):
    texts = ["sim", "não", "talvez", "simbora"]
    under, rng = constraint(Choices(texts), tokenizer), np.random.default_rng(0)
    seen = set()
    for seed in range(60):
        choose = Sampler(SampleConfig(1.0, seed=seed), stop_id=0, constraint=under)
        ids = []
        while (token := choose(rng.normal(size=tokenizer.vocab_size))) != 0:
            ids.append(token)
        seen.add(tokenizer.decode(ids))
    assert seen == set(texts)
    model = GPT(GPTConfig(vocab_size=tokenizer.vocab_size, context=32, layers=1, heads=2, width=16), rng=rng)
    shape = Shaping(SampleConfig(), stop_id=0, constraint=under)
    found = beam_search(
        model, [0], BeamConfig(8), max_tokens=24, stop_id=0, process=lambda nats, ids: shape.said(nats, ids, 1)
    )
    assert {tokenizer.decode(one.ids) for one in found} <= set(texts) and len(found) >= 4


def test_the_end_fits_into_the_tokens_that_are_left(tokenizer):
    for most in (3, 4, 9):
        under = constraint(Regex("a*bbb"), tokenizer, most)
        ids = []
        favours_a = np.where(np.array(tokenizer.vocabulary, object) == b"a", 50.0, 0.0).astype(float)
        choose = Sampler(SampleConfig(0), stop_id=0, constraint=under)
        while (token := choose(favours_a)) != 0:
            ids.append(token)
        assert len(ids) <= most and re.fullmatch("a*bbb", tokenizer.decode(ids))
    with pytest.raises(UsageError, match="has 3 bytes, more than max_tokens=2; raise it"):
        constraint(Regex("a*bbb"), tokenizer, 2)


def test_what_cannot_be_constrained_is_refused(tokenizer):
    words = files.train("word", ["uma casa"] * 9, 20, special_tokens=(END,))
    with pytest.raises(UsageError, match="needs a tokenizer that can spell every byte"):
        constraint(Regex("a"), words)
    with pytest.raises(UsageError, match="may not be written here"):
        constraint(Regex("a"), tokenizer)(np.zeros(tokenizer.vocab_size), [tokenizer.vocabulary.index(b"b")])
    with pytest.raises(UsageError, match="none may be empty"):
        Choices(["a", ""])
    under = constraint(Regex("a"), tokenizer)
    assert under.fewest(under.automaton.start)[tokenizer.special_id(END)] == OUT
