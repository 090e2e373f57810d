"""Right answers to m01.e07 in other styles than the solution's."""

STYLES = {
    "row by row": """
        def causal_example(ids):
            T = len(ids) - 1
            mask = np.zeros((T, T), dtype=bool)
            for t in range(T):
                mask[t, : t + 1] = True
            return ids[:-1], ids[1:], mask

        def masked_example(ids, chosen, draws, random_ids, mask_id):
            inputs, targets = ids.copy(), np.full(len(ids), IGNORED)
            targets[chosen] = ids[chosen]
            inputs[chosen & (draws < 0.8)] = mask_id
            other = chosen & (draws >= 0.8) & (draws < 0.9)
            inputs[other] = random_ids[other]
            return inputs, targets, np.full((len(ids), len(ids)), True)

        def span_corruption(ids, spans, sentinels):
            inputs, targets, last = [], [], 0
            for i in range(len(spans)):
                start, end = spans[i]
                inputs.append(ids[last:start])
                inputs.append(sentinels[i : i + 1])
                targets.append(sentinels[i : i + 1])
                targets.append(ids[start:end])
                last = end
            inputs.append(ids[last:])
            targets.append(sentinels[len(spans) : len(spans) + 1])
            return np.concatenate(inputs), np.concatenate(targets)
        """,
    "types": """
        from typing import NamedTuple

        Array = np.ndarray

        class Example(NamedTuple):
            inputs: Array
            targets: Array
            visible: Array

        def causal_example(ids: Array) -> Example:
            T: int = ids.size - 1
            return Example(ids[:T], ids[1:], np.tri(T, dtype=bool))

        def masked_example(ids: Array, chosen: Array, draws: Array, random_ids: Array, mask_id: int) -> Example:
            kinds = [chosen & (draws < 0.8), chosen & (draws < 0.9)]
            inputs = np.select(kinds, [np.full_like(ids, mask_id), random_ids], default=ids)
            targets = np.select([chosen], [ids], default=IGNORED)
            return Example(inputs, targets, np.einsum("i,j->ij", ids, ids) != np.inf)

        def span_corruption(ids: Array, spans: list[tuple[int, int]], sentinels: Array) -> list[Array]:
            if not len(spans):
                return [ids, np.asarray(sentinels[:1])]
            cuts = np.split(ids, [edge for span in spans for edge in span])
            marks = [sentinels[i : i + 1] for i in range(len(spans) + 1)]
            kept, lost = cuts[::2], cuts[1::2]
            inputs = [part for pair in zip(kept, marks) for part in pair][:-1]
            targets = [part for pair in zip(marks, lost) for part in pair] + marks[-1:]
            return [np.concatenate(inputs), np.concatenate(targets)]
        """,
}  # fmt: skip
