"""Right answers to m05.e11 in other styles than the solution's."""

STYLES = {
    "loops": """
        @op
        def distillation(logits, teacher, *, temperature):
            V = logits.shape[-1]
            x = logits.reshape(-1, V) / temperature
            t = teacher.reshape(-1, V) / temperature
            total = 0
            slopes = np.zeros_like(x)
            for i in range(len(x)):
                log_q = x[i] - log_sum(x[i])
                log_p = t[i] - log_sum(t[i])
                total = total + np.sum(np.exp(log_p) * (log_p - log_q))
                slopes[i] = np.exp(log_q) - np.exp(log_p)

            def back(dy):
                return [(dy * temperature * slopes / len(x)).reshape(logits.shape), None]

            return total * temperature * temperature / len(x), back

        def hidden_loss(hidden, head, targets, states, weight, *, mixture):
            scaled = np.empty_like(states)
            for i in range(len(states)):
                scaled[i] = states[i] / np.sqrt(np.mean(states[i] ** 2) + 1e-6)
            apart = hidden @ weight + -scaled
            error = (apart * apart).sum() * (1.0 / scaled.size)
            text = F.cross_entropy(hidden @ head, targets)
            return (1 - mixture) * text + mixture * error

        def likeliest(logits, *, count):
            n, V = logits.shape
            ids = np.zeros((n, count), int)
            known = np.zeros((n, count + 1), logits.dtype)
            for i in range(n):
                row = logits[i] - log_sum(logits[i])
                best = sorted(range(V), key=lambda token: (-logits[i, token], token))
                ids[i] = sorted(best[:count])
                known[i, :count] = row[ids[i]]
                known[i, count] = log_sum(row[best[count:]])[0]
            return ids, known
        """,
    "functions": """
        @op
        def distillation(logits, teacher, *, temperature):
            def log_softmax(x):
                return x / temperature - log_sum(x / temperature)

            log_p, log_q = log_softmax(teacher), log_softmax(logits)
            divergence = np.einsum("...v,...v->...", np.exp(log_p), log_p - log_q)

            def backward(dy):
                each = dy * temperature / divergence.size
                return np.subtract(np.exp(log_q), np.exp(log_p)) * each, None

            return np.mean(divergence) * temperature**2, backward

        def hidden_loss(hidden, head, targets, states, weight, *, mixture):
            size = np.linalg.norm(states, axis=1, keepdims=True)
            rms = np.sqrt(size**2 / states.shape[1] + 1e-6)
            parts = F.cross_entropy(hidden @ head, targets), (states / rms - hidden @ weight) ** 2
            return parts[0] * (1 - mixture) + parts[1].mean() * mixture

        def likeliest(logits, *, count):
            order = np.argsort(-logits, axis=1, kind="stable")
            ids, others = np.sort(order[:, :count], axis=1), order[:, count:]
            parts = np.take_along_axis(logits, ids, axis=1), log_sum(np.take_along_axis(logits, others, axis=1))
            return ids, np.hstack(parts) - log_sum(logits)
        """,
    "types": """
        from collections.abc import Callable
        from typing import Any

        Back = Callable[[np.ndarray], tuple[np.ndarray, None]]

        @op
        def distillation(logits: np.ndarray, teacher: np.ndarray, *, temperature: float) -> tuple[np.ndarray, Back]:
            u, v = logits / temperature, teacher / temperature
            u, v = u - u.max(axis=-1, keepdims=True), v - v.max(axis=-1, keepdims=True)
            sum_u, sum_v = (np.exp(x).sum(axis=-1, keepdims=True) for x in (u, v))
            p: np.ndarray = np.exp(v) / sum_v
            of_each = (p * (v - u)).sum(axis=-1) + np.log(sum_u)[..., 0] - np.log(sum_v)[..., 0]
            count: int = max(1, of_each.size)

            def back(dy: np.ndarray) -> tuple[np.ndarray, None]:
                return (np.exp(u) / sum_u - p) * (dy * (temperature / count)), None

            return of_each.mean() * temperature**2, back

        def hidden_loss(hidden: Any, head: Any, targets: np.ndarray, states: np.ndarray, weight: Any, *,
                        mixture: float) -> Any:
            squares: np.ndarray = np.square(states).mean(axis=1, keepdims=True)
            error = hidden @ weight - states * (squares + 1e-6) ** -0.5
            imitation: Any = (error * error).mean()
            text: Any = F.cross_entropy(hidden @ head, targets)
            return text + (imitation - text) * mixture

        def likeliest(logits: np.ndarray, *, count: int) -> tuple[np.ndarray, np.ndarray]:
            known: np.ndarray = logits - log_sum(logits)
            ids: np.ndarray = np.sort(np.argsort(-known, axis=1, kind="stable")[:, :count], axis=1)
            inside = np.zeros(logits.shape, bool)
            inside[np.arange(len(ids))[:, None], ids] = True
            rest = log_sum(np.where(inside, -np.inf, known))
            return ids, np.concatenate((known[inside].reshape(ids.shape), rest), axis=1)
        """,
}
