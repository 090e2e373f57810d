"""`tinyllm find-rate`: the loss while the learning rate grows, as a curve, and what rate it suggests."""

from tinyllm import plot
from tinyllm.say import bar, counted, decimal, emit, tell
from tinyllm.show.curve import HEIGHT, WIDTH, braille
from tinyllm.train import finder
from tinyllm.train.finder import smoothed

HIGH = 1.3  # times the first loss: above it the curve is cut, so that what is below can be seen


def show_range_test(test, *, picture=None, as_json=False):
    """Run a RangeTest before the eyes of a person. Raises UsageError if it suggests no rate."""
    tell(
        f"A taxa de aprendizado vai de {rate(test.all_rates[0])} a {rate(test.all_rates[-1])}, num modelo que não fica…"
    )
    with bar(total=len(test.all_rates), disable=as_json) as shown:
        for report in test.reports():
            shown.set_postfix_str(f"perda {decimal(report.loss, 3)}", refresh=False)
            shown.update()
    found = finder.suggest(test.rates, test.losses)
    if picture is not None:
        plot.draw(picture, lambda figure: paint(figure, test, found))
    if as_json:
        emit({
            "suggested": found, "tenth_of_minimum": test.tenth, "rates": test.rates.tolist(), "losses": test.losses,
            "picture": None if picture is None else str(picture),
        })  # fmt: skip
        return
    cut = [min(loss, HIGH * test.losses[0]) for loss in smoothed(test.losses)]
    print(
        f"perda, enquanto a taxa vai de {rate(test.rates[0])} a {rate(test.rates[-1])} em {counted(len(cut), 'passo')}"
    )
    print("\n".join(braille(list(enumerate(cut)), width=WIDTH, height=HEIGHT)))
    print(f"\nA perda desce mais depressa em {rate(found)}; um décimo da taxa em que é menor dá {rate(test.tenth)}.")
    print(f"Comece por uma das duas, e confira as vizinhas com tinyllm sweep: --learning-rate {found:.2g}")


def rate(value):
    return f"{value:.2g}".replace(".", ",")


def paint(figure, test, found):
    """Paint the losses and the smoothed ones against the rate, and the rate that is suggested."""
    axes, curve = figure.subplots(), smoothed(test.losses)
    axes.plot(test.rates, test.losses, color=plot.SOFT, linewidth=0.8, label="de cada passo")
    axes.plot(test.rates, curve, color=plot.COLORS[0], linewidth=2, label="média com os vizinhos")
    axes.axvline(found, color=plot.COLORS[1], linestyle="--", label=f"desce mais depressa: {rate(found)}")
    axes.set(xscale="log", xlabel="taxa de aprendizado", ylabel="perda (nats por alvo)")
    axes.set_ylim(top=min(axes.get_ylim()[1], HIGH * test.losses[0]))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}".replace(".", ","))
    axes.grid(axis="y", color="#e4e7eb")
    axes.legend(frameon=False)
