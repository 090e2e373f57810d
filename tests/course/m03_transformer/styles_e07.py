"""Right answers to m03.e07 in other styles than the solution's."""

STYLES = {
    "helpers": """
        class Block(Module):
            def __init__(self, config, *, rng):
                def out_std(share):
                    return share * 0.1 / np.sqrt(2 * config.layers * config.width)

                C = config.width
                self.attention = attention.SelfAttention(C, config.heads, rng=rng, out_std=out_std(1))
                self.feed_forward = layers.FeedForward(C, 4 * C, rng=rng, out_std=out_std(0.5))
                self.norm1, self.norm2 = (layers.LayerNorm(C) for _ in range(2))
                self.dropout = layers.Dropout(config.dropout)

            def add(self, x, change):
                return x + self.dropout(change)

            def __call__(self, x, lengths=None):
                x = self.norm1(self.add(x, self.attention(x, lengths)))
                return self.norm2(self.add(x, self.feed_forward(x)))

        import numpy as np
        import functools

        class Encoder(Encoder):
            def hidden(self, ids, lengths=None):
                B, T = ids.shape
                if T > self.config.context:
                    raise UsageError("são %d tokens, e cabem %d" % (T, self.config.context))
                x = self.dropout(self.norm(self.positions(self.tokens(ids))))
                return functools.reduce(lambda x, block: block(x, lengths), self.blocks, x)
        """,
    "types": """
        import math
        from typing import Any

        import numpy as np

        from tinyllm.nn.attention import SelfAttention
        from tinyllm.nn.layers import Dropout, FeedForward, LayerNorm

        class Block(Module):
            attention: SelfAttention
            dropout: Dropout

            def __init__(self, config: Any, *, rng: np.random.Generator) -> None:
                std: float = 0.1 / math.sqrt(2 * config.layers * config.width)
                self.dropout = Dropout(config.dropout)
                self.attention = SelfAttention(config.width, config.heads, rng=rng, out_std=std)
                self.feed_forward = FeedForward(config.width, 4 * config.width, rng=rng, out_std=0.5 * std)
                self.norm1: LayerNorm = LayerNorm(config.width)
                self.norm2: LayerNorm = LayerNorm(config.width)

            def __call__(self, x: Any, lengths: np.ndarray | None = None) -> Any:
                for norm, change in (
                    (self.norm1, lambda x: self.attention(x, lengths)), (self.norm2, self.feed_forward)
                ):
                    x = norm(x + self.dropout(change(x)))
                return x

        class Encoder(Module):
            def __init__(self, config: Any, *, rng: np.random.Generator) -> None:
                self.config = config
                self.tokens = layers.Embedding(config.vocab_size, config.width, rng=rng, std=0.1)
                self.positions = POSITIONS[config.positions](config.context, config.width, rng=rng)
                self.blocks: list[Block] = []
                for _ in range(config.layers):
                    self.blocks.append(Block(config, rng=rng))
                self.norm, self.dropout = LayerNorm(config.width), Dropout(config.dropout)

            def check(self, ids: np.ndarray) -> None:
                if (length := ids.shape[-1]) > self.config.context:
                    raise UsageError(f"um texto de {length} tokens para um contexto de {self.config.context}")

            def hidden(self, ids: np.ndarray, lengths: np.ndarray | None = None) -> Any:
                self.check(ids)
                x = self.tokens(ids)
                x = self.positions(x)
                x = self.dropout(self.norm(x))
                for i in range(len(self.blocks)):
                    x = self.blocks[i](x, lengths)
                return x
        """,
}  # fmt: skip
