"""`tinyllm compare`: several models on the same text, with the same tokenizer and number of tokens.

Each model is a run of its own, in a folder beside the others; the table and the curves are read from their logs, so a
comparison that was stopped goes on, and one that is done is shown again at once. The targets of a loss depend on what
the model learns: beside it stands the loss of a unigram, which only knows how frequent each token is among them.
"""

import math

import numpy as np

from tinyllm import plot, storage
from tinyllm.backend.threads import single_threaded_blas
from tinyllm.data import batches
from tinyllm.data.objectives import Causal
from tinyllm.data.split import SPLITS
from tinyllm.errors import UsageError
from tinyllm.evaluate.metrics import InterpolatedBigram, perplexity
from tinyllm.models import catalog
from tinyllm.nn.module import count_parameters
from tinyllm.say import decimal, emit, tell, thousands
from tinyllm.show.training import compile_kernels, train_showing
from tinyllm.train import log, tasks
from tinyllm.train import run as runs
from tinyllm.train.loop import TrainConfig

STEPS, TEXTS = 600, 3000
TOKENS, VOCABULARY = 2048, 2048  # in each step
MARKS = 20  # how many times the loss on the validation text is measured; the table shows every fourth part
# Models of about a million parameters, each with the best of the learning rates tried for it. From long windows BERT
# takes several times as long to begin: before it knows where to look, what it sees is a bag of as many tokens.
SETTINGS = {
    "rnn": ({"layers": 4, "width": 256}, 8e-3),
    "lstm": ({"layers": 2, "width": 200}, 8e-3),
    "gpt": ({"layers": 4, "heads": 4, "width": 128}, 8e-3),
    "llama": ({"layers": 4, "heads": 4, "kv_heads": 2, "width": 128, "hidden": 352}, 8e-3),
    "bert": ({"context": 32, "layers": 4, "heads": 4, "width": 128}, 2e-3),
    "t5": ({"layers": 2, "decoder_layers": 2, "heads": 4, "width": 128, "hidden": 256}, 4e-3),
}


def compare_models(names, folder, *, steps, texts, seed, picture=None, as_json=False):
    """Train these models one after the other, or go on where an earlier call stopped. Returns the exit status."""
    if picture is not None:
        plot.check(picture)
    folder = storage.claim_folder(folder)
    if unknown := [name for name in names if name not in SETTINGS]:
        raise UsageError(f"there is no model {unknown[0]:.60}; there are {', '.join(SETTINGS)}")
    compared = {name: find_or_make(name, folder / name, steps=steps, texts=texts, seed=seed) for name in names}
    for name, run in compared.items():
        if runs.steps_done(run) < run.training.steps:
            tell(f"\n{name}: {thousands(count_parameters(run.new_model()))} parâmetros")
            compile_kernels(run)
            status = train_showing(run)
            if status:
                return status
    found = [measure(name, run) for name, run in compared.items()]
    bigram = bigram_losses(next((run for run in compared.values() if is_causal(run)), None))
    if picture:
        width = 9.0 if len({figures["target"] for figures in found}) == 1 else 13.0
        plot.draw(picture, lambda figure: curves(figure, found, **bigram), width=width)
    if as_json:
        for figures in found:
            emit({**figures, **bigram})
    else:
        show(found, bigram["bigram_perplexity"])
    return 0


def config_of(name):
    """The sizes of a model that is compared, as its configuration."""
    return catalog.find(name).config(vocab_size=VOCABULARY, **SETTINGS[name][0])


