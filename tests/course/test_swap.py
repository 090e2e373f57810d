"""The learner's pieces in the library's place: whose they are, that they are called, and that nothing else changes."""

import importlib
import inspect
import json
import re
import shutil

import numpy as np
import pytest
from checkout import solve, tinyllm

from tinyllm.course import swap, syllabus, unfused
from tinyllm.course.judge import PENDING, RIGHT, difference, load
from tinyllm.course.pytest_plugin import EXERCISES, FOLDER
from tinyllm.data import split
from tinyllm.errors import UsageError
from tinyllm.finetune import catalog
from tinyllm.models.catalog import MODELS
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.nn import attention as layers_of_attention
from tinyllm.tensor import Tensor, backward

SMALL = ("--texts=60", "--vocab-size=300", "--layers=2", "--width=32", "--context=32", "--batch=4", "--steps=20")
REPLACEABLE = [pytest.param(e, name, id=f"{e.id}-{name}") for e in EXERCISES.values() for name in e.library]


def losses(out):
    return [json.loads(line)["loss"] for line in out.splitlines()]


def calls(err):
    """{piece: how often it was called, or an object made of it} of what a command said at its end."""
    told = re.findall(r"^  (\w+) \(m\S+\): (?:chamada|construída) ([\d.]+) ve", err, flags=re.M)
    return {name: int(count.replace(".", "")) for name, count in told}


def test_training_with_three_pieces_of_the_learner(checkout):
    solve(checkout, "m01.e03", "m01.e08")
    softmax = checkout / "exercises" / "m01_introducao/e03_softmax.py"
    softmax.write_text(softmax.read_text(encoding="utf-8") + "\nprint('oi')\n", encoding="utf-8")
    status, out, err = tinyllm(checkout, "train", "--out=mine", "--mine", "--json", *SMALL)
    assert status == 0 and "oi\n" in err, err
    assert "Peças: 3 suas, " in err and "  softmax (m01.e03): sua\n" in err
    assert calls(err).keys() == {"softmax", "cross_entropy", "gpt_parameters"} and min(calls(err).values()) > 0
    assert calls(err)["softmax"] >= 20 * 2 * 2  # steps, blocks, workers
    reference = losses(tinyllm(checkout, "train", "--out=reference", "--json", *SMALL)[1])
    assert len(reference) == 20
    np.testing.assert_allclose(losses(out), reference, atol=1e-4, rtol=0)


@pytest.mark.long
def test_training_by_the_backward_of_the_learner(checkout):
    solve(checkout, "m01.e04")
    status, out, err = tinyllm(checkout, "train", "--out=mine", "--mine", "--json", "--workers=2", *SMALL)
    assert status == 0, err
    called = calls(err)
    assert called.keys() == {"sum_to_shape", "multiply", "backward"}
    assert called["backward"] >= 20 * 2  # steps, workers
    assert called["multiply"] >= 20 * 2 * 2 and called["sum_to_shape"] > called["backward"]
    reference = losses(tinyllm(checkout, "train", "--out=reference", "--json", "--workers=2", *SMALL)[1])
    assert len(reference) == 20
    np.testing.assert_allclose(losses(out), reference, atol=1e-4, rtol=0)


@pytest.mark.long
@pytest.mark.parametrize("model", ["rnn", "lstm"])
def test_training_and_writing_with_the_cells_of_the_learner(checkout, model):
    solve(checkout, "m01.e05")
    options = (f"--model={model}", "--json", *SMALL)
    status, out, err = tinyllm(checkout, "train", "--out=mine", "--mine", *options)
    assert status == 0, err
    assert calls(err)[f"{model}_cell"] >= 20 * 2 * 32  # steps, blocks, positions
    reference = losses(tinyllm(checkout, "train", "--out=reference", *options)[1])
    np.testing.assert_allclose(losses(out), reference, atol=1e-4, rtol=0)
    status, _, err = tinyllm(checkout, "generate", "reference", "--mine", "--max-tokens=3")
    assert status == 0 and calls(err)[f"{model}_cell"] >= 2 * 2  # blocks, tokens after the first


