"""Byte-level BPE: learn which pieces of text deserve a token of their own, then cut any text into those tokens.

Byte-pair encoding started as compression (Gage 1994) and became the tokenizer of language models with Sennrich et al.
(2016). Training is one loop: count the pairs of neighbours, merge the most frequent one into a new token, repeat.
Encoding replays the merges in the order in which they were learned. The first 256 tokens are the single bytes (GPT-2,
Radford et al. 2019), so every text has an encoding and none is "unknown".

Text is never normalised: the bytes that go in come out. Merges stay inside a word, as `pretokenize` cuts them.
Merges, ids and ties are those of Hugging Face's `tokenizers`, and so is the file that `save` writes.
"""

import collections
import heapq
import itertools
import operator
import os
import re

import numpy as np

from tinyllm.errors import UsageError
from tinyllm.text.characters import stream_text, to_text
from tinyllm.text.formats import BYTE_CHARACTERS, read_tokenizer_json, spell, write_tokenizer_json
from tinyllm.text.pretokenize import check_pattern, pretokenize

CACHED_WORDS = 1 << 16  # words whose ids a tokenizer remembers
CACHED_LENGTH = 64  # characters: a longer word is not worth remembering, and could be a megabyte

# The order of the 256 single bytes: by the printable character that stands for each in a tokenizer.json.
BYTE_ORDER = bytes(sorted(range(256), key=BYTE_CHARACTERS.__getitem__))


def train(texts, vocab_size, *, special_tokens=("<|fim|>",), pattern="gpt2", progress=None):
    """Iterable of str -> BPETokenizer of `vocab_size` tokens: the special ones, the 256 bytes, then one per merge.

    The vocabulary comes out smaller where the text has no pair left to merge. `progress(done, total)` is called after
    each merge. UsageError for a vocabulary too small for its fixed part, no text at all, or texts that are not str.
    """
    special_tokens = _checked_special_tokens(special_tokens)
    fixed = len(special_tokens) + 256
    if vocab_size < fixed:
        raise UsageError(f"vocab_size {vocab_size} is too small: 256 bytes and the special tokens already take {fixed}")

    base_ids = {byte: len(special_tokens) + place for place, byte in enumerate(BYTE_ORDER)}
    word_counts = {
        tuple(map(base_ids.__getitem__, word.encode("utf-8", "surrogatepass"))): count
        for word, count in count_words(texts, pattern).items()
    }
    merges = train_merges(word_counts, vocab_size - fixed, first_id=fixed, progress=progress)

    vocabulary = [text.encode() for text in special_tokens] + [bytes([byte]) for byte in BYTE_ORDER]
    for left, right in merges:
        vocabulary.append(vocabulary[left] + vocabulary[right])
    return BPETokenizer(vocabulary, merges, {text: token for token, text in enumerate(special_tokens)}, pattern=pattern)


def _checked_special_tokens(texts):
    texts = list(texts)
    for text in texts:
        if not isinstance(text, str) or not text or text.encode(errors="replace").decode() != text:
            raise UsageError(f"the special token {text!r} must be a str of valid characters, at least one")
    if len(set(texts)) < len(texts):
        raise UsageError(f"the special tokens {texts} repeat one; give each a text of its own")
    return texts


def count_words(texts, pattern="gpt2"):
    """Iterable of str -> Counter {word: how often}, the words as `pretokenize` cuts them."""
    if isinstance(texts, str | bytes):
        raise UsageError("texts is a single text; pass a list of them, [text]")
    counts = collections.Counter()
    for text in texts:
        if not isinstance(text, str):
            raise UsageError(f"texts holds a {type(text).__name__}; every text must be a str")
        counts.update(pretokenize(text, pattern))
    if not counts:
        raise UsageError("there is no text to learn merges from; pass at least one text that is not empty")
    return counts


def train_merges(word_counts, merges_wanted, *, first_id=256, progress=None):
    """{word as a tuple of ids: count}, int -> list of (left id, right id), most frequent pair first.

    Merge number i makes the token `first_id + i`. Pairs of equal count go by the smaller ids. Fewer merges come back
    when every word has become a single token.

    A step touches only the words that hold the merged pair (`where` finds them), and the most frequent pair comes from
    a heap instead of a search. A merge lowers counts inside the heap; mending those entries there would be slow, so an
    entry is checked when it surfaces. That is enough, because the count of a pair never rises: new pairs hold the
    new token.
    """
    words, counts = list(word_counts), list(word_counts.values())
    pair_counts, where = count_pairs(words, counts)
    heap = [(-count, pair) for pair, count in pair_counts.items()]
    heapq.heapify(heap)

    merges = []
    while heap and len(merges) < merges_wanted:
        negative_count, pair = heapq.heappop(heap)
        if pair_counts[pair] != -negative_count:  # merges since then took some away: back with what is left
            if pair_counts[pair] > 0:
                heapq.heappush(heap, (-pair_counts[pair], pair))
            continue

        new_id = first_id + len(merges)
        merges.append(pair)
        new_pairs = set()
        for index in where.pop(pair):
            old, new = words[index], merge_word(words[index], pair, new_id)
            for neighbours in itertools.pairwise(old):
                pair_counts[neighbours] -= counts[index]
            for neighbours in itertools.pairwise(new):
                pair_counts[neighbours] += counts[index]
                if new_id in neighbours:
                    where[neighbours].add(index)
                    new_pairs.add(neighbours)
            words[index] = new
        for neighbours in new_pairs:
            heapq.heappush(heap, (-pair_counts[neighbours], neighbours))
        if progress:
            progress(len(merges), merges_wanted)
    return merges


