"""What `tinyllm train --plot-schedule` draws: the learning rate of each step."""

from tinyllm import plot
from tinyllm.say import emit, tell
from tinyllm.train.step import learning_rate

POINTS = 2000  # of a curve, at most


def show_schedule(config, picture, *, as_json=False):
    """Draw the learning rate under a TrainConfig. Raises UsageError as `plot.draw` does."""
    plot.draw(picture, lambda figure: paint(figure, config))
    if as_json:
        emit({"picture": str(picture), "steps": config.steps, "schedule": config.schedule})
    else:
        tell(f"figura salva em {picture}; nada foi treinado")


def paint(figure, config):
    """Paint the rate of each step, of a long run of some of them."""
    steps = sorted({*range(0, config.steps, -(-config.steps // POINTS)), config.steps - 1})
    axes = figure.subplots()
    axes.plot([step + 1 for step in steps], [learning_rate(step, config) for step in steps], color=plot.COLORS[0])
    axes.set(title=config.schedule, xlabel="passo", ylabel="taxa de aprendizado")
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}".replace(".", ","))
