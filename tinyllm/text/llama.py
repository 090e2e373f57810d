"""BPE over characters, as in the Llama models (Touvron et al. 2023, after SentencePiece, Kudo and Richardson 2018).

A space becomes the letter "▁", one more of them is put before the text, and merges work on characters. A character
that the vocabulary lacks falls back to the tokens <0x00>…<0xFF> of its bytes, so nothing is unknown. There is no cut
into words before the merges: none of them joins a letter to the "▁" after it, so cutting there gives the same ids.

Such a vocabulary is read from its tokenizer.json, and only read: the ids are those of Hugging Face's `tokenizers`,
and whatever the file asks for that would change them is refused by name. "▁" itself comes back as a space.
"""

import json
import re

import numpy as np

from tinyllm import storage
from tinyllm.errors import UsageError
from tinyllm.text import encoding
from tinyllm.text.checks import check_fields, check_ids, checked, show
from tinyllm.text.formats import ADDED_TOKEN_FIELDS, FILE_FIELDS, MODEL_FIELDS, by_id, read_added_tokens, read_merge
from tinyllm.text.vocabulary import Vocabulary

SPACE = "▁"
CACHED_WORDS, CACHED_LENGTH = 1 << 16, 64
BYTE_TOKEN = re.compile(r"<0x([0-9A-F]{2})>")
LLAMA_FILE_FIELDS = {name: values for name, values in FILE_FIELDS.items() if name != "normalizer"}
LLAMA_MODEL_FIELDS = MODEL_FIELDS | {"byte_fallback": [True], "fuse_unk": [True, False]}  # nothing is ever unknown
PREPEND = {"type": "Prepend", "prepend": SPACE}
REPLACE = {"type": "Replace", "pattern": {"String": " "}, "content": SPACE}
NORMALIZERS = {"type": "Sequence", "normalizers": [PREPEND, REPLACE]}
METASPACE_FIELDS = {
    "type": ["Metaspace"],
    "replacement": [SPACE],
    "prepend_scheme": ["always", "first", "never"],
    "split": [True, False],
}
STRIP = {"type": "Strip", "content": " ", "start": 1, "stop": 0}
DECODERS = [
    {"type": "Replace", "pattern": {"String": SPACE}, "content": " "},
    {"type": "ByteFallback"},
    {"type": "Fuse"},
]


def is_llama(content):
    """Whether the JSON of a tokenizer.json asks for byte fallback; `LlamaTokenizer` then says what else it may ask."""
    model = content.get("model") if isinstance(content, dict) else None
    return isinstance(model, dict) and model.get("byte_fallback") is True


