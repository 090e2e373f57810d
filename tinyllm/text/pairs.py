"""The pairs of neighbours in words that are being merged: how `merging.train_merges` is compiled."""

import numpy as np

from tinyllm.backend.kernels import lean_kernel
from tinyllm.errors import UsageError

EDGE = -1  # before, between and after the words


class Pairs:
    """The words as one row of tokens, and what is known of their pairs: the arrays of the kernels below.

    A token stands in `tokens` at the place of its first byte. The places of its other bytes hold negative numbers, the
    last one -2 - (the first place), so that the neighbours of a token are found on both sides. `lengths` are the
    tokens' bytes. A row of `seen` is where a pair was seen, which word that is, and the next row of the same pair.

    `pairs` is a hash table of (pair, count), a pair being left id << 32 | right id, or -1 where there is none; `heads`
    holds the first row of `seen` of each. `heap` has (count, pair), the most frequent on top.

    `sides` are for the pairs (x, new) and (new, x) of one merge, which are all seen in that merge: by x their count
    and the first and last row of `seen`; `met` lists the x.
    """

    def __init__(self, table, merges_wanted, byte_ids):
        words = table.words[: len(table)]
        letters = int(words[:, 1].sum())
        size = 1 + letters + len(words)
        if size >= 1 << 31 or 3 * letters >= 1 << 31:
            raise UsageError(f"the different words have {letters} bytes; the limit is {(1 << 31) // 3}, train on less")
        merges_wanted = min(merges_wanted, letters)  # each leaves a token less: there cannot be more
        vocab_size = 256 + merges_wanted
        self.merges = np.empty((merges_wanted, 2), np.int64)
        self.tokens, self.weights = np.empty(size, np.int32), words[:, 2].copy()
        self.lengths = np.ones(vocab_size, np.int32)
        self.seen = np.empty((3 * letters, 3), np.int32)  # a merge leaves a token less, and makes two pairs
        self.pairs, self.heads = empty_pairs(1 << 18)
        self.heap = np.empty((1 << 17, 2), np.int64)
        self.side_counts, self.side_rows = (
            np.zeros((2, vocab_size), np.int64),
            np.full((2, vocab_size, 2), -1, np.int32),
        )
        self.met = np.empty((2, vocab_size), np.int32)
        self.used = np.zeros(4, np.int64)  # merges, rows of seen, pairs, pairs in the heap
        read_words(
            words, table.letters, np.frombuffer(byte_ids, np.uint8),
            self.tokens, self.seen, self.pairs, self.heads, self.heap, self.used,
        )  # fmt: skip

    @property
    def done(self):
        return int(self.used[0])

    @property
    def queued(self):
        return int(self.used[3])

    def merge(self, until):
        """Do merges up to a number, or fewer if there are no more pairs."""
        while self.done < until and self.queued:
            merge_pairs(
                until, self.merges, self.tokens, self.weights, self.lengths, self.seen, self.pairs, self.heads,
                self.heap, self.side_counts, self.side_rows, self.met, self.used,
            )  # fmt: skip
            if self.done < until and self.queued:
                self.grow()

    def grow(self):
        """Twice the room for pairs."""
        pairs, heads = empty_pairs(2 * len(self.pairs))
        move_pairs(self.pairs, self.heads, pairs, heads)
        self.pairs, self.heads = pairs, heads
        self.heap = np.concatenate([self.heap, np.empty_like(self.heap)])


def empty_pairs(size):
    pairs = np.zeros((size, 2), np.int64)
    pairs[:, 0] = EDGE
    return pairs, np.full(size, -1, np.int32)


@lean_kernel
def read_words(words, letters, byte_ids, tokens, seen, pairs, heads, heap, used):
    """Put the words in a row of tokens, count their pairs and queue these. From the last to the first, for the rows of
    a pair to come out in the order of the text."""
    end = tokens.size - 1
    tokens[end] = EDGE
    rows = count = 0
    for word in range(words.shape[0] - 1, -1, -1):
        start, length = words[word, 0], words[word, 1]
        for i in range(length - 1, -1, -1):
            end -= 1
            tokens[end] = byte_ids[letters[start + i]]
            if i + 1 < length:
                pair = np.int64(tokens[end]) << 32 | np.int64(tokens[end + 1])
                slot = find_pair(pair, pairs)
                if pairs[slot, 0] == EDGE:
                    pairs[slot, 0] = pair
                    count += 1
                pairs[slot, 1] += words[word, 2]
                seen[rows, 0], seen[rows, 1], seen[rows, 2] = end, word, heads[slot]
                heads[slot] = rows
                rows += 1
        end -= 1
        tokens[end] = EDGE
    queued = 0
    for slot in range(pairs.shape[0]):
        if pairs[slot, 0] != EDGE:
            push(heap, queued, pairs[slot, 1], pairs[slot, 0])
            queued += 1
    used[0], used[1], used[2], used[3] = 0, rows, count, queued


