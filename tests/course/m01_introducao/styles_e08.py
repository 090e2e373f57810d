"""Right answers to m01.e08 in other styles than the solution's."""

STYLES = {
    "loops": """
        def gpt_parameters(config):
            C = config.width
            total = config.vocab_size * C + config.context * C
            for _ in range(config.layers):
                for outputs in (3 * C, C):
                    total += C * outputs + outputs
                total += C * (4 * C) + 4 * C
                total += (4 * C) * C + C
                for _ in range(2):
                    total += C + C
            return total + 2 * C

        def training_state_bytes(parameters, bytes_each=4):
            return sum([parameters * bytes_each] * 4)

        def kv_cache_bytes(config, batch, tokens, bytes_each=4):
            total = 0
            for _ in range(config.layers):
                for _ in ("k", "v"):
                    total += batch * tokens * config.width * bytes_each
            return total
        """,
    "arrays": """
        import numpy as np

        def gpt_parameters(config):
            C = config.width
            shapes = np.array([(C, 3 * C), (C, C), (C, 4 * C), (4 * C, C)])
            block = np.sum(shapes.prod(axis=1) + shapes[:, 1]) + 4 * C
            return np.einsum("i,i->", [config.vocab_size, config.context, 2], [C] * 3) + config.layers * block

        def kv_cache_bytes(config, batch, tokens, bytes_each=4):
            return np.prod([2, config.layers, batch, tokens, config.width, bytes_each])
        """,
    "types": """
        from dataclasses import dataclass
        from typing import Any, Final

        STATES: Final = ("weight", "gradient", "mean", "mean of squares")

        @dataclass(frozen=True)
        class Linear:
            inputs: int
            outputs: int

            @property
            def size(self) -> int:
                return (self.inputs + 1) * self.outputs

        def block_size(C: int) -> int:
            layers = [Linear(C, 3 * C), Linear(C, C), Linear(C, 4 * C), Linear(4 * C, C)]
            return 2 * norm_size(C) + sum(layer.size for layer in layers)

        def norm_size(C: int) -> int:
            return 2 * C

        def gpt_parameters(config: Any) -> int:
            C: int = config.width
            return sum([C * config.vocab_size, C * config.context, config.layers * block_size(C), norm_size(C)])

        def training_state_bytes(parameters: int, bytes_each: int = 4) -> int:
            return len(STATES) * parameters * bytes_each
        """,
}  # fmt: skip
