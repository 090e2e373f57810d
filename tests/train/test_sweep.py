"""What the runs of a sweep say together: which are hopeless, what differs from chance, and what a folder remembers."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.errors import UsageError
from tinyllm.train import log, sweep
from tinyllm.train.sweep import Outcome, Sweep, best, is_hopeless, table

RATES = {"learning-rate": ("0.001", "0.01"), "seed": ("0", "1", "2")}


def outcome(rate, seed, loss, state="done"):
    return Outcome("", {"learning-rate": rate, "seed": seed}, state, 4, loss, loss, 10, 1.0)


def rows_of(losses):
    """{rate: losses of the seeds 0, 1, …} -> rows"""
    return table([outcome(rate, str(seed), loss) for rate, row in losses.items() for seed, loss in enumerate(row)])


def test_the_first_seed_of_all_comes_first(tmp_path):
    found = Sweep(tmp_path, RATES).combinations
    assert [(values["learning-rate"], values["seed"]) for values in found] == [
        (rate, seed) for seed in "012" for rate in ("0.001", "0.01")
    ]
    assert [sweep.name_of(values) for values in found][:2] == [
        "learning-rate=0.001,seed=0",
        "learning-rate=0.01,seed=0",
    ]


def test_a_name_leads_nowhere_else():
    assert sweep.name_of({"corpus": "../a b/c.txt"}) == "corpus=..-a-b-c.txt"


def test_truth_values_are_words_of_their_own():
    assert [sweep.word_of("nesterov", text) for text in ("true", "false")] == ["--nesterov", "--no-nesterov"]
    assert sweep.word_of("seed", "3") == "--seed=3"


@given(st.lists(st.floats(0.1, 9), min_size=3, max_size=12), st.floats(-1, 1))
def test_pairs_of_seeds_cancel_what_a_seed_does_to_both(losses, shift):
    first, second = rows_of({"a": losses, "b": [loss + shift for loss in losses]})
    found = second.difference(first)
    assert found.mean == pytest.approx(shift, abs=1e-9) and found.error == pytest.approx(0, abs=1e-9)
    assert first.spread == pytest.approx(np.std(losses, ddof=1)) and first.mean == pytest.approx(np.mean(losses))


def test_a_difference_of_chance_is_seldom_clear():
    """Of differences drawn around 0, about one of twenty is clear, whatever the number of seeds."""
    rng = np.random.default_rng(0)
    for seeds in (3, 5, 20):
        clear = 0
        for _ in range(400):
            first, second = rows_of({"a": rng.normal(size=seeds), "b": rng.normal(size=seeds)})
            clear += second.difference(first).clear
        assert 0.02 < clear / 400 < 0.09, seeds


def test_a_difference_far_above_its_error_is_clear():
    first, second = rows_of({"a": [1.0, 1.5, 2.0], "b": [0.5, 1.01, 1.49]})
    found = second.difference(first)
    assert found.clear and found.mean == pytest.approx(-0.5) and found.error == pytest.approx(0.01 / math.sqrt(3))


def test_too_few_seeds_tell_no_difference():
    first, second = rows_of({"a": [1.0, 1.1], "b": [2.0, 2.1]})
    assert second.difference(first) is None and best([first, second]) is first


def test_a_row_with_a_run_that_is_not_done_has_no_mean():
    runs = [outcome("a", "0", 1.0), outcome("a", "1", 0.1, "stopped"), outcome("b", "0", 2.0), outcome("b", "1", 2.0)]
    a, b = table(runs)
    assert a.mean is None and a.losses == {"0": 1.0} and best([a, b]) is b
    assert best([a]) is None


def test_the_median_rule():
    others = [{10: 3.0, 20: 2.0}, {10: 4.0, 20: 3.0}, {10: 5.0, 20: 4.5}]
    assert is_hopeless({10: 4.1}, others) and not is_hopeless({10: 4.0}, others)
    assert is_hopeless({10: 3.5, 20: 3.2}, others)
    assert not is_hopeless({10: 2.9, 20: 9.0}, others)  # its best counts
    assert not is_hopeless({10: 9.0}, others[:2]), "two are too few"
    assert not is_hopeless({5: 9.0}, others), "none of them has been measured so early"
    stopped = [*others, {10: 9.0}, {10: 9.0}]
    assert not is_hopeless({10: 3.5, 20: 3.2}, stopped), "those that were stopped keep their best"


def test_what_a_folder_remembers_is_held_against_what_is_asked(tmp_path):
    first = Sweep(tmp_path, RATES, ["--steps=4"])
    first.stopped = {"learning-rate=0.01,seed=0": 2}
    first.record()
    again = Sweep(tmp_path, {**RATES, "seed": ("0", "1", "2", "3")}, ["--steps=4"])  # one more value
    assert again.stopped == first.stopped
    for values, options, words in (
        (RATES, ["--steps=5"], "has --steps=4, which is not asked for"),
        (RATES, ["--steps=4", "--batch=2"], "was begun without --batch=2"),
        ({"learning-rate": ("0.001",), "seed": ("0",)}, ["--steps=4"], "has learning-rate=0.01, which is not asked"),
        ({**RATES, "width": ("8",)}, ["--steps=4"], "was begun without width=8"),
    ):
        with pytest.raises(UsageError, match=words):
            Sweep(tmp_path, values, options)


@pytest.mark.parametrize(
    "text", ["[]", "{}", '{"values": 3}', '{"values": {"seed": 1}, "options": [], "stopped": {}}', "{"]
)
def test_a_definition_that_is_none_is_refused(tmp_path, text):
    (tmp_path / "sweep.json").write_text(text)
    with pytest.raises(UsageError, match=r"sweep\.json"):
        Sweep(tmp_path, RATES)


def test_runs_of_no_sweep_are_not_taken_up(tmp_path):
    (tmp_path / "learning-rate=0.01,seed=1").mkdir()
    (tmp_path / "learning-rate=0.01,seed=1" / "config.json").write_text("{}")
    with pytest.raises(UsageError, match="seed=1 holds a run that is of no sweep"):
        Sweep(tmp_path, RATES)


def test_what_has_become_of_a_run(tmp_path):
    swept = Sweep(tmp_path, RATES)
    values = {"learning-rate": "0.01", "seed": "1"}
    assert swept.outcome(values)[2:5] == ("unfinished", 0, None)
    assert swept.outcome(values, "no memory").problem == "no memory"
    folder = tmp_path / sweep.name_of(values)
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"train": {"steps": 3}}))
    for step, loss in ((1, 3.0), (2, 2.0), (3, 2.5)):
        line = {"step": step, "loss": loss, "gradient_norm": 1.0, "learning_rate": 0.1, "tokens": 8, "seconds": 0.5}
        log.add(folder, log.STEPS, line)
        log.add(folder, log.STEPS, {"step": step, "validation_loss": loss + 1})
        found = swept.outcome(values, "it fell" if step == 2 else None)
        assert (found.state, found.step) == ({1: "unfinished", 2: "failed", 3: "done"}[step], step)
    assert (found.loss, found.best_loss, found.tokens, found.seconds) == (3.5, 3.0, 24, 1.5) and found.problem is None
