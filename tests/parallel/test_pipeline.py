"""Pipeline: stages that hold some blocks each find the loss and the gradients that the whole model has."""

import dataclasses
import functools

import numpy as np
import pytest
from parallel.cut_models import MODELS, NEAR, SHAPE, assert_near, batch_of, model_of, weigh
from parallel.on_mpi import needs_mpi, run_on_mpi

from tinyllm import functional as F
from tinyllm.backend.arrays import to_device, to_host
from tinyllm.errors import UsageError
from tinyllm.memory.recompute import recomputing
from tinyllm.models import catalog, gpt
from tinyllm.models.bert import BERTConfig, Encoder
from tinyllm.models.classifier import Classifier
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.nn.module import freeze, map_parameters, weights
from tinyllm.parallel import mpi
from tinyllm.parallel.comm import run_ranks
from tinyllm.parallel.pipeline import Measured, Pipeline, collected
from tinyllm.parallel.schedule import SCHEDULES, gpipe
from tinyllm.parallel.workers import Workers
from tinyllm.tensor import no_grad

STAGED = [name for name in MODELS if name not in ("t5", "llama with shared keys")]
each_staged_model = pytest.mark.parametrize("name", STAGED)
HOW = {"seed": 1, "step": 2, "first_row": 3}


def classifier(dtype=np.float64):
    body = Encoder(BERTConfig(**SHAPE, dropout=0.2), rng=np.random.default_rng(0))
    model = Classifier(body, 3, rng=np.random.default_rng(1))
    map_parameters(model, lambda array: array.astype(dtype))
    return model, (*batch_of("gpt")[:1], np.array([6, 2, 3, 1, 6]), np.array([0, 2, 1, 1, 0]))


def of_one_rank(model, batch, **how):
    with Workers(1) as workers:
        loss, grads = workers.gradients(model.loss, batch, **HOW, **how)
    return float(loss), {name: grads[p] for name, p in model.named_parameters() if p in grads}


def of_stages(comm, model, batch, *, micro_batches=3, schedule=gpipe, **how):
    """(loss, {name: gradient} of all stages in the first one, {name: array} of this stage)"""
    with Pipeline(model, comm, micro_batches=micro_batches, schedule=schedule) as pipeline:
        loss, grads = pipeline.gradients(model.loss, batch, **HOW, **how)
    named = {name: grads[p] for name, p in model.named_parameters() if p in grads}
    return float(loss), collected(comm, named), weights(model)


@each_staged_model
@pytest.mark.parametrize("kind", SCHEDULES)
@pytest.mark.parametrize(("stages", "micro_batches"), [(1, 2), (2, 1), (2, 3), (4, 5), (4, 9)])
def test_stages_have_the_loss_and_the_gradients_of_the_whole(name, kind, stages, micro_batches):
    batch = batch_of(name)  # two rows weigh nothing
    expected, grads = of_one_rank(model_of(name), batch, weigh=weigh)
    how = {"micro_batches": micro_batches, "schedule": SCHEDULES[kind], "weigh": weigh}
    several = run_ranks(stages, lambda comm: of_stages(comm, model_of(name), batch, **how))
    assert [loss for loss, _, _ in several] == pytest.approx([expected] * stages, rel=1e-12)
    assert_near(several[0][1], grads, np.float64)


@each_staged_model
def test_in_float32_too_and_on_a_gpu(cupy, name):
    expected, grads = of_one_rank(model_of(name, np.float32), batch_of(name), weigh=weigh)

    def work(comm, device):
        model = model_of(name, np.float32)
        map_parameters(model, lambda array: to_device(array, device))
        loss, found, _ = of_stages(comm, model, batch_of(name), weigh=weigh)
        return loss, {name: to_host(array) for name, array in found.items()}

    for device in ("cpu", "gpu"):
        several = run_ranks(2, lambda comm, device=device: work(comm, device))
        assert [loss for loss, _ in several] == pytest.approx([expected] * 2, rel=NEAR[np.float32])
        assert_near(several[0][1], grads, np.float32)


@dataclasses.dataclass(frozen=True)
class RepeatingConfig(GPTConfig):
    """Of a GPT that adds to what its blocks say the tokens themselves."""


class Repeating(GPT):
    def hidden(self, ids, caches=None):
        return super().hidden(ids, caches) + self.tokens(ids)


def test_a_model_reads_its_tokens_behind_its_blocks_if_its_architecture_says_so(monkeypatch):
    architecture = gpt.ARCHITECTURE._replace(config=RepeatingConfig, model=Repeating, body=Repeating, rereads=True)
    monkeypatch.setitem(catalog.MODELS, "repeating", architecture)
    monkeypatch.setitem(MODELS, "repeating", (Repeating, functools.partial(RepeatingConfig, **SHAPE)))
    expected, grads = of_one_rank(model_of("repeating"), batch_of("gpt"), weigh=weigh)
    several = run_ranks(2, lambda comm: of_stages(comm, model_of("repeating"), batch_of("gpt"), weigh=weigh))
    assert [loss for loss, _, _ in several] == pytest.approx([expected] * 2, rel=1e-12)
    assert_near(several[0][1], grads, np.float64)


