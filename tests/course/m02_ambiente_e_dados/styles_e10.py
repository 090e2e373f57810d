"""Right answers to m02.e10 in other styles than the solution's."""

STYLES = {
    "loops": r"""
        @functools.cache
        def byte_characters():
            table, n = [], 0
            for byte in range(256):
                if 0x21 <= byte <= 0x7E or 0xA1 <= byte <= 0xAC or 0xAE <= byte:
                    table.append(chr(byte))
                else:
                    table.append(chr(256 + n))
                    n += 1
            return "".join(table)

        def unspell(spelling):
            data = bytearray()
            for character in spelling:
                byte = byte_characters().find(character)
                if byte == -1:
                    raise UsageError("no byte for " + repr(character) + " in the token " + spelling)
                data.append(byte)
            return bytes(data)

        def read_merges(text, vocab):
            merges, number = [], 0
            for line in text.split("\n"):
                number += 1
                if line.endswith("\r"):
                    line = line[:-1]
                if line == "" or number == 1 and line[:8] == "#version":
                    continue
                tokens = line.split(" ")
                if len(tokens) != 2:
                    raise UsageError("merges.txt, line %d: %r has not two tokens" % (number, line))
                for token in (tokens[0], tokens[1], tokens[0] + tokens[1]):
                    if token not in vocab:
                        raise UsageError("merges.txt, line %d: unknown %r" % (number, token))
                merges.append((vocab[tokens[0]], vocab[tokens[1]]))
            return merges
        """,
    "types": r"""
        from collections.abc import Iterator
        from dataclasses import dataclass
        from typing import NoReturn

        def is_visible(byte: int) -> bool:
            return byte in range(33, 127) or byte in range(161, 256) and byte != 173

        @functools.lru_cache(maxsize=None)
        def byte_characters() -> str:
            hidden: list[int] = [byte for byte in range(256) if not is_visible(byte)]
            return "".join(chr(byte if is_visible(byte) else 256 + hidden.index(byte)) for byte in range(256))

        @functools.cache
        def bytes_by_character() -> dict[str, int]:
            return {character: byte for byte, character in enumerate(byte_characters())}

        def unspell(spelling: str) -> bytes:
            table = bytes_by_character()
            strange = set(spelling).difference(table)
            if strange:
                raise UsageError(f"{spelling!r}: {strange}")
            return bytes(map(table.get, spelling))

        @dataclass
        class Line:
            number: int
            text: str

            def refuse(self, why: str) -> NoReturn:
                raise UsageError(f"merges.txt, line {self.number}: {why}")

        def lines(text: str) -> Iterator[Line]:
            for number, line in enumerate(text.split("\n"), 1):
                line = line.rstrip("\r")
                if line and not (number == 1 and line.startswith("#version")):
                    yield Line(number, line)

        def read_merges(text: str, vocab: dict[str, int]) -> list[tuple[int, int]]:
            merges: list[tuple[int, int]] = []
            for line in lines(text):
                left, _, right = line.text.partition(" ")
                try:
                    vocab[left + right]
                    merges.append((vocab[left], vocab[right]))
                except KeyError as error:
                    line.refuse(f"{error} is not in the vocabulary")
            return merges
        """,
}  # fmt: skip
