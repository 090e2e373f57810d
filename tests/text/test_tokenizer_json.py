"""The tokenizer.json file: written whole, read back the same, and a file that is anything else refused in one line."""

import json
import os

import pytest

from tinyllm.errors import UsageError
from tinyllm.text import bpe, checks

TEXT = "A menina tinha um avô, e o avô tinha uma avó. Ça va? 日本 "


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


def test_a_file_with_the_pattern_of_gpt4(tmp_path):
    tokenizer = bpe.train([TEXT * 3], 290, pattern="gpt4")
    tokenizer.save(tmp_path / "a.json")
    again = bpe.load(tmp_path / "a.json")
    again.save(tmp_path / "b.json")
    assert again.pattern == "gpt4" and again.encode(TEXT).tolist() == tokenizer.encode(TEXT).tolist()
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    content = content_of(tmp_path / "a.json")
    split, byte_level = content["pre_tokenizer"]["pretokenizers"]
    split["pattern"]["Regex"] = split["pattern"]["Regex"].replace(
        "'(?i:[sdmt]|ll|ve|re)", "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
    )
    (tmp_path / "b.json").write_text(json.dumps(content))
    assert bpe.load(tmp_path / "b.json").pattern == "gpt4"
    for words, part, change in (
        (r"splits by '\\s+', which is not supported", split, {"pattern": {"Regex": r"\s+"}}),
        (r"splits by an object, which", split, {"pattern": {"String": " "}}),
        ("behavior 'Removed'", split, {"behavior": "Removed"}),
        ("invert true", split, {"invert": True}),
        ("use_regex true", byte_level, {"use_regex": True}),
        ("type 'Punctuation'", split, {"type": "Punctuation"}),
    ):
        before = dict(part)
        part.update(change)
        (tmp_path / "b.json").write_text(json.dumps(content))
        assert words in refusal(tmp_path / "b.json")
        part.clear()
        part.update(before)


CHANGES = {
    "normalizer": lambda c: c.update(normalizer={"type": "NFC"}),
    "pre_tokenizer asks for type 'Metaspace'": lambda c: c["pre_tokenizer"].update(type="Metaspace"),
    "pre_tokenizer is null": lambda c: c.update(pre_tokenizer=None),
    "pre_tokenizer has 0 parts": lambda c: c.update(pre_tokenizer={"type": "Sequence", "pretokenizers": []}),
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
    monkeypatch.setattr(checks, "FILE_LIMIT", path.stat().st_size - 1)
    assert "larger than" in refusal(path)
