"""Right answers to m05.e02 in other styles than the solution's."""

STYLES = {
    "written out": """
        def sgd_update(p, g, v, *, lr, decay, step, momentum, nesterov):
            slope = decay * p + g
            v[...] = momentum * v + slope
            if nesterov:
                p[...] = p - lr * slope - lr * momentum * v
            else:
                p[...] = p - lr * v

        def adam_update(p, g, m, v, *, lr, decay, step, beta1, beta2, eps):
            slope = g + p * decay
            m[...] = beta1 * m + (1 - beta1) * slope
            v[...] = beta2 * v + (1 - beta2) * slope**2
            p -= lr * (m / (1 - beta1**step)) / ((v / (1 - beta2**step)) ** 0.5 + eps)

        def adamw_update(p, g, m, v, *, lr, decay, step, beta1, beta2, eps):
            m *= beta1
            m += (1 - beta1) * g
            v *= beta2
            v += (1 - beta2) * g**2
            mean, square = m / (1 - beta1**step), v / (1 - beta2**step)
            p[...] = p - lr * decay * p - lr * mean / (np.sqrt(square) + eps)
        """,
    "types": """
        def sgd_update(
            p: np.ndarray, g: np.ndarray, v: np.ndarray, *,
            lr: float, decay: float, step: int, momentum: float, nesterov: bool,
        ) -> None:
            slope: np.ndarray = g + decay * p
            np.multiply(v, momentum, out=v)
            np.add(v, slope, out=v)
            way: np.ndarray = slope + momentum * v if nesterov else v
            np.subtract(p, lr * way, out=p)

        def unbiased(mean: np.ndarray, beta: float, step: int) -> np.ndarray:
            return mean / (1 - beta**step)

        def adam_update(
            p: np.ndarray, g: np.ndarray, m: np.ndarray, v: np.ndarray, *,
            lr: float, decay: float, step: int, beta1: float, beta2: float, eps: float,
        ) -> None:
            slope: np.ndarray = g + decay * p if decay else g
            for mean, beta, new in ((m, beta1, slope), (v, beta2, np.square(slope))):
                mean += (1 - beta) * (new - mean)
            p -= lr * unbiased(m, beta1, step) / (np.sqrt(unbiased(v, beta2, step)) + eps)

        def adamw_update(p: np.ndarray, g: np.ndarray, m: np.ndarray, v: np.ndarray, *, lr: float, decay: float,
                         **options: float) -> None:
            p -= lr * decay * p
            adam_update(p, g, m, v, lr=lr, decay=0, **options)
        """,
}