@pytest.mark.long
@pytest.mark.parametrize(
    ("options", "pieces"),
    [
        (["--model=gpt"], {"embedding", "layer_norm", "gelu", "FeedForward"}),
        (["--model=llama"], {"embedding", "rotations", "rotary", "rms_norm", "swiglu"}),
        (["--model=bert", "--positions=sinusoidal"], {"embedding", "sinusoids", "layer_norm", "gelu", "FeedForward"}),
    ],
)
def test_training_with_the_parts_of_a_transformer_of_the_learner(checkout, options, pieces):
    solve(checkout, "m03.e01", "m03.e02", "m03.e03", "m03.e04")
    status, out, err = tinyllm(checkout, "train", "--out=mine", "--mine", "--json", *options, *SMALL)
    assert status == 0, err
    assert {name for name, count in calls(err).items() if count} == pieces
    reference = losses(tinyllm(checkout, "train", "--out=reference", "--json", *options, *SMALL)[1])
    np.testing.assert_allclose(losses(out), reference, atol=1e-4, rtol=0)


@pytest.mark.long
@pytest.mark.parametrize(
    ("model", "pieces"),
    [
        ("gpt", {"future", "CausalSelfAttention"}),
        ("llama", {"future"}),
        ("t5", {"future", "CrossAttention", "DecoderBlock", "shift_right"}),
    ],
)
def test_training_and_writing_with_the_decoder_of_the_learner(checkout, model, pieces):
    solve(checkout, "m03.e08", "m03.e09", "m03.e10")
    options = (f"--model={model}", "--json", *SMALL)
    status, out, err = tinyllm(checkout, "train", "--out=mine", "--mine", *options)
    assert status == 0, err
    assert {name for name, count in calls(err).items() if count} == pieces
    reference = losses(tinyllm(checkout, "train", "--out=reference", *options)[1])
    np.testing.assert_allclose(losses(out), reference, atol=1e-4, rtol=0)
    if model != "t5":  # which writes what is missing in a text, not what comes next
        status, _, err = tinyllm(checkout, "generate", "mine", "--mine", "--max-tokens=3")
        assert status == 0 and calls(err)["future"] > 0


@pytest.mark.long
def test_training_and_writing_with_the_whole_gpt_of_the_learner(checkout):
    solve(checkout, "m04.e03", "m04.e04")
    status, out, err = tinyllm(checkout, "train", "--out=mine", "--mine", "--json", *SMALL)
    assert status == 0, err
    assert {name for name, count in calls(err).items() if count} == {"initial_weight", "out_std", "Block", "GPT"}
    reference = losses(tinyllm(checkout, "train", "--out=reference", "--json", *SMALL)[1])
    np.testing.assert_allclose(losses(out), reference, atol=1e-4, rtol=0)
    written = [tinyllm(checkout, "generate", "mine", "--max-tokens=8", *whose) for whose in (["--mine"], [])]
    assert written[0][:2] == written[1][:2] and calls(written[0][2])["GPT"] == 1  # the library opens it as its own


@pytest.mark.long
@pytest.mark.parametrize(
    ("optimizer", "pieces"),
    [("sgd", {"sgd_update"}), ("adam", {"adam_update"}), ("adamw", {"adamw_update", "adam_update"})],
)
def test_training_by_the_rules_and_the_schedule_of_the_learner(checkout, optimizer, pieces):
    solve(checkout, "m05.e02", "m05.e03")
    options = (f"--optimizer={optimizer}", "--schedule=wsd", "--json", *SMALL)
    status, out, err = tinyllm(checkout, "train", "--out=mine", "--mine", *options)
    assert status == 0, err
    assert {name for name, count in calls(err).items() if count} == {*pieces, "learning_rate"}
    reference = losses(tinyllm(checkout, "train", "--out=reference", *options)[1])
    np.testing.assert_allclose(losses(out), reference, atol=1e-4, rtol=0)


def but_for_the_clock(out):
    """What --json told of a smaller run, but for its name and how fast it writes."""
    found = json.loads(out)
    return {name: value for name, value in found.items() if name not in ("run", "tokens_per_second")}


