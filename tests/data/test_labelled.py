"""Texts with labels: files in two forms, splits without leaks, batches of rows of about the same length."""

import itertools
import json
import re

import numpy as np
import pytest

from tinyllm.data.labelled import labelled_batches, read_labelled, split_examples, write_labelled
from tinyllm.errors import UsageError

EXAMPLES = [("Bom, e\u2028bonito.", "sim"), ('Disse "não".\u0085', "não"), ("Ação", "sim")]


def test_what_is_written_is_read_again(tmp_path):
    write_labelled(tmp_path / "a.jsonl", EXAMPLES)
    assert read_labelled(tmp_path / "a.jsonl") == [(text.strip(), label) for text, label in EXAMPLES]


def test_a_tsv(tmp_path):
    (tmp_path / "a.tsv").write_bytes("\ufeffMuito bom.\tsim\r\n\r\nRuim\u2028mesmo\tnão\r\n".encode())
    assert read_labelled(tmp_path / "a.tsv") == [("Muito bom.", "sim"), ("Ruim\u2028mesmo", "não")]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "a.tsv",
            "um texto\tsim\noutro texto\n",
            "line 2 is not a text, a tab and a label; mend or delete it: 'outro texto'",
        ),
        ("a.tsv", "um\tdois\ttrês\n", "line 1 is not a text, a tab and a label"),
        ("a.tsv", "um\tsim\n\tnão\n", "line 2 has no text; complete it or delete it"),
        ("a.jsonl", '{"text": "a", "label": "b"}\n{"text": 3, "label": "b"}', "line 2 is not {"),
        ("a.jsonl", '{"text": "a"}', "line 1 is not {"),
        ("a.jsonl", "[" * 100_000, "line 1 is not {"),
        ("a.jsonl", '{"text": "a", "label": " "}', "line 1 has no label"),
        (
            "a.jsonl",
            '{"text": "a", "label": "b"}\n{"text": "bom dia \\ud83d", "label": "b"}',
            "line 2 has half a character, '\\ud83d'; mend or delete it",
        ),
        ("a.jsonl", '{"text": "a", "label": "\\udc00b"}', "line 1 has half a character, '\\udc00'"),
        ("a.JSONL", '{"text": ' + "9" * 5000 + ', "label": "b"}', "line 1 is not {"),
        ("a.csv", "a,b", "must end in .tsv (text, tab, label) or in .jsonl"),
        ("none.tsv", None, "does not exist; give a .tsv or a .jsonl"),
    ],
)
def test_files_that_are_not_of_their_form(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=re.escape(message)):
        read_labelled(tmp_path / name)


def test_a_whole_character_from_json_and_endings_in_capitals(tmp_path):
    (tmp_path / "a.JSONL").write_text('{"text": "bom dia \\ud83d\\ude00", "label": "b"}')
    assert read_labelled(tmp_path / "a.JSONL") == [("bom dia 😀", "b")]
    (tmp_path / "a.TSV").write_text("bom dia\tb\n")
    assert read_labelled(tmp_path / "a.TSV") == [("bom dia", "b")]


def test_more_labels_than_a_classifier_tells():
    with pytest.raises(UsageError, match="there are 10000 labels, and a classifier tells 1000 at most"):
        split_examples([(f"texto {i}", str(i % 10_000)) for i in range(30_000)], seed=0)


def test_a_file_that_is_not_utf_8(tmp_path):
    (tmp_path / "a.tsv").write_bytes("ação\tsim\n".encode("latin-1"))
    with pytest.raises(UsageError, match="not UTF-8 at byte 1"):
        read_labelled(tmp_path / "a.tsv")


def test_no_text_is_in_two_splits_and_every_label_is_in_each():
    examples = [(f"texto {i % 40}", "aaab"[i % 4]) for i in range(120)]
    found = split_examples(examples, seed=3)
    assert [len(found[split]) for split in ("train", "validation", "test")] == [32, 4, 4]
    assert sorted(itertools.chain(*found.values())) == sorted(set(examples))
    assert all({label for _, label in some} == {"a", "b"} for some in found.values())
    assert found == split_examples(examples, seed=3) != split_examples(examples, seed=4)


@pytest.mark.parametrize(
    ("examples", "message"),
    [
        ([], "there is no text at all; a classifier needs texts of two labels or more"),
        ([(str(i), "a") for i in range(50)], "the only label is 'a'; a classifier needs texts of two labels or more"),
        (
            [("x", "raro"), *((str(i), "ab"[i % 2]) for i in range(9))],
            "of the label 'raro' there are 1 texts, and 3 are",
        ),
    ],
)
def test_texts_that_do_not_do(examples, message):
    with pytest.raises(UsageError, match=message):
        split_examples(examples, seed=0)


def rows(count=203):
    rng = np.random.default_rng(0)
    return [rng.integers(1, 9, size=n) for n in rng.integers(1, 60, size=count)], np.arange(count)


def test_an_epoch_takes_every_row_at_most_once_and_pads_little():
    texts, labels = rows()
    batches = list(itertools.islice(labelled_batches(texts, labels, batch=8, seed=1), 25))
    taken = np.concatenate([which for _, _, which in batches])
    assert len(taken) == len(set(taken)) == 200
    for ids, lengths, which in batches:
        for row, length, i in zip(ids, lengths, which, strict=True):
            assert row[:length].tolist() == texts[i].tolist() and not row[length:].any()
    padding = 1 - sum(lengths.sum() for _, lengths, _ in batches) / sum(ids.size for ids, _, _ in batches)
    assert padding < 0.1


def test_a_batch_is_a_function_of_its_number():
    texts, labels = rows()
    whole = list(itertools.islice(labelled_batches(texts, labels, batch=8, seed=1), 60))
    later = list(itertools.islice(labelled_batches(texts, labels, batch=8, seed=1, start=40), 20))
    for one, other in zip(whole[40:], later, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    epochs = [sorted(np.concatenate([b[2] for b in whole[i : i + 25]]).tolist()) for i in (0, 25)]
    assert [b[2].tolist() for b in whole[:25]] != [b[2].tolist() for b in whole[25:50]] and epochs[0] != epochs[1]


def test_too_few_rows():
    with pytest.raises(UsageError, match="3 texts are too few for a batch of 8"):
        next(labelled_batches(*(part[:3] for part in rows()), batch=8, seed=0))


def test_json_has_both_names(tmp_path):
    write_labelled(tmp_path / "a.jsonl", EXAMPLES)
    assert json.loads((tmp_path / "a.jsonl").read_text(encoding="utf-8").split("\n")[2]) == {
        "text": "Ação",
        "label": "sim",
    }
