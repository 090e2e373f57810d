"""Masks beside those of llguidance, which finds them by derivatives of regular expressions and an Earley parser of its
own: at every step of several texts, the same tokens are allowed.

Four differences are known. `\\w` and `\\s` are Python's here: a combining accent is no
letter, and U+001C to U+001F are blank. Numbers have at most 18 digits here, and no exponent. Strings are spelled here
as `json.dumps` does: \\u stands only for what has no shorter way, and / never has a backslash. U+007F
may stand in a string here, as in RFC 8259.
"""

import json

import numpy as np
import pytest

from tinyllm.data.objectives import END
from tinyllm.infer.constrain import Constraint
from tinyllm.infer.grammar import Grammar
from tinyllm.infer.regex import Regex
from tinyllm.infer.schema import JSONSchema
from tinyllm.text import files

pytestmark = pytest.mark.oracle
REGEXES = [
    "a", "a|b|cd", "(ab|cd)e", "a*b", "(a|b)*c", "(ab)+", "a{3}", "a{2,4}", "a{2,}b", "(a*b)*c", "(|a)b",
    ".{3}",
    "[a-f]{2}", "[^a-f]{2}", r"[0-9]{2}/[0-9]{2}", "é+", "ção|ções", "[á-ú]{2}", "日本|中", r"😀{1,2}", r"\.\*\[",
    r"(sim|não|talvez)( (sim|não)){0,2}!?", r"R\$ [0-9]{1,3}(\.[0-9]{3})*,[0-9]{2}", r"[^\n]{0,9}\n",
    r"[a-zA-Z_]+( \d+)?",
    r"[a-z.]+@[a-z]+\.(com|br)", r"[ \t]\S\D", "(a|ab)(c|bcd)(d*)", "((a|b){2}){1,3}c", "a?b?c?d?",
]  # fmt: skip
SCHEMAS = [
    {"type": "boolean"},
    {"type": ["null", "boolean"]},
    {"enum": ["Ana", "Davi", None, 12, 1.5, "é\n"]},
    {"const": {"a": [1, "é"], "b": None}},
    {"type": "object", "properties": {"a": {"type": "null"}, "b": {"type": "boolean"}}, "required": ["a", "b"]},
    {"type": "object", "properties": {"a": {"type": "null"}, "b": {"type": "boolean"}}, "required": ["b"]},
    {"type": "object", "properties": {"a": {"enum": [1, 2]}, "b": {"const": "x"}, "c": {"type": "null"}}},
    {"type": "array", "items": {"type": "boolean"}},
    {"type": "array", "items": {"enum": ["sim", "não"]}, "minItems": 1, "maxItems": 3},
    {"type": "array", "items": {"type": "array", "items": {"type": "null"}, "maxItems": 2}, "minItems": 2},
    {"anyOf": [{"type": "null"}, {"type": "array", "items": {"const": True}}]},
    {"$defs": {"x": {"enum": ["a", "ab"]}}, "type": "array", "items": {"$ref": "#/$defs/x"}},
    {"type": "string", "pattern": "^[a-z]{1,3}(sim|não)$"},
    {
        "type": "object",
        "properties": {"nome": {"type": "string", "pattern": "^[A-Z][a-z]+$"}, "x": {"type": ["boolean", "null"]}},
        "required": ["nome"],
    },
]  # fmt: skip
NARROWER = [  # here than there, by the differences that are known
    {"type": "string"},
    {"type": "string", "minLength": 2, "maxLength": 9},
    {"type": "integer"},
    {"type": "number"},
    {"type": "array", "items": {"type": ["integer", "string"]}, "maxItems": 4},
]
GRAMMARS = {  # ours: theirs, in the notation of Lark
    's ::= "a" s "b" | "c"': 'start: "a" start "b" | "c"',
    'p ::= "a" p "a" | "b" p "b" | [ab]?': 'start: "a" start "a" | "b" start "b" | /[ab]/?',
    's ::= s [+#x2D] p | p p ::= p ("*" | "/") f | f f ::= "(" s ")" | [0-9]+':
        'start: start /[+\\-]/ p | p\np: p ("*" | "/") f | f\nf: "(" start ")" | /[0-9]+/',
    'v ::= "[" (v ("," v)*)? "]" | "{" (s ":" v ("," s ":" v)*)? "}" | s s ::= \'"\' [^"]* \'"\'':
        'start: v\nv: "[" (v ("," v)*)? "]" | "{" (s ":" v ("," s ":" v)*)? "}" | s\ns: "\\"" /[^"]*/ "\\""',
    'all ::= tag+ tag ::= "i" tag* "I" | "j" tag* "J"': 'start: tag+\ntag: "i" tag* "I" | "j" tag* "J"',
}  # fmt: skip
MOST = 400  # tokens, so many that the room for an end forbids nothing in the first 24


