"""Right answers to m01.e04 in other styles than the solution's."""

STYLES = {
    "loops": """
        import heapq
        import itertools

        def sum_to_shape(grad, shape):
            while grad.ndim > len(shape):
                grad = grad.sum(axis=0)
            for axis, size in enumerate(shape):
                if size == 1:
                    grad = grad.sum(axis=axis, keepdims=True)
            return grad

        def backward(loss, grad=None):
            if grad is None:
                grad = np.ones(loss.shape, loss.data.dtype)
            if loss.node is None:
                return {loss: sum_to_shape(grad, loss.shape)}
            gradients, found, order = {loss.node: grad}, {}, itertools.count()
            heap = [(-loss.node.born, next(order), loss.node)]
            while heap:
                _, _, node = heapq.heappop(heap)
                for source, dx in node.gradients(gradients.pop(node)):
                    dx = sum_to_shape(dense(dx, source.shape), source.shape)
                    if isinstance(source, Tensor):
                        found[source] = found[source] + dx if source in found else dx
                    elif source in gradients:
                        gradients[source] = gradients[source] + dx
                    else:
                        gradients[source] = dx
                        heapq.heappush(heap, (-source.born, next(order), source))
            return found
        """,
    "types": """
        from collections.abc import Callable
        from dataclasses import dataclass, field
        from typing import Any

        def sum_to_shape(grad: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
            padded = (1,) * (grad.ndim - len(shape)) + tuple(shape)
            axes = tuple(axis for axis, size in enumerate(padded) if size == 1)
            return np.sum(grad, axis=axes, keepdims=True).reshape(shape)

        @op
        def multiply(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, Callable]:
            def backward(dy: np.ndarray) -> list[np.ndarray]:
                return [np.multiply(dy, b), np.multiply(dy, a)]

            return np.multiply(a, b), backward

        @dataclass
        class Totals:
            by_source: dict[Any, np.ndarray] = field(default_factory=dict)

            def add(self, source: Any, dx: Any) -> None:
                whole = sum_to_shape(dense(dx, source.shape), source.shape)
                self.by_source[source] = self.by_source.get(source, 0) + whole

            def youngest(self) -> Any:
                nodes = [source for source in self.by_source if not isinstance(source, Tensor)]
                return max(nodes, key=lambda node: node.born, default=None)

        def backward(loss: Tensor, grad: np.ndarray | None = None) -> dict[Tensor, np.ndarray]:
            totals = Totals()
            totals.add(loss if loss.node is None else loss.node, np.ones_like(loss.data) if grad is None else grad)
            while (node := totals.youngest()) is not None:
                for source, dx in node.gradients(totals.by_source.pop(node)):
                    totals.add(source, dx)
            return totals.by_source
        """,
}  # fmt: skip