def find_or_make(name, folder, *, steps, texts, seed):
    """The run of one model. Raises UsageError for a folder with another kind of run."""
    if not (folder / "config.json").exists():
        config, (_, rate) = config_of(name), SETTINGS[name]
        data = tasks.DataConfig(texts=texts, save_every=steps, validate_every=max(1, steps // MARKS))
        training = TrainConfig(
            steps=steps, batch=TOKENS // config.context, learning_rate=rate, decay_steps=steps, seed=seed
        )
        return runs.create(folder, data, config, training)
    run = runs.open_run(folder)
    there, asked = (run.training.steps, run.data.texts, run.training.seed), (steps, texts, seed)
    if there != asked:
        raise UsageError(
            f"{folder} holds a run of steps={there[0]}, texts={there[1]}, seed={there[2]}, "
            f"not {asked[0]}, {asked[1]}, {asked[2]}; choose another --out"
        )
    return run


def measure(name, run):
    """What the log of a finished run tells, and the perplexity on texts that no step and no choice has seen."""
    lines = log.read(run.folder / log.STEPS, warn=tell)
    steps = [line for line in lines if line.get("loss") is not None]
    validated = [line for line in lines if line.get("validation_loss") is not None]
    if not steps or not validated:
        raise UsageError(f"{run.folder / 'log.jsonl'} tells no losses; delete {run.folder} to train {name} again")
    each, seconds = run.training.batch * run.model_config.context, sum(line["seconds"] for line in steps)
    model = run.trained_model(warn=tell)
    with single_threaded_blas():  # a recurrent model multiplies small matrices, which threads only delay
        loss = run.mean_loss(model, "test")
    return {
        "model": name,
        "target": run.task.objective(run).target,
        "parameters": count_parameters(model),
        "learning_rate": run.training.learning_rate,
        "curve": [[line["step"] * each, line["validation_loss"]] for line in validated],
        "loss": loss,
        "perplexity": perplexity(loss),
        "unigram_loss": unigram_loss(run),
        "tokens_per_second": each * len(steps) / seconds,
        "seconds": seconds,
    }


def is_causal(run):
    return isinstance(run.task.objective(run), Causal)


def unigram_loss(run):
    """The mean loss on the test text of who only knows how often each token was a target in the training text."""
    seen, new = (targets_of(run, split) for split in ("train", "test"))
    counts = np.bincount(seen, minlength=run.tokenizer.vocab_size) + 1
    return float(-np.log(counts[new] / counts.sum()).mean())


def targets_of(run, split):
    """(N,) of what the model is to guess in a text, cut into windows side by side."""
    tokens, context = run.tokens(split), run.model_config.context
    starts = np.arange(0, len(tokens) - context, context)
    x, y = batches.windows(tokens, starts, context)
    return run.task.objective(run)(x, y, np.random.default_rng(0))[-1].reshape(-1)


def bigram_losses(run):
    """The perplexity on the test text, and the loss on the validation text, of a bigram; None without a run."""
    if run is None:
        return {"bigram_perplexity": None, "bigram_validation_loss": None}
    train, validation, test = (run.tokens(split) for split in SPLITS)
    bigram = InterpolatedBigram(train, validation, run.tokenizer.vocab_size)
    return {
        "bigram_perplexity": perplexity(bigram.mean_loss(test)),
        "bigram_validation_loss": bigram.mean_loss(validation),
    }


def show(found, bigram):
    """Print the table, the models that guess the same things together."""
    tokens = found[0]["curve"][-1][0]
    print(f"\n{thousands(tokens)} tokens de texto para cada um, do mesmo texto. A perda, em nats por alvo, é a do")
    print(
        "texto de validação ao longo do treino e, em teste, a do de teste; o unigrama só sabe a frequência dos alvos."
    )
    parts = (0.25, 0.5, 0.75, 1.0)
    heads = "".join(f"{f'{100 * part:.0f} %':>7}" for part in parts)
    for target in dict.fromkeys(figures["target"] for figures in found):
        print(f"\nO que se adivinha: {target}\n")
        print(
            f"{'modelo':9}{'parâmetros':>11}{'taxa':>8}{heads}{'teste':>8}{'perplexidade':>14}{'tokens/s':>10}{'tempo':>8}"
        )
        same = [figures for figures in found if figures["target"] == target]
        for figures in same:
            row = f"{figures['model']:9}{thousands(figures['parameters']):>11}{decimal(figures['learning_rate'], 4):>8}"
            row += "".join(f"{decimal(loss_at(figures['curve'], part * tokens)):>7}" for part in parts)
            row += f"{decimal(figures['loss']):>8}{decimal(figures['perplexity']):>14}"
            print(f"{row}{thousands(round(figures['tokens_per_second'])):>10}{decimal(figures['seconds'], 0):>6} s")
        simple = {"unigrama": perplexity(same[0]["unigram_loss"])} | (
            {"bigrama": bigram} if target == Causal.target else {}
        )
        for name, figure in simple.items():
            print(f"{name:56}{decimal(math.log(figure)):>8}{decimal(figure):>14}")


def loss_at(curve, tokens):
    """The loss of a curve at its first point at or after so many tokens."""
    return next(loss for seen, loss in curve if seen >= tokens)


def curves(figure, found, *, bigram_perplexity, bigram_validation_loss):
    """Paint the loss on the validation text against the tokens seen: a panel for each thing that is guessed.

    The bigram's loss on the same text, where there is one, is a line to get below.
    """
    targets = list(dict.fromkeys(figures["target"] for figures in found))
    colors = dict(zip((figures["model"] for figures in found), plot.COLORS, strict=False))
    for axes, target in zip(figure.subplots(1, len(targets), squeeze=False)[0], targets, strict=True):
        for figures in (figures for figures in found if figures["target"] == target):
            tokens, losses = zip(*figures["curve"], strict=True)
            label = f"{figures['model']}: {decimal(figures['perplexity'], 1)} no fim"
            axes.plot(
                [count / 1e6 for count in tokens], losses, color=colors[figures["model"]], linewidth=2, label=label
            )
        if bigram_perplexity and target == Causal.target:
            label = f"bigrama: {decimal(bigram_perplexity, 1)}"
            axes.axhline(bigram_validation_loss, color=plot.SOFT, linestyle="--", linewidth=1.3, label=label)
        axes.set(title=target, xlabel="milhões de tokens de treino")
        axes.yaxis.set_major_formatter(lambda value, _: decimal(value, 1))
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}".replace(".", ","))
        axes.grid(axis="y", color="#e4e7eb")
        axes.legend(title="perplexidade no texto de teste", frameon=False)
    figure.supylabel("perda no texto de validação (nats por alvo)", fontsize=10)
