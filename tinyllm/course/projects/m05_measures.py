"""Project 4's measures: what of one part of a corpus stands in another, and what the adversaries of a model are worth,
in bits per byte.
"""

import bz2
import itertools
import lzma
import math

import numpy as np

from tinyllm.course.projects.language import size, worth_on
from tinyllm.data import dataset
from tinyllm.data.dedup import NearIndex
from tinyllm.data.split import SPLITS
from tinyllm.data.texts import read_texts
from tinyllm.errors import UsageError
from tinyllm.evaluate.metrics import InterpolatedBigram, words

LEAST = {"train": 200_000, "validation": 20_000, "test": 20_000}  # bytes of each part
JUDGED = 200_000  # bytes of a part that is held out on which all are measured: its first texts
NEAR = 0.5  # of the runs of three words: texts so similar may not stand in two parts, as in `tinyllm data split`
RUN = 20  # words: a run so long that stands in two texts was copied, but for what a grammar says again and again
COPIED = 0.95  # of the runs of a text: it was in the training, however that is cut into texts


# ------------------------------------------------------------------------------------------------------------ the parts


def read_parts(folder):
    """{split: list of texts} of a folder that `tinyllm data split` wrote. Raises UsageError where there is none."""
    for name in SPLITS:
        if not (folder / f"{name}.txt").is_file():
            raise UsageError(
                f"em {folder} falta {name}.txt; escreva as três partes com tinyllm data split TEXTOS --out {folder}"
            )
    return {name: list(read_texts(folder / f"{name}.txt")) for name in SPLITS}


def check_parts(parts, folder):
    """Raise UsageError if a part is too short to tell anything, or if texts of one are near to texts of another."""
    for name, least in LEAST.items():
        if size(parts[name]) < least:
            raise UsageError(
                f"{folder / name}.txt tem {size(parts[name])} bytes, e com menos de {least} a medida é acaso; junte "
                f"mais textos, ou divida com um --held-out {'menor' if name == 'train' else 'maior'}"
            )
    held_out = parts["validation"] + parts["test"]
    if leaks := near(parts["train"], held_out) + near(parts["test"], parts["validation"]):
        raise UsageError(
            f"vazamento: em {folder}, textos de uma parte parecem-se com os de outra ({leaks}); tire os repetidos com "
            "tinyllm data dedup e divida com tinyllm data split"
        )


def near(texts, others):
    """How many of the texts are near to one of the others."""
    index = NearIndex(threshold=NEAR)
    for text in others:
        index.add(index.signature(text))
    return sum(bool(index.near(index.signature(text))) for text in texts)


def copied(texts, sources):
    """How many of the texts stand in the sources, nearly word for word, however those are cut."""
    of_each = [runs_of(text) for text in texts]
    of_all, seen = set().union(*of_each), set()
    for source in sources:
        seen |= of_all & runs_of(source)
    return sum(len(runs & seen) >= COPIED * len(runs) for runs in of_each if runs)


def runs_of(text):
    """The runs of RUN words of a text."""
    found = words(text)
    return set(zip(*(found[start:] for start in range(RUN)), strict=False))


def texts_of(run, split):
    """Generator of the texts of a run's split, from its tokens."""
    tokens = run.tokens(split)
    for piece in np.split(tokens, np.flatnonzero(tokens == run.end_id)):
        if len(piece) > 1:
            yield run.tokenizer.decode(piece[1:])  # the first is the end of the text before


def first(texts):
    """The first of the texts, JUDGED bytes of them: what is measured."""
    texts = list(texts)
    sizes = itertools.accumulate(len(text.encode()) for text in texts)
    return [text for text, end in zip(texts, sizes, strict=True) if end <= JUDGED] or texts[:1]


# ------------------------------------------------------------------------------------------------------ the adversaries


def adversaries(parts, split, run, model):
    """{name: bits per byte} on a split of what a training must beat: the general model as it is, a bigram of its tokens
    and a compressor, which both read the training texts. Raises UsageError if its tokenizer loses text."""
    texts = first(parts[split])
    found = worth_on(texts, run, model)
    if found is None:
        raise UsageError(f"o tokenizador de {run.folder} perde parte destes textos; use um modelo geral com o bpe")
    return {
        "general": found["bits_per_byte"],
        "bigram": bigram(parts["train"], first(parts["validation"]), texts, run),
        "compressor": compressed(parts["train"], texts),
    }


def bigram(train, validation, texts, run):
    """Bits per byte of texts by the pairs of tokens of the training."""
    rows = [
        np.concatenate(list(dataset.encoded(run.tokenizer, part, end_id=run.end_id)))
        for part in (train, validation, texts)
    ]
    loss = InterpolatedBigram(*rows[:2], run.tokenizer.vocab_size).mean_loss(rows[2])
    return loss / math.log(2) * len(rows[2]) / size(texts)


def compressed(train, texts):
    """Bits per byte that the better of two compressors adds to the packed training texts for texts that follow them."""
    before, whole = ("\n\n".join(part).encode() for part in (train, [*train, *texts]))
    return 8 * min(len(pack(whole)) - len(pack(before)) for pack in (bz2.compress, lzma.compress)) / size(texts)
