"""Right answers to m03.e08 in other styles than the solution's."""

STYLES = {
    "loops": """
        def future(xp, queries, positions):
            mask = xp.zeros((queries, positions), dtype=bool)
            for query in range(queries):
                mask[query, positions - queries + query + 1 :] = True
            return mask

        class CausalSelfAttention(CausalSelfAttention):
            def __call__(self, x, cache=None):
                q, k, v = three_in_heads(self.qkv(x), self.heads)
                if cache:
                    k, v = cache.append(k, v)
                T, S, D = q.shape[2], k.shape[2], q.shape[3]
                hidden = np.zeros((T, S), x.dtype)
                hidden[future(np, T, S)] = -np.inf
                return self.out(side_by_side(softmax(q @ k.transpose(0, 1, 3, 2) / D**0.5 + hidden) @ v))
        """,
    "types": """
        from dataclasses import dataclass
        from typing import Any

        def future(xp: Any, queries: int, positions: int) -> np.ndarray:
            return ~xp.tril(xp.ones((queries, positions), dtype=xp.bool_), positions - queries)

        @dataclass
        class Scores:
            q: Any
            k: Any

            @property
            def scaled(self) -> Any:
                return (self.q * self.q.shape[-1] ** -0.5) @ self.k.transpose(0, 1, 3, 2)

            def masked(self) -> Any:
                mask = future(np, self.q.shape[-2], self.k.shape[-2])
                return where(mask[None, None], float("-inf"), self.scaled)

        class CausalSelfAttention(CausalSelfAttention):
            heads: int

            def __call__(self, x: Any, cache: Any = None) -> Any:
                q, *others = three_in_heads(self.qkv(x), self.heads)
                k, v = others if cache is None else cache.append(*others)
                return self.out(side_by_side(softmax(Scores(q, k).masked()) @ v))
        """,
}  # fmt: skip