class LlamaTokenizer(Vocabulary):
    """What a tokenizer.json with byte fallback says. content: its JSON. UsageError for what is not supported.

    `before` and `after` are the ids that the file wants around every text (such as that of <s>). `encode` leaves them
    out, as `tokenizers` does with add_special_tokens=False: they belong to a prompt, not to each piece of text.
    """

    def __init__(self, content):
        self.content = content
        others = ["added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder", "model"]
        check_fields("the file", content, LLAMA_FILE_FIELDS, needed=["model"], others=others)
        model = checked(dict, "model", content["model"])
        unknown = model.get("unk_token")
        fields = LLAMA_MODEL_FIELDS | {"unk_token": [None] if unknown is None else [checked(str, "unk_token", unknown)]}
        check_fields("model", model, fields, needed=["vocab", "merges"], others=["vocab", "merges"])
        self.vocab = check_ids("model.vocab", model["vocab"])
        special = read_added_tokens(checked(list, "added_tokens", content.get("added_tokens", [])), self.vocab)
        for entry in content.get("added_tokens", []):
            check_fields(
                "an added token", entry, ADDED_TOKEN_FIELDS | {"normalized": [False]}, others=["id", "content"]
            )
        self._read_spaces(content.get("normalizer"), content.get("pre_tokenizer"), content.get("decoder"))
        super().__init__(self._read_pieces(special), special)
        self.before, self.after = self._read_template(content.get("post_processor"))
        self._read_merges(model["merges"])
        self._words = {}

    def _read_spaces(self, normalizer, pre_tokenizer, decoder):
        """How spaces are treated: `prepend` and `split` are those of Metaspace, "normalizer" is the older way."""
        if normalizer is not None:
            if normalizer != NORMALIZERS or pre_tokenizer is not None:
                raise UsageError(
                    "normalizer or pre_tokenizer ask for something that is not supported; only the Sequence of "
                    "Prepend '\\u2581' and Replace ' ' by '\\u2581' without a pre_tokenizer, or a Metaspace alone, is"
                )
            self.prepend, self.split = "normalizer", False
        else:
            check_fields("pre_tokenizer", pre_tokenizer, METASPACE_FIELDS, needed=["type", "prepend_scheme", "split"])
            self.prepend, self.split = pre_tokenizer["prepend_scheme"], pre_tokenizer["split"]
        check_fields("decoder", decoder, {"type": ["Sequence"]}, others=["decoders"])
        if decoder.get("decoders") not in (DECODERS, [*DECODERS, STRIP]):
            raise UsageError(
                "decoder asks for something that is not supported; only the Sequence of Replace '\\u2581' by ' ', "
                "ByteFallback, Fuse and, or not, Strip of one ' ' is"
            )
        self.strips = STRIP in decoder["decoders"]

    def _read_pieces(self, special):
        """List of bytes by id: of <0xE3> the byte, of all others what they spell."""
        pieces = {}
        for spelling in self.vocab | special:
            byte = None if spelling in special else BYTE_TOKEN.fullmatch(spelling)
            text = spelling if spelling in special else spelling.replace(SPACE, " ")
            try:
                pieces[spelling] = bytes([int(byte[1], 16)]) if byte else text.encode()
            except UnicodeEncodeError:
                raise UsageError(f"the token {show(spelling)} has half a character") from None
        names = [f"<0x{byte:02X}>" for byte in range(256)]
        if absent := [name for name in names if name not in self.vocab or name in special]:
            raise UsageError(f"the vocabulary has no token {absent[0]} for that byte")
        self.byte_ids = [self.vocab[name] for name in names]
        return by_id([(token, pieces[spelling]) for spelling, token in (self.vocab | special).items()])

    def _read_template(self, processor):
        """The ids before and after a text, of a TemplateProcessing or of none."""
        if processor is None:
            return [], []
        fields = ["single", "pair", "special_tokens"]
        check_fields("post_processor", processor, {"type": ["TemplateProcessing"]}, needed=["single"], others=fields)
        named = checked(dict, "post_processor.special_tokens", processor.get("special_tokens", {}))
        around, place = ([], []), 0
        for part in checked(list, "post_processor.single", processor["single"]):
            if part == {"Sequence": {"id": "A", "type_id": 0}} and place == 0:
                place = 1
                continue
            name = part.get("SpecialToken") if isinstance(part, dict) else None
            name = name.get("id") if isinstance(name, dict) else None
            token = self.special_tokens.get(name) if isinstance(name, str) else None
            known = named.get(name) if token is not None else None
            if not isinstance(known, dict) or known.get("ids") != [token]:
                raise UsageError(f"post_processor puts {show(part)} around a text, which is not supported")
            around[place].append(token)
        if not place:
            raise UsageError("post_processor leaves the text out; single must have the Sequence A")
        return around

    def _read_merges(self, merges):
        special_ids, self.ranks = set(self.special_tokens.values()), {}
        joined = False
        for rank, merge in enumerate(checked(list, "model.merges", merges)):
            pair = read_merge(merge, self.vocab)
            left, right = merge.split(" ") if isinstance(merge, str) else merge
            new = self.vocab[left + right]
            if special_ids & {*pair, new}:
                raise UsageError(f"the merge of the ids {pair[0]} and {pair[1]} uses or makes a special token")
            if pair in self.ranks:
                raise UsageError("the same pair of tokens is merged twice")
            self.ranks[pair] = (rank, new)
            joined = joined or bool(re.search(f"[^{SPACE}]{SPACE}", left[-1:] + right[:1]))
        if self.split:
            self._piece_pattern = re.compile(f"{SPACE}[^{SPACE}]*|[^{SPACE}]+")
        elif joined:  # a word may end in a space: there is no place to cut
            self._piece_pattern = re.compile(".+", re.DOTALL)
        else:
            self._piece_pattern = re.compile(f"{SPACE}*[^{SPACE}]+|{SPACE}+")

    def encode(self, text, *, allow_special=False):
        """str or bytes -> ids, int32 (T,). The text of a special token is plain text unless `allow_special`."""
        ids = []
        for position, part in enumerate(self.parts(text, allow_special=allow_special)):
            if position % 2:
                ids.append(self.special_tokens[part.decode()])
            elif part:
                text = self._spaced(part.decode("utf-8", "surrogateescape"), first=position == 0)
                for piece in self._piece_pattern.findall(text):
                    ids += self._encode_piece(piece)
        return np.array(ids, dtype=np.int32)

    def _spaced(self, text, *, first):
        """The text with "▁" for its spaces, and one before it where the file wants that."""
        text = text.replace(" ", SPACE)
        wanted = self.prepend == "always" or (self.prepend == "first" and first)
        if self.prepend == "normalizer" or (wanted and not text.startswith(SPACE)):
            return SPACE + text
        return text

    def _encode_piece(self, piece):
        if piece in self._words:
            return self._words[piece]
        symbols = []
        for character in piece:
            if character in self.vocab:
                symbols.append(self.vocab[character])
            else:
                symbols += [self.byte_ids[byte] for byte in character.encode("utf-8", "surrogateescape")]
        ids = encoding.encode_word(symbols, self.ranks)
        if len(piece) <= CACHED_LENGTH:
            if len(self._words) >= CACHED_WORDS:
                self._words.clear()  # the frequent ones are back in a moment
            self._words[piece] = ids
        return ids

    def pieces(self, ids):
        """Iterable of ids -> generator of their bytes, without the space that was put before the text."""
        beginning = self.strips
        for piece in super().pieces(ids):
            yield piece[1:] if beginning and piece.startswith(b" ") else piece
            beginning = False

    def save(self, path):
        """Write the tokenizer.json again. A failure leaves the older file as it was."""
        with storage.aside(path) as temporary:
            temporary.write_bytes(json.dumps(self.content, ensure_ascii=False, indent=2).encode())
