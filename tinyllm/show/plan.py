"""`tinyllm plan`: what a device holds and where the time of a step goes, as bars; the best layout; ten times more."""

import dataclasses

from tinyllm import plot
from tinyllm.memory import estimate
from tinyllm.models import catalog
from tinyllm.optim.adamw import AdamW
from tinyllm.optim.adamw8bit import AdamW8bit
from tinyllm.parallel.plan import memory, operations
from tinyllm.parallel.propose import TOKENS_PER_PARAMETER, best_layout, best_of_layout, resources
from tinyllm.parallel.schedule import SCHEDULES
from tinyllm.say import counted, decimal, duration, emit, percent, tell, thousands
from tinyllm.show.estimate import size
from tinyllm.show.pipeline import paint_schedules, show_schedule

MEMORY = {
    "weights": "pesos",
    "gradients": "gradientes",
    "optimiser": "otimizador",
    "activations": "ativações",
    "logits": "logits",
    "process": "o programa",
}
TIME = {
    "products": "produtos de matrizes",
    "elements": "normas, softmax, somas",
    "slices": "somas entre fatias",
    "bubble": "à espera de outro estágio",
    "stages": "envios entre estágios",
    "replicas": "somas entre réplicas",
    "optimiser": "otimizador",
}
BAR = 30  # characters
KINDS = {"GPipe": "gpipe", "1F1B": "1f1b"}
STAGES = 8  # the most that are shown one by one
BESIDE = {"frameon": False, "fontsize": 9, "loc": "upper left", "bbox_to_anchor": (1, 1)}  # legends of a picture
TIMES = 10  # how much larger the model of the last column is


def show_plan(config, setup, devices, *, layout=None, micro_batch=None, recompute=None, name, tokens=None, price=None,
              picture=None, as_json=False):  # fmt: skip
    """Print the plan of a model on so many devices of a cluster, called by `name`, or one JSON object.

    Without a `layout`, a `micro_batch`, or whether to `recompute`, the best is taken. The training is of so many
    `tokens`, 20 for each parameter if nothing is said. `price` is that of a device for an hour. Raises UsageError for
    what cannot be cut so, and as `plot.check` does.
    """
    if picture is not None:
        plot.check(picture)
    asked = {"micro_batch": micro_batch, "recompute": recompute}
    if layout is None:
        found = best = best_layout(config, setup, devices, **asked)
    else:
        found = best_of_layout(config, setup._replace(layout=layout), **asked)
        best = best_layout(config, setup, devices, **asked)
    tokens = tokens or TOKENS_PER_PARAMETER * estimate.parameters(config)
    asks = [resources(found, tokens=tokens, times=times, price=price) for times in (1, TIMES)]
    if picture is not None:
        plot.draw(picture, lambda figure: paint(figure, found), **size_of(found))
        tell(f"figura salva em {picture}")
    if as_json:
        emit({
            "model": {"architecture": catalog.name_of(config), **dataclasses.asdict(config)},
            "cluster": {"name": name, "devices": devices, **dataclasses.asdict(setup.cluster)},
            "batch": setup.batch,
            "plan": as_values(found), "best": as_values(best),
            "resources": [each._asdict() for each in asks],
        })  # fmt: skip
        return
    shape = f"{counted(config.layers, 'bloco')} de largura {thousands(config.width)}"
    print(f"{catalog.name_of(config).upper()} de {shape}, {counted(asks[0].parameters, 'parâmetro')}, em "
          f"{counted(devices, 'dispositivo')} ({name}).")  # fmt: skip
    print(f"{counted(setup.batch, 'janela')} de {counted(config.context, 'token')} por passo, {way_of(found)}")
    show_memory(found)
    show_step(found)
    if 1 < found.setup.layout.pp <= STAGES:
        show_schedule(found.setup.layout.pp, found.setup.micro_batches)
    if layout is not None:
        show_best(found, best)
    show_resources(asks, devices)


