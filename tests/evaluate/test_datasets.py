"""Published test sets, on small files of their shapes: what is read, what is left out, what is refused and where."""

import json
import re

import pytest

from tinyllm.data.sources import SOURCES
from tinyllm.errors import UsageError
from tinyllm.evaluate.datasets import FORMS, SETS, Completion, Labelled, Question, load


def lines(*records):
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


ASSIN2 = """<?xml version="1.0" encoding="UTF-8"?>
<entailment-corpus>
  <pair entailment="Entailment" id="1" similarity="4.5">
    <t>Uma menina &amp; um cão estão correndo</t>
    <h>Há alguém
 correndo</h>
  </pair>
  <pair entailment="None" id="2" similarity="1.2"><t>Um homem dorme</t><h>Um homem canta</h></pair>
</entailment-corpus>
"""
PAIRS = [
    Labelled("Uma menina & um cão estão correndo\nHá alguém\n correndo", "implica"),
    Labelled("Um homem dorme\nUm homem canta", "não implica"),
]
ENEM = {"id": "questao_01", "exam": "2024", "IU": False, "question": "O texto trata de", "label": "B"}
FIVE = ["mudança.", "conflito.", "rotina.", "guerra.", "religião."]
SAMPLES = [  # set, form, content, examples
    ("assin2", "xml", ASSIN2, PAIRS),
    ("assin2", "jsonl", lines(
        {"sentence_pair_id": 1, "premise": "Chove", "hypothesis": "Há chuva", "entailment_judgment": 1},
        {"sentence_pair_id": 2, "premise": "Chove", "hypothesis": "Há sol", "entailment_judgment": 0},
    ), [Labelled("Chove\nHá chuva", "implica"), Labelled("Chove\nHá sol", "não implica")]),
    ("faquad-nli", "csv", 'question,answer,label\nO que é?,"Um curso, de noite.",1\nQuem?,Às oito.,UNSUITABLE\n',
     [Labelled("O que é?\nUm curso, de noite.", "responde"), Labelled("Quem?\nÀs oito.", "não responde")]),
    ("hatebr", "csv", 'instagram_comments,binary_classification,offensive_levels,hate_targets\n'
     '"Que coisa\nfeia, ""gente""!",1,2,"5,8"\nParabéns 👏,0,0,-1\n',
     [Labelled('Que coisa\nfeia, "gente"!', "ofensivo"), Labelled("Parabéns 👏", "não ofensivo")]),
    ("hatebr", "csv", "\ufeffid,comentario,anotator1,label_final\r\n1,Feio!,1,1\r\n",
     [Labelled("Feio!", "ofensivo")]),
    ("hatebr", "jsonl", lines({"instagram_comments": "Lindo", "offensive_language": False}),
     [Labelled("Lindo", "não ofensivo")]),
    ("tweetsentbr", "jsonl", lines({"id": "86", "sentence": " amei\u2028o programa ", "label": "Positive"}),
     [Labelled("amei\u2028o programa", "positivo")]),
    ("calame-pt", "jsonl", lines(
        {"id": 1, "sentence": "O mar estava cheio de", "last_word": "ondas"},
        {"id": 718, "sentence": "Uma frase sem fim.", "last_word": "      "},
    ), [Completion("O mar estava cheio de", "ondas")]),
    ("lambada-pt", "jsonl", lines({"sentence": "“Olhe!”, disse", "last_word": "Davi"}),
     [Completion("“Olhe!”, disse", "Davi")]),
    ("enem", "jsonl", lines(
        ENEM | {"alternatives": FIVE},
        ENEM | {"alternatives": FIVE, "IU": True},
        ENEM | {"alternatives": FIVE, "label": "Anulado"},
    ), [Question("O texto trata de", tuple(FIVE), 1)]),
    ("enem", "jsonl", lines(
        {"question": "São", "nullified": None, "choices": {"text": FIVE, "label": list("ABCDE")}, "answerKey": "E"},
        {"question": "São", "nullified": True, "choices": {"text": FIVE, "label": list("ABCDE")}, "answerKey": "A"},
    ), [Question("São", tuple(FIVE), 4)]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "form", "content", "examples"), SAMPLES)
def test_a_set_in_its_published_form(tmp_path, name, form, content, examples):
    path = tmp_path / f"set.{form.upper()}"
    path.write_bytes(content.encode())
    assert load(name, path) == examples


