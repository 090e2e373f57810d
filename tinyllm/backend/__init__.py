"""The room that knows CuPy, Numba, the matrix library and the machine."""
