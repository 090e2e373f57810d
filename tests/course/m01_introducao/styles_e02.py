"""Right answers to m01.e02 in other styles than the solution's."""

STYLES = {
    "loops": """
        import math

        def count_bigrams(ids, vocab_size):
            counts = np.zeros((vocab_size, vocab_size))
            for before, after in zip(ids[:-1], ids[1:]):
                counts[before, after] += 1
            return counts

        def smoothed_probabilities(counts, k):
            table = np.empty(counts.shape)
            for i in range(len(counts)):
                total = sum(counts[i]) + k * len(counts)
                for j in range(len(counts)):
                    table[i, j] = (counts[i, j] + k) / total
            return table

        def perplexity(probabilities, ids):
            total = 0.0
            for n in range(len(ids) - 1):
                total -= math.log(probabilities[ids[n], ids[n + 1]])
            return math.exp(total / (len(ids) - 1))
        """,
    "einsum": """
        def one_hot(ids, vocab_size):
            return np.eye(vocab_size)[ids]

        def count_bigrams(ids, vocab_size):
            pairs = vocab_size * np.asarray(ids[:-1], dtype=np.int64) + ids[1:]
            return np.bincount(pairs, minlength=vocab_size**2).reshape(vocab_size, -1).astype(float)

        def smoothed_probabilities(counts, k):
            totals = np.einsum("ij->i", counts) + k * counts.shape[1]
            return np.einsum("ij,i->ij", counts + k, 1 / totals)
        """,
    "types": """
        from collections import Counter
        from typing import Any

        def pairs(ids: Any) -> list[tuple[int, int]]:
            return list(zip(ids[:-1].tolist(), ids[1:].tolist(), strict=True))

        def count_bigrams(ids: np.ndarray, vocab_size: int) -> np.ndarray:
            counts = np.zeros((vocab_size, vocab_size))
            for (before, after), times in Counter(pairs(ids)).items():
                counts[before, after] = times
            return counts

        def perplexity(probabilities: np.ndarray, ids: np.ndarray) -> float:
            surprise = [-np.log(probabilities[before, after]) for before, after in pairs(ids)]
            return np.exp(np.mean(surprise))
        """,
}  # fmt: skip