class Vocabulary:
    """A tokenizer as llguidance asks for one."""

    def __init__(self, tokenizer):
        self.eos_token_id = tokenizer.special_id(END)
        self.bos_token_id, self.special_token_ids = None, [self.eos_token_id]
        self.tokens = [
            END.encode() if n == self.eos_token_id else piece for n, piece in enumerate(tokenizer.vocabulary)
        ]
        self.encode = tokenizer.encode

    def __call__(self, text):
        return list(self.encode(text if isinstance(text, str) else text.decode("utf-8", "replace")))


@pytest.fixture(scope="module")
def tokenizer():
    texts = [
        '{"nome": "Ana", "a": [true, false, null], "b": "x"} aab sim não talvez 12/34 R$ 1.234,50 ções 日本 😀 (1+2)*3'
    ]
    return files.train("bpe", texts * 30, 400, special_tokens=(END,))


@pytest.fixture(scope="module")
def engine(tokenizer):
    llguidance = pytest.importorskip("llguidance")
    return llguidance.LLTokenizer(llguidance.TokenizerWrapper(Vocabulary(tokenizer)))


def same_masks(automaton, grammar, tokenizer, engine, *, texts=6, narrower=False):
    """Write a few texts, of tokens that are drawn among those allowed, and compare before each token; `narrower` masks
    need only be a part of the others."""
    import llguidance

    end, steps = tokenizer.special_id(END), 0
    under = Constraint(automaton, tokenizer, stop_id=end, max_tokens=MOST)
    for seed in range(texts):
        rng, written = np.random.default_rng(seed), []
        matcher = llguidance.LLMatcher(engine, grammar)
        assert not matcher.get_error()
        for _ in range(24):
            ours = np.isfinite(under(np.zeros(tokenizer.vocab_size), written))
            bits = np.unpackbits(np.frombuffer(matcher.compute_bitmask(), np.uint8), bitorder="little")
            theirs = bits[: tokenizer.vocab_size].astype(bool)
            if (
                theirs.sum() == 1 and not theirs[end]
            ):  # where the next bytes are given it names one token of them; asked, it takes others
                theirs = np.array([matcher.validate_tokens([token]) == 1 for token in range(tokenizer.vocab_size)])
            differ = np.flatnonzero(ours & ~theirs if narrower else ours != theirs)
            differ = [piece for piece in (tokenizer.vocabulary[token] for token in differ)
                      if not (narrower and b"\x7f" in piece)]  # fmt: skip
            assert not differ, (tokenizer.decode(written), ours.sum(), theirs.sum(), differ[:9])
            steps += 1
            going = [token for token in np.flatnonzero(ours) if token != end]
            if not going or (ours[end] and rng.random() < 0.2):
                break
            written.append(int(rng.choice(going)))
            assert matcher.consume_token(written[-1])
    return steps


def test_there_are_enough_cases():
    assert len(REGEXES) >= 20 and len(SCHEMAS) >= 10


@pytest.mark.parametrize("pattern", REGEXES)
def test_masks_of_a_regex_are_those_of_another_engine(pattern, tokenizer, engine):
    from llguidance import LLMatcher

    assert same_masks(Regex(pattern), LLMatcher.grammar_from_regex(pattern), tokenizer, engine) > 6


@pytest.mark.parametrize("schema", SCHEMAS, ids=json.dumps)
def test_masks_of_a_schema_are_those_of_another_engine(schema, tokenizer, engine):
    assert same_masks(JSONSchema(schema), as_we_write(schema), tokenizer, engine) > 6


@pytest.mark.parametrize("schema", NARROWER, ids=json.dumps)
def test_what_is_written_under_a_schema_another_engine_allows_too(schema, tokenizer, engine):
    assert same_masks(JSONSchema(schema), as_we_write(schema), tokenizer, engine, narrower=True) > 6


def as_we_write(schema):
    """Their grammar of a schema: a space behind each comma and colon, and no properties but those of the schema."""
    from llguidance import LLMatcher

    how = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
    return LLMatcher.grammar_from_json_schema(json.dumps(closed_objects(schema) | {"x-guidance": how}))


def closed_objects(schema):
    """A schema whose objects have no other properties, which is what ours mean."""
    if isinstance(schema, list):
        return [closed_objects(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: value if name in ("const", "enum") else closed_objects(value) for name, value in schema.items()}
    return found | ({"additionalProperties": False} if schema.get("type") == "object" else {})


@pytest.mark.parametrize("grammar", GRAMMARS)
def test_masks_of_a_grammar_are_those_of_another_engine(grammar, tokenizer, engine):
    from llguidance import LLMatcher

    lark = LLMatcher.grammar_from_lark(GRAMMARS[grammar])
    assert same_masks(Grammar(grammar), lark, tokenizer, engine, texts=12) > 24
