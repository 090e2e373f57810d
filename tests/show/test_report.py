"""The page about trainings: whole, on its own, with curves where the log says they are, and names that are no HTML."""

import html.parser
import json
import re
import shutil
import subprocess

import pytest

from tinyllm import cli
from tinyllm.errors import UsageError
from tinyllm.models.gpt import GPTConfig
from tinyllm.plot import COLORS
from tinyllm.show import chart, report
from tinyllm.train import log
from tinyllm.train import run as runs
from tinyllm.train.loop import TrainConfig
from tinyllm.train.monitor import MonitorConfig
from tinyllm.train.tasks import DataConfig

NAME = 'a<i>&"'
SMALL = {"texts": 60, "save_every": 4, "validate_every": 2}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Two trained runs; one of them is called like a tag."""
    place, found = tmp_path_factory.mktemp("runs"), []
    monitor = MonitorConfig(sample_every=4, sample_prompt="<u>", statistics_every=2)
    model = GPTConfig(vocab_size=300, context=16, layers=1, heads=2, width=16)
    for name, rate in ((NAME, 4e-3), ("other", 1e-2)):
        training = TrainConfig(steps=8, batch=4, warmup=2, workers=1, learning_rate=rate)
        run = runs.create(place / name, DataConfig(**SMALL), model, training, monitor=monitor)
        list(runs.fit(run, run.new_model()))
        found.append(place / name)
    return found


class Page(html.parser.HTMLParser):
    """The tags of a page with their attributes, and the text between them; every tag must be closed."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.text = [], [], ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in ("meta", "input"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.mark.long
