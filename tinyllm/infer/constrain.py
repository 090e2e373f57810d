"""Constrained generation: only tokens that an automaton over bytes can go on with, and an end where it can end.

What is written is never the beginning of nothing: every state of the automaton can reach an end, and the tokens of
single bytes can spell the way. Where few tokens are left, only those stay that leave room for the rest. What else is
forbidden, by a ban or because it would come again, is not known here, and may leave no token at all.
"""

import numpy as np

from tinyllm.errors import UsageError

OUT = np.iinfo(np.int32).max  # bytes to an end of what may not be written
UNKNOWN = -2  # of a state that nobody has asked for yet
KEPT = 512  # masks that are remembered; a grammar has states without an end


class Trie:
    """Tokens as a tree of bytes: node 0 is the empty text, node n is spelled by its parent and `byte[n]`, its children
    are `first[n]` to `first[n + 1]`, and `ends[t]` is the node of token t."""

    def __init__(self, pieces):
        lengths = np.array([len(piece) for piece in pieces])
        spelled = np.zeros((len(pieces), lengths.max()), np.uint8)
        for token, piece in enumerate(pieces):
            spelled[token, : len(piece)] = list(piece)
        self.ends, bytes, parents, total = np.zeros(len(pieces), np.int64), [[0]], [[-1]], 1
        for place in range(spelled.shape[1]):  # the nodes of one depth, in the order of their parents
            going = np.flatnonzero(lengths > place)
            nodes, node = np.unique(self.ends[going] * 256 + spelled[going, place], return_inverse=True)
            self.ends[going], total = total + node, total + len(nodes)
            bytes.append(nodes % 256)
            parents.append(nodes // 256)
        self.byte = np.concatenate(bytes)
        self.first = np.searchsorted(np.concatenate(parents), np.arange(total + 1))

    def children(self, nodes):
        """(N,) -> the children of some nodes (M,), and of which of the N each is one (M,)."""
        first, counts = self.first[nodes], self.first[nodes + 1] - self.first[nodes]
        of = np.repeat(np.arange(len(nodes)), counts)
        return np.arange(len(of)) + (first - np.cumsum(counts) + counts)[of], of


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
        self.pieces, self.trie = pieces, Trie(pieces)
        self.table = np.full((64, 256), UNKNOWN, np.int32)  # of each state that was asked for, where each byte leads
        self.to_end = np.full(64, UNKNOWN, np.int32)  # of each state, the fewest bytes to an end
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
            for byte in self.pieces[token]:
                found = int(self.automaton.row(found)[byte]) if found >= 0 else -1
            if found < 0 or not self.pieces[token]:
                raise UsageError(f"token {token} may not be written here; the constraint is for texts that it has led")
            self.after[state, token] = found
        return self.after[state, token]

    def fewest(self, state):
        """(V,): of each token, the fewest bytes to an end behind it; OUT of those that may not be written. The tokens
        walk together, a byte at a time, and those that begin alike are one."""
        if state not in self.known:
            if len(self.known) == KEPT:
                del self.known[next(iter(self.known))]
            found = np.full(len(self.trie.byte), OUT, np.int32)
            nodes, states = np.zeros(1, np.int64), np.array([state])
            self.make_room(states)
            while len(nodes):
                nodes, of = self.trie.children(nodes)
                states = states[of]
                self.fill(self.table, states, self.automaton.row)
                states = self.table[states, self.trie.byte[nodes]]
                alive = states >= 0
                nodes, states = nodes[alive], states[alive]
                self.make_room(states)
                self.fill(self.to_end, states, self.automaton.fewest)
                found[nodes] = self.to_end[states]
            self.known[state] = found[self.trie.ends]
        return self.known[state]

    def make_room(self, states):
        """Have a place for each of some states."""
        if len(states) and (lacking := int(states.max()) + 1 - len(self.table)) > 0:
            more = max(lacking, len(self.table))
            self.table = np.pad(self.table, ((0, more), (0, 0)), constant_values=UNKNOWN)
            self.to_end = np.pad(self.to_end, (0, more), constant_values=UNKNOWN)

    @staticmethod
    def fill(places, states, ask):
        """Ask an automaton for what is not known of some states."""
        seen = places[states] if places.ndim == 1 else places[states, 0]
        for one in np.unique(states[seen == UNKNOWN]):
            places[one] = ask(int(one))
