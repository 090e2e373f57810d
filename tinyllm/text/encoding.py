"""Encode words by the merges that were learned: always the earliest one that fits."""

import heapq
import itertools

import numpy as np

from tinyllm.backend.kernels import TwinnedLoop, lean_kernel
from tinyllm.text.pretokenize import PATTERN_NUMBERS, character_classes, pretokenize, word_end
from tinyllm.text.ranks import SCRATCH, merge_word, rank_table

CACHED_WORDS = 1 << 16  # words whose ids a tokenizer remembers
CACHED_BYTES, CACHED_IDS = 23, 9  # a longer word is not worth remembering, and could be a megabyte


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


ENCODE_WORD = encode_word


class Coder:
    """What encoding needs of a tokenizer: the ids of the 256 bytes, the ranks of `encode_word`, the name of a pattern.

    It remembers the ids of words, for text repeats its words: `words` is {word: ids}, and `caches` are the arrays in
    which the kernels do the same, one for each thread that ever encoded at the same time.
    """

    def __init__(self, base_ids, ranks, pattern):
        self.base_ids, self.ranks, self.pattern = base_ids, ranks, pattern
        self.words, self.caches = {}, []
        self._table = None

    def encode(self, word):
        """A word, its bytes that are not UTF-8 as surrogates -> list of ids."""
        if word in self.words:
            return self.words[word]
        data = word.encode("utf-8", "surrogateescape")
        ids = encode_word([self.base_ids[byte] for byte in data], self.ranks)
        if len(data) <= CACHED_BYTES:
            if len(self.words) >= CACHED_WORDS:
                self.words.clear()  # the frequent words are back in a moment
            self.words[word] = ids
        return ids

    @property
    def table(self):
        """The ranks as a hash table of (pair, rank << 32 | new id), for the kernels."""
        if self._table is None:
            self._table = rank_table(self.ranks)
        return self._table


@TwinnedLoop
def encode_chunk(chunk, coder):
    """Chunk of texts, Coder -> ids, int32 (T,), and where in them each text ends, int64 (texts,)."""
    texts = [
        list(itertools.chain.from_iterable(map(coder.encode, pretokenize(text, coder.pattern))))
        for text in chunk.texts()
    ]
    ends = np.cumsum([len(ids) for ids in texts], dtype=np.int64)
    return np.fromiter(itertools.chain.from_iterable(texts), np.int32), ends


# ------------------------------------------------------------------------------------------------ the same, compiled


class Cache:
    """The ids of words: rows of 64 bytes, 24 for the word and its length, four for the number of ids, the rest for ids.

    A word has its place in one of two neighbouring rows. `scratch` is where a word is merged.
    """

    def __init__(self):
        self.rows = np.zeros((CACHED_WORDS, 16), np.int32)
        self.keys = self.rows.view(np.uint64)
        self.scratch = np.empty(SCRATCH * 1000, np.int64)


@encode_chunk.compiled
def encode_chunk_compiled(chunk, coder):
    if encode_word is not ENCODE_WORD:  # a learner's has taken its place: the kernels would pass it by
        return encode_chunk.meaning(chunk, coder)
    data, ends = chunk
    try:
        cache = coder.caches.pop()
    except IndexError:
        cache = Cache()
    ids, id_ends, state = np.empty(data.size, np.int32), np.empty_like(ends), np.zeros(4, np.int64)
    scratch = cache.scratch
    while not encode_texts(
        data, ends, ids, id_ends, state, PATTERN_NUMBERS[coder.pattern], character_classes(),
        coder.base_ids, coder.table, cache.keys, cache.rows, scratch,
    ):  # fmt: skip
        scratch = np.empty(2 * state[3], np.int64)
    coder.caches.append(cache)
    return ids[: state[2]].copy(), id_ends


@lean_kernel
def encode_texts(data, ends, ids, id_ends, state, pattern, classes, base_ids, table, keys, rows, scratch):
    """Encode from `state` (a text, a byte, how many ids there are) to the last text; or, which is False, to a word that
    needs more scratch: how much is then in state[3]."""
    at, count = state[1], state[2]
    for text in range(state[0], ends.size):
        while at < ends[text]:
            end = word_end(data, at, ends[text], pattern, classes)
            size = end - at
            if size > CACHED_BYTES:
                if SCRATCH * size > scratch.size:
                    state[0], state[1], state[2], state[3] = text, at, count, SCRATCH * size
                    return False
                count += merge_word(data, at, size, ids, count, base_ids, table, scratch)
            else:
                a, b, c = word_key(data, at, size)
                row = row_of(a, b, c)
                if keys[row, 0] != a or keys[row, 1] != b or keys[row, 2] != c:
                    row ^= 1
                if keys[row, 0] == a and keys[row, 1] == b and keys[row, 2] == c:
                    for i in range(rows[row, 6]):
                        ids[count + i] = rows[row, 7 + i]
                    count += rows[row, 6]
                else:
                    made = merge_word(data, at, size, ids, count, base_ids, table, scratch)
                    if made <= CACHED_IDS:
                        row &= ~1
                        for i in range(16):
                            rows[row + 1, i] = rows[row, i]  # the older of two words makes room
                        keys[row, 0], keys[row, 1], keys[row, 2] = a, b, c
                        rows[row, 6] = made
                        for i in range(made):
                            rows[row, 7 + i] = ids[count + i]
                    count += made
            at = end
        id_ends[text] = count
    state[2] = count
    return True


@lean_kernel
def word_key(data, start, size):
    """A word of up to 23 bytes and its length as three numbers."""
    a = b = np.uint64(0)
    c = np.uint64(size) << np.uint64(56)
    for i in range(min(8, size)):
        a |= np.uint64(data[start + i]) << np.uint64(8 * i)
    for i in range(8, min(16, size)):
        b |= np.uint64(data[start + i]) << np.uint64(8 * i - 64)
    for i in range(16, size):
        c |= np.uint64(data[start + i]) << np.uint64(8 * i - 128)
    return a, b, c


@lean_kernel
def row_of(a, b, c):
    """The first of the two rows of a key."""
    hashed = ((a * np.uint64(0x9E3779B97F4A7C15) ^ b) * np.uint64(0xBF58476D1CE4E5B9) ^ c) * np.uint64(
        0x94D049BB133111EB
    )
    return np.int64(hashed >> np.uint64(40)) & (CACHED_WORDS - 2)
