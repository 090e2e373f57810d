"""Right answers to m05.e05 in other styles than the solution's."""

STYLES = {
    "loops": """
        def train(model, batches, optimizer, *, steps, rate, start=0, seed=0):
            batches = iter(batches)
            step = start
            while step < steps:
                try:
                    batch = next(batches)
                except StopIteration:
                    return
                with F.noise(seed, step):
                    loss = model.loss(*batch)
                    grads = backward(loss)
                lr = rate(step)
                value = float(loss.data)
                optimizer.step(grads, lr=lr)
                step += 1
                yield Report(step=step, loss=value, learning_rate=lr)

        def measure(model, batches):
            losses, sizes = [], []
            for batch in batches:
                with no_grad():
                    losses.append(model.loss(*batch).item())
                sizes.append(len(batch[0]))
            answer = 0.0
            for loss, size in zip(losses, sizes):
                answer += loss * size / sum(sizes)
            return answer

        def watched(reports, validate, *, every, patience):
            lowest = None
            bad = 0
            for report in reports:
                if report.step % every:
                    yield report
                    continue
                found = validate()
                if found == found and (lowest is None or found < lowest):
                    lowest = found
                    bad = 0
                else:
                    bad += 1
                yield Report(report.step, report.loss, report.learning_rate, found)
                if bad >= patience:
                    break
        """,
    "types": """
        from collections.abc import Callable, Iterable, Iterator
        from typing import Any

        import numpy as np

        def train(
            model: Any, batches: Iterable[tuple[np.ndarray, ...]], optimizer: Any, *, steps: int,
            rate: Callable[[int], float], start: int = 0, seed: int = 0,
        ) -> Iterator[Report]:
            def take(step: int, batch: tuple[np.ndarray, ...]) -> Report:
                with F.noise(seed, step):
                    loss = model.loss(*batch)
                optimizer.step(backward(loss), lr=(lr := rate(step)))
                return Report(step + 1, loss.item(), lr)

            yield from map(take, range(start, steps), batches)

        def measure(model: Any, batches: Iterable[tuple[np.ndarray, ...]]) -> float:
            with no_grad():
                pairs = [(model.loss(*batch).item(), len(batch[0])) for batch in batches]
            losses, weights = zip(*pairs)
            return float(np.average(losses, weights=weights))

        def watched(
            reports: Iterable[Report], validate: Callable[[], float], *, every: int, patience: int
        ) -> Iterator[Report]:
            best: float = math.inf
            left: int = patience
            for report in reports:
                if report.step % every == 0:
                    found = validate()
                    left, best = (patience, found) if found < best else (left - 1, best)
                    report = report._replace(validation=found)
                yield report
                if not left:
                    return
        """,
}
