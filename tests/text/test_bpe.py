"""Byte-level BPE: training and encoding against the textbook versions and Hugging Face, and nothing lost on the way."""

import collections
import itertools
import json
import random
import subprocess
import time
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinyllm.backend.kernels import without_numba
from tinyllm.bench.portuguese import make_text
from tinyllm.errors import UsageError
from tinyllm.text import bpe, encoding, merging, words
from tinyllm.text.formats import spell
from tinyllm.text.pretokenize import PATTERNS, pretokenize

STORY = "Era uma vez uma menina. A menina tinha um avô, e o avô tinha uma avó: o coração dela não cabia ali! "
TEXTS = [
    STORY,
    STORY.upper(),
    "o rato roeu a roupa do rei de Roma; 12 + 1² = 13? " * 3,
    "aaaaaaa aaaa aaa\n\n\n ééé 日本日本",
]
MARKED = ("<|fim|>", "<|fim|>+", "[MASK]")
# Any text, lone surrogates included; syllables of the training text now and then, so that merges happen.
ANY_TEXT = st.lists(st.text(st.characters()) | st.sampled_from([*STORY.split(" "), " ", "<|fim|>", "\udc80", "\ud83d"]))
ANY_TEXT = ANY_TEXT.map("".join)
ANY_BYTES = st.lists(st.binary() | ANY_TEXT.map(lambda text: text.encode("utf-8", "surrogatepass"))).map(b"".join)
WORDS = st.dictionaries(st.text("abc", min_size=1, max_size=12).map(str.encode), st.integers(1, 5), min_size=1)


@pytest.fixture(scope="module")
def tokenizer():
    return bpe.train(TEXTS, 380, special_tokens=MARKED)


def merge_naively(word, pair, new_id):
    for position in range(len(word) - 1):
        if word[position : position + 2] == pair:
            return (*word[:position], new_id, *merge_naively(word[position + 2 :], pair, new_id))
    return word


def train_naively(word_counts, merges_wanted, *, progress=None):
    """Count all pairs, merge the most frequent everywhere, start over."""
    merges = []
    word_counts = {tuple(map(merging.BYTE_ORDER.index, word)): count for word, count in word_counts.items()}
    for new_id in range(256, 256 + merges_wanted):
        pairs = collections.Counter()
        for word, count in word_counts.items():
            for pair in itertools.pairwise(word):
                pairs[pair] += count
        if not pairs:
            break
        merges.append(min(pairs, key=lambda pair: (-pairs[pair], pair)))
        word_counts = {merge_naively(word, merges[-1], new_id): count for word, count in word_counts.items()}
    return merges


def encode_naively(word, ranks):
    """Merge the first pair of the lowest rank, start over."""
    word = list(word)
    while True:
        known = [(ranks[pair], place) for place, pair in enumerate(itertools.pairwise(word)) if pair in ranks]
        if not known:
            return word
        (_, new_id), place = min(known, key=lambda entry: (entry[0][0], entry[1]))
        word[place : place + 2] = [new_id]


# ---- training


@given(WORDS, st.integers(0, 30))
@settings(max_examples=200)
def test_training_is_the_textbook_loop(word_counts, merges_wanted):
    naive = train_naively(word_counts, merges_wanted)
    assert merging.train_merges(word_counts, merges_wanted) == naive
    assert merging.train_merges.meaning(word_counts, merges_wanted) == naive


def test_training_on_text_is_the_textbook_loop(tokenizer, monkeypatch):
    monkeypatch.setattr(merging, "train_merges", train_naively)
    assert bpe.train(TEXTS, 380, special_tokens=MARKED).merges == tokenizer.merges


def test_training_does_not_depend_on_the_order_of_texts_and_words(tokenizer):
    texts = [" " + word for text in TEXTS for word in text.split(" ")]
    first = bpe.train(texts, 380)
    random.Random(0).shuffle(texts)
    second = bpe.train(iter(texts), 380)
    assert (first.vocabulary, first.merges) == (second.vocabulary, second.merges)


def test_first_merges_of_a_known_text():
    tokenizer = bpe.train(["aba aba abc"], 10_000, special_tokens=())
    assert tokenizer.vocabulary[256:] == [b"ab", b" ab", b"aba", b" aba", b" abc"]  # then no pair is left


