"""Right answers to m06.e07 in other styles than the solution's."""

STYLES = {
    "loops": """
        def contamination(examples, training, *, run=RUN):
            first, lengths, words = {}, set(), []
            for text in examples:
                said = normalised(text)
                words.append(said)
                length = min(run, len(said))
                if length:
                    lengths.add(length)
                    for start in range(len(said) - length + 1):
                        first[tuple(said[start : start + length])] = None
            number = 0
            for text in training:
                said = normalised(text)
                for length in lengths:
                    for start in range(len(said) - length + 1):
                        piece = tuple(said[start : start + length])
                        if piece in first and first[piece] is None:
                            first[piece] = number
                number += 1
            shares, texts, runs = [], [], []
            for said in words:
                length = min(run, len(said))
                covered, found = [False] * len(said), {}
                for start in range(len(said) - length + 1 if length else 0):
                    piece = tuple(said[start : start + length])
                    if first[piece] is not None:
                        for i in range(start, start + length):
                            covered[i] = True
                        found.setdefault(first[piece], []).append(" ".join(piece))
                text, shown, most = -1, "", 0
                for number in sorted(found):
                    if len(found[number]) > most:
                        text, shown, most = number, found[number][0], len(found[number])
                shares.append(sum(covered) / len(said) if said else 0.0)
                texts.append(text)
                runs.append(shown)
            return Contamination(np.array(shares, dtype=float), np.array(texts, dtype=int), runs)

        def resampled(rows, resamples, rng):
            found = np.zeros((resamples, rows.shape[1]), rows.dtype)
            for r in range(resamples):
                for place in rng.integers(len(rows), size=len(rows)):
                    found[r] += rows[place]
            return found

        def swapped(pairs, resamples, rng):
            N, K = len(pairs), pairs.shape[1] // 2
            found = np.zeros((resamples, 2 * K), pairs.dtype)
            for r in range(resamples):
                coins = rng.integers(2, size=N)
                for i in range(N):
                    if coins[i]:
                        found[r, :K] += pairs[i, K:]
                        found[r, K:] += pairs[i, :K]
                    else:
                        found[r] += pairs[i]
            return found
        """,
    "functions": """
        from collections import defaultdict

        def contamination(examples, training, *, run=RUN):
            words = list(map(normalised, examples))
            places = defaultdict(list)
            for number, some in enumerate(words):
                for start, one in enumerate(runs_of(some, min(run, len(some)))):
                    places[one].append((number, start))
            lengths = {len(one) for one in places}
            shares, texts = np.zeros(len(words)), np.full(len(words), -1)
            covered, starts = [set() for _ in words], [defaultdict(list) for _ in words]
            for number, text in enumerate(training):
                said = normalised(text)
                for one in {one for length in lengths for one in runs_of(said, length)}:
                    for example, start in places.pop(one, ()):
                        covered[example].update(range(start, start + len(one)))
                        starts[example][number].append(start)
            for number, some in enumerate(words):
                shares[number] = len(covered[number]) / max(1, len(some))
                if starts[number]:
                    texts[number] = max(starts[number], key=lambda text: (len(starts[number][text]), -text))
            begins = [min(begun[text], default=len(some)) for some, begun, text in zip(words, starts, texts)]
            runs = [" ".join(some[begin : begin + run]) for some, begin in zip(words, begins)]
            return Contamination(shares, texts, runs)

        def resampled(rows, resamples, rng):
            N = len(rows)
            drawn = rng.integers(N, size=(resamples, N))
            times = np.apply_along_axis(np.bincount, 1, drawn, minlength=N)
            return times @ rows

        def swapped(pairs, resamples, rng):
            first, second = np.split(pairs, 2, axis=1)
            coins = rng.integers(2, size=(resamples, len(pairs)))
            return np.concatenate([(1 - coins) @ first + coins @ second, coins @ first + (1 - coins) @ second], axis=1)
        """,
    "types": """
        from collections.abc import Iterable

        Run = tuple[str, ...]

        def contamination(examples: list[str], training: Iterable[str], *, run: int = RUN) -> Contamination:
            words: list[list[str]] = [normalised(text) for text in examples]
            wanted: dict[Run, int] = {}
            for some in words:
                for one in runs_of(some, min(run, len(some))):
                    wanted[one] = -1
            lengths: set[int] = set(map(len, wanted))
            for number, text in enumerate(training):
                said: list[str] = normalised(text)
                for length in lengths:
                    for one in runs_of(said, length):
                        if one in wanted and wanted[one] < 0:
                            wanted[one] = number
            shares: np.ndarray = np.zeros(len(words))
            texts: np.ndarray = np.full(len(words), -1)
            runs: list[str] = [""] * len(words)
            for place, some in enumerate(words):
                mine: list[Run] = list(runs_of(some, min(run, len(some))))
                numbers: np.ndarray = np.array([wanted[one] for one in mine], dtype=int)
                starts: np.ndarray = np.flatnonzero(numbers >= 0)
                if len(starts):
                    covered: np.ndarray = np.zeros(len(some), dtype=bool)
                    covered[(starts[:, None] + np.arange(len(mine[0]))).ravel()] = True
                    shares[place] = covered.mean()
                    there, often = np.unique(numbers[starts], return_counts=True)
                    texts[place] = there[np.argmax(often)]
                    runs[place] = " ".join(mine[int(np.argmax(numbers == texts[place]))])
            return Contamination(shares, texts, runs)

        def resampled(rows: np.ndarray, resamples: int, rng: np.random.Generator) -> np.ndarray:
            N: int = rows.shape[0]
            return rows[rng.integers(N, size=(resamples, N))].sum(axis=1)

        def swapped(pairs: np.ndarray, resamples: int, rng: np.random.Generator) -> np.ndarray:
            N, K = pairs.shape[0], pairs.shape[1] // 2
            both: np.ndarray = np.stack([pairs, np.concatenate([pairs[:, K:], pairs[:, :K]], axis=1)])
            return np.stack([both[rng.integers(2, size=N), np.arange(N)].sum(axis=0) for _ in range(resamples)])
        """,
}
