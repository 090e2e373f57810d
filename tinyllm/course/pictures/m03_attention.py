"""The pictures of module 3 that show attention: `python -m tinyllm.course.pictures.m03_attention` trains, in seconds,
the small models that two of them show, and keeps what was measured as JSON beside the pictures."""

import numpy as np

from tinyllm import functional as F
from tinyllm import storage
from tinyllm.course.pictures.drawing import BLUE, GREEN, GREY, ORANGE, RED, arrow, box
from tinyllm.course.syllabus import course_folder
from tinyllm.evaluate.attention_maps import watched
from tinyllm.models import bert, gpt
from tinyllm.models.bert import BERTConfig
from tinyllm.nn import attention, layers
from tinyllm.nn.module import Module
from tinyllm.optim.adamw import AdamW
from tinyllm.plot import INK, SOFT
from tinyllm.tensor import no_grad
from tinyllm.train.loop import TrainConfig, train

TOKENS, LENGTH, WIDTH = 10, 8, 32
TEXTS = 500  # over which what is shown is a mean


# ----------------------------------------------------------------------------------------------------------- measuring


class Neighbours(Module):
    """(B, T) ids -> (B, T, 2 V) logits of the left and of the right neighbour of each position, by one attention."""

    def __init__(self, heads, *, rng):
        self.tokens = layers.Embedding(TOKENS, WIDTH, rng=rng, std=0.3)
        self.positions = layers.LearnedPositions(LENGTH, WIDTH, rng=rng)
        self.attention = attention.SelfAttention(WIDTH, heads, rng=rng)
        self.out = layers.Linear(WIDTH, 2 * TOKENS, rng=rng)

    def __call__(self, ids):
        return self.out(self.attention(self.positions(self.tokens(ids))))

    def loss(self, ids, targets):
        return F.cross_entropy(self(ids).reshape(-1, TOKENS), targets.reshape(-1))


class Mirror(Module):
    """(B, T) ids -> (B, T, V) logits of the token at the mirrored position, by any model with `hidden`."""

    def __init__(self, body, *, rng):
        self.body, self.out = body, layers.Linear(WIDTH, TOKENS, rng=rng)

    def __call__(self, ids):
        return self.out(self.body.hidden(ids))

    def loss(self, ids, targets):
        return F.cross_entropy(self(ids).reshape(-1, TOKENS), targets.reshape(-1))


def both_neighbours(ids):
    """(B, T) -> (B, T, 2): the tokens to the left and to the right, the text being a ring."""
    return np.stack([np.roll(ids, 1, axis=1), np.roll(ids, -1, axis=1)], axis=-1)


def trained(model, targets_of):
    """The model after 300 steps, and on fresh texts: its share of right answers and its mean attention (H, T, T) of
    each layer."""

    def batches():
        draw = np.random.default_rng(0)
        while True:
            ids = draw.integers(TOKENS, size=(64, LENGTH))
            yield ids, targets_of(ids)

    config = TrainConfig(steps=300, learning_rate=5e-3, warmup=20)
    for _ in train(model, batches(), AdamW(model.named_parameters()), config=config):
        pass
    ids = np.random.default_rng(1).integers(TOKENS, size=(TEXTS, LENGTH))
    targets = targets_of(ids)
    with no_grad(), watched() as maps:
        found = model(ids).data.reshape(*targets.shape, TOKENS).argmax(axis=-1)
    return (found == targets).mean(axis=0), [weights.mean(axis=0) for weights in maps]


def rounded(weights):
    return weights.astype(float).round(3).tolist()


