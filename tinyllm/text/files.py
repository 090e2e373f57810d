"""Tokenizers of any kind: trained by name, and out of any file that is known here and into any that can hold them.

What a file is, its name says:

NAME.json       a tokenizer.json, byte-level BPE or Llama's, or one of the simple tokenizers
NAME.tiktoken   the ranks of a byte-level BPE
a folder        with a tokenizer.json, as that of a run, or with vocab.json and merges.txt, a byte-level BPE too
"""

from pathlib import Path

from tinyllm import storage
from tinyllm.errors import UsageError
from tinyllm.text import bpe, simple
from tinyllm.text.checks import read_json
from tinyllm.text.llama import LlamaTokenizer, is_llama
from tinyllm.text.merges_txt import read_merges_txt, write_merges_txt
from tinyllm.text.tiktoken_file import read_tiktoken, write_tiktoken

KINDS = ("bpe", *simple.KINDS)


def train(kind, texts, vocab_size, *, special_tokens):
    """One of KINDS, iterable of str -> tokenizer of at most `vocab_size` tokens, the special ones included."""
    if kind == "bpe":
        return bpe.train(texts, vocab_size, special_tokens=special_tokens)
    return simple.KINDS[kind].train(texts, vocab_size, special_tokens=special_tokens)


def load(path, *, pattern=None, special_tokens=()):
    """Path -> tokenizer.

    A .json says everything itself. The others need to be told the pattern that cuts words (else it is "gpt2") and the
    special tokens: texts that vocab.json has, or, for a .tiktoken, new ones as "text" or "text=id".
    UsageError for a file that is unreadable, malformed or of a kind that is not supported.
    """
    storage.check_name(path)
    path = Path(path)
    if (path / "tokenizer.json").is_file():
        path = path / "tokenizer.json"
    try:
        if path.suffix.lower() == ".tiktoken" or path.is_dir():
            read = read_merges_txt if path.is_dir() else read_tiktoken
            return bpe.BPETokenizer(*read(path, special_tokens), pattern=pattern or "gpt2")
        if pattern or special_tokens:
            raise UsageError("the file says itself what its pattern and special tokens are; leave them out")
        return from_content(read_json(path))
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None


def from_content(content):
    """What a tokenizer.json says -> tokenizer. UsageError for what is malformed or of a kind that is not supported."""
    if is_llama(content):
        return LlamaTokenizer(content)
    return simple.read_content(content) if simple.is_simple(content) else bpe.from_content(content)


def form_of(path):
    """The form of what is to be written, ".json", ".tiktoken" or "" for a folder. UsageError for another ending."""
    form = Path(path).suffix.lower()
    if form not in (".json", ".tiktoken", ""):
        raise UsageError(f"{path} must end in .json or .tiktoken, or be the name of a new folder; choose one of them")
    return form


def save(tokenizer, path):
    """Write a tokenizer as the name of the file says, whole or not at all. UsageError if that form cannot hold it."""
    path = Path(path)
    form = form_of(path)
    if form == ".json":
        return tokenizer.save(path)
    if not isinstance(tokenizer, bpe.BPETokenizer):
        raise UsageError(f"{path} cannot hold this kind of tokenizer; only a file that ends in .json can")
    write = write_tiktoken if form == ".tiktoken" else write_merges_txt
    write(path, tokenizer.vocabulary, tokenizer.merges, tokenizer.special_tokens)