def test_a_classifier_in_stages():
    expected, grads = of_one_rank(*classifier())
    several = run_ranks(3, lambda comm: of_stages(comm, *classifier()))
    assert [loss for loss, _, _ in several] == pytest.approx([expected] * 3, rel=1e-12)
    assert_near(several[0][1], grads, np.float64)


@each_staged_model
def test_a_stage_holds_its_blocks_and_an_end_its_end(name):
    before = weights(model_of(name))

    def work(comm):
        model = model_of(name)
        Pipeline(model, comm, micro_batches=1)
        return weights(model), collected(comm, weights(model))

    (first, again), (middle, _), (last, _) = run_ranks(3, work)
    assert list(again) == list(before)
    assert all(np.array_equal(again[n], array) and again[n].dtype == array.dtype for n, array in before.items())
    assert all("blocks." in n for n in middle)
    (tied,) = first.keys() & last.keys()
    assert tied.endswith("tokens.weight")
    assert [len({n.split("blocks.")[1][0] for n in some if "blocks." in n}) for some in (first, middle, last)] == [
        1,
        1,
        2,
    ]
    assert len(first) + len(middle) + len(last) == len(before) + 1


def test_a_stage_that_is_frozen_and_one_that_recomputes():
    def prepared():
        model = recomputing(model_of("gpt"))
        freeze(model, lambda name, weight: "positions" in name or "tokens" in name or "blocks.0" in name)
        return model

    expected, grads = of_one_rank(prepared(), batch_of("gpt"), weigh=weigh)
    several = run_ranks(4, lambda comm: of_stages(comm, prepared(), batch_of("gpt"), weigh=weigh))
    assert [loss for loss, _, _ in several] == pytest.approx([expected] * 4, rel=1e-12)
    assert_near(several[0][1], grads, np.float64)


def test_stages_are_measured_as_one_model():
    def work(comm):
        model, batch = classifier(np.float32)
        with Pipeline(model, comm, micro_batches=2) as pipeline:
            measured = Measured(model, pipeline)
            return measured.config, measured(*batch[:2]).data, measured.loss(*batch).data

    model, batch = classifier(np.float32)
    with no_grad():
        expected = model.config, model(*batch[:2]).data, model.loss(*batch).data
    for found in run_ranks(3, work):
        assert found[0] == expected[0]
        for mine, theirs in zip(found[1:], expected[1:], strict=True):
            np.testing.assert_array_equal(mine, theirs)


def test_a_stage_keeps_of_each_schedule_what_it_says(monkeypatch):
    most = {}

    def work(comm, schedule):
        running, forward, backward = 0, Pipeline.forward, Pipeline.backward

        class Counting(Pipeline):
            def forward(self, *batch):
                nonlocal running
                running += 1
                most[comm.rank] = max(most.get(comm.rank, 0), running)
                return forward(self, *batch)

            def backward(self, *parts):
                nonlocal running
                running -= 1
                return backward(self, *parts)

        model = model_of("gpt")
        with Counting(model, comm, micro_batches=4, schedule=schedule) as pipeline:
            pipeline.gradients(model.loss, batch_of("gpt", seed=1), **HOW)

    for name, expected in {"gpipe": [4, 4], "1f1b": [2, 1]}.items():
        most.clear()
        run_ranks(2, lambda comm, name=name: work(comm, SCHEDULES[name]))
        assert [most[rank] for rank in range(2)] == expected


@pytest.mark.parametrize(
    ("name", "stages", "told"),
    [("t5", 2, "a T5 is no single row of blocks"), ("gpt", 5, "4 blocks are not 5 stages; take pp=4 or less")],
)
def test_what_is_no_row_of_enough_blocks_is_told(name, stages, told):
    with pytest.raises(UsageError, match=told):
        run_ranks(stages, lambda comm: Pipeline(model_of(name), comm, micro_batches=1))


def test_blocks_that_were_changed_after_they_were_cut_are_told():
    def work(comm):
        model = model_of("gpt")
        pipeline = Pipeline(model, comm, micro_batches=1)
        pipeline.gradients(recomputing(model).loss, batch_of("gpt"))

    with pytest.raises(UsageError, match="not those that were cut into stages; change them before"):
        run_ranks(2, work)


def test_dropouts_of_other_stages_are_passed_over():
    with F.noise(seed=0, step=0):
        F.pass_over(3)
        assert F.noise_place().call == 3
    F.pass_over(1)
    assert F.noise_place() is None


def what_is_left_unsent(comm):
    collected(comm, {str(comm.rank): np.ones(10**6)})
    return [request.Test() for request, _ in mpi.OUTBOX.letters].count(False)


@needs_mpi
def test_who_has_collected_may_end():
    assert run_on_mpi(2, what_is_left_unsent) == [0, 0]
