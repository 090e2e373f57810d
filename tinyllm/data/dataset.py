"""From texts to a token file: one long row of ids on the disk, written as it grows and read without loading it.

The file is a .npy of two bytes per token, or of four where the vocabulary needs them. `open_tokens` opens
it, and `batches` cuts windows from it, from any position on.
"""

import numpy as np

from tinyllm import storage
from tinyllm.errors import UsageError


def encoded(tokenizer, texts, *, end_id):
    """Iterable of str -> generator of rows of ids, (n,) each: the end token before, between and after the texts."""
    end = np.array([end_id])
    yield end
    for text in texts:
        yield tokenizer.encode(text)
        yield end


def write_tokens(path, rows, *, vocab_size):
    """Write rows of ids, one after the other, as a .npy: whole or not at all. Returns how many ids there are."""
    kind = np.dtype("<u2" if vocab_size <= 1 << 16 else "<u4")
    count = 0
    with storage.aside(path) as temporary, open(temporary, "wb") as file:
        _write_header(file, kind, count)
        for row in rows:
            file.write(row.astype(kind).tobytes())
            count += len(row)
        file.seek(0)
        _write_header(file, kind, count)  # of the same length: NumPy leaves room in it for the count to grow
    return count


def _write_header(file, kind, count):
    fields = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False, "shape": (count,)}
    np.lib.format.write_array_header_1_0(file, fields)


def open_tokens(path):
    """Path -> (N,) of uint16 or uint32, read from the disk as needed. UsageError for a file that is no row of ids."""
    try:
        tokens = np.lib.format.open_memmap(path, mode="r")
    except (ValueError, EOFError) as error:
        raise UsageError(f"{path} is no token file ({error}); pack it again") from None
    if tokens.ndim != 1 or tokens.dtype not in (np.uint16, np.uint32):
        raise UsageError(f"{path} is no row of token ids; make it with: tinyllm data pack")
    return tokens
