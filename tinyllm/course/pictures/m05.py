"""The pictures of module 5: section 5.1, rates, optimisers and checkpoints."""

import numpy as np

from tinyllm.course.pictures import m05_project
from tinyllm.course.pictures.drawing import BLUE, GREEN, ORANGE, PURPLE, RED
from tinyllm.optim import adam, adamw, schedule, sgd
from tinyllm.plot import INK, SOFT
from tinyllm.say import decimal, thousands

FOLDER = "m05_treinamento/imagens"

# ------------------------------------------------------------------------------------------------------ the range test


def range_test(figure):
    """The losses of a range test in a noisy valley against the rate, and the two rates that it shows."""
    rng, lambdas = np.random.default_rng(3), np.geomspace(0.02, 30, 60)
    rates = np.geomspace(1e-5, 1.0, 150)
    w, losses = np.ones(60), []
    for rate in rates:
        losses.append(3 * np.tanh(0.01 * np.sum(lambdas * w**2)) + 0.06 * rng.normal() + 1)
        w = w - rate * (lambdas * w + 0.3 * rng.normal(size=60))
        if losses[-1] > 3.7 and rate > 0.01:
            break
    rates, losses = rates[: len(losses)], np.array(losses)
    reach = [min(5, place, len(losses) - 1 - place) for place in range(len(losses))]
    curve = np.array([losses[i - r : i + r + 1].mean() for i, r in enumerate(reach)])
    slopes = np.gradient(curve, np.log(rates))[: curve.argmin() + 1]
    axes = figure.subplots()
    axes.semilogx(rates, losses, ".", color=SOFT, markersize=4, label="a perda de cada passo")
    axes.semilogx(rates, curve, color=BLUE, linewidth=2, label="a média de onze")
    for place, text, color in ((slopes.argmin(), "a descida mais rápida", GREEN), (curve.argmin(), "o mínimo", RED)):
        axes.plot(rates[place], curve[place], "o", color=color, markersize=9, label=text)
        axes.axvline(rates[place], color=color, linewidth=1, linestyle=":")
    axes.set(xlabel="taxa", ylabel="perda", ylim=(0.5, 4.3), yticks=(1, 2, 3, 4))
    axes.set_xticks((1e-5, 1e-4, 1e-3, 1e-2, 0.1), ("0,00001", "0,0001", "0,001", "0,01", "0,1"))
    axes.minorticks_off()
    axes.legend(frameon=False, fontsize=9, loc="lower left")


# ---------------------------------------------------------------------------------------------------------- optimisers

CURVATURES = np.array([1.0, 12.0])
MEANS = {"beta1": 0.9, "beta2": 0.99, "eps": 1e-8}
RULES = {  # rule, how many arrays it remembers, its options
    "a descida simples": (sgd.sgd_update, 1, {"lr": 0.155, "momentum": 0.0, "nesterov": False}, BLUE),
    "com momento": (sgd.sgd_update, 1, {"lr": 0.06, "momentum": 0.8, "nesterov": False}, ORANGE),
    "Adam": (adam.adam_update, 2, {"lr": 0.4, **MEANS}, GREEN),
}


def valley(figure):
    """The way of three rules down the same valley, much more curved one way than the other."""
    x, y = np.meshgrid(np.linspace(-4.6, 1.6, 200), np.linspace(-1.8, 1.8, 200))
    for axes, (name, (rule, slots, options, color)) in zip(figure.subplots(1, 3, sharey=True), RULES.items(),
                                                           strict=True):  # fmt: skip
        axes.contour(x, y, x**2 + 12 * y**2, levels=np.geomspace(0.3, 60, 9), colors=SOFT, linewidths=0.5, alpha=0.6)
        w, memory, way = np.array([-4.0, 1.4]), [np.zeros(2) for _ in range(slots)], [(-4.0, 1.4)]
        for step in range(1, 26):
            rule(w, CURVATURES * w, *memory, step=step, decay=0.0, **options)
            way.append(tuple(w))
        axes.plot(*zip(*way, strict=True), color=color, linewidth=1.4, marker="o", markersize=3)
        axes.plot(0, 0, "+", color=INK, markersize=9, markeredgewidth=1.6)
        axes.set(title=name, xticks=[], yticks=[], xlim=(-4.6, 1.6), ylim=(-1.8, 1.8))
        axes.set_xlabel("direção plana →")
    figure.axes[0].set_ylabel("direção curva →")


