"""`tinyllm attention`: where a model looks while it reads a text, as a picture or as shades in the terminal."""

import textwrap

import numpy as np

from tinyllm import plot
from tinyllm.errors import UsageError
from tinyllm.evaluate.attention_maps import attention_maps, writing_maps
from tinyllm.infer.fill import GAP, source_of, written_about
from tinyllm.models.t5 import START
from tinyllm.say import counted, emit, tell, visible

SHADES = " ░▒▓█"
LABEL = 11  # characters of a token's text beside its row
ACROSS = 30  # columns of a map, of two characters each: with the names of the rows they fit on a line of 80
NAMED = {
    False: 24,
    True: 64,
}  # the most tokens that have room for their names beside one of many maps, beside one alone


PARTS = ("encoder", "decoder", "cross")  # of a T5; the last is where its decoder looks in what the encoder read


def show_attention(run, text, *, part=None, layer=None, head=None, picture=None, as_json=False):
    """Show the attention of a run's model. Layers and heads count from 1; without one it is all of them.

    `part` is one of PARTS, for a T5 that writes: the encoder if none is given. A text without gaps has one at its end.
    Raises UsageError for a layer, head or part that is not there, for a text longer than the context, for a model
    without attention, and as `plot.check` does.
    """
    if picture is not None:
        plot.check(picture)
    if part and not (run.writes and run.fills):
        raise UsageError(f"--part {part} is of a T5 that writes, and {run.folder} holds none; leave it out")
    model = run.trained_model(warn=tell)
    if part in ("decoder", "cross"):
        source, ids = read_and_written(run, model, text)
        maps = writing_maps(model, source, ids)[PARTS.index(part) - 1]  # (layers, H, T, T or S)
        columns = source if part == "cross" else ids
    else:
        ids = columns = ids_of(run, text)
        maps = attention_maps(model, ids)  # (layers, H, T, T)
    layers, heads = chosen(layer, maps.shape[0], "layer"), chosen(head, maps.shape[1], "head")
    maps = maps[layers][:, heads]
    tokens, columns = ([visible(run.tokenizer.decode([int(i)])) for i in some] for some in (ids, columns))
    if picture:
        plot.draw(picture, lambda figure: paint(figure, maps, tokens, columns, layers, heads), **size_of(layers, heads))
        tell(f"figura salva em {picture}")
    if as_json:
        numbers = {"layers": [i + 1 for i in layers], "heads": [i + 1 for i in heads]}
        read = {"columns": columns} if part == "cross" else {}
        emit({"tokens": tokens, **read, **numbers, "weights": maps.astype(float).round(6).tolist()})
    elif not picture:
        if part == "cross":
            show_names(columns)
        show(maps, tokens, layers, heads)


def read_and_written(run, model, text):
    """(ids that a T5 reads, ids that its decoder reads while it writes the gaps of the text, or one at its end)."""
    spans = run.task.objective(run)
    source = source_of(run.tokenizer, spans, text if GAP in text else f"{text} {GAP}")
    return source, [START, *written_about(model, spans, source)]


def show_names(columns):
    """Print the tokens that the columns stand for, when they are not those of the rows."""
    print(textwrap.fill("Colunas: " + "  ".join(f"{i} {name}" for i, name in enumerate(columns)), 80) + "\n")


def ids_of(run, text):
    """What the model reads of a text, with the marks of its ends that it knows from training."""
    before, after = [run.end_id], [run.end_id] * run.architecture.both_ways
    if run.task.classifies:
        before, after = [], [run.end_id]
    ids, context = [*before, *run.tokenizer.encode(text), *after], run.model_config.context
    if len(ids) > context:
        raise UsageError(f"{len(ids)} tokens do not fit in a context of {context}; shorten the text")
    return ids


def chosen(number, count, name):
    """[number - 1], or all of 0..count-1 if there is no number."""
    if number is not None and not 1 <= number <= count:
        raise UsageError(f"--{name} {number} is not there; the model has {name}s 1 to {count}")
    return list(range(count)) if number is None else [number - 1]


def show(maps, tokens, layers, heads):
    """Print the mean over the chosen heads of the last chosen layer: a row for each position, 30 columns at a time."""
    weights = maps[-1].mean(axis=0)  # (T, T or S)
    of_heads = f"cabeça {heads[0] + 1}" if len(heads) == 1 else f"média de {counted(len(heads), 'cabeça')}"
    print(f"Camada {layers[-1] + 1}, {of_heads}. Cada linha é uma posição: de ░ a █, quanto mais")
    print("cheio o quadro, mais ela olha para a posição da coluna.")
    levels = (len(SHADES) - 1) * weights / weights.max(axis=1, keepdims=True)
    width = weights.shape[1]
    for start in range(0, width, ACROSS):
        columns = slice(start, start + ACROSS)
        marks = "".join(f"{i:<10}" for i in range(start, min(start + ACROSS, width), 5))
        print(f"\n{'':{LABEL + 5}}{marks.rstrip()}")
        for i, (token, row) in enumerate(zip(tokens, levels[:, columns].round(), strict=True)):
            if not weights[i, columns].any():  # all of it lies in the future
                continue
            shades = "".join(2 * SHADES[int(level)] for level in row)
            print(f"{i:>3} {token[:LABEL]:{LABEL}} {shades}".rstrip())


def size_of(layers, heads):
    """Width and height in inches of a picture of so many maps."""
    if len(layers) == len(heads) == 1:
        return {"width": 7.5, "height": 7.0}
    return {"width": min(40.0, max(5.0, 2.6 * len(heads))), "height": min(40.0, max(4.0, 2.6 * len(layers)))}


def paint(figure, maps, tokens, columns, layers, heads):
    """Paint a map for each layer and head; the names of the tokens only where there is room for them."""
    grid = figure.subplots(len(layers), len(heads), squeeze=False)
    alone = len(layers) == len(heads) == 1
    few = max(len(tokens), len(columns)) <= NAMED[alone]
    for i, j in np.ndindex(grid.shape):
        axes = grid[i, j]
        axes.imshow(maps[i, j], cmap="Blues", vmin=0.0, vmax=maps[i, j].max())
        axes.set(xticks=[], yticks=[])
        axes.set_title(f"camada {layers[i] + 1}, cabeça {heads[j] + 1}", fontsize=9)
        if few and (j == 0 or alone):
            axes.set_yticks(range(len(tokens)), tokens, fontsize=7)
        if few and (i == len(layers) - 1 or alone):
            axes.set_xticks(range(len(columns)), columns, fontsize=7, rotation=90)
