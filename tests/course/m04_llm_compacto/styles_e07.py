"""Right answers to m04.e07 in other styles than the solution's."""

STYLES = {
    "loops": """
        import math

        def zeros_on_disk(path, shape):
            with open(path, "wb") as file:
                file.write(bytes(4 * math.prod(shape)))
            return np.memmap(path, dtype="float32", mode="r+", shape=shape)

        def adamw_step(weight, grad, m, v, step, lr, *, rows, beta1=0.9, beta2=0.99, eps=1e-8, decay=0.1):
            start = 0
            while start < weight.shape[0]:
                end = min(start + rows, weight.shape[0])
                g = grad[start:end]
                mean = np.array(m[start:end])
                mean = mean + (1 - beta1) * (g - mean)
                square = np.array(v[start:end])
                square = square + (1 - beta2) * (g**2 - square)
                m[start:end] = mean
                v[start:end] = square
                w = weight[start:end] * (1 - lr * decay)
                weight[start:end] = w - lr * (mean / (1 - beta1**step)) / ((square / (1 - beta2**step)) ** 0.5 + eps)
                start = end

        def slowdown(parameters, tokens, speed, bandwidth, ahead=False):
            compute = 6 * parameters * tokens / speed
            moving = 4 * 4 * parameters / bandwidth
            if ahead:
                return 1.0 if compute > moving else moving / compute
            return 1 + moving / compute
        """,
    "types": """
        from typing import Any

        def zeros_on_disk(path: Any, shape: tuple[int, ...]) -> np.ndarray:
            return np.memmap(path, dtype=np.float32, mode="w+", shape=tuple(shape))

        def adamw_step(
            weight: np.ndarray, grad: np.ndarray, m: np.ndarray, v: np.ndarray, step: int, lr: float, *,
            rows: int, beta1: float = 0.9, beta2: float = 0.99, eps: float = 1e-8, decay: float = 0.1,
        ) -> None:
            parts: list[slice] = [slice(i, i + rows) for i in range(0, len(weight), rows)]
            for part in parts:
                g, mean, square = grad[part], np.array(m[part]), np.array(v[part])
                mean *= beta1
                mean += (1 - beta1) * g
                square *= beta2
                square += (1 - beta2) * g * g
                m[part], v[part] = mean, square
                unbiased = mean / (1 - beta1**step)
                spread = np.sqrt(square / (1 - beta2**step)) + eps
                weight[part] = weight[part] * (1 - lr * decay) - lr * unbiased / spread

        def slowdown(parameters: int, tokens: int, speed: float, bandwidth: float, ahead: bool = False) -> float:
            seconds: tuple[float, float] = (6 * parameters * tokens / speed, 16 * parameters / bandwidth)
            together = max if ahead else lambda compute, moving: compute + moving
            return together(*seconds) / seconds[0]
        """,
}
