"""The tokenizer.json file: written whole, read back the same, and a file that is anything else refused in one line."""

import copy
import json
import os
import random

import pytest

from tinyllm.errors import UsageError
from tinyllm.text import bpe, formats

TEXT = "A menina tinha um avô, e o avô tinha uma avó. Ça va? 日本 "
FUZZ_CASES = 600


@pytest.fixture(scope="module")
def tokenizer():
    return bpe.train([TEXT * 3], 290, special_tokens=("<|fim|>", '"é\n"'))


@pytest.fixture
def path(tokenizer, tmp_path):
    path = tmp_path / "tokenizer.json"
    tokenizer.save(path)
    return path


def content_of(path):
    return json.loads(path.read_text(encoding="utf-8"))


def test_load_gives_the_same_tokenizer(tokenizer, path):
    again = bpe.load(path)
    assert again.vocabulary == tokenizer.vocabulary
    assert again.merges == tokenizer.merges
    assert again.special_tokens == tokenizer.special_tokens
    assert again.encode(TEXT + '"é\n"', allow_special=True).tolist()[-1] == 1


def test_export_import_export_is_byte_identical(path, tmp_path):
    bpe.load(str(path)).save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == path.read_bytes()


def test_older_forms_load(tokenizer, path):
    content = content_of(path)
    content["model"]["merges"] = [" ".join(pair) for pair in content["model"]["merges"]]
    content["model"] |= {"continuing_subword_prefix": "", "end_of_word_suffix": ""}
    del content["model"]["type"], content["truncation"], content["padding"]
    content["post_processor"] = content["pre_tokenizer"]
    path.write_text(json.dumps(content), encoding="utf-8")  # escapes and no line breaks
    again = bpe.load(path)
    assert (again.vocabulary, again.merges) == (tokenizer.vocabulary, tokenizer.merges)


def test_special_tokens_may_stand_outside_the_vocabulary_and_last(tokenizer, path):
    content = content_of(path)
    plain = list(content["model"]["vocab"])[2:]
    content["model"]["vocab"] = {spelling: token for token, spelling in enumerate(plain)}
    for token, entry in enumerate(content["added_tokens"], len(plain)):
        entry["id"] = token
    path.write_text(json.dumps(content), encoding="utf-8")
    again = bpe.load(path)
    assert again.special_id("<|fim|>") == len(plain)
    assert again.encode(TEXT).tolist() == (tokenizer.encode(TEXT) - 2).tolist()
    assert again.decode(again.encode("a<|fim|>", allow_special=True)) == "a<|fim|>"


