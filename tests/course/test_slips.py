"""Slips as learners write them, in their own style and not in that of the support files: each is told what it does."""

import pytest
from checkout import ROOT
from course.versions import QUICK

from tinyllm.course.judge import SENTENCE, WRONG
from tinyllm.course.pytest_plugin import EXERCISES

pytestmark = pytest.mark.gate
BY_ID = {exercise.id: exercise for exercise in EXERCISES.values()}

LSTM = """
def lstm_cell(x, state, weight):
    M = state.shape[-1] // 2
    {first}, {second} = state[:, :M], state[:, M:]
    z = x + h @ weight
    {order} = (z[:, k * M : (k + 1) * M] for k in range(4))
    c_new = sigmoid(f) * c + sigmoid(i) * {novelty}
    h_new = {leave}(o) * tanh(c_new)
    return concatenate(h_new, c_new, axis=1)
"""
RIGHT_LSTM = {"first": "h", "second": "c", "order": "i, f, g, o", "novelty": "tanh(g)", "leave": "sigmoid"}
NORM = """
@op
def layer_norm(x, weight, bias, *, eps=1e-5):
    mean = x.mean(axis=-1, keepdims=True)
    std = {std}
    n = (x - mean) / std

    def backward(dy):
        dn = dy * weight
        dx = (dn - dn.mean(axis=-1, keepdims=True) - n * (dn * n).mean(axis=-1, keepdims=True)) / std
        return dx, dy * n, dy

    return n * weight + bias, backward
"""
HEADS = """
class SelfAttention(Module):
    def __init__(self, width, heads, *, rng, out_std=None):
        self.heads, self.width = heads, width
        self.qkv = Linear(width, 3 * width, rng=rng)
        self.out = Linear(width, width, rng=rng, std=out_std)

    def __call__(self, x, lengths=None):
        qkv = self.qkv(x)
        q = split_heads(qkv, heads=self.heads, part=0, parts=3)
        {k} = split_heads(qkv, heads=self.heads, part=1, parts=3)
        {v} = split_heads(qkv, heads=self.heads, part=2, parts=3)
        s = (q @ k.transpose(0, 1, 3, 2)) * (1.0 / {divisor})
        if lengths is not None:
            mask = (np.arange(x.shape[1])[None, :] < lengths[:, None]){axes}
            s = where(mask, s, -np.inf)
        return self.out(merge_heads(softmax(s) @ v))
"""
RIGHT_HEADS = {"k": "k", "v": "v", "divisor": "float(q.shape[-1]) ** 0.5", "axes": "[:, None, None, :]"}