def test_vocabulary_order(tokenizer):
    assert tokenizer.vocab_size == len(tokenizer.vocabulary) == 380
    assert [tokenizer.special_id(text) for text in MARKED] == [0, 1, 2]
    assert tokenizer.vocabulary[3:7] == [b"!", b'"', b"#", b"$"]
    assert sorted(tokenizer.vocabulary[3:259]) == [bytes([byte]) for byte in range(256)]
    for new_id, (left, right) in enumerate(tokenizer.merges, 259):
        assert tokenizer.vocabulary[new_id] == tokenizer.vocabulary[left] + tokenizer.vocabulary[right]


def test_progress():
    calls = []
    bpe.train([STORY], 262, progress=lambda done, total: calls.append((done, total)))
    assert calls == sorted(calls) and calls[-1] == (5, 5)


@pytest.mark.parametrize(
    ("texts", "vocab_size", "special_tokens", "message"),
    [
        ([STORY], 256, ("<|fim|>",), "vocab_size=256 is too small.*257"),
        ([], 300, (), "no text"),
        (["", ""], 300, (), "no text"),
        (STORY, 300, (), "a single text"),
        ([STORY.encode()], 300, (), "holds a bytes"),
        ([STORY], 300, ("<a>", "<a>"), "repeat"),
        ([STORY], 300, ("",), "special token ''"),
        ([STORY], 300, ("\ud800",), "special token"),
        ([STORY], 300, (5,), "special token 5"),
        ([STORY], 300, ("a",), "'a' is also a piece of plain text"),
        (["menina"], 300, ("menina",), "'menina' is also a piece of plain text"),
    ],
)
def test_training_refuses(texts, vocab_size, special_tokens, message):
    with pytest.raises(UsageError, match=message):
        bpe.train(texts, vocab_size, special_tokens=special_tokens)


# ---- text to ids and back


@given(ANY_TEXT, st.booleans())
@settings(max_examples=300)
def test_text_comes_back(tokenizer, text, allow_special):
    ids = tokenizer.encode(text, allow_special=allow_special)
    assert ids.dtype == np.int32 and ids.ndim == 1
    assert tokenizer.decode(ids) == text
    assert tokenizer.decode_bytes(ids) == text.encode("utf-8", "surrogatepass")
    assert ids.tolist() == tokenizer.encode(text.encode("utf-8", "surrogatepass"), allow_special=allow_special).tolist()


@given(ANY_BYTES, st.booleans())
@settings(max_examples=300)
def test_bytes_come_back(tokenizer, data, allow_special):
    assert tokenizer.decode_bytes(tokenizer.encode(data, allow_special=allow_special)) == data


def test_the_same_surrogate_from_text_and_from_bytes(tokenizer):
    for _ in range(2):  # the second time from the cache
        assert tokenizer.decode_bytes(tokenizer.encode("\udc80")) == b"\xed\xb2\x80"
        assert tokenizer.decode_bytes(tokenizer.encode(b"\x80")) == b"\x80"


@pytest.mark.long
def test_every_character_comes_back(tokenizer):
    text = "".join(map(chr, range(0x110000)))
    assert tokenizer.decode(tokenizer.encode(text)) == text


@given(st.lists(st.integers(0, 379)))
@settings(max_examples=300)
def test_stream_gives_what_decode_gives(tokenizer, ids):
    assert "".join(tokenizer.stream(iter(ids))) == tokenizer.decode(ids)


@given(ANY_BYTES)
@settings(max_examples=300)
def test_stream_of_single_bytes_gives_what_decode_gives(tokenizer, data):
    ids = [tokenizer.vocabulary.index(bytes([byte])) for byte in data]
    assert "".join(tokenizer.stream(ids)) == tokenizer.decode(ids)


def test_stream_waits_for_the_whole_character():
    tokenizer = bpe.train(["x"], 257)
    assert list(tokenizer.stream(tokenizer.encode("aé日😀"))) == ["a", "é", "日", "😀"]
    assert list(tokenizer.stream(tokenizer.encode("é日")[:-1])) == ["é", "\ufffd"]


