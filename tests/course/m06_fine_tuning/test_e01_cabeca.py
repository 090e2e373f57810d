"""m06.e01: a loss with soft targets and texts that weigh differently, the weights of rare labels, and a head that reads
one vector of each text."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm import functional as F
from tinyllm.course.judge import shapes
from tinyllm.models.classifier import Classifier
from tinyllm.tensor import Tensor

rng = np.random.default_rng(0)

# computed once with PyTorch 2.13: cross_entropy(label_smoothing=0.15, reduction="none"), then the weighted mean of it,
# and its gradient for dy = 1.7
STORED_X = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])
STORED_LABELS, STORED_WEIGHTS = np.array([1, 0]), np.array([0.7, 2.1])
STORED_LOSS = 1.133332281219707
STORED_DX = [[0.0532484167, -0.3658771564, 0.3126287397], [-0.2314885650, 0.1986916701, 0.0327968949]]

# ------------------------------------------------------------------------------------------------------- cross_entropy


def surprise(judge, logits, targets, *, dy=1.7, of="", **options):
    told = {
        name: value if np.isscalar(value) else shapes(value) for name, value in options.items() if value is not None
    }
    return judge.same("cross_entropy", logits, targets, np.asarray(dy, logits.dtype), options,
                      through=judge.support.compared, case=f"logits {shapes(logits, **told)}{of}")  # fmt: skip


@pytest.mark.parametrize("shape", [(4, 3), (1, 5), (6, 2)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.6])
@pytest.mark.parametrize("weighted", [False, True])
def test_cross_entropy(judge, shape, dtype, smoothing, weighted):
    logits, targets = (2 * rng.normal(size=shape)).astype(dtype), rng.integers(shape[1], size=shape[0])
    weights = rng.random(shape[0]) + 0.2 if weighted else None
    surprise(judge, logits, targets, weights=weights, label_smoothing=smoothing)


def test_cross_entropy_without_options(judge):
    surprise(judge, rng.normal(size=(4, 3)), rng.integers(3, size=4))


def test_cross_entropy_of_any_shape(judge):
    @given(st.integers(1, 6), st.integers(1, 6), st.floats(0, 0.99), st.booleans(), st.integers(0, 99))
    def agrees(N, L, smoothing, weighted, seed):
        draw = np.random.default_rng(seed)
        logits, targets, weights = draw.normal(size=(N, L)), draw.integers(L, size=N), draw.random(N) + 0.1
        surprise(judge, logits, targets, weights=weights if weighted else None, label_smoothing=smoothing)

    agrees()


def test_other_arrays(judge):
    logits, targets, weights = rng.normal(size=(5, 8)), rng.integers(3, size=4), rng.random(8) + 0.1
    options = {"label_smoothing": 0.2}
    surprise(judge, logits.T[::2, 1:4], targets, weights=weights[::2], of=", não contíguos", **options)
    surprise(judge, np.broadcast_to(logits[0, :3], (4, 3)), targets, weights=weights[4:], of=", esticados", **options)
    surprise(judge, logits[:4, :3], targets, weights=np.array([1, 0, 2, 0]), of=", pesos inteiros, dois 0", **options)


def test_large_logits(judge):
    logits = 1e4 * rng.normal(size=(4, 5))
    found = surprise(judge, logits, rng.integers(5, size=4), label_smoothing=0.1, of=", de até ±10000")
    judge.that(np.isfinite(found.valor), "cross_entropy", "logits de até ±10000", "transbordou")


def test_cross_entropy_by_hand(judge):
    logits, targets, weights = np.log([[1.0, 3.0], [1.0, 1.0]]), np.array([1, 0]), np.array([3.0, 1.0])
    found = surprise(judge, logits, targets, weights=weights, label_smoothing=0.2, of=", o exemplo")
    expected = (3 * (0.1 * math.log(4) + 0.9 * math.log(4 / 3)) + math.log(2)) / 4
    judge.that(abs(found.valor - expected) < 1e-9, "cross_entropy", "o exemplo", "deveria dar 0,471")


def test_values_computed_elsewhere(judge):
    found = surprise(judge, STORED_X, STORED_LABELS, weights=STORED_WEIGHTS, label_smoothing=0.15)
    agree = np.allclose(found.valor, STORED_LOSS) and np.allclose(found.gradiente_dos_logits, STORED_DX)
    judge.that(agree, "cross_entropy", "valores calculados com o PyTorch", "difere")


def test_gradient_by_central_differences(judge):
    logits, targets, weights, step = rng.normal(size=(3, 4)), np.array([3, 0, 2]), np.array([1.0, 0.3, 2.0]), 1e-6
    options = {"weights": weights, "label_smoothing": 0.2}
    found = surprise(judge, logits, targets, dy=1.0, **options)
    for place in np.ndindex(logits.shape):
        ends = []
        for sign in (1, -1):
            moved = logits.copy()
            moved[place] += sign * step
            arguments = (moved, targets, np.float64(1), options)
            ends.append(judge.outcome(judge.support.compared, judge.answer.cross_entropy, arguments).valor)
        slope = (ends[0] - ends[1]) / (2 * step)
        judge.that(abs(slope - found.gradiente_dos_logits[place]) < 1e-6, "cross_entropy", f"a derivada em {place}",
                   f"por diferenças dá {slope:.6g}, e a volta {found.gradiente_dos_logits[place]:.6g}")  # fmt: skip


def test_a_weight_is_a_text_that_many_times(judge):
    logits, targets = rng.normal(size=(3, 4)), np.array([3, 0, 2])
    found = surprise(judge, logits, targets, weights=np.array([1.0, 3.0, 0.0]), label_smoothing=0.1)
    twice = surprise(judge, logits[[0, 1, 1, 1]], targets[[0, 1, 1, 1]], label_smoothing=0.1)
    judge.that(np.allclose(found.valor, twice.valor), "cross_entropy", "os pesos [1 3 0]",
               "deveria dar o mesmo que o primeiro texto uma vez e o segundo três")  # fmt: skip


def test_a_smoothed_loss_is_least_where_the_model_is_not_quite_sure(judge):
    """At logits that make softmax the target itself, which no hard target allows."""
    targets, eps = np.array([2, 0]), 0.3
    wanted = np.full((2, 4), eps / 4)
    wanted[[0, 1], targets] += 1 - eps
    found = surprise(judge, np.log(wanted), targets, label_smoothing=eps, of=", o log do alvo")
    judge.that(np.abs(found.gradiente_dos_logits).max() < 1e-9, "cross_entropy", "logits iguais ao log do alvo",
               "o gradiente deveria ser 0")  # fmt: skip


def test_the_library_is_as_surprised(judge):
    logits, targets, weights = rng.normal(size=(4, 3)), rng.integers(3, size=4), rng.random(4) + 0.1
    options = {"weights": weights, "label_smoothing": 0.1}
    found = surprise(judge, logits, targets, dy=1.0, **options)
    theirs = judge.support.compared(F.cross_entropy, logits, targets, np.float64(1), options)
    agree = all(map(np.allclose, found, theirs))
    judge.that(agree, "cross_entropy", "logits (4, 3)", "difere da biblioteca")


# ------------------------------------------------------------------------------------------------------------ balanced


def weigh(judge, labels, count, of=""):
    return judge.same("balanced", labels, count, case=f"{len(labels)} rótulos, L={count}{of}")


@pytest.mark.parametrize("counts", [(5, 2, 9), (3, 1), (4, 4, 4), (1, 100), (7,), (2, 3, 1, 8, 5)])
def test_balanced(judge, counts):
    labels = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    weights = weigh(judge, labels, len(counts))
    judge.that(abs(weights[labels].mean() - 1) < 1e-5, "balanced", f"{len(labels)} rótulos",
               "os textos deveriam pesar 1 em média")  # fmt: skip
    of_labels = weights * np.bincount(labels)
    judge.that(np.allclose(of_labels, of_labels[0], rtol=1e-5), "balanced", f"{len(labels)} rótulos",
               "os rótulos deveriam pesar todos o mesmo")  # fmt: skip


def test_balanced_of_any_labels(judge):
    @given(st.lists(st.integers(1, 20), min_size=1, max_size=6), st.integers(0, 99))
    def agrees(counts, seed):
        labels = np.repeat(np.arange(len(counts)), counts)
        weigh(judge, np.random.default_rng(seed).permutation(labels), len(counts))

    agrees()


def test_balanced_of_other_arrays(judge):
    labels = rng.permutation(np.repeat(np.arange(3), 8)).astype(np.uint8)
    weigh(judge, np.append(np.arange(3), labels)[::-1], 3, ", uint8, não contíguos")


def test_balanced_by_hand(judge):
    found = weigh(judge, np.array([0, 0, 0, 1]), 2, ", o exemplo")
    judge.that(np.allclose(found, [2 / 3, 2]), "balanced", "o exemplo", "deveria dar [2/3 2]")


# ---------------------------------------------------------------------------------------------------------- Classifier

MODELS = ("bert", "t5", "gpt", "lstm")


def read(judge, model, ids, lengths, *, labels=3, seed=7, of="", **options):
    dy = np.cos(np.arange(1.0, len(ids) * labels + 1)).reshape(len(ids), labels)
    dy = dy.astype(options.get("dtype", np.float64))
    case = f"{model}, ids {ids.shape}, lengths={lengths}, {labels} rótulos{of}"
    return judge.same("Classifier", model, seed, ids, lengths, dy, case=case,
                      through=lambda piece, *given: judge.support.read(piece, *given, **options))  # fmt: skip


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("lengths", [(5, 2, 4), (5, 5, 5), (1, 1, 5)])
def test_classifier(judge, model, lengths):
    read(judge, model, rng.integers(13, size=(3, 5)), np.array(lengths))


@pytest.mark.parametrize("model", ["bert", "gpt"])
def test_classifier_as_it_trains(judge, model):
    ids, lengths = rng.integers(13, size=(4, 6)), np.array([6, 3, 1, 5])
    read(judge, model, ids, lengths, dropout=0.4, of=", dropout=0.4")
    read(judge, model, ids, lengths, dtype=np.float32, of=", float32")


def test_classifier_of_any_shape(judge):
    @given(
        st.sampled_from(["bert", "gpt"]), st.integers(1, 4), st.integers(1, 6), st.integers(1, 4), st.integers(0, 99)
    )
    def agrees(model, B, T, labels, seed):
        draw = np.random.default_rng(seed)
        ids, lengths = draw.integers(13, size=(B, T)), draw.integers(1, T + 1, size=B)
        read(judge, model, ids, lengths, labels=labels, seed=seed)

    agrees()


@pytest.mark.parametrize("model", MODELS)
def test_padding_changes_nothing(judge, model):
    ids, lengths = rng.integers(1, 13, size=(2, 6)), np.array([3, 6])
    found = read(judge, model, ids, lengths)
    other = ids.copy()
    other[0, 3:] = 0
    again = read(judge, model, other, lengths, of=", com outro enchimento")
    judge.that(np.allclose(found.logits, again.logits), "Classifier", f"{model}, com outro enchimento",
               "o enchimento mudou os logits")  # fmt: skip
    short = read(judge, model, ids[:1, :3], lengths[:1], of=", sem enchimento")
    judge.that(np.allclose(found.logits[:1], short.logits), "Classifier", f"{model}, sem enchimento",
               "um texto deveria dar os mesmos logits com ou sem enchimento")  # fmt: skip


def test_ids_that_are_not_contiguous(judge):
    ids = rng.integers(13, size=(6, 10))
    read(judge, "bert", ids.T[:4, 1:], np.array([5, 2, 9, 3])[::-1] % 5 + 1, of=", não contíguos")


class Known:
    """A body whose vectors are known: those of the example."""

    class Config:
        width, dropout = 2, 0.0

    config = Config()
    vectors = np.array([[[1.0, 3.0], [3.0, 5.0], [9.0, 9.0]]], np.float32)


class KnownEncoder(Known):
    def hidden(self, ids, lengths=None):
        return Tensor(self.vectors)


class KnownDecoder(Known):
    def hidden(self, ids, caches=None):
        return Tensor(self.vectors)


@pytest.mark.parametrize(("body", "expected"), [(KnownEncoder, [2, 4]), (KnownDecoder, [3, 5])])
def test_classifier_by_hand(judge, body, expected):
    judge.about("Classifier", "o exemplo")
    made = judge.answer.Classifier(body(), 2, rng=rng)
    made.head.weight.data[...], made.head.bias.data[...] = np.eye(2), 0
    found = made(np.array([[5, 6, 0]]), np.array([2]))
    judge.that(np.allclose(found.data, [expected]), "Classifier", f"o exemplo, {body.__name__}",
               f"a cabeça deveria receber {expected}")  # fmt: skip


@pytest.mark.parametrize("model", MODELS)
def test_the_library_tells_the_same(judge, model):
    ids, lengths = rng.integers(13, size=(3, 5)), np.array([5, 2, 4])
    found = read(judge, model, ids, lengths)
    theirs = judge.support.read(Classifier, model, 7, ids, lengths, np.ones((3, 3)))
    judge.that(np.allclose(found.logits, theirs.logits), "Classifier", f"{model}, ids (3, 5)", "difere da biblioteca")


@pytest.mark.parametrize("name", ["cross_entropy", "balanced", "Classifier"])
def test_time_and_memory(judge, name):
    judge.fast(name)
