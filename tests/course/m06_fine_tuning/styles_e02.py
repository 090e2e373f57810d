"""Right answers to m06.e02 in other styles than the solution's."""

STYLES = {
    "loops": """
        class Template(Template):
            def __call__(self, messages):
                ids = [self.end_id]
                learned = [0]
                for message in messages:
                    for token in self.names[message[0]]:
                        ids.append(int(token))
                        learned.append(0)
                    for token in self.said(message[1]):
                        ids.append(int(token))
                        learned.append(1 if message[0] == "assistant" else 0)
                    ids.append(self.end_id)
                    learned.append(1 if message[0] == "assistant" else 0)
                return np.array(ids).astype(np.int64), np.array(learned) == 1

            def asked(self, messages):
                ids, _ = self(messages)
                found = []
                for token in ids:
                    found.append(token)
                for token in self.names["assistant"]:
                    found.append(token)
                return found

        def answers_batch(rows):
            T = 0
            for ids, learned in rows:
                T = max(T, len(ids) - 1)
            x = np.zeros((len(rows), T), np.int64)
            y = np.zeros((len(rows), T), np.int64)
            w = np.zeros((len(rows), T), np.float32)
            for b, (ids, learned) in enumerate(rows):
                for t in range(len(ids) - 1):
                    x[b, t] = ids[t]
                    y[b, t] = ids[t + 1]
                    w[b, t] = learned[t + 1]
            return x, y, w

        def kept_apart(segments):
            T = len(segments)
            places = np.zeros(T, np.int64)
            begins = 0
            sees = np.zeros((T, T), bool)
            for t in range(T):
                if t > 0 and segments[t] != segments[t - 1]:
                    begins = t
                places[t] = t - begins
                sees[t, begins : t + 1] = True
            return sees, places
        """,
    "functions": """
        from itertools import chain

        class Template(Template):
            def parts(self, messages):
                yield [self.end_id], False
                for role, content in messages:
                    yield self.names[role], False
                    yield [*self.said(content), self.end_id], role == "assistant"

            def __call__(self, messages):
                parts = list(self.parts(messages))
                ids = np.fromiter(chain.from_iterable(ids for ids, _ in parts), dtype=np.int64)
                return ids, np.repeat([learned for _, learned in parts], [len(ids) for ids, _ in parts])

            def asked(self, messages):
                return list(chain(self(messages)[0], self.names["assistant"]))

        def answers_batch(rows):
            ids, lengths = padded([ids for ids, _ in rows], 0)
            learned, _ = padded([learned for _, learned in rows], 0)
            real = np.arange(ids.shape[1] - 1) < lengths[:, None] - 1
            return ids[:, :-1] * real, ids[:, 1:], learned[:, 1:].astype(np.float32)

        def kept_apart(segments):
            same = np.equal.outer(segments, segments)
            return np.tril(same), np.tril(same, -1).sum(axis=1)
        """,
    "types": """
        from collections.abc import Sequence

        Row = tuple[np.ndarray, np.ndarray]

        class Template(Template):
            def __call__(self, messages: Sequence[tuple[str, str]]) -> Row:
                ids: list[np.ndarray] = [np.array([self.end_id])]
                learned: list[np.ndarray] = [np.zeros(1, bool)]
                for role, content in messages:
                    name, said = np.array(self.names[role]), np.array([*self.said(content), self.end_id])
                    ids.extend((name, said))
                    learned.extend((np.zeros(len(name), bool), np.full(len(said), role == "assistant")))
                return np.concatenate(ids).astype(np.int64), np.concatenate(learned)

            def asked(self, messages: Sequence[tuple[str, str]]) -> list[int]:
                return self(messages)[0].tolist() + self.names["assistant"]

        def answers_batch(rows: Sequence[Row]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
            def filled(parts: list[np.ndarray], dtype: type) -> np.ndarray:
                width: int = max(len(part) for part in parts)
                return np.stack([np.pad(part.astype(dtype), (0, width - len(part))) for part in parts])

            ids = filled([ids[:-1] for ids, _ in rows], np.int64)
            targets = filled([ids[1:] for ids, _ in rows], np.int64)
            return ids, targets, filled([learned[1:] for _, learned in rows], np.float32)

        def kept_apart(segments: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            T: int = segments.size
            begins: np.ndarray = np.append(True, segments[1:] != segments[:-1])
            start: np.ndarray = np.maximum.accumulate(np.where(begins, np.arange(T), 0))
            j = np.arange(T)
            return (start[:, None] <= j) & (j <= j[:, None]), np.arange(T) - start
        """,
}
