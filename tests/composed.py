"""The fused operations of tinyllm.functional, spelled out of the primitives of tensor.py: slow and plainly right.

Each function here has the name and the parameters of the operation that it explains, takes Tensors and gives a Tensor;
the tape finds its gradient. `functional/test_composed.py` holds the two against each other.
"""

import math

import numpy as np

from tinyllm import tensor
from tinyllm.tensor import Tensor


def linear(x, weight, bias):
    rows = x.reshape(math.prod(x.shape[:-1]), x.shape[-1])
    return (rows @ weight + bias).reshape(*x.shape[:-1], weight.shape[1])


def gelu(x):
    """x times the share of N(0, 1) below x; erf by its series of positive terms (Abramowitz & Stegun 7.1.6)."""
    z = x * math.sqrt(0.5)
    term, total = z, z
    for n in range(1, 200):
        term = term * z * z * (2 / (2 * n + 1))
        total = total + term
    erf = total * tensor.exp(-z * z) * (2 / math.sqrt(math.pi))
    return x * (1 + erf) * 0.5


def softmax(x, *, axis=-1):
    e = tensor.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def layer_norm(x, weight, bias, *, eps=1e-5):
    apart = x - x.mean(axis=-1, keepdims=True)
    variance = (apart * apart).mean(axis=-1, keepdims=True)
    return apart / (variance + eps) ** 0.5 * weight + bias


def rms_norm(x, weight, *, eps=1e-6):
    return x / ((x * x).mean(axis=-1, keepdims=True) + eps) ** 0.5 * weight


def relu(x):
    """The largest of x and 0."""
    both = tensor.concatenate(x.reshape(1, *x.shape), np.zeros((1, *x.shape)), axis=0)
    return both.max(axis=0)


def silu(x):
    return x / (1 + tensor.exp(-x))


def swiglu(gate, x):
    return gate / (1 + tensor.exp(-gate)) * x


def rotary(x, *, cos, sin):
    """Each pair of channels times the matrix of its rotation, pair by pair."""
    half = x.shape[-1] // 2
    pairs = [(x[..., i], x[..., i + half], cos[..., i], sin[..., i]) for i in range(half)]
    turned = [a * c - b * s for a, b, c, s in pairs] + [a * s + b * c for a, b, c, s in pairs]
    return tensor.concatenate(*(channel.reshape(*channel.shape, 1) for channel in turned), axis=-1)


