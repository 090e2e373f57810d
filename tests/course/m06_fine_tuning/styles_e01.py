"""Right answers to m06.e01 in other styles than the solution's."""

STYLES = {
    "loops": """
        @op
        def cross_entropy(logits, targets, *, weights=None, label_smoothing=0.0):
            N, L = logits.shape
            if weights is None:
                weights = [1.0] * N
            whole = float(sum(weights))
            total = 0
            slopes = np.zeros_like(logits)
            for n in range(N):
                row = logits[n] - logits[n].max()
                log_q = row - np.log(np.exp(row).sum())
                share = float(weights[n]) / whole
                for j in range(L):
                    t = label_smoothing / L
                    if j == targets[n]:
                        t = t + 1 - label_smoothing
                    total = total - share * t * log_q[j]
                    slopes[n, j] = share * (np.exp(log_q[j]) - t)

            def back(dy):
                return [slopes * dy, None]

            return np.asarray(total, dtype=logits.dtype), back

        def balanced(labels, count):
            found = np.zeros(count, dtype=np.float32)
            for label in range(count):
                how_many = 0
                for other in labels:
                    if other == label:
                        how_many += 1
                found[label] = len(labels) / count / how_many
            return found

        class Classifier(Classifier):
            def __call__(self, ids, lengths):
                B, T = ids.shape
                both = sees_both_ways(self.body)
                x = self.body.hidden(ids, lengths) if both else self.body.hidden(ids)
                which = np.zeros((B, T), dtype=x.dtype)
                for b in range(B):
                    if both:
                        for t in range(lengths[b]):
                            which[b, t] = 1 / lengths[b]
                    else:
                        which[b, lengths[b] - 1] = 1
                y = (x * which.reshape(B, T, 1)).sum(axis=1)
                y = self.dropout(y)
                return self.head(y)
        """,
    "functions": """
        @op
        def cross_entropy(logits, targets, *, weights=None, label_smoothing=0.0):
            def log_softmax(x):
                x = x - x.max(axis=-1, keepdims=True)
                return x - np.log(np.exp(x).sum(axis=-1, keepdims=True))

            log_q, L = log_softmax(logits), logits.shape[-1]
            of_target = np.take_along_axis(log_q, targets[:, None], axis=1)[:, 0]
            losses = -(1 - label_smoothing) * of_target - label_smoothing * log_q.mean(axis=-1)
            wanted = (1 - label_smoothing) * np.eye(L)[targets] + label_smoothing / L

            def backward(dy):
                slopes = np.exp(log_q) - wanted
                slopes *= (np.ones(len(targets)) if weights is None else weights / np.mean(weights))[:, None]
                return (dy * slopes / len(targets)).astype(logits.dtype), None

            return np.average(losses, weights=weights).astype(logits.dtype), backward

        def balanced(labels, count):
            return np.float32(len(labels) / count) / np.bincount(labels, minlength=count).astype(np.float32)

        class Classifier(Classifier):
            def text(self, ids, lengths):
                rows = range(len(ids))
                if sees_both_ways(self.body):
                    x = self.body.hidden(ids, lengths)
                    real = np.where(np.arange(x.shape[1]) < lengths.reshape(-1, 1), 1, 0).astype(x.dtype)
                    return (x * real[..., None]).sum(axis=1) / lengths.astype(x.dtype)[:, None]
                return self.body.hidden(ids)[list(rows), [lengths[b] - 1 for b in rows]]

            def __call__(self, ids, lengths):
                return self.head(self.dropout(self.text(ids, lengths)))
        """,
    "types": """
        from collections.abc import Callable

        Back = Callable[[np.ndarray], tuple[np.ndarray, None]]

        @op
        def cross_entropy(logits: np.ndarray, targets: np.ndarray, *, weights: np.ndarray | None = None,
                          label_smoothing: float = 0.0) -> tuple[np.ndarray, Back]:
            shifted: np.ndarray = logits - logits.max(axis=1)[:, None]
            exponentials: np.ndarray = np.exp(shifted)
            totals: np.ndarray = exponentials.sum(axis=1)
            hot: np.ndarray = targets[:, None] == np.arange(logits.shape[1])
            wanted = np.where(hot, 1 - label_smoothing, 0) + label_smoothing / logits.shape[1]
            losses = np.log(totals) - np.einsum("nl,nl->n", wanted, shifted)
            w = np.ones_like(losses) if weights is None else np.asarray(weights, dtype=np.float64)

            def backward(dy: np.ndarray) -> tuple[np.ndarray, None]:
                slopes = exponentials / totals[:, None] - wanted
                return (float(dy) * w[:, None] * slopes / w.sum()).astype(logits.dtype), None

            return logits.dtype.type(w @ losses / w.sum()), backward

        def balanced(labels: np.ndarray, count: int) -> np.ndarray:
            found, counts = np.unique(labels, return_counts=True)
            weights = np.empty(count, dtype=np.float32)
            weights[found] = labels.size / counts / count
            return weights

        class Classifier(Classifier):
            def __call__(self, ids: np.ndarray, lengths: np.ndarray):
                if not sees_both_ways(self.body):
                    pooled = self.body.hidden(ids)[np.arange(ids.shape[0]), lengths - 1]
                else:
                    hidden = self.body.hidden(ids, lengths)
                    weights: np.ndarray = np.zeros(hidden.shape[:2], hidden.dtype)
                    for row, length in zip(weights, lengths, strict=True):
                        row[:length] = 1 / length
                    pooled = (hidden * weights[..., np.newaxis]).sum(axis=1)
                return self.head(self.dropout(pooled))
        """,
}
