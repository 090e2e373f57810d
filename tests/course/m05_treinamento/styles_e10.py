"""Right answers to m05.e10 in other styles than the solution's."""

STYLES = {
    "loops": """
        def decode_half(bits):
            values = np.zeros(bits.size, np.float32)
            for place, number in enumerate(bits.reshape(-1).tolist()):
                sign = -1.0 if number >= 32768 else 1.0
                exponent = (number // 1024) % 32
                fraction = number % 1024
                if exponent == 31:
                    value = math.inf if fraction == 0 else math.nan
                elif exponent == 0:
                    value = fraction * 2.0**-24
                else:
                    value = (1024 + fraction) * 2.0 ** (exponent - 25)
                values[place] = sign * value
            return values.reshape(bits.shape)

        class LossScale(LossScale):
            def __init__(self):
                self.value = FIRST_SCALE
                self.good = 0

            def scaled(self, loss):
                def times(*batch):
                    value = loss(*batch)
                    return value * self.value
                return times

            def take(self):
                self.good = self.good + 1
                if self.good >= GOOD_STEPS:
                    self.good = 0
                    self.value *= 2

            def halve(self):
                self.good = 0
                if self.value <= 1:
                    return False
                self.value /= 2
                return True

        def mixed_step(masters, gradients, scale, *, lr):
            good = True
            for g in gradients.values():
                if np.isnan(g).any() or np.isinf(g).any():
                    good = False
            new, halves = {}, {}
            for name in masters:
                new[name] = masters[name].copy()
                if good:
                    g = np.float32(gradients[name]) / np.float32(scale.value)
                    new[name] -= lr * g
                halves[name] = np.float16(new[name])
            if good:
                scale.take()
            else:
                scale.halve()
            return new, halves
        """,
    "arrays": """
        def decode_half(bits):
            wide = bits.astype(np.uint32)
            sign, rest = (wide & 0x8000) << 16, (wide & 0x7FFF) << 13
            value = np.asarray(rest).view(np.float32) * np.float32(2.0**112)
            value = np.where(rest >= 31 << 23, np.where(rest > 31 << 23, np.float32(np.nan), np.float32(np.inf)), value)
            return (value.view(np.uint32) | sign).view(np.float32)

        def mixed_step(masters, gradients, scale, *, lr):
            if not np.isfinite(np.concatenate([np.ravel(g) for g in gradients.values()])).all():
                scale.halve()
                return masters, {name: w.astype("float16") for name, w in masters.items()}
            factor = np.float32(lr / scale.value)
            moved = {name: np.subtract(w, factor * gradients[name], dtype=np.float32) for name, w in masters.items()}
            scale.take()
            return moved, {name: w.astype("float16") for name, w in moved.items()}
        """,
    "types": """
        from collections.abc import Callable
        from typing import Any

        Arrays = dict[str, np.ndarray]

        def decode_half(bits: np.ndarray) -> np.ndarray:
            sign: np.ndarray = 1 - 2.0 * (bits >> 15)
            exponent: np.ndarray = ((bits >> 10) & 0b11111).astype(np.int32)
            fraction: np.ndarray = (bits & 0b1111111111).astype(np.int32)
            value = np.select(
                [exponent == 0, exponent < 31, fraction == 0],
                [np.ldexp(fraction, -24), np.ldexp(1024 + fraction, exponent - 25), np.inf],
                default=np.nan,
            )
            return np.float32(sign * value) if value.ndim == 0 else (sign * value).astype(np.float32)

        class LossScale(LossScale):
            value: float
            good: int

            def __init__(self) -> None:
                self.load_state({"scale": FIRST_SCALE, "good": 0})

            def scaled(self, loss: Callable[..., Any]) -> Callable[..., Any]:
                return lambda *batch, scale=self.value: loss(*batch) * scale

            def take(self) -> None:
                times, self.good = divmod(self.good + 1, GOOD_STEPS)
                self.value *= 2.0**times

            def halve(self) -> bool:
                before, self.good = self.value, 0
                self.value = max(before / 2, 1.0)
                return bool(self.value != before)

        def mixed_step(masters: Arrays, gradients: Arrays, scale: Any, *, lr: float) -> tuple[Arrays, Arrays]:
            good: bool = bool(min(np.isfinite(g).min() for g in gradients.values()))

            def moved(name: str, w: np.ndarray) -> np.ndarray:
                return w - np.float32(lr) * (gradients[name].astype(w.dtype) * np.float32(1 / scale.value))

            new = {name: moved(name, w) if good else w for name, w in masters.items()}
            (scale.take if good else scale.halve)()
            return new, {name: w.astype(np.float16) for name, w in new.items()}
        """,
    "float64": """
        class LossScale(LossScale):
            def scaled(self, loss):
                def times(*arguments, **options):
                    return self.value * loss(*arguments, **options)

                return times

        def mixed_step(masters, gradients, scale, *, lr):
            if any(not np.isfinite(g.astype(float)).all() for g in gradients.values()):
                scale.halve()
                return dict(masters), {name: w.astype(np.float16) for name, w in masters.items()}
            moved = {}
            for name, w in masters.items():
                slope = gradients[name].astype(np.float64) / scale.value
                moved[name] = (w.astype(np.float64) - lr * slope).astype(np.float32)
            scale.take()
            return moved, {name: w.astype(np.float16) for name, w in moved.items()}
        """,
}