def test_the_page_needs_nothing_else_and_shows_what_the_logs_say(folders, tmp_path, capsys):
    assert cli.main(["report", *map(str, folders), "--out", str(tmp_path / "r.html"), "--json"]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert not re.search(r"https?:|\bsrc=|\bhref=|url\(|@import|<script|<link", text)
    page = Page(text)
    assert not {tag for tag, _ in page.tags} & {"i", "u", "script", "link", "img", "iframe"}
    for folder, of_run in zip(folders, told, strict=True):
        lines = log.read(folder / log.STEPS, warn=pytest.fail)
        losses = [[line["step"], line["loss"]] for line in lines if "loss" in line]
        assert of_run["run"] == str(folder) and of_run["step"] == 8
        assert [[step, loss] for step, _, loss in of_run["curves"]["loss"]] == losses
        assert [step for step, _, _ in of_run["curves"]["validation_loss"]] == [2, 4, 6, 8]
        assert of_run["best_validation_loss"] == min(value for *_, value in of_run["curves"]["validation_loss"])
        seconds = [time for _, time, _ in of_run["curves"]["loss"]]
        assert seconds == sorted(seconds) and seconds[-1] == pytest.approx(of_run["seconds"], abs=1e-2)
        assert [sample["step"] for sample in of_run["samples"]] == [4, 8]
        assert all(str(folder) in page.text and sample["text"][:3] in page.text for sample in of_run["samples"][:1])
    curves = [attributes for tag, attributes in page.tags if tag == "polyline"]
    assert len(curves) == 2 * len(report.CURVES) * len(folders)  # over the steps, and over the time
    for attributes in curves:
        points = [tuple(map(float, point.split(","))) for point in attributes["points"].split()]
        assert len(points) in (4, 8) and all(0 <= x <= chart.WIDTH and 0 <= y <= chart.HEIGHT for x, y in points)
    assert {attributes["stroke"] for attributes in curves} == set(COLORS[:2])
    cells = [attributes for tag, attributes in page.tags if tag == "rect"]
    assert all(0 <= float(cell["x"]) <= chart.WIDTH and 0.05 <= float(cell["fill-opacity"]) <= 1 for cell in cells)
    in_a_step = 3 * len(told[0]["statistics"][0]["parameters"]) + 1  # in three maps, and the block's activations
    whole = 2 * 4 * in_a_step  # of two runs at four steps
    assert 0.8 * whole <= len(cells) <= whole
    assert "--learning-rate" in page.text and "NumPy" in page.text and "<u>" in page.text


def test_a_curve_stands_where_its_numbers_are():
    svg = chart.curves([("um", "#000", [(0, 1.0), (5, None), (10, 3.0), (20, 2.0)])], across="passo", up="perda")
    (points,) = re.findall(r'<polyline points="([^"]*)"', svg)
    (first,) = re.findall(r'<circle cx="([^"]*)" cy="([^"]*)"', svg)
    (x0, y0), (x1, y1), (x2, y2) = map(float, first), *(map(float, point.split(",")) for point in points.split())
    assert x0 == chart.LEFT and x2 == chart.WIDTH - chart.RIGHT and x1 == pytest.approx((x0 + x2) / 2)
    assert y0 > y2 > y1 and y2 == pytest.approx((y0 + y1) / 2, abs=0.1)


@pytest.mark.parametrize(
    "numbers", [[0.0, 0.0], [5.0], [1e-3, 1.0, 1e9], [-2.0, 7.0], [1.0, 1.0 + 1e-12], [1e300, 1e-300]]
)
def test_numbers_of_any_size_have_axes(numbers):
    svg = chart.curves([("um", "#000", list(enumerate(numbers)))], across="passo", up="perda")
    places = re.findall(r'(?:[cp]?[xy]|points)="([-\d., e]+)"', svg)
    assert places and all(-1 <= float(n) <= chart.WIDTH + 1 for place in places for n in re.split("[ ,]", place))
    assert 1 <= svg.count('class="grid"') <= chart.TICKS + 1


def test_neighbours_become_one_point():
    points = [(n, None if n == 3 else float(n)) for n in range(10)]
    assert chart.buckets(points, most=5, merge=max) == [(1, 1.0), (3, 2.0), (5, 5.0), (7, 7.0), (9, 9.0)]
    assert chart.buckets([(0, None), (1, None)], most=1, merge=max) == [(1, None)]
    assert chart.buckets(points, most=10, merge=max) == points


def test_many_parameters_share_the_rows_of_a_map():
    paths = [f"blocks.{n}.{part}.{kind}" for n in range(20) for part in ("a", "b") for kind in ("weight", "bias")]
    assert len(report.together(paths, most=100)) == 80
    assert len(report.together(paths, most=79)) == 40
    assert report.together(paths, most=30)["blocks.3"] == [path for path in paths if path.startswith("blocks.3.")]
    assert list(report.together(paths, most=2)) == ["blocks"]


def test_a_map_is_darker_where_a_number_is_greater():
    values = {("um", "1"): 1e-3, ("um", "2"): 1e-1, ("<dois>", "1"): 1e-2, ("<dois>", "2"): None}
    svg = chart.heat(["um", "<dois>"], ["1", "2"], values, what="mapa")
    shades = dict(re.findall(r'fill-opacity="([\d.]+)"><title>([^:]*)', svg))
    assert {title: float(shade) for shade, title in shades.items()} == {
        "um, 1": 0.05, "um, 2": 1.0, "&lt;dois&gt;, 1": pytest.approx(0.525, abs=0.006)
    }  # fmt: skip
    assert "<rect" not in chart.heat(["um"], ["1"], {}, what="mapa")


@pytest.mark.long
def test_a_run_without_steps_and_too_many_are_refused(folders, tmp_path):
    with pytest.raises(UsageError, match="7 runs are too many for one page; give 6"):
        report.report([f"{n}" for n in range(7)], tmp_path / "r.html")
    new = shutil.copytree(folders[0], tmp_path / "new")
    (new / log.STEPS).unlink()
    with pytest.raises(UsageError, match="has no log of a step yet; train it"):
        report.report([str(new)], tmp_path / "r.html")
    assert not (tmp_path / "r.html").exists()
    with pytest.raises(UsageError, match="belongs to the run"):
        report.report([str(folders[1])], folders[1] / log.SAMPLES)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium")
def test_a_browser_shows_the_curves(folders, tmp_path):
    from PIL import Image

    report.report(list(map(str, folders)), tmp_path / "r.html")
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--screenshot={tmp_path / 's.png'}"]
    subprocess.run([*command, "--window-size=1200,1000", str(tmp_path / "r.html")], check=True, capture_output=True)
    colors = Image.open(tmp_path / "s.png").convert("RGB").getcolors(1 << 20)
    found = {"#{:02x}{:02x}{:02x}".format(*color): count for count, color in colors}
    assert all(found.get(color, 0) > 500 for color in COLORS[:2]), "a curve has more pixels than the legend"


def test_intervals_stand_in_order_with_their_values_inside():
    rows = [("um <i>", COLORS[0], 0.1, 0.2, 0.5), ("", COLORS[1], -1.0, 0.5, 1.0), ("dois", COLORS[0], 0.3, 0.3, 0.3)]
    page = Page(chart.whiskers(rows, what="valores"))
    dots = [(float(mark["cx"]), float(mark["cy"])) for tag, mark in page.tags if tag == "circle"]
    lines = [re.fullmatch(r"M(\S+) (\S+)H(\S+)", mark["d"]) for tag, mark in page.tags if mark.get("stroke")]
    assert "um <i>" in page.text and len(dots) == len(lines) == 3
    for (x, y), line in zip(dots, lines, strict=True):
        assert float(line[1]) <= x <= float(line[3]) and float(line[2]) == y
    assert dots[0][0] < dots[2][0] < dots[1][0]
    assert dots[1][1] - dots[0][1] < dots[2][1] - dots[1][1]  # what has no name belongs to the one above


def test_a_curve_in_a_given_extent():
    page = Page(chart.curves([("a", COLORS[0], [(0, 0.5), (1, 0.5)])], across="x", up="y", extent=(0, 1)))
    (line,) = (mark["points"].split() for tag, mark in page.tags if tag == "polyline")
    middle = (chart.TOP + chart.HEIGHT - chart.BOTTOM) / 2
    assert [float(point.split(",")[1]) for point in line] == [middle, middle]
