"""Right answers to m05.e06 in other styles than the solution's."""

STYLES = {
    "loops": """
        def cut(ids, targets, rows):
            found, start = [], 0
            while start < len(ids):
                some_ids, some_targets = ids[start : start + rows], targets[start : start + rows]
                start += rows
                width = some_targets.shape[1]
                while width > 0 and (some_targets[:, width - 1] == -1).all():
                    width -= 1
                if width > 0:
                    found.append((some_ids[:, :width], some_targets[:, :width]))
            return found

        def accumulate(loss, weigh, parts):
            weights = [float(weigh(*part)) for part in parts]
            mean = 0
            grads = {}
            for i in range(len(parts)):
                if weights[i] > 0:
                    value = loss(*parts[i])
                    mean = mean + float(value.data) * weights[i]
                    here = backward(value)
                    for p in here:
                        if p in grads:
                            grads[p] += here[p] * weights[i]
                        else:
                            grads[p] = here[p] * weights[i]
            for p in grads:
                grads[p] = grads[p] / sum(weights)
            return mean / sum(weights), grads
        """,
    "types": """
        from collections import defaultdict
        from collections.abc import Callable
        from typing import Any

        def cut(ids: np.ndarray, targets: np.ndarray, rows: int) -> list[tuple[np.ndarray, np.ndarray]]:
            edges = range(rows, len(ids), rows)
            ends: np.ndarray = (1 + np.arange(targets.shape[1])) * (targets != -1)
            widths = [int(part.max(initial=0)) for part in np.split(ends, edges)]
            return [
                (i[:, :width], t[:, :width])
                for i, t, width in zip(np.split(ids, edges), np.split(targets, edges), widths)
                if width
            ]

        def accumulate(
            loss: Callable[..., Any], weigh: Callable[..., Any], parts: list[tuple[np.ndarray, ...]]
        ) -> tuple[float, dict[Any, np.ndarray]]:
            pairs = [(part, weight) for part in parts if (weight := weigh(*part)) > 0]
            total = float(sum(weight for _, weight in pairs))
            mean: float = 0.0
            found: defaultdict[Any, list[np.ndarray]] = defaultdict(list)
            for part, weight in pairs:
                value = loss(*part)
                mean += value.item() * float(weight) / total
                gradients = backward(value, np.asarray(weight / total, value.dtype))
                for parameter, gradient in gradients.items():
                    found[parameter] = [sum([*found[parameter], gradient])]
            return mean, {parameter: gradient for parameter, (gradient,) in found.items()}
        """,
}
