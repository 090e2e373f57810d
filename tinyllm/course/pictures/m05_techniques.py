"""The pictures of module 5: section 5.3, curricula, mixed precision and distillation."""

import numpy as np

from tinyllm import tensor
from tinyllm.course.pictures.drawing import BLUE, GREEN, ORANGE, PURPLE, RED
from tinyllm.models import gpt
from tinyllm.plot import INK, SOFT
from tinyllm.say import decimal, thousands

# ----------------------------------------------------------------------------------------------------------- curricula

START = 0.1  # the share of the texts that a curriculum begins with


def curricula(figure):
    """How much is in play by two rhythms, and how often each text has been read when all are."""
    shares, readings = figure.subplots(1, 2)
    progress, rank = np.linspace(0, 1, 300), np.linspace(0.004, 1, 400)
    since = np.maximum(rank, START)  # the competence with which a text comes into play
    for name, color, share, read in (
        ("com a raiz", BLUE, np.sqrt(progress * (1 - START**2) + START**2), 2 * (1 - since) / (1 - START**2)),
        ("em linha reta", ORANGE, START + (1 - START) * progress, -np.log(since) / (1 - START)),
    ):
        shares.plot(progress, share, color=color, linewidth=2, label=name)
        readings.plot(rank, read, color=color, linewidth=2, label=name)
    readings.axhline(1, color=SOFT, linewidth=1.2, linestyle="--", label="treino comum")
    shares.set(title="a competência", xlabel="quanto do curriculum já passou", ylim=(0, 1.05))
    readings.set(title="quantas vezes se leu cada texto, no fim", ylim=(0, 2.8), xlim=(0, 1),
                 xlabel="os textos, do mais fácil ao mais difícil")  # fmt: skip
    halves = (0, 0.5, 1), ("0", "0,5", "1")
    shares.set_xticks(*halves)
    shares.set_yticks((0, START, 0.5, 1), ("0", "0,1", "0,5", "1"))
    readings.set_xticks((0, START, 1), ("0", "10 %", "100 %"))
    readings.set_yticks((0, 1, 2), ("0", "1", "2"))
    shares.legend(frameon=False, fontsize=9, loc="lower right")
    readings.legend(frameon=False, fontsize=9, loc="upper right")


# ------------------------------------------------------------------------------------------------------ mixed precision

LEAST, NORMAL, MOST = -24, -14, 16  # powers of two: of the smallest half, of the smallest normal one, above all of them


def halves_and_gradients(figure):
    """Where the numbers of a training step are, beside what a half can be: as they are, and with the loss scaled."""
    weights, of_weights, of_logits = sizes_in_a_step()
    edges = np.arange(-40, 20.5, 0.5)
    titles = "os gradientes da perda", "os gradientes da perda vezes 2¹⁶"
    for axes, title, power in zip(figure.subplots(1, 2, sharey=True), titles, (0, 16), strict=True):
        axes.axvspan(-40, LEAST, color=RED, alpha=0.13, linewidth=0)
        axes.axvspan(LEAST, NORMAL, color=ORANGE, alpha=0.13, linewidth=0)
        axes.axvspan(MOST, 20, color=RED, alpha=0.13, linewidth=0)
        for name, numbers, color, moved in (
            ("pesos", weights, BLUE, 0),
            ("gradientes dos pesos", of_weights, GREEN, power),
            ("gradientes dos logits", of_logits, PURPLE, power),
        ):
            shares, _ = np.histogram(numbers + moved, edges)
            axes.stairs(shares / shares.max(), edges, color=color, linewidth=1.8, label=name)
        axes.set(title=title, xlim=(-40, 20), ylim=(0, 1.35), yticks=(), xlabel="tamanho do número")
        axes.set_xticks((-40, LEAST, NORMAL, 0, MOST), ("2⁻⁴⁰", "2⁻²⁴", "2⁻¹⁴", "1", "2¹⁶"))
        for place, told in ((-32, "vira 0"), (-19, "perde\ndígitos"), (18, "∞")):
            axes.text(place, 1.32, told, ha="center", va="top", fontsize=9)
    axes.legend(frameon=False, fontsize=9, loc="center left", bbox_to_anchor=(0.02, 0.55))
    figure.axes[0].set_ylabel("quantos de cada tipo")


def sizes_in_a_step():
    """Of a fresh GPT and 2,048 random tokens, the log2 of the numbers that are not 0: of the weights, of their
    gradients, and of those of the logits."""
    rng = np.random.default_rng(0)
    model = gpt.GPT(gpt.GPTConfig(vocab_size=4096, context=64, layers=2, heads=4, width=64), rng=rng)
    ids, targets = rng.integers(4096, size=(2, 32, 64))
    gradients = tensor.backward(model.loss(ids, targets))
    with tensor.no_grad():
        logits = model(ids).data.reshape(-1, 4096)
    of_logits = softmax(logits)
    of_logits[np.arange(len(logits)), targets.reshape(-1)] -= 1
    found = [weight.data for weight in model.parameters()], gradients.values(), [of_logits / len(logits)]
    for arrays in found:
        numbers = np.abs(np.concatenate([np.asarray(array).ravel() for array in arrays]))
        yield np.log2(numbers[numbers > 0])