@pytest.mark.long
def test_a_model_in_int8_with_the_codes_of_the_learner(checkout):
    solve(checkout, "m04.e05")
    assert tinyllm(checkout, "train", "--out=run", *SMALL)[0] == 0
    status, out, err = tinyllm(checkout, "compress", "run", "--out=mine", "--mine", "--json")
    assert status == 0 and calls(err)["encode"] > 0, err
    status, reference, _ = tinyllm(checkout, "compress", "run", "--out=reference", "--json")
    assert status == 0 and but_for_the_clock(out) == but_for_the_clock(reference)


@pytest.mark.long
def test_evaluating_with_the_measures_of_the_learner(checkout):
    solve(checkout, "m06.e06", "m06.e07", "m06.e08")
    room = "--context=160"  # for a question and an answer
    for more in (("--out=run", room), ("--out=again", room), ("--out=labels", "--task=classify", "--model=bert")):
        assert tinyllm(checkout, "train", *SMALL, *more)[0] == 0
    for runs, suites, pieces in (
        (
            ("run", "again"),
            ("bias", "instructions"),
            {"Bleu", "rouge_l", "contamination", "resampled", "swapped", "gaps"},
        ),
        (("labels",), ("labels",), {"f1", "contamination", "resampled"}),
    ):
        command = ("evaluate", *runs, *(f"--suite={name}" for name in suites), "--examples=20", "--json")
        status, out, err = tinyllm(checkout, *command, "--mine")
        assert status == 0 and {name for name, count in calls(err).items() if count} == pieces, err
        reference = tinyllm(checkout, *command)[1]
        lines = map(json.loads, out.splitlines())
        assert any(one["said"] for line in lines if line["suite"] == suites[-1] for one in line["mistakes"])
        mine, theirs = (list(numbers(map(json.loads, lines.splitlines()))) for lines in (out, reference))
        assert len(mine) > 20
        np.testing.assert_allclose(mine, theirs, atol=1e-9, rtol=0)


def numbers(value):
    """All the numbers in what JSON holds, in order."""
    if isinstance(value, bool | int | float):
        yield value
    elif value is not None and not isinstance(value, str):
        for each in value.values() if isinstance(value, dict) else value:
            yield from numbers(each)


@pytest.mark.long
def test_a_model_in_nf4_with_the_codes_of_the_learner(checkout):
    solve(checkout, "m06.e05")
    assert tinyllm(checkout, "train", "--out=run", *SMALL)[0] == 0
    status, out, err = tinyllm(checkout, "compress", "run", "--method=nf4", "--out=mine", "--mine", "--json")
    assert status == 0 and calls(err).keys() == {"encode", "encode_scale"} and min(calls(err).values()) > 0, err
    status, reference, _ = tinyllm(checkout, "compress", "run", "--method=nf4", "--out=reference", "--json")
    assert status == 0 and but_for_the_clock(out) == but_for_the_clock(reference)


@pytest.mark.long
def test_training_in_halves_with_the_loss_scale_of_the_learner(checkout):
    solve(checkout, "m05.e10")
    options = ("--precision=float16", "--json", *SMALL)
    status, out, err = tinyllm(checkout, "train", "--out=mine", "--mine", *options)
    assert status == 0 and calls(err) == {"LossScale": 2}, err  # once when it is tried, before it begins
    assert losses(out) == losses(tinyllm(checkout, "train", "--out=reference", *options)[1])


@pytest.mark.long
def test_training_in_the_rhythm_and_from_the_teacher_of_the_learner(checkout):
    solve(checkout, "m05.e09", "m05.e11")
    assert tinyllm(checkout, "train", "--out=teacher", *SMALL)[0] == 0
    for name, before, options in (  # `before` the steps come so many lines, about the reading
        ("competence", 0, ("--curriculum=length", *SMALL)),
        ("likeliest", 1, ("--teacher=teacher", "--layers=1", "--width=16", "--batch=4", "--steps=20")),
    ):
        status, out, err = tinyllm(checkout, "train", f"--out={name}", "--mine", "--json", *options)
        assert status == 0 and calls(err)[name] > 0, err
        shutil.rmtree(checkout / "teacher/distillation", ignore_errors=True)  # what the learner's left there
        reference = tinyllm(checkout, "train", f"--out={name}-reference", "--json", *options)[1]
        mine, theirs = (losses("\n".join(lines.splitlines()[before:])) for lines in (out, reference))
        np.testing.assert_allclose(mine, theirs, atol=1e-4, rtol=0)