@pytest.mark.parametrize("function", ["fsync", "replace"])
def test_a_failed_save_leaves_the_old_file(path, monkeypatch, function):
    before = path.read_bytes()

    def fail(*_):
        raise OSError("no space left")

    monkeypatch.setattr(os, function, fail)
    with pytest.raises(OSError, match="no space left"):
        bpe.train([TEXT], 257).save(path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


CHANGES = {
    "normalizer": lambda c: c.update(normalizer={"type": "NFC"}),
    "pre_tokenizer asks for type 'Metaspace'": lambda c: c["pre_tokenizer"].update(type="Metaspace"),
    "pre_tokenizer is null": lambda c: c.update(pre_tokenizer=None),
    "pre_tokenizer asks for type 'Sequence'": lambda c: c.update(
        pre_tokenizer={"type": "Sequence", "pretokenizers": []}
    ),
    "add_prefix_space true": lambda c: c["pre_tokenizer"].update(add_prefix_space=True),
    "use_regex false": lambda c: c["pre_tokenizer"].update(use_regex=False),
    "has no field 'add_prefix_space'": lambda c: c["pre_tokenizer"].pop("add_prefix_space"),
    "decoder is null": lambda c: c.pop("decoder"),
    "post_processor": lambda c: c.update(post_processor={"type": "TemplateProcessing", "single": []}),
    "truncation": lambda c: c.update(truncation={"max_length": 5}),
    "padding": lambda c: c.update(padding={}),
    "version": lambda c: c.update(version="2.0"),
    "field 'novelty'": lambda c: c.update(novelty=1),
    "no field 'model'": lambda c: c.pop("model"),
    "no field 'vocab'": lambda c: c["model"].pop("vocab"),
    "no field 'merges'": lambda c: c["model"].pop("merges"),
    "type 'WordPiece'": lambda c: c["model"].update(type="WordPiece"),
    "byte_fallback true": lambda c: c["model"].update(byte_fallback=True),
    "fuse_unk 0,": lambda c: c["model"].update(fuse_unk=0),
    "ignore_merges true": lambda c: c["model"].update(ignore_merges=True),
    "unk_token '<unk>'": lambda c: c["model"].update(unk_token="<unk>"),
    "dropout 0.1": lambda c: c["model"].update(dropout=0.1),
    "end_of_word_suffix '</w>'": lambda c: c["model"].update(end_of_word_suffix="</w>"),
    "model.vocab is a list": lambda c: c["model"].update(vocab=[]),
    "model.merges is null": lambda c: c["model"].update(merges=None),
    "the id of '!' is true": lambda c: c["model"]["vocab"].update({"!": True}),
    "the id of '!' is 2.0": lambda c: c["model"]["vocab"].update({"!": 2.0}),
    "the id 3 is given to two tokens": lambda c: c["model"]["vocab"].update({"!": 3}),
    "not 0 to 289": lambda c: c["model"]["vocab"].update({"!": 10**40}),
    "no token for the single byte 0x21": lambda c: c["model"]["vocab"].update({"!!": c["model"]["vocab"].pop("!")}),
    "has a character that stands for no byte": lambda c: c["model"]["vocab"].update({"a b": 290}),
    "stands for no byte": lambda c: c["added_tokens"][0].update(content="\ud800"),
    "is empty": lambda c: c["model"]["vocab"].update({"": 290}),
    "needs the token 'zz', which": lambda c: c["model"]["merges"].append(["zz", "a"]),
    "needs the token '!!', which": lambda c: c["model"]["merges"].append("! !"),
    "a merge|is not a pair": lambda c: c["model"]["merges"].append(["a", "b", "c"]),
    "the merge 'ab' is not": lambda c: c["model"]["merges"].append("ab"),
    "the merge 7 is not": lambda c: c["model"]["merges"].append(7),
    "merged twice": lambda c: c["model"]["merges"].append(c["model"]["merges"][0]),
    "added_tokens is an object": lambda c: c.update(added_tokens={}),
    "an added token is 5": lambda c: c["added_tokens"].append(5),
    "appears twice": lambda c: c["added_tokens"].append(c["added_tokens"][0]),
    "and another in the vocabulary": lambda c: c["added_tokens"][0].update(id=7),
    "special false": lambda c: c["added_tokens"][0].update(special=False),
    "lstrip true": lambda c: c["added_tokens"][0].update(lstrip=True),
    "no field 'special'": lambda c: c["added_tokens"][0].pop("special"),
    "uses or makes a special token": lambda c: c["added_tokens"].append(
        c["added_tokens"][0] | {"content": "av", "id": c["model"]["vocab"]["av"]}
    ),
    "no token for the single byte 0x61": lambda c: c["added_tokens"].append(
        c["added_tokens"][0] | {"content": "a", "id": c["model"]["vocab"]["a"]}
    ),
}


def refusal(path):
    """The message of the UsageError, which is one line that begins with the path."""
    with pytest.raises(UsageError) as caught:
        bpe.load(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ") and message.isprintable() and len(message) < len(str(path)) + 300
    return message


@pytest.mark.parametrize("words", CHANGES)
def test_refuses_by_name(path, words):
    content = content_of(path)
    CHANGES[words](content)
    path.write_text(json.dumps(content), encoding="utf-8")
    message = refusal(path)
    assert any(part in message for part in words.split("|")), message


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not JSON"),
        (b"null", "the file is null"),
        (b"{", "not JSON"),
        (b'{"model": 1, "model": 2}', "the name 'model' stands twice"),
        (b'{"version": "\xff"}', "not JSON in UTF-8"),
        (b"\xef\xbb\xbf{}", "not JSON in UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"model":' * 50_000 + b"1" + b"}" * 50_000, "nested too deeply"),
        (b'{"version": NaN}', "NaN is not"),
        (b'{"version": ' + b"9" * 5000 + b"}", "not JSON"),
        (b'{"version": ' + b"9" * 4000 + b"}", "version 9"),
    ],
)
def test_refuses_what_is_no_tokenizer(tmp_path, data, words):
    path = tmp_path / "tokenizer.json"
    path.write_bytes(data)
    assert words in refusal(path)


def test_refuses_a_file_that_is_not_there_or_is_too_large(path, monkeypatch):
    assert "cannot be read" in refusal(path.parent / "absent.json")
    assert "cannot be read" in refusal(path.parent)
    monkeypatch.setattr(formats, "FILE_LIMIT", path.stat().st_size - 1)
    assert "larger than" in refusal(path)


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


def test_a_damaged_file_is_refused_or_is_a_tokenizer(path):
    data, content, refused = path.read_bytes(), content_of(path), 0
    for case in range(FUZZ_CASES):
        chance = random.Random(case)
        damaged = mutate_bytes(data, chance) if case % 2 else mutate_content(content, chance)
        path.write_bytes(damaged)
        try:
            tokenizer = bpe.load(path)
        except UsageError:
            refusal(path)
            refused += 1
        else:
            assert tokenizer.decode(tokenizer.encode(TEXT)) == TEXT
    assert FUZZ_CASES * 0.5 < refused < FUZZ_CASES
