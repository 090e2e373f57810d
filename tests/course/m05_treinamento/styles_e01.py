"""Right answers to m05.e01 in other styles than the solution's."""

STYLES = {
    "loops": """
        def rates(lowest, highest, steps):
            factor = (highest / lowest) ** (1 / (steps - 1))
            return np.array([lowest * factor**number for number in range(steps)])

        def suggest(rates, losses):
            n = len(losses)
            curve = []
            for i in range(n):
                r = min(AROUND, i, n - 1 - i)
                curve.append(sum(losses[i - r : i + r + 1]) / (2 * r + 1))
            lowest = curve.index(min(curve))
            slopes = np.gradient(curve, np.log(rates))
            best = 0
            for i in range(lowest + 1):
                if slopes[i] < slopes[best]:
                    best = i
            return rates[best]

        def halving(rates, loss_of, steps):
            left, before, spent = list(rates), 0, 0
            while len(left) != 1:
                measured = []
                for rate in left:
                    loss = loss_of(rate, steps)
                    spent += steps - before
                    if loss != loss:
                        loss = float("inf")
                    measured.append((loss, rate))
                measured.sort()
                left = [rate for _, rate in measured][: math.ceil(len(left) / 2)]
                before = steps
                steps *= 2
            return left[0], spent
        """,
    "types": """
        from collections.abc import Callable

        def rates(lowest: float, highest: float, steps: int) -> np.ndarray:
            return np.exp(np.linspace(np.log(lowest), np.log(highest), steps))

        def smooth(losses: np.ndarray, i: int) -> float:
            r: int = min(AROUND, i, len(losses) - 1 - i)
            return float(losses[i - r : i + r + 1].mean(dtype=np.float64))

        def suggest(rates: np.ndarray, losses: np.ndarray) -> float:
            curve: np.ndarray = np.array([smooth(losses, i) for i in range(len(losses))])
            slopes: np.ndarray = np.gradient(curve, np.log(rates))
            slopes[int(np.argmin(curve)) + 1 :] = np.inf
            return float(rates[int(np.argmin(slopes))])

        def halving(rates: list[float], loss_of: Callable[[float, int], float], steps: int) -> tuple[float, int]:
            def after(left: list[float], before: int, steps: int, spent: int) -> tuple[float, int]:
                if len(left) == 1:
                    return left[0], spent
                losses = np.array([loss_of(rate, steps) for rate in left])
                order = np.argsort(np.where(np.isnan(losses), np.inf, losses), kind="stable")
                kept = [left[i] for i in order[: -(-len(left) // 2)]]
                return after(kept, steps, 2 * steps, spent + len(left) * (steps - before))

            return after(list(rates), 0, steps, 0)
        """,
}
