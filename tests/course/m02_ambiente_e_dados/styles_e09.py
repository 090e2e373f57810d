"""Right answers to m02.e09 in other styles than the solution's."""

STYLES = {
    "loops": """
        def encode_word(word, ranks):
            ids = [token for token in word]
            while True:
                best, place = None, None
                for i in range(len(ids) - 1):
                    found = ranks.get((ids[i], ids[i + 1]))
                    if found is not None and (best is None or found[0] < best[0]):
                        best, place = found, i
                if place is None:
                    return ids
                ids = ids[:place] + [best[1]] + ids[place + 2 :]

        def unfinished_bytes(data):
            i, last = len(data) - 1, max(0, len(data) - 3)
            while i >= last:
                if data[i] < 0x80 or data[i] > 0xF4 or data[i] in (0xC0, 0xC1):
                    return 0
                if data[i] >= 0xC2:
                    length = 2
                    if data[i] >= 0xE0:
                        length = 3
                    if data[i] >= 0xF0:
                        length = 4
                    there = len(data) - i
                    return there if there < length else 0
                i -= 1
            return 0

        def stream_text(pieces):
            waiting = bytearray()
            for piece in pieces:
                for byte in piece:
                    waiting.append(byte)
                end = len(waiting) - unfinished_bytes(bytes(waiting))
                text = to_text(bytes(waiting[:end]))
                del waiting[:end]
                if text != "":
                    yield text
            if len(waiting) > 0:
                yield to_text(bytes(waiting))
        """,
    "the decoder of Python": """
        def unfinished_bytes(data):
            for count in range(1, min(3, len(data)) + 1):
                try:
                    data[-count:].decode("utf-8")
                except UnicodeDecodeError as error:
                    if error.reason == "unexpected end of data":
                        return count
            return 0
        """,
    "types": """
        from collections.abc import Iterable, Iterator
        from dataclasses import dataclass
        from typing import NamedTuple

        class Merge(NamedTuple):
            order: int
            place: int
            new_id: int

        def merges(ids: list[int], ranks: dict[tuple[int, int], tuple[int, int]]) -> list[Merge]:
            pairs = enumerate(zip(ids, ids[1:]))
            return [Merge(ranks[pair][0], i, ranks[pair][1]) for i, pair in pairs if pair in ranks]

        def encode_word(word: list[int], ranks: dict[tuple[int, int], tuple[int, int]]) -> list[int]:
            ids = list(word)
            while found := merges(ids, ranks):
                _, place, new_id = min(found)
                ids[place : place + 2] = [new_id]
            return ids

        LENGTHS = {**dict.fromkeys(range(0xC2, 0xE0), 2), **dict.fromkeys(range(0xE0, 0xF0), 3),
                   **dict.fromkeys(range(0xF0, 0xF5), 4)}

        def unfinished_bytes(data: bytes) -> int:
            for count, byte in enumerate(reversed(data[-3:]), start=1):
                if byte in LENGTHS:
                    return count if count < LENGTHS[byte] else 0
                if byte >> 6 != 0b10:
                    return 0
            return 0

        @dataclass
        class Buffer:
            data: bytes = b""

            def take(self, piece: bytes) -> str:
                data = self.data + piece
                unfinished = unfinished_bytes(data)
                self.data = data[len(data) - unfinished :]
                return to_text(data.removesuffix(self.data))

        def stream_text(pieces: Iterable[bytes]) -> Iterator[str]:
            buffer = Buffer()
            yield from filter(None, map(buffer.take, pieces))
            if buffer.data:
                yield to_text(buffer.data)
        """,
}  # fmt: skip
