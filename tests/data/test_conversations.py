"""Conversations and preferences in files: every form, every mistake by its line, splits without a question in two."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.data import conversations, corpora
from tinyllm.data.conversations import (
    Message,
    Preference,
    exchange,
    first_question,
    read_conversations,
    read_preferences,
    split_by_question,
    write_conversations,
    write_preferences,
)
from tinyllm.data.corpora import instrucoes
from tinyllm.errors import UsageError

LONG = (
    Message("system", "Seja breve."),
    *exchange("Oi\u2028você", "Olá."),
    *exchange("Quanto é 1 + 1?", "Dois.\nOu 2."),
)


def test_every_form_is_read(tmp_path):
    lines = [
        {"messages": [message._asdict() for message in LONG]},
        {"instruction": " Some. ", "input": "1 e 1", "output": "2"},
        {"instruction": "Some 1 e 1.", "input": "", "output": "2"},
        {"instruction": "Some 1 e 1.", "output": "2"},
        {"prompt": "p", "completion": " c\n"},
        {"question": "ação?", "answer": "não"},
    ]
    path = tmp_path / "a.JSONL"
    path.write_text("\n\n".join(json.dumps(line) for line in lines) + "\n", encoding="utf-8-sig")
    alone = exchange("Some 1 e 1.", "2")
    expected = [LONG, exchange("Some.\n\n1 e 1", "2"), alone, alone, exchange("p", "c"), exchange("ação?", "não")]
    assert read_conversations(path) == expected
    (tmp_path / "a.tsv").write_bytes("Bom\u2028dia?\tBom dia!\r\n\r\na\tb\n".encode())
    assert read_conversations(tmp_path / "a.tsv") == [exchange("Bom\u2028dia?", "Bom dia!"), exchange("a", "b")]


def test_the_generated_questions_are_read_as_they_are_written():
    names, _ = corpora.PAIRS["instrucoes"]
    assert names in conversations.PAIRS
    first = next(instrucoes.dialogues(1))
    assert conversations.checked(first) == first and [role for role, _ in first[:3]] == ["user", "assistant", "user"]
    pairs = list(instrucoes.pairs(len(first) // 2))
    assert [content for _, content in first] == [text for pair in pairs for text in pair]


def test_preferences_are_read_with_a_text_or_messages_before_them(tmp_path):
    asked = [message._asdict() for message in LONG[:-1]]
    lines = [
        {"prompt": "Oi", "chosen": "Olá. ", "rejected": "Sai."},
        {"prompt": asked, "chosen": "2", "rejected": "3"},
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, lines)))
    expected = [Preference((Message("user", "Oi"),), "Olá.", "Sai."), Preference(LONG[:-1], "2", "3")]
    assert read_preferences(tmp_path / "a.jsonl") == expected
    write_preferences(tmp_path / "b.jsonl", expected)
    assert read_preferences(tmp_path / "b.jsonl") == expected


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).map(str.strip).filter(bool)


@given(turns=st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=3), system=st.none() | TEXTS)
def test_what_is_written_is_read_again(tmp_path_factory, turns, system):
    messages = tuple(message for turn in turns for message in exchange(*turn))
    messages = messages if system is None else (Message("system", system), *messages)
    path = tmp_path_factory.mktemp("written") / "a.jsonl"
    write_conversations(path, [messages, messages])
    assert read_conversations(path) == [messages, messages]


def said(*roles, content="a"):
    return json.dumps({"messages": [{"role": role, "content": content} for role in roles]})


@pytest.mark.parametrize(
    ("name", "line", "message"),
    [
        ("a.tsv", "uma só", "line 2: it is not a question, a tab and an answer; mend or delete it: 'uma só'"),
        ("a.tsv", "a\tb\tc", "line 2: it is not a question, a tab and an answer"),
        ("a.tsv", "a\t ", "line 2: a text of assistant is empty; complete or delete it"),
        ("a.jsonl", "{", 'line 2: it is no object of the form {"messages"'),
        ("a.jsonl", "[" * 100_000, "line 2: it is no object of the form"),
        ("a.jsonl", "[1]", "line 2: it is no object of the form"),
        ("a.jsonl", '{"text": "a", "label": "b"}', "line 2: it has text, label, which is none of the forms"),
        ("a.jsonl", "{}", "line 2: it has nothing, which is none of the forms"),
        ("a.jsonl", '{"messages": "a"}', "line 2: its messages are not [{"),
        ("a.jsonl", '{"messages": [{"role": "user"}]}', "line 2: its messages are not [{"),
        ("a.jsonl", '{"messages": []}', "line 2: its last message is not of assistant"),
        ("a.jsonl", said("user"), "line 2: its last message is not of assistant, and there is no answer to learn"),
        ("a.jsonl", said("system"), "line 2: its last message is not of assistant"),
        (
            "a.jsonl",
            said("user", "user", "assistant"),
            "line 2: message 2 is of role 'user', and assistant is expected",
        ),
        ("a.jsonl", said("system", "assistant"), "line 2: message 2 is of role 'assistant', and user is expected"),
        ("a.jsonl", said("user", "assistant", "system"), "line 2: message 3 is of role 'system', and user is expected"),
        ("a.jsonl", said("human", "assistant"), "line 2: message 1 is of role 'human', and user is expected"),
        ("a.jsonl", said("user", "assistant", content=3), "line 2: its text of user is 3 and no text"),
        ("a.jsonl", said("user", "assistant", content=" "), "line 2: a text of user is empty"),
        ("a.jsonl", '{"instruction": 3, "output": "b"}', "line 2: its instruction is 3 and no text"),
        ("a.jsonl", '{"instruction": "a", "input": [1], "output": "b"}', "line 2: its input is [1] and no text"),
        ("a.jsonl", '{"prompt": "a", "completion": null}', "line 2: its text of assistant is None and no text"),
        (
            "a.jsonl",
            '{"prompt": "a \\ud83d", "completion": "b"}',
            "line 2: its text of user has half a character, '\\ud8",
        ),
        ("a.csv", "a,b", "must end in .tsv or .jsonl"),
        ("none.tsv", None, "does not exist"),
    ],
)
def test_files_that_are_not_of_their_form(tmp_path, name, line, message):
    if line is not None:
        first = "a\tb" if name.endswith("tsv") else '{"prompt": "a", "completion": "b"}'
        (tmp_path / name).write_text(f"{first}\n{line}\n", encoding="utf-8")
    with pytest.raises(UsageError, match=re.escape(message)) as refused:
        read_conversations(tmp_path / name)
    assert str(tmp_path / name) in str(refused.value) and len(str(refused.value)) < 600 + len(str(tmp_path))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"prompt": "a", "chosen": "b"}', 'it is not {"prompt": …, "chosen": …, "rejected": …}; mend or delete it'),
        ('{"prompt": "a", "chosen": "b", "rejected": "b "}', "chosen and rejected are the same, 'b'"),
        ('{"prompt": "a", "chosen": "b", "rejected": 3}', "its text of assistant is 3 and no text"),
        ('{"prompt": 5, "chosen": "b", "rejected": "c"}', "its text of user is 5 and no text"),
        ('{"prompt": [], "chosen": "b", "rejected": "c"}', "message 1 is of role 'assistant', and user is expected"),
    ],
)
def test_preferences_that_are_none(tmp_path, line, message):
    (tmp_path / "a.jsonl").write_text(line)
    with pytest.raises(UsageError, match=re.escape(f"line 1: {message}")):
        read_preferences(tmp_path / "a.jsonl")
    with pytest.raises(UsageError, match=r"must end in \.jsonl"):
        read_preferences(tmp_path / "a.tsv")


def test_no_question_is_in_two_splits_and_none_is_lost():
    examples = [exchange(f"pergunta {i % 40}", f"resposta {i}") for i in range(90)]
    found = split_by_question(examples, question=first_question, seed=3)
    asked = {split: {first_question(one) for one in some} for split, some in found.items()}
    assert {split: len(some) for split, some in asked.items()} == {"train": 32, "validation": 4, "test": 4}
    assert len(set().union(*asked.values())) == 40
    assert sorted(one for some in found.values() for one in some) == sorted(examples)
    assert found == split_by_question(examples, question=first_question, seed=3)
    assert found != split_by_question(examples, question=first_question, seed=4)


def test_too_few_questions():
    with pytest.raises(UsageError, match="there are 2 different questions, and 3 are needed"):
        split_by_question([exchange(str(i % 2), "a") for i in range(9)], question=first_question, seed=0)
