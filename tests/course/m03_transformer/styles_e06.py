"""Right answers to m03.e06 in other styles than the solution's."""

STYLES = {
    "loops": """
        def online_softmax_step(largest, total, sums, scores, values):
            largest, total, sums = largest.copy(), total.copy(), sums.copy()
            for j in range(scores.shape[-1]):
                score, value = scores[..., j : j + 1], values[..., j : j + 1, :]
                new = np.maximum(largest, score)
                with np.errstate(invalid="ignore"):
                    shrink = np.where(largest == -np.inf, 0, np.exp(largest - new)).astype(scores.dtype)
                    weight = np.where(score == -np.inf, 0, np.exp(score - new)).astype(scores.dtype)
                total, sums, largest = total * shrink + weight, sums * shrink + weight * value, new
            return largest, total, sums
        """,
    "einsum": """
        def online_softmax_step(largest, total, sums, scores, values):
            new = np.maximum(largest, np.amax(scores, axis=-1, keepdims=True))
            shrink = np.exp(largest - new)
            weights = np.exp(scores - new)
            total = shrink * total + np.einsum("...tb->...t", weights)[..., np.newaxis]
            sums = shrink * sums + np.einsum("...tb,...bd->...td", weights, values)
            return [new, total, sums]

        def flash_attention(q, k, v, *, block, causal=False):
            T, S, D = q.shape[-2], k.shape[-2], q.shape[-1]
            state = [np.full(q.shape[:-1] + (1,), -np.inf, q.dtype), np.zeros(q.shape[:-1] + (1,), q.dtype), 0 * q]
            for first in range(0, S, block):
                last = min(first + block, S)
                scores = np.einsum("...td,...sd->...ts", q, k[..., first:last, :]) / D**0.5
                if causal:
                    scores[..., np.arange(first, last)[None, :] > np.arange(S - T, S)[:, None]] = -np.inf
                state = online_softmax_step(*state, scores, v[..., first:last, :])
            return state[2] / state[1]
        """,
    "types": """
        from collections.abc import Iterator
        from dataclasses import dataclass

        @dataclass
        class Running:
            largest: np.ndarray
            total: np.ndarray
            sums: np.ndarray

            @classmethod
            def empty(cls, q: np.ndarray) -> Running:
                one = q[..., :1]
                return cls(np.full_like(one, -np.inf), np.zeros_like(one), np.zeros_like(q))

            def see(self, scores: np.ndarray, values: np.ndarray) -> None:
                step = online_softmax_step(self.largest, self.total, self.sums, scores, values)
                self.largest, self.total, self.sums = step

        def blocks(length: int, size: int) -> Iterator[slice]:
            start = 0
            while start < length:
                yield slice(start, start + size)
                start += size

        def flash_attention(
            q: np.ndarray, k: np.ndarray, v: np.ndarray, *, block: int, causal: bool = False
        ) -> np.ndarray:
            S, T = k.shape[-2], q.shape[-2]
            running: Running = Running.empty(q)
            q = q * q.shape[-1] ** -0.5
            for part in blocks(S, block):
                scores = np.matmul(q, np.swapaxes(k[..., part, :], -2, -1))
                if causal:
                    future = np.triu(np.ones((T, scores.shape[-1]), dtype=bool), S - T + 1 - part.start)
                    np.copyto(scores, -np.inf, where=future)
                running.see(scores, v[..., part, :])
            return running.sums / running.total
        """,
}  # fmt: skip
