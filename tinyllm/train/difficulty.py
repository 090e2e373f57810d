"""How hard the texts of a run are, for its curriculum: how long, or how surprising to a small model.

The small model is a GPT of one narrow block, which learns for a short time from the texts that it then reads.
"""

import time

import numpy as np

from tinyllm import functional as F
from tinyllm.backend.arrays import to_host
from tinyllm.data import batches
from tinyllm.data.curriculum import text_lengths, text_places
from tinyllm.errors import UsageError
from tinyllm.models import catalog
from tinyllm.models.gpt import GPTConfig
from tinyllm.optim.adamw import AdamW
from tinyllm.say import decimal, tell
from tinyllm.tensor import no_grad
from tinyllm.train.loop import TrainConfig, train

SMALL = {"layers": 1, "heads": 2, "width": 64}
CONTEXT, BATCH, STEPS = 64, 16, 200
LOGITS_AT_ONCE = 1 << 21  # numbers: 8 MB of float32


def check(task, training):
    """Raise UsageError for a curriculum of texts that are no row, but have a label each, or a question."""
    if training.curriculum != "none" and not task.in_a_row:
        raise UsageError(
            f"curriculum={training.curriculum} orders texts that a language is learned from, not texts with labels "
            "or conversations; leave it out"
        )


def scored(run):
    """{"lengths": (K,), "scores": (K,)} of the training texts of a run, in their order: the scores that its curriculum
    goes by."""
    tokens = run.tokens("train")
    lengths = text_lengths(tokens, run.end_id)
    if run.training.curriculum == "length":
        return {"lengths": lengths, "scores": lengths}
    began = time.perf_counter()
    scores = surprises(small_model(run, tokens), tokens, lengths)
    seconds, lowest, highest = decimal(time.perf_counter() - began, 1), decimal(scores.min()), decimal(scores.max())
    tell(
        f"…lidos em {seconds} s por um GPT de 1 bloco e largura {SMALL['width']}, que antes treinou {STEPS} passos: "
        f"de {lowest} a {highest} nats por token."
    )
    return {"lengths": lengths, "scores": scores}


def small_model(run, tokens):
    """A small GPT, trained for a short time on a row of tokens of the run."""
    context = min(CONTEXT, run.model_config.context)
    model = catalog.new_model(
        GPTConfig(vocab_size=run.tokenizer.vocab_size, context=context, **SMALL),
        rng=np.random.default_rng(run.training.seed),
    )
    training = TrainConfig(
        steps=STEPS, decay_steps=STEPS, batch=min(BATCH, batches.windows_per_epoch(tokens, context)),
        workers=run.training.threads, seed=run.training.seed,
    )  # fmt: skip
    of_texts = batches.batches(tokens, batch=training.batch, context=context, seed=training.seed)
    for _ in train(model, of_texts, AdamW(model.named_parameters()), config=training):
        pass
    return model


def surprises(model, tokens, lengths):
    """A model that reads forwards, (N,) ids with an end before the first text, (K,) lengths of texts -> (K,): the mean
    surprise at a token of each, in nats.

    A text is read behind the end before it, alone; one that is longer than the context in pieces.
    """
    context, places = model.config.context, text_places(lengths)
    counts = -(-lengths // context)  # of pieces
    texts = np.repeat(np.arange(len(lengths)), counts)
    offsets = context * (np.arange(len(texts)) - np.repeat(np.cumsum(counts) - counts, counts))
    sums, reach = np.zeros(len(lengths)), np.arange(context + 1)
    at_once = max(1, LOGITS_AT_ONCE // (context * model.config.vocab_size))
    for first in range(0, len(texts), at_once):
        text, offset = texts[first : first + at_once], offsets[first : first + at_once, None]
        block = tokens[np.minimum(places[text][:, None] + offset + reach, len(tokens) - 1)].astype(np.int64)
        with no_grad():
            logits = to_host(model(block[:, :-1]).data)  # (B, T, V)
        losses = F.losses.surprise(logits.reshape(-1, logits.shape[-1]), block[:, 1:].reshape(-1))
        inside = offset + reach[:-1] < lengths[text][:, None]  # what is behind the text does not count
        np.add.at(sums, text, np.where(inside, losses.reshape(inside.shape), 0).sum(axis=1))
    return sums / lengths
