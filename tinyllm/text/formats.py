"""The file of a tokenizer, `tokenizer.json` as Hugging Face's `tokenizers` reads and writes it (byte-level BPE only).

A file from elsewhere may ask for things that this library does not do, such as a normalizer or a random dropout of
merges. Ignoring one would give other ids than the file's author had, so everything not understood is refused by name.
"""

import json

from tinyllm import storage
from tinyllm.errors import UsageError
from tinyllm.text.checks import check_fields, check_ids, checked, show
from tinyllm.text.pretokenize import PATTERNS


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
REGEXES = {regex: name for name, regex in PATTERNS.items()}
REGEXES[PATTERNS["gpt4"].replace("'(?i:[sdmt]|ll|ve|re)", "(?i:'s|'t|'re|'ve|'m|'ll|'d)")] = (
    "gpt4"  # as others spell it
)
SPLIT_FIELDS = {"type": ["Split"], "behavior": ["Isolated"], "invert": [False]}
DECODER_FIELDS = PRE_TOKENIZER_FIELDS | {"add_prefix_space": [True, False], "use_regex": [True, False]}


def spell(token):
    """bytes -> str as a file spells them: b" a" -> "Ġa"."""
    return "".join(map(BYTE_CHARACTERS.__getitem__, token))


def unspell(spelling):
    """str -> bytes, the other way: "Ġa" -> b" a". UsageError for a character that stands for no byte."""
    try:
        return bytes(map(CHARACTER_BYTES.__getitem__, spelling))
    except KeyError:
        raise UsageError(f"the token {show(spelling)} has a character that stands for no byte") from None


def write_tokenizer_json(path, vocabulary, merges, special_tokens, pattern="gpt2"):
    """List of bytes by id, list of (left id, right id), {text: id}, name of a pattern -> the file, whole or absent."""
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
        "pre_tokenizer": byte_level if pattern == "gpt2" else _split_by(pattern, byte_level),
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


def _split_by(pattern, byte_level):
    """The pre_tokenizer of a pattern that is not ByteLevel's own: it cuts, and ByteLevel then only spells."""
    split = {"type": "Split", "pattern": {"Regex": PATTERNS[pattern]}, "behavior": "Isolated", "invert": False}
    return {"type": "Sequence", "pretokenizers": [split, byte_level | {"use_regex": False}]}


def _read_pattern(pre_tokenizer):
    """The name of the pattern by which the words are cut."""
    needed = ["type", "add_prefix_space"]
    if not isinstance(pre_tokenizer, dict) or pre_tokenizer.get("type") != "Sequence":
        check_fields("pre_tokenizer", pre_tokenizer, PRE_TOKENIZER_FIELDS, needed=needed)
        return "gpt2"
    check_fields("pre_tokenizer", pre_tokenizer, {"type": ["Sequence"]}, others=["pretokenizers"])
    parts = checked(list, "pre_tokenizer.pretokenizers", pre_tokenizer.get("pretokenizers"))
    if len(parts) != 2:
        raise UsageError(f"pre_tokenizer has {len(parts)} parts, which is not supported; only Split and ByteLevel are")
    check_fields("pre_tokenizer", parts[0], SPLIT_FIELDS, needed=[*SPLIT_FIELDS, "pattern"], others=["pattern"])
    check_fields(
        "pre_tokenizer", parts[1], PRE_TOKENIZER_FIELDS | {"use_regex": [False]}, needed=[*needed, "use_regex"]
    )
    pattern = parts[0]["pattern"]
    regex = pattern.get("Regex") if isinstance(pattern, dict) and len(pattern) == 1 else None
    if not isinstance(regex, str) or regex not in REGEXES:
        raise UsageError(
            f"pre_tokenizer splits by {show(regex or pattern)}, which is not supported; only the patterns of "
            f"{' and '.join(PATTERNS)} are"
        )
    return REGEXES[regex]


