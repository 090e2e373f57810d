"""Right answers to m04.e02 in other styles than the solution's."""

STYLES = {
    "loops": """
        def training_flops(config, tokens):
            C, T = config.width, config.context
            for_one = config.vocab_size * C
            for _ in range(config.layers):
                for inputs, outputs in ((C, 3 * C), (C, C), (C, 4 * C), (4 * C, C)):
                    for_one += inputs * outputs
                for _ in ("keys", "values"):
                    for_one += T * C / 2
            return int(6 * for_one) * tokens

        def activation_bytes(config, batch, bytes_each=4, weights_kept=False):
            C, total = config.width, 0
            for _ in range(config.layers):
                for channels in (C, C, C, C, C, C, C, C, 4 * C, 4 * C):
                    total += batch * config.context * channels
                if weights_kept:
                    for _ in range(config.heads):
                        total += batch * config.context * config.context
            return total * bytes_each

        def attainable(n, k, m, peak, bandwidth, bytes_each=4):
            rows = np.asarray(n, float)
            found = np.empty(rows.shape)
            for place in np.ndindex(rows.shape):
                one = rows[place]
                seconds = max(2 * one * k * m / peak, bytes_each * (one * k + k * m + one * m) / bandwidth)
                found[place] = 2 * one * k * m / seconds
            return found if found.ndim else float(found)
        """,
    "types": """
        from dataclasses import dataclass
        from typing import Any, Final

        FORWARD_AND_BACKWARD: Final = 3

        def training_flops(config: Any, tokens: int) -> int:
            C: int = config.width
            matrices = config.layers * 12 * C**2 + config.vocab_size * C
            seen = config.layers * 2 * C * config.context // 2
            return FORWARD_AND_BACKWARD * 2 * (matrices + seen) * tokens

        def activation_bytes(config: Any, batch: int, bytes_each: int = 4, weights_kept: bool = False) -> int:
            T, C = config.context, config.width
            arrays: list[int] = [C] * 8 + [4 * C] * 2 + [config.heads * T] * weights_kept
            return sum(batch * T * channels * bytes_each for channels in arrays) * config.layers

        @dataclass(frozen=True)
        class Machine:
            peak: float
            bandwidth: float

            def reaches(self, intensity: Any) -> Any:
                return np.clip(intensity * self.bandwidth, None, self.peak)

        def attainable(n: Any, k: int, m: int, peak: float, bandwidth: float, bytes_each: int = 4) -> Any:
            bytes_per_flop = bytes_each * (1 / m + 1 / n + 1 / k) / 2 if np.isscalar(n) else (
                bytes_each * (1 / m + 1 / np.asarray(n) + 1 / k) / 2
            )
            return Machine(peak, bandwidth).reaches(1 / bytes_per_flop)
        """,
}  # fmt: skip