def decays(figure):
    """What is left of weights after many steps of nothing but noise, by how large the noise is."""
    axes = figure.subplots()
    sizes = np.geomspace(1e-3, 10, 17)
    for name, rule, color in (("Adam, com o decay no gradiente", adam.adam_update, ORANGE),
                              ("AdamW", adamw.adamw_update, BLUE)):  # fmt: skip
        rng = np.random.default_rng(0)
        w = np.ones((len(sizes), 500))
        m, v = np.zeros_like(w), np.zeros_like(w)
        for step in range(1, 1001):
            rule(w, sizes[:, None] * rng.normal(size=w.shape), m, v, lr=1e-3, decay=1.0, step=step, **MEANS)
        axes.semilogx(sizes, w.mean(axis=1), color=color, linewidth=2, marker="o", markersize=4, label=name)
    axes.set(xlabel="tamanho do ruído no gradiente", ylabel=f"o que sobra de 1 em {thousands(1000)} passos",
             ylim=(-0.05, 1.05))  # fmt: skip
    axes.set_xticks((1e-3, 1e-2, 0.1, 1, 10), ("0,001", "0,01", "0,1", "1", "10"))
    axes.set_yticks((0, 0.37, 1), ("0", "0,37", "1"))
    axes.minorticks_off()
    axes.legend(frameon=False, fontsize=9, loc="upper left")


# ----------------------------------------------------------------------------------------------------------- schedules

FORMS = {"cosine": BLUE, "linear": GREEN, "wsd": ORANGE, "constant": PURPLE}


def schedules(figure):
    """The rate of each step by four forms, and where a noisy parabola stands meanwhile."""
    rates, losses = figure.subplots(1, 2)
    for name, color in FORMS.items():
        of_steps = [schedule.learning_rate(step, schedule=name, peak=0.2, floor=0.004, warmup=20, decay_steps=400)
                    for step in range(400)]  # fmt: skip
        rates.plot(range(1, 401), of_steps, color=color, linewidth=2, label=name)
        losses.semilogy(range(1, 401), noisy_descent(of_steps), color=color, linewidth=1.6)
    rates.set(title="a taxa", xlabel="passo", ylim=(0, 0.24))
    rates.set_yticks((0, 0.05, 0.1, 0.15, 0.2), [decimal(rate, 2) for rate in (0, 0.05, 0.1, 0.15, 0.2)])
    rates.legend(frameon=False, fontsize=9, ncols=4, loc="upper center", columnspacing=1.0, handlelength=1.2)
    losses.set(title="a perda de uma parábola com ruído", xlabel="passo", ylim=(1e-3, 1))
    losses.set_yticks((1, 0.1, 0.01, 0.001), ("1", "0,1", "0,01", "0,001"))
    losses.minorticks_off()


def noisy_descent(rates):
    """The mean loss, after each step, of many weights in a valley of ½ w², whose gradients are noisy."""
    rng = np.random.default_rng(0)
    w, losses = np.ones(4000), []
    for rate in rates:
        w -= rate * (w + rng.normal(size=w.size))
        losses.append(0.5 * np.mean(w**2))
    return losses


# --------------------------------------------------------------------------------------------------------- checkpoints

OLD, HALF, NEW = "o antigo", "meio arquivo", "o novo"
WAYS = {  # what a crash would leave under the name, from each moment on
    "direto no arquivo": ((0, OLD), (1, HALF), (4.4, NEW)),
    "outro nome, sem fsync": ((0, OLD), (3, "talvez vazio"), (4.4, NEW)),
    "outro nome, fsync, troca": ((0, OLD), (4.6, NEW)),
}
LOOKS = {OLD: BLUE, NEW: GREEN}


def whole_or_not(figure):
    """What stands under the name of a checkpoint while a new one is written, in three ways."""
    axes = figure.subplots()
    for row, moments in enumerate(WAYS.values()):
        ends = [start for start, _ in moments[1:]] + [5.6]
        for (start, what), end in zip(moments, ends, strict=True):
            axes.barh(row, end - start, left=start, height=0.6, color=LOOKS.get(what, RED), edgecolor="white")
            axes.text((start + end) / 2, row, what, ha="center", va="center", color="white", fontsize=9.5)
    axes.set(yticks=range(3), yticklabels=WAYS, xticks=[], xlim=(0, 5.6), xlabel="tempo →")
    axes.invert_yaxis()
    for moment, text in ((1, "começa a escrever"), (3, "fecha o arquivo"), (4.4, "está no disco")):
        axes.vlines(moment, -0.38, 2.5, color=INK, linewidth=1, linestyle=":")
        axes.text(moment, -0.5, text, ha="center", fontsize=9)
    axes.set_ylim(2.5, -0.75)
    axes.spines["left"].set_visible(False)


PICTURES = {
    "teste-de-faixa": (range_test, 8.5, 3.4),
    "vale": (valley, 10.5, 3.0),
    "decaimento": (decays, 8, 3.2),
    "agendas": (schedules, 10, 3.6),
    "inteiro-ou-nada": (whole_or_not, 9.5, 2.8),
    **m05_project.PICTURES,
}
