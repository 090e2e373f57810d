"""Recurrent cells: a state that is read and rewritten at every position, for one position or for a
whole sequence.

The state of a layer is one array: (B, M) for the RNN; (B, 2 M) for the LSTM, output h and memory c
side by side. `x`, what the positions themselves say, comes projected for all of them at once; only
the state has to wait its turn. There is no compiled twin: the products of a few rows with the whole
matrix, one after another, take most of the time.
"""

from tinyllm.backend.arrays import array_module
from tinyllm.errors import UsageError
from tinyllm.tensor import op, rows

# ---------------------------------------------------------------------------------------------- RNN


@op
def rnn_cell(x, state, weight):
    """(B, M), (B, M), (M, M) -> (B, M): the next state, tanh(x + state @ weight) (Elman 1990)."""
    check_shapes("rnn_cell", "B", x, state, weight)
    y = rnn_step(x, state, weight)

    def backward(dy):
        dx = rnn_step_backward(dy, y)
        return dx, lambda: dx @ weight.T, lambda: state.T @ dx

    return y, backward


@op
def rnn(x, state, weight):
    """(B, T, M), (B, M), (M, M) -> (B, T, M): the state after each position, `rnn_cell` by
    `rnn_cell`.

    On the way back the gradient passes the same matrix at every position, and so it vanishes or
    explodes with T.
    """
    check_shapes("rnn", "BT", x, state, weight)
    xp, states = array_module(x), [state]
    for t in range(x.shape[1]):
        states.append(rnn_step(x[:, t], states[t], weight))

    def backward(dy):
        dx, dstate = xp.empty(x.shape, x.dtype), 0.0
        for t in reversed(range(x.shape[1])):
            dsum = dx[:, t] = rnn_step_backward(dy[:, t] + dstate, states[t + 1])
            dstate = dsum @ weight.T  # states[t + 1] = tanh(x[:, t] + states[t] @ weight)
        return dx, dstate, lambda: rows(xp.stack(states[:-1], axis=1)).T @ rows(dx)

    return xp.stack(states[1:], axis=1), backward


def rnn_step(x, state, weight):
    return array_module(x).tanh(x + state @ weight)


def rnn_step_backward(dy, y):
    """The gradient by what y is the tanh of."""
    return dy * (1 - y * y)


# --------------------------------------------------------------------------------------------- LSTM


@op
def lstm_cell(x, state, weight):
    """(B, 4 M), (B, 2 M), (M, 4 M) -> (B, 2 M): the next state, [h, c]
    (Hochreiter & Schmidhuber 1997, Gers 2000).

    x + h @ weight holds, side by side, the sums of the input, the forget, the candidate and the
    output gate.
    """
    check_shapes("lstm_cell", "B", x, state, weight, gates=4, parts=2)
    gates, y = lstm_step(x, state, weight)

    def backward(dy):
        dx, dc = lstm_step_backward(dy, gates, state, y)
        return dx, lambda: side_by_side(dx @ weight.T, dc), lambda: halves(state)[0].T @ dx

    return y, backward


@op
def lstm(x, state, weight):
    """(B, T, 4 M), (B, 2 M), (M, 4 M) -> (B, T, 2 M): the state after each position, `lstm_cell` by
    `lstm_cell`.

    On the way back the gradient by the memory c is multiplied by the forget gate alone, and not by
    a matrix.
    """
    check_shapes("lstm", "BT", x, state, weight, gates=4, parts=2)
    xp, states, opened = array_module(x), [state], []
    for t in range(x.shape[1]):
        gates, y = lstm_step(x[:, t], states[t], weight)
        states.append(y)
        opened.append(gates)

    def backward(dy):
        dx, dstate = xp.empty(x.shape, x.dtype), 0.0
        for t in reversed(range(x.shape[1])):
            dsums, dc = lstm_step_backward(dy[:, t] + dstate, opened[t], states[t], states[t + 1])
            dx[:, t] = dsums
            dstate = side_by_side(dsums @ weight.T, dc)
        outputs = [halves(before)[0] for before in states[:-1]]
        return dx, dstate, lambda: rows(xp.stack(outputs, axis=1)).T @ rows(dx)

    return xp.stack(states[1:], axis=1), backward


def lstm_step(x, state, weight):
    """(B, 4 M), (B, 2 M), (M, 4 M) -> (B, 4 M), (B, 2 M): how far the gates are open, and the next
    state."""
    h, c = halves(state)
    sums, M = x + h @ weight, len(weight)
    gates = sigmoid(sums)
    gates[:, 2 * M : 3 * M] = array_module(x).tanh(sums[:, 2 * M : 3 * M])
    enter, keep, candidate, leave = quarters(gates)
    c = keep * c + enter * candidate
    return gates, side_by_side(leave * array_module(x).tanh(c), c)


def lstm_step_backward(dy, gates, state, y):
    """The gradients by the sums, (B, 4 M), and, without what passes through them, by the memory of
    before, (B, M)."""
    # h = leave tanh(c), c = keep before + enter candidate: backwards, from h to c to the gates
    (dh, dc), before, M = halves(dy), halves(state)[1], y.shape[1] // 2
    enter, keep, candidate, leave = quarters(gates)
    shown = array_module(y).tanh(halves(y)[1])
    dc = dc + dh * leave * (1 - shown * shown)
    dsums = gates * (1 - gates)  # the slope of σ
    dsums[:, 2 * M : 3 * M] = 1 - candidate * candidate
    for dsum, dgate in zip(
        quarters(dsums), (dc * candidate, dc * before, dc * enter, dh * shown), strict=True
    ):
        dsum *= dgate
    return dsums, dc * keep


def sigmoid(x):
    """(...) -> (...): 1 / (1 + e^-x), by way of tanh, which overflows for no number."""
    return 0.5 * array_module(x).tanh(0.5 * x) + 0.5


def halves(state):
    """(B, 2 M) -> two of (B, M): h and c"""
    M = state.shape[1] // 2
    return state[:, :M], state[:, M:]


def quarters(gates):
    """(B, 4 M) -> four of (B, M): input, forget, candidate and output"""
    M = gates.shape[1] // 4
    return [gates[:, i * M : (i + 1) * M] for i in range(4)]


def side_by_side(h, c):
    """(B, M), (B, M) -> (B, 2 M)"""
    return array_module(h).concatenate([h, c], axis=1)


# ------------------------------------------------------------------------------------------ of both


def check_shapes(name, axes, x, state, weight, *, gates=1, parts=1):
    M = weight.shape[0] if weight.ndim else 0
    expected = (gates * M,), (*x.shape[:1], parts * M), (M, gates * M)
    if (x.shape[-1:], state.shape, weight.shape) != expected or x.ndim != len(axes) + 1:
        one, two, three = f"({', '.join(axes)}, {gates} M)", f"(B, {parts} M)", f"(M, {gates} M)"
        raise UsageError(
            f"{name}: x {x.shape}, state {state.shape} and weight {weight.shape} do not agree; "
            f"expected {one}, {two} and {three}".replace(" 1 M", " M")
        )
    if 0 in x.shape[1:-1]:
        raise UsageError(f"{name} of no position at all: x is {x.shape}")
