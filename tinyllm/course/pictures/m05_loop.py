"""The pictures of module 5: section 5.2, the loop, what is summed in it, and what goes wrong with it."""

import itertools

import numpy as np

from tinyllm.course.judge import load
from tinyllm.course.pictures.drawing import BLUE, GREEN, GREY, ORANGE, PURPLE, RED, arrow, box
from tinyllm.course.syllabus import course_folder
from tinyllm.plot import INK, SOFT
from tinyllm.say import decimal


def loop(figure):
    """One step after another, and who asks for the next."""
    axes = figure.subplots()
    axes.set(xlim=(-0.6, 6.9), ylim=(-0.75, 1.75))
    axes.axis("off")
    places = ((0, "o lote", GREY), (1.35, "a perda", BLUE), (2.7, "os gradientes", GREEN), (4.05, "o passo", PURPLE),
              (5.4, "o relatório", ORANGE))  # fmt: skip
    for x, text, color in places:
        box(axes, x, 0.5, text, color=color, width=0.98)
    for (start, _, _), (end, _, _) in itertools.pairwise(places):
        arrow(axes, (start + 0.5, 0.5), (end - 0.5, 0.5))
    for x, text in ((0.68, "model.loss"), (2.03, "backward"), (3.38, "optimizer.step"), (4.73, "yield")):
        axes.text(x, 0.8, text, ha="center", fontsize=8, color=INK, family="DejaVu Sans Mono")
    arrow(axes, (5.4, 0.27), (0, 0.27), bend=-0.16)
    axes.text(2.7, -0.43, "o passo seguinte, quando alguém o pede", ha="center", fontsize=9)
    box(axes, 5.4, 1.45, "quem percorre: valida, mostra, salva, para", color=INK, width=2.7, filled=False, size=9)
    arrow(axes, (5.3, 0.74), (5.3, 1.22))
    arrow(axes, (5.5, 1.22), (5.5, 0.74))


