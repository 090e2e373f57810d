"""Grammars: what they accept is told again by small recognisers, and what is written under one is always accepted."""

import itertools
import json
import re

import numpy as np
import pytest

from tinyllm.data.objectives import END
from tinyllm.errors import UsageError
from tinyllm.infer.constrain import OUT, Constraint
from tinyllm.infer.generate import Request, generate_batch
from tinyllm.infer.grammar import Grammar
from tinyllm.infer.sample import SampleConfig, Sampler
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.text import files


class Descent:
    """Sums, products and brackets, read by functions that call each other."""

    def __init__(self, text):
        self.text, self.place = text, 0

    def whole(self):
        return self.sum() and self.place == len(self.text)

    def take(self, letters):
        found = self.text[self.place : self.place + 1]
        self.place += bool(found) and found in letters
        return bool(found) and found in letters

    def sum(self):
        return self.product() and (not self.take("+-") or self.sum())

    def product(self):
        return self.factor() and (not self.take("*/") or self.product())

    def factor(self):
        if self.take("("):
            return self.sum() and self.take(")")
        digits = re.match("0|[1-9][0-9]*", self.text[self.place :])
        self.place += len(digits[0]) if digits else 0
        return digits is not None


def is_json(text):
    """Whether a text is JSON without blanks and exponents."""

    def refuse(name):
        raise ValueError(name)

    try:
        json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError):
        return False
    outside = re.sub(r'"(?:[^"\\]|\\.)*"', "", text)
    return not re.search(r"[\seE]", outside.replace("true", "").replace("false", ""))


def is_tags(text):
    """Whether each of the tags that are open ends in its turn."""
    open, place = [], 0
    while place < len(text):
        if text[place] in "ij":
            open.append(text[place])
        elif not open or text[place] != open.pop().upper():
            return False
        place += 1
    return not open and bool(text)


NUMBER = 'number ::= "0" | [1-9] [0-9]*'
JSON = r"""
value  ::= object | array | string | number | "true" | "false" | "null"  /* without blanks */
object ::= "{" (member ("," member)*)? "}"
member ::= string ":" value
array  ::= '[' (value (',' value)*)? ']'
string ::= '"' char* '"'
char   ::= [^#x22#x5C#x0-#x1F] | "\" (["\/bfnrt#x5C] | "u" hex hex hex hex)
hex    ::= [0-9a-fA-F]
number ::= "-"? ("0" | [1-9] [0-9]*) ("." [0-9]+)?
"""
GRAMMARS = {  # name: (grammar, what accepts the same, the letters of texts to try)
    "sums": (f'sum ::= product (("+" | "-") sum)?\nproduct ::= factor ([*/] product)?\n'
             f'factor ::= number | "(" sum ")"\n{NUMBER}', lambda text: Descent(text).whole(), "(01+*)"),
    "sums, from the left": (f'sum ::= sum [+#x2D] product | product\nproduct ::= product ("*"|"/") factor | factor\n'
                            f'factor ::= "(" sum ")" | number {NUMBER}', lambda text: Descent(text).whole(), "(01+*)"),
    "JSON": (JSON, is_json, '[{"a1:,]}'),
    "as many": ('s ::= "a" s "b" | ""', lambda text: re.fullmatch("a*b*", text) is not None
                and text.count("a") == text.count("b"), "abc"),
    "palindromes": ('p ::= "a" p "a" | "b" p "b" | "é" p "é" | [abé]?', lambda text: text == text[::-1]
                    and set(text) <= set("abé"), "abé"),
    "tags that begin alike": ('all ::= tag+ tag ::= "i" tag* "I" | "j" tag* "J"', is_tags, "ijIJ"),
    "in many ways": ('s ::= s s | "a" s | "a" | "b" t t ::= "" | s t', lambda text: text != ""
                     and set(text) <= set("ab"), "abc"),
    "in circles": ('a ::= b | "x" b ::= a | c "y" c ::= d? d* ("z" d)* d ::= ""',
                   lambda text: re.fullmatch("x|z*y", text) is not None, "xyz"),
    "empty first": ('s ::= e s "b" | "c"\ne ::= "a"?', lambda text: re.fullmatch("a*cb*", text) is not None
                    and text.count("a") <= text.count("b"), "abc"),
    "a class": ("s ::= [^a-c#xE9]+ '-' [-x] | #x41", lambda text: text == "A"
                or re.fullmatch("[^a-cé]+-[-x]", text) is not None, "Aaé-xz"),
}  # fmt: skip
WRONG = {
    "": "line 1: there is no rule; write one as: name ::= expression",
    "/* a": "line 1: a comment /* without its */",
    'a ::= "x"\n\nb "y"': "line 3: there is no rule b; there are a",
    '"x"': "line 1: '\"x\"' where a rule should begin",
    'a ::= "x"\na ::= "y"': "line 2: a second rule a; the first is in line 1",
    'a ::= "x"\nb ::= a': "line 2: no text needs rule b",
    'a ::= "x" | b\nb ::= "(" b ")"': "line 2: rule b has no end",
    "a ::= a": "line 1: rule a has no end",
    'a ::= "x\n"': 'line 1: a " without its other',
    "a ::=\n 'x": "line 2: a ' without its other",
    "a ::= ": 'line 1: nothing stands before the end; write ""',
    'a ::= "x" |\n| "y"': "line 2: nothing stands before '| \"y\"'",
    'a ::= ("x"': "line 1: a ( without its )",
    'a ::= "x")': "line 1: a ) without its (",
    'a ::= "x"**': "line 1: a repetition of a repetition",
    'a ::= * "x"': "is not understood; text stands in quotes",
    'a ::= "x" - "y"': "line 1: a difference ( - ), which is not understood",
    "a ::= [a": "line 1: a [ without its ]",
    "a ::= []": "line 1: the class '[]' holds no character",
    "a ::= [b-a]": "line 1: a range that is none, from #x62 to #x61",
    "a ::= [^#x0-#x10FFFF]": "holds no character",
    "a ::= #x110000": "line 1: '#x110000' is no character",
    "a ::= #xD800": "line 1: '#xD800' is no character",
    "a ::= #xg": "line 1: '#xg' is no character",
    "a ::= " + "(" * 200 + '"x"' + ")" * 200: "line 1: more than 100 groups inside each other",
}


