"""`tinyllm bench nf4`: its sides do the same work, in what the layers of a model take."""

import json

import pytest

from tinyllm import cli
from tinyllm.backend import kernels


@pytest.mark.long
@pytest.mark.skipif(kernels.numba_version() is None, reason="without Numba there is nothing to race")
@pytest.mark.parametrize("against", ["float32", "none"])
def test_the_command_races_a_case(capsys, against):
    options = ["bench", "nf4", "--case", "up-512", "--against", against, "--races=1", "--steps=2", "--workers=1"]
    assert cli.main([*options, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["case"], found["workers"], found["against"]) == ("up-512", 1, against)
    assert (found["ratio"] is None) == (against == "none")
    if against == "float32":
        assert found["ratio"]["median"] > 0.3  # far from what it is on a machine at rest
    assert cli.main(options) == 0
    assert "up-512" in capsys.readouterr().out
