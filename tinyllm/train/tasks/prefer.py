"""The task of preferring: of two answers to one question, the better is to become likelier than the other.

Direct preference optimisation (Rafailov et al. 2023) needs no model of rewards: an answer's reward is how much likelier
it has become, `beta` times log π(answer | question) / π₀(answer | question), where π₀ is the model as it was. What π₀
makes of the answers is read once, when the run is made, and stored with them. The loss is the surprise that the better
of the two is preferred, if each is preferred in proportion to the exponential of its reward (Bradley & Terry 1952).
"""

from dataclasses import dataclass

import numpy as np

from tinyllm import functional as F
from tinyllm import storage
from tinyllm.backend.arrays import beside, to_host
from tinyllm.config import option
from tinyllm.data import chat, conversations
from tinyllm.data.batches import rows_alike
from tinyllm.data.conversations import ASSISTANT, Message
from tinyllm.data.corpora import instrucoes
from tinyllm.errors import UsageError
from tinyllm.memory.stream import move
from tinyllm.parallel.workers import Workers
from tinyllm.tensor import concatenate, no_grad
from tinyllm.train.loop import TrainConfig
from tinyllm.train.tasks.instruct import (
    AT_ONCE,
    ConversationsConfig,
    Instruct,
    arrays_of,
    check_decoder,
    generated_counts,
    refuse_other_corpora,
    rows_of,
    tell_lost,
)

TARGET = 0  # of two answers, the number of the one that is preferred


@dataclass(frozen=True)
class PreferencesConfig(ConversationsConfig):
    """Which preferences to learn."""

    title = "dados"


@dataclass(frozen=True)
class PreferConfig(TrainConfig):
    """How to learn what is preferred."""

    title = "treino"
    steps: int = option(200, "", at_least=1, at_most=10**8 - 1)
    batch: int = option(16, "", at_least=1)
    learning_rate: float = option(3e-5, "", above=0)
    beta: float = option(
        0.1, "quanto vale, em recompensa, uma resposta ficar e vezes mais provável do que era antes", above=0
    )


class Prefer(Instruct):
    """To prefer one answer to another: each split is a list of pairs of answers, and what the base makes of them."""

    name, shares = "prefer", False
    data_config, train_config = PreferencesConfig, PreferConfig

    @staticmethod
    def read(data, *, seed):
        """{split: list of Preference}: the generated ones by content, and those of a file by their questions."""
        if data.corpus == "instrucoes":
            counts = generated_counts(data.texts)
            return {split: list(instrucoes.preferences(n, split=split, seed=seed)) for split, n in counts.items()}
        refuse_other_corpora(data.corpus, "prefer no answer")
        found = conversations.read_preferences(data.corpus)
        return conversations.split_by_question(
            found, question=lambda one: conversations.first_question(one.asked), seed=seed
        )

    @staticmethod
    def train_tokenizer(data, config, examples):
        raise UsageError(
            "task prefer changes which answers a model gives, and a new one gives none; begin with a run that answers, "
            "by --from"
        )

    def write(self, run, split, examples, warn):
        """The rows of ids, two for each preference, what the run's first model makes of them, and the preferences
        beside them. `warn` hears how many are left out, being too long. Raises UsageError if all are."""
        check_decoder(run.model_config)
        template, longest, rows, kept = chat.Template(run.tokenizer), run.model_config.context + 1, [], []
        for one in examples:
            both = [template([*one.asked, Message(ASSISTANT, answer)]) for answer in (one.chosen, one.rejected)]
            if max(len(ids) for ids, _ in both) <= longest:
                rows += [(ids, last_answer(ids, learned)) for ids, learned in both]
                kept.append(one)
        tell_lost(split, len(examples), len(kept), len(kept), run, warn)
        of_ids, of_texts = (run.folder / name for name in self.files(split))
        storage.save_arrays(of_ids, arrays_of(rows) | {"reference": reference(run, rows).reshape(-1, 2)})
        conversations.write_preferences(of_texts, kept)

    def tiny_batch(self, config):
        """A batch of one pair, of nothing."""
        return *super().tiny_batch(config), *super().tiny_batch(config), np.zeros((1, 2), np.float32)

    def examples(self, run, split):
        """[(ids (n,), whether each is learned (n,))] of a split, the better of a pair before the other, and what the
        base makes of the pairs, (N, 2)."""
        arrays = storage.load_arrays(run.folder / self.files(split)[0])
        return rows_of(arrays), arrays["reference"]

    def conversations(self, run, split):
        """The preferences of a split, in the order of its examples."""
        return conversations.read_preferences(run.folder / self.files(split)[1])

    def texts(self, run, split):
        """Generator of the texts of a split: each question with both answers."""
        for one in self.conversations(run, split):
            yield from (f"{one.asked[-1].content} {answer}" for answer in (one.chosen, one.rejected))

    @staticmethod
    def last_exchange(preference):
        """A preference -> the messages that wait for an answer, and the better one."""
        return preference.asked, preference.chosen

    def batches(self, run, start):
        """Each of seven arrays: ids, targets and weights, (N, T), of the better answers and of the others, and what the
        base makes of them, (N, 2)."""
        (rows, known), training = self.examples(run, "train"), run.training
        lengths = [max(len(ids) for ids, _ in rows[i : i + 2]) for i in range(0, len(rows), 2)]
        for chosen in rows_alike(lengths, batch=training.batch, seed=training.seed, start=start):
            yield pairs_batch(rows, known, chosen)

    @staticmethod
    def how(run, model):
        return {"loss": preference_loss(model, beta=run.training.beta, **run.training.softened)}

    def mean_loss(self, run, model, split):
        """The mean over the pairs."""
        (rows, known), loss, total = self.examples(run, split), preference_loss(model, beta=run.training.beta), 0.0
        for start in range(0, len(known), AT_ONCE):
            some = range(start, min(start + AT_ONCE, len(known)))
            with no_grad():
                total += loss(*pairs_batch(rows, known, some)).item() * len(some)
        return total / len(known)


