"""Right answers to m02.e08 in other styles than the solution's."""

STYLES = {
    "loops": """
        def count_pairs(words, counts):
            pair_counts, where = {}, {}
            for index in range(len(words)):
                word = words[index]
                for i in range(len(word) - 1):
                    pair = (word[i], word[i + 1])
                    if pair not in pair_counts:
                        pair_counts[pair] = 0
                        where[pair] = set()
                    pair_counts[pair] += counts[index]
                    where[pair].add(index)
            return pair_counts, where

        def merge_word(word, pair, new_id):
            merged, i = [], 0
            while i < len(word):
                if i + 1 < len(word) and word[i] == pair[0] and word[i + 1] == pair[1]:
                    merged.append(new_id)
                    i += 2
                else:
                    merged.append(word[i])
                    i += 1
            return tuple(merged)

        def train_merges(word_counts, merges_wanted, *, progress=None):
            words, counts = [], []
            for word in word_counts:
                words.append(tuple(word.translate(BYTE_IDS)))
                counts.append(word_counts[word])
            pair_counts, where = count_pairs(words, counts)
            merges = []
            while len(merges) < merges_wanted:
                best = None
                for pair, count in pair_counts.items():
                    if count > 0 and (best is None or (-count, pair) < (-pair_counts[best], best)):
                        best = pair
                if best is None:
                    break
                for index in list(where[best]):
                    word, new = words[index], merge_word(words[index], best, 256 + len(merges))
                    for pair in zip(word, word[1:]):
                        pair_counts[pair] -= counts[index]
                    for pair in zip(new, new[1:]):
                        pair_counts[pair] = pair_counts.get(pair, 0) + counts[index]
                        where.setdefault(pair, set()).add(index)
                    words[index] = new
                merges.append(best)
                if progress is not None:
                    progress(len(merges), merges_wanted)
            return merges
        """,
    "heap": """
        import heapq

        def train_merges(word_counts, merges_wanted, *, progress=None):
            words = [tuple(word.translate(BYTE_IDS)) for word in word_counts]
            counts = list(word_counts.values())
            pair_counts, where = count_pairs(words, counts)
            heap = [(-count, pair) for pair, count in pair_counts.items()]
            heapq.heapify(heap)
            merges = []
            while heap and len(merges) < merges_wanted:
                count, pair = heapq.heappop(heap)
                if pair_counts.get(pair) != -count:
                    continue
                changed = set()
                for index in where[pair]:
                    new = merge_word(words[index], pair, 256 + len(merges))
                    for sign, word in ((-1, words[index]), (1, new)):
                        for both in itertools.pairwise(word):
                            pair_counts[both] += sign * counts[index]
                            where[both].add(index) if sign == 1 else None
                            changed.add(both)
                    words[index] = new
                for both in changed:
                    if pair_counts[both]:
                        heapq.heappush(heap, (-pair_counts[both], both))
                    else:
                        del pair_counts[both]
                merges.append(pair)
                if progress:
                    progress(len(merges), merges_wanted)
            return merges
        """,
    "types": """
        from collections.abc import Callable
        from dataclasses import dataclass
        from typing import TypeAlias

        Pair: TypeAlias = tuple[int, int]

        @dataclass
        class Word:
            ids: tuple[int, ...]
            count: int

            def pairs(self) -> list[Pair]:
                return list(itertools.pairwise(self.ids))

        def count_pairs(words: list[tuple[int, ...]], counts: list[int]) -> tuple[dict[Pair, int], dict[Pair, set]]:
            pair_counts: dict[Pair, int] = collections.defaultdict(int)
            where: dict[Pair, set[int]] = collections.defaultdict(set)
            for index, word in enumerate(map(Word, words, counts)):
                for pair in word.pairs():
                    pair_counts[pair] += word.count
                    where[pair].add(index)
            return dict(pair_counts), dict(where)

        def train_merges(
            word_counts: dict[bytes, int], merges_wanted: int, *, progress: Callable | None = None
        ) -> list[Pair]:
            words = [Word(tuple(word.translate(BYTE_IDS)), count) for word, count in word_counts.items()]
            pair_counts, where = count_pairs([word.ids for word in words], [word.count for word in words])
            merges: list[Pair] = []
            for done in range(1, merges_wanted + 1):
                if not pair_counts:
                    return merges
                most = max(pair_counts.values())
                best = min(pair for pair, count in pair_counts.items() if count == most)
                for index in where.pop(best, set()):
                    word = words[index]
                    for pair in word.pairs():
                        pair_counts[pair] -= word.count
                        if not pair_counts[pair]:
                            pair_counts.pop(pair)
                    word.ids = merge_word(word.ids, best, 255 + done)
                    for pair in word.pairs():
                        pair_counts[pair] = pair_counts.get(pair, 0) + word.count
                        where.setdefault(pair, set()).add(index)
                merges.append(best)
                if progress:
                    progress(done, merges_wanted)
            return merges
        """,
}  # fmt: skip