def early_stopping(figure):
    """The loss of training falls; that of validation rises again, and the training ends in time."""
    axes = figure.subplots()
    steps = np.arange(1, 91)
    axes.plot(steps, 1.2 + 2.6 * np.exp(-steps / 28), color=BLUE, linewidth=1.8, label="treino")
    measured = np.arange(10, 91, 10)
    losses = np.array([3.4, 3.05, 2.72, 2.62, 2.5, 2.41, 2.47, 2.45, 2.58])
    axes.plot(measured, losses, color=ORANGE, linewidth=1.8, marker="o", markersize=5, label="validação")
    best = int(losses.argmin())
    axes.plot(measured[best], losses[best], "o", markersize=13, markerfacecolor="none", color=GREEN, markeredgewidth=2)
    axes.annotate("a menor: este\ncheckpoint se guarda", (60, 2.36), (49, 1.94), fontsize=9, ha="center", color=GREEN)
    for number, step in enumerate((70, 80, 90), start=1):
        axes.text(step - 1.2, losses[step // 10 - 1] + 0.12, str(number), ha="center", fontsize=10, color=RED)
    axes.axvline(90, color=RED, linewidth=1.2, linestyle="--")
    axes.text(89, 3.3, "três seguidas que não\nficaram abaixo: acaba", ha="right", fontsize=9, color=RED)
    axes.set(xlabel="passo", ylabel="perda", xlim=(0, 94), ylim=(1, 3.9))
    axes.set_yticks((1, 2, 3))
    axes.legend(frameon=False, fontsize=9, loc="upper center")


def mean_of_means(figure):
    """What each target counts, of a long piece and of a short one, in two ways to sum."""
    for axes, title, short, long in zip(
        figure.subplots(1, 2, sharey=True), ("a média das médias", "cada pedaço pelo que pesa"), (25, 10), (6.25, 10),
        strict=True,
    ):  # fmt: skip
        axes.bar(range(8), [long] * 8, color=BLUE, width=0.85, edgecolor="white")
        axes.bar((8.6, 9.6), [short] * 2, color=ORANGE, width=0.85, edgecolor="white")
        axes.text(3.5, long + 0.8, f"{decimal(long, 2).rstrip('0').rstrip(',')} % cada um", ha="center", fontsize=9.5)
        axes.text(9.1, short + 0.8, f"{short} % cada um", ha="center", fontsize=9.5)
        axes.set(title=title, ylim=(0, 30), xticks=(3.5, 9.1), xticklabels=("8 alvos", "2 alvos"))
        axes.set_yticks(())
        axes.spines["left"].set_visible(False)


def cuts(figure):
    """A gradient of two parameters, and what three ways of cutting make of its direction."""
    axes = figure.subplots()
    axes.set(xlim=(-0.4, 4.9), ylim=(-0.4, 4.5), aspect="equal", xlabel="gradiente de a", ylabel="gradiente de b")
    axes.plot(1.5 * np.cos(np.linspace(0, np.pi / 2, 60)), 1.5 * np.sin(np.linspace(0, np.pi / 2, 60)), color=SOFT,
              linewidth=1, linestyle=":")  # fmt: skip
    axes.plot([0, 3 / 4 * 4.3], [0, 4.3], color=SOFT, linewidth=1, linestyle=":")
    for end, color, text, place in (
        ((3, 4), GREY, "como veio:\ncomprimento 5", (3.15, 3.75)),
        ((0.9, 1.2), GREEN, "pelo comprimento de todos:\na mesma direção", (1.75, 0.6)),
        ((1.5, 1.5), RED, "número por número, ou cada\nparâmetro por si: outra direção", (1.75, 1.3)),
    ):
        arrow(axes, (0, 0), end, color=color, width=2.4)
        axes.text(*place, text, color=color, fontsize=9, va="center")
    axes.set_xticks((0, 1.5, 3), ("0", "1,5", "3"))
    axes.set_yticks((0, 1.5, 4), ("0", "1,5", "4"))


NINE = ("nada", "taxa baixa", "taxa alta", "float16", "decorou", "vazamento", "decaimento", "não zerou", "mortos")


def nine_trainings(figure):
    """The curves of exercise e08's trainings, each with a letter for its name."""
    training = load(course_folder() / "tests/course/m05_treinamento/mistakes_e08.py").training
    for axes, disease, letter in zip(figure.subplots(3, 3, sharex=True).flat, NINE, "ABCDEFGHI", strict=True):
        log = training(disease)
        axes.plot(np.arange(1, 121), log.loss, color=BLUE, linewidth=1)
        axes.plot(log.every * np.arange(1, len(log.validation) + 1), log.validation, color=ORANGE, linewidth=1.6)
        top = float(np.nanmax([*log.loss, *log.validation]))
        axes.set_ylim(*((2.2, 2.8) if disease in ("taxa baixa", "mortos", "não zerou") else (0, 1.1 * max(top, 3))))
        axes.set_title(letter, loc="right", fontsize=12, weight="bold")
        ticks = [tick for tick in axes.get_yticks() if axes.get_ylim()[0] <= tick <= axes.get_ylim()[1]][::2]
        axes.set_yticks(ticks, [decimal(tick, 1) for tick in ticks])
        axes.set_xticks((0, 60, 120))
    figure.supxlabel("passo", fontsize=10)
    figure.supylabel("perda (azul: treino; laranja: validação)", fontsize=10)


QUESTIONS = (
    ("algum número\nnão é finito?", "float16,\nou taxa alta"), ("‖g‖ o dobro do\nde um lote?", "não zerou"),
    ("alguma perda pior\nque não saber?", "taxa alta"), ("neurônios\nmortos?", "mortos"),
    ("os pesos\nencolhem?", "decaimento"), ("atualização\nminúscula?", "taxa baixa"),
    ("validação\nperto de 0?", "vê a\nresposta"), ("validação\nsubiu?", "decorou"),
)  # fmt: skip


def questions(figure):
    """The order of the questions, and the disease that each finds."""
    axes = figure.subplots()
    axes.set(xlim=(-0.65, 5.75), ylim=(-2.55, 1.5))
    axes.axis("off")
    for number, (question, disease) in enumerate(QUESTIONS):
        x, y = 1.4 * (number % 4), 1.1 - 2.25 * (number // 4)
        box(axes, x, y, question, color=BLUE, width=1.1, height=0.62, size=8.5, filled=False)
        box(axes, x, y - 1.05, disease, color=RED, width=0.9, height=0.5, size=8.5)
        arrow(axes, (x, y - 0.32), (x, y - 0.79))
        axes.text(x + 0.05, y - 0.58, "sim", fontsize=8)
        if number % 4 < 3:
            arrow(axes, (x + 0.56, y), (x + 0.84, y))
            axes.text(x + 0.7, y + 0.08, "não", fontsize=8, ha="center")
    arrow(axes, (4.76, 1.1), (5.1, 1.1))
    axes.text(5.15, 1.1, "não, e na\noutra linha", fontsize=8, va="center")
    arrow(axes, (4.76, -1.15), (5.1, -1.15))
    axes.text(5.15, -1.15, "não: nada\nde errado", fontsize=8, va="center", color=GREEN)


PICTURES = {
    "laco": (loop, 9.5, 2.9),
    "parada-antecipada": (early_stopping, 8.5, 3.4),
    "media-das-medias": (mean_of_means, 9, 2.8),
    "cortes": (cuts, 7.5, 4.2),
    "nove-treinos": (nine_trainings, 10, 6),
    "perguntas": (questions, 10, 4.2),
}
