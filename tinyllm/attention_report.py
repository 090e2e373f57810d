"""`tinyllm attention`: where a model looks while it reads a text, as a picture or as shades in the terminal."""

import numpy as np

from tinyllm import plot
from tinyllm.console import counted, emit, tell
from tinyllm.errors import UsageError
from tinyllm.evaluate.attention_maps import attention_maps
from tinyllm.models.bert import BERTConfig
from tinyllm.models.t5 import T5Config
from tinyllm.train.tasks import Classify

SHADES = " ░▒▓█"
LABEL = 12  # characters of a token's text beside its row


def show_attention(run, text, *, layer=None, head=None, picture=None, as_json=False):
    """Show the attention of a run's model. Layers and heads count from 1; without one it is all of them.

    Raises UsageError for a layer or head that is not there, and for a text that the model cannot read.
    """
    if picture:
        plot.check(picture)
    ids = ids_of(run, text)
    maps = attention_maps(run.trained_model(warn=tell), ids)  # (layers, H, T, T)
    layers, heads = chosen(layer, maps.shape[0], "layer"), chosen(head, maps.shape[1], "head")
    maps = maps[layers][:, heads]
    tokens = [piece(run.tokenizer, token) for token in ids]
    if as_json:
        numbers = {"layers": [i + 1 for i in layers], "heads": [i + 1 for i in heads]}
        emit({"tokens": tokens, **numbers, "weights": maps.astype(float).round(6).tolist()})
    elif not picture:
        show(maps, tokens, layers, heads)
    if picture:
        height = min(40.0, max(4.0, 2.6 * len(layers)))
        plot.draw(picture, lambda figure: paint(figure, maps, tokens, layers, heads),
                  width=min(40.0, max(5.0, 2.6 * len(heads))), height=height)  # fmt: skip


def ids_of(run, text):
    """What the model reads of a text, with the marks of its ends that it knows from training."""
    if run.task.name == Classify.name:
        return run.task.row(run.tokenizer, text, run.model_config)
    ids = [run.end_id, *run.tokenizer.encode(text)]
    return ids + [run.end_id] * isinstance(run.model_config, BERTConfig | T5Config)


def chosen(number, count, name):
    """[number - 1], or all of 0..count-1 if there is no number."""
    if number is not None and not 1 <= number <= count:
        raise UsageError(f"--{name} {number} is not there; the model has {name}s 1 to {count}")
    return list(range(count)) if number is None else [number - 1]


def piece(tokenizer, token):
    """The text of a token, with its spaces and line ends made visible."""
    return tokenizer.decode([int(token)]).replace(" ", "·").replace("\n", "↵")


def show(maps, tokens, layers, heads):
    """Print the mean over the chosen heads of the last chosen layer: a row for each position, darker where it looks."""
    weights = maps[-1].mean(axis=0)  # (T, T)
    of_heads = f"cabeça {heads[0] + 1}" if len(heads) == 1 else f"média de {counted(len(heads), 'cabeça')}"
    print(f"Camada {layers[-1] + 1}, {of_heads}. Cada linha é uma posição; quanto mais escuro, mais ela olha para a")
    print("posição da coluna.\n")
    print(" " * (LABEL + 4) + "".join(f"{i % 100:>2}" for i in range(len(tokens))))
    for i, (token, row) in enumerate(zip(tokens, weights, strict=True)):
        shades = (len(SHADES) - 1) * row / row.max()
        print(f"{i:>3} {token[:LABEL]:{LABEL}}" + "".join(2 * SHADES[round(shade)] for shade in shades))


def paint(figure, maps, tokens, layers, heads):
    """Paint a map for each layer and head; the names of the tokens only where there is room for them."""
    grid = figure.subplots(len(layers), len(heads), squeeze=False)
    few, alone = len(tokens) <= 24, len(layers) == len(heads) == 1
    for i, j in np.ndindex(grid.shape):
        axes = grid[i, j]
        axes.imshow(maps[i, j], cmap="Blues", vmin=0.0, vmax=maps[i, j].max())
        axes.set(xticks=[], yticks=[])
        axes.set_title(f"camada {layers[i] + 1}, cabeça {heads[j] + 1}", fontsize=9)
        if few and (j == 0 or alone):
            axes.set_yticks(range(len(tokens)), tokens, fontsize=7)
        if few and (i == len(layers) - 1 or alone):
            axes.set_xticks(range(len(tokens)), tokens, fontsize=7, rotation=90)
