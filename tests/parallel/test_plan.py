"""The planner, held against what was published, against `estimate`, and against itself."""

import dataclasses
import importlib.util
import statistics
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.errors import UsageError
from tinyllm.memory import estimate
from tinyllm.models import catalog
from tinyllm.models.gpt import GPTConfig
from tinyllm.optim.adamw import AdamW, AdamWConfig
from tinyllm.optim.adamw8bit import AdamW8bit
from tinyllm.parallel import clusters, plan, propose
from tinyllm.parallel.clusters import CLUSTERS, Cluster
from tinyllm.parallel.comm import run_ranks
from tinyllm.parallel.layout import Layout, parse_layout
from tinyllm.parallel.plan import Setup
from tinyllm.train.loop import TrainConfig, train
from tinyllm.train.trained import Trained

spec = importlib.util.spec_from_file_location("megatron", Path(__file__).with_name("megatron.py"))
megatron = importlib.util.module_from_spec(spec)
spec.loader.exec_module(megatron)

A100 = CLUSTERS["a100"]
LAPTOP = Cluster(
    8 << 30, 1e11, 1e10, 1, 1.25e8, 1.25e8, threads=2, precision="float32", share_of_peak=1.0, share_of_bandwidth=1.0
)
GPT2_SMALL = GPTConfig(50257, 1024, 12, 12, 768)
every_row = pytest.mark.parametrize("row", megatron.TABLE_1, ids=lambda row: f"{row.billions}B")

# ------------------------------------------------------------------------------------------------------- Megatron-LM


@every_row
def test_the_rows_are_what_their_paper_says_of_them(row):
    """Parameters and operations by its formulas; the sizes divide one another."""
    h, l, P = row.width, row.layers, estimate.parameters(row.config)
    assert P - 2 * h == pytest.approx(12 * l * h**2 * (1 + 13 / (12 * h) + (51200 + 2048) / (12 * l * h)), rel=1e-12)
    assert f"{P / 1e9:.{1 if row.billions < 1000 else 0}f}" == f"{row.billions:g}"
    assert plan.operations(row.config, row.setup()) == pytest.approx(row.operations, rel=1e-12)
    row.setup().check(row.config)
    assert row.setup().layout.ranks == row.devices


def test_the_constants_are_those_of_the_fit():
    peak, bandwidth = megatron.fit(megatron.FITTED)
    assert (round(peak, 2), round(bandwidth, 2)) == (clusters.SHARE_OF_PEAK, clusters.SHARE_OF_BANDWIDTH)
    assert len(megatron.FITTED) == 5 and not set(megatron.FITTED) & set(megatron.HELD_OUT)


def test_the_rows_that_were_not_fitted_are_foretold():
    """The goal was a median of 15 % and none above 30 %."""
    errors = [abs(row.error) for row in megatron.HELD_OUT]
    assert len(errors) == 5 and statistics.median(errors) < 0.03 and max(errors) < 0.08


def test_other_published_runs_are_foretold_too():
    assert max(abs(row.error) for row in megatron.TABLE_2) < 0.06
    seconds = {row: plan.step(row.config, row.setup()).total for row in megatron.SECONDS}
    assert max(abs(seconds[row] / found - 1) for row, found in megatron.SECONDS.items()) < 0.15


@every_row
def test_the_rows_fit_on_their_devices(row):
    assert 30 << 30 < plan.memory(row.config, row.setup()).total < 60 << 30


def test_the_days_of_gpt3_are_those_of_the_paper():
    """175 B parameters, 300 B tokens, 1024 GPUs: 34 days (section 5.1)."""
    setup = Setup(A100, Layout(16, 8, 8), 1536, recompute=True)
    found = propose.judge(GPTConfig(51200, 2048, 96, 96, 12288), setup)
    days = propose.resources(found, tokens=300 * 10**9).seconds / 86400
    assert days == pytest.approx(34, rel=0.1)


# --------------------------------------------------------------------------------------------------------------- memory

