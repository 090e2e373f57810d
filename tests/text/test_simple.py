"""The simplest tokenizers: one token per byte, character or word, with the interface of BPE."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.errors import UsageError
from tinyllm.text import files, simple

TEXTS = ["o rato roeu a roupa do rei de roma", "A menina tinha um avô; e o avô tinha uma avó."]
MARKS = ("<|fim|>", "<|x|>")
ANY_TEXT = st.lists(st.text(st.characters(), max_size=6) | st.sampled_from([*TEXTS, *MARKS])).map("".join)


@pytest.fixture(scope="module", params=list(simple.KINDS))
def tokenizer(request):
    return simple.KINDS[request.param].train(TEXTS, 300, special_tokens=MARKS)


def test_its_own_texts_come_back(tokenizer):
    for text in TEXTS:
        ids = tokenizer.encode(text)
        assert ids.dtype == np.int32 and ids.max() < tokenizer.vocab_size
        assert tokenizer.decode(ids) == "".join(tokenizer.stream(ids)) == text
        assert tokenizer.decode_bytes(ids) == text.encode()
    assert tokenizer.encode("").tolist() == [] and tokenizer.decode([]) == ""


def test_how_long_the_rows_are():
    lengths = {kind: len(made.train(TEXTS, 300).encode(TEXTS[1])) for kind, made in simple.KINDS.items()}
    assert lengths == {"byte": len(TEXTS[1].encode()), "char": len(TEXTS[1]), "word": 13}


@given(text=ANY_TEXT)
def test_any_text_has_ids_and_none_is_a_mark(tokenizer, text):
    marks = {tokenizer.special_id(mark) for mark in MARKS}
    ids = tokenizer.encode(text).tolist()
    assert not marks & set(ids)
    if tokenizer.kind == "byte":
        assert tokenizer.decode(ids) == text
    pieces = [piece for mark in MARKS for piece in text.split(mark)] if any(mark in text for mark in MARKS) else None
    trusted = tokenizer.encode(text, allow_special=True).tolist()
    assert bool(marks & set(trusted)) == (pieces is not None)


@given(data=st.binary())
def test_bytes_hold_any_bytes(data):
    tokenizer = simple.ByteTokenizer()
    assert tokenizer.encode(data).tolist() == list(data) and tokenizer.decode_bytes(list(data)) == data


def test_what_is_unknown(tokenizer):
    if tokenizer.kind != "byte":
        unknown = tokenizer.special_id(simple.UNKNOWN)
        assert tokenizer.encode("日本").tolist() == [unknown] * (2 if tokenizer.kind == "char" else 1)
        assert tokenizer.decode([unknown]) == simple.UNKNOWN


def test_the_most_frequent_pieces_are_kept():
    made = simple.WordTokenizer.train(["a b b c c", "c d"], 4, special_tokens=())
    assert made.vocab_size == 4 and made.vocabulary[1:] == [b" b", b" c", b" d"]
    assert simple.CharacterTokenizer.train(["ab\ud800"], 9).vocabulary == [
        simple.UNKNOWN.encode(), b"<|fim|>", b"a", b"b"]  # fmt: skip


def test_saved_loaded_and_saved_again(tokenizer, tmp_path):
    files.save(tokenizer, tmp_path / "a.json")
    again = files.load(tmp_path / "a.json")
    files.save(again, tmp_path / "b.json")
    assert type(again) is type(tokenizer) and again.special_tokens == tokenizer.special_tokens
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    for text in (*TEXTS, "日本"):
        assert again.encode(text).tolist() == tokenizer.encode(text).tolist()
    for form in ("a.tiktoken", "folder"):
        with pytest.raises(UsageError, match="cannot hold this kind"):
            files.save(tokenizer, tmp_path / form)


CHANGES = {
    "format 2": {"format": 2},
    "kind 'phone'": {"kind": "phone"},
    "pieces is null": {"pieces": None},
    "a piece is 5": {"pieces": [5]},
    "the piece 'ab' is not one char": {"pieces": ["ab"]},
    "the piece '' is not": {"pieces": [""]},
    "the piece '\\\\ud800' is not": {"pieces": ["\ud800"]},
    "one of them twice": {"pieces": ["a", "a"]},
    "must have '<|desconhecido|>'": {"special_tokens": ["<|fim|>"]},
    "repeat one": {"special_tokens": ["a", "a"]},
    "must be a str": {"special_tokens": [1]},
    "special_tokens is an object": {"special_tokens": {}},
    "a field 'novo'": {"novo": 1},
    "a byte tokenizer has none": {"kind": "byte", "pieces": ["a"]},
}


@pytest.mark.parametrize("words", CHANGES)
def test_refuses_by_name(tmp_path, words):
    path = tmp_path / "a.json"
    simple.CharacterTokenizer.train(TEXTS, 300).save(path)
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | CHANGES[words]))
    with pytest.raises(UsageError) as caught:
        files.load(path)
    assert words.replace("\\\\", "\\") in str(caught.value)


def test_what_training_refuses(tokenizer):
    with pytest.raises(UsageError, match="too small"):
        type(tokenizer).train(TEXTS, 2, special_tokens=MARKS)
    with pytest.raises(UsageError, match="must be a str"):
        type(tokenizer).train(TEXTS, 300, special_tokens=[""])
    if tokenizer.kind != "byte":
        with pytest.raises(UsageError, match="no text to learn from"):
            type(tokenizer).train([""], 300)