def split_heads(x, *, heads, part=0, parts=1):
    B, T, channels = x.shape
    x = x.reshape(B, T, parts, heads, channels // (parts * heads))
    return x.transpose(2, 0, 3, 1, 4)[part]


def merge_heads(x):
    """Head by head, laid side by side."""
    return tensor.concatenate(*(x[:, head] for head in range(x.shape[1])), axis=-1)


def repeat_heads(x, *, times):
    heads = [h for h in range(x.shape[1]) for _ in range(times)]
    return x[:, heads]


def attention(q, k, v, bias=None, *, causal=False, starts=None, lengths=None, scale=None):
    B, _H, S, D = k.shape
    T = q.shape[-2]
    scores = q @ k.transpose(0, 1, 3, 2) * (1 / math.sqrt(D) if scale is None else scale)  # (B, H, T, S)
    if bias is not None:
        scores = tensor.where(bias, scores, -np.inf) if bias.dtype == bool else scores + bias
    ends, starts = ([least] * B if own is None else own for least, own in ((S, lengths), (S - T, starts)))
    seen = [
        [[s < end and (not causal or s <= start + t) for s in range(S)] for t in range(T)]
        for start, end in zip(starts, ends, strict=True)
    ]
    scores = tensor.where(np.array(seen, dtype=bool).reshape(B, 1, T, S), scores, -np.inf)
    return softmax(scores) @ v


def rnn_cell(x, state, weight):
    return tensor.tanh(x + state @ weight)


def rnn(x, state, weight):
    return one_by_one(rnn_cell, x, state, weight)


def lstm_cell(x, state, weight):
    M = weight.shape[0]
    h, c = state[:, :M], state[:, M:]
    i, f, g, o = (x[:, n * M : (n + 1) * M] + h @ weight[:, n * M : (n + 1) * M] for n in range(4))
    c = c / (1 + tensor.exp(-f)) + tensor.tanh(g) / (1 + tensor.exp(-i))
    return tensor.concatenate(tensor.tanh(c) / (1 + tensor.exp(-o)), c, axis=1)


def lstm(x, state, weight):
    return one_by_one(lstm_cell, x, state, weight)


def one_by_one(cell, x, state, weight):
    """The states after each position, laid behind one another."""
    states = []
    for t in range(x.shape[1]):
        state = cell(x[:, t], state, weight)
        states.append(state.reshape(state.shape[0], 1, state.shape[1]))
    return tensor.concatenate(*states, axis=1)


def cross_entropy(logits, targets, *, weights=None, label_smoothing=0.0, z_loss=0.0):
    rows, targets = logits.reshape(-1, logits.shape[-1]), targets.data.reshape(-1)
    weights = np.ones(len(targets)) if weights is None else weights.reshape(-1)
    surprises = -tensor.log(softmax(rows))
    of_target, of_all = surprises[np.arange(len(targets)), targets], surprises.mean(axis=-1)
    z = tensor.log(tensor.exp(rows).sum(axis=-1))
    losses = (1 - label_smoothing) * of_target + label_smoothing * of_all + z_loss * z * z
    return (losses * weights).sum() / weights.sum()


def linear_cross_entropy(hidden, weight, targets, **options):
    return cross_entropy(hidden @ weight, targets, **options)


def linear_log_likelihood(hidden, weight, targets, *, weights=None):
    logs, targets = tensor.log(softmax(hidden @ weight)), targets.data
    found = logs.reshape(-1, logs.shape[-1])[np.arange(targets.size), targets.reshape(-1)].reshape(*targets.shape)
    return (found if weights is None else found * weights).sum(axis=-1)


def distillation(logits, teacher, *, temperature):
    p, q = softmax(teacher.data / temperature), softmax(logits / temperature)
    apart = (p.data * (tensor.log(p).data - tensor.log(q))).sum(axis=-1)
    return apart.mean() * temperature**2


def linear_distillation(hidden, weight, targets, ids, teacher, *, temperature, mixture, **softened):
    """The others' probability is what the kept leave."""
    logits, ids = hidden @ weight, ids.data.reshape(-1, ids.shape[-1])
    p, q = softmax(teacher.data).data.reshape(len(ids), -1), softmax(logits / temperature).reshape(len(ids), -1)
    of_kept = q[np.arange(len(ids))[:, None], ids]
    known = tensor.concatenate(of_kept, 1.0 - of_kept.sum(axis=-1, keepdims=True), axis=-1)
    apart = (p * (np.log(p) - tensor.log(known))).sum(axis=-1).mean() * temperature**2
    return cross_entropy(logits, targets, **softened) * (1 - mixture) + apart * mixture


def embedding(ids, weight):
    return weight[ids.data]


def drop(x, *, rate, key, first_row=0):
    """Whether a number stays is a hash of the key and of its place in the batch, computed here number by number."""
    per_row = math.prod(x.shape[1:])
    stream = 0
    for part in key:
        stream = mixed(stream ^ (part % 2**32))
    other = mixed((stream + 0x9E3779B9) % 2**32)
    kept = [
        (mixed(mixed((place % 2**32) ^ stream) ^ other) >> 8) / 2**24 >= rate
        for place in range(first_row * per_row, first_row * per_row + x.data.size)
    ]
    return x * Tensor(np.array(kept, dtype=x.dtype).reshape(x.shape)) / (1 - rate)


def mixed(x):
    """lowbias32 (Wellons 2018)."""
    x = (x ^ (x >> 16)) * 0x7FEB352D % 2**32
    x = (x ^ (x >> 15)) * 0x846CA68B % 2**32
    return x ^ (x >> 16)
