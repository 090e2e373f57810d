"""Right answers to m05.e03 in other styles than the solution's."""

STYLES = {
    "cases": """
        import numpy as np

        def cosine(progress):
            return (np.cos(np.pi * progress) + 1) / 2

        def stable(progress):
            start = 1 - DECAYING
            if progress <= start:
                return 1.0
            return (1 - progress) / (1 - start)

        def learning_rate(step, *, schedule, peak, floor, warmup, decay_steps):
            number = step + 1
            if number <= warmup:
                return peak * number / warmup
            length = decay_steps - warmup
            if length < 1:
                length = 1
            done = step - warmup
            progress = 1 if done >= length else done / length
            if schedule == "cosine":
                share = cosine(progress)
            elif schedule == "wsd":
                share = stable(progress)
            else:
                share = SCHEDULES[schedule](progress)
            return share * peak + (1 - share) * floor
        """,
    "types": """
        def cosine(progress: float) -> float:
            return math.cos(math.pi * progress / 2) ** 2

        def stable(progress: float) -> float:
            left: float = (1 - progress) / DECAYING
            return left if left < 1 else 1.0

        def learning_rate(
            step: int, *, schedule: str, peak: float, floor: float, warmup: int, decay_steps: int
        ) -> float:
            if step < warmup:
                return (step + 1) * (peak / warmup)
            progress: float = min((step - warmup) / max(decay_steps - warmup, 1), 1.0)
            return (peak - floor) * SCHEDULES[schedule](progress) + floor
        """,
}
