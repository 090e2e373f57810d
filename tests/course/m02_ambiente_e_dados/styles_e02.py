"""Right answers to m02.e02 in other styles than the solution's."""

STYLES = {
    "loops": """
        def fastest(functions, turns, clock=time.perf_counter):
            best = [float("inf")] * len(functions)
            for turn in range(turns + 1):
                for i in range(len(functions)):
                    if turn == 0:
                        functions[i]()
                        continue
                    start = clock()
                    functions[i]()
                    elapsed = clock() - start
                    if elapsed < best[i]:
                        best[i] = elapsed
            return best

        def peak_bytes(function):
            tracemalloc.start()
            try:
                function()
                now, peak = tracemalloc.get_traced_memory()
            except Exception:
                tracemalloc.stop()
                raise
            tracemalloc.stop()
            return peak

        def tokens_per_second(tokens, seconds, warm_up):
            steps = list(zip(tokens.tolist(), seconds.tolist(), strict=True))[warm_up:]
            return sum(count for count, _ in steps) / sum(time for _, time in steps)
        """,
    "types": """
        import contextlib
        from collections.abc import Callable, Iterator, Sequence
        from dataclasses import dataclass, field

        import numpy as np

        @dataclass
        class Timed:
            function: Callable[[], object]
            clock: Callable[[], float]
            times: list[float] = field(default_factory=list)

            def turn(self) -> None:
                before = self.clock()
                self.function()
                self.times += [self.clock() - before]

        def fastest(
            functions: Sequence[Callable], turns: int, clock: Callable[[], float] = time.perf_counter
        ) -> list[float]:
            timed = [Timed(function, clock) for function in functions]
            for function in functions:
                function()
            for _ in range(turns):
                for one in timed:
                    one.turn()
            return [sorted(one.times)[0] for one in timed]

        @contextlib.contextmanager
        def traced() -> Iterator[None]:
            tracemalloc.start()
            try:
                yield
            finally:
                tracemalloc.stop()

        def peak_bytes(function: Callable[[], object]) -> int:
            with traced():
                function()
                return max(tracemalloc.get_traced_memory())

        def tokens_per_second(tokens: np.ndarray, seconds: np.ndarray, warm_up: int) -> float:
            return float(np.einsum("n->", tokens[warm_up:]) / np.einsum("n->", seconds[warm_up:]))
        """,
}  # fmt: skip
