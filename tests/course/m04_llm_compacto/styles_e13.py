"""Right answers to m04.e13 in other styles than the solution's."""

STYLES = {
    "loops": """
        def first_apart(numbers):
            for step in range(len(numbers)):
                for rank in range(1, len(numbers[step])):
                    first, other = numbers[step][0], numbers[step][rank]
                    if np.isnan(first) and np.isnan(other) or first == other:
                        continue
                    if np.isnan(other) or not abs(other - first) <= 1e-5 * abs(first) or np.isinf(first):
                        return step, rank
            return None

        def diagnose(log):
            weights = first_apart(log.weights)
            if weights is not None and weights[0] == 0:
                return START
            for of_ranks in log.rows:
                for one in range(len(of_ranks)):
                    for other in range(one):
                        for row in of_ranks[one]:
                            if row in of_ranks[other]:
                                return ROWS
            gradients = first_apart(log.gradients)
            if gradients is not None or weights is not None:
                when_weights = len(log.weights) if weights is None else weights[0]
                when_gradients = len(log.weights) if gradients is None else gradients[0]
                return EXCHANGE if when_gradients + 1 <= when_weights else UPDATE
            for used, alone in zip(log.gradients, log.alone):
                if abs(used[0] - alone) > 1e-3 * abs(alone):
                    return SCALE
            return FINE
        """,
    "types": """
        from math import inf

        def first_apart(numbers: np.ndarray) -> tuple[int, int] | None:
            close = np.isclose(numbers, np.broadcast_to(numbers[:, [0]], numbers.shape), 1e-5, 0, True)
            if close.all():
                return None
            step, rank = divmod(int(close.argmin()), close.shape[1])
            return step, rank

        def diagnose(log: Log) -> str:
            apart_at: dict[str, float] = {
                name: (first_apart(getattr(log, name)) or (inf, 0))[0] for name in ("weights", "gradients")
            }

            def shared(rows: np.ndarray) -> bool:
                return len(np.unique(rows)) < sum(len(np.unique(own)) for own in rows)

            distance = np.abs(log.gradients[:, 0] / log.alone - 1)
            questions: list[tuple[bool, str]] = [
                (apart_at["weights"] == 0, START),
                (any(map(shared, log.rows)), ROWS),
                (apart_at["gradients"] < apart_at["weights"], EXCHANGE),
                (apart_at["weights"] < inf, UPDATE),
                (bool((distance > 1e-3).any()), SCALE),
            ]
            return next((cause for holds, cause in questions if holds), FINE)
        """,
}