ZERO = {  # GB of 7.5, 128 and 1000 billion parameters, by the number of devices and the stage (table 1)
    1: [(120, 120, 120), (2048, 2048, 2048), (16000, 16000, 16000)],
    4: [(52.5, 41.3, 30), (896, 704, 512), (7000, 5500, 4000)],
    16: [(35.6, 21.6, 7.5), (608, 368, 128), (4750, 2875, 1000)],
    64: [(31.4, 16.6, 1.88), (536, 284, 32), (4187, 2218, 250)],
    256: [(30.4, 15.4, 0.47), (518, 263, 8), (4046, 2054, 62.5)],
    1024: [(30.1, 15.1, 0.12), (513, 257, 2), (4011, 2013, 15.6)],
}


@pytest.mark.parametrize("devices", ZERO)
def test_zero_shares_the_states_as_its_paper_says(devices):
    """To the digit that is printed: rounded for 7.5 B, cut off for the larger ones (Rajbhandari et al. 2020)."""
    for billions, printed in zip((7.5, 128, 1000), ZERO[devices], strict=True):
        for stage, figure in enumerate(printed, start=1):
            found = sum(plan.states(billions * 10**9, "mixed", zero=stage, ranks=devices)) / 1e9
            digits = len(f"{figure:g}".partition(".")[2])
            assert figure <= found < figure + 10**-digits or (
                billions == 7.5 and figure == round_half_up(found, digits)
            )


def round_half_up(number, digits):
    return int(number * 10**digits + 0.5 + 1e-9) / 10**digits


def test_zero_on_64_devices():
    """The four figures that the paper begins with."""
    found = [sum(plan.states(7.5e9, "mixed", zero=stage, ranks=64)) / 1e9 for stage in range(4)]
    assert [f"{each:.1f}" for each in found] == ["120.0", "31.4", "16.6", "1.9"]


@pytest.mark.parametrize(("heads", "width", "times"), [(96, 12288, 80), (128, 20480, 64)])
def test_the_attention_keeps_as_much_as_korthikanti_et_al_say(heads, width, times):
    """(34 + 5 a s / h) numbers of s b h: 80 for GPT-3, 64 for MT-NLG; with 8 slices, 10 + 24 / 8 + 5 a s / 8 h."""
    block = plan.block_of(GPTConfig(51200, 2048, 96, heads, width), Setup(A100, Layout(), 1))
    assert block.whole + block.split == (34 + times) * width
    assert block.whole + block.split / 8 == (10 + 24 / 8 + times / 8) * width


@pytest.mark.parametrize("recompute", [False, True])
@pytest.mark.parametrize("name", catalog.MODELS)
def test_one_device_without_a_gpu_is_what_estimate_says(name, recompute):
    config = catalog.find(name).config(layers=3)
    found = plan.memory(config, Setup(LAPTOP, Layout(), 16, 4, recompute))
    known = estimate.training(config, estimate.Plan(4, workers=2, accumulate=4, recompute=recompute))
    assert (found.weights, found.optimiser, found.total) == (known.weights, known.optimiser, known.total)
    assert found.activations == known.activations and found.gradients == known.gradients + known.copies


def test_an_optimiser_of_8_bits_is_counted_as_estimate_does():
    alone = plan.memory(GPT2_SMALL, Setup(LAPTOP, Layout(), 8, 8, optimizer=AdamW8bit))
    known = estimate.training(GPT2_SMALL, estimate.Plan(8, workers=2, optimizer=AdamW8bit))
    assert (alone.optimiser, alone.total) == (known.optimiser, known.total)
    four = plan.memory(GPT2_SMALL, Setup(LAPTOP, Layout(4, zero=1), 32, 8, optimizer=AdamW8bit))
    assert four.optimiser == pytest.approx(known.optimiser / 4, rel=1e-3)
    # the same parts, but for the copies that are not there at the same time
    assert (four.weights, four.logits) == (known.weights, pytest.approx(8 * 1024 * 50257 * 4))
    # two threads have their own, there is their sum, and what is on its way to the other replicas
    assert known.gradients * 4 == four.gradients


