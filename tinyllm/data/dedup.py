"""Duplicates: texts that are the same, and texts that are nearly the same, found without comparing each with each.

Two texts are as similar as the sets of their shingles, the runs of three words in them: the Jaccard similarity, the
size of the intersection over that of the union. MinHash (Broder 1997) puts a set into a signature of 128 numbers, each
the least value that one hash function takes over the set: the probability that two sets agree in a number is their
Jaccard similarity. Locality-sensitive hashing (Indyk and Motwani 1998) cuts the signatures into bands and compares only
texts that share a whole band, which similar ones almost surely do.
"""

import functools
import hashlib
import re
import unicodedata

import numpy as np

from tinyllm.errors import UsageError

SHINGLE = 3  # words
PERMUTATIONS = 128  # numbers of a signature: the estimate of a similarity of 0.8 is then off by 0.035 (one sigma)
RECALL = 0.99  # of the pairs right at the threshold; those above are found more surely still
CHUNK = 4096  # shingles hashed at a time
WORD = re.compile(r"[^\W_]+")
GOLDEN, FIRST, SECOND = (np.uint64(n) for n in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))


def normalised(text):
    """str -> list of words: what counts in a comparison, without case, punctuation or spaces."""
    return WORD.findall(unicodedata.normalize("NFC", text).casefold())


def text_hash(text):
    """str -> 16 bytes, the same for texts of the same words in the same order."""
    return hashlib.blake2b(" ".join(normalised(text)).encode("utf-8", "replace"), digest_size=16).digest()


def least_hashes(shingles, factors, offsets):
    """uint64 (N,), (P, 1), (P, 1) -> uint32 (P,): of each of P hash functions, the least value over the shingles.

    Multiply-shift hashing (Dietzfelbinger et al. 1997): the upper half of factor * shingle + offset modulo 2**64, the
    factor odd.
    """
    least = (factors * shingles + offsets).min(axis=1)
    return (least >> np.uint64(32)).astype(np.uint32)


def similarity(signature, others):
    """uint32 (P,), (N, P) -> (N,): the estimated Jaccard similarity to each, the share of the places that agree."""
    return (others == signature).mean(axis=1)


class MinHash:
    """Signatures of texts: uint32 (PERMUTATIONS,), of which two agree in as many places as the texts are similar."""

    def __init__(self, *, seed=0):
        rng = np.random.default_rng(seed)
        self.factors = rng.integers(1 << 63, size=(PERMUTATIONS, 1), dtype=np.uint64) * np.uint64(2) + np.uint64(1)
        self.offsets = rng.integers(1 << 64, size=(PERMUTATIONS, 1), dtype=np.uint64)
        self.word_hashes = WordHashes()

    def __call__(self, text):
        """str -> uint32 (PERMUTATIONS,)"""
        hashes = self.shingles(text)
        chunks = [hashes[start : start + CHUNK] for start in range(0, len(hashes), CHUNK)]
        return functools.reduce(np.minimum, [least_hashes(chunk, self.factors, self.offsets) for chunk in chunks])

    def shingles(self, text):
        """str -> uint64 (N,), one hash per run of SHINGLE words, in order; a shorter text is a single run."""
        words = self.word_hashes(normalised(text))
        length = min(SHINGLE, len(words))
        return run_hashes(words, length) if length else np.zeros(1, dtype=np.uint64)


class WordHashes:
    """Words -> uint64 (N,), one hash each: the same in every process, which Python's own is not."""

    def __init__(self):
        self.known = {}

    def __call__(self, words):
        return np.array([self._hash(word) for word in words], dtype=np.uint64)

    def _hash(self, word):
        if word not in self.known:
            if len(self.known) >= 1 << 20:
                self.known.clear()  # the frequent words are back in a moment
            digest = hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=8).digest()
            self.known[word] = int.from_bytes(digest, "little")
        return self.known[word]


def run_hashes(words, length):
    """uint64 (N,), one hash a word -> uint64 (N - length + 1,), one a run of `length` words, in order."""
    count = max(0, len(words) - length + 1)
    runs = np.zeros(count, dtype=np.uint64)
    for place in range(length):
        runs = _mixed(runs * GOLDEN + words[place : place + count])
    return runs


def _mixed(numbers):
    """uint64 -> uint64, a permutation that leaves no pattern (the end of SplitMix64, Steele et al. 2014)."""
    numbers = (numbers ^ (numbers >> np.uint64(30))) * FIRST
    numbers = (numbers ^ (numbers >> np.uint64(27))) * SECOND
    return numbers ^ (numbers >> np.uint64(31))


def rows_per_band(threshold):
    """How many numbers of a signature make a band: as many as still find RECALL of the pairs at the threshold.

    With r numbers in each of b bands, a pair of similarity s shares one with probability 1 - (1 - s**r)**b.
    """
    found = [rows for rows in range(1, PERMUTATIONS + 1)
             if 1 - (1 - threshold**rows) ** (PERMUTATIONS // rows) >= RECALL]  # fmt: skip
    return max(found, default=1)


class NearIndex:
    """The signatures of the texts seen so far, by the bands in them: finds those that are near a new one."""

    def __init__(self, *, threshold, seed=0):
        if not 0 < threshold <= 1:
            raise UsageError(f"threshold={threshold} must be above 0 and at most 1; 0.8 is usual")
        self.threshold, self.signature = threshold, MinHash(seed=seed)
        self.rows = rows_per_band(threshold)
        self.signatures = np.empty((1024, PERMUTATIONS), dtype=np.uint32)
        self.count = 0
        self.tables = [{} for _ in range(PERMUTATIONS // self.rows)]  # of each band: its bytes -> numbers of texts

    def near(self, signature):
        """Signature -> list of the numbers of the texts whose estimated similarity reaches the threshold, in order."""
        candidates = set()
        for table, band in self._bands(signature):
            candidates.update(table.get(band, ()))
        numbers = np.array(sorted(candidates), dtype=np.int64)
        return numbers[similarity(signature, self.signatures[numbers]) >= self.threshold].tolist()

    def add(self, signature):
        """Remember a signature -> its number, counted from 0."""
        if self.count == len(self.signatures):
            self.signatures = np.concatenate([self.signatures, np.empty_like(self.signatures)])
        self.signatures[self.count] = signature
        for table, band in self._bands(signature):
            table.setdefault(band, []).append(self.count)
        self.count += 1
        return self.count - 1

    def _bands(self, signature):
        size = self.rows * signature.itemsize
        data = signature.tobytes()
        for place, table in enumerate(self.tables):
            yield table, data[place * size : (place + 1) * size]


class DedupReport:
    """What was found: texts read and kept, and dropped as equal or as near to an earlier one."""

    def __init__(self):
        self.read = self.kept = self.equal = self.near = 0


def dedup(texts, *, threshold, report, seed=0):
    """Iterable of str -> generator of those that are neither equal nor near to an earlier one that was kept.

    The `DedupReport` counts what happens. The texts themselves are not remembered: 512 bytes of signature and as much
    again in bands are, for each that is kept. UsageError for a threshold out of range.
    """
    index, seen = NearIndex(threshold=threshold, seed=seed), set()
    for text in texts:
        report.read += 1
        key = text_hash(text)
        if key in seen:
            report.equal += 1
            continue
        seen.add(key)
        signature = index.signature(text)
        if index.near(signature):
            report.near += 1
            continue
        index.add(signature)
        report.kept += 1
        yield text
