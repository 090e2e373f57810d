"""The pictures of module 4: section 4.2, what saves memory and what it costs."""

import numpy as np

from tinyllm.course.pictures.drawing import BLUE, GREEN, ORANGE, PURPLE, RED
from tinyllm.memory.estimate import Plan, training
from tinyllm.models.gpt import GPTConfig
from tinyllm.plot import INK, SOFT
from tinyllm.say import decimal, thousands

GPT2_SMALL = GPTConfig(50257, 1024, 12, 12, 768)
PARTS = {"pesos": BLUE, "gradientes": GREEN, "otimizador": PURPLE, "ativações": ORANGE}


def memory_of_a_step(figure):
    """GPT-2 small, two texts at a time: what is held at the end of the way there, technique by technique."""
    plain, again = (training(GPT2_SMALL, Plan(batch=2, recompute=recompute)) for recompute in (False, True))
    weights, tables = plain.weights / 1e9, 4 * (50257 + 1024) * 768 / 1e9
    one_block = tables + (weights - tables) / 12
    bars = {
        "tudo na memória": (weights, weights, plain.optimiser / 1e9, plain.activations / 1e9),
        "com checkpoints\n(e06)": (weights, weights, again.optimiser / 1e9, again.activations / 1e9),
        "e o otimizador\nno disco (e07)": (weights, weights, 0, again.activations / 1e9),
        "e as camadas\numa a uma (e08)": (one_block, one_block, 0, again.activations / 1e9),
    }
    axes = figure.subplots()
    for place, numbers in enumerate(bars.values()):
        left = 0.0
        for (name, color), number in zip(PARTS.items(), numbers, strict=True):
            axes.barh(place, number, left=left, color=color, height=0.6, label=None if place else name)
            if number > 0.15:
                axes.text(left + number / 2, place, decimal(number, 1), ha="center", va="center", color="white",
                          fontsize=9)  # fmt: skip
            left += number
        axes.text(left + 0.04, place, f"{decimal(left, 1)} GB", va="center", fontsize=10)
    axes.set(yticks=range(len(bars)), yticklabels=bars, xlabel="GB", xlim=(0, 4.6))
    axes.invert_yaxis()
    axes.legend(frameon=False, fontsize=9, loc="lower right")


STEPS = 7  # from 0 to the largest: so few that they can be seen
ROWS = np.array([
    [-1.9, -1.3, -0.5, 0.2, 0.9, 1.5], [-0.42, -0.31, -0.12, 0.05, 0.19, 0.37],
])  # fmt: skip


def steps_of_int8(figure):
    """Two rows of a matrix, one with large numbers: rounded with a step for both, and each with its own."""
    for axes, title, scales in zip(
        figure.subplots(1, 2, sharey=True), ("um passo para a matriz inteira", "um passo por canal"),
        (np.full((2, 1), np.abs(ROWS).max() / STEPS), np.abs(ROWS).max(axis=1, keepdims=True) / STEPS), strict=True,
    ):  # fmt: skip
        back = np.rint(ROWS / scales) * scales
        for place, color in ((1, BLUE), (0, ORANGE)):
            row, steps = 1 - place, np.arange(-STEPS, STEPS + 1)
            axes.vlines(steps * scales[row], place - 0.12, place + 0.12, color=SOFT, linewidth=0.9)
            axes.plot(ROWS[row], np.full(6, place + 0.28), "o", color=color, markersize=6)
            axes.plot(back[row], np.full(6, float(place)), "o", color=color, markersize=6, markerfacecolor="white")
            for number, rounded in zip(ROWS[row], back[row], strict=True):
                axes.plot([number, rounded], [place + 0.25, place + 0.04], color=color, linewidth=1)
            error = np.abs(back[row] - ROWS[row]).max()
            axes.text(0, place - 0.27, f"maior erro {decimal(error, 2)}; meio passo {decimal(scales[row, 0] / 2, 2)}",
                      ha="center", fontsize=9.5, color=INK)  # fmt: skip
        axes.set(title=title, yticks=(0, 1), yticklabels=("canal 1", "canal 0"), ylim=(-0.45, 1.5), xlim=(-2.1, 2.1))
        axes.set_xticks((-2, -1, 0, 1, 2))


