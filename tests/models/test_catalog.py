"""Adding an architecture takes its own file and its line of the catalogue, and nothing else."""

import json
from dataclasses import dataclass

import checkout
import pytest

from tinyllm.config import Config, option
from tinyllm.errors import UsageError
from tinyllm.memory import estimate
from tinyllm.models import catalog
from tinyllm.models.gpt import GPTConfig

TOY = '''"""Toy: a GPT that learns for each token how loudly it is said."""

from dataclasses import dataclass

from tinyllm.config import option
from tinyllm.data.objectives import Causal
from tinyllm.models import gpt
from tinyllm.models.architecture import Architecture
from tinyllm.nn.module import Parameter
from tinyllm.nn.outline import ones


@dataclass(frozen=True)
class ToyConfig(gpt.GPTConfig):
    """modelo"""

    voices: int = option(1, "quantas vozes dizem cada token", at_least=1)


class Toy(gpt.GPT):
    """(B, T) token ids -> (B, T, V)"""

    def __init__(self, config, *, rng):
        super().__init__(config, rng=rng)
        self.voices = Parameter(ones(config.voices, config.vocab_size))

    def head(self):
        return super().head() * self.voices.mean(axis=0)


ARCHITECTURE = Architecture(
    ToyConfig, Toy, Causal,
    body=Toy, kept=gpt.kept, cache=gpt.cache, products=gpt.products,
)  # fmt: skip
'''
SIZES = {"vocab_size": 300, "context": 16, "layers": 2, "heads": 2, "width": 16}
SMALL = [f"--{name.replace('_', '-')}={value}" for name, value in SIZES.items()]


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A checkout with one architecture more."""
    folder = checkout.make(tmp_path_factory.mktemp("toy"))
    (folder / "tinyllm/models/toy.py").write_text(TOY, encoding="utf-8")
    catalogue = folder / "tinyllm/models/catalog.py"
    text = catalogue.read_text(encoding="utf-8")
    for before, after in ((", t5\n", ", t5, toy\n"), ("MODELS = {\n", 'MODELS = {\n    "toy": toy.ARCHITECTURE,\n')):
        assert before in text
        text = text.replace(before, after)
    catalogue.write_text(text, encoding="utf-8")
    status, _, err = checkout.tinyllm(
        folder, "train", "--out=run", "--model=toy", "--voices=3", "--texts=60", "--batch=4", "--steps=3", *SMALL
    )
    assert status == 0, err
    return folder


def told(copy, *command):
    """The objects that a command prints."""
    status, out, err = checkout.tinyllm(copy, *command, "--json")
    assert status == 0, err
    return [json.loads(line) for line in out.splitlines()]


def refused(copy, *command):
    """The line that a command is refused with."""
    status, out, err = checkout.tinyllm(copy, *command)
    assert status == 2 and not out and err.count("\n") == 1
    return err


def test_it_trains_and_goes_on(copy):
    stored = json.loads((copy / "run/config.json").read_text(encoding="utf-8"))
    assert stored["architecture"] == "toy" and stored["model"]["voices"] == 3
    steps = told(copy, "train", "--resume=run", "--steps=5")
    assert [step["step"] for step in steps] == [4, 5]


def test_it_writes(copy):
    (written,) = told(copy, "generate", "run", "--prompt=Era", "--max-tokens=20")
    assert written["prompt"] == "Era" and written["text"]
    assert "holds no model that fills gaps" in refused(copy, "fill", "run", "Era ___.")


def test_it_is_looked_into(copy):
    (maps,) = told(copy, "attention", "run", "Era uma")
    assert len(maps["weights"]) == SIZES["layers"] and len(maps["weights"][0]) == SIZES["heads"]


def test_it_classifies(copy):
    options = ("--task=classify", "--model=toy", "--texts=60", "--batch=4", "--steps=2")
    *steps, figures = told(copy, "train", "--out=labels", *options, *SMALL)
    assert len(steps) == 2 and figures["accuracy"] >= 0
    (guess,) = told(copy, "classify", "labels", "Muito bom.")
    assert set(guess["probabilities"]) == {"negativa", "positiva"}


def test_it_is_estimated(copy):
    (found,) = told(copy, "estimate", "--model=toy", "--voices=3", "--context=100", "--layers=70", "--batch=2")
    gpt = GPTConfig(context=100, layers=70)
    assert found["parameters"] == estimate.parameters(gpt) + 3 * gpt.vocab_size
    assert found["training"]["float32"]["activations"] == estimate.training(gpt, estimate.Plan(2)).activations
    (of_run,) = told(copy, "estimate", "run")
    assert of_run["model"]["architecture"] == "toy" and of_run["model"]["voices"] == 3
    assert "17 tokens do not fit in a context of 16" in refused(copy, "estimate", "run", "--tokens=17")


@pytest.mark.long
def test_it_is_benchmarked_by_name(copy):
    (found,) = told(copy, "bench", "train", "--model=toy", "--against=none", "--races=1", "--steps=2")
    assert found["case"] == "toy" and found["tokens_per_second"]["ours"] > 0 and found["gemm_share"] > 0
    against = refused(copy, "bench", "train", "--model=toy", "--against=torch")
    assert "--against torch has no toy, only gpt, llama, bert, t5; choose another" in against


def test_two_architectures_of_one_config_are_refused(monkeypatch):
    monkeypatch.setitem(catalog.MODELS, "twin", catalog.find("gpt"))
    with pytest.raises(UsageError, match="gpt and twin share GPTConfig; give each its own"):
        catalog.name_of(catalog.find("gpt").config())


def test_a_config_that_lacks_a_size_is_told(monkeypatch):
    @dataclass(frozen=True)
    class Few(Config):
        title = "modelo"
        vocab_size: int = option(9, "quantos tokens", at_least=2)
        width: int = option(8, "canais", at_least=1)

    monkeypatch.setitem(catalog.MODELS, "few", catalog.MODELS["gpt"]._replace(config=Few))
    for look in (lambda: catalog.find("few"), lambda: catalog.new_model(Few(), rng=None)):
        with pytest.raises(UsageError, match="model few: its Few lacks context, layers, dropout"):
            look()
