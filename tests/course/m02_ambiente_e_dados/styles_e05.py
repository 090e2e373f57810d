"""Right answers to m02.e05 in other styles than the solution's."""

STYLES = {
    "row by row": """
        def jaccard(a, b):
            found = []
            for text in (a, b):
                words, parts = words_of(text), set()
                if len(words) < 3:
                    parts.add(" ".join(words))
                for i in range(len(words) - 2):
                    parts.add(words[i] + " " + words[i + 1] + " " + words[i + 2])
                found.append(parts)
            both = 0
            for part in found[0]:
                if part in found[1]:
                    both += 1
            return both / (len(found[0]) + len(found[1]) - both)

        def least_hashes(shingles, factors, offsets):
            found = []
            for factor, offset in zip(factors[:, 0], offsets[:, 0], strict=True):
                found.append((factor * shingles + offset).min() >> np.uint64(32))
            return np.array(found, dtype=np.uint32)

        def similarity(signature, others):
            return np.array([np.mean(other == signature) for other in others])
        """,
    "types": """
        from collections.abc import Iterator

        def shingles_of(text: str) -> Iterator[tuple[str, ...]]:
            words = words_of(text)
            yield from zip(words, words[1:], words[2:]) if len(words) >= 3 else [tuple(words)]

        def jaccard(a: str, b: str) -> float:
            first, second = frozenset(shingles_of(a)), frozenset(shingles_of(b))
            return len(first.intersection(second)) / len(first.union(second))

        def least_hashes(shingles: np.ndarray, factors: np.ndarray, offsets: np.ndarray) -> np.ndarray:
            hashes = np.einsum("pi,n->pn", factors, shingles) + offsets
            return np.right_shift(hashes, np.uint64(32)).astype(np.uint32).min(1)

        def similarity(signature: np.ndarray, others: np.ndarray) -> np.ndarray:
            equal: np.ndarray = np.equal(signature[None, :], others)
            return np.count_nonzero(equal, axis=1) / signature.size
        """,
}  # fmt: skip
