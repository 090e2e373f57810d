"""Right answers to m01.e01 in other styles than the solution's."""

STYLES = {
    "einsum": """
        def lengths(x):
            return np.sqrt(np.einsum("ij,ij->i", x, x))

        def cosine_similarity(a, b):
            return np.einsum("ik,jk->ij", a, b) / np.einsum("i,j->ij", lengths(a), lengths(b))

        def standardise(x):
            C = x.shape[-1]
            apart = x - np.einsum("...c->...", x)[..., None] / C
            return apart / (np.einsum("...c,...c->...", apart, apart)[..., None] / C) ** 0.5

        def project(x, direction):
            along = np.einsum("...c,c->...", x, direction) / np.einsum("c,c->", direction, direction)
            return np.einsum("...,c->...c", along, direction)
        """,
    "types": """
        from typing import TypeAlias

        Array: TypeAlias = np.ndarray

        def unit(x: Array) -> Array:
            return x / np.linalg.norm(x, axis=-1, keepdims=True)

        def cosine_similarity(a: Array, b: Array) -> Array:
            return np.inner(unit(a), unit(b))

        def standardise(x: Array) -> Array:
            mean: Array = np.mean(x, axis=-1, keepdims=True)
            return (x - mean) / np.std(x, axis=-1, keepdims=True)

        def project(x: Array, direction: Array) -> Array:
            direction = unit(direction)
            return np.dot(x, direction)[..., None] * direction
        """,
}  # fmt: skip