@lean_kernel
def merge_pairs(until, merges, tokens, weights, lengths, seen, pairs, heads, heap, side_counts, side_rows, met, used):
    """Do merges up to a number, or until there are no more pairs, or no room for those of one more merge."""
    done, rows, count, queued = used[0], used[1], used[2], used[3]
    while done < until and queued > 0:
        new = 256 + done
        if 2 * (count + 2 * new + 2) > pairs.shape[0] or queued + 2 * new + 2 > heap.shape[0]:
            break
        times, pair = heap[0, 0], heap[0, 1]
        queued -= 1
        pop(heap, queued)
        slot = find_pair(pair, pairs)
        if pairs[slot, 1] != times:  # merges since then took some away
            if pairs[slot, 1] > 0:
                push(heap, queued, pairs[slot, 1], pair)
                queued += 1
            continue
        left, right = pair >> 32, pair & 0xFFFFFFFF
        merges[done, 0], merges[done, 1] = left, right
        lengths[new] = lengths[left] + lengths[right]
        met_left = met_right = 0
        row = heads[slot]
        while row >= 0:
            at, word, row = np.int64(seen[row, 0]), seen[row, 1], seen[row, 2]
            middle = at + lengths[left]
            if tokens[at] != left or tokens[middle] != right:
                continue  # since it was seen, another merge took one of the two
            end, weight = middle + lengths[right], weights[word]
            tokens[middle] = EDGE
            tokens[end - 1] = -2 - at
            tokens[at] = new

            before = tokens[at - 1]
            if before != EDGE:
                start = at - 1 if before >= 0 else np.int64(-2 - before)
                x = np.int64(tokens[start])
                if x == new:
                    side_counts[1, left] -= weight  # (new, left) was made a moment ago
                else:
                    pairs[find_pair(x << 32 | left, pairs), 1] -= weight
                if side_rows[0, x, 0] < 0:
                    met[0, met_left] = x
                    met_left += 1
                rows = meet(0, x, start, word, weight, rows, seen, side_counts, side_rows)
            x = np.int64(tokens[end])
            if x != EDGE:
                pairs[find_pair(right << 32 | x, pairs), 1] -= weight
                if side_rows[1, x, 0] < 0:
                    met[1, met_right] = x
                    met_right += 1
                rows = meet(1, x, at, word, weight, rows, seen, side_counts, side_rows)

        pairs[slot, 1] = 0
        for side in range(2):
            for i in range(met_right if side else met_left):
                x = np.int64(met[side, i])
                times = side_counts[side, x]
                if times > 0:
                    new_pair = np.int64(new) << 32 | x if side else x << 32 | np.int64(new)
                    slot = find_pair(new_pair, pairs)
                    pairs[slot, 0], pairs[slot, 1], heads[slot] = new_pair, times, side_rows[side, x, 0]
                    count += 1
                    push(heap, queued, times, new_pair)
                    queued += 1
                side_counts[side, x] = 0
                side_rows[side, x, 0] = -1
        done += 1
    used[0], used[1], used[2], used[3] = done, rows, count, queued


@lean_kernel
def meet(side, x, at, word, weight, rows, seen, side_counts, side_rows):
    """Note that x stands at a side of the new token, in row number `rows` of `seen`; return the number of the next."""
    seen[rows, 0], seen[rows, 1], seen[rows, 2] = at, word, -1
    if side_rows[side, x, 0] < 0:
        side_rows[side, x, 0] = rows
    else:
        seen[side_rows[side, x, 1], 2] = rows
    side_rows[side, x, 1] = rows
    side_counts[side, x] += weight
    return rows + 1


@lean_kernel
def find_pair(pair, pairs):
    """The slot of a pair, or the empty one where it belongs."""
    last = np.uint64(pairs.shape[0] - 1)
    slot = (np.uint64(pair) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32) & last
    while pairs[slot, 0] != pair and pairs[slot, 0] != EDGE:
        slot = (slot + np.uint64(1)) & last
    return slot


@lean_kernel
def move_pairs(pairs, heads, new_pairs, new_heads):
    """Enter the pairs that are left into a larger table."""
    for old in range(pairs.shape[0]):
        if pairs[old, 0] != EDGE:
            slot = find_pair(pairs[old, 0], new_pairs)
            new_pairs[slot, 0], new_pairs[slot, 1], new_heads[slot] = pairs[old, 0], pairs[old, 1], heads[old]


@lean_kernel
def push(heap, size, times, pair):
    """Enter a pair into a heap of so many."""
    child = size
    while child > 0:
        parent = (child - 1) >> 1
        if not comes_first(times, pair, heap[parent, 0], heap[parent, 1]):
            break
        heap[child, 0], heap[child, 1] = heap[parent, 0], heap[parent, 1]
        child = parent
    heap[child, 0], heap[child, 1] = times, pair


@lean_kernel
def pop(heap, size):
    """Drop the top of a heap, of which so many pairs will be left."""
    times, pair = heap[size, 0], heap[size, 1]
    parent = 0
    while 2 * parent + 1 < size:
        child = 2 * parent + 1
        if child + 1 < size and comes_first(heap[child + 1, 0], heap[child + 1, 1], heap[child, 0], heap[child, 1]):
            child += 1
        if not comes_first(heap[child, 0], heap[child, 1], times, pair):
            break
        heap[parent, 0], heap[parent, 1] = heap[child, 0], heap[child, 1]
        parent = child
    heap[parent, 0], heap[parent, 1] = times, pair


@lean_kernel
def comes_first(times, pair, other_times, other_pair):
    """The more frequent pair, or of two the one of the smaller ids."""
    return times > other_times or (times == other_times and pair < other_pair)