def count_pairs(words, counts):
    """List of words, list of their counts -> {pair: count}, {pair: set of the indices of the words that hold it}."""
    pair_counts, where = collections.Counter(), collections.defaultdict(set)
    for index, (word, count) in enumerate(zip(words, counts, strict=True)):
        for pair in itertools.pairwise(word):
            pair_counts[pair] += count
            where[pair].add(index)
    return pair_counts, where


def merge_word(word, pair, new_id):
    """Tuple of ids -> tuple of ids with each `pair` of neighbours replaced by `new_id`, from left to right."""
    merged, position = [], 0
    while position < len(word):
        if word[position : position + 2] == pair:
            merged.append(new_id)
            position += 2
        else:
            merged.append(word[position])
            position += 1
    return tuple(merged)


def encode_word(word, ranks):
    """List of ids of single bytes -> list of ids, merged. `ranks` is {(left id, right id): (rank, new id)}.

    The rule: among the pairs of neighbours, merge the one learned first (the leftmost of equals), until no pair is in
    `ranks`. A heap of the mergeable pairs and links between living neighbours make that n log n for a word of n bytes,
    where starting over after each merge would be n². A pair in the heap may have lost a side to an earlier merge; it is
    recognised when it surfaces, as its ids no longer have that rank.
    """
    ids, end = list(word), len(word)
    before, after = list(range(-1, end - 1)), list(range(1, end + 1))
    heap = []
    for left, pair in enumerate(itertools.pairwise(word)):
        if pair in ranks:
            heap.append((ranks[pair][0], left))
    heapq.heapify(heap)

    while heap:
        rank, left = heapq.heappop(heap)
        right = after[left]
        if right == end:
            continue
        current_rank, new_id = ranks.get((ids[left], ids[right]), (None, None))
        if current_rank != rank:
            continue
        ids[left], ids[right] = new_id, None  # the left side becomes the token, the right side dies
        after[left] = after[right]
        if after[left] < end:
            before[after[left]] = left
        for start in (before[left], left):
            if start >= 0 and after[start] < end:
                pair = ids[start], ids[after[start]]
                if pair in ranks:
                    heapq.heappush(heap, (ranks[pair][0], start))
    return [token for token in ids if token is not None]


