"""`tinyllm plan`: what it prints, as text, as JSON and as a picture."""

import json

import pytest

from tinyllm import cli
from tinyllm.bench import roofline
from tinyllm.commands import planning
from tinyllm.models.gpt import GPTConfig
from tinyllm.parallel import propose
from tinyllm.parallel.clusters import CLUSTERS, Cluster
from tinyllm.parallel.layout import Layout
from tinyllm.parallel.plan import Setup
from tinyllm.show import plan as show

GPT3 = ["--layers", "96", "--heads", "96", "--width", "12288", "--vocab-size", "51200", "--context", "2048"]
HERE = Cluster(
    8 << 30, 1e11, 1e10, 1, 1.25e8, 1.25e8, threads=2, precision="float32", share_of_peak=1.0, share_of_bandwidth=1.0
)


@pytest.fixture(autouse=True)
def measured(monkeypatch):
    """A machine that takes no time to be measured."""
    assert planning.this_machine is roofline.this_machine
    monkeypatch.setattr(planning, "this_machine", lambda: HERE)


def run(capsys, *words):
    assert cli.main(["plan", *map(str, words)]) == 0
    return capsys.readouterr().out


def found(capsys, *words):
    return json.loads(run(capsys, *words, "--json"))


def test_this_machine_alone(capsys):
    text = run(capsys)
    assert "em 1 dispositivo (aqui)" in text and "8 de cada vez" in text and "Tempo de um passo" in text
    assert "produtos de matrizes" in text and "somas entre réplicas" not in text and "custo" not in text
    values = found(capsys)
    cli.main(["estimate", "--json", "--workers", "2"])
    known = json.loads(capsys.readouterr().out)["training"]["float32"]
    assert values["plan"]["memory"]["total"] == known["total"]
    assert values["plan"] == values["best"] and values["plan"]["precision"] == "float32"


def test_gpt3_on_a_thousand_gpus(capsys):
    layout = "dp=16,tp=8,pp=8"
    given = [*GPT3, "--cluster", "a100", "--parallel", layout, "--batch", 1536, "--tokens", 300 * 10**9, "--price", 2]
    text = run(capsys, *given)
    for words in ("1.024 dispositivos (a100)", layout, "recomputando", "cabem 80,0 GB", "custo", "10 vezes maior",
                  "Mais rápido com 1.024 dispositivos", "à espera de outro estágio"):  # fmt: skip
        assert words in text, words
    values = found(capsys, *given)
    assert values["cluster"]["devices"] == 1024 and values["plan"]["fits"] and values["best"]["fits"]
    assert values["plan"]["layout"] == {"dp": 16, "tp": 8, "pp": 8, "zero": 0}
    assert values["best"]["seconds"]["total"] < values["plan"]["seconds"]["total"]
    one, ten = values["resources"]
    assert 30 < one["seconds"] / 86400 < 38 and ten["money"] == pytest.approx(100 * one["money"])


def test_the_bars_are_as_long_as_what_they_stand_for(capsys):
    lines = run(capsys, *GPT3, "--cluster", "a100", "--devices", 1024, "--batch", 1536).splitlines()
    first, second = (i for i, line in enumerate(lines) if line.startswith(("Memória", "Tempo")))
    for block in (lines[first:second], lines[second:]):
        assert 28 <= sum(line.count("█") for line in block) <= 32


def test_what_does_not_fit_is_said(capsys):
    text = run(capsys, *GPT3, "--cluster", "rtx2060", "--devices", 2, "--parallel", "dp=2,zero=3")
    assert "Não cabe" in text and "Mais rápido" not in text and "Não há disposição" not in text
    assert not found(capsys, *GPT3, "--cluster", "t4")["best"]["fits"]


def test_a_better_layout_is_proposed_or_there_is_none(capsys):
    small = ["--cluster", "a100", "--batch", 512, "--context", 1024, "--parallel"]
    assert "Mais rápido com 8 dispositivos: dp=8" in run(capsys, *small, "pp=4,dp=2", "--devices", 8)
    assert "Não há disposição mais rápida de 8 dispositivos." in run(capsys, *small, "dp=8")


