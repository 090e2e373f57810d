"""Right answers to m03.e04 in other styles than the solution's."""

STYLES = {
    "other formulas": """
        import math

        @op
        def gelu(x):
            phi = (1 + erf(x / math.sqrt(2))) / 2

            def backward(dy):
                density = np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
                return dy * phi + dy * x * density

            return np.multiply(x, phi), backward

        @op
        def swiglu(gate, x):
            small = np.exp(-np.abs(gate))
            sigmoid = np.where(gate >= 0, 1 / (1 + small), small / (1 + small))
            silu = gate * sigmoid
            return silu * x, lambda dy: [dy * x * (sigmoid + silu * (1 - sigmoid)), dy * silu]

        class FeedForward(Module):
            def __init__(self, width, hidden, *, rng, out_std=None):
                super().__init__()
                self.up = Linear(width, hidden, rng=rng)
                self.down = Linear(hidden, width, rng=rng, std=out_std)

            def __call__(self, x):
                for step in (self.up, gelu, self.down):
                    x = step(x)
                return x
        """,
    "row by row": """
        def of_row(row):
            return 0.5 * (1 + erf(row * 0.5**0.5))

        @op
        def gelu(x):
            below = np.empty_like(x)
            if x.ndim > 1:
                for i in range(len(x)):
                    below[i] = of_row(x[i])
            else:
                below[...] = of_row(x)
            return x * below, lambda dy: dy * (below + x * np.exp(-0.5 * x * x) / (2 * np.pi) ** 0.5)
        """,
    "types": """
        from collections.abc import Callable
        from dataclasses import dataclass
        from typing import Any

        Array = np.ndarray

        @dataclass
        class Sigmoid:
            at: Array

            def __post_init__(self) -> None:
                self.value: Array = 0.5 + 0.5 * np.tanh(self.at / 2)

            @property
            def slope(self) -> Array:
                return self.value * (1 - self.value)

        @op
        def swiglu(gate: Array, x: Array) -> tuple[Array, Callable[[Array], Any]]:
            sigmoid = Sigmoid(gate)

            def backward(dy: Array) -> tuple[Array, Array]:
                return dy * x * (sigmoid.value + gate * sigmoid.slope), dy * gate * sigmoid.value

            return gate * sigmoid.value * x, backward

        class FeedForward(Module):
            up: Linear
            down: Linear

            def __init__(
                self, width: int, hidden: int, *, rng: np.random.Generator, out_std: float | None = None
            ) -> None:
                self.up, self.down = Linear(width, hidden, rng=rng), Linear(hidden, width, rng=rng, std=out_std)

            def activated(self, x: Any) -> Any:
                return gelu(self.up(x))

            def __call__(self, x: Any) -> Any:
                return self.down(self.activated(x))
        """,
}  # fmt: skip
