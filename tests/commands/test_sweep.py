"""Every command at and beyond its limits: one line and status 2, nothing of the user's changed or half-written."""

import json
import re
import shlex
import signal

import pytest
from commands import invocations, workshop

from tinyllm import cli

pytestmark = pytest.mark.long
SECONDS = 20  # none may work longer


def rows(*texts):
    """(the arguments, what the error must say) of each line."""
    found = []
    for line in filter(None, (line.strip() for text in texts for line in text.splitlines())):
        command, _, words = line.partition(" #")
        words = [word.strip() for word in words.split("|") if word.strip()]
        filled = ["x" * 4000 if word == "~" else "9" * 400 if word == "@" else word for word in shlex.split(command)]
        found.append(pytest.param(filled, words, id=command.strip()))
    return found


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder := tmp_path_factory.mktemp("shop"))
        workshop.build(folder)
        yield folder


@pytest.fixture
def impatient():
    before = signal.signal(signal.SIGALRM, lambda *_: pytest.fail(f"it works for more than {SECONDS} s"))
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def run(capsys, arguments):
    """(exit status, standard output, standard error)"""
    capsys.readouterr()
    try:
        status = cli.main(arguments)
    except SystemExit as exit:
        status = exit.code or 0
    return status, *capsys.readouterr()


@pytest.mark.parametrize("arguments, words", rows(*invocations.REFUSED.values()))
def test_what_cannot_be_is_refused_in_one_line(shop, capsys, impatient, arguments, words):
    before = workshop.state(shop)
    status, out, err = run(capsys, arguments)
    lines = [line for line in err.splitlines() if ": error: " in line]
    assert (status, out, len(lines)) == (2, "", 1), err
    assert lines[0] == err.splitlines()[-1] and re.match(r"tinyllm( [\w-]+)*: error: \S", lines[0]), err
    assert "Traceback" not in err and "internal error" not in err and "Error:" not in err
    assert [word for word in words if word not in lines[0]] == [] and len(lines[0]) < 800, lines[0]
    assert workshop.state(shop) == before


@pytest.mark.parametrize("arguments, words", rows(invocations.ACCEPTED))
def test_what_can_be_is_done(shop, capsys, impatient, arguments, words):
    before = workshop.state(shop, but=("made", "broken", "runs"))
    status, out, err = run(capsys, arguments)
    assert status == 0 and "Traceback" not in err, err
    assert workshop.state(shop, but=("made", "broken", "runs")) == before
    assert not [path for path in shop.rglob("*") if "partial" in path.name]
    if "--json" in arguments and out:
        for line in out.splitlines():
            json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def test_there_are_enough():
    assert len(rows(*invocations.REFUSED.values(), invocations.ACCEPTED)) >= 300