@pytest.mark.long
def test_classifying_with_the_encoder_of_the_learner(checkout):
    solve(checkout, "m03.e05", "m03.e07")
    options = ("--task=classify", "--model=bert", "--json", "--texts=60", "--context=24", "--layers=2", "--width=16",
               "--heads=2", "--batch=4", "--steps=4")  # fmt: skip
    status, out, err = tinyllm(checkout, "train", "--out=mine", "--mine", *options)
    assert status == 0, err
    pieces = {"split_heads", "merge_heads", "SelfAttention", "Block", "Encoder"}
    assert {name for name, count in calls(err).items() if count} == pieces
    *steps, _ = out.splitlines(keepends=True)  # the last line has the figures on the validation texts
    *reference, _ = tinyllm(checkout, "train", "--out=reference", *options)[1].splitlines(keepends=True)
    np.testing.assert_allclose(losses("".join(steps)), losses("".join(reference)), atol=1e-4, rtol=0)


@pytest.mark.long
@pytest.mark.parametrize("model", ["bert", "gpt"])
def test_classifying_with_the_head_and_the_weights_of_the_learner(checkout, model):
    solve(checkout, "m06.e01")
    options = ("--task=classify", f"--model={model}", "--class-weights=balanced", "--label-smoothing=0.1", "--json",
               "--texts=60", "--context=24", "--layers=1", "--width=16", "--heads=2", "--batch=4",
               "--steps=4")  # fmt: skip
    status, out, err = tinyllm(checkout, "train", "--out=mine", "--mine", *options)
    assert status == 0, err
    assert calls(err).keys() == {"Classifier", "balanced"} and min(calls(err).values()) > 0
    reference = tinyllm(checkout, "train", "--out=reference", *options)[1]
    assert len(out.splitlines()) == len(reference.splitlines()) == 5  # the last has the figures on the validation texts
    mine, theirs = (losses("\n".join(lines.splitlines()[:4])) for lines in (out, reference))
    np.testing.assert_allclose(mine, theirs, atol=1e-4, rtol=0)


@pytest.mark.long
def test_answering_in_the_template_of_the_learner(checkout):
    solve(checkout, "m06.e02")
    pieces, small = {"Template", "answers_batch"}, ("--texts=60", "--layers=1", "--width=16", "--batch=4", "--steps=4")
    assert tinyllm(checkout, "train", "--task=instruct", "--out=base", "--vocab-size=300", *small)[0] == 0
    for task in ("instruct", "prefer"):
        options = (f"--task={task}", "--from=base", "--json", "--texts=60", "--batch=4", "--steps=4")
        status, out, err = tinyllm(checkout, "train", f"--out={task}", "--mine", *options)
        assert status == 0, err
        assert calls(err).keys() == pieces and min(calls(err).values()) > 0
        reference = tinyllm(checkout, "train", f"--out={task}-reference", *options)[1]
        assert len(losses(reference)) == 4 and losses(out) == losses(reference)
    status, _, err = tinyllm(checkout, "generate", "instruct", "--prompt=Oi?", "--max-tokens=3", "--mine")
    assert status == 0 and calls(err)["Template"] == 1