def checkpoints(figure):
    """What is held while a step goes on, and the most that is, by how often a layer's entry is kept."""
    held, worst = figure.subplots(1, 2, width_ratios=(1.4, 1))
    for name, every, color in (("sem checkpoints", 0, RED), ("um a cada 4 camadas", 4, PURPLE),
                               ("um a cada 2 camadas", 2, BLUE), ("um por camada", 1, GREEN)):  # fmt: skip
        times, numbers = course_of(12, every, 16)
        held.plot(times, numbers, color=color, linewidth=1.8, label=name, drawstyle="steps-post")
    held.axvline(12, color=SOFT, linewidth=1, linestyle=":")
    held.text(11.6, 205, "ida", ha="right", fontsize=9)
    held.text(12.4, 205, "volta", fontsize=9)
    held.set(title="12 camadas, do começo ao fim de um passo", xlabel="tempo (a ida de uma camada = 1)",
             ylabel="guardado (a entrada de uma camada = 1)", ylim=(0, 225))  # fmt: skip
    held.legend(frameon=False, fontsize=8.5, loc="upper right", bbox_to_anchor=(1, 0.92))
    for layers, color in ((12, GREEN), (48, BLUE), (192, ORANGE)):
        every = np.array([k for k in (1, 2, 3, 4, 6, 8, 12, 16, 24, 48) if k <= layers])
        worst.plot(every, -(-layers // every) + 16 * every, color=color, linewidth=2, marker="o", markersize=4,
                   label=f"{layers} camadas")  # fmt: skip
    worst.set(title="o pior momento", xlabel="camadas por segmento")
    worst.set_xscale("log")
    worst.set_yscale("log")
    worst.set_xticks((1, 2, 4, 8, 16, 48), ("1", "2", "4", "8", "16", "48"))
    worst.set_yticks((50, 100, 200, 400, 800), ("50", "100", "200", "400", "800"))
    worst.minorticks_off()
    worst.legend(frameon=False, fontsize=9, loc="upper left")


def course_of(layers, every, inside):
    """(times, numbers): what is held from each moment on, an entry being 1. An `every` of 0 keeps all."""
    moments = [(0, 0)]
    if not every:
        moments += [(layer + 1, inside * (layer + 1)) for layer in range(layers)]
        moments += [(layers + 2 * (done + 1), inside * (layers - done - 1)) for done in range(layers)]
        return zip(*moments, strict=True)
    moments += [(layer, layer // every + 1) for layer in range(layers)]
    now, entries = layers, -(-layers // every)
    for segment in reversed(range(entries)):
        size = min(every, layers - segment * every)
        for number in range(size):
            now += 1
            moments.append((now, segment + 1 + inside * (number + 1)))
        for number in range(size):
            now += 2
            moments.append((now, (segment + 1 if number + 1 < size else segment) + inside * (size - number - 1)))
    return zip(*moments, strict=True)


MACHINES = {  # FLOP/s that it reaches, bytes/s to where the state of the optimiser is
    "CPU e disco rígido": (1e11, 1.5e8, RED),
    "CPU e SSD": (1e11, 2e9, BLUE),
    "GPU e a RAM ao lado": (5e12, 1.2e10, GREEN),
}


def price_of_offload(figure):
    """How many times longer a step takes, by how many tokens it learns from: first one thing and then the other, or
    both at once."""
    axes = figure.subplots()
    tokens = np.geomspace(64, 10**6, 200)
    for name, (speed, bandwidth, color) in MACHINES.items():
        moving = 16 * speed / (6 * tokens * bandwidth)  # as a share of the time of the products
        axes.loglog(tokens, 1 + moving, color=color, linewidth=2, label=name)
        axes.loglog(tokens, np.maximum(1, moving), color=color, linewidth=1.6, linestyle="--")
    axes.plot([], [], color=INK, linewidth=1.6, linestyle="--", label="tracejado: enquanto se calcula")
    axes.set(xlabel="tokens por passo", ylabel="quantas vezes mais lento", ylim=(0.9, 40), xlim=(64, 10**6))
    axes.set_xticks((100, 1000, 10**4, 10**5, 10**6), [thousands(10**power) for power in range(2, 7)])
    axes.set_yticks((1, 2, 4, 10, 20, 40), ("1", "2", "4", "10", "20", "40"))
    axes.minorticks_off()
    axes.legend(frameon=False, fontsize=9)


def one_ahead(figure):
    """What the disk and the processor do, layer by layer, there and back: by turns, and with the next on its way."""
    by_turns, ahead = figure.subplots(2, 1, sharex=True)
    order = [0, 1, 2, 3, 3, 2, 1, 0]
    lengths = [1.0] * 4 + [3.0] * 4  # of the products; a layer takes 1.2 to come
    now = 0.0
    for layer, length in zip(order, lengths, strict=True):
        span(by_turns, 1, now, 1.2, layer, ORANGE)
        span(by_turns, 0, now + 1.2, length, layer, BLUE if length == 1 else GREEN)
        now += 1.2 + length
    free, arrived = 0.0, 1.2
    span(ahead, 1, 0.0, 1.2, 0, ORANGE)
    for turn, (layer, length) in enumerate(zip(order, lengths, strict=True)):
        start = max(free, arrived)
        span(ahead, 0, start, length, layer, BLUE if length == 1 else GREEN)
        if turn + 1 < len(order):
            span(ahead, 1, start, 1.2, order[turn + 1], ORANGE)
            arrived = start + 1.2
        free = start + length
    for axes, title, end in ((by_turns, "uma coisa de cada vez", now), (ahead, "a próxima já a caminho", free)):
        axes.set(title=title, yticks=(0, 1), yticklabels=("calcula", "traz do disco"), ylim=(-0.55, 1.55),
                 xlim=(0, 27))  # fmt: skip
        axes.axvline(end, color=INK, linewidth=1, linestyle=":")
        axes.set_xticks([])
    ahead.set_xlabel("tempo →      azul: a ida; verde: a volta, que calcula a camada de novo")


def span(axes, row, start, length, layer, color):
    axes.barh(row, length, left=start, height=0.62, color=color, edgecolor="white", linewidth=1.5)
    axes.text(start + length / 2, row, str(layer), ha="center", va="center", color="white", fontsize=10)


PICTURES = {
    "memoria-por-tecnica": (memory_of_a_step, 9.5, 3.2),
    "passos-de-int8": (steps_of_int8, 10, 3.2),
    "checkpoints": (checkpoints, 10.5, 3.8),
    "preco-do-offload": (price_of_offload, 8.5, 3.8),
    "uma-a-frente": (one_ahead, 10, 3.4),
}
