"""m05.e04: a checkpoint that is written whole or not at all, and from which a training goes on to the last bit."""

import tempfile
from pathlib import Path

import numpy as np
import pytest

# NumPy leaves a file open that is cut short, if it was given its name
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
rng = np.random.default_rng(0)
WEIGHTS = {"blocks.0.w": rng.normal(size=(4, 3)).astype(np.float32), "w": rng.normal(size=(5,)), "file": np.array(2.5)}
MEMORY = {"w": rng.normal(size=(5,)), "m.w": np.asfortranarray(rng.normal(size=(2, 3))), "count": np.arange(3)}


def test_save(judge):
    for step, weights, memory in ((200, WEIGHTS, MEMORY), (0, WEIGHTS, {}), (7, {"w": np.zeros((2, 0))}, MEMORY)):
        case = f"step={step}, pesos {list(weights)}, lembranças {list(memory)}"
        judge.same("save", step, weights, memory, 3, through=judge.support.saved, case=case)


def test_save_numbers_of_every_kind(judge):
    numbers = {"nan": np.array([np.nan, np.inf, -0.0, 1e-320]), "half": np.ones(3, np.float16), "bits": np.eye(2) > 0}
    judge.same("save", 12, numbers, {}, 5, through=judge.support.saved, case="NaN, infinito, float16 e bool")


def test_save_takes_a_path_as_text(judge):
    def through(piece, step):
        with tempfile.TemporaryDirectory() as folder:
            piece(f"{folder}/step-{step}.npz", judge.support.Checkpoint(step, WEIGHTS, {}, judge.support.drawing(0)))
            return sorted(path.name for path in Path(folder).iterdir())

    judge.same("save", 5, through=through, case="um caminho que é um str")


# ---------------------------------------------------------------------------------------------------------------- load


def test_load(judge):
    for step, weights, memory in ((200, WEIGHTS, MEMORY), (0, WEIGHTS, {}), (7, {"w": np.zeros((2, 0))}, MEMORY)):
        content = judge.support.written(step, weights, memory, 3)
        found = judge.same("load", content, through=judge.support.loaded,
                           case=f"step={step}, pesos {list(weights)}, lembranças {list(memory)}")  # fmt: skip
        judge.that(isinstance(found.step, int), "load", f"step={step}", "o passo deveria ser um int")


@pytest.mark.parametrize("what", ["cortado", "com um byte trocado", "vazio", "que não é um npz", "com um objeto"])
def test_what_is_no_checkpoint(judge, what):
    whole = judge.support.written(3, {"w": np.zeros(1000)}, {}, 0)
    middle = len(whole) // 2
    thing = np.empty(1, object)
    content = {
        "cortado": whole[:middle], "com um byte trocado": whole[:4000] + b"\xff" + whole[4001:],
        "vazio": b"", "que não é um npz": b"era uma vez" * 99,
        "com um objeto": judge.support.written(3, {"w": thing}, {}, 0),
    }[what]  # fmt: skip
    judge.same("load", content, through=judge.support.refused, case=f"um arquivo {what}")


# -------------------------------------------------------------------------------------------------------------- latest


@pytest.fixture
def alone(judge, monkeypatch):
    """The judge, with the solution's load in the answer: latest is judged by itself."""
    monkeypatch.setattr(judge.answer, "load", judge.solution.load)
    return judge


def of_steps(judge, *steps):
    return {f"step-{step}.npz": judge.support.written(step, {"w": np.ones(3)}, {}, step) for step in steps}


def latest(judge, files, case):
    return judge.same("latest", files, through=judge.support.found_in, case=case)


def test_latest(alone):
    files = of_steps(alone, 11, 12, 8, 9, 101, 100)
    partial = {"step-200.npz.partial": alone.support.written(200, {}, {}, 0)}
    others = partial | {"notas.txt": b"", "step-.npz": b"", "ultimo.npz": b"x"}
    cut = files | {"step-101.npz": files["step-101.npz"][:90], "step-100.npz": b""}
    latest(alone, files | others, "step-8, 9, 11, 12, 100 e 101, e outros arquivos")
    latest(alone, cut | partial, "step-8, 9, 11 e 12; step-100 vazio e step-101 cortado; step-200.npz.partial")
    latest(alone, dict(reversed(files.items())), "os inteiros, escritos noutra ordem")
    for last in range(2, 9):  # whatever the order in which a folder lists its files
        latest(alone, of_steps(alone, *range(1, last + 1)), f"step-1 a step-{last}")


def test_nothing_to_go_on_from(alone):
    latest(alone, {}, "uma pasta vazia")
    latest(alone, {"step-5.npz": b"", "notas.txt": b"x"}, "um só, e estragado")


def test_latest_by_hand(alone):
    files = of_steps(alone, 9, 10, 11)
    found = latest(alone, files | {"step-11.npz": files["step-11.npz"][:200]}, "o exemplo")
    alone.that(found == 10, "latest", "o exemplo", "deveria ser o do passo 10")


# ------------------------------------------------------------------------------------------------------------ together


def train(steps, checkpoint):
    """A regression whose batches and dropout are drawn, by Adam: the checkpoint after so many steps."""
    step, weights, memory, rng = checkpoint
    weights, memory = dict(weights), dict(memory)
    for number in range(step + 1, step + steps + 1):
        x = rng.normal(size=(8, 4)) * (rng.random(4, dtype=np.float32) > 0.2)
        g = x.T @ (x @ weights["w"] - x.sum(axis=1)) / 8
        memory["m"] = 0.9 * memory["m"] + 0.1 * g
        memory["v"] = 0.99 * memory["v"] + 0.01 * g * g
        root = np.sqrt(memory["v"] / (1 - 0.99**number)) + 1e-8
        weights["w"] = weights["w"] - 0.1 * memory["m"] / (1 - 0.9**number) / root
    return type(checkpoint)(step + steps, weights, memory, rng)


def test_a_training_goes_on_to_the_last_bit(judge):
    zeros = {"m": np.zeros(4), "v": np.zeros(4)}
    judge.about("latest", "um treino de 9 passos, ou de 5 e mais 4 depois de salvar e retomar")

    def begin():
        return judge.answer.Checkpoint(0, {"w": np.zeros(4)}, zeros, np.random.default_rng(1))

    whole = train(9, begin())
    with tempfile.TemporaryDirectory() as folder:
        judge.answer.save(Path(folder, "step-5.npz"), train(5, begin()))
        found = judge.answer.latest(folder)
    judge.that(found is not None, "latest", "o que save escreveu", "não o encontrou")
    judge.that(np.array_equal(train(4, found).weights["w"], whole.weights["w"]), "load",
               "9 passos, ou 5 e mais 4 depois de retomar", "os pesos deveriam ser iguais, bit a bit")  # fmt: skip


@pytest.mark.parametrize("name", ["save", "load", "latest"])
def test_time_and_memory(judge, name):
    judge.fast(name)
