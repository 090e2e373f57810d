"""Right answers to m06.e08 in other styles than the solution's."""

STYLES = {
    "loops": """
        def gaps(score, pairs):
            texts = []
            for pair in pairs:
                texts.append(pair.first)
                texts.append(pair.second)
            found = score(texts)
            result = np.zeros(len(pairs))
            for number in range(len(pairs)):
                result[number] = float(found[2 * number]) - float(found[2 * number + 1])
            return result

        def at_places(pattern, change):
            def noise(text, level, draw):
                result, end = "", 0
                for match in re.finditer(pattern, text):
                    result += text[end : match.start()]
                    chance = draw.random()
                    choice = draw.random()
                    if chance < level:
                        result += change(match.group(), choice)
                    else:
                        result += match.group()
                    end = match.end()
                return result + text[end:]

            return noise

        def verdict(study):
            if study.chosen_on_test:
                return CHOSEN, None
            left = of_a = of_b = 0
            sizes, counts = {}, {}
            for a, b, read, group in zip(study.a, study.b, study.read, study.groups):
                if read:
                    continue
                left += 1
                sizes[group] = sizes.get(group, 0) + 1
                here = counts.setdefault(group, [0, 0])
                if a and not b:
                    of_a += 1
                    here[0] += 1
                if b and not a:
                    of_b += 1
                    here[1] += 1
            if left < LEAST:
                return FEW, None
            p = min(1, coin_tails(of_a, of_b) * study.tried)
            if p >= LEVEL:
                return CHANCE, float(p)
            if of_b > of_a:
                return WORSE, p
            means, squares = [], 0
            for seeds in (study.seeds_a, study.seeds_b):
                mean = sum(seeds) / len(seeds)
                means.append(mean)
                squares += sum((seed - mean) ** 2 for seed in seeds) / (len(seeds) - 1) / len(seeds)
            if means[0] - means[1] <= 2 * squares**0.5:
                return SEED, p
            large = [group for group in sizes if sizes[group] >= LEAST]
            for group in large:
                one, other = counts[group]
                if other > one and coin_tails(one, other) * len(large) < LEVEL:
                    return PARTLY, p
            return BETTER, p
        """,
    "functions": """
        from itertools import chain

        def gaps(score, pairs):
            texts = [pair.first for pair in pairs] + [pair.second for pair in pairs]
            first, second = np.split(np.array(score(texts), dtype=np.float64), 2)
            return first - second

        def at_places(pattern, change):
            def noise(text, level, draw):
                def one(match):
                    numbers = [draw.random() for _ in range(2)]
                    return change(match.group(0), numbers[1]) if numbers[0] < level else match.group(0)

                return re.sub(pattern, one, text)

            return noise

        def verdict(study):
            kept = np.logical_not(study.read)
            a, b, groups = study.a[kept], study.b[kept], study.groups[kept]

            def compared(some):
                return int(np.sum(a[some] & ~b[some])), int(np.sum(b[some] & ~a[some]))

            if study.chosen_on_test or len(a) < LEAST:
                return (CHOSEN if study.chosen_on_test else FEW), None
            wins, losses = compared(slice(None))
            p = min(1.0, coin_tails(wins, losses) * study.tried)
            error = np.hypot(*(np.std(some, ddof=1) / np.sqrt(len(some)) for some in (study.seeds_a, study.seeds_b)))
            large = [group for group in np.unique(groups) if np.sum(groups == group) >= LEAST]
            worse = (compared(groups == group) for group in large)
            questions = {
                CHANCE: p >= LEVEL,
                WORSE: wins < losses,
                SEED: np.mean(study.seeds_a) - np.mean(study.seeds_b) <= 2 * error,
                PARTLY: any(less < more and len(large) * coin_tails(less, more) < LEVEL for less, more in worse),
                BETTER: True,
            }
            return next(answer for answer, holds in questions.items() if holds), p
        """,
    "types": """
        from collections.abc import Callable, Sequence
        from typing import Any

        def gaps(score: Callable[[list[str]], Any], pairs: Sequence[Any]) -> np.ndarray:
            texts: list[str] = [text for pair in pairs for text in (pair.first, pair.second)]
            found: np.ndarray = np.asarray(score(texts), dtype=np.float64).reshape(len(pairs), 2)
            return found[:, 0] - found[:, 1]

        Noise = Callable[[str, float, Any], str]

        def at_places(pattern: str, change: Callable[[str, float], str]) -> Noise:
            compiled: re.Pattern[str] = re.compile(pattern)

            def noise(text: str, level: float, draw: Any) -> str:
                parts: list[str] = []
                end: int = 0
                for match in compiled.finditer(text):
                    chance, choice = draw.random(), draw.random()
                    parts += [text[end : match.start()], change(match[0], choice) if chance < level else match[0]]
                    end = match.end()
                return "".join([*parts, text[end:]])

            return noise

        def verdict(study: Study) -> tuple[str, float | None]:
            kept: np.ndarray = np.flatnonzero(~study.read)
            if study.chosen_on_test:
                return CHOSEN, None
            if kept.size < LEAST:
                return FEW, None
            sign: np.ndarray = study.a[kept].astype(int) - study.b[kept].astype(int)
            of_a, of_b = int((sign > 0).sum()), int((sign < 0).sum())
            p: float = min(1.0, study.tried * coin_tails(of_a, of_b))
            if not p < LEVEL:
                return CHANCE, p
            if sign.sum() < 0:
                return WORSE, p
            both: list[np.ndarray] = [study.seeds_a, study.seeds_b]
            variances: list[float] = [float(np.var(some, ddof=1)) / len(some) for some in both]
            if study.seeds_a.mean() - study.seeds_b.mean() <= 2 * math.sqrt(sum(variances)):
                return SEED, p
            groups: np.ndarray = study.groups[kept]
            numbers, sizes = np.unique(groups, return_counts=True)
            large: np.ndarray = numbers[sizes >= LEAST]
            for number in large:
                here: np.ndarray = sign[groups == number]
                alone: float = coin_tails(int((here > 0).sum()), int((here < 0).sum()))
                if here.sum() < 0 and len(large) * alone < LEVEL:
                    return PARTLY, p
            return BETTER, p
        """,
}