def measure(folder):
    """Write what the pictures of trained models show."""
    found = {}
    for heads in (1, 2):
        right, (weights,) = trained(Neighbours(heads, rng=np.random.default_rng(0)), both_neighbours)
        found[f"{heads}"] = {"right": right.mean(axis=0).round(3).tolist(), "weights": rounded(weights)}
    storage.save_json(folder / "vizinhos.json", found)
    shape, found = {"vocab_size": TOKENS, "context": LENGTH, "layers": 2, "heads": 1, "width": WIDTH}, {}
    for name, body, config in (
        ("encoder", bert.Encoder, BERTConfig(**shape)),
        ("decoder", gpt.GPT, gpt.GPTConfig(**shape)),
    ):
        rng = np.random.default_rng(0)
        right, maps = trained(Mirror(body(config, rng=rng), rng=rng), lambda ids: ids[:, ::-1])
        found[name] = {"right": right.round(3).tolist(), "weights": rounded(maps[0][0])}
    storage.save_json(folder / "espelho.json", found)


# ------------------------------------------------------------------------------------------------------- several heads


def heads(figure):
    """The way of one layer: channels projected, dealt to heads, each with its own weights, and put together again."""
    axes, colors = figure.add_subplot(), (BLUE, ORANGE, GREEN)
    axes.set(xlim=(-0.5, 12.4), ylim=(-0.45, 3.5))
    axes.axis("off")
    draw, labels = np.random.default_rng(3), {0.3: "x", 2.35: "q, k, v", 6.3: "pesos de cada cabeça", 9.75: "juntas"}
    for x, label in {**labels, 11.85: "saída"}.items():
        axes.text(x, 3.3, label, ha="center", va="center", fontweight="bold")
    strips(axes, 0.0, [(GREY, 0.35)])
    arrow(axes, (0.85, 1.4), (1.55, 1.4))
    axes.text(1.2, 1.62, "qkv", ha="center", fontsize=9)
    for part in range(3):
        strips(axes, 1.7 + 0.5 * part, [(color, 0.9 - 0.25 * part) for color in colors])
        axes.text(1.85 + 0.5 * part, -0.25, "qkv"[part], ha="center", fontsize=9)
    for head, color in enumerate(colors):
        middle = 2.55 - 1.1 * head
        arrow(axes, (3.2, middle), (5.4, middle), color=color)
        axes.text(4.3, middle + 0.14, f"cabeça {head + 1}", ha="center", fontsize=9)
        weights = draw.random((5, 5)) ** 4
        shade(axes, weights / weights.sum(axis=1, keepdims=True), (5.85, middle - 0.45, 0.9, 0.9), color)
        arrow(axes, (7.1, middle), (9.3, middle), color=color)
        axes.text(8.2, middle + 0.14, "pesos @ v", ha="center", fontsize=9)
    strips(axes, 9.6, [(color, 0.9) for color in colors])
    arrow(axes, (10.15, 1.4), (11.5, 1.4))
    axes.text(10.8, 1.62, "out", ha="center", fontsize=9)
    strips(axes, 11.7, [(GREY, 0.6)])
    axes.text(-0.1, -0.25, "C canais", fontsize=9)


def strips(axes, x, colors):
    """A vector as a column, in as many equal pieces as there are colours."""
    height = 3.1 / len(colors)
    for piece, (color, alpha) in enumerate(colors):
        bottom = 3.0 - height * (piece + 1)
        axes.fill_between([x, x + 0.3], bottom + 0.03, bottom + height - 0.03, color=color, alpha=alpha, linewidth=0)


def shade(axes, weights, place, color):
    """A matrix of weights as squares, darker where they are larger, in a place (left, bottom, width, height)."""
    left, bottom, width, height = place
    rows, columns = weights.shape
    for (row, column), weight in np.ndenumerate(weights):
        x, y = left + width * column / columns, bottom + height * (1 - (row + 1) / rows)
        axes.fill_between([x, x + width / columns], y, y + height / rows, color=color,
                          alpha=min(1.0, float(weight)) ** 0.5, linewidth=0)  # fmt: skip
    axes.plot([left, left + width, left + width, left, left],
              [bottom, bottom, bottom + height, bottom + height, bottom], color=SOFT, linewidth=0.8)  # fmt: skip


