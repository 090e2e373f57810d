"""Right answers to m01.e03 in other styles than the solution's."""

STYLES = {
    "loops": """
        @op
        def softmax(x):
            rows = x.reshape(-1, x.shape[-1])
            y = np.stack([np.exp(row - row.max()) / np.exp(row - row.max()).sum() for row in rows]).reshape(x.shape)
            return y, lambda dy: y * (dy - np.einsum("...i,...i->...", dy, y)[..., None])

        @op
        def log_softmax(x):
            y = np.empty_like(x)
            for place in np.ndindex(x.shape[:-1]):
                row = x[place] - max(x[place])
                y[place] = row - np.log(np.sum(np.exp(row)))

            def backward(dy):
                dx = np.empty_like(x)
                for place in np.ndindex(x.shape[:-1]):
                    dx[place] = dy[place] - np.exp(y[place]) * sum(dy[place])
                return dx

            return y, backward

        @op
        def cross_entropy(logits, targets):
            N, loss = len(targets), 0
            dlogits = np.empty_like(logits)
            for n in range(N):
                e = np.exp(logits[n] - logits[n].max())
                loss += np.log(e.sum()) - (logits[n, targets[n]] - logits[n].max())
                dlogits[n] = e / e.sum()
                dlogits[n, targets[n]] -= 1
            return loss / N, lambda dy: (dy * dlogits / N, None)
        """,
    "types": """
        from collections.abc import Callable
        from dataclasses import dataclass

        Result = tuple[np.ndarray, Callable]

        @dataclass
        class Logits:
            x: np.ndarray

            @property
            def log_probabilities(self) -> np.ndarray:
                x = self.x - np.amax(self.x, axis=-1, keepdims=True)
                return x - np.log(np.einsum("...v->...", np.exp(x)))[..., None]

        @op
        def softmax(x: np.ndarray) -> Result:
            y = np.exp(Logits(x).log_probabilities)

            def backward(dy: np.ndarray) -> np.ndarray:
                return y * dy - y * np.sum(y * dy, -1)[..., np.newaxis]

            return y, backward

        @op
        def log_softmax(x: np.ndarray) -> Result:
            y = Logits(x).log_probabilities
            return y, lambda dy: dy - np.exp(y) * np.sum(dy, axis=-1, keepdims=True)

        @op
        def cross_entropy(logits: np.ndarray, targets: np.ndarray) -> Result:
            y = Logits(logits).log_probabilities
            right = targets[:, None] == np.arange(logits.shape[1])

            def backward(dy: np.ndarray) -> tuple[np.ndarray, None]:
                return (np.exp(y) - right) * (dy / y.dtype.type(len(y))), None

            return -np.take_along_axis(y, targets[:, None], axis=1).mean(), backward
        """,
}  # fmt: skip