SLIPS = {
    **{f"the gates in the order {order}": ("m01.e05", LSTM.format(**RIGHT_LSTM | {"order": order}), "i, f, g, o")
       for order in ("i, g, f, o", "f, i, g, o", "i, f, o, g", "f, i, o, g", "i, o, f, g", "g, i, f, o")},
    "the state with c before h": ("m01.e05", LSTM.format(**RIGHT_LSTM | {"first": "c", "second": "h"}), "ao contrário"),
    "no tanh of g": ("m01.e05", LSTM.format(**RIGHT_LSTM | {"novelty": "g"}), "ela passa pela tanh"),
    "tanh of gate o": ("m01.e05", LSTM.format(**RIGHT_LSTM | {"leave": "tanh"}), "uma porta passou pela tanh"),
    "the largest of all": ("m01.e03", """
@op
def softmax(x):
    exps = np.exp(x - np.max(x))
    probs = exps / np.sum(exps, axis=-1, keepdims=True)

    def backward(dy):
        return probs * (dy - np.sum(dy * probs, axis=-1, keepdims=True))

    return probs, backward
""", "do array inteiro"),
    "a loss that is summed": ("m01.e03", """
@op
def cross_entropy(logits, targets):
    z = logits - np.max(logits, axis=1, keepdims=True)
    logp = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
    n = logits.shape[0]

    def backward(dy):
        d = np.exp(logp)
        d[range(n), targets] -= 1
        return d * (dy / n), None

    return -np.sum(logp[range(n), targets]), backward
""", "somou em vez de tirar a média"),
    "a stack of nodes": ("m01.e04", """
def backward(loss, grad=None):
    out, grads, stack = {}, {}, [loss.node or loss]
    grads[stack[0]] = np.ones_like(loss.data) if grad is None else grad
    if loss.node is None:
        return grads
    while stack:
        node = stack.pop()
        for source, dx in node.gradients(grads.pop(node)):
            dx = sum_to_shape(dense(dx, source.shape), source.shape)
            if isinstance(source, Tensor):
                out[source] = out[source] + dx if source in out else dx
            else:
                if source not in stack:
                    stack.append(source)
                grads[source] = grads[source] + dx if source in grads else dx
    return out
""", "antes de o gradiente dele estar inteiro"),
    "keys for values": ("m03.e05", HEADS.format(**RIGHT_HEADS | {"k": "v", "v": "k"}), "em outra ordem"),
    "a mask on the queries": (
        "m03.e05", HEADS.format(**RIGHT_HEADS | {"axes": "[:, None, :, None]"}), "a máscara foi posta nas perguntas"),
    "scaled by C": ("m03.e05", HEADS.format(**RIGHT_HEADS | {"divisor": "self.width"}), "dividiu por C"),
    "part that is not used": ("m03.e05", """
@op
def split_heads(x, *, heads, part=0, parts=1):
    B, T, C3 = x.shape
    C = C3 // parts
    D = C // heads
    out = x[:, :, :C].reshape(B, T, heads, D).transpose(0, 2, 1, 3)

    def backward(dy):
        dx = np.zeros(x.shape, dtype=x.dtype)
        dx[:, :, :C] = dy.transpose(0, 2, 1, 3).reshape(B, T, C)
        return dx

    return out, backward
""", "sempre a primeira parte"),
    "positions from 1": ("m03.e01", """
def sinusoids(positions, channels, *, base=10000.0):
    pos = np.asarray(positions, dtype=np.float64)
    out = np.zeros((len(pos), channels))
    for row, p in enumerate(pos):
        for i in range(channels // 2):
            angle = (p + 1) / base ** (2 * i / channels)
            out[row, 2 * i], out[row, 2 * i + 1] = np.sin(angle), np.cos(angle)
    return out.astype(np.float32)
""", "somou 1 às posições"),
    "splitlines and join": ("m02.e04", """
def compose(text):
    return unicodedata.normalize("NFC", "\\n".join(text.splitlines()))
""", "splitlines"),
    "ddof=1": ("m03.e03", NORM.format(std="np.sqrt(x.var(axis=-1, keepdims=True, ddof=1) + eps)"),
               "a variância divide por C"),
    "eps outside": ("m03.e03", NORM.format(std="np.sqrt(x.var(axis=-1, keepdims=True)) + eps"), "dentro da raiz"),
}  # fmt: skip

# wrong in a way that no support file has, and like a mistake that one has in an odd case: (exercise, answer)
LOOKALIKES = {
    "two ids apart, which in a text of two is no pair": ("m01.e02", """
def count_bigrams(ids, vocab_size):
    counts = np.zeros((vocab_size, vocab_size))
    for a, b in zip(ids, ids[2:]):
        counts[a, b] += 1
    return counts
"""),
    "a third matrix, which of two heads is as much as twice the attention": ("m01.e08", """
def gpt_parameters(config):
    C = config.width
    block = 4 * C + 4 * (C * C + C) + 3 * 4 * C * C + 9 * C
    return (config.vocab_size + config.context) * C + config.layers * block + 2 * C
"""),
}  # fmt: skip


def judged(versions, wanted, answer):
    """[state, message] of an exercise whose solution is followed by a learner's piece."""
    exercise = BY_ID[wanted]
    solution = (ROOT / "solutions" / exercise.place).read_text(encoding="utf-8")
    (found,) = versions.judge(exercise, {exercise.place: f"{solution}\n\n{answer}"}, options=QUICK)
    return found["states"][wanted]


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_is_told_what_it_does(slip, versions):
    wanted, answer, words = SLIPS[slip]
    state, message = judged(versions, wanted, answer)
    (told,) = [line for line in message.splitlines() if line.startswith(f"  {SENTENCE}")] or [message]
    assert state == WRONG and words in told


@pytest.mark.parametrize("lookalike", LOOKALIKES)
def test_what_is_like_a_mistake_in_one_case_is_not_told_as_it(lookalike, versions):
    state, message = judged(versions, *LOOKALIKES[lookalike])
    assert state == WRONG and SENTENCE not in message
