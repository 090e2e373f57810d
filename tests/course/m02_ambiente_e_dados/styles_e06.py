"""Right answers to m02.e06 in other styles than the solution's."""

STYLES = {
    "loops": """
        def split_of(key, *, held_out):
            if not 0 < held_out < 0.5:
                raise UsageError(f"held_out={held_out} deve ficar entre 0 e 0.5")
            number = 0
            for byte in hashlib.blake2b(key, digest_size=8).digest():
                number = 256 * number + byte
            place = number / 2**64
            if place < held_out:
                return "test"
            if place < held_out + held_out:
                return "validation"
            return "train"

        def windows_per_epoch(tokens, context):
            last_start = context - 1
            return max(0, (len(tokens) - last_start - 1) // context)

        def windows(tokens, starts, context):
            x, y = np.zeros((2, len(starts), context), dtype=np.int64)
            for row, start in enumerate(starts):
                x[row] = tokens[start : start + context]
                y[row] = tokens[start + 1 : start + context + 1]
            return x, y
        """,
    "types": """
        from dataclasses import dataclass
        from typing import Literal, NamedTuple

        Part = Literal["test", "validation", "train"]

        class Batch(NamedTuple):
            x: np.ndarray
            y: np.ndarray

        @dataclass(frozen=True)
        class Place:
            number: int

            @classmethod
            def of(cls, key: bytes) -> Place:
                return cls(int(hashlib.blake2b(key, digest_size=8).hexdigest(), base=16))

            @property
            def share(self) -> float:
                return self.number / 2.0**64

        def split_of(key: bytes, *, held_out: float) -> Part:
            if not 0 < held_out < 0.5:
                raise UsageError(f"held_out={held_out} deve ficar entre 0 e 0.5")
            parts: list[Part] = ["test", "validation", "train"]
            share = Place.of(key).share
            return parts[(share >= held_out) + (share >= 2 * held_out)]

        def windows_per_epoch(tokens: np.ndarray, context: int) -> int:
            return len(tokens) // context - 1

        def windows(tokens: np.ndarray, starts: np.ndarray, context: int) -> Batch:
            rows = np.lib.stride_tricks.sliding_window_view(tokens, context + 1)[starts].astype("int64")
            return Batch(x=rows[..., :context], y=rows[..., 1:])
        """,
}  # fmt: skip
