"""JSON schemas: what is written under one fits, and what is not understood is refused by name."""

import json
import re

import numpy as np
import pytest

from tinyllm.data.objectives import END
from tinyllm.errors import UsageError
from tinyllm.infer.constrain import Constraint
from tinyllm.infer.generate import Request, generate_batch
from tinyllm.infer.sample import SampleConfig, Sampler
from tinyllm.infer.schema import JSONSchema
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.text import files

PERSON = {
    "title": "pessoa",
    "type": "object",
    "properties": {
        "nome": {"type": "string", "minLength": 1, "maxLength": 8},
        "idade": {"type": "integer", "description": "em anos"},
        "nota": {"type": ["number", "null"]},
        "amigos": {"type": "array", "items": {"enum": ["Ana", "Davi", None]}, "maxItems": 2},
    },
    "required": ["idade"],
    "additionalProperties": False,
}
ACCEPTED = {
    '{"idade": 3}': PERSON, '{"nome": "çã\\"", "idade": -12}': PERSON, '{"idade": 0, "amigos": []}': PERSON,
    '{"nome": "A", "idade": 7, "nota": 1.5, "amigos": ["Ana", null]}': PERSON, '{"idade": 3, "nota": null}': PERSON,
    "{}": {"type": "object", "properties": {"a": {"const": 1}}}, "null": {"enum": [None, 2]},
    '{"b": 2}': {"type": "object", "properties": {"a": {"const": 1}, "b": {"const": 2}}},
    '"\\\\\\"x"': {"type": "string", "pattern": '^[\\\\"]{2}x$'}, "[[], [true]]": {
        "$defs": {"row": {"type": "array", "items": {"type": "boolean"}}},
        "type": "array", "items": {"$ref": "#/$defs/row"},
    },
    '{"a": [1, "é"]}': {"const": {"a": [1, "é"]}}, "2": {"type": "integer", "enum": ["x", 2]},
    "-0.25": {"anyOf": [{"type": "null"}, {"type": "number"}]},
}  # fmt: skip
REFUSED = {
    "{}": ({"type": "object", "properties": {"a": {"const": 1}}, "required": ["a"]}),
    '{"nome": "A"}': PERSON, '{"idade": 3, "nome": "A"}': PERSON, '{"idade": 03}': PERSON, '{"idade": 1.5}': PERSON,
    '{"idade": 3, "x": 1}': PERSON, '{"nome": "", "idade": 3}': PERSON, '{"nome": "123456789", "idade": 3}': PERSON,
    '{"idade": 3, "amigos": ["Ana", "Ana", "Ana"]}': PERSON, '{"idade": 3}x': PERSON, '"a\nb"': {"type": "string"},
    '"a"b"': {"type": "string"}, "[]": {"type": "array", "items": {"type": "null"}, "minItems": 1},
    "[null,]": {"type": "array", "items": {"type": "null"}},
}  # fmt: skip
NOT_UNDERSTOOD = {
    "oneOf is not understood": {"oneOf": [{"type": "null"}]},
    "minimum is not understood": {"type": "integer", "minimum": 3},
    "format is not understood": {"type": "string", "format": "date"},
    "patternProperties is not understood": {"type": "object", "patternProperties": {}},
    "minLength is not understood": {"enum": ["a"], "minLength": 3},
    "there is no type 'date'": {"type": "date"},
    "it has no type": {"title": "nada"},
    "True says nothing": {"type": "array", "items": True},
    "anyOf beside type": {"type": "null", "anyOf": [{"type": "null"}]},
    "anyOf beside const": {"const": 1, "anyOf": [{"type": "null"}]},
    "an array needs items": {"type": "array"},
    "'b' is required, and not among": {"type": "object", "properties": {}, "required": ["b"]},
    "minItems=3 is more than maxItems=2": {"type": "array", "items": {"type": "null"}, "minItems": 3, "maxItems": 2},
    "maxLength=-1 is no whole number": {"type": "string", "maxLength": -1},
    "may match a part of a text": {"type": "string", "pattern": "a"},
    "a ( without its )": {"type": "string", "pattern": "^(a$"},
    "leads nowhere": {"$ref": "#/$defs/x"},
    "leads back to itself": {
        "$defs": {"x": {"type": "array", "items": {"$ref": "#/$defs/x"}}}, "$ref": "#/$defs/x",
    },
    "no value of enum is of type string": {"type": "string", "enum": [1]},
    "enum needs a list with something": {"enum": []},
    "a value of const is NaN or infinite": {"const": [float("nan")]},
}  # fmt: skip


