"""Right answers to m06.e06 in other styles than the solution's."""

STYLES = {
    "loops": """
        def f1(table):
            found = np.zeros(table.shape[:-1])
            for place in np.ndindex(table.shape[:-2]):
                one = table[place]
                for c in range(len(one)):
                    right = one[c, c]
                    if right:
                        precision, recall = right / one[:, c].sum(), right / one[c].sum()
                        found[place + (c,)] = 2 * precision * recall / (precision + recall)
            return found

        class Bleu(Measure):
            def counts(self, hypothesis, reference):
                said = words_13a(hypothesis)
                references = [words_13a(text) for text in several(reference)]
                row = [len(said), None]
                for words in references:
                    if row[1] is None or abs(len(words) - len(said)) < abs(row[1] - len(said)):
                        row[1] = len(words)
                    elif abs(len(words) - len(said)) == abs(row[1] - len(said)) and len(words) < row[1]:
                        row[1] = len(words)
                everything = []
                for n in range(1, 5):
                    runs = ngrams(said, n)
                    right = 0
                    for run in runs:
                        most = 0
                        for words in references:
                            most = max(most, ngrams(words, n)[run])
                        right += min(runs[run], most)
                    row.append(right)
                    everything.append(sum(runs.values()))
                return row + everything

            def score(self, totals):
                found = np.zeros(totals.shape[:-1])
                for place in np.ndindex(found.shape):
                    said, nearest, *counts = totals[place].tolist()
                    if not any(counts[:4]):
                        continue
                    product, worth = 1.0, 1.0
                    for right, runs in zip(counts[:4], counts[4:]):
                        if not right:
                            worth /= 2
                            right = worth
                        product *= right / runs if runs else 0
                    penalty = 1 if said >= nearest else math.exp(1 - nearest / said)
                    found[place] = 100 * penalty * product**0.25
                return found

        import math

        def rouge_l(hypothesis, reference):
            lists = []
            for text in (hypothesis, reference):
                text, words, word = unicodedata.normalize("NFC", text).lower(), [], ""
                for letter in text + " ":
                    if re.match(r"[^\\W_]", letter):
                        word += letter
                    elif word:
                        words.append(word)
                        word = ""
                lists.append(words)
            said, expected = lists
            T = [[0] * (len(expected) + 1) for _ in range(len(said) + 1)]
            for i in range(1, len(said) + 1):
                for j in range(1, len(expected) + 1):
                    if said[i - 1] == expected[j - 1]:
                        T[i][j] = T[i - 1][j - 1] + 1
                    else:
                        T[i][j] = max(T[i - 1][j], T[i][j - 1])
            if not T[-1][-1]:
                return Overlap(0.0, 0.0, 0.0)
            precision, recall = T[-1][-1] / len(said), T[-1][-1] / len(expected)
            return Overlap(precision, recall, 2 * precision * recall / (precision + recall))
        """,
    "functions": """
        def f1(table):
            right = np.einsum("...ii->...i", table)
            both = np.einsum("...ij->...j", table) + np.einsum("...ij->...i", table)
            return np.divide(2 * right, both, out=np.zeros(both.shape), where=both > 0)

        class Bleu(Measure):
            def counts(self, hypothesis, reference):
                said, references = words_13a(hypothesis), list(map(words_13a, several(reference)))
                lengths = sorted(map(len, references))
                runs = [ngrams(said, n) for n in (1, 2, 3, 4)]
                known = [[ngrams(words, n) for words in references] for n in (1, 2, 3, 4)]
                right = [
                    sum(min(count, max(one[run] for one in some)) for run, count in mine.items())
                    for mine, some in zip(runs, known)
                ]
                return [len(said), min(lengths, key=lambda length: abs(length - len(said))), *right,
                        *(sum(each.values()) for each in runs)]

            def score(self, totals):
                said, nearest, right, runs = np.split(totals, [1, 2, 6], axis=-1)
                halves = np.cumprod(np.where(right > 0, 1, 0.5), axis=-1)
                shares = np.divide(np.where(right > 0, right, halves), runs, out=np.zeros(runs.shape), where=runs > 0)
                short = np.exp(1 - np.maximum(1, nearest / np.maximum(said, 1)))[..., 0]
                return 100 * short * np.sqrt(np.sqrt(np.prod(shares, axis=-1))) * (right.max(axis=-1) > 0)

        def rouge_l(hypothesis, reference):
            words = [re.findall("[^\\\\W_]+", unicodedata.normalize("NFC", text.lower())) for text in
                     (hypothesis, reference)]
            said, expected = words
            row = np.zeros(len(expected) + 1, int)
            for word in said:
                same = np.array([word == theirs for theirs in expected], dtype=int)
                row[1:] = np.maximum.accumulate(np.maximum(row[1:], row[:-1] + same))
            right = int(row[-1])
            p, r = (right / len(each) if each else 0.0 for each in words)
            return Overlap(p, r, 2 / (1 / p + 1 / r) if right else 0.0)
        """,
    "types": """
        def f1(table: np.ndarray) -> np.ndarray:
            right: np.ndarray = (table * np.eye(table.shape[-1], dtype=int)).sum(axis=-1)
            wrong: np.ndarray = table.sum(axis=-1) + table.sum(axis=-2) - 2 * right
            return right / np.maximum(right + wrong / 2, 0.5)

        class Bleu(Measure):
            def counts(self, hypothesis: str, reference: str | list[str]) -> np.ndarray:
                said: list[str] = words_13a(hypothesis)
                references: list[list[str]] = [words_13a(text) for text in several(reference)]
                row: np.ndarray = np.zeros(10)
                row[0] = len(said)
                row[1] = min((abs(len(words) - len(said)), len(words)) for words in references)[1]
                for n in range(1, 5):
                    mine: Counter = ngrams(said, n)
                    best: Counter = Counter()
                    for words in references:
                        best = best | ngrams(words, n)
                    row[1 + n] = mine.total() - (mine - best).total()
                    row[5 + n] = max(0, len(said) - n + 1)
                return row

            def score(self, totals: np.ndarray) -> np.ndarray:
                right: np.ndarray = totals[..., 2:6]
                runs: np.ndarray = totals[..., 6:]
                nothing: np.ndarray = right == 0
                counted = right + nothing * 2.0 ** -np.cumsum(nothing, axis=-1)
                precisions = counted * (runs > 0) / (runs + (runs == 0))
                said: np.ndarray = np.maximum(totals[..., 0], 1)
                short: np.ndarray = np.minimum(1.0, np.exp(1 - totals[..., 1] / said))
                mean = np.power(np.multiply.reduce(precisions, axis=-1), 0.25)
                return np.where(np.any(~nothing, axis=-1), 100 * short * mean, 0.0)

        def rouge_l(hypothesis: str, reference: str) -> Overlap:
            def words(text: str) -> list[str]:
                return re.compile(r"[^\\W_]+").findall(unicodedata.normalize("NFC", text).lower())

            said, expected = words(hypothesis), words(reference)
            T: np.ndarray = np.zeros((len(said) + 1, len(expected) + 1), dtype=int)
            for i, one in enumerate(said, start=1):
                for j, other in enumerate(expected, start=1):
                    T[i, j] = T[i - 1, j - 1] + 1 if one == other else max(T[i - 1, j], T[i, j - 1])
            right: int = int(T[-1, -1])
            whole: int = len(said) + len(expected)
            return Overlap(right / (len(said) or 1), right / (len(expected) or 1), 2 * right / whole if whole else 0.0)
        """,
}
