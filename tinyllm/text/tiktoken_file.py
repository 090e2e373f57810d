"""The .tiktoken file: a line per token, its bytes in base64 and its rank, both its id and its place among the merges.

The merges themselves are not written down, as a token is always the merge of what is left of its bytes when all earlier
merges are done. Neither are the special tokens nor the pattern: whoever reads the file says which they are.
"""

import base64
import binascii

from tinyllm import storage
from tinyllm.errors import UsageError
from tinyllm.text import encoding
from tinyllm.text.checks import read_limited, show
from tinyllm.text.formats import by_id
from tinyllm.text.vocabulary import checked_special_tokens


def write_tiktoken(path, vocabulary, merges, special_tokens):
    """List of bytes by id, list of (left id, right id), {text: id} -> the file, complete or not there at all.

    UsageError where ids and merges go by another order, which the file cannot say.
    """
    special_ids = set(special_tokens.values())
    if recover_merges(vocabulary, special_ids) != merges:
        raise UsageError("a .tiktoken file cannot hold a tokenizer whose ids are not in the order of its merges")
    lines = [base64.b64encode(piece) + b" %d\n" % token for token, piece in enumerate(vocabulary)
             if token not in special_ids]  # fmt: skip
    with storage.aside(path) as temporary:
        temporary.write_bytes(b"".join(lines))


def read_tiktoken(path, special_tokens=()):
    """Path, special tokens as "text" or "text=id" -> (list of bytes by id, list of (left id, right id), {text: id}).

    A special token without an id gets the next one after all others. UsageError for a file that cannot be read or is
    malformed, with the line, for ids without a token, and for a token that no merge makes.
    """
    pieces = [
        _read_line(number, line) for number, line in enumerate(read_limited(path).splitlines(), start=1) if line.strip()
    ]
    special = {}
    for name in special_tokens:
        text, equals, token = name.rpartition("=")
        if not (equals and text and token.isascii() and token.isdigit() and len(token) < 10):
            text, token = name, max([token for token, _ in pieces], default=-1) + 1
        checked_special_tokens([*special, text])
        special[text] = int(token)
        pieces.append((int(token), text.encode()))
    try:
        vocabulary = by_id(pieces)
    except UsageError as error:
        raise UsageError(f"{error}; if special tokens stand there, name each as TEXT=ID") from None
    return vocabulary, recover_merges(vocabulary, set(special.values())), special


def _read_line(number, line):
    """b"IGE= 257" -> (257, b" a")"""
    try:
        piece, rank = line.split(b" ")
        if not rank.isdigit() or len(rank) > 9:
            raise ValueError("the rank is no number")
        return int(rank), base64.b64decode(piece, validate=True)
    except (ValueError, binascii.Error):
        raise UsageError(f"line {number} is {show(line)}; a line is a token in base64, a space and its rank") from None


def recover_merges(vocabulary, special_ids):
    """List of bytes by id, ids without merges -> list of (left id, right id), in the order of the ids they make.

    UsageError for a token of several bytes that is not the merge of two earlier ones.
    """
    ids = {piece: token for token, piece in enumerate(vocabulary) if token not in special_ids and len(piece) == 1}
    ranks = {}
    for token, piece in enumerate(vocabulary):
        if token in special_ids or len(piece) == 1:
            continue
        try:
            parts = encoding.encode_word([ids[piece[i : i + 1]] for i in range(len(piece))], ranks)
        except KeyError:
            raise UsageError(f"the token {show(piece)} has a byte that is no token by itself") from None
        if len(parts) != 2:
            raise UsageError(f"the token {show(piece)} of rank {token} is not the merge of two tokens of lower rank")
        ranks[tuple(parts)] = (token, token)
    return list(ranks)
