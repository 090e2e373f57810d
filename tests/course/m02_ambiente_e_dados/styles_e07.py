"""Right answers to m02.e07 in other styles than the solution's."""

STYLES = {
    "loops": """
        def most_frequent(counts, room):
            left, chosen = dict(counts), []
            order = sorted(left.items(), key=lambda item: item[0])
            order.sort(key=lambda item: item[1], reverse=True)
            for piece, _ in order:
                if len(chosen) < room:
                    chosen.append(piece)
            chosen.sort()
            return chosen

        def encode(text, cut, vocabulary):
            ids, found = {}, []
            for i in range(len(vocabulary)):
                ids[vocabulary[i]] = i
            for piece in cut(text):
                if piece in ids:
                    found.append(ids[piece])
                else:
                    found.append(0)
            return found

        def decode(ids, vocabulary):
            text = ""
            for i in ids:
                text += vocabulary[i]
            return text
        """,
    "types": """
        import collections
        import heapq
        from collections.abc import Callable, Iterable

        def rank(item: tuple[str, int]) -> tuple[int, str]:
            piece, count = item
            return -count, piece

        def most_frequent(counts: dict[str, int], room: int) -> list[str]:
            return sorted(piece for piece, _ in heapq.nsmallest(room, counts.items(), key=rank))

        class Vocabulary(dict[str, int]):
            def __init__(self, pieces: Iterable[str]) -> None:
                super().__init__(zip(pieces, range(len(pieces))))

            def __missing__(self, piece: str) -> int:
                return 0

        def encode(text: str, cut: Callable[[str], list[str]], vocabulary: list[str]) -> list[int]:
            return [*map(Vocabulary(vocabulary).__getitem__, cut(text))]

        def decode(ids: list[int], vocabulary: list[str]) -> str:
            return "".join(map(vocabulary.__getitem__, ids))
        """,
}  # fmt: skip
