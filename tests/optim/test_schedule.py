"""Schedules: where they begin and end, what they were before there were several, and their picture."""

import itertools
import math
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.optim.schedule import SCHEDULES, learning_rate
from tinyllm.show.schedule import show_schedule
from tinyllm.train.loop import TrainConfig

SIZES = {"peak": 4e-3, "floor": 4e-4, "warmup": 40, "decay_steps": 1000}
each_schedule = pytest.mark.parametrize("name", SCHEDULES)


@given(
    steps=st.lists(st.integers(0, 3000), min_size=5, max_size=50),
    peak=st.floats(1e-5, 1),
    share=st.floats(0, 1),
    warmup=st.integers(0, 200),
    decay_steps=st.integers(1, 2000),
)
def test_cosine_is_to_the_bit_what_old_runs_were_trained_with(steps, peak, share, warmup, decay_steps):
    floor = share * peak
    for step in steps:
        if step < warmup:
            expected = peak * (step + 1) / warmup
        else:
            progress = min(1.0, (step - warmup) / max(1, decay_steps - warmup))
            expected = floor + 0.5 * (peak - floor) * (1 + math.cos(math.pi * progress))
        sizes = {"peak": peak, "floor": floor, "warmup": warmup, "decay_steps": decay_steps}
        assert learning_rate(step, schedule="cosine", **sizes) == expected


@each_schedule
def test_it_rises_in_a_line_to_its_peak_and_never_again(name):
    rates = [learning_rate(step, schedule=name, **SIZES) for step in range(1200)]
    assert rates[:40] == [4e-3 * (step + 1) / 40 for step in range(40)]
    assert rates[40] == pytest.approx(4e-3)
    assert all(after <= before for before, after in itertools.pairwise(rates[40:]))
    assert rates[1000:] == pytest.approx([4e-3 if name == "constant" else 4e-4] * 200)


def test_where_they_are_on_the_way():
    def at(name, progress):
        step = 40 + round(960 * progress)
        return (learning_rate(step, schedule=name, **SIZES) - 4e-4) / 3.6e-3

    for progress in (0.0, 0.25, 0.5, 0.8, 0.9, 1.0):
        assert at("constant", progress) == pytest.approx(1)
        assert at("linear", progress) == pytest.approx(1 - progress)
        assert at("cosine", progress) == pytest.approx(math.cos(math.pi * progress / 2) ** 2)
        assert at("wsd", progress) == pytest.approx(min(1, 5 * (1 - progress)))


@each_schedule
def test_no_warmup_and_no_steps_to_decay_in(name):
    assert learning_rate(0, schedule=name, peak=1.0, floor=0.1, warmup=0, decay_steps=1) == 1
    assert learning_rate(7, schedule=name, peak=1.0, floor=0.1, warmup=7, decay_steps=3) == pytest.approx(1)


@pytest.mark.long
def test_the_picture_follows_the_steps(tmp_path, monkeypatch):
    painted = []
    monkeypatch.setattr("tinyllm.plot.draw", lambda path, paint: painted.append(paint))
    figure = pytest.importorskip("matplotlib.figure").Figure()
    show_schedule(TrainConfig(steps=10_000, schedule="wsd", warmup=100), tmp_path / "rate.svg")
    painted[0](figure)
    steps, rates = figure.axes[0].lines[0].get_data()
    assert steps[0] == 1 and steps[-1] == 10_000 and 1000 < len(steps) < 2100
    assert max(rates) == 4e-3 and rates[-1] == pytest.approx(4e-4, rel=0.01)
    assert all(rate == 4e-3 for step, rate in zip(steps, rates, strict=True) if 100 <= step <= 8000)


@pytest.mark.long
def test_the_command_draws_and_trains_nothing(tmp_path, capsys, monkeypatch):
    pytest.importorskip("matplotlib")
    from tinyllm.cli import main

    monkeypatch.chdir(tmp_path)
    assert main(["train", "--plot-schedule", "rate.svg", "--schedule", "linear", "--steps", "50"]) == 0
    assert "nada foi treinado" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["rate.svg"]
    assert ET.parse(tmp_path / "rate.svg").getroot().tag.endswith("svg")