@pytest.mark.parametrize(("method", "name"), [("lora", "LowRank"), ("adapter", "Adapter"), ("prompt", "VirtualTokens")])
def test_a_model_adapted_with_what_the_learner_writes(checkout, monkeypatch, method, name):
    """It learns as with the library's."""
    solve(checkout, "m06.e03", "m06.e04")
    monkeypatch.setattr(syllabus, "course_folder", lambda: checkout)
    monkeypatch.setattr(swap, "states", lambda folder, exercises: {
        e.id: [RIGHT if e.id in ("m06.e03", "m06.e04") else PENDING, ""] for e in exercises})  # fmt: skip

    def adapted():
        """What is learned after a step, and the logits."""
        gpt = GPT(GPTConfig(vocab_size=30, context=40, layers=2, heads=2, width=16), rng=np.random.default_rng(0))
        model = catalog.adapt(gpt, catalog.find(method).config(), rng=np.random.default_rng(1))
        ids, targets = np.random.default_rng(2).integers(30, size=(2, 3, 6))
        gradients = backward(model.loss(ids, targets))
        for parameter, gradient in gradients.items():
            parameter.data[...] -= gradient
        return catalog.learned(model), model(ids).data

    learned, logits = adapted()
    with swap.mine(say=lambda line: None) as pieces:
        mine, found = adapted()
    assert {piece.name: piece.calls for piece in pieces}[name] > 0 and learned
    assert mine.keys() == learned.keys() and all(np.array_equal(mine[key], learned[key]) for key in learned)
    np.testing.assert_allclose(found, logits, atol=1e-5)


@pytest.mark.long
def test_the_data_commands_with_the_pieces_of_the_learner(checkout):
    solve(checkout, "m02.e03", "m02.e04", "m02.e05", "m02.e06")
    tales = [
        f"Era uma vez o rato {n}, que na\u0303o dormia. A gata {n % 7} o viu\u200b, e ele fugiu." for n in range(90)
    ]
    (checkout / "tales.txt").write_text("\r\n\r\n".join([*tales, *tales[:9]]), encoding="utf-8")
    called = {}
    for command, result in (
        (("clean", "tales.txt", "--out=clean.txt"), "clean.txt"),
        (("dedup", "clean.txt", "--out=unique.txt", "--threshold=0.9"), "unique.txt"),
        (("split", "unique.txt", "--out=parts", "--held-out=0.3", "--threshold=0.9"), "parts/test.txt"),
    ):
        status, _, err = tinyllm(checkout, "data", *command, "--mine")
        assert status == 0, err
        called |= {name: count for name, count in calls(err).items() if count}
        mine = (checkout / result).read_bytes()
        (checkout / command[2].removeprefix("--out=")).rename(checkout / f"mine-{command[0]}")
        assert tinyllm(checkout, "data", *command)[0] == 0
        assert (checkout / result).read_bytes() == mine and mine
    assert called.keys() == {"find_files", "compose", "remove_invisible", "least_hashes", "similarity", "split_of"}


@pytest.mark.long
def test_a_tokenizer_trained_and_used_by_the_pieces_of_the_learner(checkout):
    solve(checkout, "m02.e08", "m02.e09", "m02.e10")
    assert tinyllm(checkout, "data", "generate", "contos", "--count=60", "--out=contos.txt")[0] == 0
    commands = [
        (("train", "contos.txt", "--vocab-size=700", "--out=made.json"), ["count_pairs", "merge_word", "train_merges"]),
        (("encode", "made.json", "A gata não dorme, mas a ração acabou 🙂."), ["encode_word", "unspell"]),
        (("convert", "made.json", "made"), ["unspell"]),
        (("convert", "made", "again.json"), ["unspell", "read_merges"]),
    ]
    outputs = []
    for whose in (["--mine"], []):
        for command, pieces in commands:
            status, out, err = tinyllm(checkout, "tokenizer", *command, *whose)
            assert status == 0, err
            assert not whose or [name for name, count in calls(err).items() if count] == pieces
            outputs.append(out)
        outputs += [(checkout / "made.json").read_bytes(), (checkout / "made/merges.txt").read_bytes()]
        shutil.rmtree(checkout / "made")
    half = len(outputs) // 2
    assert outputs[:half] == outputs[half:]