def way_of(proposal):
    """How a proposal trains, in words."""
    setup = proposal.setup
    cut = f"{setup.layout}, " if setup.layout.ranks > 1 else ""
    again = "recomputando" if setup.recompute else "sem recomputar"
    return f"{cut}{thousands(setup.micro_batch)} de cada vez, {again}."


def as_values(proposal):
    """A proposal as JSON can hold it."""
    setup = proposal.setup
    return {
        "layout": dataclasses.asdict(setup.layout), "micro_batch": setup.micro_batch, "recompute": setup.recompute,
        "precision": setup.cluster.precision, "fits": proposal.fits, "memory": proposal.memory._asdict(),
        "seconds": {**proposal.step._asdict(), "total": proposal.step.total},
        "tokens_per_second": proposal.tokens / proposal.step.total,
    }  # fmt: skip


# -------------------------------------------------------------------------------------------------------- in a terminal


def show_memory(proposal):
    taken, room = proposal.memory, proposal.setup.cluster.memory
    print(f"\nMemória do dispositivo mais cheio: {size(taken.total)}, e cabem {size(room)}\n")
    show_bars({title: getattr(taken, part) for part, title in MEMORY.items()}, size)
    if not proposal.fits:
        print("\n  Não cabe: use mais dispositivos, ou diminua --width, --layers, --context ou --vocab-size.")
    elif taken.total < sum(taken) - taken.total:
        print("\n  O todo é menor do que a soma: nem tudo está lá ao mesmo tempo.")


def show_step(proposal):
    setup, step = proposal.setup, proposal.step
    print(f"\nTempo de um passo: {seconds(step.total)}\n")
    show_bars({title: getattr(step, part) for part, title in TIME.items()}, seconds)
    speed = operations(proposal.config, setup) / setup.layout.ranks / step.total
    peak = percent(speed / setup.cluster.peak)
    print(f"\n  {counted(round(proposal.tokens / step.total), 'token')} por segundo; "
          f"cada dispositivo a {flops(speed)}, {peak} do pico")  # fmt: skip


def show_bars(parts, words):
    """A bar for each part that there is, all together as long as BAR."""
    total = sum(parts.values())
    for title, part in parts.items():
        if part:
            print(f"  {title:26}{words(part):>10}  {'█' * round(BAR * part / total)}".rstrip())


def show_best(found, best):
    ranks = found.setup.layout.ranks
    if best.fits and (not found.fits or best.step.total < 0.99 * found.step.total):
        print(f"\nMais rápido com {counted(ranks, 'dispositivo')}: {way_of(best)[:-1]}: "
              f"{seconds(best.step.total)} por passo, {size(best.memory.total)}.")  # fmt: skip
    elif best.fits:
        print(f"\nNão há disposição mais rápida de {counted(ranks, 'dispositivo')}.")


def show_resources(asks, devices):
    here = "neste dispositivo" if devices == 1 else f"nestes {thousands(devices)} dispositivos"
    rows = {
        "parâmetros": [large(each.parameters) for each in asks],
        "tokens": [large(each.tokens) for each in asks],
        "operações": [power(each.operations) for each in asks],
        f"tempo {here}": [duration(each.seconds) for each in asks],
        "pesos, gradientes, otimizador": [size(each.states) for each in asks],
    }
    if asks[0].money is not None:
        rows["custo"] = [thousands(round(each.money)) for each in asks]
    print(f"\n{'O treino inteiro':36}{'este modelo':>16}{f'{TIMES} vezes maior':>20}\n")
    for title, (this, larger) in rows.items():
        print(f"  {title:34}{this:>16}{larger:>20}")
    more, best = TIMES**2, TOKENS_PER_PARAMETER
    print(f"\n  O modelo maior, com tantos tokens por parâmetro quantos este, pede {more} vezes as operações: o mesmo")
    print(f"  tempo, só com {more} vezes os dispositivos. Chinchilla recomenda {best} tokens por parâmetro.")


def seconds(count):
    """A time of one step: 12 ms, 1,23 s, 7 minutos."""
    if count < 1:
        return f"{decimal(1000 * count, 0 if count >= 0.01 else 2)} ms"
    return f"{decimal(count)} s" if count < 1000 else duration(count)