DOUBLES = 300  # good steps, in the picture; 2,000 in the library


def scale_and_masters(figure):
    """How a loss scale finds itself, and how a weight moves by equal steps in float32 and in float16."""
    scale, weight = figure.subplots(1, 2, width_ratios=(1.15, 1))
    steps = np.arange(2400)
    rng = np.random.default_rng(3)
    largest = 2.0 ** (1 - steps / 600 + 0.35 * rng.normal(size=len(steps)))  # of the gradients, which shrink
    found, lost, value, good = [], [], 2.0**16, 0
    for step, size in zip(steps, largest, strict=True):
        found.append(value)
        good += 1
        if value * size > 65504:
            value, good = value / 2, 0
            lost.append(step)
        elif good == DOUBLES:
            value, good = 2 * value, 0
    scale.semilogy(steps, 65504 / largest, color=SOFT, linewidth=0.5, alpha=0.6, base=2)
    scale.semilogy(steps, found, color=BLUE, linewidth=2, base=2)
    scale.plot(lost, [found[step] for step in lost], "o", color=RED, markersize=5)
    scale.text(250, 2.0**18.7, "acima da faixa cinzenta,\num gradiente transborda", fontsize=9, color=INK)
    scale.text(1500, 2.0**13.1, "vermelho: passos perdidos", fontsize=9, color=RED)
    scale.set(title=f"a escala (aqui dobra a cada {DOUBLES} passos bons)", xlabel="passo", ylim=(2**12.5, 2**20.3))
    scale.set_yticks([2.0**power for power in (14, 16, 18)], ("2¹⁴", "2¹⁶", "2¹⁸"))
    for rate, color in ((2e-4, GREEN), (3e-4, ORANGE)):
        exact, rounded = [np.float32(1)], [np.float16(1)]
        for _ in range(1600):
            exact.append(exact[-1] - np.float32(rate))
            rounded.append(np.float16(rounded[-1] - np.float16(rate)))
        weight.plot(exact, color=color, linewidth=1.6, linestyle="--")
        weight.plot(rounded, color=color, linewidth=2, label=f"passos de {decimal(rate, 4)}")
    weight.plot([], [], color=INK, linewidth=1.6, linestyle="--", label="os mesmos, em float32")
    weight.set(title="um peso que anda em float16", xlabel="passo", ylim=(0, 1.05))
    weight.set_yticks((0, 0.5, 1), ("0", "0,5", "1"))
    for axes, places in ((scale, (0, 1000, 2000)), (weight, (0, 500, 1000, 1500))):
        axes.set_xticks(places, [thousands(place) for place in places])
    weight.legend(frameon=False, fontsize=9, loc="lower left")


# -------------------------------------------------------------------------------------------------------- distillation

TOKENS = {"telhado": 4.2, "muro": 2.2, "sofá": 1.0, "carro": 0.0, "mês": -1.5, "rápido": -3.0}  # logits of a teacher


def temperatures(figure):
    """What a teacher holds probable at three temperatures, and how large the gradient is, with and without their
    square."""
    shares, sizes = figure.subplots(1, 2, width_ratios=(1.25, 1))
    logits = np.array(list(TOKENS.values()))
    for place, (temperature, color) in enumerate(((1, BLUE), (2, GREEN), (5, ORANGE))):
        p = softmax(logits / temperature)
        at = np.arange(len(p)) + 0.27 * (place - 1)
        shares.bar(at, 100 * p, width=0.26, color=color, label=f"T = {temperature}")
        shares.text(at[0], 100 * p[0] + 1.5, decimal(100 * p[0], 0), ha="center", fontsize=9)
    shares.set(title="o que o professor acha provável, em %", xticks=range(len(TOKENS)), xticklabels=TOKENS,
               ylim=(0, 95), yticks=(0, 50))  # fmt: skip
    shares.legend(frameon=False, fontsize=9)
    teacher, student = np.random.default_rng(0).normal(size=(2, 200, 50))
    heats = np.geomspace(1, 10, 40)
    found = np.array([np.linalg.norm(softmax(student / T) - softmax(teacher / T)) / T for T in heats])
    sizes.loglog(heats, found / found[0], color=RED, linewidth=2, label="sem o T²")
    sizes.loglog(heats, heats**2 * found / found[0], color=BLUE, linewidth=2, label="com o T²")
    sizes.set(title="o tamanho do gradiente (1 com T = 1)", xlabel="temperatura T", ylim=(0.003, 4))
    sizes.set_xticks((1, 2, 5, 10), ("1", "2", "5", "10"))
    sizes.set_yticks((1, 0.1, 0.01), ("1", "0,1", "0,01"))
    sizes.minorticks_off()
    sizes.legend(frameon=False, fontsize=9, loc="lower left")


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


PICTURES = {
    "curriculo": (curricula, 10, 3.6),
    "float16-e-gradientes": (halves_and_gradients, 10.5, 3.6),
    "escala-e-mestres": (scale_and_masters, 10.5, 3.6),
    "temperatura": (temperatures, 10, 3.6),
}
