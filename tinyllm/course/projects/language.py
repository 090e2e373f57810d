"""What the projects that train a language model share: which runs count, what they cost and what they are worth."""

import math
from pathlib import Path

import numpy as np

from tinyllm import storage
from tinyllm.data import dataset
from tinyllm.data.objectives import Causal
from tinyllm.errors import UsageError
from tinyllm.evaluate.metrics import mean_loss, perplexity
from tinyllm.parallel.plan import row_products
from tinyllm.train import run as runs


def runs_in(folder):
    """The folders of the runs in the folder of a project."""
    return sorted(path.parent for path in Path(folder).glob("*/config.json"))


def of_another_kind(run):
    """Why a run cannot be judged as a language model that was trained, or None."""
    if run.quantized:
        return "tem os pesos quantizados, e não foi treinado assim"
    if not run.task.in_a_row or run.architecture.objective is not Causal:
        return "não aprende a prever o próximo token"
    if not runs.steps_done(run):
        return "ainda não salvou nada"
    return None


def worth_on(texts, run, model):
    """{"bits_per_byte", "perplexity"} of a causal model on texts; None if its tokenizer loses some of them.

    A token of a large vocabulary is harder to guess and stands for more of the text: bits per byte compare them.
    """
    if any(run.tokenizer.decode(run.tokenizer.encode(text)) != text for text in texts):
        return None
    tokens = np.concatenate(list(dataset.encoded(run.tokenizer, texts, end_id=run.end_id)))
    loss = mean_loss(model, tokens, objective=run.task.objective(run))
    return {"bits_per_byte": loss / math.log(2) * len(tokens) / size(texts), "perplexity": perplexity(loss)}


def tells_nothing(found):
    """Why what `worth_on` found of a model tells nothing, or None."""
    if found is None:
        return "o seu tokenizador perde parte do texto; use o bpe"
    if not math.isfinite(found["bits_per_byte"]):
        return "a sua perda não é um número finito: o treino divergiu; use uma taxa menor"
    return None


def read_mark(path, figures):
    """The mark in a file, of a run and with the numbers that `figures` takes from it. UsageError if it is no mark."""
    mark = storage.load_json(path)
    try:
        of_a_run, numbers = isinstance(mark["run"], str), [mark["steps"], *figures(mark)]
    except (LookupError, TypeError):
        of_a_run, numbers = False, []
    if not (of_a_run and all(type(number) in (int, float) and 0 < number < math.inf for number in numbers)):
        raise UsageError(f"{path} não é a nota que o comando escreveu; comece outra pasta")
    return mark


def size(texts):
    """Bytes."""
    return sum(len(text.encode()) for text in texts)


def flops(model, training, steps):
    """The operations that so many steps of a training take: 2 for each product on the way there, 4 on the way back."""
    return 6 * row_products(model) * training.batch * training.accumulate * steps
