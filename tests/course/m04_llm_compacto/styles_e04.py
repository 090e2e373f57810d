"""Right answers to m04.e04 in other styles than the solution's."""

STYLES = {
    "loops": """
        class Block(Block):
            def __call__(self, x, cache=None):
                attended = self.attention(self.norm1(x), cache=cache)
                x = self.dropout(attended) + x
                thought = self.feed_forward(self.norm2(x))
                x = self.dropout(thought) + x
                return x

        class GPT(GPT):
            def __init__(self, config, *, rng):
                self.config = config
                self.longest = self.config.context
                self.tokens = layers.Embedding(config.vocab_size, config.width, rng=rng, std=0.1)
                self.positions = layers.Embedding(config.context, config.width, rng=rng, std=0.03)
                self.dropout = layers.Dropout(config.dropout)
                self.blocks = []
                for _ in range(config.layers):
                    self.blocks.append(Block(config, rng=rng))
                self.norm = layers.LayerNorm(config.width)
                self.norm.weight.data = self.norm.weight.data * np.float32(0.3)

            def hidden(self, ids, caches=None):
                x, shared = self.begin(ids, caches)
                for number in range(len(self.blocks)):
                    if caches is None:
                        x = self.blocks[number](x)
                    else:
                        x = self.blocks[number](x, caches[number])
                return self.end(x)

            def __call__(self, ids, caches=None):
                return self.hidden(ids, caches) @ self.tokens.weight.transpose(1, 0)

        def write_on(model, ids, count):
            caches = model.new_caches()
            B, T = ids.shape
            text = np.zeros((B, T + count), dtype=int)
            text[:, :T] = ids
            read = 0
            with no_grad():
                for end in range(T, T + count):
                    logits = model(text[:, read:end], caches).data
                    for b in range(B):
                        text[b, end] = np.argmax(logits[b, -1])
                    read = end
            return text[:, T:]
        """,
    "types": """
        from typing import Any

        from tinyllm.nn.walk import through
        from tinyllm.tensor import Tensor

        class Block(Module):
            def __init__(self, config: Any, *, rng: np.random.Generator) -> None:
                C: int = config.width
                std: float = layers.out_std(C, additions=2 * config.layers)
                self.norm1, self.norm2 = layers.LayerNorm(C), layers.LayerNorm(C)
                self.attention = attention.CausalSelfAttention(C, config.heads, rng=rng, out_std=std)
                self.feed_forward = layers.FeedForward(width=C, hidden=4 * C, rng=rng, out_std=0.5 * std)
                self.dropout = layers.Dropout(rate=config.dropout)

            def __call__(self, x: Tensor, cache: LayerCache | None = None) -> Tensor:
                for norm, part in (
                    (self.norm1, lambda x: self.attention(x, cache)),
                    (self.norm2, self.feed_forward),
                ):
                    x = x + self.dropout(part(norm(x)))
                return x

        class GPT(GPT):
            def begin(self, ids: Any, caches: list[LayerCache] | None = None) -> tuple[Tensor, tuple[()]]:
                rows = layers.token_rows(ids)
                first_cache = caches[0] if caches else None
                where = layers.places(rows, self.config, first_cache)
                return self.dropout(self.tokens(rows) + self.positions.weight[where]), ()

            def hidden(self, ids: Any, caches: list[LayerCache] | None = None) -> Tensor:
                x, shared = self.begin(ids, caches)
                return self.end(through(self.blocks, x, shared, caches))

            def loss(self, ids: Any, targets: np.ndarray, weights: np.ndarray | None = None) -> Tensor:
                logits = self(ids)
                flat = logits.reshape(-1, self.config.vocab_size)
                options = {} if weights is None else {"weights": weights.reshape(-1)}
                return F.cross_entropy(flat, targets.reshape(-1), **options)

        def write_on(model: Any, ids: np.ndarray, count: int) -> np.ndarray:
            caches: list[LayerCache] = model.new_caches()

            def step(ids: np.ndarray) -> np.ndarray:
                return np.argmax(model(ids, caches).data[:, [-1]], axis=2)

            with no_grad():
                steps = [step(ids)]
                while len(steps) < count:
                    steps.append(step(steps[-1]))
            return np.hstack(steps)
        """,
}
