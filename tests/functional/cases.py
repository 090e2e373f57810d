"""One list of cases for every operation: its inputs, its options, and what PyTorch calls it.

A case describes its inputs by one letter per axis (`"x": "BTC"`); "1" is an axis that broadcasting stretches. Tests draw
the size of each letter, the memory layout of each input and a seed, and `build` makes the arrays.
"""

import dataclasses
import functools
import importlib
import math
import pkgutil
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

import tinyllm
from tinyllm import functional as F
from tinyllm import tensor
from tinyllm.functional.randomness import drop
from tinyllm.gradcheck import differentiate

# ------------------------------------------------------------------------------------------------- what a case is


class Call(NamedTuple):
    """What an operation is called with."""

    arrays: list
    options: dict
    fixed: tuple = ()  # the places of arrays that get no gradient, though they are floating-point

    @property
    def learned(self):
        """Of each array, whether it gets a gradient."""
        return [array.dtype.kind == "f" and place not in self.fixed for place, array in enumerate(self.arrays)]


@dataclasses.dataclass(frozen=True, repr=False)
class Case:
    """One way to call an operation. `options` are a dict or a function of (sizes, rng) that makes one."""

    op: Callable
    inputs: dict[str, str]
    torch: Callable  # (torch, *tensors, **options) -> tensor
    note: str = ""
    options: dict | Callable = dataclasses.field(default_factory=dict)
    values: dict[str, Callable] = dataclasses.field(default_factory=dict)  # input -> (rng, shape, sizes) -> array
    never_empty: str = ""  # the letters that cannot be 0
    at_least: dict[str, int] = dataclasses.field(default_factory=dict)
    fixed: tuple = ()  # the inputs that get no gradient, though they are floating-point
    adjust: Callable = lambda sizes: sizes

    def __repr__(self):
        return "-".join(filter(None, [self.op.__name__, self.note.replace(" ", "_")]))

    @property
    def letters(self):
        return sorted(set("".join(self.inputs.values())) - {"1"})


LAYOUTS = {
    "contiguous": np.ascontiguousarray,
    "transposed": np.asfortranarray,
    "every other": lambda a: np.repeat(a, 2, axis=-1)[..., ::2] if a.ndim else a,
    "backwards": lambda a: np.ascontiguousarray(a[::-1])[::-1] if a.ndim else a,
}


def build(case, sizes, layouts, seed, dtype=np.float64):
    """The call of a case with these sizes {letter: size}, one layout per input, and random numbers from the seed."""
    rng = np.random.default_rng(seed)
    sizes = case.adjust({letter: max(size, case.at_least.get(letter, 0)) for letter, size in sizes.items()})
    arrays = []
    for (name, axes), layout in zip(case.inputs.items(), layouts, strict=True):
        shape = tuple(1 if letter == "1" else sizes[letter] for letter in axes)
        array = np.asarray(case.values.get(name, normal)(rng, shape, sizes))
        array = array.astype(dtype) if array.dtype.kind == "f" else array
        arrays.append(LAYOUTS[layout](array) if array.ndim else array)
    options = case.options(sizes, rng) if callable(case.options) else case.options
    return Call(arrays, options, tuple(place for place, name in enumerate(case.inputs) if name in case.fixed))


@st.composite
def calls(draw, case):
    """A strategy: calls of a case. Most axes have sizes of their own; some are 1 or empty."""
    sizes = {}
    for letter, size in zip(case.letters, draw(st.permutations(range(2, 2 + len(case.letters)))), strict=True):
        small = [1] if letter in case.never_empty else [1, 0]
        sizes[letter] = draw(st.sampled_from([size, size, size, *small]))
    layouts = [draw(st.sampled_from(list(LAYOUTS))) for _ in case.inputs]
    return build(case, sizes, layouts, seed=draw(st.integers(0, 2**32 - 1)))