@pytest.mark.long
@pytest.mark.parametrize("layout", ["pp=2", "tp=2,pp=2", "tp=2", "dp=2", "dp=2,zero=1", "dp=2,zero=2", "dp=2,zero=3"])
def test_ranks_take_what_is_said(layout):
    """The arrays of threads that are ranks, and what is on its way between them. Stages, of which nearly all is there
    when the gradients are clipped, take as much as is said; slices and replicas less, whose activations are gone then.
    """
    config, layout = GPTConfig(vocab_size=300, context=16, layers=8, heads=4, width=128), parse_layout(layout)
    training, ids = TrainConfig(steps=3, batch=8, workers=2), np.random.default_rng(0).integers(0, 300, (8, 17))

    def work(comm):
        model = catalog.new_model(config, rng=np.random.default_rng(0))
        trained = Trained(model, training, AdamWConfig(), comm=comm, layout=layout)
        batches, how = [(ids[:, :-1], ids[:, 1:])] * training.steps, dataclasses.replace(training, workers=1)
        list(train(trained.model, batches, trained.optimizer, config=how, ranks=trained.ranks))

    run_ranks(layout.ranks, work)  # the first time routines are compiled
    tracemalloc.start()
    try:
        run_ranks(layout.ranks, work)
        peak = tracemalloc.get_traced_memory()[1] / layout.ranks
    finally:
        tracemalloc.stop()
    said = plan.memory_of_ranks(config, training, AdamW, layout)
    least = 0.9 if layout.tp > 1 < layout.pp else 0.98  # who waits for whom differs: 0.94 to 1.03 in 24 runs
    assert least < (said.total - said.process) / peak < (1.1 if layout.pp > 1 else 1.8)


def test_what_the_optimiser_of_a_rank_keeps_on_disk_is_not_counted():
    layout, training = Layout(pp=2), TrainConfig(batch=8, workers=2)
    here, away = (
        plan.memory_of_ranks(GPTConfig(), each, AdamW, layout)
        for each in (training, dataclasses.replace(training, offload="optimizer"))
    )
    assert away.optimiser == 0 and here.total - away.total == here.optimiser > 0


@pytest.mark.parametrize("layout", [Layout(64), Layout(dp=3, pp=4), Layout(dp=2, zero=3)])
@pytest.mark.parametrize("batch", [1, 7])
def test_more_ranks_than_rows_hold_something_all_the_same(layout, batch):
    training = TrainConfig(batch=batch, accumulate=3)
    assert min(plan.memory_of_ranks(GPTConfig(), training, AdamW, layout)) >= 0


def test_every_technique_takes_its_part_away():
    def parts(layout, **more):
        return plan.memory(GPT2_SMALL, Setup(A100, layout, 64, **more))

    plain, mib = parts(Layout(dp=4)), 1 << 20
    assert parts(Layout(4, zero=1)).optimiser == plain.optimiser / 4
    assert parts(Layout(4, zero=2)).gradients == plain.gradients / 4
    assert parts(Layout(4, zero=3)).weights == plain.weights / 4
    assert parts(Layout(tp=4, dp=4)).weights == pytest.approx(plain.weights / 4, abs=mib)
    assert plain.weights / 4 < parts(Layout(pp=4, dp=4)).weights < plain.weights / 2
    assert parts(Layout(4), recompute=True).activations < plain.activations / 5
    # a stage has a quarter of the blocks, each kept of four micro-batches
    assert parts(Layout(pp=4, dp=4)).activations == plain.activations


# ----------------------------------------------------------------------------------------------------------------- time