class BPETokenizer:
    """A vocabulary, the merges that built it, and both directions: text to ids and back.

    vocabulary: list of bytes, one per id. merges: list of (left id, right id), in the order of learning.
    special_tokens: {text: id} of the tokens that mark something in a text, such as its end, and are not part of it.
    pattern: how a text is cut into words, "gpt2" or "gpt4".

    Any bytes come back as the same bytes. Any str comes back as the same str, even with lone surrogates (halves of a
    character, which some programs leave behind): a str turns them into the three bytes that UTF-8 would use if it
    allowed them. Bytes that are not UTF-8 count as punctuation, one by one, and stay as they are.
    """

    def __init__(self, vocabulary, merges, special_tokens, *, pattern="gpt2"):
        check_pattern(pattern)
        self.pattern = pattern
        self.vocabulary, self.merges, self.special_tokens = list(vocabulary), list(merges), dict(special_tokens)
        special_ids = set(self.special_tokens.values())
        ids = {piece: token for token, piece in enumerate(self.vocabulary) if token not in special_ids}
        self._check(ids)
        base_ids = [ids[bytes([byte])] for byte in range(256)]
        ranks = {
            (left, right): (rank, ids[self.vocabulary[left] + self.vocabulary[right]])
            for rank, (left, right) in enumerate(self.merges)
        }
        self._words = {errors: _WordCache(base_ids, ranks, errors) for errors in ("surrogatepass", "surrogateescape")}
        longest_first = sorted(self.special_tokens, key=len, reverse=True)
        self._special_pattern = re.compile("(" + "|".join(map(re.escape, longest_first)) + ")")

    def _check(self, ids):
        """Refuse what leaves some text without ids, or gives an id two meanings. ids: {bytes: id}, no special ones."""
        for byte in range(256):
            if bytes([byte]) not in ids:
                raise UsageError(f"the vocabulary has no token for the single byte 0x{byte:02x}")
        if len(ids) + len(self.special_tokens) < len(self.vocabulary):
            raise UsageError("two tokens of the vocabulary stand for the same bytes")
        spelled = set(map(spell, ids))
        for text in self.special_tokens:
            if text in spelled:
                raise UsageError(f"the special token {text!r} is also a piece of plain text; rename it, as <|name|>")
        if len(set(self.merges)) < len(self.merges):
            raise UsageError("the same pair of tokens is merged twice")
        for left, right in self.merges:
            left_bytes, right_bytes = self.vocabulary[left], self.vocabulary[right]
            if ids.get(left_bytes) != left or ids.get(right_bytes) != right or left_bytes + right_bytes not in ids:
                raise UsageError(f"the merge of the ids {left} and {right} uses or makes a special token")

    @property
    def vocab_size(self):
        """Number of tokens, the special ones included."""
        return len(self.vocabulary)

    def encode(self, text, *, allow_special=False):
        """str or bytes -> ids, int32 (T,).

        The text of a special token is plain text like any other, unless `allow_special` says that the text can be
        trusted to place the marks itself.
        """
        if isinstance(text, str):
            words = self._words["surrogatepass"]
        elif isinstance(text, bytes | bytearray | memoryview):
            words = self._words["surrogateescape"]
            text = bytes(text).decode("utf-8", "surrogateescape")
        else:
            raise UsageError(f"cannot encode a {type(text).__name__}; pass a str or bytes")

        if not allow_special or not self.special_tokens:
            return _flatten(map(words.__getitem__, pretokenize(text, self.pattern)))
        parts = []
        for position, part in enumerate(self._special_pattern.split(text)):
            if position % 2:  # the pattern is one group, so text and special tokens alternate
                parts.append([self.special_tokens[part]])
            else:
                parts.extend(map(words.__getitem__, pretokenize(part, self.pattern)))
        return _flatten(parts)

    def decode(self, ids):
        """Iterable of ids -> str; bytes that are no character become U+FFFD. UsageError for an id out of range."""
        return to_text(self.decode_bytes(ids))

    def decode_bytes(self, ids):
        """Iterable of ids -> bytes; a special token becomes its text. UsageError for an id out of range."""
        return b"".join(map(self._piece, ids))

    def stream(self, ids):
        """Iterable of ids -> generator of str, each as soon as it is complete; joined they are `decode(ids)`."""
        return stream_text(map(self._piece, ids))

    def _piece(self, token):
        try:
            index = operator.index(token)
        except TypeError:
            raise UsageError(f"a token id is a whole number, not a {type(token).__name__}") from None
        if not 0 <= index < len(self.vocabulary):
            raise UsageError(f"token id {index} is not in the vocabulary: its ids go from 0 to {self.vocab_size - 1}")
        return self.vocabulary[index]

    def special_id(self, text):
        """Text of a special token -> its id. UsageError if there is none."""
        if text not in self.special_tokens:
            known = ", ".join(self.special_tokens) or "none"
            raise UsageError(f"{text!r} is not a special token of this tokenizer; it has: {known}")
        return self.special_tokens[text]

    def save(self, path):
        """Write a `tokenizer.json`, which `tokenizers` reads too. A failure leaves the older file as it was."""
        write_tokenizer_json(path, self.vocabulary, self.merges, self.special_tokens)


def load(path):
    """Path of a `tokenizer.json` -> BPETokenizer. UsageError if it is unreadable, malformed or not byte-level BPE."""
    try:
        return BPETokenizer(*read_tokenizer_json(path))
    except UsageError as error:
        raise UsageError(f"{os.fspath(path)}: {error}") from None


class _WordCache(dict):
    """{word: its ids}, filled in as words are looked up. Text repeats its words, so few are encoded twice.

    One cache per way of turning surrogates into bytes, as the same str would have other ids in the other.
    """

    def __init__(self, base_ids, ranks, errors):
        super().__init__()
        self.base_ids, self.ranks, self.errors = base_ids, ranks, errors

    def __missing__(self, word):
        ids = encode_word([self.base_ids[byte] for byte in word.encode("utf-8", self.errors)], self.ranks)
        if len(word) <= CACHED_LENGTH:
            if len(self) >= CACHED_WORDS:
                self.clear()  # the frequent words are back in a moment
            self[word] = ids
        return ids


def _flatten(parts):
    return np.fromiter(itertools.chain.from_iterable(parts), dtype=np.int32)