def test_every_set_and_form_has_a_sample():
    assert {name for name, *_ in SAMPLES} == set(SETS)
    assert {f".{form}" for _, form, *_ in SAMPLES} == set(FORMS)


def test_what_is_downloaded_can_be_read():
    known = SETS.keys() & SOURCES
    assert len(known) >= 4
    for name in known:
        assert SOURCES[name].file.endswith(tuple(FORMS)) and "conjunto de teste" in SOURCES[name].note


DOCTYPE = '<?xml version="1.0"?>\n<!DOCTYPE a [<!ENTITY b "c">]>\n<a/>'
UNFIT = [  # set, form, content, message
    ("assin2", "xml", ASSIN2.replace('"None"', '"Maybe"'), "line 8 has 'Maybe' as its entailment, which is none of 0,"),
    ("assin2", "xml", ASSIN2.replace("<h>Um homem canta</h>", ""), "line 8 has no h or hypothesis; mend it"),
    ("assin2", "xml", ASSIN2.replace("<t>Um homem dorme</t>", "<t> </t>"), "line 8 has no text, but ' ', as its t"),
    ("assin2", "xml", ASSIN2[:-30], "is no XML ("),
    ("assin2", "xml", DOCTYPE, "line 2 declares a type of document"),
    ("hatebr", "csv", "comentario,label_final\nOi,1\nOlá,2\n", "line 3 has '2' as its label_final"),
    ("hatebr", "csv", "texto,label_final\nOi,1\n", "line 2 has no comentario or instagram_comments"),
    ("hatebr", "csv", "comentario,label_final\nOi,1,2\n", "line 2 has more fields than the header: ['2']"),
    ("hatebr", "csv", 'comentario,label_final\nOi,1\n"Olá,1\n', "line 3 is no CSV (unexpected end of data)"),
    ("calame-pt", "jsonl", '{"sentence": "Oi", "last_word": "lá"}\n[1]\n', "line 2 is no object of JSON: '[1]'"),
    ("calame-pt", "jsonl", "[" * 100_000, "line 1 is no object of JSON"),
    ("calame-pt", "jsonl", lines({"sentence": 3, "last_word": "a"}), "line 1 has no text, but 3, as its sentence"),
    ("calame-pt", "jsonl", '{"sentence": "oi \\ud83d", "last_word": "a"}', "line 1 has half a character"),
    ("calame-pt", "jsonl", lines({"sentence": "a", "last_word": ""}), "holds no example of calame-pt"),
    ("tweetsentbr", "jsonl", lines({"sentence": "a"}), "line 1 has no label"),
    ("enem", "jsonl", lines(ENEM | {"alternatives": FIVE[:1]}), "'B' as its answer, which is none of its 1 options"),
    ("enem", "jsonl", lines(ENEM | {"alternatives": ["a", 2]}), "line 1 has no list of texts, but ['a', 2]"),
    ("enem", "jsonl", lines(ENEM | {"choices": {"text": FIVE}}), "'B' as its answer"),
    ("squad", "jsonl", "", "no test set is called squad; choose one of assin2, "),
    ("enem", "parquet", "", "must end in one of .jsonl, .csv, .xml; write the set as one of them"),
]


@pytest.mark.parametrize(("name", "form", "content", "message"), UNFIT)
def test_what_is_not_of_a_set_is_refused_in_one_line(tmp_path, name, form, content, message):
    path = tmp_path / f"set.{form}"
    path.write_bytes(content.encode())
    with pytest.raises(UsageError, match=re.escape(message)) as refused:
        load(name, path)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_missing_or_not_utf_8(tmp_path):
    with pytest.raises(UsageError, match="does not exist"):
        load("enem", tmp_path / "none.jsonl")
    (tmp_path / "a.csv").write_bytes("comentario,label_final\nação,1\n".encode("latin-1"))
    with pytest.raises(UsageError, match="not UTF-8 at byte 24"):
        load("hatebr", tmp_path / "a.csv")


def test_all_the_words_of_an_example():
    assert Labelled("um texto", "bom").whole == "um texto"
    assert Completion("era uma vez um", "rei").whole == "era uma vez um rei"
    assert Question("Quem?", ("Ana", "Davi"), 0).whole == "Quem? Ana Davi"
