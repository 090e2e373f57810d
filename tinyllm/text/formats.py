"""The file of a tokenizer, `tokenizer.json` as Hugging Face's `tokenizers` reads and writes it (byte-level BPE only).

A file from elsewhere may ask for things that this library does not do, such as a normalizer or a random dropout of
merges. Ignoring one would give other ids than the file's author had, so everything not understood is refused by name.
"""

import json

from tinyllm import storage
from tinyllm.errors import UsageError

FILE_LIMIT = 100 * 2**20  # bytes; the largest known vocabularies, of 256 thousand tokens, need about 35 MB


def _byte_characters():
    """GPT-2's table: a printable character for each byte, itself where it is printable, else the next from U+0100."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    stand_ins = iter(range(0x100, 0x200))
    return [chr(byte if byte in printable else next(stand_ins)) for byte in range(256)]


BYTE_CHARACTERS = _byte_characters()
CHARACTER_BYTES = {character: byte for byte, character in enumerate(BYTE_CHARACTERS)}

# What may stand in each field of a file: the values under which our tokenizer gives the same ids.
FILE_FIELDS = {
    "version": ["1.0"],
    "truncation": [None],
    "padding": [None],
    "normalizer": [None],
}
MODEL_FIELDS = {
    "type": ["BPE"],
    "dropout": [None],
    "unk_token": [None],
    "continuing_subword_prefix": [None, ""],
    "end_of_word_suffix": [None, ""],
    "fuse_unk": [False],
    "byte_fallback": [False],
    "ignore_merges": [False],
}
ADDED_TOKEN_FIELDS = {
    "single_word": [False],
    "lstrip": [False],
    "rstrip": [False],
    "normalized": [False, True],  # without a normalizer it means nothing
    "special": [True],
}
PRE_TOKENIZER_FIELDS = {
    "type": ["ByteLevel"],
    "add_prefix_space": [False],
    "trim_offsets": [True, False],  # about positions in the text, not about ids
    "use_regex": [True],
}
DECODER_FIELDS = PRE_TOKENIZER_FIELDS | {"add_prefix_space": [True, False], "use_regex": [True, False]}


def spell(token):
    """bytes -> str as a file spells them: b" a" -> "Ġa"."""
    return "".join(map(BYTE_CHARACTERS.__getitem__, token))


def write_tokenizer_json(path, vocabulary, merges, special_tokens):
    """List of bytes by id, list of (left id, right id), {text: id} -> the file, complete or not there at all."""
    texts = {token: text for text, token in special_tokens.items()}
    spelled = [texts.get(token) or spell(piece) for token, piece in enumerate(vocabulary)]
    added_fields = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    content = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": token, "content": text, **added_fields} for token, text in sorted(texts.items())],
        "normalizer": None,
        "pre_tokenizer": byte_level,
        "post_processor": None,
        "decoder": byte_level | {"add_prefix_space": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": {spelling: token for token, spelling in enumerate(spelled)},
            "merges": [[spelled[left], spelled[right]] for left, right in merges],
        },
    }
    with storage.aside(path) as temporary:
        temporary.write_bytes(json.dumps(content, ensure_ascii=False, indent=2).encode())


def read_tokenizer_json(path):
    """Path -> (list of bytes by id, list of (left id, right id), {text of a special token: id}).

    UsageError for a file that cannot be read, is malformed, or needs anything that is not supported.
    """
    content = _parse(_read_limited(path))
    sections = ["added_tokens", "pre_tokenizer", "post_processor", "decoder", "model"]
    _check_fields("the file", content, FILE_FIELDS, needed=["model"], others=sections)
    byte_level = ["type", "add_prefix_space"]
    _check_fields("pre_tokenizer", content.get("pre_tokenizer"), PRE_TOKENIZER_FIELDS, needed=byte_level)
    _check_fields("decoder", content.get("decoder"), DECODER_FIELDS, needed=byte_level)
    if content.get("post_processor") is not None:  # a byte-level one moves positions, a template adds tokens
        _check_fields("post_processor", content["post_processor"], DECODER_FIELDS, needed=byte_level)
    model = content["model"]
    _check_fields("model", model, MODEL_FIELDS, needed=["vocab", "merges"], others=["vocab", "merges"])

    vocab = _checked(dict, "model.vocab", model["vocab"])
    for spelling, token in vocab.items():
        _checked(int, f"the id of {_show(spelling)}", token)
    special_tokens = _read_added_tokens(_checked(list, "added_tokens", content.get("added_tokens", [])), vocab)
    return (
        _read_vocabulary(vocab, special_tokens),
        [_read_merge(merge, vocab) for merge in _checked(list, "model.merges", model["merges"])],
        special_tokens,
    )


def _read_limited(path):
    try:
        with open(path, "rb") as file:
            data = file.read(FILE_LIMIT + 1)
    except OSError as error:
        raise UsageError(f"the file cannot be read ({error.strerror})") from None
    if len(data) > FILE_LIMIT:
        raise UsageError(f"the file is larger than {FILE_LIMIT} bytes, the limit for a tokenizer")
    return data


def _parse(data):
    try:
        return json.loads(
            data.decode("utf-8"), object_pairs_hook=storage.no_repeated_names, parse_constant=_refuse_constant
        )
    except RecursionError:
        raise UsageError("the file is not a tokenizer: its JSON is nested too deeply") from None
    except UsageError:
        raise
    except ValueError as error:
        raise UsageError(f"the file is not JSON in UTF-8: {error}") from None


def _refuse_constant(name):
    raise UsageError(f"{name} is not a JSON number")


def _check_fields(where, fields, supported, *, needed=(), others=()):
    """Refuse `fields` unless it is an object with the needed fields, known ones only, each of a supported value."""
    _checked(dict, where, fields)
    for name, value in fields.items():
        if name in others:
            continue
        if name not in supported:
            raise UsageError(f"{where} has a field {_show(name)}, which is not supported")
        if not any(type(value) is type(option) and value == option for option in supported[name]):
            options = " or ".join(map(json.dumps, supported[name]))
            raise UsageError(f"{where} asks for {name} {_show(value)}, which is not supported; only {options} is")
    for name in needed:
        if name not in fields:
            raise UsageError(f"{where} has no field {name!r}")


def _checked(kind, where, value):
    if type(value) is not kind:  # not isinstance: to Python, true is an int
        words = {dict: "an object", list: "a list", str: "a string", int: "a whole number"}
        raise UsageError(f"{where} is {_show(value)}; it must be {words[kind]}")
    return value


def _read_added_tokens(entries, vocab):
    """List of objects -> {text: id}. A token may also stand in the vocabulary, under the same id."""
    special_tokens = {}
    for entry in entries:
        fields = ["id", "content"]
        _check_fields("an added token", entry, ADDED_TOKEN_FIELDS, needed=[*fields, *ADDED_TOKEN_FIELDS], others=fields)
        text = _checked(str, "the content of an added token", entry["content"])
        token = _checked(int, f"the id of {_show(text)}", entry["id"])
        if text in special_tokens:
            raise UsageError(f"the added token {_show(text)} appears twice")
        if vocab.get(text, token) != token:
            raise UsageError(f"the added token {_show(text)} has id {_show(token)}, and another in the vocabulary")
        special_tokens[text] = token
    return special_tokens


def _read_vocabulary(vocab, special_tokens):
    """{spelling: id}, {text: id} -> list of bytes by id."""
    vocabulary = {}
    for spelling, token in (vocab | special_tokens).items():
        try:
            if spelling in special_tokens:
                piece = spelling.encode("utf-8")
            else:
                piece = bytes(map(CHARACTER_BYTES.__getitem__, spelling))
        except (KeyError, UnicodeEncodeError):
            raise UsageError(f"the token {_show(spelling)} has a character that stands for no byte") from None
        if not piece:
            raise UsageError(f"the token of id {_show(token)} is empty")
        if token in vocabulary:
            raise UsageError(f"the id {_show(token)} is given to two tokens, one of them {_show(spelling)}")
        vocabulary[token] = piece
    if not all(token in vocabulary for token in range(len(vocabulary))):
        raise UsageError(f"the ids of the {len(vocabulary)} tokens are not 0 to {len(vocabulary) - 1}, each one once")
    return [vocabulary[token] for token in range(len(vocabulary))]


def _read_merge(merge, vocab):
    """["a", "b"], or "a b" as older files have it -> (left id, right id)."""
    parts = merge.split(" ") if type(merge) is str else merge
    if type(parts) is not list or len(parts) != 2 or not all(type(part) is str for part in parts):
        raise UsageError(f"the merge {_show(merge)} is not a pair of tokens")
    for part in (*parts, parts[0] + parts[1]):
        if part not in vocab:
            raise UsageError(f"the merge {_show(merge)} needs the token {_show(part)}, which the vocabulary lacks")
    return vocab[parts[0]], vocab[parts[1]]


def _show(value):
    """A value in a few words, on one line."""
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        kind = value.get("type")
        return f"an object of type {_show(kind)}" if isinstance(kind, str) else "an object"
    text = ascii(value) if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."
