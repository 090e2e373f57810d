"""m05.e10: what the bits of a half mean, a scale that finds itself, and a step in which float32 learns."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.course.judge import shapes
from tinyllm.optim import schedule
from tinyllm.say import counted
from tinyllm.tensor import Tensor, backward
from tinyllm.train import precision

rng = np.random.default_rng(0)

# --------------------------------------------------------------------------------------------------------- decode_half


def decode(judge, bits, of=""):
    case = f"bits {shapes(bits)}{of}"
    found = judge.same("decode_half", bits, case=case)
    judge.that(
        np.array_equal(np.signbit(found), bits >= 1 << 15), "decode_half", case, "o sinal de algum número difere"
    )
    return found


@pytest.mark.parametrize("exponents", [(1, 2), (15, 16), (21, 20), (29, 30), (0, 1), (31, 1)])
def test_decode_half(judge, exponents):
    """Numbers of two exponents, of both signs: beside large ones, an error in small ones is not seen."""
    chosen = rng.choice(exponents, size=(3, 7))
    bits = (rng.integers(2, size=(3, 7)) << 15 | chosen << 10 | rng.integers(1, 1 << 10, size=(3, 7))).astype(np.uint16)
    judge.same("decode_half", bits, case=f"bits {shapes(bits)}, de E = {exponents[0]} e E = {exponents[1]}")


def test_decode_what_has_no_fraction(judge):
    signs, exponents = np.meshgrid(np.arange(2), np.arange(32))
    decode(judge, (signs << 15 | exponents << 10).astype(np.uint16), ", todos de f = 0")


def test_every_half(judge):
    """All 65,536, as the machine reads them."""
    bits = np.arange(1 << 16, dtype=np.uint16)
    found = judge.same("decode_half", bits, case="todos os 65.536 números de 16 bits")
    judge.that(np.array_equal(found, bits.view(np.float16).astype(np.float32), equal_nan=True), "decode_half",
               "todos os 65.536", "algum difere do que o NumPy lê nos mesmos bits")  # fmt: skip


def test_decode_any_shape(judge):
    @given(st.lists(st.integers(0, 5), min_size=0, max_size=3), st.integers(0, 99))
    def agrees(shape, seed):
        bits = np.random.default_rng(seed).integers(31 << 10, size=shape)
        decode(judge, np.asarray(bits, np.uint16))

    agrees()


def test_decode_other_arrays(judge):
    bits = rng.integers(31 << 10, size=(6, 8)).astype(np.uint16)
    decode(judge, bits[::2, 1:].T, ", não contíguo")
    decode(judge, np.broadcast_to(bits[:1], (4, 8)), ", esticado")


@pytest.mark.parametrize(("bits", "number"), [
    (0x3C00, 1), (0x3C01, 1 + 1 / 1024), (0xC200, -3), (0x0001, 2.0**-24), (0x7BFF, 65504), (0x0400, 2.0**-14),
    (0x03FF, 2.0**-14 - 2.0**-24), (0x3555, 0.333251953125), (0xFC00, -np.inf),
])  # fmt: skip
def test_decode_by_hand(judge, bits, number):
    found = judge.same("decode_half", np.array([bits], np.uint16), case=f"0x{bits:04X}")
    judge.that(found[0] == number, "decode_half", f"0x{bits:04X}", f"deveria dar {number}")


# ----------------------------------------------------------------------------------------------------------- LossScale

BATCH = rng.normal(size=(3, 3, 4)).astype(np.float32)


def follow(judge, scale, good, steps, arguments=2):
    told = ", ".join(f"{len(list(some))} {step}" for step, some in itertools.groupby(steps))
    return judge.same("LossScale", scale, good, steps, *BATCH[:arguments], through=judge.support.followed,
                      case=f"escala {scale:g}, {good} passos bons; depois, passos: {told or 'nenhum'}; uma perda de "
                           f"{counted(arguments, 'argumento')}")  # fmt: skip


@pytest.mark.parametrize(("scale", "good", "steps"), [
    (1024.0, 0, []),
    (1024.0, 5, ["bom", "bom"]),
    (1024.0, 1998, ["bom", "bom"]),
    (1024.0, 1998, ["bom", "bom", "bom", "bom"]),
    (1024.0, 1998, ["bom", "ruim", "bom", "bom"]),
    (1024.0, 7, ["ruim"]),
    (4.0, 0, ["ruim", "ruim", "ruim", "ruim"]),
    (1.0, 1999, ["ruim", "bom", "bom"]),
    (2.0**60, 1999, ["bom", "ruim", "ruim"]),
])  # fmt: skip
def test_the_scale_after_each_step(judge, scale, good, steps):
    follow(judge, scale, good, steps)


@pytest.mark.parametrize("arguments", [1, 3])
def test_a_loss_of_any_number_of_arguments(judge, arguments):
    follow(judge, 8.0, 0, [], arguments)


def test_the_scale_after_thousands_of_steps(judge):
    follow(judge, 256.0, 0, (["bom"] * 2000 + ["ruim"] + ["bom"] * 4001 + ["ruim"] * 13))


def test_the_scale_after_any_steps(judge):
    @given(st.integers(0, 20), st.integers(1990, 1999), st.lists(st.sampled_from(["bom", "ruim"]), max_size=20))
    def agrees(power, good, steps):
        follow(judge, 2.0**power, good, steps)

    agrees()


def test_the_gradient_is_scaled_too(judge):
    """What the scale multiplies is a Tensor, and its gradient grows as much."""
    x = Tensor(rng.normal(size=(3, 5)).astype(np.float32), requires_grad=True)

    def gradients(piece):
        scale = piece()
        return [backward(loss(x, 3.0))[x] for loss in (scale.scaled(the_loss), the_loss)]

    def the_loss(x, factor):
        return (x * x * factor).sum()

    times, once = judge.outcome(gradients, judge.answer.LossScale, ())
    judge.that(np.array_equal(times, once * 65536), "LossScale", "perda = Σ 3 x², x (3, 5)",
               "o gradiente de scaled(perda) deveria ser 65536 vezes o da perda")  # fmt: skip


def test_the_library_clips_the_same(judge):
    """With what is already written, gradients in which the library finds the same, there and where nothing is left."""
    grads = {name: (64 * rng.normal(size=size)).astype(np.float16) for name, size in (("a", 50), ("b", 3))}
    how = {"squares": schedule.squared_length}

    def clipped(piece, limit, grads):
        made = piece()
        made.load_state({"scale": 1024.0, "good": 3})
        found, norm = made.clip_gradients(dict(grads), limit, **how)
        return [found, norm, made.state()]

    for limit in (0.01, 1e6):
        mine = judge.outcome(clipped, judge.answer.LossScale, (limit, grads))
        theirs = clipped(precision.LossScale, limit, grads)
        same = all(np.allclose(mine[0][name], theirs[0][name], rtol=1e-6) for name in grads)
        judge.that(same and np.isclose(mine[1], theirs[1]) and mine[2] == theirs[2], "LossScale",
                   f"clip_gradients, limit={limit}", "difere da biblioteca")  # fmt: skip


# ---------------------------------------------------------------------------------------------------------- mixed_step


def arrays(*sizes, size=1.0, kind=np.float32, draw=rng):
    """Numbers of few digits: in whatever order it is done, what float32 makes of them is exact, and a copy no other."""
    digits = 2**8 if kind == np.float16 else 2**13
    drawn = [np.round(digits * draw.normal(size=shape)) * (size / digits) for shape in sizes]
    return {f"peso {number}": array.astype(kind) for number, array in enumerate(drawn)}


def step(judge, masters, steps, value=64.0, lr=0.40625, of=""):
    told = ", ".join(str(array.shape) for array in masters.values())
    found = judge.same("mixed_step", masters, steps, value, lr, through=judge.support.stepped,
                       case=f"pesos {told}, escala {value:g}, lr={lr:g}, passos: {len(steps)}{of}")  # fmt: skip
    judge.that(all(copy.dtype == np.float16 for copy in found.dicionário_de_cópias.values()), "mixed_step", "as cópias",
               "alguma não é float16")  # fmt: skip
    return found


SHAPES = [((3, 5), (5,)), ((7,),), ((2, 3, 4), (4, 2), (1, 6))]


@pytest.mark.parametrize("sizes", SHAPES)
@pytest.mark.parametrize("count", [1, 3])
def test_mixed_step(judge, sizes, count):
    steps = [arrays(*sizes, size=64, kind=np.float16) for _ in range(count)]
    step(judge, arrays(*sizes), steps)


def test_small_gradients(judge):
    """Of which float16 would keep nothing without the scale."""
    step(judge, arrays((3, 5), (5,), size=2**-7), [arrays((3, 5), (5,), size=2**-9, kind=np.float16)], 2.0**15, 2.0**15,
         ", gradientes de 6e-8 sem a escala")  # fmt: skip


def test_large_gradients(judge):
    step(judge, arrays((3, 5), (5,)), [arrays((3, 5), (5,), size=2**13, kind=np.float16)] * 2, 2.0**16, 1.0)


def test_large_gradients_of_one_sign(judge):
    """Finite, every one, though their sum in halves is not."""
    gradients = {"peso 0": np.full((3, 5), 2**15, np.float16)}
    step(judge, arrays((3, 5)), [gradients], 2.0**16, 1.0, ", todos os gradientes 32.768")


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("which", ["peso 0", "peso 1"])
def test_a_step_that_overflows(judge, bad, which):
    """Between two good ones."""
    sizes = (3, 5), (5, 2)
    steps = [arrays(*sizes, size=64, kind=np.float16) for _ in range(3)]
    steps[1][which][2, 1] = bad
    step(judge, arrays(*sizes), steps, of=f", no passo 1 há um {bad} no gradiente do {which}")


def test_nothing_but_overflow(judge):
    masters = arrays((3, 5), (4,))
    steps = [{name: np.full_like(w, np.inf, np.float16) for name, w in masters.items()}] * 3
    found = step(judge, masters, steps, of=", todos os gradientes infinitos")
    judge.that(all(np.array_equal(found.dicionário_de_mestres[name], w) for name, w in masters.items()), "mixed_step",
               "todos os gradientes infinitos", "os mestres não deveriam ter mudado")  # fmt: skip


def test_mixed_step_of_any_shape(judge):
    size = st.lists(st.integers(1, 5), min_size=1, max_size=3)

    @given(st.lists(size, min_size=1, max_size=4), st.integers(0, 18), st.sampled_from([0, np.inf, np.nan]),
           st.integers(0, 99))  # fmt: skip
    def agrees(sizes, power, bad, seed):
        draw = np.random.default_rng(seed)
        gradients = arrays(*sizes, size=64, kind=np.float16, draw=draw)
        gradients[f"peso {len(sizes) - 1}"].flat[0] += np.float16(bad)
        step(judge, arrays(*sizes, draw=draw), [gradients], 2.0**power, 0.25, f", com {bad} somado" if bad else "")

    agrees()


def test_other_arrays(judge):
    (masters,), (gradients,) = arrays((4, 6)).values(), arrays((6, 4), size=64, kind=np.float16).values()
    step(judge, {"W": masters[::2, 1:]}, [{"W": gradients.T[::2, 1:]}], of=", não contíguos")
    step(judge, {"W": masters}, [{"W": np.broadcast_to(gradients[:, :1].T, (4, 6))}], of=", um gradiente esticado")


def test_by_hand(judge):
    """The master moves from the first step on, the copy at the sixth."""
    masters, gradients = {"w": np.ones(1, np.float32)}, {"w": np.full(1, 0.5, np.float16)}

    def copies(piece):
        scale, now, found = judge.support.Scale(1024.0), masters, []
        scale.take = scale.halve = lambda: None
        for _ in range(6):
            now, copy = piece(now, gradients, scale, lr=0.1)
            found.append([float(now["w"][0]), float(copy["w"][0])])
        return np.array(found)

    found = judge.outcome(copies, judge.answer.mixed_step, ())
    judge.that(np.allclose(found[:, 0], 1 - np.arange(1, 7) * 0.1 * 0.5 / 1024, atol=1e-6), "mixed_step", "o exemplo",
               f"o mestre deveria andar 0,00005 a cada passo; veio {found[:, 0]}")  # fmt: skip
    judge.that(np.array_equal(found[:, 1], [1] * 5 + [1 - 2.0**-11]), "mixed_step", "o exemplo",
               f"a cópia só deveria andar no sexto passo; veio {found[:, 1]}")  # fmt: skip


def test_it_learns_what_float32_learns(judge):
    """A regression: in halves alone it stops on the way."""
    x = rng.normal(size=(60, 5)).astype(np.float32)
    y = x @ np.array([1.0, -2.0, 0.5, 3.0, -1.5], np.float32)

    def learned(piece):
        scale, masters = judge.support.Scale(2.0**6), {"w": np.zeros(5, np.float32)}
        copies = {"w": np.zeros(5, np.float16)}
        scale.take = lambda: None
        for _ in range(300):
            error = (x @ copies["w"].astype(np.float32) - y) / len(y)
            gradients = {"w": (scale.value * (x.T @ error)).astype(np.float16)}
            masters, copies = piece(masters, gradients, scale, lr=0.1)
        return masters["w"]

    found = judge.outcome(learned, judge.answer.mixed_step, ())
    judge.that(np.allclose(found, [1, -2, 0.5, 3, -1.5], atol=2e-3), "mixed_step", "uma regressão, 300 passos",
               f"deveria chegar a [1, -2, 0,5, 3, -1,5]; chegou a {found}")  # fmt: skip


@pytest.mark.parametrize("name", ["decode_half", "LossScale", "mixed_step"])
def test_time_and_memory(judge, name):
    judge.fast(name)
