"""The curve in a terminal: dots where the numbers are."""

import math
import os
import select
import subprocess
import sys
import types

import pytest

from tinyllm.show import curve
from tinyllm.train import log
from tinyllm.train.loop import Report


def dots(lines, labels=10):
    """{(column, row)} of the dots of a picture."""
    bits = {bit: (x, y) for x, of_side in enumerate(curve.DOTS) for y, bit in enumerate(of_side)}
    return {
        (2 * column + bits[bit][0], 4 * row + bits[bit][1])
        for row, line in enumerate(lines)
        for column, character in enumerate(line[labels:])
        for bit in bits
        if (ord(character) - 0x2800) & bit
    }


def test_a_line_goes_from_corner_to_corner():
    lines = curve.braille([(n, float(n)) for n in range(16)], width=8, height=4)
    assert dots(lines) == {(n, 15 - n) for n in range(16)}
    assert [line[:9].strip() for line in lines] == ["15,000", "", "", "0,000"] and {len(line) for line in lines} == {18}


def test_neighbours_are_joined_and_shared_columns_hold_their_mean():
    assert dots(curve.braille([(0, 0.0), (1, 4.0), (2, 0.0)], width=2, height=1)) == {
        (0, 3), (1, 2), (1, 1), (1, 0), (2, 1), (2, 2), (2, 3)
    }  # fmt: skip
    many = curve.braille([(n, float(n % 2)) for n in range(400)], width=10, height=2)
    assert {line[:9].strip() for line in many} == {"0,500"} and {row for _, row in dots(many)} == {4}


@pytest.mark.parametrize("losses", [[], [None], [math.nan, None, math.inf]])
def test_without_a_number_there_is_no_picture(losses):
    assert curve.braille(list(enumerate(losses)), width=8, height=4) == []


def test_the_curve_of_a_run_goes_on_from_its_log(tmp_path):
    for step, loss in ((1, 5.0), (2, None), (3, 9.0)):  # the third was told after the last checkpoint
        log.add(tmp_path, log.STEPS, Report(step, loss, 1.0, 1e-3, 10, 0.1)._asdict())
        log.add(tmp_path, log.STEPS, {"step": step, "validation_loss": 7.0})
    drawing = curve.LossCurve(types.SimpleNamespace(folder=tmp_path), 2)
    drawing.add(Report(3, 3.0, 1.0, 1e-3, 10, 0.1))
    title, *picture = drawing.drawn()
    assert title == "  perda no treino, passos 1 a 3" and len(picture) == curve.HEIGHT
    assert "5,000" in picture[0] and "3,000" in picture[-1]


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_a_terminal_shows_it_and_a_pipe_does_not(tmp_path):
    import pty

    sizes = ["--texts=60", "--vocab-size=300", "--context=16", "--layers=1", "--heads=2", "--width=16", "--batch=4"]
    command = [sys.executable, "-m", "tinyllm", "train", *sizes, "--steps=4", "--validate-every=2", "--curve", "--out"]
    master, slave = pty.openpty()
    with subprocess.Popen([*command, tmp_path / "a"], stdout=subprocess.DEVNULL, stderr=slave) as process:
        os.close(slave)
        said = b""
        while select.select([master], [], [], 120)[0]:
            try:
                said += os.read(master, 1 << 16)
            except OSError:  # its other end is closed
                break
    os.close(master)
    text = said.decode()
    assert process.returncode == 0 and text.count("perda no treino, passos 1 a ") == 2, text
    assert sum(0x2800 < ord(character) < 0x2900 for character in text) > 4
    ran = subprocess.run([*command, tmp_path / "b"], capture_output=True, encoding="utf-8", check=True)
    assert "perda no treino" not in ran.stderr and "validação" in ran.stderr
