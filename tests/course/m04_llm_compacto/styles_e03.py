"""Right answers to m04.e03 in other styles than the solution's."""

STYLES = {
    "loops": """
        import math

        def initial_weight(n_in, n_out, *, rng, std=None):
            if std is None:
                std = 1 / math.sqrt(n_in)
            return rng.normal(0.0, std, (n_in, n_out))

        def out_std(width, additions):
            std = 0.1
            for count in (width, additions):
                std /= math.sqrt(count)
            return std

        def deviations(model, ids):
            found = []
            with no_grad():
                x, shared = model.begin(ids)
                for number in range(len(model.blocks) + 1):
                    values = x.data.ravel()
                    mean = values.sum() / len(values)
                    found.append(math.sqrt(((values - mean) ** 2).sum() / len(values)))
                    if number < len(model.blocks):
                        x = model.blocks[number](x, *shared)
            return found
        """,
    "types": """
        from itertools import accumulate
        from typing import Any

        import numpy as np

        def initial_weight(n_in: int, n_out: int, *, rng: Any, std: float | None = None) -> np.ndarray:
            deviation: float = float(np.sqrt(1 / n_in)) if std is None else std
            return rng.normal(scale=deviation, size=(n_in, n_out))

        def out_std(width: int, additions: int) -> float:
            return float(np.sqrt(0.01 / width / additions))

        def deviations(model: Any, ids: np.ndarray) -> list[float]:
            with no_grad():
                entry, others = model.begin(ids)
                streams = accumulate(model.blocks, lambda x, block: block(x, *others), initial=entry)
                return [np.sqrt(x.data.var()) for x in streams]
        """,
}
