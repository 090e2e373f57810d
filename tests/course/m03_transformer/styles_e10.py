"""Right answers to m03.e10 in other styles than the solution's."""

STYLES = {
    "loops": """
        def shift_right(targets, start_id):
            return np.array([[start_id, *row[:-1]] for row in targets.tolist()], dtype=targets.dtype)

        class DecoderBlock(DecoderBlock):
            def __call__(self, x, bias, memory, lengths=None, cache=None):
                own = of_memory = None
                if cache is not None:
                    own, of_memory = cache.own, cache.memory
                for norm, part, arguments, options in [
                    (self.norm1, self.attention, (bias,), {"causal": True, "cache": own}),
                    (self.norm2, self.cross_attention, (memory, lengths, of_memory), {}),
                    (self.norm3, self.feed_forward, (), {}),
                ]:
                    x = x + self.dropout(part(norm(x), *arguments, **options))
                return x

        def write(model, source, *, start_id, length):
            rows = [[start_id] for _ in range(len(source))]
            with no_grad():
                writer = model.answering(source)
                for _ in range(length):
                    logits = writer(np.array(rows)).data
                    for b, row in enumerate(rows):
                        row.append(int(np.argmax(logits[b, -1])))
            return np.array(rows)[:, 1:]
        """,
    "types": """
        from dataclasses import dataclass
        from typing import Any

        def shift_right(targets: np.ndarray, start_id: int) -> np.ndarray:
            shifted = np.roll(targets, 1, axis=1)
            shifted[:, 0] = start_id
            return shifted

        class DecoderBlock(Module):
            def __init__(self, config: Any, *, rng: np.random.Generator) -> None:
                C: int = config.width
                options: dict[str, Any] = {"rng": rng, "out_std": out_std(config)}
                parts: list[Module] = [
                    attention.RelativeSelfAttention(C, config.heads, **options),
                    attention.CrossAttention(C, config.heads, scale=1.0, **options),
                    layers.GatedFeedForward(C, config.hidden, **options),
                ]
                for n, name in enumerate(("attention", "cross_attention", "feed_forward")):
                    setattr(self, f"norm{n + 1}", layers.RMSNorm(C))
                    setattr(self, name, parts[n])
                self.dropout = layers.Dropout(config.dropout)

            def __call__(
                self, x: Any, bias: Any, memory: Any, lengths: np.ndarray | None = None, cache: Any = None
            ) -> Any:
                written = self.attention(self.norm1(x), bias, causal=True, cache=getattr(cache, "own", None))
                x = x + self.dropout(written)
                cached = getattr(cache, "memory", None)
                x = x + self.dropout(self.cross_attention(self.norm2(x), memory, lengths=lengths, cache=cached))
                return self.dropout(self.feed_forward(self.norm3(x))) + x

        @dataclass
        class Text:
            ids: np.ndarray
            length: int = 0

            def add(self, column: np.ndarray) -> None:
                self.length += 1
                self.ids[:, self.length] = column

            @property
            def written(self) -> np.ndarray:
                return self.ids[:, : self.length + 1]

        def write(model: Any, source: np.ndarray, *, start_id: int, length: int) -> np.ndarray:
            text = Text(np.full((source.shape[0], length + 1), start_id))
            with no_grad():
                writer = model.answering(source)
                while text.length < length:
                    text.add(np.einsum("bnv->nbv", writer(text.written).data)[-1].argmax(1))
            return text.written[:, 1:]
        """,
}  # fmt: skip
