"""Right answers to m03.e02 in other styles than the solution's."""

STYLES = {
    "loops": """
        import math

        def rotations(positions, channels, *, base=10000.0):
            cos, sin = np.zeros((2, len(positions), channels // 2), dtype=np.float32)
            for t, position in enumerate(positions):
                for i in range(channels // 2):
                    angle = float(position) / base ** (2 * i / channels)
                    cos[t, i], sin[t, i] = math.cos(angle), math.sin(angle)
            return cos, sin

        @op
        def rotary(x, *, cos, sin):
            half = x.shape[-1] // 2
            y = np.empty_like(x)
            for i in range(half):
                a, b = x[..., i], x[..., i + half]
                y[..., i] = a * cos[:, i] - b * sin[:, i]
                y[..., i + half] = b * cos[:, i] + a * sin[:, i]

            def backward(dy):
                dx = np.zeros_like(x)
                for i in range(half):
                    dx[..., i] = dy[..., i] * cos[:, i] + dy[..., i + half] * sin[:, i]
                    dx[..., i + half] = dy[..., i + half] * cos[:, i] - dy[..., i] * sin[:, i]
                return dx

            return y, backward
        """,
    "complex numbers": """
        def rotations(positions, channels, *, base=10000.0):
            turns = np.exp(1j * np.outer(positions, base ** (-2 * np.arange(channels // 2) / channels)))
            return [turns.real.astype("float32"), turns.imag.astype("float32")]

        @op
        def rotary(x, *, cos, sin):
            half = x.shape[-1] // 2

            def turn(pairs, by):
                turned = (pairs[..., :half] + 1j * pairs[..., half:]) * by
                return np.concatenate([turned.real, turned.imag], axis=-1).astype(x.dtype)

            return turn(x, cos + 1j * sin), lambda dy: turn(dy, cos - 1j * sin)
        """,
    "types": """
        from dataclasses import dataclass
        from typing import NamedTuple

        class Angles(NamedTuple):
            cos: np.ndarray
            sin: np.ndarray

        def rotations(positions: np.ndarray, channels: int, *, base: float = 10000.0) -> Angles:
            i = np.arange(channels // 2, dtype=np.float64)
            angles = np.einsum("t,i->ti", positions, 1 / base ** (2 * i / channels))
            return Angles(np.float32(np.cos(angles)), np.float32(np.sin(angles)))

        @dataclass
        class Turn:
            cos: np.ndarray
            sin: np.ndarray

            def __call__(self, x: np.ndarray) -> np.ndarray:
                a, b = np.split(x, 2, axis=-1)
                return x * np.tile(self.cos, 2) + np.concatenate([-b, a], axis=-1) * np.tile(self.sin, 2)

        @op
        def rotary(x: np.ndarray, *, cos: np.ndarray, sin: np.ndarray) -> tuple:
            return Turn(cos, sin)(x), Turn(cos, -sin)
        """,
}  # fmt: skip
