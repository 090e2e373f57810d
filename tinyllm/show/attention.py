"""`tinyllm attention`: where a model looks while it reads a text, as a picture or as shades in the terminal."""

import numpy as np

from tinyllm import plot
from tinyllm.errors import UsageError
from tinyllm.evaluate.attention_maps import attention_maps
from tinyllm.say import counted, emit, tell, visible

SHADES = " ░▒▓█"
LABEL = 11  # characters of a token's text beside its row
ACROSS = 30  # columns of a map, of two characters each: with the names of the rows they fit on a line of 80
NAMED = {
    False: 24,
    True: 64,
}  # the most tokens that have room for their names beside one of many maps, beside one alone


def show_attention(run, text, *, layer=None, head=None, picture=None, as_json=False):
    """Show the attention of a run's model. Layers and heads count from 1; without one it is all of them.

    Raises UsageError for a layer or head that is not there, for a text longer than the context, for a model without
    attention, and as `plot.check` does.
    """
    if picture:
        plot.check(picture)
    ids = ids_of(run, text)
    maps = attention_maps(run.trained_model(warn=tell), ids)  # (layers, H, T, T)
    layers, heads = chosen(layer, maps.shape[0], "layer"), chosen(head, maps.shape[1], "head")
    maps = maps[layers][:, heads]
    tokens = [visible(run.tokenizer.decode([int(token)])) for token in ids]
    if picture:
        plot.draw(picture, lambda figure: paint(figure, maps, tokens, layers, heads), **size_of(layers, heads))
        tell(f"figura salva em {picture}")
    if as_json:
        numbers = {"layers": [i + 1 for i in layers], "heads": [i + 1 for i in heads]}
        emit({"tokens": tokens, **numbers, "weights": maps.astype(float).round(6).tolist()})
    elif not picture:
        show(maps, tokens, layers, heads)


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
    weights = maps[-1].mean(axis=0)  # (T, T)
    of_heads = f"cabeça {heads[0] + 1}" if len(heads) == 1 else f"média de {counted(len(heads), 'cabeça')}"
    print(f"Camada {layers[-1] + 1}, {of_heads}. Cada linha é uma posição: de ░ a █, quanto mais")
    print("cheio o quadro, mais ela olha para a posição da coluna.")
    levels = (len(SHADES) - 1) * weights / weights.max(axis=1, keepdims=True)
    for start in range(0, len(tokens), ACROSS):
        columns = slice(start, start + ACROSS)
        marks = "".join(f"{i:<10}" for i in range(start, min(start + ACROSS, len(tokens)), 5))
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


def paint(figure, maps, tokens, layers, heads):
    """Paint a map for each layer and head; the names of the tokens only where there is room for them."""
    grid = figure.subplots(len(layers), len(heads), squeeze=False)
    alone = len(layers) == len(heads) == 1
    few = len(tokens) <= NAMED[alone]
    for i, j in np.ndindex(grid.shape):
        axes = grid[i, j]
        axes.imshow(maps[i, j], cmap="Blues", vmin=0.0, vmax=maps[i, j].max())
        axes.set(xticks=[], yticks=[])
        axes.set_title(f"camada {layers[i] + 1}, cabeça {heads[j] + 1}", fontsize=9)
        if few and (j == 0 or alone):
            axes.set_yticks(range(len(tokens)), tokens, fontsize=7)
        if few and (i == len(layers) - 1 or alone):
            axes.set_xticks(range(len(tokens)), tokens, fontsize=7, rotation=90)
