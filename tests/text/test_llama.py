"""BPE with byte fallback, as the Llama models have it: the ids of `tokenizers`, and everything else refused by name."""

import collections
import copy
import itertools
import json
import re
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinyllm.errors import UsageError
from tinyllm.text import files
from tinyllm.text.llama import LlamaTokenizer

TEXT = "Era uma vez uma menina que tinha um avô, e o avô tinha uma avó: o coração dela não cabia ali! "
SEAM = "\n"  # between the pieces of a word, while it is merged
NORMALIZER = {
    "normalizer": {
        "type": "Sequence",
        "normalizers": [
            {"type": "Prepend", "prepend": "▁"},
            {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
        ],
    },
    "pre_tokenizer": None,
}
METASPACE = {
    "normalizer": None,
    "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": False},
}


def make_content(spaces, *, more_merges=()):
    """The JSON of a small Llama tokenizer, whose merges were learned from TEXT."""
    vocab = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    words = [list("▁" + word) for word in TEXT.split()] + [list("▁▁▁▁")]
    vocab += sorted({character for word in words for character in word})
    merges = []
    for _ in range(30):
        pairs = collections.Counter(pair for word in words for pair in itertools.pairwise(word))
        left, right = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append([left, right])
        vocab.append(left + right)
        words = [
            re.sub(
                f"(?<![^{SEAM}]){re.escape(left)}{SEAM}{re.escape(right)}(?![^{SEAM}])", left + right, SEAM.join(word)
            ).split(SEAM)
            for word in words
        ]
    for pair in more_merges:
        merges.append(list(pair))
        vocab.append("".join(pair))
    added = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": token, "content": vocab[token], **added} for token in range(3)],
        **copy.deepcopy(spaces),
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}},
        },
        "decoder": {
            "type": "Sequence",
            "decoders": [
                {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
                {"type": "ByteFallback"},
                {"type": "Fuse"},
                {"type": "Strip", "content": " ", "start": 1, "stop": 0},
            ],
        },
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": "<unk>",
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": True,
            "byte_fallback": True,
            "ignore_merges": False,
            "vocab": {piece: token for token, piece in enumerate(vocab)},
            "merges": merges,
        },
    }


def metaspace(scheme, split):
    return {
        "normalizer": None,
        "pre_tokenizer": METASPACE["pre_tokenizer"] | {"prepend_scheme": scheme, "split": split},
    }


WAYS = {
    "normalizer": make_content(NORMALIZER),
    "joined": make_content(NORMALIZER, more_merges=[("▁", "e"), ("a", "▁"), ("a▁", "a"), ("e", "▁"), ("▁e", "▁")]),
    **{
        f"{scheme}{split}": make_content(metaspace(scheme, split))
        for scheme in ("always", "first", "never")
        for split in (True, False)
    },
}
ANY_TEXT = st.lists(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
    | st.sampled_from([*TEXT.split(" "), " ", "  ", "▁", "a a", "</s>", "<s>", "<0x41>", "e e ", "日本"])
).map("".join)


@pytest.fixture(scope="module")
def tokenizers():
    return {way: LlamaTokenizer(content) for way, content in WAYS.items()}


@pytest.fixture(scope="module")
def peers():
    library = pytest.importorskip("tokenizers")
    return {way: library.Tokenizer.from_str(json.dumps(content)) for way, content in WAYS.items()}


@pytest.mark.oracle
@pytest.mark.parametrize("way", WAYS)
@given(text=ANY_TEXT, allow_special=st.booleans())
@settings(max_examples=500)
def test_ids_are_those_of_hugging_face(tokenizers, peers, way, text, allow_special):
    ours, theirs = tokenizers[way], peers[way]
    theirs.encode_special_tokens = not allow_special
    ids = theirs.encode(text, add_special_tokens=False).ids
    assert ours.encode(text, allow_special=allow_special).tolist() == ids
    assert ours.decode(ids) == theirs.decode(ids, skip_special_tokens=False)


@pytest.mark.oracle
def test_the_template_is_that_of_hugging_face(tokenizers, peers):
    ours, theirs = tokenizers["normalizer"], peers["normalizer"]
    assert [*ours.before, *ours.encode(TEXT).tolist(), *ours.after] == theirs.encode(TEXT).ids


@pytest.mark.parametrize("way", WAYS)
def test_every_text_comes_back(tokenizers, way):
    ours = tokenizers[way]
    for text in (TEXT, "日本 \t\n x", "fim.  "):
        ids = ours.encode(text)
        assert ours.decode(ids) == text.lstrip(" ") and "".join(ours.stream(ids)) == ours.decode(ids)
    assert len(ours.encode(TEXT)) < 0.8 * len(TEXT)
    assert ours.encode("").tolist() == [] and ours.decode([]) == ""


