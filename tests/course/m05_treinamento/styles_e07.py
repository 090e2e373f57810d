"""Right answers to m05.e07 in other styles than the solution's."""

STYLES = {
    "loops": """
        def clip_gradients(grads, limit, *, squares=None, map=map):
            if squares is not None:
                total = squares(grads, map=map)
            else:
                total = 0.0
                for p in grads:
                    flat = grads[p].astype(np.float64).ravel()
                    total += float(flat @ flat)
            norm = total ** 0.5
            if not np.isfinite(norm):
                return grads, norm
            if norm > limit:
                small = {}
                for p in grads:
                    small[p] = grads[p] * limit / norm
                return small, norm
            return grads, norm

        class Guard:
            def __init__(self):
                self.recent = collections.deque(maxlen=WINDOW)
                self.in_a_row = 0

            def limit(self):
                if len(self.recent) < LEAST:
                    return float("inf")
                middle = float(np.median(self.recent))
                distance = float(np.median([abs(loss - middle) for loss in self.recent]))
                return middle + DEVIATIONS * max(distance, SMALLEST * abs(middle))

            def check(self, loss, norm):
                if loss != loss or loss in (float("inf"), float("-inf")):
                    return self.skip("loss", loss, norm)
                if norm != norm or norm == float("inf"):
                    return self.skip("gradient", loss, norm)
                if loss > self.limit():
                    return self.skip("spike", loss, norm)
                self.in_a_row = 0
                self.recent.append(loss)

            def skip(self, why, loss, norm):
                self.in_a_row += 1
                if self.in_a_row >= IN_A_ROW:
                    raise RuntimeError(f"{why}: {loss}, {norm}")
                return why

        def first_bad(steps, x):
            values = [x]
            for i in range(len(steps)):
                values.append(steps[i][1](values[i]))
                after = values[i + 1]
                if after.dtype.kind == "f" and (np.isnan(after).any() or np.isposinf(after).any()):
                    before = values[i]
                    came = before.dtype.kind == "f" and (np.isnan(before).any() or np.isposinf(before).any())
                    return (steps[i][0], "recebeu") if came else (steps[i][0], "fez")
        """,
    "types": """
        from collections.abc import Callable
        from typing import Any

        def clip_gradients(
            grads: dict[Any, np.ndarray], limit: float, *, squares: Callable[..., float] | None = None,
            map: Callable = map,
        ) -> tuple[dict[Any, np.ndarray], float]:
            def of_arrays(grads: dict[Any, np.ndarray], *, map: Callable) -> float:
                return sum(map(lambda g: float(np.linalg.norm(g.astype(float))) ** 2, grads.values()))

            norm: float = math.sqrt((squares or of_arrays)(grads, map=map))
            factor: float = limit / norm if math.isfinite(norm) and norm > limit else 1.0
            return ({p: factor * g for p, g in grads.items()} if factor != 1 else grads), norm

        class Guard:
            recent: collections.deque[float]
            in_a_row: int

            def __init__(self) -> None:
                self.recent, self.in_a_row = collections.deque((), WINDOW), 0

            def check(self, loss: float, norm: float) -> str | None:
                losses = np.array(self.recent)
                middle: float = np.median(losses) if losses.size else 0.0
                spread = max(np.median(np.abs(losses - middle)), SMALLEST * abs(middle)) if losses.size else 0.0
                reasons = {
                    "loss": not math.isfinite(loss), "gradient": not math.isfinite(norm),
                    "spike": losses.size >= LEAST and loss - middle > DEVIATIONS * spread,
                }
                why = next((name for name, holds in reasons.items() if holds), None)
                self.in_a_row = self.in_a_row + 1 if why else 0
                if self.in_a_row == IN_A_ROW:
                    raise RuntimeError(f"{why=} {loss=} {norm=}")
                self.recent.extend([] if why else [loss])
                return why

        def first_bad(steps: list[tuple[str, Callable]], x: np.ndarray) -> tuple[str, str] | None:
            verb = "recebeu" if has_bad(x) else "fez"
            for name, function in steps:
                if has_bad(x := function(x)):
                    return name, verb
                verb = "fez"
            return None
        """,
}