def flops(speed):
    """Operations a second: 123,4 GFLOP/s, 146,3 TFLOP/s."""
    number, name = (speed / 1e12, "T") if speed >= 1e12 else (speed / 1e9, "G")
    return f"{decimal(number, 1)} {name}FLOP/s"


def large(count):
    """A number, about: 12.345, 4,3 mi, 1,7 bi, 2,0 tri."""
    for unit, name in ((10**12, "tri"), (10**9, "bi"), (10**6, "mi")):
        if count >= unit:
            return f"{decimal(count / unit, 1)} {name}"
    return thousands(count)


def power(count):
    """A number in powers of ten: 3,3 × 10²⁰."""
    digits, _, exponent = f"{count:.1e}".partition("e")
    return f"{digits.replace('.', ',')} × 10" + str(int(exponent)).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))


# ------------------------------------------------------------------------------------------------------------ a picture


def techniques(proposal):
    """{what is done: the Memory that a step then takes}: nothing, each technique alone, and all of them."""
    layout = dataclasses.replace(proposal.setup.layout, zero=0)
    plain = proposal.setup._replace(recompute=False, optimizer=AdamW, layout=layout)
    whole = plain._replace(cluster=dataclasses.replace(plain.cluster, precision="float32"))
    ways = {"nada": whole}
    if plain.cluster.precision == "mixed":
        ways["mista"] = plain
    ways |= {"recomputar": plain._replace(recompute=True), "AdamW\nde 8 bits": plain._replace(optimizer=AdamW8bit)}
    for zero in range(1, 4) if layout.dp > 1 else ():
        layout = dataclasses.replace(layout, zero=zero)
        ways[f"ZeRO {zero}"] = plain._replace(layout=layout)
    ways["tudo"] = plain._replace(recompute=True, optimizer=AdamW8bit, layout=layout)
    return {name: memory(proposal.config, setup) for name, setup in ways.items()}


def schedules_of(proposal):
    """{name: schedule} of a pipeline of few stages, with as many micro-batches as can be told apart."""
    stages, micro_batches = proposal.setup.layout.pp, proposal.setup.micro_batches
    if not 1 < stages <= STAGES:
        return {}
    return {kind: SCHEDULES[name](stages, min(micro_batches, 4 * stages)) for kind, name in KINDS.items()}


def size_of(proposal):
    """How large its picture is."""
    return {"width": 9.0, "height": 4.5 + 2 * len(schedules_of(proposal))}


def paint(figure, proposal):
    """The memory of a step, a bar for each technique, its parts one on the other; below it the schedules of stages."""
    found, gigabyte, schedules = techniques(proposal), 2**30, schedules_of(proposal)
    axes, *below = figure.subplots(1 + len(schedules), 1, squeeze=False, height_ratios=[3, *[1] * len(schedules)])[:, 0]
    if schedules:
        paint_schedules(below, schedules)
        below[0].legend(**BESIDE)  # above, it would cover a long title
    heights = [0.0] * len(found)
    for (part, title), color in zip(MEMORY.items(), plot.COLORS, strict=True):
        sizes = [getattr(each, part) / gigabyte for each in found.values()]
        if not any(sizes):
            continue
        axes.bar(range(len(found)), sizes, bottom=heights, color=color, label=title, width=0.7)
        heights = [low + size for low, size in zip(heights, sizes, strict=True)]
    room = proposal.setup.cluster.memory / gigabyte
    if room < 1.5 * max(heights):
        axes.axhline(room, color=plot.INK, linestyle="--", linewidth=1)
        axes.annotate("o que cabe", (len(found) - 0.5, room), ha="right", va="bottom", fontsize=9)
    axes.set_xticks(range(len(found)), list(found), fontsize=8.5)
    axes.set_ylabel("GB em cada dispositivo")
    if "mista" in found:
        axes.set_xlabel("a partir da segunda, todas em precisão mista")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}".replace(".", ","))
    axes.legend(**BESIDE)
