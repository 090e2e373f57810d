"""Right answers to m04.e12 in other styles than the solution's."""

STYLES = {
    "loops": """
        def bytes_of_a_rank(numbers, size, stage):
            share = (numbers + size - 1) // size
            found = [4 * numbers, 4 * numbers, 8 * numbers]
            for stage_of_it, place in ((3, 0), (2, 1), (1, 2)):
                if stage >= stage_of_it:
                    found[place] = (8 if place == 2 else 4) * share
            return found

        def zero_step(comm, weights, gradient, m, v, update):
            share, n = len(m), len(weights)
            first = comm.rank * share
            filled = np.zeros(share * comm.size, gradient.dtype)
            filled[:n] = gradient
            mine = np.zeros(share, weights.dtype)
            for number in range(share):
                if first + number < n:
                    mine[number] = weights[first + number]
            mine, m, v = update(mine, comm.reduce_scatter(filled), m, v)
            return comm.all_gather(mine)[:n], m, v

        def forward_in_shares(comm, shares, shapes, x):
            for number in range(len(shares)):
                rows, columns = shapes[number]
                numbers = comm.all_gather(shares[number])
                x = np.tanh(np.dot(x, np.resize(numbers, (rows, columns))))
                del numbers
            return x
        """,
    "functions": """
        from functools import reduce

        def bytes_of_a_rank(numbers, size, stage):
            share = int(np.ceil(numbers / size)) if numbers < 2**50 else -(-numbers // size)
            return [each * (share if stage >= cut else numbers) for each, cut in ((4, 3), (4, 2), (8, 1))]

        def zero_step(comm, weights, gradient, m, v, update):
            def filled(array):
                return np.concatenate([array, np.zeros_like(array, shape=comm.size * len(m) - len(array))])

            mine = np.split(filled(weights), comm.size)[comm.rank]
            mine, m, v = update(mine, comm.reduce_scatter(filled(gradient)), m, v)
            return [comm.all_gather(mine)[: weights.size], m, v]

        def forward_in_shares(comm, shares, shapes, x):
            def layer(x, pair):
                share, (n_in, n_out) = pair
                whole = comm.all_gather(share)[: n_in * n_out]
                return np.tanh(np.einsum("bi,io->bo", x, whole.reshape(n_in, n_out)))

            return reduce(layer, zip(shares, shapes), x)
        """,
    "types": """
        import math
        from collections.abc import Callable, Sequence
        from typing import Any, NamedTuple

        class Held(NamedTuple):
            weights: int
            gradients: int
            state: int

        def bytes_of_a_rank(numbers: int, size: int, stage: int) -> Held:
            def held(first: int) -> int:
                return 4 * (numbers if stage < first else (numbers - 1) // size + 1)

            return Held(held(3), held(2), 2 * held(1))

        def zero_step(comm: Any, weights: np.ndarray, gradient: np.ndarray, m: np.ndarray, v: np.ndarray,
                      update: Callable) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
            rows: tuple[int, int] = (comm.size, len(m))
            table, slopes = (np.concatenate([one, np.zeros(math.prod(rows) - len(one), one.dtype)])
                             for one in (weights, gradient))
            moved, *state = update(table.reshape(rows)[comm.rank], comm.reduce_scatter(slopes), m, v)
            return (comm.all_gather(moved)[: len(weights)], *state)

        def forward_in_shares(comm: Any, shares: Sequence[np.ndarray], shapes: Sequence[tuple[int, int]],
                              x: np.ndarray) -> np.ndarray:
            def layer(x: np.ndarray, share: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
                return np.tanh(x @ comm.all_gather(share)[: math.prod(shape)].reshape(shape))

            for share, shape in zip(shares, shapes):
                x = layer(x, share, shape)
            return x
        """,
}