@pytest.mark.parametrize("name", CLUSTERS)
@pytest.mark.parametrize("model", ["gpt", "llama", "bert", "t5", "rnn", "lstm"])
def test_every_model_on_every_cluster(capsys, model, name):
    values = found(capsys, "--model", model, "--cluster", name, "--devices", 2)
    assert values["best"]["fits"] and values["best"]["seconds"]["total"] > 0


def test_stages_have_their_schedules(capsys, tmp_path):
    stages = ["--cluster", "a100", "--devices", 4, "--parallel", "pp=4", "--batch", 8, "--layers", 8]
    lines = run(capsys, *stages, "--micro-batch", 1).splitlines()
    assert [line[:15] for line in lines if "estágio " in line[:12]] == [
        "  estágio 0  →0", "  estágio 1   ·", "  estágio 2   ·", "  estágio 3   ·"
    ]  # fmt: skip
    assert "estágio 0" not in run(capsys, "--cluster", "a100", "--devices", 4, "--parallel", "dp=4")
    setup = Setup(CLUSTERS["a100"], Layout(pp=4), 64)
    drawn = show.schedules_of(propose.judge(GPTConfig(layers=8), setup))
    assert {name: len(of_stages[0]) for name, of_stages in drawn.items()} == {"GPipe": 32, "1F1B": 32}


@pytest.mark.long
def test_the_picture_has_a_bar_for_each_technique(capsys, tmp_path):
    pytest.importorskip("matplotlib")
    picture = tmp_path / "plan.png"
    assert run(capsys, "--cluster", "t4", "--plot", picture) and picture.read_bytes().startswith(b"\x89PNG")
    config = GPTConfig()
    alone, four = (propose.judge(config, Setup(CLUSTERS["t4"], Layout(dp), 8)) for dp in (1, 4))
    assert list(show.techniques(alone)) == ["nada", "mista", "recomputar", "AdamW\nde 8 bits", "tudo"]
    found = show.techniques(four)
    assert found["mista"] == four.memory and [name for name in found if "ZeRO" in name] == [
        "ZeRO 1",
        "ZeRO 2",
        "ZeRO 3",
    ]
    assert found["tudo"].total == min(each.total for each in found.values())
    assert found["nada"].activations > 1.7 * found["mista"].activations > 3 * found["recomputar"].activations
    assert found["AdamW\nde 8 bits"].optimiser < 0.51 * found["mista"].optimiser
    here = propose.judge(config, Setup(HERE, Layout(), 8))
    assert "mista" not in show.techniques(here) and show.techniques(here)["nada"] == here.memory


@pytest.mark.long
@pytest.mark.parametrize("layout", [Layout(4), Layout(pp=4)])
def test_no_legend_of_the_picture_covers_anything(layout):
    """Of stages nothing has logits, which need no name then."""
    figures = pytest.importorskip("matplotlib.figure")
    found = propose.judge(GPTConfig(layers=8), Setup(HERE, layout, 64))
    figure = figures.Figure(figsize=show.size_of(found).values(), layout="constrained")
    show.paint(figure, found)
    figure.draw_without_rendering()
    legends = [axes.get_legend() for axes in figure.axes if axes.get_legend()]
    assert len(legends) == (2 if layout.pp > 1 else 1)
    for legend in legends:
        place = legend.get_window_extent()
        assert figure.bbox.x0 <= place.x0 and place.x1 <= figure.bbox.x1 + 1
        for axes in figure.axes:
            assert not place.overlaps(axes.get_window_extent())
            assert not place.overlaps(axes.title.get_window_extent()) and not place.overlaps(
                axes._left_title.get_window_extent()
            )
    names = [text.get_text() for text in legends[0].get_texts()]
    assert names == [title for part, title in show.MEMORY.items() if part != "logits" or layout.pp == 1]