def samples(case, dtype=np.float64):
    """A few fixed calls of a case: plain, strided, of one element, and empty where that can be."""
    letters, number = case.letters, len(case.inputs)
    plain = {letter: 2 + (3 * place + 1) % len(letters) for place, letter in enumerate(letters)} if letters else {}
    yield build(case, plain, ["contiguous"] * number, 1, dtype)
    yield build(case, plain, (list(LAYOUTS)[1:] * number)[:number], 2, dtype)
    yield build(case, dict.fromkeys(letters, 1), ["contiguous"] * number, 3, dtype)
    for letter in set(letters) - set(case.never_empty):
        yield build(case, {**plain, letter: 0}, ["contiguous"] * number, 4, dtype)


def run(function, call, dy=None):
    """Call a function of Tensors and go back from its result: (value, [gradient or None of each input], dy)."""
    return differentiate(functools.partial(function, **call.options), call.arrays, dy)


def all_modules():
    """Every module of the library, but the command line's door and those that need another library."""
    names = [m.name for m in pkgutil.walk_packages(tinyllm.__path__, "tinyllm.")]
    return [importlib.import_module(name) for name in names if "__main__" not in name and ".torch_" not in name]


def all_ops():
    """{name: operation} of everything that `op` made in tinyllm.tensor and the modules of tinyllm.functional."""
    modules = [tensor, *(importlib.import_module(m.name) for m in pkgutil.iter_modules(F.__path__, F.__name__ + "."))]
    found = [(name, thing) for module in modules for name, thing in vars(module).items()]
    return {
        name: thing for name, thing in found if isinstance(getattr(thing, "function", None), tensor.TwinnedFunction)
    }


# ----------------------------------------------------------------------------------------------------- kinds of numbers


def normal(rng, shape, _):
    return rng.normal(size=shape)


def positive(rng, shape, _):
    return rng.uniform(0.5, 2.0, size=shape)


def away_from_zero(rng, shape, _):
    return rng.uniform(0.5, 2.0, size=shape) * rng.choice([-1.0, 1.0], size=shape)


def all_different(rng, shape, _):
    """No two closer than 0.1: where the largest one is clear, so is the derivative of max."""
    return rng.permutation(math.prod(shape)).reshape(shape) * 0.1


