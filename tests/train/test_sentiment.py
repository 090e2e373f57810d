"""The second project of the course, as its lesson trains it: near what the noise allows, far above a bag of words."""

import json
import re
import shlex

import pytest

from tinyllm import cli
from tinyllm.course.pytest_plugin import FOLDER

LESSON = FOLDER / "exercises" / "m03_transformer" / "README.md"
COMMAND = re.compile(r"^tinyllm (train --task classify --model t5 .*) --mine --out projeto_2/t5$", flags=re.M)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_the_project_reaches_what_its_lesson_asks_for(capsys, tmp_path, seed):
    (options,) = COMMAND.findall(LESSON.read_text(encoding="utf-8"))
    assert cli.main([*shlex.split(options), f"--out={tmp_path}/run", f"--seed={seed}", "--json"]) == 0
    steps = [json.loads(line) for line in capsys.readouterr().out.splitlines()[:-1]]
    assert cli.main(["classify", f"{tmp_path}/run", "--split=test", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    print(f"{sum(step['seconds'] for step in steps):.0f} s, {figures['accuracy']:.4f}, a bag of words "
          f"{figures['bag_of_words_accuracy']:.4f}")  # fmt: skip
    assert figures["accuracy"] >= 0.94
    assert figures["accuracy"] >= figures["bag_of_words_accuracy"] + 0.08
