"""What every tokenizer shares: a vocabulary, one piece of bytes per id, and the way from ids back to text."""

import operator
import re

from tinyllm.errors import UsageError
from tinyllm.text import characters
from tinyllm.text.characters import to_bytes, to_text


class Vocabulary:
    """vocabulary: list of bytes, one per id. special_tokens: {text: id} of the tokens that are no part of a text.

    Special tokens mark something in a text, such as its end. What a user writes never becomes one.
    """

    def __init__(self, vocabulary, special_tokens):
        self.vocabulary, self.special_tokens = list(vocabulary), dict(special_tokens)
        longest_first = sorted(self.special_tokens, key=len, reverse=True)
        self._special_pattern = re.compile(b"(%s)" % b"|".join(re.escape(text.encode()) for text in longest_first))

    @property
    def vocab_size(self):
        """Number of tokens, the special ones included."""
        return len(self.vocabulary)

    def parts(self, text, *, allow_special):
        """str or bytes -> list of bytes: plain text at even places and, only if `allow_special`, marks at odd ones."""
        text = to_bytes(text)
        return self._special_pattern.split(text) if allow_special and self.special_tokens else [text]

    def decode(self, ids):
        """Iterable of ids -> str; bytes that are no character become U+FFFD. UsageError for an id out of range."""
        return to_text(self.decode_bytes(ids))

    def decode_bytes(self, ids):
        """Iterable of ids -> bytes; a special token becomes its text. UsageError for an id out of range."""
        return b"".join(self.pieces(ids))

    def stream(self, ids):
        """Iterable of ids -> generator of str, each as soon as it is complete; joined they are `decode(ids)`."""
        return characters.stream_text(self.pieces(ids))

    def pieces(self, ids):
        """Iterable of ids -> generator of their bytes."""
        for token in ids:
            try:
                index = operator.index(token)
            except TypeError:
                raise UsageError(f"a token id is a whole number, not a {type(token).__name__}") from None
            if not 0 <= index < len(self.vocabulary):
                raise UsageError(
                    f"token id {index} is not in the vocabulary: its ids go from 0 to {self.vocab_size - 1}"
                )
            yield self.vocabulary[index]

    def special_id(self, text):
        """Text of a special token -> its id. UsageError if there is none."""
        if text not in self.special_tokens:
            known = ", ".join(self.special_tokens) or "none"
            raise UsageError(f"{text!r} is not a special token of this tokenizer; it has: {known}")
        return self.special_tokens[text]


def checked_special_tokens(texts):
    """Iterable of str -> list of them. UsageError unless they are valid texts, each another."""
    texts = list(texts)
    for text in texts:
        if not isinstance(text, str) or not text or text.encode(errors="replace").decode() != text:
            raise UsageError(f"the special token {text!r} must be a str of valid characters, at least one")
    if len(set(texts)) < len(texts):
        raise UsageError(f"the special tokens {texts} repeat one; give each a text of its own")
    return texts
