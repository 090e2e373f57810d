"""Right answers to m05.e08 in other styles than the solution's."""

STYLES = {
    "loops": """
        def smoothed(losses, keep):
            curve = []
            mean, count, last = 0, 0, float("nan")
            for loss in losses:
                if loss - loss == 0:
                    count += 1
                    mean = mean * keep + loss * (1 - keep)
                    last = mean / (1 - keep**count)
                curve.append(last)
            return np.array(curve)

        def diagnose(log):
            steps = len(log.loss)
            beyond = None
            for i in range(steps):
                if beyond is None and not log.largest[i] <= LARGEST_FLOAT16:
                    beyond = i + 1
                if not np.isfinite(log.loss[i]):
                    return (HIGH, i + 1) if beyond is None else (OVERFLOW, beyond)
            doubled = [i + 1 for i in range(steps) if log.norm[i] > 2 * log.alone[i]]
            if len(doubled) > steps / 2:
                return NOT_CLEARED, doubled[0]
            for i in range(steps):
                if log.loss[i] > 1.5 * log.loss[0]:
                    return HIGH, i + 1
            dead = [i + 1 for i in range(steps) if log.dead[i] >= 0.5]
            if dead and dead[-1] == steps:
                return DEAD, dead[0]
            shrunk = [i for i in range(steps + 1) if log.weights[i] < 0.5 * log.weights[0]]
            if shrunk and shrunk[-1] == steps:
                return DECAY, shrunk[0]
            slow = [i + 1 for i in range(steps) if log.update[i] < 0.0001]
            if len(slow) > steps / 2:
                return LOW, slow[0]
            best, number = log.validation[0], 1
            known = None
            for m in range(len(log.validation)):
                if known is None and log.validation[m] < 0.1:
                    known = m + 1
                if log.validation[m] < best:
                    best, number = log.validation[m], m + 1
            if log.validation[-1] < 0.1:
                return LEAK, known * log.every
            if log.validation[-1] > 1.1 * best:
                return OVERFIT, number * log.every
            return FINE, None
        """,
    "types": """
        from collections.abc import Iterator

        def smoothed(losses: np.ndarray, keep: float) -> np.ndarray:
            def values() -> Iterator[float]:
                mean, left = 0.0, 1.0
                for loss in losses:
                    if np.isfinite(loss):
                        mean, left = mean + (1 - keep) * (float(loss) - mean), left * keep
                    yield mean / (1 - left) if left < 1 else np.nan

            return np.fromiter(values(), float, len(losses))

        def mostly(sign: np.ndarray) -> bool:
            return 2 * np.count_nonzero(sign) > len(sign)

        def diagnose(log: Log) -> tuple[str, int | None]:
            lost = np.flatnonzero(~np.isfinite(log.loss))
            if lost.size:
                beyond = np.flatnonzero(~(log.largest <= LARGEST_FLOAT16))
                beyond = beyond[beyond <= lost[0]]
                return (OVERFLOW, int(beyond[0]) + 1) if beyond.size else (HIGH, int(lost[0]) + 1)
            measures = np.repeat(log.validation, log.every)  # one a step
            lowest: np.ndarray = log.validation == log.validation.min()
            questions: list[tuple[bool, str, np.ndarray, int]] = [
                (mostly(log.norm > 2 * log.alone), NOT_CLEARED, log.norm > 2 * log.alone, 1),
                (bool(log.loss.max() > 1.5 * log.loss[0]), HIGH, log.loss > 1.5 * log.loss[0], 1),
                (bool(log.dead[-1] >= 0.5), DEAD, log.dead >= 0.5, 1),
                (bool(2 * log.weights[-1] < log.weights[0]), DECAY, (2 * log.weights < log.weights[0])[1:], 1),
                (mostly(log.update < 1e-4), LOW, log.update < 1e-4, 1),
                (bool(measures[-1] < 0.1), LEAK, log.validation < 0.1, log.every),
                (bool(measures[-1] > 1.1 * measures.min()), OVERFIT, lowest, log.every),
            ]
            for holds, cause, sign, times in questions:
                if holds:
                    return cause, times * first(sign)
            return FINE, None
        """,
}