def neighbours(figure, found):
    """Where one head looks that is asked for both neighbours, and where two look."""
    one, two = found["1"], found["2"]
    both = f"duas cabeças: a primeira\n{told(two)}", f"duas cabeças: a segunda\n{told(two)}"
    maps = (
        (one["weights"][0], f"uma cabeça\n{told(one)}", GREY),
        *zip(two["weights"], both, (BLUE, ORANGE), strict=True),
    )
    for axes, (weights, title, color) in zip(figure.subplots(1, 3), maps, strict=True):
        grid(axes, np.array(weights), color)
        axes.set_title(title, fontsize=10)


def told(found):
    left, right = (f"{100 * share:.0f} %" for share in found["right"])
    return f"esquerda {left}, direita {right}"


def grid(axes, weights, color):
    """A map of attention: who looks, row by row, and where to."""
    T = len(weights)
    shade(axes, weights, (0, 0, T, T), color)
    axes.set(xlim=(0, T), ylim=(0, T), aspect="equal", xlabel="para onde olha", ylabel="quem olha")
    axes.set_xticks(np.arange(T) + 0.5, range(T))
    axes.set_yticks(np.arange(T) + 0.5, range(T)[::-1])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


# ------------------------------------------------------------------------------------------------------ blocks of keys


def key_blocks(figure):
    """The matrix of weights, of which only one block of columns is there at a time, and what all of it would take."""
    plan, memory = figure.subplots(1, 2, width_ratios=(1.35, 1))
    plan.set(xlim=(-2.6, 10.2), ylim=(-2.3, 8.9))
    plan.axis("off")
    looks = ((SOFT, 0.15, "já somado"), (SOFT, 0.15, "já somado"), (BLUE, 0.75, "agora"), (SOFT, 0.0, "depois"))
    for block, (color, alpha, label) in enumerate(looks):
        left = 2.2 * block
        plan.fill_between([left, left + 2.0], 0, 7, color=color, alpha=alpha, linewidth=0)
        plan.plot([left, left + 2, left + 2, left, left], [0, 0, 7, 7, 0], color=SOFT, linewidth=0.9)
        plan.text(left + 1.0, 3.5, label, ha="center", va="center", color="white" if color == BLUE else INK, fontsize=9)
        plan.text(left + 1.0, 7.7, f"chaves,\nbloco {block + 1}", ha="center", va="center", fontsize=9)
    plan.text(-0.35, 3.5, "T perguntas", ha="center", va="center", rotation=90, fontsize=9)
    arrow(plan, (5.4, -0.1), (5.4, -0.75), color=BLUE)
    box(
        plan,
        4.2,
        -1.4,
        "por pergunta: a maior, o total, a soma dos valores",
        color=ORANGE,
        width=8.9,
        height=1.1,
        size=9,
    )
    positions = 2.0 ** np.arange(9, 18)
    memory.plot(positions, 4 * positions**2 / 2**20, color=RED, linewidth=2, label="todos os pesos: T²")
    memory.plot(positions, 4 * positions * 128 / 2**20, color=BLUE, linewidth=2, label="128 chaves por vez: 128 T")
    memory.set_xscale("log", base=2)
    memory.set_yscale("log", base=2)
    memory.set_xticks([2**9, 2**11, 2**13, 2**15, 2**17], ["512", "2 mil", "8 mil", "32 mil", "128 mil"])
    memory.set_yticks([2**0, 2**5, 2**10, 2**15], ["1 MB", "32 MB", "1 GB", "32 GB"])
    memory.set(title="memória de uma cabeça, em float32", xlabel="tokens (T)")
    memory.legend(frameon=False, fontsize=9)


# --------------------------------------------------------------------------------------------------------- the encoder


