"""m03.e10: what a decoder reads, the block it is made of, and how it writes; then they learn to reverse letters."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.course.judge import Refused, shapes
from tinyllm.infer.generate import generate
from tinyllm.models import t5
from tinyllm.nn.module import load_weights
from tinyllm.optim.adamw import AdamW, AdamWConfig
from tinyllm.tensor import Tensor, backward

rng = np.random.default_rng(0)
BLOCK = "DecoderBlock"
# computed once with PyTorch 2.13 (scaled_dot_product_attention, rms_norm, silu): C = 4, two heads, 3 hidden channels
WEIGHTS = {
    "norm1.weight": 1 + 0.1 * np.arange(4.0),
    "attention.qkv.weight": np.sin(1.7 * np.arange(48.0) + 0.3).reshape(4, 12),
    "attention.out.weight": np.sin(2.3 * np.arange(16.0) + 1).reshape(4, 4),
    "norm2.weight": 1 - 0.1 * np.arange(4.0),
    "cross_attention.query.weight": np.sin(1.1 * np.arange(16.0)).reshape(4, 4),
    "cross_attention.key_value.weight": np.cos(0.9 * np.arange(32.0)).reshape(4, 8),
    "cross_attention.out.weight": np.cos(2.3 * np.arange(16.0) + 1).reshape(4, 4),
    "norm3.weight": 0.8 + 0.1 * np.arange(4.0),
    "feed_forward.gate.weight": np.sin(1.9 * np.arange(12.0)).reshape(4, 3),
    "feed_forward.up.weight": np.cos(1.9 * np.arange(12.0)).reshape(4, 3),
    "feed_forward.down.weight": np.sin(0.7 * np.arange(12.0)).reshape(3, 4),
}
STORED_X = np.array([[[0.5, -1.0, 2.0, 0.25], [1.5, 3.0, -0.75, -2.0], [-0.3, 0.8, 1.1, -1.4]]])
STORED_MEMORY = np.array([[[0.7, -0.2, 0.1, 1.3], [-1.1, 0.4, 0.9, -0.6]]])
STORED_DY = np.array([[[1.0, -2.0, 0.5, 0.75], [0.25, 3.0, -1.0, -0.5], [-0.6, 0.4, 1.3, 0.9]]])
STORED_BIAS = np.cos(0.8 * np.arange(18.0)).reshape(1, 2, 3, 3)
STORED = (
    [[[1.5844764348, -0.9319768322, -0.8787634714, -2.6908727251],
      [3.4242115195, 0.7990980605, 1.6347621781, 0.7961094836],
      [1.7927801965, -1.8113656451, 2.1946672850, -0.7143708281]]],
    [[[3.5381558701, -2.3703875463, 0.6595808067, -2.3123716736],
      [0.3231523102, 3.1074235610, -0.8961721704, -0.2432572481],
      [-0.8572649083, -0.3308835592, 0.5792664912, -0.3141013668]]],
    [[[0.2126085330, -0.6096801265, -0.9544079458, -0.5515505304],
      [-0.7254269422, 0.3682333357, 1.1734574098, 1.0595153800]]],
)  # fmt: skip
LETTERS, END, STEPS = (
    4,
    8,
    250,
)  # of the task: letters 1 to 7, an end behind them, and how many batches of 32 to learn it


def block(judge, *arguments, case):
    return judge.same(BLOCK, 5, *arguments, through=judge.support.built, case=case)


def texts(B, T, S, C, dtype=np.float64, seed=0):
    """A cotangent and x, (B, T, C), the bias of two heads, (1, 2, T, T), and a memory, (B, S, C)."""
    drawn, all_shapes = np.random.default_rng(seed), ((B, T, C), (B, T, C), (1, 2, T, T), (B, S, C))
    return [drawn.normal(size=shape).astype(dtype) for shape in all_shapes]


def told(x, memory, **options):
    return f"x {shapes(x)}, memory {shapes(memory, **options)}"


# --------------------------------------------------------------------------------------------------------- shift_right


@pytest.mark.parametrize(("shape", "start_id"), [((3, 5), 0), ((2, 4), 9), ((3, 1), 2)])
@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint16])
def test_shift_right(judge, shape, start_id, dtype):
    targets = rng.integers(1, 50, size=shape).astype(dtype)
    inputs = judge.same("shift_right", targets, start_id, case=f"targets {shapes(targets)}, start_id={start_id}")
    judge.that(inputs.dtype == dtype, "shift_right", f"targets {shapes(targets)}", "o tipo dos ids mudou")


def test_shift_right_of_any_shape(judge):
    @given(st.integers(1, 4), st.integers(1, 6), st.integers(0, 9), st.integers(0, 99))
    def agrees(B, T, start_id, seed):
        targets = np.random.default_rng(seed).integers(0, 9, size=(B, T))
        judge.same("shift_right", targets, start_id, case=f"targets {shapes(targets)}, start_id={start_id}")
        judge.same("shift_right", np.asfortranarray(targets), start_id, case="um array que não é contíguo")

    agrees()


def test_shift_right_by_hand(judge):
    inputs = judge.same("shift_right", np.array([[7, 3, 5]]), 0, case="o exemplo")
    judge.that(inputs.tolist() == [[0, 7, 3]], "shift_right", "o exemplo", "deveria dar [[0, 7, 3]]")


# ----------------------------------------------------------------------------------------------------------- the block


@pytest.mark.parametrize(("B", "T", "S", "C"), [(2, 5, 3, 6), (3, 2, 7, 4), (2, 1, 4, 8)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_block(judge, B, T, S, C, dtype):
    dy, x, bias, memory = texts(B, T, S, C, dtype)
    block(judge, dy, x, bias, memory, case=told(x, memory))


def test_the_block_of_any_shape(judge):
    @given(*[st.integers(1, 4)] * 4, st.integers(0, 99))
    def agrees(B, T, S, D, seed):
        dy, x, bias, memory = texts(B, T, S, 2 * D, seed=seed)
        lengths = np.random.default_rng(seed).integers(1, S + 1, size=B)
        block(judge, dy, x, bias, memory, lengths, case=told(x, memory, lengths=lengths.tolist()))

    agrees()


def test_the_block_drops_what_each_part_gives(judge):
    dy, x, bias, memory = texts(2, 5, 3, 6)
    block(judge, dy, x, bias, memory, None, 0.4, case=f"{told(x, memory)}, config.dropout=0.4, durante o treino")


def test_the_block_computed_elsewhere(judge):
    block(judge, STORED_DY, STORED_X, STORED_BIAS, STORED_MEMORY, case=told(STORED_X, STORED_MEMORY))
    made = judge.answer.DecoderBlock(t5.T5Config(heads=2, width=4, hidden=3), rng=rng)
    load_weights(made, WEIGHTS)
    x, memory = (Tensor(array, requires_grad=True) for array in (STORED_X, STORED_MEMORY))
    y = made(x, STORED_BIAS, memory)
    gradients = backward(y, STORED_DY)
    for found, stored in zip((y.data, gradients[x], gradients[memory]), STORED, strict=True):
        judge.that(np.allclose(found, stored, atol=1e-5), BLOCK, "valores guardados", "difere do PyTorch")


def test_the_block_of_other_numbers_and_layouts(judge):
    dy, x, bias, memory = texts(3, 5, 5, 4)
    x[1, 2], memory[2, 0] = 1e4, -1e4
    found = block(judge, dy, x, bias, memory, case="números de até ±10000")
    judge.that(np.isfinite(found.valor).all(), BLOCK, "números de até ±10000", "transbordou")
    turned = [array.transpose(1, 0, 2) for array in (dy, x, memory)]
    block(judge, *turned[:2], bias[..., :3, :3], turned[2], case="arrays que não são contíguos")
    block(judge, dy, x, bias, np.broadcast_to(memory[:1], memory.shape), case="a mesma memória em todo o lote")


def test_the_gradients_are_the_slope(judge):
    dy, x, bias, memory = texts(2, 3, 4, 6)
    found, eps = block(judge, dy, x, bias, memory, case=told(x, memory)), 1e-6
    for what, gradient in (("x", found.gradiente_de_x), ("memory", found.gradiente_da_memória)):
        direction, values = rng.normal(size=gradient.shape), []
        for step in (eps, -eps):
            moved = (x + step * direction, bias, memory) if what == "x" else (x, bias, memory + step * direction)
            values.append((judge.support.built(judge.answer.DecoderBlock, 5, dy, *moved).valor * dy).sum())
        slope, said = (values[0] - values[1]) / (2 * eps), (gradient * direction).sum()
        judge.that(abs(slope - said) < 1e-5 * max(1, abs(slope)), BLOCK, f"o gradiente de {what}, diferenças centrais",
                   f"o gradiente diz {said:.6g}, a inclinação medida é {slope:.6g}")  # fmt: skip


def test_what_is_not_yet_written_changes_nothing_before_it(judge):
    dy, x, bias, memory = texts(2, 6, 3, 4)
    before = block(judge, dy, x, bias, memory, case=told(x, memory)).valor
    x[:, 4] += 1.0
    after = block(judge, dy, x, bias, memory, case=f"{told(x, memory)}, com a posição 4 de x mudada").valor
    judge.that(np.allclose(before[:, :4], after[:, :4]), BLOCK, "x com a posição 4 mudada",
               "as posições de 0 a 3 mudaram: elas viram o futuro")  # fmt: skip


@pytest.mark.parametrize("lengths", [None, np.array([2, 3])])
def test_with_a_cache_the_block_gives_the_same(judge, lengths):
    dy, x, bias, memory = texts(2, 5, 3, 6)
    whole = block(judge, dy, x, bias, memory, lengths, case=told(x, memory)).valor
    case = f"{told(x, memory)}, com um cache, posição por posição"
    y = judge.same(BLOCK, 5, x, bias, memory, lengths, through=judge.support.one_by_one, case=case)
    judge.that(np.allclose(y, whole), BLOCK, case, "deveria dar o mesmo que ler x de uma vez")


# ------------------------------------------------------------------------------------------------------------- writing


@pytest.mark.parametrize(("shape", "length"), [((3, 5), 4), ((2, 7), 6), ((4, 2), 1)])
@pytest.mark.parametrize("start_id", [0, 11])
def test_write(judge, shape, length, start_id):
    source, case = rng.integers(1, 17, size=shape), f"source {shape}, length={length}, start_id={start_id}"
    judge.same("write", 0, source, length, start_id, through=judge.support.written, case=case)


def test_write_as_the_library_generates(judge):
    source, length, seed = rng.integers(1, 17, size=(2, 6)), 5, 4
    ids = judge.same("write", seed, source, length, through=judge.support.written, case=f"source {source.shape}")

    def of_library(model, source, *, start_id, length):
        rows = [generate(model.answering(row[None]), [start_id], choose=np.argmax, max_tokens=length) for row in source]
        return np.array([list(map(int, row)) for row in rows])

    expected = judge.support.written(of_library, seed, source, length)
    judge.that(np.array_equal(ids, expected), "write", f"source {source.shape}",
               "a biblioteca, com o seu cache, escreve outra coisa")  # fmt: skip


# ---------------------------------------------------------------------------------------------------------- all of it


def reversals(drawn, count):
    """So many sources, letters and an end, and what is to be written: the letters from last to first."""
    letters = drawn.integers(1, END, size=(count, LETTERS))
    return np.concatenate([letters, np.full((count, 1), END)], axis=1), letters[:, ::-1].copy()


def learned(answer):
    """Train a tiny T5 made with the answer's pieces: the share of new words that it then writes backwards."""
    drawn = np.random.default_rng(0)
    config = t5.T5Config(vocab_size=END + 1, layers=1, decoder_layers=1, heads=4, width=24, hidden=48)
    model = t5.T5(config, rng=drawn)
    optimizer = AdamW(model.named_parameters(), AdamWConfig(weight_decay=0.0))
    for step in range(STEPS):
        loss = model.loss(*reversals(drawn, 32))
        optimizer.step(backward(loss), lr=0.01 * min(1, (step + 1) / 20) * (1 - 0.9 * step / STEPS))
    source, expected = reversals(drawn, 200)
    return (answer.write(model, source, start_id=0, length=LETTERS) == expected).all(axis=1).mean()


def test_a_tiny_t5_learns_to_write_backwards(judge, monkeypatch):
    monkeypatch.setattr(t5, "DecoderBlock", judge.answer.DecoderBlock)
    monkeypatch.setattr(t5, "shift_right", judge.answer.shift_right)
    right, case = judge.outcome(learned, judge.answer, ()), f"um T5 minúsculo, depois de {STEPS} lotes"
    judge.that(not isinstance(right, Refused), BLOCK, case, f"recusado: {right}")
    judge.that(right > 0.8, BLOCK, case,
               f"só {100 * right:.0f} % de 200 palavras novas saíram invertidas; espera-se mais de 80 %")  # fmt: skip


@pytest.mark.parametrize("name", ["shift_right", BLOCK, "write"])
def test_time_and_memory(judge, name):
    judge.fast(name)
