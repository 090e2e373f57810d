"""The last figures of `tinyllm quickstart`: what they measure of a model's stories, and how they are told."""

import pytest

from tinyllm.data.corpora import contos
from tinyllm.models.gpt import GPTConfig
from tinyllm.show import quickstart
from tinyllm.train import run as runs
from tinyllm.train.loop import TrainConfig
from tinyllm.train.tasks import DataConfig


@pytest.mark.long
def test_stories_of_the_corpus_hold_and_are_told_so(tmp_path, monkeypatch, capsys):
    model = GPTConfig(context=64, layers=1, heads=1, width=8)
    run = runs.create(tmp_path / "run", DataConfig(texts=60, tokenizer="char"), model, TrainConfig(steps=1))
    monkeypatch.setattr(quickstart, "write", lambda run, model, number: contos.story(number, split="test"))
    figures = quickstart.measure(run, run.new_model(), split="test")
    assert [figures[kind] for kind in ("cast", "pronouns", "verbs", "adjectives")] == [1, 1, 1, 1]
    assert 1 <= figures["names_a_story"] <= 2 and 0.8 <= figures["repeated_names"] <= 1
    quickstart.show(run, figures | {"seconds": 1, "verbs": 0.25, "repeated_names": 0.125})
    told = capsys.readouterr().err
    assert "Nos 20 contos, concordam 25,0 % dos verbos, 100,0 %" in told and "12,5 % são de quem o conto" in told
