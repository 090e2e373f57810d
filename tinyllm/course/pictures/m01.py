"""The pictures of module 1."""

import numpy as np

from tinyllm import plot, storage
from tinyllm.course.pictures.drawing import BLUE, GREEN, GREY, ORANGE, PURPLE, RED, arrow, box
from tinyllm.evaluate.attention_maps import attention_maps
from tinyllm.memory import estimate
from tinyllm.models.gpt import GPTConfig
from tinyllm.plot import INK, SOFT
from tinyllm.say import decimal
from tinyllm.show import compare
from tinyllm.tensor import no_grad
from tinyllm.train import run as runs

FOLDER = "m01_introducao/imagens"


# ------------------------------------------------------------------------------------------------------------- timeline

ERAS = (
    ("contar", GREY),
    ("redes e vetores", ORANGE),
    ("atenção", BLUE),
    ("escala", GREEN),
    ("modelos abertos", PURPLE),
)
EVENTS = (
    (0, "1948–51", "Shannon", "n-gramas e a\nentropia do inglês"),
    (1, "2003", "NPLM", "Bengio: uma rede\nprevê a palavra"),
    (1, "2013", "word2vec", "palavras viram\nvetores"),
    (1, "2014", "seq2seq", "um LSTM lê,\noutro escreve"),
    (2, "2014", "atenção", "Bahdanau: o decoder\nescolhe onde olhar"),
    (2, "2017", "Transformer", "só atenção,\nsem recorrência"),
    (2, "2018", "GPT e BERT", "pré-treinar,\ndepois adaptar"),
    (3, "2019", "GPT-2, T5", "GPT-2: sem ajuste;\nT5: texto a texto"),
    (3, "2020", "GPT-3", "175 bilhões;\nexemplos no prompt"),
    (3, "2022", "Chinchilla", "20 tokens por\nparâmetro"),
    (3, "2022", "InstructGPT\ne ChatGPT", "seguir instruções"),
    (4, "2023", "Llama, Mistral", "pesos que se\npodem baixar"),
    (4, "2023", "Mixtral, Mamba", "especialistas; estado\nem vez de atenção"),
    (4, "2024–25", "DeepSeek-V3, R1", "MoE grande; raciocínio\npor reforço"),
)


def timeline(figure):
    axes = figure.add_subplot()
    axes.set(xlim=(-0.75, len(EVENTS) - 0.1), ylim=(-2.2, 2.25))
    axes.axis("off")
    for era, (name, color) in enumerate(ERAS):
        places = [place for place, event in enumerate(EVENTS) if event[0] == era]
        first, last = places[0] - 0.5, places[-1] + 0.5
        axes.fill_between([first + 0.03, last - 0.03], -0.19, 0.19, color=color, linewidth=0)
        axes.text((first + last) / 2, 0, name, ha="center", va="center", color="white", fontsize=9, fontweight="bold")
    for place, (era, year, name, what) in enumerate(EVENTS):
        up, color = 1 if place % 2 == 0 else -1, ERAS[era][1]
        axes.plot([place, place], [0.19 * up, 0.62 * up], color=color, linewidth=1.5)
        axes.plot([place], [0.62 * up], "o", color=color, markersize=5)
        lines = [(year, color, "bold", 9.5), *((n, INK, "bold", 9.5) for n in name.split("\n"))]
        lines += [(line, INK, "normal", 8.5) for line in what.split("\n")]
        top = 0.8 + 0.34 * (len(lines) - 1) if up > 0 else -0.8
        for number, (line, ink, weight, size) in enumerate(lines):
            axes.text(place, top - 0.34 * number, line, ha="center", va="center", color=ink, fontweight=weight,
                      fontsize=size)  # fmt: skip


# ----------------------------------------------------------------------------------------- recurrence beside attention

WORDS = ("a", "gata", "do", "rio", "dormia")


def architectures(figure):
    """An RNN unrolled, the cell of an LSTM, and who looks at whom in causal attention."""
    left, middle, right = figure.subplots(1, 3, width_ratios=(1, 1.02, 1))
    for axes, title in ((left, "RNN: o passado num estado só"), (middle, "LSTM: uma memória com três portas"),
                        (right, "atenção: cada posição olha as outras")):  # fmt: skip
        axes.set_title(title, fontsize=10.5, fontweight="bold", color=INK)
        axes.axis("off")
    recurrence(left)
    lstm_cell(middle)
    attention_lines(right)


