"""What a classifier is worth: its figures on texts it has not seen, beside a bag of words, and where it fails."""

import numpy as np

from tinyllm.data.corpora import resenhas
from tinyllm.evaluate import classification
from tinyllm.evaluate.classification import BagOfWords, accuracy, confusion
from tinyllm.say import counted, emit, percent, tell
from tinyllm.train.tasks.classify import probabilities

LARGEST_BAG = 40_000  # texts: a bag of words learns hardly anything from more
SPLITS = {"validation": "validação", "test": "teste"}  # to compare and choose by; for the one figure after that


def show_figures(run, model, split, *, errors=0, as_json=False):
    """Print the figures on the texts of a split, and the `errors` of which the model was most certain."""
    tell(f"Medindo nos textos de {SPLITS[split]}, e numa regressão logística sobre as mesmas palavras sem ordem…")
    rows, labels = run.task.examples(run, split)
    chances = probabilities(model, rows)
    guesses = chances.argmax(axis=1)
    table = confusion(labels, guesses, len(run.task.labels))
    figures = {
        "split": split,
        "texts": len(rows),
        "accuracy": accuracy(table),
        "f1": dict(zip(run.task.labels, map(float, classification.f1(table)), strict=True)),
        "macro_f1": float(classification.f1(table).mean()),
        "confusion": table.tolist(),
        "bag_of_words_accuracy": bag_of_words_accuracy(run, split),
        "ceiling": 1 - resenhas.LABEL_NOISE if run.data.corpus == "resenhas" else None,
    }
    wrong = np.flatnonzero(guesses != labels)
    worst = wrong[chances[wrong, guesses[wrong]].argsort(kind="stable")[::-1][:errors]]
    texts = run.task.texts(run, split)
    found = [
        {
            "text": texts[i],
            "label": run.task.labels[labels[i]],
            "guess": run.task.labels[guesses[i]],
            "probability": float(chances[i, guesses[i]]),
        }
        for i in worst
    ]
    if as_json:
        emit({**figures, "errors": found})
    else:
        show(figures, run.task.labels)
        show_errors(found)


def bag_of_words_accuracy(run, split):
    """The accuracy on the texts of a split of a bag of words that has learned from the same texts."""
    (_, labels), (_, new_labels) = (run.task.examples(run, part) for part in ("train", split))
    count = len(run.task.labels)
    bag = BagOfWords(run.task.texts(run, "train")[:LARGEST_BAG], labels[:LARGEST_BAG], count)
    return accuracy(confusion(new_labels, bag(run.task.texts(run, split)), count))


def show(figures, labels):
    print(f"\nEm {counted(figures['texts'], 'texto')} de {SPLITS[figures['split']]}, que não estão no treino:\n")
    print(f"  acurácia            {percent(figures['accuracy'])}")
    if figures["ceiling"]:
        print(
            f"  teto                {percent(figures['ceiling'])}, porque o resto dos rótulos foi trocado de propósito"
        )
    print(f"  saco de palavras    {percent(figures['bag_of_words_accuracy'])}, que não vê a ordem delas")
    print(f"  F1 médio            {percent(figures['macro_f1'])}\n")
    width = max(12, *(len(label) + 2 for label in labels))
    print(f"  {'rótulo':{width}}" + "".join(f"{label:>{width}}" for label in labels) + f"{'F1':>{width}}")
    for label, row in zip(labels, figures["confusion"], strict=True):
        cells = "".join(f"{count:>{width}}" for count in row)
        print(f"  {label:{width}}{cells}{percent(figures['f1'][label]):>{width}}")
    print("\n  Cada linha é um rótulo verdadeiro; cada coluna, o que o modelo disse.")


def show_errors(found):
    for error in found:
        print(f"\n  {error['label']}, mas o modelo diz {error['guess']} ({percent(error['probability'])}):")
        print(f"  {error['text']}")