def accepts(automaton, text):
    state = automaton.start
    for byte in text.encode():
        state = automaton.row(state)[byte]
        if state < 0:
            return False
    return automaton.accepts(state)


@pytest.mark.parametrize("name", GRAMMARS)
def test_a_grammar_accepts_what_a_small_recogniser_does(name):
    """Of all texts of up to six letters (five, of more than four letters)."""
    grammar, recognised, letters = GRAMMARS[name]
    automaton, longest = Grammar(grammar), 6 if len(letters) < 5 else 4 if len(letters) > 6 else 5
    texts = ["".join(text) for size in range(longest + 1) for text in itertools.product(letters, repeat=size)]
    wrong = [text for text in texts if accepts(automaton, text) != recognised(text)]
    assert not wrong and any(map(recognised, texts)) and not all(map(recognised, texts))


@pytest.mark.parametrize("grammar", WRONG)
def test_what_is_wrong_is_refused_with_its_line(grammar):
    with pytest.raises(UsageError, match=re.escape(WRONG[grammar])) as refused:
        Grammar(grammar, "file.ebnf")
    assert str(refused.value).startswith("file.ebnf, line ") and "\n" not in str(refused.value)


@pytest.mark.parametrize("name", GRAMMARS)
def test_the_fewest_bytes_lead_to_an_end(name):
    """From every state that a random way meets: a byte leads to one that is a byte nearer, and none to one that is
    nearer than that."""
    automaton, rng = Grammar(GRAMMARS[name][0]), np.random.default_rng(0)
    state = automaton.start
    for _ in range(60):
        row = automaton.row(state)
        ways = sorted({int(to) for to in row if to >= 0})
        assert automaton.accepts(state) == (automaton.fewest(state) == 0)
        if ways and not automaton.accepts(state):
            assert min(map(automaton.fewest, ways)) == automaton.fewest(state) - 1
        if not ways:
            break
        state = int(rng.choice(ways))


