"""Right answers to m05.e09 in other styles than the solution's."""

STYLES = {
    "loops": """
        def rarity(texts, vocab_size):
            counts = [0] * vocab_size
            total = 0
            for text in texts:
                for token in text:
                    counts[token] += 1
                    total += 1
            found = np.zeros(len(texts))
            for number, text in enumerate(texts):
                for token in text:
                    found[number] -= math.log(counts[token] / total)
            return found

        def competence(progress, *, start):
            if progress >= 1:
                return 1
            return (start * start + progress * (1 - start * start)) ** 0.5

        def draw(scores, step, *, steps, start, batch, seed):
            pairs = sorted((score, number) for number, score in enumerate(scores))
            share = competence(step / steps, start=start) * len(scores)
            n = int(share)
            if n < share:
                n += 1
            places = np.random.default_rng([seed, step]).integers(n, size=batch)
            return np.array([pairs[place][1] for place in places])
        """,
    "functions": """
        from collections import Counter
        from itertools import chain

        def rarity(texts, vocab_size):
            counts = Counter(chain.from_iterable(text.tolist() for text in texts))
            total = math.log(sum(counts.values()))
            return np.array([sum(total - math.log(counts[token]) for token in text.tolist()) for text in texts],
                            dtype=float)

        def competence(progress, *, start):
            return math.hypot(start, math.sqrt(min(progress, 1) * (1 - start**2))) if progress < 1 else 1.0

        def draw(scores, step, *, steps, start, batch, seed):
            numbers = sorted(range(len(scores)), key=scores.__getitem__)
            in_play = numbers[: math.ceil(len(scores) * competence(step / steps, start=start))]
            return np.take(in_play, np.random.default_rng([seed, step]).integers(len(in_play), size=batch))
        """,
    "types": """
        from collections.abc import Sequence

        def rarity(texts: Sequence[np.ndarray], vocab_size: int) -> np.ndarray:
            whole: np.ndarray = np.concatenate(texts)
            counts = np.zeros(vocab_size)
            np.add.at(counts, whole, 1)
            ends = np.cumsum([0, *map(len, texts)])
            sums = np.concatenate([[0.0], np.cumsum(np.log(whole.size / counts[whole]))])
            return sums[ends[1:]] - sums[ends[:-1]]

        def competence(progress: float, *, start: float) -> float:
            return float(np.sqrt(np.interp(progress, [0.0, 1.0], [start**2, 1.0])))

        def draw(scores: np.ndarray, step: int, *, steps: int, start: float, batch: int, seed: int) -> np.ndarray:
            order = np.lexsort((np.arange(len(scores)), scores))
            in_play: np.ndarray = order[: int(np.ceil(len(scores) * competence(step / steps, start=start)))]
            generator: np.random.Generator = np.random.default_rng([seed, step])
            return in_play[generator.integers(in_play.size, size=batch)]
        """,
    "tables": """
        def rarity(texts, vocab_size):
            everything = np.concatenate(texts)
            _, place, counts = np.unique(everything, return_inverse=True, return_counts=True)
            surprise = np.log(len(everything)) - np.log(counts)[place]
            owner = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
            return np.bincount(owner, weights=surprise, minlength=len(texts))

        def competence(progress, *, start):
            return np.sqrt(np.interp(progress, [0, 1], [start**2, 1]))

        def draw(scores, step, *, steps, start, batch, seed):
            in_play = int(np.ceil(competence(step / steps, start=start) * len(scores)))
            order = np.lexsort((np.arange(len(scores)), scores))
            return np.random.default_rng([seed, step]).choice(order[:in_play], size=batch)
        """,
}
