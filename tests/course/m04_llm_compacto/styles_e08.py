"""Right answers to m04.e08 in other styles than the solution's."""

STYLES = {
    "loops": """
        def ahead(load, numbers):
            if len(numbers) == 0:
                return
            executor = ThreadPoolExecutor(1)
            try:
                future = executor.submit(load, numbers[0])
                for i in range(len(numbers)):
                    weight = future.result()
                    if i + 1 < len(numbers):
                        future = executor.submit(load, numbers[i + 1])
                    yield weight
            finally:
                executor.shutdown()

        def forward(x, load, layers, function):
            entries = []
            with no_grad():
                h = Tensor(x)
                for weight in ahead(load, range(layers)):
                    entries.append(h.data)
                    h = function(h, Tensor(weight))
            return h.data, entries

        def backward_through(dy, entries, load, store, function):
            number = len(entries)
            for weight in ahead(load, list(range(number - 1, -1, -1))):
                number -= 1
                x = Tensor(entries.pop(), requires_grad=True)
                w = Tensor(weight, requires_grad=True)
                gradients = backward(function(x, w), dy)
                store(number, gradients[w])
                dy = gradients[x]
            return dy
        """,
    "a queue": """
        from collections import deque

        def ahead(load, numbers):
            executor, queue = ThreadPoolExecutor(max_workers=1), deque()
            for number in numbers:
                queue.append(executor.submit(load, number))
                if len(queue) == 2:
                    yield queue.popleft().result()
            while queue:
                yield queue.popleft().result()
            executor.shutdown()

        def backward_through(dy, entries, load, store, function):
            weights = ahead(load, range(len(entries))[::-1])
            while entries:
                leaves = Tensor(entries.pop(), requires_grad=True), Tensor(next(weights), requires_grad=True)
                gradients = backward(function(*leaves), dy)
                dy = gradients[leaves[0]]
                store(len(entries), gradients[leaves[1]])
            return dy
        """,
    "types": """
        from collections.abc import Callable, Iterator, Sequence
        from typing import Any

        def ahead(load: Callable[[int], Any], numbers: Sequence[int]) -> Iterator[Any]:
            if not numbers:
                return
            weight: Any = load(numbers[0])
            with ThreadPoolExecutor(max_workers=1) as executor:
                for number in numbers[1:]:
                    future = executor.submit(load, number)
                    yield weight
                    weight = future.result()
            yield weight

        def forward(x: Any, load: Any, layers: int, function: Any) -> tuple[Any, list[Any]]:
            entries: list[Any] = [x]
            for weight in ahead(load, range(layers)):
                with no_grad():
                    entries.append(function(Tensor(entries[-1]), Tensor(weight)).data)
            return entries.pop(), entries

        def backward_through(dy: Any, entries: list[Any], load: Any, store: Any, function: Any) -> Any:
            def back(number: int, weight: Any, dy: Any) -> Any:
                x, w = (Tensor(array, requires_grad=True) for array in (entries.pop(), weight))
                gradients: dict[Tensor, Any] = backward(function(x, w), dy)
                store(number, gradients[w])
                return gradients[x]

            numbers = range(len(entries) - 1, -1, -1)
            for number, weight in zip(numbers, ahead(load, numbers)):
                dy = back(number, weight, dy)
            return dy
        """,
}
