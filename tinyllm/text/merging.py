"""Learn the merges of BPE from words and their counts: merge the most frequent pair of neighbours, again and again.

A word is bytes. The id of a single byte is its place in BYTE_ORDER; merge number i makes the token 256 + i.
"""

import collections
import heapq
import itertools

from tinyllm.backend.kernels import TwinnedLoop
from tinyllm.text.formats import BYTE_CHARACTERS
from tinyllm.text.pairs import Pairs
from tinyllm.text.words import WordTable

# The order of the 256 single bytes: by the printable character that stands for each in a tokenizer.json.
BYTE_ORDER = bytes(sorted(range(256), key=BYTE_CHARACTERS.__getitem__))
BYTE_IDS = bytes(map(BYTE_ORDER.index, range(256)))


@TwinnedLoop
def train_merges(word_counts, merges_wanted, *, progress=None):
    """{word as bytes: count}, int -> list of (left id, right id), most frequent pair first.

    Pairs of equal count go by the smaller ids. Fewer merges come back when every word has become a single token.
    `progress(done, wanted)` is called now and then, and at the end.

    A step touches only the words that hold the merged pair (`where` finds them), and the most frequent pair comes from
    a heap instead of a search. A merge lowers counts inside the heap; mending those entries there would be slow, so an
    entry is checked when it surfaces. That is enough, because the count of a pair never rises: new pairs hold the
    new token.
    """
    words, counts = [], []
    for word, count in word_counts.items():
        words.append(tuple(word.translate(BYTE_IDS)))
        counts.append(count)
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

        new_id = 256 + len(merges)
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


MERGES_AT_ONCE = 64  # between two calls of `progress`


@train_merges.compiled
def train_merges_compiled(word_counts, merges_wanted, *, progress=None):
    if not isinstance(word_counts, WordTable):
        word_counts = WordTable.of(word_counts)
    state = Pairs(word_counts, merges_wanted, BYTE_IDS)
    while state.done < merges_wanted and state.queued:
        state.merge(min(merges_wanted, state.done + MERGES_AT_ONCE))
        if progress:
            progress(state.done, merges_wanted)
    return list(map(tuple, state.merges[: state.done].tolist()))
