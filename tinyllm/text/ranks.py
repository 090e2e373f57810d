"""Merge one word by the ranks of its pairs: how `encoding.encode_word` is compiled, for words short and long."""

import numpy as np

from tinyllm.backend.kernels import lean_kernel
from tinyllm.text.pairs import empty_pairs, find_pair

SHORT = 100  # bytes; in a longer word, a heap finds the next merge faster than a look at all of them
NO_RANK = 1 << 62
SCRATCH = 5  # numbers for each byte of a word: two links, and in the heap its pair and two for each merge


def rank_table(ranks):
    """{(left id, right id): (rank, new id)} -> a hash table of (pair, rank << 32 | new id), for `rank_of`."""
    rows = np.array([(*pair, *value) for pair, value in ranks.items()], np.int64).reshape(-1, 4)
    table, _ = empty_pairs(1 << max(4, (4 * len(rows)).bit_length()))
    enter_ranks(rows, table)
    return table


@lean_kernel
def enter_ranks(rows, table):
    """(n, 4) rows of left, right, rank and new id -> entered into the table by their pair."""
    for i in range(rows.shape[0]):
        pair = rows[i, 0] << 32 | rows[i, 1]
        slot = find_pair(pair, table)
        table[slot, 0], table[slot, 1] = pair, rows[i, 2] << 32 | rows[i, 3]


@lean_kernel
def merge_word(data, start, size, ids, first, base_ids, table, scratch):
    """Write the ids of a word to `ids` from `first` on and return how many there are."""
    for i in range(size):
        ids[first + i] = base_ids[data[start + i]]
    if size > SHORT:
        return merge_long(ids, first, size, table, scratch)
    return merge_short(ids, first, size, table, scratch)


@lean_kernel
def merge_short(ids, first, size, table, ranks):
    """Merge ids[first : first + size]. `ranks` is kept as the rank and new id of each with its right neighbour."""
    for i in range(size - 1):
        ranks[i] = rank_of(ids[first + i], ids[first + i + 1], table)
    while size > 1:
        best = 0
        for i in range(1, size - 1):
            if ranks[i] < ranks[best]:
                best = i
        if ranks[best] == NO_RANK:
            break
        ids[first + best] = ranks[best] & 0xFFFFFFFF
        size -= 1
        for i in range(best + 1, size):
            ids[first + i] = ids[first + i + 1]
            ranks[i - 1] = ranks[i]
        if best > 0:
            ranks[best - 1] = rank_of(ids[first + best - 1], ids[first + best], table)
        if best < size - 1:
            ranks[best] = rank_of(ids[first + best], ids[first + best + 1], table)
    return size


@lean_kernel
def merge_long(ids, first, size, table, scratch):
    """Merge ids[first : first + size] as `encode_word` does. `scratch` holds the links, then the heap."""
    before, after, heap = scratch[:size], scratch[size : 2 * size], scratch[2 * size :]
    queued = 0
    for i in range(size):
        before[i], after[i] = i - 1, i + 1
    for i in range(size - 1):
        queued = queue_pair(ids, first, i, i + 1, table, heap, queued)
    while queued > 0:
        rank, left = heap[0] >> 32, heap[0] & 0xFFFFFFFF
        queued -= 1
        sink(heap, queued)
        right = after[left]
        if right == size or ids[first + left] < 0:
            continue
        value = rank_of(ids[first + left], ids[first + right], table)
        if value >> 32 != rank:
            continue
        ids[first + left], ids[first + right] = value & 0xFFFFFFFF, -1
        after[left] = after[right]
        if after[left] < size:
            before[after[left]] = left
            queued = queue_pair(ids, first, left, after[left], table, heap, queued)
        if before[left] >= 0:
            queued = queue_pair(ids, first, before[left], left, table, heap, queued)
    kept = 0
    for i in range(size):
        if ids[first + i] >= 0:
            ids[first + kept] = ids[first + i]
            kept += 1
    return kept


@lean_kernel
def rank_of(left, right, table):
    """rank << 32 | new id of a pair, NO_RANK if it is not merged."""
    slot = find_pair(np.int64(left) << 32 | np.int64(right), table)
    return table[slot, 1] if table[slot, 0] >= 0 else NO_RANK


@lean_kernel
def queue_pair(ids, first, left, right, table, heap, queued):
    """Put rank << 32 | left into a heap of so many if the pair is merged at all; return how many there are then."""
    value = rank_of(ids[first + left], ids[first + right], table)
    if value == NO_RANK:
        return queued
    value = value >> 32 << 32 | left
    child = queued
    while child > 0 and value < heap[(child - 1) >> 1]:
        heap[child] = heap[(child - 1) >> 1]
        child = (child - 1) >> 1
    heap[child] = value
    return queued + 1


@lean_kernel
def sink(heap, size):
    """Drop the top of a heap, of which so many numbers will be left."""
    value, parent = heap[size], 0
    while 2 * parent + 1 < size:
        child = 2 * parent + 1
        if child + 1 < size and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= value:
            break
        heap[parent] = heap[child]
        parent = child
    heap[parent] = value