def encoder(figure):
    """The encoder as a plan, and who looks at whom in a batch of two texts of different lengths."""
    plan, *texts = figure.subplots(1, 3, width_ratios=(1.25, 1, 1))
    plan.set(xlim=(-2.1, 3.0), ylim=(-0.7, 9.2))
    plan.axis("off")
    arrow(plan, (0, -0.1), (0, 9.0))
    box(plan, 0, 0.0, "ids", color=GREY, width=1.5, height=0.6, filled=False)
    box(plan, 0, 1.1, "tokens + posições", color=GREEN, width=3.2, height=0.6)
    box(plan, 0, 2.0, "norma", color=ORANGE, width=1.5, height=0.6)
    for bottom, name in ((2.75, "atenção"), (5.55, "feed-forward")):
        plan.plot([0, 1.6, 1.6], [bottom, bottom, bottom + 1.4], color=SOFT, linewidth=1.3)
        arrow(plan, (1.6, bottom + 1.4), (0.2, bottom + 1.4))
        box(plan, 1.6, bottom + 0.7, name, color=BLUE, width=2.1, height=0.6)
        plan.plot([0], [bottom + 1.4], "o", markersize=13, markerfacecolor="white", markeredgecolor=INK, zorder=5)
        plan.text(0, bottom + 1.39, "+", ha="center", va="center", fontsize=12, zorder=6)
        box(plan, 0, bottom + 2.1, "norma", color=ORANGE, width=1.5, height=0.6)
    plan.plot([-1.1, 2.85, 2.85, -1.1, -1.1], [2.5, 2.5, 8.2, 8.2, 2.5], color=SOFT, linewidth=1.1, linestyle="--")
    plan.text(-1.5, 5.35, "um bloco,\nN vezes", ha="center", va="center", rotation=90, fontsize=9)
    for axes, words in zip(texts, (("a", "gata", "viu", "o", "rato"), ("choveu", "muito", "", "", "")), strict=True):
        length = sum(map(bool, words))
        weights = np.where(np.arange(5) < length, np.full((5, 5), 1 / length), 0.0)
        grid(axes, weights, BLUE)
        names = [word or "·" for word in words]
        axes.set_xticks(np.arange(5) + 0.5, names, rotation=40)
        axes.set_yticks(np.arange(5) + 0.5, names[::-1])
        axes.set_title(f"lengths: {length}", fontsize=10)
        if length < 5:
            axes.text((5 + length) / 2, 2.5, "preenchimento:\nninguém olha", ha="center", va="center", fontsize=9)


def mirror(figure, found):
    """Where an encoder and a decoder look that are to write a text backwards, and how often each position is right."""
    first, second, bars = figure.subplots(1, 3, width_ratios=(1, 1, 1.25))
    for axes, name, color in ((first, "encoder", BLUE), (second, "decoder", ORANGE)):
        grid(axes, np.array(found[name]["weights"]), color)
        axes.set_title(f"{name}, primeiro bloco", fontsize=10)
    places = np.arange(LENGTH)
    for shift, name, color in ((-0.2, "encoder", BLUE), (0.2, "decoder", ORANGE)):
        bars.bar(places + shift, 100 * np.array(found[name]["right"]), width=0.38, color=color, label=name)
    bars.axhline(100 / TOKENS, color=SOFT, linewidth=1, linestyle=":")
    bars.set(title="acerto de cada posição (%)", xlabel="posição", ylim=(0, 125), xticks=places, yticks=(0, 50, 100))
    bars.legend(frameon=False, fontsize=9, ncols=2, loc="upper center")


PICTURES = {
    "cabecas": (heads, 10, 3.3),
    "vizinhos": (neighbours, 10, 3.8),
    "blocos-de-chaves": (key_blocks, 10, 3.6),
    "encoder": (encoder, 10.5, 4.2),
    "espelho": (mirror, 10, 3.5),
}


if __name__ == "__main__":
    measure(course_folder() / "exercises" / "m03_transformer/imagens")