def read_content(content):
    """What its JSON says -> (list of bytes by id, list of (left id, right id), {special token: id}, name of a pattern).

    UsageError for what is malformed, or needs anything that is not supported.
    """
    sections = ["added_tokens", "pre_tokenizer", "post_processor", "decoder", "model"]
    check_fields("the file", content, FILE_FIELDS, needed=["model"], others=sections)
    byte_level = ["type", "add_prefix_space"]
    pattern = _read_pattern(content.get("pre_tokenizer"))
    check_fields("decoder", content.get("decoder"), DECODER_FIELDS, needed=byte_level)
    if content.get("post_processor") is not None:  # a byte-level one moves positions, a template adds tokens
        check_fields("post_processor", content["post_processor"], DECODER_FIELDS, needed=byte_level)
    model = content["model"]
    check_fields("model", model, MODEL_FIELDS, needed=["vocab", "merges"], others=["vocab", "merges"])

    vocab = check_ids("model.vocab", model["vocab"])
    special_tokens = read_added_tokens(checked(list, "added_tokens", content.get("added_tokens", [])), vocab)
    merges = [read_merge(merge, vocab) for merge in checked(list, "model.merges", model["merges"])]
    return read_vocabulary(vocab, special_tokens), merges, special_tokens, pattern


def read_added_tokens(entries, vocab):
    """List of objects -> {text: id}. A token may also stand in the vocabulary, under the same id."""
    special_tokens = {}
    for entry in entries:
        fields = ["id", "content"]
        check_fields("an added token", entry, ADDED_TOKEN_FIELDS, needed=[*fields, *ADDED_TOKEN_FIELDS], others=fields)
        text = checked(str, "the content of an added token", entry["content"])
        token = checked(int, f"the id of {show(text)}", entry["id"])
        if text in special_tokens:
            raise UsageError(f"the added token {show(text)} appears twice")
        if vocab.get(text, token) != token:
            raise UsageError(f"the added token {show(text)} has id {show(token)}, and another in the vocabulary")
        special_tokens[text] = token
    return special_tokens


def read_vocabulary(vocab, special_tokens):
    """{spelling: id}, {text: id} -> list of bytes by id."""
    pieces = []
    for spelling, token in (vocab | special_tokens).items():
        try:
            piece = spelling.encode("utf-8") if spelling in special_tokens else unspell(spelling)
        except UnicodeEncodeError:
            raise UsageError(f"the token {show(spelling)} has a character that stands for no byte") from None
        pieces.append((token, piece))
    return by_id(pieces)


def by_id(pieces):
    """List of (id, bytes) -> list of bytes by id. UsageError unless the ids are 0, 1, 2 and so on, each one once."""
    vocabulary = {}
    for token, piece in pieces:
        if not piece:
            raise UsageError(f"the token of id {show(token)} is empty")
        if token in vocabulary:
            raise UsageError(f"the id {show(token)} is given to two tokens, one of them {show(piece)}")
        vocabulary[token] = piece
    missing = next((token for token in range(len(vocabulary)) if token not in vocabulary), None)
    if missing is not None:
        raise UsageError(
            f"no token has the id {missing}: the ids of the {len(vocabulary)} tokens are not 0 to "
            f"{len(vocabulary) - 1}, each one once"
        )
    return [vocabulary[token] for token in range(len(vocabulary))]


def read_merge(merge, vocab):
    """["a", "b"], or "a b" as older files have it -> (left id, right id)."""
    parts = merge.split(" ") if type(merge) is str else merge
    if type(parts) is not list or len(parts) != 2 or not all(type(part) is str for part in parts):
        raise UsageError(f"the merge {show(merge)} is not a pair of tokens")
    for part in (*parts, parts[0] + parts[1]):
        if part not in vocab:
            pair = show(" ".join(parts))
            raise UsageError(f"the merge {pair} needs the token {show(part)}, which the vocabulary lacks")
    return vocab[parts[0]], vocab[parts[1]]
