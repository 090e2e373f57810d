"""Right answers to m01.e06 in other styles than the solution's."""

STYLES = {
    "loops": """
        import math

        def attention_weights(query, keys):
            scores = []
            for key in keys:
                score = 0.0
                for i in range(len(query)):
                    score += query[i] * key[i]
                scores.append(score / math.sqrt(len(query)))
            largest = max(scores)
            exponentials = [math.exp(score - largest) for score in scores]
            total = sum(exponentials)
            return np.array([e / total for e in exponentials], dtype=keys.dtype)

        def attend(query, keys, values):
            weights, found = attention_weights(query, keys), np.zeros(values.shape[1], values.dtype)
            for weight, value in zip(weights, values, strict=True):
                found += weight * value
            return found

        def causal_self_attention(x, w_query, w_key, w_value):
            rows = []
            for t in range(len(x)):
                seen = x[: t + 1]
                rows.append(attend(x[t] @ w_query, seen @ w_key, seen @ w_value))
            return np.array(rows)
        """,
    "einsum": """
        def attention_weights(query, keys):
            scores = np.einsum("d,sd->s", query, keys) / len(query) ** 0.5
            e = np.exp(scores - np.max(scores))
            return e / np.sum(e)

        def attend(query, keys, values):
            return np.einsum("s,se->e", attention_weights(query, keys), values)

        def causal_self_attention(x, w_query, w_key, w_value):
            q, k, v = (np.einsum("tc,cd->td", x, w) for w in (w_query, w_key, w_value))
            scores = np.einsum("td,sd->ts", q, k) / np.sqrt(q.shape[1])
            scores[np.triu(np.ones(scores.shape, bool), 1)] = -np.inf
            e = np.exp(scores - scores.max(axis=1, keepdims=True))
            return np.einsum("ts,se->te", e / e.sum(axis=1, keepdims=True), v)
        """,
    "types": """
        from dataclasses import dataclass

        @dataclass
        class Memory:
            keys: np.ndarray
            values: np.ndarray

            def until(self, t: int) -> Memory:
                return Memory(self.keys[: t + 1], self.values[: t + 1])

            def answer(self, query: np.ndarray) -> np.ndarray:
                return attend(query, self.keys, self.values)

        def softmax(scores: np.ndarray) -> np.ndarray:
            shifted: np.ndarray = scores - scores.max()
            return np.exp(shifted - np.log(np.exp(shifted).sum()))

        def attention_weights(query: np.ndarray, keys: np.ndarray) -> np.ndarray:
            return softmax(np.dot(keys, query) * query.size**-0.5)

        def attend(query: np.ndarray, keys: np.ndarray, values: np.ndarray) -> np.ndarray:
            return (attention_weights(query, keys)[:, None] * values).sum(axis=0)

        def causal_self_attention(
            x: np.ndarray, w_query: np.ndarray, w_key: np.ndarray, w_value: np.ndarray
        ) -> np.ndarray:
            memory = Memory(x @ w_key, x @ w_value)
            return np.vstack([memory.until(t).answer(query) for t, query in enumerate(x @ w_query)])
        """,
}  # fmt: skip
