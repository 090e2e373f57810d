"""How well a tokenizer fits texts that it was not trained on, whoever made it, and whether two learned the same merges.

A token that stands for more bytes makes shorter rows of ids: they cost less, and a context holds more of a text.
"""

import collections
from pathlib import Path
from typing import NamedTuple

from tinyllm.errors import UsageError
from tinyllm.text import bpe, files


class Fit(NamedTuple):
    """What `fit` finds. `coverage` is the share of the words that come back as they were, `whole` if the texts do."""

    tokens: int
    bytes_per_token: float
    tokens_per_word: float
    coverage: float
    whole: bool


def fit(tokenizer, texts):
    """Anything with encode and decode, iterable of str -> Fit. Words are what stands between white space.

    UsageError for texts without a word.
    """
    tokens = size = 0
    words, whole = collections.Counter(), True
    for text in texts:
        ids = tokenizer.encode(text)
        tokens, size = tokens + len(ids), size + len(text.encode())
        whole = whole and tokenizer.decode(ids) == text
        words.update(text.split())
    if not words:
        raise UsageError("the texts have no word to measure a tokenizer with; give texts that are not empty")
    kept = sum(count for word, count in words.items() if comes_back(tokenizer, word))
    return Fit(tokens, size / tokens, tokens / words.total(), kept / words.total(), whole)


def comes_back(tokenizer, word):
    """Whether a word as it stands in a text, after a space, is still the same when it has been to ids and back."""
    return tokenizer.decode(tokenizer.encode(" " + word)).strip() == word


def same_merges(tokenizer, other):
    """Two BPETokenizer -> how many of their first merges join the same bytes."""
    pairs = ([(t.vocabulary[left], t.vocabulary[right]) for left, right in t.merges] for t in (tokenizer, other))
    count = 0
    for mine, theirs in zip(*pairs, strict=False):
        if mine != theirs:
            break
        count += 1
    return count


def train_alike(tokenizer, opened, *, progress=None):
    """BPETokenizer, binary files -> what the library learns from these files with the same size, pattern and marks.

    UsageError for a tokenizer that is no BPETokenizer.
    """
    if not isinstance(tokenizer, bpe.BPETokenizer):
        raise UsageError("only a byte-level BPE has merges to compare with the library's; leave --corpus out")
    marks = sorted(tokenizer.special_tokens, key=tokenizer.special_tokens.get)
    return bpe.train_files(
        opened, tokenizer.vocab_size, special_tokens=marks, pattern=tokenizer.pattern, progress=progress
    )


class Foreign(NamedTuple):
    """A tokenizer of another library, as `fit` takes it."""

    encode: object
    decode: object
    vocab_size: int


def find(name):
    """A file or folder of a tokenizer, or the name of one that tiktoken knows -> tokenizer.

    A tokenizer.json that this library refuses is read by Hugging Face's `tokenizers`, where that is installed.
    UsageError for a name that is none of these.
    """
    if not Path(name).exists():
        return find_tiktoken(name)
    try:
        return files.load(name)
    except UsageError:
        theirs = read_with_tokenizers(name)
        if theirs is None:
            raise
        return theirs


def find_tiktoken(name):
    try:
        import tiktoken
    except ImportError:
        raise UsageError(f"{name} is no file; for an encoding of that name, pip install tiktoken") from None
    if name not in tiktoken.list_encoding_names():
        known = ", ".join(tiktoken.list_encoding_names())
        raise UsageError(f"{name} is neither a file nor an encoding of tiktoken; it knows {known}")
    try:
        encoding = tiktoken.get_encoding(name)
    except OSError:
        raise UsageError(f"tiktoken could not fetch {name}; connect this machine, or give a file") from None
    return Foreign(encoding.encode_ordinary, encoding.decode, encoding.n_vocab)


def read_with_tokenizers(path):
    """A tokenizer.json -> Foreign, or None if that library is missing or refuses it too."""
    try:
        import tokenizers

        theirs = tokenizers.Tokenizer.from_file(str(path))
    except Exception:  # it raises Exception itself, for whatever it does not like
        return None
    return Foreign(
        lambda text: theirs.encode(text, add_special_tokens=False).ids,
        lambda ids: theirs.decode(ids, skip_special_tokens=False),
        theirs.get_vocab_size(),
    )
