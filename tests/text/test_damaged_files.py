"""Damaged tokenizer files of every form: refused with our own error, in one line and at once, or still a tokenizer."""

import copy
import json
import random
import resource
import time

import pytest
from text.test_llama import METASPACE, NORMALIZER, make_content

from tinyllm.errors import UsageError
from tinyllm.text import bpe, files, simple

TEXT = "A menina tinha um avô, e o avô tinha uma avó. Ça va? 日本 "
CASES = 200


def write_forms(folder):
    """{form: (file to damage, path to load, options)}"""
    tokenizer = bpe.train([TEXT * 3], 290, special_tokens=("<|fim|>", '"é\n"'))
    plain = bpe.train([TEXT * 3], 290, special_tokens=())
    gpt4 = bpe.train([TEXT * 3], 280, pattern="gpt4")
    forms = {}
    for name, made in (
        ("byte-level", tokenizer),
        ("gpt4", gpt4),
        ("char", simple.CharacterTokenizer.train([TEXT], 60)),
        ("word", simple.WordTokenizer.train([TEXT], 60)),
        ("byte", simple.ByteTokenizer()),
    ):
        made.save(folder / f"{name}.json")
        forms[name] = (folder / f"{name}.json", folder / f"{name}.json", {})
    for name, spaces in (("llama", NORMALIZER), ("metaspace", METASPACE)):
        path = folder / f"{name}.json"
        path.write_text(json.dumps(make_content(spaces), ensure_ascii=False))
        forms[name] = (path, path, {})
    files.save(plain, folder / "ranks.tiktoken")
    forms["tiktoken"] = (folder / "ranks.tiktoken", folder / "ranks.tiktoken", {"special_tokens": ["<|fim|>"]})
    files.save(plain, folder / "two")
    forms["vocab"] = (folder / "two" / "vocab.json", folder / "two", {})
    forms["merges"] = (folder / "two" / "merges.txt", folder / "two", {})
    return forms


FORMS = ["byte-level", "gpt4", "char", "word", "byte", "llama", "metaspace", "tiktoken", "vocab", "merges"]


def mutate_bytes(data, chance):
    """Flip, drop, double or insert a few bytes, or cut the file short."""
    data = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(max(1, len(data) - 1))
        kind = chance.randrange(5)
        if kind == 0 and data:
            data[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            del data[at : at + chance.randint(1, 20)]
        elif kind == 2:
            data[at:at] = data[at : at + chance.randint(1, 200)]
        elif kind == 3:
            data[at:at] = chance.choice([b'"', b"\\", b"[", b"{", b"0", b"-", b"\x00", b"\xc3", b"1e999", b"\\ud800"])
        elif chance.random() < 0.2:
            del data[at + 1 :]
    return bytes(data)


def mutate_content(content, chance):
    """Give one place anywhere in the tree a value that does not belong there, or take it away."""
    content = copy.deepcopy(content)
    node = content
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = chance.choice(keys)
        if not isinstance(node[key], dict | list) or not node[key] or chance.random() < 0.3:
            break
        node = node[key]
    odd = [
        None,
        True,
        -1,
        0,
        1.5,
        10**30,
        "",
        "Ġ",
        "\ud800",
        "a b",
        [],
        {},
        [[]],
        {"type": "X\n"},
        ["a", "b"],
        "x" * 999,
    ]
    if chance.random() < 0.2:
        del node[key]
    elif chance.random() < 0.2 and isinstance(node, dict):
        node[chance.choice(["", "type", "Ġa", "zz", "\ud800"])] = node.pop(key)
    else:
        node[key] = chance.choice(odd)
    return json.dumps(content).encode()


def damage(form, tmp_path, cases):
    path, to_load, options = write_forms(tmp_path)[form]
    data, refused, slowest = path.read_bytes(), 0, 0.0
    content = json.loads(data) if path.suffix == ".json" else None
    for case in range(cases):
        chance = random.Random(case)
        damaged = mutate_bytes(data, chance) if case % 2 or content is None else mutate_content(content, chance)
        path.write_bytes(damaged)
        began = time.perf_counter()
        try:
            tokenizer = files.load(to_load, **options)
        except UsageError as error:
            message = str(error)
            assert message.startswith(f"{to_load}: ") and message.isprintable() and len(message) < len(str(path)) + 300
            refused += 1
        else:
            ids = tokenizer.encode(TEXT)
            assert isinstance(tokenizer.decode(ids), str) and (ids < tokenizer.vocab_size).all()
        slowest = max(slowest, time.perf_counter() - began)
    assert slowest < 1
    assert cases * 0.2 < refused < cases


@pytest.mark.parametrize("form", FORMS)
def test_a_damaged_file_is_refused_or_is_a_tokenizer(form, tmp_path):
    damage(form, tmp_path, CASES)


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_ten_thousand_damaged_files(form, tmp_path):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    damage(form, tmp_path, 10_000)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kB