@given(data=st.binary(max_size=60))
def test_any_bytes_come_back(tokenizers, data):
    ours = tokenizers["normalizer"]
    if "▁".encode() not in data:
        assert ours.decode_bytes(ours.encode(data)) == data
    assert ours.decode(ours.encode(data.decode("utf-8", "surrogateescape"))) is not None


def test_special_tokens(tokenizers):
    ours = tokenizers["normalizer"]
    assert ours.special_id("</s>") == 2 and ours.vocab_size == len(WAYS["normalizer"]["model"]["vocab"])
    assert 2 not in ours.encode("a</s>b") and 2 in ours.encode("a</s>b", allow_special=True)
    assert ours.decode(ours.encode("a</s>b")) == "a</s>b"
    assert (ours.before, ours.after) == ([1], [])
    assert ours.encode("a").dtype == np.int32


def test_saved_and_loaded_and_saved_again(tmp_path):
    for way, content in WAYS.items():
        (tmp_path / "a.json").write_text(json.dumps(content))
        ours = files.load(tmp_path / "a.json")
        ours.save(tmp_path / "b.json")
        again = files.load(tmp_path / "b.json")
        again.save(tmp_path / "c.json")
        assert (tmp_path / "b.json").read_bytes() == (tmp_path / "c.json").read_bytes()
        assert json.loads((tmp_path / "b.json").read_text(encoding="utf-8")) == content, way


@pytest.mark.parametrize("text", ["a" * 300_000, " " * 300_000, "é" * 300_000, "\u0301" * 300_000, "a " * 150_000])
def test_hostile_texts_take_no_longer(tokenizers, text):
    began = time.perf_counter()
    tokenizers["normalizer"].encode(text)
    assert time.perf_counter() - began < 5


CHANGES = {
    "normalizer or pre_tokenizer": lambda c: c["normalizer"]["normalizers"].reverse(),
    "pre_tokenizer is null": lambda c: c.update(normalizer=None),
    "prepend_scheme 'last'": lambda c: c.update(metaspace("last", True)),
    "replacement '_'": lambda c: c.update(
        normalizer=None, pre_tokenizer=METASPACE["pre_tokenizer"] | {"replacement": "_"}
    ),
    "no field 'split'": lambda c: c.update(
        normalizer=None, pre_tokenizer={"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first"}
    ),
    "type 'ByteLevel'": lambda c: c.update(normalizer=None, pre_tokenizer={"type": "ByteLevel"}),
    "decoder asks": lambda c: c["decoder"]["decoders"].pop(1),
    "decoder is null": lambda c: c.update(decoder=None),
    "no token <0x41>": lambda c: c["model"]["vocab"].update({"<0x4>": c["model"]["vocab"].pop("<0x41>")}),
    "normalized true": lambda c: c["added_tokens"][0].update(normalized=True),
    "special false": lambda c: c["added_tokens"][0].update(special=False),
    "ignore_merges true": lambda c: c["model"].update(ignore_merges=True),
    "dropout 0.5": lambda c: c["model"].update(dropout=0.5),
    "unk_token is a list": lambda c: c["model"].update(unk_token=[]),
    "which the vocabulary lacks": lambda c: c["model"]["merges"].append(["x", "yy"]),
    "merged twice": lambda c: c["model"]["merges"].append(c["model"]["merges"][0]),
    "makes a special token": lambda c: (
        c["model"]["merges"].append(["a", "v"]),
        c["model"]["vocab"].update(av=len(c["model"]["vocab"])),
        c["added_tokens"].append(c["added_tokens"][0] | {"content": "av", "id": len(c["model"]["vocab"]) - 1}),
    ),
    "no token has the id": lambda c: c["model"]["vocab"].update(novo=10**6),
    "half a character": lambda c: c["model"]["vocab"].update({"\ud800": len(c["model"]["vocab"])}),
    "leaves the text out": lambda c: c["post_processor"]["single"].pop(),
    "around a text": lambda c: c["post_processor"]["special_tokens"]["<s>"].update(ids=[2]),
    "post_processor asks for type 'ByteLevel'": lambda c: c["post_processor"].update(type="ByteLevel"),
}


@pytest.mark.parametrize("words", CHANGES)
def test_refuses_by_name(tmp_path, words):
    content = make_content(NORMALIZER)
    CHANGES[words](content)
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(content))
    with pytest.raises(UsageError) as caught:
        files.load(path)
    message = str(caught.value)
    assert words in message and message.startswith(f"{path}: ") and message.isprintable()