def preference_loss(model, *, beta, **softened):
    """The loss of a batch of `Prefer`, as the loop takes it, with the options of F.cross_entropy: with label_smoothing
    some of the preferences may be mistaken (Mitchell 2023)."""

    def loss(*batch):
        """ids, targets, weights, (N, T) each, of the better answers, the same of the others, (N, 2) -> ()"""
        found = [log_likelihoods(model, *batch[start : start + 3]).reshape(-1, 1) for start in (0, 3)]
        both = concatenate(*found, axis=1)  # (N, 2)
        rewards = (both - beside(batch[6], both.data)) * beta
        return F.cross_entropy(rewards, np.full(len(batch[6]), TARGET), **softened)

    return loss


def log_likelihoods(model, ids, targets, weights):
    """(N, T) ids, targets and weights -> (N,): log π of each answer, the sum over its tokens."""
    return F.linear_log_likelihood(model.hidden(ids), model.head(), targets, weights=weights)


def pairs_batch(rows, known, chosen):
    """The batch of some pairs, as `Prefer.batches` yields it."""
    of_both = (chat.answers_batch([rows[2 * i + answer] for i in chosen]) for answer in (0, 1))
    return *(array for arrays in of_both for array in arrays), known[list(chosen)]


def last_answer(ids, learned):
    """(n,) ids, (n,) whether each is in an answer -> (n,): whether it is in the last one; two share all before it."""
    before = np.flatnonzero(~learned)[-1]
    return np.arange(len(ids)) > before


def reference(run, rows):
    """[(ids, learned)] -> (n,) float32: the log-likelihood of each answer by the model that the run begins with."""
    model = run.new_model()
    move(model, run.training.device)
    order = sorted(range(len(rows)), key=lambda i: len(rows[i][0]))
    groups = [order[start : start + AT_ONCE] for start in range(0, len(order), AT_ONCE)]

    def read(group):
        with no_grad():
            return to_host(log_likelihoods(model, *chat.answers_batch([rows[i] for i in group])).data)

    with Workers(run.training.threads) as workers:
        found = np.concatenate(workers.map(read, groups))
    return found[np.argsort(order)].astype(np.float32)
