"""Right answers to m03.e05 in other styles than the solution's."""

STYLES = {
    "head by head": """
        @op
        def split_heads(x, *, heads, part=0, parts=1):
            B, T, channels = x.shape
            D = channels // parts // heads
            first = part * heads * D
            y = np.empty((B, heads, T, D), x.dtype)
            for h in range(heads):
                y[:, h] = x[:, :, first + h * D : first + (h + 1) * D]

            def backward(dy):
                dx = np.zeros(x.shape, x.dtype)
                for h in range(heads):
                    dx[:, :, first + h * D : first + (h + 1) * D] = dy[:, h]
                return dx

            return y, backward

        @op
        def merge_heads(x):
            D = x.shape[-1]

            def backward(dy):
                return np.stack([dy[:, :, h * D : (h + 1) * D] for h in range(x.shape[1])], axis=1)

            return np.concatenate([x[:, h] for h in range(x.shape[1])], axis=-1), backward

        class SelfAttention(SelfAttention):
            def __call__(self, x, lengths=None):
                three = self.qkv(x)
                q = split_heads(three, heads=self.heads, part=0, parts=3)
                k = split_heads(three, heads=self.heads, part=1, parts=3)
                v = split_heads(three, heads=self.heads, part=2, parts=3)
                scores = (q @ k.transpose(0, 1, 3, 2)) / q.shape[-1] ** 0.5
                if lengths is not None:
                    hidden = np.zeros((x.shape[0], 1, 1, x.shape[1]), dtype=bool)
                    for b, length in enumerate(lengths):
                        hidden[b, :, :, length:] = True
                    scores = where(hidden, -np.inf, scores)
                return self.out(merge_heads(softmax(scores) @ v))
        """,
    "einsum": """
        @op
        def split_heads(x, *, heads, part=0, parts=1):
            B, T, channels = x.shape
            shape = (B, T, parts, heads, channels // parts // heads)

            def backward(dy):
                dx = np.zeros(shape, dy.dtype)
                dx[:, :, part] = np.einsum("bhtd->bthd", dy)
                return dx.reshape(x.shape)

            return np.einsum("btphd->pbhtd", x.reshape(shape))[part], backward

        @op
        def merge_heads(x):
            B, H, T, D = x.shape
            back = lambda dy: np.einsum("bthd->bhtd", dy.reshape(B, T, H, D))
            return np.einsum("bhtd->bthd", x).reshape(B, T, H * D), back
        """,
    "types": """
        from dataclasses import dataclass
        from typing import Any, Optional

        @dataclass
        class Shape:
            heads: int
            depth: int

            def apart(self, x: np.ndarray) -> np.ndarray:
                return np.moveaxis(x.reshape(*x.shape[:2], self.heads, self.depth), 2, 1)

            def together(self, x: np.ndarray) -> np.ndarray:
                return np.moveaxis(x, 1, 2).reshape(x.shape[0], x.shape[2], self.heads * self.depth)

        @op
        def split_heads(x: np.ndarray, *, heads: int, part: int = 0, parts: int = 1) -> tuple:
            shape = Shape(heads, x.shape[-1] // parts // heads)

            def backward(dy: np.ndarray) -> np.ndarray:
                pieces = [np.zeros_like(piece) for piece in np.split(x, parts, axis=-1)]
                pieces[part] = shape.together(dy)
                return np.concatenate(pieces, axis=-1)

            return shape.apart(np.split(x, parts, axis=-1)[part]), backward

        @op
        def merge_heads(x: np.ndarray) -> tuple:
            shape = Shape(x.shape[1], x.shape[3])
            return shape.together(x), shape.apart

        class SelfAttention(Module):
            def __init__(self, width: int, heads: int, *, rng: Any, out_std: Optional[float] = None):
                self.heads, self.width = heads, width
                self.qkv, self.out = Linear(width, 3 * width, rng=rng), Linear(width, width, rng=rng, std=out_std)

            def weights(self, q: Any, k: Any, lengths: Optional[np.ndarray]) -> Any:
                scores = (q * (self.width // self.heads) ** -0.5) @ k.transpose(0, 1, 3, 2)
                if lengths is None:
                    return softmax(scores)
                seen = np.arange(k.shape[2])[None, None, None, :] < lengths.reshape(-1, 1, 1, 1)
                return softmax(where(np.broadcast_to(seen, scores.shape), scores, float("-inf")))

            def __call__(self, x: Any, lengths: Optional[np.ndarray] = None) -> Any:
                three = self.qkv(x)
                q, k, v = [split_heads(three, heads=self.heads, part=n, parts=3) for n in range(3)]
                return self.out(merge_heads(self.weights(q, k, lengths) @ v))
        """,
}  # fmt: skip
