"""The pictures of module 5: section 5.1, rates, optimisers and checkpoints."""

import numpy as np

from tinyllm.course.pictures import m05_loop
from tinyllm.course.pictures.drawing import BLUE, GREEN, ORANGE, PURPLE
from tinyllm.optim import schedule
from tinyllm.say import decimal

FOLDER = "m05_treinamento/imagens"

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


PICTURES = {"agendas": (schedules, 10, 3.6), **m05_loop.PICTURES}
