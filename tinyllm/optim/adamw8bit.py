"""AdamW that remembers its two means in 8 bits a number (Dettmers et al. 2022, block-wise
quantisation).

Of each block of numbers the largest magnitude is kept, and of each number which of 256 fractions of
that it is nearest to. The fractions are *dynamic*: dense near 1, and there are some near a
millionth too, for the gradients of one block are seldom of one size.
"""

import functools
from dataclasses import dataclass

import numpy as np

from tinyllm.backend.arrays import array_module, beside
from tinyllm.backend.elsewhere import zeros_like
from tinyllm.backend.kernels import TwinnedFunction, kernel
from tinyllm.backend.threads import pieces
from tinyllm.optim import adamw
from tinyllm.optim.adamw import AdamW, AdamWConfig

# The paper's blocks have 2,048 numbers; the library of its authors takes 256 today. A single large
# number then spoils the codes of fewer others, for 0.03 bytes more a parameter.
BLOCK = 256
SMALL = 4096  # numbers: fewer are remembered in float32, as the paper does; they hardly take room


@dataclass(frozen=True)
class AdamW8bitConfig(AdamWConfig):
    """The options of AdamW8bit: those of AdamW."""


# ---------------------------------------------------------------------------- the 256 fractions


@functools.cache
def dynamic_map(*, signed):
    """-> (256,) ascending, from -1 (or 0) to 1: seven decades, each with twice as many fractions as
    the one below; and 0 and 1 themselves."""
    fractions = [0.0, 1.0]
    for decade in range(7):
        count = 2**decade if signed else 2 ** (decade + 1)
        edges = np.linspace(0.1, 1, count + 1, dtype=np.float32)
        middles = np.float32(0.5) * (edges[:-1] + edges[1:])
        above_0 = np.float32(10.0 ** (decade - 6)) * middles
        fractions += [*above_0, *(-above_0 if signed else ())]
    return np.sort(np.float32(fractions))


@functools.cache
def limits(*, signed):
    """-> (255,): halfway between each of the fractions and the next."""
    fractions = dynamic_map(signed=signed)
    return 0.5 * (fractions[:-1] + fractions[1:])


def encode(x, *, signed):
    """(...) -> (...) codes and (blocks,): which fraction each number is nearest to, of the largest
    magnitude in its block."""
    xp = array_module(x)
    blocks = in_blocks(x)
    scale = xp.abs(blocks).max(axis=1)
    fractions = (blocks / xp.where(scale > 0, scale, 1)[:, None]).reshape(-1)[: x.size]
    codes = xp.searchsorted(beside(limits(signed=signed), x), fractions)
    return codes.astype("uint8").reshape(x.shape), scale


def decode(codes, scale, *, signed):
    """(...) codes and (blocks,) -> (...): the way back from `encode`."""
    blocks = in_blocks(beside(dynamic_map(signed=signed), scale)[codes])
    return (blocks * scale[:, None]).reshape(-1)[: codes.size].reshape(codes.shape)


def in_blocks(x):
    """(...) -> (blocks, BLOCK), the last filled up with 0"""
    xp = array_module(x)
    return xp.concatenate([x.reshape(-1), xp.zeros(-x.size % BLOCK, x.dtype)]).reshape(-1, BLOCK)


# -------------------------------------------------------------------------------------- the rule


@TwinnedFunction
def adamw8bit_update(p, g, m, m_scale, v, v_scale, **options):
    """Move p (...) as AdamW does; of both means there are codes (...) and scales (blocks,)."""
    mean, square = decode(m, m_scale, signed=True), decode(v, v_scale, signed=False)
    adamw.adamw_update(p, g, mean, square, **options)
    m[...], m_scale[...] = encode(mean, signed=True)
    v[...], v_scale[...] = encode(square, signed=False)


@adamw8bit_update.compiled
def adamw8bit_update_compiled(
    p, g, m, m_scale, v, v_scale, *, lr, decay, step, beta1, beta2, eps
):  # fmt: skip
    flat = p.reshape(-1)
    kept, rate, unbias = 1 - lr * decay, lr / (1 - beta1**step), 1 / (1 - beta2**step)
    adamw8bit_loop(
        flat, g.reshape(-1), m.reshape(-1), m_scale, v.reshape(-1), v_scale,
        *tables(signed=True), *tables(signed=False),
        1 - beta1, 1 - beta2, kept, rate, unbias, eps,
    )  # fmt: skip
    if not np.shares_memory(flat, p):  # it is a copy: p is no row of numbers that follow each other
        p[...] = flat.reshape(p.shape)