def in_pairs(rng, shape, sizes):
    """Each number stands twice in its row: the maxima are ties of two."""
    x = all_different(rng, shape, sizes)
    x[..., 1::2] = x[..., : x.shape[-1] // 2 * 2 : 2]
    return x


def booleans(rng, shape, _):
    return rng.random(size=shape) < 0.5


def some_seen(rng, shape, _):
    """A mask of attention: each query sees the first position at least."""
    mask = rng.random(size=shape) < 0.5
    mask[..., :1] = True
    return mask


def ids_below(letter):
    """Token ids of a vocabulary of the size of this letter; most occur more than once."""
    return lambda rng, shape, sizes: rng.integers(sizes[letter], size=shape)


# ------------------------------------------------------------------------------------------------- the cases, by family

ARITHMETIC = [
    (tensor.add, lambda torch, a, b: a + b),
    (tensor.subtract, lambda torch, a, b: a - b),
    (tensor.multiply, lambda torch, a, b: a * b),
    (tensor.divide, lambda torch, a, b: a / b),
]
BROADCASTS = {"same shape": ("abc", "abc"), "both stretch": ("a1c", "b1"), "vector": ("c", "abc"), "scalar": ("ab", "")}

REDUCTIONS = [
    (tensor.sum, "", lambda torch, x, axis, keepdims: torch.sum(x, dim=axes(x, axis), keepdim=keepdims)),
    (tensor.mean, "abc", lambda torch, x, axis, keepdims: torch.mean(x, dim=axes(x, axis), keepdim=keepdims)),
    (tensor.max, "abc", lambda torch, x, axis, keepdims: torch.amax(x, dim=axes(x, axis), keepdim=keepdims)),
]
AXES = {"all": None, "last": -1, "middle": 1, "two": (0, 2)}


def axes(x, axis):
    """How PyTorch spells an axis of NumPy: None means each of them."""
    return tuple(range(x.ndim)) if axis is None else axis


def where_to_take(what):
    """Options of `take`: an index made for the sizes."""
    return lambda sizes, rng: {"index": what(sizes, rng)}


INDICES = {
    "one row": lambda sizes, rng: 0,
    "from the end": lambda sizes, rng: (-1, slice(None), sizes["c"] // 2),
    "slices": lambda sizes, rng: (slice(None, None, 2), Ellipsis, None, slice(1, None)),
    "a rest": lambda sizes, rng: slice(sizes["a"] // 2, None),
    "rows repeated": lambda sizes, rng: rng.integers(sizes["a"], size=7),
    "rows in a table": lambda sizes, rng: (slice(None), rng.integers(-sizes["b"], sizes["b"], size=(3, 4))),
    "places repeated": lambda sizes, rng: (rng.integers(sizes["a"], size=9), rng.integers(sizes["b"], size=9)),
    "mask": lambda sizes, rng: rng.random(sizes["a"]) < 0.5,
}

PRODUCTS = {
    "matrices": ("ik", "kj"),
    "stack by matrix": ("abik", "kj"),
    "stacks": ("abik", "abkj"),
    "stacks stretch": ("1bik", "a1kj"),
    "matrix by stack": ("ik", "akj"),
}


def later_positions(sizes):
    """S, the positions attended to, are at least the T queries: these are the last of them."""
    return {**sizes, "S": sizes["S"] + sizes["T"]}


def even_channels(sizes):
    return {**sizes, "D": 2 * sizes["D"]}


def turned(sizes, rng):
    """Options of `rotary`: a table for positions of any kind."""
    cos, sin = F.rotations(rng.uniform(0, 50, size=sizes["T"]), sizes["D"])
    return {"cos": cos, "sin": sin}


def turned_by_rows(sizes, rng):
    """Options of `rotary`: each row has positions of its own."""
    B, T, D = (sizes[letter] for letter in "BTD")
    turns = F.rotations(rng.uniform(0, 50, size=B * T), D)
    return dict(zip(("cos", "sin"), (turn.reshape(B, 1, T, D // 2) for turn in turns), strict=True))


def rotary_of_torch(torch, x, cos, sin):
    """Each pair as one complex number, turned by another."""
    a, b = x.chunk(2, dim=-1)
    turned = torch.complex(a, b) * torch.complex(torch.from_numpy(cos), torch.from_numpy(sin))
    return torch.cat([turned.real, turned.imag], dim=-1)


def split_heads_of_torch(torch, x, heads, part=0, parts=1):
    return x.chunk(parts, dim=-1)[part].unflatten(-1, (heads, -1)).transpose(1, 2)


def attention_of_torch(torch, q, k, v, bias=None, *, causal=False, starts=None, lengths=None, scale=None):
    T, S = q.shape[-2], k.shape[-2]
    seen = torch.ones(T, S, dtype=torch.bool).tril(S - T) if causal else torch.ones(T, S, dtype=torch.bool)
    if starts is not None:
        rows = [torch.ones(T, S, dtype=torch.bool).tril(start) for start in starts]
        seen = torch.stack(rows)[:, None] if rows else seen
    if lengths is not None:
        seen = seen & (torch.arange(S) < torch.tensor(lengths)[:, None])[:, None, None]
    if bias is not None and bias.dtype == torch.bool:
        seen, bias = seen & bias, None
    mask = torch.zeros(T, S, dtype=q.dtype) if bias is None else bias
    mask = mask.masked_fill(~seen, -torch.inf)
    return torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask, scale=scale)


def some_real(sizes, rng):
    """Lengths of the rows of a batch, from a single token to all of them."""
    return {"lengths": rng.integers(1, sizes["S"] + 1, size=sizes["B"])}


def some_starts(sizes, rng):
    """Where the queries of each row of a causal batch begin."""
    return {"causal": True, "starts": rng.integers(0, sizes["S"] - sizes["T"] + 1, size=sizes["B"])}


def repeat_heads_of_torch(torch, x, *, times):
    return x.repeat_interleave(times, dim=1)


def drop_of_torch(torch, x, *, rate, key, first_row=0):
    from tinyllm.functional.randomness import uniform  # the mask has no other source; test_randomness.py checks it

    kept = uniform(np, key, first_row * x[:1].numel(), x.numel()).reshape(tuple(x.shape)) >= rate
    return x * torch.from_numpy(kept) / (1 - rate)


def gates_and_memory(sizes):
    """G, the sums of four gates, and S, the output and the memory of an LSTM of M channels."""
    return {**sizes, "G": 4 * sizes["M"], "S": 2 * sizes["M"]}


def rnn_cell_of_torch(torch, x, state, weight):
    """The input comes projected: here the projection is the identity."""
    return torch.rnn_tanh_cell(x, state, torch.eye(len(weight), dtype=x.dtype), weight.T)


def rnn_of_torch(torch, x, state, weight):
    """What torch.nn.RNN calls."""
    params, layers = [torch.eye(len(weight), dtype=x.dtype), weight.T.contiguous()], 1
    return torch.rnn_tanh(x, state[None], params, False, layers, 0.0, False, False, True)[0]


def lstm_cell_of_torch(torch, x, state, weight):
    h, c = state.chunk(2, dim=1)
    return torch.cat(torch.lstm_cell(x, [h, c], torch.eye(4 * len(weight), dtype=x.dtype), weight.T), dim=1)


def lstm_of_torch(torch, x, state, weight):
    """By its cell: torch.nn.LSTM tells the memory of the last position alone."""
    states = [state]
    for t in range(x.shape[1]):
        states.append(lstm_cell_of_torch(torch, x[:, t], states[-1], weight))
    return torch.stack(states[1:], dim=1)


def cross_entropy_of_torch(torch, logits, targets, weights=None, label_smoothing=0.0, z_loss=0.0):
    logits, targets = logits.reshape(-1, logits.shape[-1]), targets.reshape(-1)
    if weights is None and not z_loss:
        return torch.nn.functional.cross_entropy(logits, targets, label_smoothing=label_smoothing)
    weights = torch.ones(len(targets)) if weights is None else torch.from_numpy(weights.reshape(-1))
    weights, how = weights.to(logits.dtype), {"reduction": "none", "label_smoothing": label_smoothing}
    losses = torch.nn.functional.cross_entropy(logits, targets, **how) + z_loss * torch.logsumexp(logits, dim=-1) ** 2
    return (losses * weights).sum() / weights.sum()


def linear_cross_entropy_of_torch(torch, hidden, weight, targets, **options):
    return cross_entropy_of_torch(torch, hidden @ weight, targets, **options)


def linear_log_likelihood_of_torch(torch, hidden, weight, targets, weights=None):
    found = torch.log_softmax(hidden @ weight, dim=-1).gather(-1, targets[..., None])[..., 0]
    return (found if weights is None else found * torch.from_numpy(weights).to(found.dtype)).sum(dim=-1)


def distillation_of_torch(torch, logits, teacher, *, temperature):
    student, teacher = (
        torch.log_softmax(x.reshape(-1, x.shape[-1]) / temperature, dim=-1) for x in (logits, teacher.detach())
    )
    how = {"reduction": "batchmean", "log_target": True}
    return temperature**2 * torch.nn.functional.kl_div(student, teacher, **how)


def linear_distillation_of_torch(torch, hidden, weight, targets, ids, teacher, *, temperature, mixture, **softened):
    """The others are added up where the kept tokens are not."""
    logits = (hidden @ weight).flatten(0, -2)
    ids, soft = ids.flatten(0, -2), logits / temperature
    others = torch.logsumexp(soft.scatter(-1, ids, -torch.inf), dim=-1, keepdim=True)
    known = torch.cat([soft.gather(-1, ids), others], dim=-1)
    apart = distillation_of_torch(torch, known, teacher, temperature=1.0) * temperature**2
    return (1 - mixture) * cross_entropy_of_torch(torch, logits, targets, **softened) + mixture * apart


def some_kept(rng, shape, sizes):
    """Ids of a vocabulary, no two in a row alike."""
    return rng.permuted(np.broadcast_to(np.arange(sizes["V"]), (*shape[:-1], sizes["V"])), axis=-1)[..., : shape[-1]]


def fewer_kept(sizes):
    """K, the tokens kept of each position, are less than all V; L counts all others as one more."""
    return {**sizes, "V": sizes["V"] + sizes["K"], "L": sizes["K"] + 1}


def some_weights(sizes, rng):
    """A weight for each position, some of them 0."""
    weights = rng.uniform(0, 3, size=(sizes["B"], sizes["T"])) * (rng.random((sizes["B"], sizes["T"])) < 0.7)
    weights[0, 0] = 1.5
    return {"weights": weights}


CASES = [
    *(
        Case(op, {"a": a, "b": b}, in_torch, note, values={"b": away_from_zero})
        for op, in_torch in ARITHMETIC
        for note, (a, b) in BROADCASTS.items()
    ),
    *(
        Case(tensor.power, {"x": "abc"}, lambda torch, x, exponent: x**exponent, str(exponent),
             options={"exponent": exponent}, values={"x": values})
        for exponent, values in ((2, normal), (3, normal), (1, normal), (-1, away_from_zero), (0.5, positive), (-1.5, positive))
    ),
    Case(tensor.exp, {"x": "abc"}, lambda torch, x: torch.exp(x)),
    Case(tensor.log, {"x": "abc"}, lambda torch, x: torch.log(x), values={"x": positive}),
    Case(tensor.tanh, {"x": "abc"}, lambda torch, x: torch.tanh(x)),
    *(
        Case(tensor.matmul, {"a": a, "b": b}, lambda torch, a, b: a @ b, note)
        for note, (a, b) in PRODUCTS.items()
    ),
    *(
        Case(op, {"x": "abc"}, in_torch, f"{note} {'keepdims' * keepdims}".strip(), never_empty=never_empty,
             options={"axis": axis, "keepdims": keepdims}, values={"x": all_different})
        for op, never_empty, in_torch in REDUCTIONS
        for note, axis in AXES.items()
        for keepdims in (False, True)
    ),
    *(
        Case(tensor.max, {"x": "abc"}, REDUCTIONS[2][2], f"ties {note}", never_empty="abc",
             options={"axis": axis, "keepdims": False}, values={"x": in_pairs})
        for note, axis in (("last", -1), ("all", None))
    ),
    *(
        Case(tensor.reshape, {"x": "abc"}, lambda torch, x, shape: x.reshape(shape), note, options=options)
        for note, options in {
            "merge": lambda sizes, rng: {"shape": (sizes["a"] * sizes["b"], sizes["c"])},
            "turn": lambda sizes, rng: {"shape": (sizes["c"], 1, sizes["a"], sizes["b"])},
            "flat": {"shape": (-1,)},
        }.items()
    ),
    *(
        Case(tensor.transpose, {"x": "abc"}, lambda torch, x, axes: x.permute(axes), note, options={"axes": order})
        for note, order in {"turn": (2, 0, 1), "swap": (0, 2, 1), "from the end": (-1, 0, -2)}.items()
    ),
    Case(tensor.transpose, {"x": "abc"}, lambda torch, x, axes: x.permute(2, 1, 0), "all", options={"axes": ()}),
    *(
        Case(tensor.take, {"x": "abc"}, lambda torch, x, index: take_of_torch(torch, x, index), note,
             options=where_to_take(what), never_empty="abc")
        for note, what in INDICES.items()
    ),
    Case(tensor.concatenate, {"x": "abc", "y": "adc", "z": "aec"}, lambda torch, *parts, axis: torch.cat(parts, dim=axis),
         "three", options={"axis": 1}),
    Case(tensor.concatenate, {"x": "abc", "y": "abd"}, lambda torch, *parts, axis: torch.cat(parts, dim=axis),
         "from the end", options={"axis": -1}),
    Case(tensor.concatenate, {"x": "ab"}, lambda torch, *parts, axis: torch.cat(parts, dim=axis), "one", options={"axis": 0}),
    *(
        Case(tensor.where, {"condition": condition, "a": a, "b": b}, lambda torch, condition, a, b: torch.where(condition, a, b),
             note, values={"condition": booleans})
        for note, (condition, a, b) in {"same shape": ("abc",) * 3, "all stretch": ("b1", "abc", "")}.items()
    ),
    Case(F.gelu, {"x": "abc"}, lambda torch, x: torch.nn.functional.gelu(x),
         values={"x": lambda rng, shape, _: 3 * rng.normal(size=shape)}),
    Case(F.relu, {"x": "abc"}, lambda torch, x: torch.relu(x), values={"x": away_from_zero}),
    Case(F.silu, {"x": "abc"}, lambda torch, x: torch.nn.functional.silu(x)),
    Case(F.gelu, {"x": ""}, lambda torch, x: torch.nn.functional.gelu(x), "scalar"),
    Case(F.swiglu, {"gate": "", "x": ""}, lambda torch, gate, x: torch.nn.functional.silu(gate) * x, "scalar"),
    Case(F.swiglu, {"gate": "abc", "x": "abc"}, lambda torch, gate, x: torch.nn.functional.silu(gate) * x),
    Case(F.swiglu, {"gate": "b1", "x": "abc"}, lambda torch, gate, x: torch.nn.functional.silu(gate) * x, "stretch"),
    Case(F.softmax, {"x": "aV"}, lambda torch, x: torch.softmax(x, dim=-1), "rows", never_empty="V"),
    Case(F.softmax, {"x": "abV"}, lambda torch, x: torch.softmax(x, dim=-1), "stack", never_empty="V"),
    Case(F.softmax, {"x": "aVb"}, lambda torch, x, axis: torch.softmax(x, dim=axis), "middle", options={"axis": 1},
         never_empty="V"),
    *(
        Case(F.split_heads, {"x": "BTC"}, split_heads_of_torch, note, options=options,
             adjust=lambda sizes, options=options: {**sizes, "C": sizes["C"] * options["heads"] * options.get("parts", 1)})
        for note, options in {"whole": {"heads": 3}, "last": {"heads": 2, "part": 2, "parts": 3}}.items()
    ),
    Case(F.merge_heads, {"x": "BHTD"}, lambda torch, x: x.transpose(1, 2).flatten(2), never_empty="H"),
    Case(F.attention, {"q": "BHTD", "k": "BHSD", "v": "BHSD"}, attention_of_torch, never_empty="SD"),
    Case(F.attention, {"q": "BHTD", "k": "BHTD", "v": "BHTD"}, attention_of_torch, "causal", options={"causal": True},
         never_empty="TD"),
    Case(F.attention, {"q": "BHTD", "k": "BHSD", "v": "BHSD"}, attention_of_torch, "causal after others",
         options={"causal": True}, never_empty="STD", adjust=later_positions),
    Case(F.attention, {"q": "BHTD", "k": "BHSD", "v": "BHSD"}, attention_of_torch, "padding", options=some_real,
         never_empty="SD"),
    Case(F.attention, {"q": "BHTD", "k": "BHSD", "v": "BHSD"}, attention_of_torch, "causal padding", never_empty="STD",
         options=lambda sizes, rng: {"causal": True, **some_real(sizes, rng)}, adjust=later_positions),
    Case(F.attention, {"q": "BHTD", "k": "BHSD", "v": "BHSD"}, attention_of_torch, "causal from starts",
         options=some_starts, never_empty="STD", adjust=later_positions),
    Case(F.attention, {"q": "BHTD", "k": "BHSD", "v": "BHSD", "bias": "BHTS"}, attention_of_torch,
         "causal from starts padding", never_empty="HSTD", adjust=later_positions,
         options=lambda sizes, rng: {"scale": 1.0, **some_starts(sizes, rng), **some_real(sizes, rng)}),
    Case(F.attention, {"q": "BHTD", "k": "BHSD", "v": "BHSD", "bias": "1HTS"}, attention_of_torch, "bias",
         options={"scale": 1.0}, never_empty="BSD"),
    Case(F.attention, {"q": "BHTD", "k": "BHSD", "v": "BHSD", "bias": "B1TS"}, attention_of_torch, "bias of rows",
         options=lambda sizes, rng: {"causal": True, "scale": 0.3, **some_real(sizes, rng)}, never_empty="HSTD",
         adjust=later_positions),
    *(
        Case(F.attention, {"q": "BHTD", "k": "BHSD", "v": "BHSD"}, attention_of_torch, f"scale {scale}",
             options=lambda sizes, rng, scale=scale: {"causal": True, "scale": scale, **some_real(sizes, rng)},
             never_empty="SD", adjust=later_positions)
        for scale in (0.0, -0.5)
    ),
    Case(F.attention, {"q": "BHTD", "k": "BHSD", "v": "BHSD", "bias": "11TS"}, attention_of_torch, "mask",
         values={"bias": some_seen}, never_empty="BHSD"),
    Case(F.attention, {"q": "BHTD", "k": "BHSD", "v": "BHSD", "bias": "BHTS"}, attention_of_torch, "mask of rows",
         options=lambda sizes, rng: {"causal": True, **some_real(sizes, rng)}, values={"bias": some_seen},
         never_empty="BHSTD", adjust=later_positions),
    *(
        Case(F.repeat_heads, {"x": "BHSD"}, repeat_heads_of_torch, str(times), options={"times": times})
        for times in (1, 3)
    ),
    Case(drop, {"x": "BTC"}, drop_of_torch, options={"rate": 0.3, "key": (5, 17, 2)}),
    Case(drop, {"x": "BTC"}, drop_of_torch, "later rows", options={"rate": 0.7, "key": (0, 2**32 - 1, 0), "first_row": 6}),
    Case(F.embedding, {"ids": "BT", "weight": "VC"}, lambda torch, ids, weight: torch.nn.functional.embedding(ids, weight),
         values={"ids": ids_below("V")}, never_empty="VC"),
    Case(F.linear, {"x": "BTi", "weight": "io", "bias": "o"},
         lambda torch, x, weight, bias: torch.nn.functional.linear(x, weight.T, bias), "stack"),
    Case(F.linear, {"x": "i", "weight": "io", "bias": "o"},
         lambda torch, x, weight, bias: torch.nn.functional.linear(x, weight.T, bias), "one"),
    *(
        case
        for note, options in {
            "": {},
            "weighted": some_weights,
            "smoothed": {"label_smoothing": 0.1},
            "with z-loss": {"z_loss": 0.02},
            "softened, weighted": lambda sizes, rng: {
                **some_weights(sizes, rng), "label_smoothing": 0.3, "z_loss": 0.01
            },
        }.items()
        for case in (
            Case(F.cross_entropy, {"logits": "BTV", "targets": "BT"}, cross_entropy_of_torch, note, options=options,
                 values={"targets": ids_below("V")}, never_empty="BTV"),
            Case(F.linear_cross_entropy, {"hidden": "BTC", "weight": "CV", "targets": "BT"},
                 linear_cross_entropy_of_torch, note, options=options, values={"targets": ids_below("V")},
                 never_empty="BTCV"),
        )
    ),
    *(
        Case(F.linear_log_likelihood, {"hidden": "BTC", "weight": "CV", "targets": "BT"}, linear_log_likelihood_of_torch,
             note, options=options, values={"targets": ids_below("V")}, never_empty="BTCV")
        for note, options in (("", {}), ("weighted", some_weights))
    ),
    *(
        Case(F.distillation, {"logits": axes, "teacher": axes}, distillation_of_torch, note, fixed=("teacher",),
             options={"temperature": temperature}, never_empty="BTV")
        for note, axes, temperature in (("", "BTV", 1.0), ("warm", "BTV", 2.5), ("one", "V", 2))
    ),
    *(
        Case(F.linear_distillation, {"hidden": "BTC", "weight": "CV", "targets": "BT", "ids": "BTK", "teacher": "BTL"},
             linear_distillation_of_torch, note, options=options, values={"targets": ids_below("V"), "ids": some_kept},
             never_empty="BTCVKL", adjust=fewer_kept, fixed=("teacher",))
        for note, options in {
            "": {"temperature": 2.0, "mixture": 0.3},
            "alone": {"temperature": 0.5, "mixture": 1},
            "softened": {"temperature": 1.0, "mixture": 0.5, "label_smoothing": 0.1, "z_loss": 0.02},
        }.items()
    ),
    Case(F.layer_norm, {"x": "BTC", "weight": "C", "bias": "C"},
         lambda torch, x, weight, bias, eps: torch.nn.functional.layer_norm(x, x.shape[-1:], weight, bias, eps),
         "stack", options={"eps": 1e-5}, at_least={"C": 2}, never_empty="C"),
    Case(F.layer_norm, {"x": "C", "weight": "C", "bias": "C"},
         lambda torch, x, weight, bias, eps: torch.nn.functional.layer_norm(x, x.shape[-1:], weight, bias, eps),
         "one row", options={"eps": 0.1}, never_empty="C"),
    Case(F.rms_norm, {"x": "BTC", "weight": "C"},
         lambda torch, x, weight, eps: torch.nn.functional.rms_norm(x, x.shape[-1:], weight, eps),
         "stack", options={"eps": 1e-6}, at_least={"C": 2}, never_empty="C"),
    Case(F.rms_norm, {"x": "C", "weight": "C"},
         lambda torch, x, weight, eps: torch.nn.functional.rms_norm(x, x.shape[-1:], weight, eps),
         "one row", options={"eps": 0.1}, never_empty="C"),
    Case(F.rotary, {"x": "BHTD"}, rotary_of_torch, "heads", options=turned, adjust=even_channels, never_empty="D"),
    Case(F.rotary, {"x": "BHTD"}, rotary_of_torch, "positions of rows", options=turned_by_rows, adjust=even_channels,
         never_empty="D"),
    Case(F.rotary, {"x": "TD"}, rotary_of_torch, "one", options=turned, adjust=even_channels, never_empty="D"),
    Case(F.rnn_cell, {"x": "BM", "state": "BM", "weight": "MM"}, rnn_cell_of_torch, never_empty="M"),
    Case(F.rnn, {"x": "BTM", "state": "BM", "weight": "MM"}, rnn_of_torch, never_empty="MT"),
    Case(F.lstm_cell, {"x": "BG", "state": "BS", "weight": "MG"}, lstm_cell_of_torch, never_empty="M",
         adjust=gates_and_memory),
    Case(F.lstm, {"x": "BTG", "state": "BS", "weight": "MG"}, lstm_of_torch, never_empty="MT", adjust=gates_and_memory),
]  # fmt: skip


def take_of_torch(torch, x, index):
    """x[index], where PyTorch has no steps backwards and wants its own arrays."""

    def ours(part):
        return torch.from_numpy(part) if isinstance(part, np.ndarray) else part

    return x[tuple(map(ours, index)) if isinstance(index, tuple) else ours(index)]
