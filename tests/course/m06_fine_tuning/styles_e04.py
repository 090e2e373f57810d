"""Right answers to m06.e04 in other styles than the solution's."""

STYLES = {
    "table": """
        class Adapter(Added):
            def __init__(self, inner, width, hidden, *, rng):
                super().__init__(inner)
                self.down = Linear(width, hidden, rng=rng)
                self.up = Linear(hidden, width, rng=rng, std=0.0)

            def __call__(self, *inputs, **options):
                out = self.inner(*inputs, **options)
                squeezed = self.down(out)
                return self.up(F.gelu(squeezed)) + out

        class VirtualTokens(VirtualTokens):
            def __call__(self, ids):
                V = self.inner.weight.shape[0]
                if (ids < V).all():
                    return self.inner(ids)
                return F.embedding(ids, concatenate(self.inner.weight, self.prompt, axis=0))
        """,
    "loops": """
        class Adapter(Adapter):
            def __init__(self, inner, width, hidden, *, rng):
                Added.__init__(self, inner)
                self.down = Linear(width, hidden, rng=rng)
                self.up = Linear(hidden, width, rng=rng)
                for row in self.up.weight.data:
                    row[:] = 0

        class VirtualTokens(VirtualTokens):
            def __call__(self, ids):
                V, n = len(self.inner.weight.data), len(self.prompt.data)
                has_prompt = ids.shape[1] > n and ids[0, :n].tolist() == list(range(V, V + n))
                if not has_prompt:
                    return self.inner(ids)
                rows = np.array([list(range(n)) for _ in range(len(ids))])
                return concatenate(F.embedding(rows, self.prompt), self.inner(ids[:, n:]), axis=1)
        """,
    "types": """
        from typing import Any

        class Adapter(Adapter):
            def __call__(self, *inputs: Any, **options: Any) -> Any:
                y = self.inner(*inputs, **options)
                h: Any = F.gelu(self.down(y))
                return self.up(h) + y

        class VirtualTokens(VirtualTokens):
            def __init__(self, inner: Any, prompt: np.ndarray) -> None:
                super(VirtualTokens.__mro__[1], self).__init__(inner)
                self.prompt: Parameter = Parameter(np.array(prompt))
        """,
}