def test_without_a_right_answer_the_library_runs_as_it_is(checkout):
    exercise = checkout / "exercises/m01_introducao/e03_softmax.py"
    solution = (checkout / "solutions/m01_introducao/e03_softmax.py").read_text(encoding="utf-8")
    exercise.write_text(solution.replace("y = e / e.sum", "y = e * e.sum"), encoding="utf-8")
    status, out, err = tinyllm(checkout, "train", "--out=mine", "--mine", "--json", *SMALL)
    assert status == 0 and "Peças: 0 suas, " in err
    assert "  softmax (m01.e03): da referência (o exercício está errado)" in err
    assert losses(out) == losses(tinyllm(checkout, "train", "--out=reference", "--json", *SMALL)[1])


def test_an_error_in_a_piece_is_told_in_one_line(checkout):
    exercise = checkout / "exercises/m01_introducao/e03_softmax.py"
    solution = (checkout / "solutions/m01_introducao/e03_softmax.py").read_text(encoding="utf-8")
    other = solution.replace(
        "    e = np.exp(x", "    len(x.shape) < 4 or {}[x.ndim]\n    e = np.exp(x"
    )  # right, until it matters
    exercise.write_text(other, encoding="utf-8")
    status, _, err = tinyllm(checkout, "train", "--out=mine", "--mine", *SMALL)
    last = err.splitlines()[-1]
    assert status == 2 and "Traceback" not in err
    assert re.search(r"erro no seu código, em exercises.m01_introducao.e03_softmax.py:\d+: KeyError: 4", last)


@pytest.fixture
def all_right(checkout, monkeypatch):
    """A checkout of which every solution stands where the learner's answers do, and is said to be right."""
    solve(checkout)
    monkeypatch.setattr(syllabus, "course_folder", lambda: checkout)
    monkeypatch.setattr(swap, "states", lambda folder, exercises: {e.id: [RIGHT, ""] for e in exercises})
    return checkout


def test_what_one_exercise_imports_is_what_another_one_writes(all_right):
    said = []
    with swap.mine(say=said.append) as pieces:
        counts = {piece.name: piece for piece in pieces}
        attention = layers_of_attention.CausalSelfAttention(8, 2, rng=np.random.default_rng(0))
        attention(Tensor(np.ones((1, 3, 8), np.float32)))
        assert counts["softmax"].calls == 1 and counts["CausalSelfAttention"].calls == 1
    assert "  softmax (m01.e03): chamada 1 vez" in said
    assert "  CausalSelfAttention (m03.e08): construída 1 vez" in said
    assert "  GPT (m04.e04): construída 0 vezes, isto é, nada aqui passou por ela" in said


@pytest.mark.parametrize("gives", ["None", "3.0", "bytearray(b'train')", "['train']"])
def test_what_a_result_of_the_learner_s_causes_in_the_library_is_told_as_theirs(all_right, gives):
    with open(all_right / "exercises/m02_ambiente_e_dados/e06_divisao.py", "a", encoding="utf-8") as answer:
        answer.write(f"\n\ndef split_of(key, *, held_out):\n    return {gives}\n")
    told = r"a última a devolver algo foi split_of \(m02.e06\), que deu um \w+: "
    with pytest.raises(UsageError, match=told), swap.mine(say=lambda line: None):
        {"train": 1, "validation": 2, "test": 3}[split.split_of(b"a", held_out=0.1)]  # as the library does


def test_an_exit_of_the_learner_s_is_an_error(all_right):
    with open(all_right / "exercises/m02_ambiente_e_dados/e06_divisao.py", "a", encoding="utf-8") as answer:
        answer.write("\n\ndef split_of(key, *, held_out):\n    exit()\n")
    with pytest.raises(UsageError, match="erro no seu código"), swap.mine(say=lambda line: None):
        split.split_of(b"a", held_out=0.1)


def test_what_the_machine_causes_is_not_told_as_the_learner_s(all_right):
    with pytest.raises(OSError, match="disk"), swap.mine(say=lambda line: None):
        split.split_of(b"a", held_out=0.1)
        raise OSError("the disk is full")


@pytest.mark.long
def test_a_piece_that_nothing_calls_is_reported(checkout):
    solve(checkout, "m01.e08")
    assert tinyllm(checkout, "train", "--out=run", *SMALL)[0] == 0
    status, _, err = tinyllm(checkout, "tokenizer", "encode", "run", "oi", "--mine")
    assert status == 0 and "gpt_parameters (m01.e08): chamada 0 vezes, isto é, nada aqui passou por ela" in err