def accepts(schema, text):
    automaton = JSONSchema(schema)
    state = automaton.start
    for byte in text.encode():
        state = automaton.row(state)[byte]
        if state < 0:
            return False
    return automaton.accepts(state)


@pytest.mark.parametrize("text", ACCEPTED)
def test_what_fits_is_accepted(text):
    json.loads(text)
    assert accepts(ACCEPTED[text], text)


@pytest.mark.parametrize("text", REFUSED)
def test_what_does_not_fit_is_not(text):
    assert not accepts(REFUSED[text], text)


@pytest.mark.parametrize("message", NOT_UNDERSTOOD)
def test_what_is_not_understood_is_refused_by_name(message):
    with pytest.raises(UsageError, match=rf"^schema at #.*{re.escape(message)}|^regex .*{re.escape(message)}"):
        JSONSchema(NOT_UNDERSTOOD[message])


def drawn(rng, depth=2):
    """A schema of any kind that is understood."""
    kinds = ["string", "integer", "number", "boolean", "null", "enum", "const", "pattern"]
    kind = rng.choice([*kinds, *(["object", "array", "anyOf"] * 3 if depth else [])])
    if kind == "object":
        names = [f"{letter}é"[: int(rng.integers(1, 3))] for letter in "abcd"[: int(rng.integers(0, 5))]]
        return {
            "type": "object",
            "properties": {name: drawn(rng, depth - 1) for name in names},
            "required": [name for name in names if rng.random() < 0.5],
        }
    if kind == "array":
        least = int(rng.integers(0, 3))
        return {
            "type": "array",
            "items": drawn(rng, depth - 1),
            "minItems": least,
            "maxItems": least + int(rng.integers(3)),
        }
    if kind == "anyOf":
        return {"anyOf": [drawn(rng, depth - 1) for _ in range(2)]}
    if kind == "string":
        return {"type": ["string", "null"], "minLength": int(rng.integers(3)), "maxLength": int(rng.integers(3, 6))}
    if kind == "pattern":
        return {"type": "string", "pattern": str(rng.choice([r"^[a-z]{1,3}$", r'^"?\\\d$', "^(sim|não)$"]))}
    if kind in ("enum", "const"):
        values = ["a", 1, None, {"x": [True]}, "é\n"]
        return (
            {"enum": values[: int(rng.integers(1, 6))]} if kind == "enum" else {"const": values[int(rng.integers(5))]}
        )
    return {"type": str(kind)}


@pytest.fixture(scope="module")
def tokenizer():
    texts = ['{"nome": "Ana", "idade": 31, "x": [true, false, null]} sim não'] * 30
    return files.train("bpe", texts, 320, special_tokens=(END,))


@pytest.mark.oracle
@pytest.mark.parametrize("number", range(100))
def test_what_a_random_model_writes_fits_as_jsonschema_sees_it(number, tokenizer):
    """Twenty texts for each of a hundred schemas, side by side."""
    jsonschema = pytest.importorskip("jsonschema")
    schema, end = drawn(np.random.default_rng(number)), tokenizer.special_id(END)
    jsonschema.Draft202012Validator.check_schema(schema)
    config = GPTConfig(vocab_size=tokenizer.vocab_size, context=128, layers=1, heads=2, width=16)
    model = GPT(config, rng=np.random.default_rng(1))
    automaton = JSONSchema(schema)
    most = automaton.fewest(automaton.start) + 30
    under = Constraint(automaton, tokenizer, stop_id=end, max_tokens=most)
    requests = [
        Request([end], Sampler(SampleConfig(1.5, top_p=1.0, seed=seed), constraint=under, stop_id=end), most, end)
        for seed in range(20)
    ]
    texts = [[] for _ in requests]
    for written in generate_batch(model, requests):
        for one, token in written.items():
            texts[one].append(token)
    for ids in texts:
        jsonschema.validate(json.loads(tokenizer.decode(ids)), schema, cls=jsonschema.Draft202012Validator)