def recurrence(axes):
    axes.set(xlim=(-0.6, 4.6), ylim=(-1.25, 2.15))
    for t, word in enumerate(WORDS):
        axes.text(t, -0.45, word, ha="center", va="center", fontsize=9.5)
        arrow(axes, (t, -0.27), (t, 0.26))
        box(axes, t, 0.5, f"h{'₁₂₃₄₅'[t]}", color=ORANGE)
        arrow(axes, (t, 0.74), (t, 1.25))
        axes.text(t, 1.42, "próxima?" if t == 4 else "…", ha="center", va="center", fontsize=9)
        if t:
            arrow(axes, (t - 0.69, 0.5), (t - 0.31, 0.5), color=ORANGE, width=2.2)
    axes.text(2, -1.0, "de “gata” a “dormia”: 3 passos,\num depois do outro", ha="center", va="center", fontsize=9,
              color=SOFT)  # fmt: skip


def lstm_cell(axes):
    from matplotlib.patches import FancyBboxPatch

    axes.set(xlim=(-0.75, 5.05), ylim=(-1.25, 2.15))
    axes.add_patch(FancyBboxPatch((0.05, -0.28), 4.1, 2.1, boxstyle="round,pad=0,rounding_size=0.12",
                                  facecolor="#fdf5ec", edgecolor=ORANGE, linewidth=1.2))  # fmt: skip
    arrow(axes, (-0.45, 1.42), (4.65, 1.42), color=ORANGE, width=2.4)
    axes.text(-0.5, 1.66, "cₜ₋₁", ha="center", fontsize=10)
    axes.text(4.62, 1.66, "cₜ", ha="center", fontsize=10)
    for x, y, symbol in ((0.72, 1.42, "×"), (1.95, 1.42, "+"), (1.95, 0.85, "×"), (3.7, 0.85, "×")):
        axes.plot([x], [y], "o", markersize=13, markerfacecolor="white", markeredgecolor=ORANGE, zorder=5)
        axes.text(x, y - 0.01, symbol, ha="center", va="center", fontsize=11, zorder=6)
    for x, name in ((0.72, "f"), (1.58, "i"), (2.32, "g"), (3.15, "o")):
        box(axes, x, 0.3, name, color=GREY if name == "g" else BLUE, width=0.5, height=0.4, size=10.5)
    arrow(axes, (0.72, 0.5), (0.72, 1.23))
    arrow(axes, (1.58, 0.5), (1.86, 0.75))
    arrow(axes, (2.32, 0.5), (2.04, 0.75))
    arrow(axes, (1.95, 0.88), (1.95, 1.23))
    arrow(axes, (3.7, 1.4), (3.7, 1.04))
    axes.text(3.78, 1.16, "tanh", fontsize=8, va="center")
    arrow(axes, (3.3, 0.5), (3.56, 0.73))
    arrow(axes, (3.89, 0.85), (4.65, 0.85), color=ORANGE, width=2.0)
    axes.text(4.62, 1.02, "hₜ", ha="center", fontsize=10)
    arrow(axes, (-0.45, -0.05), (0.4, -0.05), color=ORANGE, width=2.0)
    axes.plot([0.4, 3.4], [-0.05, -0.05], color=SOFT, linewidth=1.2)
    axes.text(-0.45, 0.12, "xₜ, hₜ₋₁", ha="center", fontsize=9.5)
    for x in (0.72, 1.58, 2.32, 3.15):
        arrow(axes, (x, -0.05), (x, 0.1), width=1.0)
    axes.text(2.1, -0.8, "portas: f guarda, i deixa entrar, o mostra;\ng é a novidade", ha="center", va="center",
              fontsize=9, color=SOFT)  # fmt: skip


