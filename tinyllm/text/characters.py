"""Characters into bytes, and bytes back into characters, all at once or as they arrive.

Any bytes give some text: a model may write anything.
"""

import itertools
import re

from tinyllm.errors import UsageError

# The start of a character at the end of some bytes, as far as it got; nothing where the last character is whole. After
# some first bytes UTF-8 allows fewer seconds: E0 80 or F4 90 begins no character, so nothing is waited for.
UNFINISHED_CHARACTER = re.compile(
    rb"(?:[\xc2-\xf4]|\xe0[\xa0-\xbf]|[\xe1-\xef][\x80-\xbf]|"
    rb"(?:\xf0[\x90-\xbf]|[\xf1-\xf3][\x80-\xbf]|\xf4[\x80-\x8f])[\x80-\xbf]?)?\Z"
)


def to_bytes(text):
    """str or bytes -> bytes. A lone surrogate becomes the three bytes that UTF-8 would use if it allowed them."""
    if isinstance(text, str):
        return text.encode("utf-8", "surrogatepass")
    if isinstance(text, bytes | bytearray | memoryview):
        return bytes(text)
    raise UsageError(f"cannot encode a {type(text).__name__}; pass a str or bytes")


def to_text(piece):
    """bytes -> str: UTF-8, with the three bytes of a lone surrogate read as one, and U+FFFD for all else."""
    try:
        return piece.decode()
    except UnicodeDecodeError:
        parts = re.split(rb"(\xed[\xa0-\xbf][\x80-\xbf])", piece)  # the surrogates are at the odd positions
        ways = itertools.cycle(["replace", "surrogatepass"])
        return "".join(part.decode("utf-8", errors) for part, errors in zip(parts, ways, strict=False))


def stream_text(pieces):
    """Iterable of bytes -> generator of str, each as soon as its last character is whole; joined they are `to_text`."""
    pending = b""
    for piece in pieces:
        pending += piece
        whole = UNFINISHED_CHARACTER.search(pending).start()
        if whole:
            yield to_text(pending[:whole])
            pending = pending[whole:]
    if pending:
        yield to_text(pending)
