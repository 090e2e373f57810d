"""The two files of GPT-2, vocab.json and merges.txt, in one folder: a vocabulary {spelling: id}, and a merge per line.

They say nothing of the pattern that cuts a text into words, nor which tokens are special: whoever reads them says so.
"""

import json
from pathlib import Path

from tinyllm import storage
from tinyllm.errors import UsageError
from tinyllm.text.checks import check_ids, read_json, read_text, show
from tinyllm.text.formats import read_merge, read_vocabulary, spell

VERSION = "#version: 0.2"


def write_merges_txt(folder, vocabulary, merges, special_tokens):
    """List of bytes by id, list of (left id, right id), {text: id} -> the folder, complete or not there at all.

    UsageError for a folder that is there already.
    """
    if Path(folder).exists():
        raise UsageError(f"{folder} exists; choose another folder for vocab.json and merges.txt")
    texts = {token: text for text, token in special_tokens.items()}
    spelled = [texts.get(token) or spell(piece) for token, piece in enumerate(vocabulary)]
    vocab = {spelling: token for token, spelling in enumerate(spelled)}
    lines = [VERSION, *(f"{spelled[left]} {spelled[right]}" for left, right in merges)]
    with storage.aside(folder) as temporary:
        temporary.mkdir()
        (temporary / "vocab.json").write_bytes(json.dumps(vocab, ensure_ascii=False).encode())
        (temporary / "merges.txt").write_bytes("".join(line + "\n" for line in lines).encode())


def read_merges_txt(folder, special_tokens=()):
    """Folder, texts of the special tokens -> (list of bytes by id, list of (left id, right id), {text: id}).

    UsageError for files that cannot be read or are malformed, with the line, and for a special token not among them.
    """
    vocab = check_ids("vocab.json", read_json(Path(folder) / "vocab.json"))
    absent = [text for text in special_tokens if text not in vocab]
    if absent:
        raise UsageError(f"vocab.json has no token {show(absent[0])}; name only special tokens that it has")
    merges = read_merges(read_text(Path(folder) / "merges.txt"), vocab)
    special_tokens = {text: vocab[text] for text in special_tokens}
    return read_vocabulary(vocab, special_tokens), merges, special_tokens


def read_merges(text, vocab):
    """Text of merges.txt, {spelling: id} -> list of (left id, right id).

    UsageError, with the line, for what is no merge of two tokens into one.
    """
    merges = []
    for number, line in enumerate(text.split("\n"), start=1):
        line = line.removesuffix("\r")
        if not line or (number == 1 and line.startswith("#version")):
            continue
        try:
            merges.append(read_merge(line, vocab))
        except UsageError as error:
            raise UsageError(f"merges.txt, line {number}: {error}") from None
    return merges