def attention_lines(axes):
    axes.set(xlim=(-0.6, 4.6), ylim=(-1.25, 2.15))
    strong = {0: 0.12, 1: 0.62, 2: 0.04, 3: 0.12, 4: 0.10}
    for t, word in enumerate(WORDS):
        box(axes, t, 1.35, word, color=BLUE, width=0.94, size=9)
        box(axes, t, 0.0, word, color=BLUE, width=0.94, size=9, filled=False)
        for s in range(t):
            axes.plot([t, s], [1.13, 0.22], color=SOFT, linewidth=0.8, alpha=0.35, zorder=1)
        axes.plot([t, t], [1.13, 0.22], color=SOFT, linewidth=0.8, alpha=0.35, zorder=1)
    for s, weight in strong.items():
        axes.plot([4, s], [1.13, 0.22], color=BLUE, linewidth=0.6 + 6 * weight, alpha=0.85, zorder=2)
    axes.text(2, -0.8, "de “gata” a “dormia”: 1 passo,\ntodas as posições ao mesmo tempo", ha="center", va="center",
              fontsize=9, color=SOFT)  # fmt: skip


# ------------------------------------------------------------------------------------------ a trained model, looked at

PROMPT = "Era uma vez uma gata chamada Alice, muito"
MOST_LIKELY = 10


def measure(folder, run):
    """Write what a trained model says of PROMPT: its next tokens, and the head of its blocks that looks hardest at the
    cat."""
    model, tokenizer = run.trained_model(), run.tokenizer
    ids = [run.end_id, *tokenizer.encode(PROMPT)]
    pieces = [tokenizer.decode([i]) for i in ids]
    with no_grad():
        logits = model(np.array([ids])).data[0, -1].astype(np.float64)
    probabilities = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
    best = np.argsort(-probabilities)[:MOST_LIKELY]
    likely = [[tokenizer.decode([int(i)]), round(float(probabilities[i]), 4)] for i in best]
    storage.save_json(folder / "proximo-token.json", {"pieces": pieces, "likely": likely})
    weights, cat = attention_maps(model, ids)[: len(model.blocks)], pieces.index(" gata")
    layer, head = np.unravel_index(weights[:, :, -1, cat].argmax(), weights.shape[:2])
    storage.save_json(
        folder / "atencao.json",
        {"pieces": pieces, "layer": int(layer), "head": int(head),
         "weights": weights[layer, head].round(3).tolist()},
    )  # fmt: skip


def shown(piece):
    return "fim" if piece == runs.END else piece.strip()


def next_token(figure, found):
    """The tokens of the prompt, and the ten likeliest to come next."""
    top, bottom = figure.subplots(2, 1, height_ratios=(1, 4.2))
    top.axis("off")
    widths = [0.5 + 0.19 * len(shown(piece)) for piece in found["pieces"]]
    place = 0.0
    for width, piece in zip(widths, found["pieces"], strict=True):
        box(
            top,
            place + width / 2,
            0,
            shown(piece),
            color=BLUE,
            width=width,
            height=0.8,
            size=10,
            filled=piece != runs.END,
        )
        place += width + 0.12
    box(top, place + 0.5, 0, "?", color=ORANGE, width=0.9, height=0.8, size=12)
    top.set(xlim=(-0.1, place + 1.1), ylim=(-0.55, 0.55))
    names, chances = zip(*reversed(found["likely"]), strict=True)
    bars = bottom.barh(range(len(names)), [100 * p for p in chances], color=ORANGE, height=0.72)
    bottom.bar_label(bars, [f"{decimal(100 * p, 1)} %" for p in chances], padding=4, fontsize=9)
    bottom.set_yticks(range(len(names)), [shown(name) for name in names])
    bottom.set(xlabel=f"probabilidade de ser o próximo token (os {len(names)} mais prováveis de 4.096)")
    bottom.set_xticks([])
    bottom.spines[["bottom", "left"]].set_visible(False)
    bottom.tick_params(length=0)