def test_a_stage_waits_for_the_others_before_and_after():
    """(p - 1) / m of the time in which it works, and of a chunk less (Huang et al. 2019, Narayanan et al. 2021)."""
    config = GPTConfig(2, 1024, 24, 16, 1024)  # hardly a vocabulary: all stages take as long
    step = plan.step(config, Setup(A100, Layout(pp=4), 16))
    assert step.bubble == pytest.approx(3 / 16 * (step.products + step.elements + step.stages), rel=1e-3)
    halved = plan.step(config, Setup(A100, Layout(pp=4), 16, chunks=2))
    assert halved.bubble == pytest.approx(step.bubble / 2, rel=0.01) and halved.stages == 2 * step.stages


def test_narrow_slices_reach_less_of_the_peak():
    def share(tp, width):
        config = GPTConfig(51200, 2048, 4, 32, width)
        setup = Setup(A100, Layout(tp=tp), 16, 16)
        step = plan.step(config, setup)
        return plan.operations(config, setup) / tp / (step.products + step.elements) / A100.peak

    shares = [share(tp, 4096) for tp in (1, 2, 4, 8)]
    assert shares == sorted(shares, reverse=True) and shares[-1] < 0.92 * shares[0] < shares[0] < 0.71
    assert share(1, 1024) < share(1, 4096) < share(1, 16384)
    narrow = dataclasses.replace(LAPTOP, half_width=128.0)
    assert narrow.multiplying(128) == narrow.peak / 2


def test_sums_within_a_node_are_faster_than_between_nodes():
    size = 10**9
    inside, outside = (plan.all_reduce(A100, size, 8, apart=apart) for apart in (1, 8))
    assert inside == pytest.approx(2 * 7 / 8 * size / (300e9 * A100.share_of_bandwidth), rel=0.02)
    assert outside == pytest.approx(2 * 7 / 8 * size / (25e9 * A100.share_of_bandwidth), rel=0.02)
    # 32 ranks side by side: a ring through 4 nodes has the eight ways out of each
    assert plan.all_reduce(A100, size, 32) == pytest.approx(2 * 31 / 32 * size / (8 * 25e9 * 0.84), rel=0.1)
    assert plan.all_reduce(A100, size, 1) == 0


def test_zero_3_moves_half_as_much_again():
    """Rajbhandari et al. 2020, section 7; with more than one micro-batch, stages 2 and 3 pay for each."""
    once = [plan.step(GPT2_SMALL, Setup(A100, Layout(8, zero=zero), 8)).replicas for zero in range(4)]
    assert once[0] == once[1] == once[2] and once[3] == pytest.approx(1.5 * once[0])
    often = [plan.step(GPT2_SMALL, Setup(A100, Layout(8, zero=zero), 32)).replicas for zero in range(4)]
    assert [each / often[0] for each in often] == pytest.approx([1, 1, 2.5, 6])


def test_recomputing_costs_a_third_of_the_products():
    plain, again = (plan.step(GPTConfig(2, 64, 8, 8, 512), Setup(A100, Layout(), 8, 8, re)) for re in (False, True))
    assert again.products == pytest.approx(4 / 3 * plain.products, rel=0.01)


# ------------------------------------------------------------------------------------------------------------ proposals

sizes = st.tuples(st.integers(1, 12), st.sampled_from([1, 2, 3, 4, 6, 8, 16]), st.integers(1, 24), st.integers(1, 64))


@given(sizes, st.sampled_from([1, 2, 4, 8, 64]), st.sampled_from(["a100", "t4"]))
def test_the_best_layout_can_be_and_none_is_faster(shape, devices, name):
    layers, heads, of_head, batch = shape
    config, setup = GPTConfig(1000, 256, layers, heads, 16 * heads * of_head), Setup(CLUSTERS[name], Layout(), batch)
    try:
        found = propose.best_layout(config, setup, devices)
    except UsageError:
        # without slices and stages the batch would have to be shared by all
        assert batch % devices
        return
    found.setup.check(config)
    assert found.setup.layout.ranks == devices and found.setup.batch == batch
    for dp, tp, pp in ((devices, 1, 1), (1, devices, 1), (1, 1, devices)):
        if batch % dp == heads % tp == 0 and pp <= layers:
            other = propose.best_of_layout(config, setup._replace(layout=Layout(dp, tp, pp)))
            assert not other.fits or (found.fits and found.step.total <= 1.01 * other.step.total)


