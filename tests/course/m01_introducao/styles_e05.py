"""Right answers to m01.e05 in other styles than the solution's."""

STYLES = {
    "gate by gate": """
        def rnn_cell(x, state, weight):
            y = state @ weight
            y = y + x
            return tanh(y)

        def lstm_cell(x, state, weight):
            M = state.shape[1] // 2
            h, c = state[:, 0:M], state[:, M:]
            gates = []
            for n in range(4):
                columns = slice(n * M, (n + 1) * M)
                total = x[:, columns] + h @ weight[:, columns]
                gates.append(tanh(total) if n == 2 else sigmoid(total))
            c = gates[1] * c + gates[0] * gates[2]
            return concatenate(gates[3] * tanh(c), c, axis=1)
        """,
    "types": """
        from collections.abc import Callable
        from dataclasses import dataclass
        from typing import Any

        from tinyllm.tensor import Tensor

        @dataclass
        class Memory:
            shown: Tensor
            kept: Tensor

            @classmethod
            def of(cls, state: Tensor, width: int) -> Memory:
                return cls(state[..., :width], state[..., width:])

            def together(self) -> Tensor:
                return concatenate(self.shown, self.kept, axis=-1)

        def rnn_cell(x: Tensor, state: Tensor, weight: Tensor) -> Tensor:
            before: Tensor = x + state @ weight
            return (sigmoid(before * 2.0) - 0.5) * 2.0

        def lstm_cell(x: Tensor, state: Tensor, weight: Tensor) -> Tensor:
            memory = Memory.of(state, len(weight.data))
            sums = (x + memory.shown @ weight).reshape(x.shape[0], 4, -1)
            kinds: list[Callable[[Any], Any]] = [sigmoid, sigmoid, tanh, sigmoid]
            i, f, g, o = (kind(sums[:, n]) for n, kind in enumerate(kinds))
            kept = f * memory.kept + i * g
            return Memory(tanh(kept) * o, kept).together()
        """,
}  # fmt: skip