def test_invalid_bytes_decode_as_python_does(tokenizer):
    for data in [b"\xff", b"ol\xc3", b"\xe0\x80\x80x", b"\xf0\x9f\x98", b"\xf5\x80"]:
        assert tokenizer.decode(tokenizer.encode(data)) == data.decode("utf-8", "replace")


@given(st.lists(st.sampled_from("amen iuvh<|>.")).map("".join))
def test_encoding_is_the_textbook_rule(tokenizer, text):
    ranks = {pair: (rank, 259 + rank) for rank, pair in enumerate(tokenizer.merges)}
    base = {piece: token for token, piece in enumerate(tokenizer.vocabulary[3:259], 3)}
    naive = []
    for word in pretokenize(text):
        naive += encode_naively([base[bytes([byte])] for byte in word.encode()], ranks)
    assert tokenizer.encode(text).tolist() == naive


@given(WORDS, st.text("abc").map(str.encode) | st.text("abc", min_size=101).map(str.encode))
@settings(max_examples=200)
def test_encoding_overlapping_pairs(word_counts, word):
    ranks = {pair: (rank, 256 + rank) for rank, pair in enumerate(merging.train_merges(word_counts, 40))}
    naive = encode_naively(word.translate(merging.BYTE_IDS), ranks)
    assert encoding.encode_word(word.translate(merging.BYTE_IDS), ranks) == naive
    coder = encoding.Coder(np.frombuffer(merging.BYTE_IDS, np.uint8).astype(np.int32), ranks, "gpt2")
    assert encoding.encode_chunk(words.make_chunk([word]), coder)[0].tolist() == naive


def test_a_piece_can_be_replaced(monkeypatch):
    monkeypatch.setattr(encoding, "encode_word", lambda word, ranks: [word[0]])
    tokenizer = bpe.train([STORY], 300)
    assert tokenizer.decode(tokenizer.encode("um dia")) == "u "


def test_special_tokens_need_permission(tokenizer):
    text = "oi<|fim|>+ <|fim|>"
    assert not set(tokenizer.encode(text).tolist()) & {0, 1, 2}
    trusted = tokenizer.encode(text, allow_special=True).tolist()
    assert [token for token in trusted if token < 3] == [1, 0]  # the longest text that fits
    assert tokenizer.decode(trusted) == text == tokenizer.decode(tokenizer.encode(text))
    assert tokenizer.encode(text.encode(), allow_special=True).tolist() == trusted


def test_the_cache_stays_bounded(monkeypatch):
    monkeypatch.setattr(encoding, "CACHED_WORDS", 8)
    tokenizer = bpe.train([STORY], 300)
    text = " ".join(map(chr, range(0x4E00, 0x4E40))) + "x" * 100
    with without_numba():
        assert tokenizer.decode(tokenizer.encode(text)) == text
    assert len(tokenizer._coder.words) <= 8
    assert all(len(word.encode()) <= encoding.CACHED_BYTES for word in tokenizer._coder.words)


@given(st.lists(ANY_TEXT))
def test_compiled_and_plain_give_the_same_ids(tokenizer, texts):
    """Words come from the cache the second time, and push one another out of it."""
    compiled = tokenizer.encode_batch(texts * 2, workers=2)
    with without_numba():
        plain = [tokenizer.encode(text) for text in texts]
    assert [ids.tolist() for ids in compiled] == [ids.tolist() for ids in plain] * 2


@pytest.mark.parametrize("letter", ["a", " ", "\n", "\u0301", "\0", "ab"])
def test_one_huge_word_takes_no_quadratic_time(letter):
    tokenizer = bpe.train([letter * 1000 + "c"], 300)
    text = letter * 200_000
    start = time.perf_counter()
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert time.perf_counter() - start < 10  # a second or so; n² would take hours


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda tokenizer: tokenizer.decode([5, 380]), "token id 380 .* 0 to 379"),
        (lambda tokenizer: tokenizer.decode_bytes(np.array([-1])), "token id -1 .* 0 to 379"),
        (lambda tokenizer: list(tokenizer.stream([10**30])), "token id 10+ "),
        (lambda tokenizer: tokenizer.decode([1.5]), "whole number, not a float"),
        (lambda tokenizer: tokenizer.decode(np.zeros((2, 2), np.int64)), "whole number, not a ndarray"),
        (lambda tokenizer: tokenizer.special_id("<|pad|>"), r"'<\|pad\|>' is not .* has: <\|fim\|>"),
        (lambda tokenizer: tokenizer.encode(5), "cannot encode a int"),
        (lambda tokenizer: tokenizer.encode(["a"]), "cannot encode a list"),
    ],
)
def test_refuses(tokenizer, call, message):
    with pytest.raises(UsageError, match=message):
        call(tokenizer)