def attention_map(figure, found):
    """Row by row, where one head of the trained model looks."""
    from matplotlib.colors import LinearSegmentedColormap

    weights, pieces = np.array(found["weights"]), [shown(piece) for piece in found["pieces"]]
    axes = figure.add_subplot()
    colors, edges = LinearSegmentedColormap.from_list("blue", [plot.PAPER, BLUE]), np.arange(len(pieces) + 1) - 0.5
    axes.pcolormesh(edges, edges, np.sqrt(weights), cmap=colors, vmin=0, vmax=1)
    axes.set_aspect("equal")
    axes.invert_yaxis()
    for (row, column), weight in np.ndenumerate(weights):
        if weight >= 0.05:
            axes.text(column, row, f"{100 * weight:.0f}", ha="center", va="center", fontsize=8.5,
                      color="white" if weight > 0.25 else INK)  # fmt: skip
        if column > row:
            axes.fill_between([column - 0.5, column + 0.5], row - 0.5, row + 0.5, color="#f1f3f5", linewidth=0)
    axes.set_xticks(range(len(pieces)), pieces, rotation=45, ha="left", rotation_mode="anchor")
    axes.xaxis.tick_top()
    axes.set_yticks(range(len(pieces)), pieces)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set(ylabel="quem olha (%)")
    axes.xaxis.set_label_position("top")
    axes.set_xlabel("para quem olha")


# ------------------------------------------------------------------------------------------------------ memory budget

GPT2 = GPTConfig(vocab_size=50257, context=1024, layers=12, heads=12, width=768)
PLANS = {
    "treinar, lote de 4 textos": estimate.Plan(batch=4, on_gpu=True),
    "treinar, lote de 1": estimate.Plan(batch=1, on_gpu=True),
    "lote de 4, recomputando\nas ativações": estimate.Plan(batch=4, recompute=1, on_gpu=True),
    "o mesmo, em precisão mista": estimate.Plan(batch=4, recompute=1, precision="mixed", on_gpu=True),
}
CARD = 4e9  # bytes of the memory that the course has in mind


def memory(figure):
    """Where the memory of training a small GPT-2 goes, under several plans, beside a card of 4 GB."""
    axes = figure.add_subplot()
    names = ["só usar: 1.024 tokens", *PLANS]
    used = estimate.inference(GPT2, tokens=1024)
    bars = [(estimate.CUDA_CONTEXT, used.weights, 0, used.cache)]
    for plan in PLANS.values():
        found = estimate.training(GPT2, plan)
        rest = found.total - found.process - found.weights - found.optimiser
        bars.append((found.process, found.weights, found.optimiser, rest))
    begin, places = np.zeros(len(bars)), -np.arange(len(bars))
    parts = ("a própria GPU (driver e rotinas)", "pesos", "momentos do AdamW (e pesos em 32 bits)",
             "no auge do passo: gradientes e ativações; ao usar, o KV cache")  # fmt: skip
    for part, color, label in zip(zip(*bars, strict=True), (SOFT, BLUE, GREEN, ORANGE), parts, strict=True):
        width = np.array(part) / 1e9
        axes.barh(places, width, left=begin, color=color, height=0.66, label=label)
        begin += width
    for place, total in zip(places, begin, strict=True):
        axes.text(total + 0.1, place, f"{decimal(total, 1)} GB", va="center", fontweight="bold",
                  bbox={"facecolor": plot.PAPER, "edgecolor": "none", "pad": 1.5})  # fmt: skip
    axes.axvline(CARD / 1e9, color=RED, linestyle="--", linewidth=1.5)
    axes.text(CARD / 1e9 + 0.06, 0.72, "uma placa de 4 GB", color=RED, va="center")
    axes.set_yticks(places, names)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set(xlabel="GB", ylim=(places[-1] - 0.5, 1.0), xlim=(0, max(begin) + 0.9))
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False, fontsize=9)


def curves(figure, found):
    """What `tinyllm compare --json` measured: curvas.json holds its lines as a list."""
    compare.curves(figure, found, **{name: found[0][name] for name in found[0] if name.startswith("bigram")})


PICTURES = {
    "proximo-token": (next_token, 8, 3.9),
    "linha-do-tempo": (timeline, 11.6, 3.5),
    "rnn-lstm-atencao": (architectures, 11, 3.3),
    "atencao": (attention_map, 6, 5.6),
    "curvas": (curves, 8, 4.2),
    "memoria": (memory, 9, 4.2),
}
