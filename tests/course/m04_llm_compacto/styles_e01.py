"""Right answers to m04.e01 in other styles than the solution's."""

STYLES = {
    "loops": """
        def gpt_parts(config):
            C = config.width
            parts = dict.fromkeys(["tokens", "positions", "attention", "feed_forward", "norms"], 0)
            for _ in range(config.vocab_size):
                parts["tokens"] += C
            for _ in range(config.context):
                parts["positions"] += C
            for _ in range(config.layers):
                for inputs, outputs in ((C, 3 * C), (C, C)):
                    parts["attention"] += (inputs + 1) * outputs
                for inputs, outputs in ((C, 4 * C), (4 * C, C)):
                    parts["feed_forward"] += (inputs + 1) * outputs
                parts["norms"] += 2 * (C + C)
            parts["norms"] += C + C
            return parts

        def widest(config, budget):
            width = 0
            while True:
                wider = width + config.heads
                total = (config.vocab_size + config.context) * wider + 2 * wider
                total += config.layers * (12 * wider**2 + 13 * wider)
                if total > budget:
                    return width
                width = wider
        """,
    "arrays": """
        import numpy as np

        def gpt_parts(config):
            C, L = config.width, config.layers
            shapes = np.array([(C, 3 * C), (C, C), (C, 4 * C), (4 * C, C)])
            attention, feed_forward = L * (shapes.prod(axis=1) + shapes[:, 1]).reshape(2, 2).sum(axis=1)
            tokens, positions, norms = C * np.array([config.vocab_size, config.context, 2 * (2 * L + 1)])
            return dict(tokens=tokens, positions=positions, attention=attention, feed_forward=feed_forward, norms=norms)

        def llama_parts(config):
            C, L = config.width, config.layers
            D = C // config.heads
            outputs = np.array([config.heads, config.kv_heads, config.kv_heads, config.heads])
            return {
                "tokens": config.vocab_size * C,
                "attention": L * np.sum(C * D * outputs),
                "feed_forward": L * np.prod([3, C, config.hidden]),
                "norms": np.sum([C] * (2 * L + 1)),
            }
        """,
    "types": """
        import bisect
        from dataclasses import dataclass, replace
        from typing import Any

        @dataclass(frozen=True)
        class Layer:
            inputs: int
            outputs: int
            bias: bool = True

            @property
            def size(self) -> int:
                return self.inputs * self.outputs + (self.outputs if self.bias else 0)

        def gpt_parts(config: Any) -> dict[str, int]:
            C: int = config.width
            L: int = config.layers
            attention = [Layer(C, 3 * C), Layer(C, C)]
            feed_forward = [Layer(C, 4 * C), Layer(4 * C, C)]
            norm = 2 * C
            return {
                "tokens": config.vocab_size * C,
                "positions": config.context * C,
                "attention": L * sum(layer.size for layer in attention),
                "feed_forward": L * sum(layer.size for layer in feed_forward),
                "norms": 2 * L * norm + norm,
            }

        def llama_parts(config: Any) -> dict[str, int]:
            C, M = config.width, config.hidden
            few = config.kv_heads * (C // config.heads)
            per_block = {
                "attention": [Layer(C, C, False), Layer(C, few, False), Layer(C, few, False), Layer(C, C, False)],
                "feed_forward": [Layer(C, M, False)] * 2 + [Layer(M, C, False)],
            }
            sizes = {name: config.layers * sum(one.size for one in parts) for name, parts in per_block.items()}
            return {"tokens": config.vocab_size * C} | sizes | {"norms": C + config.layers * (C + C)}

        def widest(config: Any, budget: int) -> int:
            def total(heads_wide: int) -> int:
                return sum(gpt_parts(replace(config, width=heads_wide * config.heads)).values())

            candidates = range(1, math.isqrt(budget) + 2)
            return bisect.bisect_right(candidates, budget, key=total) * config.heads
        """,
}