# ---- against Hugging Face and tiktoken


def train_hugging_face(texts, vocab_size, special_tokens):
    tokenizers = pytest.importorskip("tokenizers")
    other = tokenizers.Tokenizer(tokenizers.models.BPE())
    other.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    other.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=list(special_tokens),
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    other.train_from_iterator(texts, trainer)
    return other


@pytest.mark.oracle
@given(st.lists(st.text("abcé .'s1\n") | st.text(), min_size=1).filter(any), st.integers(257, 300))
@settings(deadline=None)
def test_training_gives_the_file_of_hugging_face(tmp_path_factory, texts, vocab_size):
    ours, theirs = (tmp_path_factory.mktemp("file") / "tokenizer.json" for _ in range(2))
    bpe.train(texts, vocab_size).save(ours)
    train_hugging_face(texts, vocab_size, ["<|fim|>"]).save(str(theirs))
    assert ours.read_bytes() == theirs.read_bytes()


@pytest.fixture(scope="module")
def hugging_face(tokenizer, tmp_path_factory):
    """Our file, loaded there."""
    path = tmp_path_factory.mktemp("file") / "tokenizer.json"
    tokenizer.save(path)
    return pytest.importorskip("tokenizers").Tokenizer.from_file(str(path))


@pytest.mark.oracle
@given(ANY_TEXT, st.booleans())
@settings(max_examples=2000, deadline=None)
def test_ids_are_those_of_hugging_face(tokenizer, hugging_face, text, allow_special):
    text = text.encode(errors="replace").decode()  # surrogates have no way in there
    hugging_face.encode_special_tokens = not allow_special
    theirs = hugging_face.encode(text).ids
    assert tokenizer.encode(text, allow_special=allow_special).tolist() == theirs
    assert tokenizer.decode(theirs) == hugging_face.decode(theirs, skip_special_tokens=False) == text


@pytest.mark.oracle
@pytest.mark.parametrize("pattern", ["gpt2", "gpt4"])
def test_our_file_loads_in_transformers(tmp_path, pattern):
    transformers = pytest.importorskip("transformers")
    ours = bpe.train(TEXTS, 400, special_tokens=MARKED, pattern=pattern)
    ours.save(tmp_path / "tokenizer.json")
    theirs = transformers.PreTrainedTokenizerFast(tokenizer_file=str(tmp_path / "tokenizer.json"))
    for text in [*TEXTS, *strings_over_all_of_unicode(500)]:
        assert theirs(text)["input_ids"] == ours.encode(text, allow_special=True).tolist()


@pytest.mark.oracle
@pytest.mark.parametrize("pretty", [True, False])
def test_a_file_from_there_loads_here(tmp_path, pretty):
    """As GPT-2's: the special token came last, outside the vocabulary."""
    other = train_hugging_face(TEXTS, 380, [])
    other.post_processor = pytest.importorskip("tokenizers").processors.ByteLevel(trim_offsets=False)
    other.add_special_tokens(["<|endoftext|>"])
    other.save(str(tmp_path / "tokenizer.json"), pretty=pretty)
    ours = bpe.load(tmp_path / "tokenizer.json")
    assert ours.special_id("<|endoftext|>") == ours.vocab_size - 1 == other.get_vocab_size() - 1
    text = "<|endoftext|>".join(TEXTS)
    assert ours.encode(text, allow_special=True).tolist() == other.encode(text).ids


def tiktoken_of(tokenizer):
    """Our tokenizer, made there."""
    tiktoken = pytest.importorskip("tiktoken")
    special_ids = set(tokenizer.special_tokens.values())
    pieces = {piece: token for token, piece in enumerate(tokenizer.vocabulary) if token not in special_ids}
    special_tokens, pattern = tokenizer.special_tokens, PATTERNS[tokenizer.pattern]
    return tiktoken.Encoding("ours", pat_str=pattern, mergeable_ranks=pieces, special_tokens=special_tokens)


