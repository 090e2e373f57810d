"""Right answers to m06.e03 in other styles than the solution's."""

STYLES = {
    "loops": """
        @op
        def add_low_rank(y, x, a, b, *, scale, columns):
            flat = x.reshape(-1, x.shape[-1])
            h = flat @ a
            result = np.array(y)
            update = (h @ b) * scale
            result[..., columns] = y[..., columns] + update.reshape(y.shape[:-1] + (b.shape[1],))

            def back(dy):
                D = dy[..., columns].reshape(-1, b.shape[1])
                da, db, dx = np.zeros_like(a), np.zeros_like(b), np.zeros_like(flat)
                dh = (D @ b.T) * scale
                for i in range(a.shape[1]):
                    da[:, i] = flat.T @ dh[:, i]
                    db[i] = scale * (h[:, i] @ D)
                    dx += np.outer(dh[:, i], a[:, i])
                return [dy, dx.reshape(x.shape), da, db]

            return result, back

        class LowRank(Module):
            def __init__(self, n_in, columns, rank, *, rng):
                n = len(range(columns.start, columns.stop))
                a = initial_weight(n_in, rank, rng=rng)
                b = np.zeros((rank, n), dtype=np.float32)
                self.a, self.b, self.columns = Parameter(a), Parameter(b), columns

        class LoRA(Around):
            def __init__(self, inner, parts, config, *, rng):
                super().__init__(inner)
                self.merged = False
                for _, weight in inner.named_weights():
                    weight.requires_grad = False
                self.parts = {}
                for name in parts:
                    self.parts[name] = LowRank(len(inner.weight.data), parts[name], config.rank, rng=rng)
                if config.rslora:
                    self.scale = config.alpha / np.sqrt(config.rank)
                else:
                    self.scale = config.alpha / config.rank

            def __call__(self, x):
                y = self.inner(x)
                if self.merged:
                    return y
                for name in self.parts:
                    part = self.parts[name]
                    y = add_low_rank(y, x, part.a, part.b, scale=self.scale, columns=part.columns)
                return y

            def merge(self):
                if self.merged:
                    return
                for part in self.parts.values():
                    self.inner.weight.data[:, part.columns] += self.scale * part.a.data @ part.b.data
                self.merged = True

            def unmerge(self):
                if not self.merged:
                    return
                for part in self.parts.values():
                    self.inner.weight.data[:, part.columns] -= self.scale * part.a.data @ part.b.data
                self.merged = False
        """,
    "functions": """
        @op
        def add_low_rank(y, x, a, b, *, scale, columns):
            out = np.array(y, copy=True)
            out[..., columns] += scale * np.einsum("...r,rn->...n", x @ a, b)

            def backward(dy):
                D = scale * dy[..., columns]
                Db = np.einsum("...n,rn->...r", D, b)
                before = tuple(range(x.ndim - 1))
                return (dy, Db @ a.T, np.tensordot(x, Db, axes=(before, before)),
                        np.tensordot(x @ a, D, axes=(before, before)))

            return out, backward

        class LoRA(LoRA):
            def __init__(self, inner, parts, config, *, rng):
                Around.__init__(self, inner)
                self.merged = False
                freeze(inner)
                shapes = inner.weight.data.shape
                self.parts = dict(
                    (name, LowRank(shapes[0], columns, config.rank, rng=rng)) for name, columns in parts.items()
                )
                self.scale = config.alpha * config.rank ** (-0.5 if config.rslora else -1)

            def merge(self, sign=1):
                if self.merged == (sign < 0):
                    weight = self.inner.weight.data
                    for part in self.parts.values():
                        np.add(weight[:, part.columns], sign * self.scale * (part.a.data @ part.b.data),
                               out=weight[:, part.columns])
                    self.merged = not self.merged

            def unmerge(self):
                self.merge(-1)
        """,
    "types": """
        from typing import Any

        @op
        def add_low_rank(y: np.ndarray, x: np.ndarray, a: np.ndarray, b: np.ndarray, *, scale: float,
                         columns: slice) -> tuple[np.ndarray, Any]:
            short: np.ndarray = x @ a
            update: np.ndarray = np.zeros_like(y)
            update[..., columns] = scale * (short @ b)

            def backward(dy: np.ndarray) -> tuple[np.ndarray, ...]:
                part = dy[..., columns] * scale
                back: np.ndarray = part @ b.T
                return dy.copy(), back @ a.T, rows(x).T @ rows(back), rows(short).T @ rows(part)

            return y + update, backward
        """,
}
