"""Constrained generation: only tokens that an automaton over bytes can go on with, and an end where it can end.

What is written is never the beginning of nothing: every state of the automaton can reach an end, and the tokens of
single bytes can spell the way. Where few tokens are left, only those stay that leave room for the rest. What else is
forbidden, by a ban or because it would come again, is not known here, and may leave no token at all.
"""

import numpy as np

from tinyllm.errors import UsageError

OUT = np.iinfo(np.int32).max  # bytes to an end of what may not be written


class Constraint:
    """A function of logits (V,) and the ids written so far that forbids the tokens an automaton does not go on with.

    automaton   as `regex.Regex`: start, row, accepts, fewest
    tokenizer   whose tokens are bytes, and of which a single byte is one
    stop_id     the token that ends a text
    max_tokens  that a text may have, without the end

    Several texts may share one. Raises UsageError for another tokenizer, and if the shortest text that fits the
    automaton may need more tokens.
    """

    def __init__(self, automaton, tokenizer, *, stop_id, max_tokens):
        special = set(tokenizer.special_tokens.values())
        pieces = [b"" if token in special else piece for token, piece in enumerate(tokenizer.vocabulary)]
        if not {bytes([byte]) for byte in range(256)} <= set(pieces):
            raise UsageError("a constraint needs a tokenizer that can spell every byte; take a run with bpe or byte")
        shortest = automaton.fewest(automaton.start)
        if shortest > max_tokens:
            raise UsageError(
                f"the shortest text that the constraint allows has {shortest} bytes, more than "
                f"max_tokens={max_tokens}; raise it"
            )
        self.automaton, self.stop_id, self.max_tokens = automaton, stop_id, max_tokens
        self.lengths = np.array([len(piece) for piece in pieces])
        self.bytes = np.zeros((len(pieces), self.lengths.max()), np.uint8)
        for token, piece in enumerate(pieces):
            self.bytes[token, : len(piece)] = list(piece)
        self.known, self.after = {}, {}  # {state: fewest}, {(state, token): state}

    def __call__(self, logits, written):
        state = self.automaton.start
        for token in written:
            state = self.next(state, token)
        allowed = self.fewest(state) <= self.max_tokens - len(written) - 1
        allowed[self.stop_id] = self.automaton.accepts(state)
        return np.where(allowed, logits, -np.inf)

    def next(self, state, token):
        """The state behind a token. Raises UsageError for one that may not be written there."""
        if (state, token) not in self.after:
            found = state
            for byte in self.bytes[token, : self.lengths[token]]:
                found = int(self.automaton.row(found)[byte]) if found >= 0 else -1
            if found < 0 or not self.lengths[token]:
                raise UsageError(f"token {token} may not be written here; the constraint is for texts that it has led")
            self.after[state, token] = found
        return self.after[state, token]

    def fewest(self, state):
        """(V,): of each token, the fewest bytes to an end behind it; OUT of those that may not be written. All tokens
        walk at once, a byte at a time."""
        if state not in self.known:
            walking = np.flatnonzero(self.lengths)
            states, found = np.full(len(walking), state), np.full(len(self.lengths), OUT)
            for place in range(self.bytes.shape[1]):
                kinds, kind = np.unique(states, return_inverse=True)
                table = np.stack([self.automaton.row(int(one)) for one in kinds])
                states = table[kind, self.bytes[walking, place]]
                whole = (self.lengths[walking] == place + 1) & (states >= 0)
                ends, end = np.unique(states[whole], return_inverse=True)
                if len(ends):
                    found[walking[whole]] = np.array([self.automaton.fewest(int(one)) for one in ends])[end]
                going = (self.lengths[walking] > place + 1) & (states >= 0)
                walking, states = walking[going], states[going]
                if not len(walking):
                    break
            self.known[state] = found
        return self.known[state]