def strings_over_all_of_unicode(count):
    """Generator of str: runs of characters of one block, words of the training text, spaces, marks, digits."""
    rng = random.Random(0)
    syllables = [
        *STORY.split(" "),
        " ",
        "  ",
        "\n",
        "\r\n",
        "\t",
        "'s",
        "'LL",
        "don't",
        "1234567",
        "...",
        "<|fim|>",
        "\u00a0",
    ]
    assigned = [point for point in range(0x110000) if unicodedata.category(chr(point)) not in ("Cn", "Cs", "Co")]
    for _ in range(count):
        parts = []
        for _ in range(rng.randint(1, 8)):
            if rng.random() < 0.5:
                parts.append(rng.choice(syllables))
            else:
                place = rng.randrange(len(assigned))
                parts.extend(chr(rng.choice(assigned[place : place + 64])) for _ in range(rng.randint(1, 6)))
        yield "".join(parts)


@pytest.mark.oracle
@pytest.mark.parametrize("pattern", PATTERNS)
def test_ids_of_a_hundred_thousand_strings_are_those_of_both(pattern, tmp_path):
    tokenizer = bpe.train(
        [*TEXTS, "".join(strings_over_all_of_unicode(2000))], 2000, special_tokens=MARKED, pattern=pattern
    )
    texts = list(strings_over_all_of_unicode(100_000))
    ours = [ids.tolist() for ids in tokenizer.encode_batch(texts, workers=2)]
    assert ours == tiktoken_of(tokenizer).encode_ordinary_batch(texts)
    tokenizer.save(tmp_path / "tokenizer.json")
    hugging_face = pytest.importorskip("tokenizers").Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    hugging_face.encode_special_tokens = True
    assert ours == [encoding.ids for encoding in hugging_face.encode_batch(texts)]
    assert [tokenizer.decode(ids) for ids in ours] == texts


@pytest.mark.oracle
@pytest.mark.parametrize("pattern", PATTERNS)
def test_ids_of_every_file_of_the_repository_are_those_of_both(pattern, tmp_path):
    root = Path(__file__).parents[2]
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True).stdout.split(b"\0")
    found = [(root / name.decode()).read_bytes() for name in listed if name and (root / name.decode()).is_file()]
    texts = [data.decode() for data in found if b"\0" not in data and data.decode(errors="replace").encode() == data]
    assert len(texts) > 100
    tokenizer = bpe.train(texts, 3000, pattern=pattern)
    ours = [ids.tolist() for ids in tokenizer.encode_batch(texts, workers=2)]
    assert ours == tiktoken_of(tokenizer).encode_ordinary_batch(texts)
    tokenizer.save(tmp_path / "tokenizer.json")
    hugging_face = pytest.importorskip("tokenizers").Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    hugging_face.encode_special_tokens = True
    assert ours == [encoding.ids for encoding in hugging_face.encode_batch(texts)]
    with without_numba():
        assert ours == [tokenizer.encode(text).tolist() for text in texts]


@pytest.mark.oracle
@pytest.mark.parametrize("pattern", PATTERNS)
def test_merges_of_a_large_text_are_those_of_hugging_face(pattern):
    tokenizers = pytest.importorskip("tokenizers")
    text = "".join(make_text(3))
    other = tokenizers.Tokenizer(tokenizers.models.BPE())
    split = tokenizers.pre_tokenizers.Split(tokenizers.Regex(PATTERNS[pattern]), "isolated")
    byte_level = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    other.pre_tokenizer = tokenizers.pre_tokenizers.Sequence([split, byte_level])
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=4000, special_tokens=[], initial_alphabet=byte_level.alphabet(), show_progress=False
    )
    other.train_from_iterator([text], trainer)
    ours = bpe.train([text], 4000, special_tokens=(), pattern=pattern, workers=2)
    theirs = [tuple(merge) for merge in json.loads(other.to_str())["model"]["merges"]]
    assert [(spell(ours.vocabulary[left]), spell(ours.vocabulary[right])) for left, right in ours.merges] == theirs