@functools.cache
def tables(*, signed):
    """-> (256,) fractions, (256,) limits, (65,536,) uint8: the code of the least number of those
    that begin with the same 16 bits. Of these numbers one limit is passed at most."""
    beginnings = np.arange(1 << 16, dtype=np.uint32) << 16
    ends = beginnings | np.uint32(0xFFFF)
    least = np.minimum(beginnings.view(np.float32), ends.view(np.float32))
    passed = limits(signed=signed)
    codes = np.searchsorted(passed, least).astype(np.uint8)
    return dynamic_map(signed=signed), np.append(passed, np.float32(np.inf)), codes


@kernel
def adamw8bit_loop(
    p, g, m, m_scale, v, v_scale, m_map, m_limits, m_codes, v_map, v_limits, v_codes,
    new1, new2, kept, lr, unbias, eps,
):  # fmt: skip
    """Four of (n,), of which m and v are codes, with (blocks,) scales"""
    new1, new2, kept = np.float32(new1), np.float32(new2), np.float32(kept)
    lr, unbias, eps = np.float32(lr), np.float32(unbias), np.float32(eps)
    means = np.empty((2, BLOCK), np.float32)
    for block in range(m_scale.size):
        here = slice(block * BLOCK, (block + 1) * BLOCK)
        ours, grads, m_here, v_here = p[here], g[here], m[here], v[here]
        mean, square = means[0, : ours.size], means[1, : ours.size]
        m_old, v_old = m_scale[block], v_scale[block]
        for i in range(ours.size):
            mean[i] = m_map[m_here[i]] * m_old
            square[i] = v_map[v_here[i]] * v_old
        for i in range(ours.size):
            mean[i] += new1 * (grads[i] - mean[i])
            square[i] += new2 * (grads[i] * grads[i] - square[i])
            ours[i] = ours[i] * kept - lr * mean[i] / (np.sqrt(square[i] * unbias) + eps)
        m_scale[block] = encode_block(mean, m_here, m_limits, m_codes)
        v_scale[block] = encode_block(square, v_here, v_limits, v_codes)


@kernel
def encode_block(x, codes, limits, first_codes):
    """Two of (n,): write the codes of x, return its scale. See `tables`."""
    bits = x.view(np.int32)
    largest = np.int32(0)
    for i in range(bits.size):
        largest = max(largest, bits[i] & np.int32(0x7FFFFFFF))
    scale = np.int32(largest).view(np.float32)
    share = np.float32(1) / scale if scale > 0 else np.float32(0)
    for i in range(x.size):
        fraction = np.float32(x[i] * share)
        code = first_codes[(fraction.view(np.int32) >> np.int32(16)) & np.int32(0xFFFF)]
        codes[i] = code + (fraction > limits[code])
    return scale


class AdamW8bit(AdamW):
    """AdamW whose two means take 2.03 bytes a parameter instead of 8."""

    Config = AdamW8bitConfig

    def new_memory(self, name, p):
        if p.size < SMALL:
            return super().new_memory(name, p)
        scales = {"dtype": np.float32, "shape": (-(-p.size // BLOCK),)}
        return {
            "m": zeros_like(p, dtype=np.uint8),
            "m_scale": zeros_like(p, **scales),
            "v": zeros_like(p, dtype=np.uint8),
            "v_scale": zeros_like(p, **scales),
        }

    def parts(self, p, g, *slots):
        """Each part has whole blocks."""
        if len(slots) == 2:
            yield from super().parts(p, g, *slots)
            return
        for piece in pieces(p, block=BLOCK):
            blocks = piece
            if piece is not ...:
                row = p.size // len(p)
                blocks = slice(piece.start * row // BLOCK, -(-piece.stop * row // BLOCK))
            yield [a[blocks if i in (3, 5) else piece] for i, a in enumerate((p, g, *slots))]

    @staticmethod
    def update(p, g, *slots, **options):
        (adamw.adamw_update if len(slots) == 2 else adamw8bit_update)(p, g, *slots, **options)

    @classmethod
    def bytes_remembered(cls, count, *, embedding=0):
        return 2 * count + 2 * 4 * -(-count // BLOCK)