def test_what_has_the_same_future_is_one_state():
    """A letter in a string leads back to one state; levels that end in two ways cost a state each, not one a way."""
    automaton = Grammar(JSON)
    state, seen = automaton.start, []
    for byte in b'[["abcdefgh':
        state = int(automaton.row(state)[byte])
        seen.append(state)
    assert len(set(seen)) == 3 and len(set(seen[2:])) == 1
    automaton, state = Grammar(GRAMMARS["tags that begin alike"][0]), 0
    for _ in range(200):
        state = int(automaton.row(state)[ord("i")])
    assert automaton.fewest(state) == 200 and len(automaton.sets) < 1000


def test_a_length_beyond_any_text_is_refused(tokenizer):
    rules = [f"r{n} ::= r{n + 1} r{n + 1}" for n in range(70)] + ['r70 ::= "x" | "y" r70']
    with pytest.raises(UsageError, match="has 2147483646 bytes, more than max_tokens"):
        constraint(Grammar("\n".join(rules)), tokenizer)


@pytest.fixture(scope="module")
def tokenizer():
    texts = ['{"a": [true,false,null,[1,2.5]],"é":"x"} (1+2)*3-(4/5) aabb abba iIjJ jiIJ zzy ((']
    return files.train("bpe", texts * 30, 320, special_tokens=(END,))


def constraint(automaton, tokenizer, max_tokens=24):
    return Constraint(automaton, tokenizer, stop_id=tokenizer.special_id(END), max_tokens=max_tokens)


@pytest.mark.parametrize("name", GRAMMARS)
def test_the_allowed_tokens_are_those_that_can_go_on(name, tokenizer):
    """Beside a walk of each token by itself, by another automaton; with few tokens left, only those that leave room."""
    under, other = (constraint(Grammar(GRAMMARS[name][0]), tokenizer) for _ in range(2))
    rng, end, written, spelled = np.random.default_rng(0), tokenizer.special_id(END), [], b""
    other = other.automaton
    for _ in range(20):
        allowed = np.isfinite(under(np.zeros(tokenizer.vocab_size), written))
        state = walked(other, other.start, spelled)
        for token, piece in enumerate(tokenizer.vocabulary):
            after = walked(other, state, piece)
            fits = token != end and after >= 0 and other.fewest(after) <= 24 - len(written) - 1
            assert allowed[token] == (other.accepts(state) if token == end else fits)
        going = [token for token in np.flatnonzero(allowed) if token != end]
        if not going:
            break
        written.append(int(rng.choice(going)))
        spelled += tokenizer.vocabulary[written[-1]]


def walked(automaton, state, piece):
    for byte in piece:
        state = int(automaton.row(state)[byte]) if state >= 0 else -1
    return state


@pytest.mark.parametrize("name", GRAMMARS)
def test_what_a_random_model_writes_is_accepted(name, tokenizer):
    """Sixty texts for each grammar, side by side, none of which is cut: the end fits into the tokens there are."""
    config = GPTConfig(vocab_size=tokenizer.vocab_size, context=48, layers=1, heads=2, width=16)
    model, end = GPT(config, rng=np.random.default_rng(1)), tokenizer.special_id(END)
    grammar, recognised, _ = GRAMMARS[name]
    under = constraint(Grammar(grammar), tokenizer, 40)
    requests = [
        Request([end], Sampler(SampleConfig(1.5, top_p=1.0, seed=seed), constraint=under, stop_id=end), 40, end)
        for seed in range(60)
    ]
    texts = [[] for _ in requests]
    for written in generate_batch(model, requests):
        for number, token in written.items():
            texts[number].append(token)
    found = [tokenizer.decode(ids) for ids in texts]
    assert [text for text in found if not recognised(text)] == []
    assert len(set(found)) > 4


def test_masks_beyond_those_that_are_kept_are_made_again(tokenizer, monkeypatch):
    monkeypatch.setattr("tinyllm.infer.constrain.KEPT", 3)
    under = constraint(Grammar(GRAMMARS["sums"][0]), tokenizer, 50)
    opening = tokenizer.vocabulary.index(b"(")
    first = under.fewest(0)
    for size in range(9):
        under(np.zeros(tokenizer.vocab_size), [opening] * size)
    assert len(under.known) == 3 and 0 not in under.known
    assert np.array_equal(under.fewest(0), first) and first[tokenizer.special_id(END)] == OUT