@pytest.mark.long
def test_every_piece_is_called_by_some_command(checkout):
    solve(checkout)
    (checkout / "texts.txt").write_text("Era uma vez uma gata.\n\nA gata não dorme.\n", encoding="utf-8")
    tales = (f"O conto {n} fala de {n} gatas, {n} ratos e {n} rios." for n in range(60))
    (checkout / "tales.txt").write_text("\n\n".join(tales), encoding="utf-8")
    small = [option for option in SMALL if not option.startswith("--steps")]
    tiny = ("--texts=60", "--layers=1", "--width=16", "--batch=4")
    commands = [
        *(("train", f"--model={model}", f"--out={model}", "--steps=1", *small) for model in MODELS),
        ("train", "--precision=float16", "--out=halves", "--steps=1", *small),
        *(("train", f"--optimizer={name}", f"--out={name}", "--steps=1", *small) for name in ("sgd", "adam")),
        ("find-rate", "--rates=5", *(option for option in small if not option.startswith("--out"))),
        ("train", "--curriculum=length", "--out=easy", "--steps=1", *small),
        ("train", "--teacher=gpt", "--out=student", "--steps=1", "--layers=1", "--width=16", "--batch=4"),
        ("train", "--model=bert", "--positions=sinusoidal", "--out=waves", "--steps=1", *small),
        ("train", "--task=classify", "--class-weights=balanced", "--out=labels", "--steps=1", *tiny),
        ("train", "--task=instruct", "--out=answers", "--steps=1", "--vocab-size=300", *tiny),
        *(
            ("finetune", "gpt", f"--method={name}", f"--out={name}", "--steps=1", "--texts=60", "--batch=4")
            for name in ("qlora", "adapter", "prompt")
        ),
        ("generate", "gpt", "--max-tokens=3"),
        ("compress", "gpt", "--out=int8"),
        ("evaluate", "gpt", "llama", "--suite=bias", "--suite=instructions", "--examples=20"),
        ("evaluate", "labels", "--suite=labels", "--examples=20"),
        ("compress", "gpt", "--method=nf4", "--out=nf4"),
        ("tokenizer", "train", "texts.txt", "--kind=word", "--vocab-size=20", "--out=words.json"),
        ("tokenizer", "convert", "gpt", "gpt2-files"),
        ("tokenizer", "convert", "gpt2-files", "again.json"),
        ("data", "clean", "tales.txt", "--out=clean.txt"),
        ("data", "dedup", "tales.txt", "--out=unique.txt"),
        ("data", "split", "tales.txt", "--out=parts", "--held-out=0.3"),
    ]
    seen, called = set(), set()
    for command in commands:
        status, _, err = tinyllm(checkout, *command, "--mine")
        assert status == 0, err
        told = re.findall(r"^  (\w+ \(m\S+\)): (?:chamada|construída) (\S+) ve", err, flags=re.M)
        seen |= {piece for piece, _ in told}
        called |= {piece for piece, count in told if count != "0"}
    assert seen == called == {f"{name} ({e.id})" for e in EXERCISES.values() for name in e.library}


@pytest.mark.parametrize(("exercise", "name"), REPLACEABLE)
def test_solution_and_library_are_one(exercise, name):
    work = load(FOLDER / exercise.support).WORK[name]
    arguments = work.make(work.small)
    library = getattr(importlib.import_module(exercise.library[name]), name)
    solution = getattr(load(FOLDER / "solutions" / exercise.place), name)
    assert difference(work.through(library, *arguments), work.through(solution, *arguments)) is None


def test_what_is_unfused_has_the_parameters_of_what_it_stands_in_for():
    for name, place in {pair for exercise in EXERCISES.values() for pair in exercise.undoes.items()}:
        fused, parts = getattr(importlib.import_module(place), name), getattr(unfused, name)
        known, expected = (dict(inspect.signature(one).parameters) for one in (parts, fused))
        expected.pop("needs", None)  # which is not the caller's
        assert known == expected
