"""Right answers to m04.e05 in other styles than the solution's."""

STYLES = {
    "loops": """
        import math

        def encode(weight, group=0):
            m, n = weight.shape
            if group == 0:
                group = n
            count = math.ceil(n / group)
            codes = np.zeros((m, n), np.int8)
            scale = np.zeros((m, count), np.float32)
            for g in range(count):
                part = weight[:, g * group : (g + 1) * group]
                scale[:, g] = abs(part).max(axis=1) / 127
                for i in range(m):
                    if scale[i, g] != 0:
                        codes[i, g * group : (g + 1) * group] = np.rint(part[i] / scale[i, g])
            return codes, scale

        def decode(codes, scale, group=0):
            values = codes.astype(np.float32)
            width = group if group else codes.shape[1]
            for g in range(scale.shape[1]):
                values[:, g * width : (g + 1) * width] *= scale[:, g : g + 1]
            return values

        def product(x, codes, scale):
            y = np.zeros((len(x), len(codes)), np.float32)
            for i in range(len(x)):
                whole, unit = encode(x[i : i + 1])
                y[i] = (codes.astype(np.int64) @ whole[0].astype(np.int64)) * unit[0, 0] * scale[:, 0]
            return y
        """,
    "padded": """
        def encode(weight, group=0):
            m, n = weight.shape
            group = group or n
            filled = np.concatenate([weight, np.zeros((m, -n % group), weight.dtype)], axis=1).reshape(m, -1, group)
            largest = np.abs(filled).max(axis=2).astype(np.float64)
            inverse = 127 / np.where(largest > 0, largest, 1)
            codes = np.rint(filled * inverse[:, :, None]).reshape(m, -1)[:, :n]
            return codes.astype(np.int8), (largest / 127).astype(np.float32)

        def product(x, codes, scale):
            whole, unit = encode(x)
            whole, codes = whole.astype(np.int32), codes.astype(np.int32)
            return np.einsum("ik,jk,i,j->ij", whole, codes, unit[:, 0], scale[:, 0]).astype(np.float32)
        """,
    "types": """
        def encode(weight: np.ndarray, group: int = 0) -> tuple[np.ndarray, np.ndarray]:
            rows, n = weight.shape
            starts = np.arange(0, n, group or n)
            scale = (np.maximum.reduceat(np.abs(weight), starts, axis=1) / 127).astype(np.float32)
            of_each = np.take(scale, np.arange(n) // (group or n), axis=1)
            codes = np.zeros(weight.shape, weight.dtype)
            np.divide(weight, of_each, out=codes, where=of_each > 0)
            return np.rint(codes).astype("int8"), scale

        def decode(codes: np.ndarray, scale: np.ndarray, group: int = 0) -> np.ndarray:
            of_each = scale[:, np.arange(codes.shape[1]) // (group or codes.shape[1])]
            return np.multiply(codes, of_each, dtype=np.float32)

        def product(x: np.ndarray, codes: np.ndarray, scale: np.ndarray) -> np.ndarray:
            whole, unit = encode(x)
            sums: np.ndarray = np.einsum("ik,jk->ij", whole, codes, dtype=np.int32)
            return sums.astype(np.float32) * (unit * scale[:, 0])
        """,
}