def test_of_two_that_are_as_fast_the_simpler_is_proposed():
    found = propose.best_layout(GPT2_SMALL, Setup(A100, Layout(), 512), 8)
    assert found.setup.layout == Layout(dp=8) and not found.setup.recompute


def test_only_what_can_be_cut_is_proposed():
    """As parallel/tensor.py and pipeline.py cut: all heads and hidden channels alike, and blocks in one row."""
    llama = catalog.find("llama").config(layers=3, heads=6, kv_heads=2, width=192, hidden=510)
    t5, rnn = catalog.find("t5").config(), catalog.find("rnn").config(layers=3)
    assert [plan.slices_of(config) for config in (llama, t5, rnn, GPT2_SMALL)] == [2, 4, 1, 12]
    assert [plan.stages_of(config) for config in (llama, t5, rnn, GPT2_SMALL)] == [3, 1, 3, 12]
    uneven = plan.memory(llama, Setup(A100, Layout(pp=2), 4))
    assert uneven.activations == 2 / 3 * 2 * plan.memory(llama, Setup(A100, Layout(), 4)).activations


def test_what_does_not_fit_is_made_as_small_as_can_be():
    large = GPTConfig(51200, 2048, 96, 96, 12288)
    found = propose.best_layout(large, Setup(CLUSTERS["t4"], Layout(), 8), 8)
    assert not found.fits and found.setup.recompute and found.setup.micro_batch == 1
    assert found.setup.layout.zero == 3 or found.setup.layout.tp * found.setup.layout.pp == 8
    assert found.memory.total <= propose.best_of_layout(large, Setup(CLUSTERS["t4"], Layout(tp=8), 8)).memory.total


def test_what_is_asked_for_is_kept():
    found = propose.best_layout(GPT2_SMALL, Setup(A100, Layout(), 64), 8, micro_batch=2, recompute=True)
    assert (found.setup.micro_batch, found.setup.recompute) == (2, True)


def test_ten_times_the_size():
    """Ten times the parameters from ten times the tokens: a hundred times the operations (Hoffmann et al. 2022)."""
    found = propose.best_layout(GPT2_SMALL, Setup(A100, Layout(), 64), 8)
    P = estimate.parameters(GPT2_SMALL)
    one, ten = (propose.resources(found, tokens=20 * P, times=times, price=2.0) for times in (1, 10))
    assert (one.parameters, one.tokens, one.operations, one.states) == (P, 20 * P, 120 * P * P, 16 * P)
    assert one.seconds == pytest.approx(20 * P / (64 * 1024) * found.step.total)
    assert one.money == pytest.approx(2.0 * 8 * one.seconds / 3600)
    for part, times in (("parameters", 10), ("tokens", 10), ("states", 10), ("operations", 100), ("seconds", 100)):
        assert getattr(ten, part) == pytest.approx(times * getattr(one, part))


@pytest.mark.parametrize(
    ("setup", "words"),
    [
        (Setup(A100, Layout(tp=5), 8), "tp=5 does not cut the heads .* divisor of 12"),
        (Setup(A100, Layout(pp=13), 8), "take pp=12 or less"),
        (Setup(A100, Layout(dp=3), 8), "batch=8 is not a multiple of dp=3"),
        (Setup(A100, Layout(dp=2), 8, 3), "times micro_batch=3"),
        (Setup(A100, Layout(2, pp=2, zero=3), 8), "zero=3 gathers each block anew"),
    ],
)
def test_what_cannot_be_cut_so_is_told(setup, words):
    with pytest.raises(UsageError, match=words):
        propose.judge(GPT2_SMALL, setup)
