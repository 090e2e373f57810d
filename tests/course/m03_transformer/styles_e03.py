"""Right answers to m03.e03 in other styles than the solution's."""

STYLES = {
    "loops": """
        @op
        def layer_norm(x, weight, bias, *, eps=1e-5):
            rows = x.reshape(-1, x.shape[-1])
            normed, scales = np.empty_like(rows), []
            for i, row in enumerate(rows):
                mean = sum(row) / len(row)
                variance = sum((row - mean) ** 2) / len(row)
                scales.append((variance + eps) ** -0.5)
                normed[i] = (row - mean) * scales[i]

            def backward(dy):
                dx = np.empty_like(rows)
                for i, dn in enumerate(dy.reshape(rows.shape) * weight):
                    dx[i] = scales[i] * (dn - dn.mean() - normed[i] * (dn * normed[i]).mean())
                return [dx.reshape(x.shape), dy * normed.reshape(x.shape), dy]

            return normed.reshape(x.shape) * weight + bias, backward

        @op
        def rms_norm(x, weight, *, eps=1e-6):
            rows = x.reshape(-1, x.shape[-1])
            scales = np.array([(np.mean(row**2) + eps) ** -0.5 for row in rows], x.dtype)
            normed = np.array([row * scale for row, scale in zip(rows, scales)], x.dtype).reshape(x.shape)

            def backward(dy):
                dx = []
                for dn, n, scale in zip((dy * weight).reshape(rows.shape), normed.reshape(rows.shape), scales):
                    dx.append(scale * (dn - n * np.mean(dn * n)))
                return np.array(dx, x.dtype).reshape(x.shape), dy * normed

            return normed * weight, backward
        """,
    "einsum": """
        @op
        def layer_norm(x, weight, bias, *, eps=1e-5):
            C = x.shape[-1]
            apart = x - np.average(x, axis=-1)[..., None]
            std = np.sqrt(np.einsum("...c,...c->...", apart, apart) / C + eps)[..., None]
            n = apart / std

            def backward(dy):
                dn = np.einsum("...c,c->...c", dy, weight)
                along = np.einsum("...c,...c->...", dn, n)[..., None] / C
                return (dn - np.einsum("...c->...", dn)[..., None] / C - n * along) / std, dy * n, dy

            return weight * n + bias, backward

        @op
        def rms_norm(x, weight, *, eps=1e-6):
            rms = np.sqrt(np.einsum("...c,...c->...", x, x)[..., None] / x.shape[-1] + eps)
            n = x / rms

            def backward(dy):
                dn = dy * weight
                return (dn - n * np.einsum("...c,...c->...", dn, n)[..., None] / x.shape[-1]) / rms, dy * n

            return n * weight, backward
        """,
    "types": """
        from dataclasses import dataclass
        from typing import Any

        def mean(x: np.ndarray) -> np.ndarray:
            return x.mean(axis=-1, keepdims=True)

        @dataclass(frozen=True)
        class Normed:
            n: np.ndarray
            size: np.ndarray
            centred: bool = False

            def back(self, dn: np.ndarray) -> np.ndarray:
                along = self.n * mean(dn * self.n)
                return (dn - along - (mean(dn) if self.centred else 0)) / self.size

        def by_size(x: np.ndarray, eps: float, **options: Any) -> Normed:
            size = np.sqrt(mean(np.square(x)) + eps)
            return Normed(x / size, size, **options)

        @op
        def layer_norm(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, *, eps: float = 1e-5) -> tuple:
            normed = by_size(x - mean(x), eps, centred=True)
            return normed.n * weight + bias, lambda dy: (normed.back(dy * weight), dy * normed.n, dy)

        @op
        def rms_norm(x: np.ndarray, weight: np.ndarray, *, eps: float = 1e-6) -> tuple:
            normed = by_size(x, eps)
            return normed.n * weight, lambda dy: (normed.back(dy * weight), dy * normed.n)
        """,
}  # fmt: skip
