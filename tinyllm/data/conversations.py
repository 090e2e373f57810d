"""Conversations to learn answers from, and answers of which one is preferred: in files of one's own, and in splits.

A .jsonl has one of these forms in each line, a .tsv a question and its answer with a tab between them:

{"messages": [{"role": "system", "content": …}, {"role": "user", "content": …}, {"role": "assistant", "content": …}]}
{"instruction": …, "input": …, "output": …}, where "input" may be missing
{"prompt": …, "completion": …} and {"question": …, "answer": …}
{"prompt": …, "chosen": …, "rejected": …}: two answers to a text, or to messages, of which the first is preferred
"""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tinyllm import storage
from tinyllm.errors import UsageError, shown

SYSTEM, USER, ASSISTANT = ROLES = ("system", "user", "assistant")
PAIRS = (("prompt", "completion"), ("question", "answer"))  # the names of a question and its answer
FORMS = (
    '{"messages": [{"role": …, "content": …}, …]}, {"instruction": …, "output": …}, {"prompt": …, "completion": …} or '
    '{"question": …, "answer": …}'
)
OF_PREFERENCE = '{"prompt": …, "chosen": …, "rejected": …}'


class Message(NamedTuple):
    """What somebody says."""

    role: str
    content: str


class Preference(NamedTuple):
    """Messages, and two answers to the last of them, of which the first is preferred."""

    asked: tuple
    chosen: str
    rejected: str


def exchange(question, answer):
    """Two texts -> a conversation: (Message, Message)."""
    return Message(USER, question), Message(ASSISTANT, answer)


# -------------------------------------------------------------------------------------------------------------- files


def read_conversations(path):
    """Path of a .tsv or .jsonl -> list of conversations, tuples of Message that end with an answer.

    Raises UsageError, with the line, for one that is of no form or in which the roles are not in their order.
    """
    return read_lines(path, {".tsv": from_tsv, ".jsonl": from_jsonl})


def read_preferences(path):
    """Path of a .jsonl -> list of Preference. Raises UsageError, with the line, for one that is not of its form."""
    return read_lines(path, {".jsonl": preference_of})


def read_lines(path, kinds):
    """Path, {ending: what reads a line} -> list of what it reads. What is wrong with a line it raises as UsageError."""
    path = Path(path)
    read = kinds.get(path.suffix.lower())
    if read is None:
        raise UsageError(f"{path} must end in {' or '.join(kinds)}; give another file, or give it its ending")
    found = []
    for number, line in enumerate(storage.read_text(path).split("\n"), start=1):  # a text may hold other ends of lines
        if line.strip():
            try:
                found.append(read(line))
            except UsageError as error:
                raise UsageError(f"{path}, line {number}: {error}") from None
    return found


def from_tsv(line):
    parts = line.rstrip("\r").split("\t")
    if len(parts) != 2:
        raise UsageError(f"it is not a question, a tab and an answer; mend or delete it: {shown(line)}")
    return checked(exchange(*parts))


def from_jsonl(line):
    values = values_of(line, FORMS)
    if "messages" in values:
        return checked(messages_of(values["messages"]))
    if "instruction" in values and "output" in values:
        more = values.get("input") or ""
        parts = [text_of(part, name) for name, part in (("instruction", values["instruction"]), ("input", more))]
        return checked(exchange("\n\n".join(filter(None, parts)), values["output"]))
    for names in PAIRS:
        if all(name in values for name in names):
            return checked(exchange(*(values[name] for name in names)))
    raise UsageError(f"it has {', '.join(values) or 'nothing'}, which is none of the forms {FORMS}; mend or delete it")


def preference_of(line):
    values = values_of(line, OF_PREFERENCE)
    lacking = [name for name in Preference._fields if {"asked": "prompt"}.get(name, name) not in values]
    if lacking:
        raise UsageError(f"it is not {OF_PREFERENCE}; mend or delete it: {shown(line)}")
    prompt = values["prompt"]
    asked = messages_of(prompt) if isinstance(prompt, list) else [Message(USER, prompt)]
    answers = [checked([*asked, Message(ASSISTANT, values[name])]) for name in ("chosen", "rejected")]
    chosen, rejected = (messages[-1].content for messages in answers)
    if chosen == rejected:
        raise UsageError(f"chosen and rejected are the same, {shown(chosen)}; delete it, or make one another")
    return Preference(answers[0][:-1], chosen, rejected)


def values_of(line, forms):
    """The object of a line. Raises UsageError for another value, and for what is no JSON."""
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise UsageError(f"it is no object of the form {forms}; mend or delete it: {shown(line)}")
    return values


def messages_of(values):
    """[{"role": …, "content": …}, …] -> list of Message."""
    if not isinstance(values, list) or not all(
        isinstance(one, dict) and {"role", "content"} <= set(one) for one in values
    ):
        raise UsageError(f'its messages are not [{{"role": …, "content": …}}, …]; mend or delete it: {shown(values)}')
    return [Message(one["role"], one["content"]) for one in values]


def text_of(content, name):
    """The text without the white space around it. Raises UsageError for what is none, and for half a character."""
    if not isinstance(content, str):
        raise UsageError(f"its {name} is {shown(content)} and no text; mend or delete it")
    try:
        content.encode()
    except UnicodeEncodeError as error:
        half = shown(content[error.start])
        raise UsageError(f"its {name} has half a character, {half}; mend or delete it") from None
    return content.strip()


def checked(messages):
    """Messages -> a conversation, each text without the white space around it.

    Raises UsageError for a text that is empty, a role that is none, and roles out of their order: a system may come
    first, then a user and an assistant take turns, and the assistant has the last word.
    """
    said = messages[1:] if messages and messages[0].role == SYSTEM else messages
    for place, message in enumerate(said):
        expected = (USER, ASSISTANT)[place % 2]
        if message.role != expected:
            raise UsageError(
                f"message {len(messages) - len(said) + place + 1} is of role {shown(message.role)}, and {expected} is "
                f"expected: after a system, if there is one, {USER} and {ASSISTANT} take turns; mend or delete it"
            )
    if not said or said[-1].role != ASSISTANT:
        raise UsageError(
            f"its last message is not of {ASSISTANT}, and there is no answer to learn; complete or delete it"
        )
    found = tuple(Message(role, text_of(content, f"text of {role}")) for role, content in messages)
    empty = [role for role, content in found if not content]
    if empty:
        raise UsageError(f"a text of {empty[0]} is empty; complete or delete it")
    return found


def write_conversations(path, conversations):
    """Write conversations as a .jsonl of messages, whole or not at all."""
    write_lines(path, ({"messages": [message._asdict() for message in messages]} for messages in conversations))


def write_preferences(path, preferences):
    """Write preferences as a .jsonl, whole or not at all."""
    write_lines(
        path,
        (
            {"prompt": [message._asdict() for message in asked], "chosen": chosen, "rejected": rejected}
            for asked, chosen, rejected in preferences
        ),
    )


def write_lines(path, values):
    with storage.aside(path) as temporary, open(temporary, "w", encoding="utf-8", newline="\n") as file:
        for value in values:
            file.write(json.dumps(value, ensure_ascii=False) + "\n")


# ------------------------------------------------------------------------------------------------------------- splits


def split_by_question(examples, *, question, seed):
    """List of examples -> {split: list}: of the questions a tenth for validation, a tenth for test, in another order.

    `question(example)` is what it begins with: those that begin alike go together, so that none is in two splits.
    Raises UsageError for less than three questions.
    """
    alike = {}
    for example in examples:
        alike.setdefault(question(example), []).append(example)
    if len(alike) < 3:
        raise UsageError(f"there are {len(alike)} different questions, and 3 are needed, one a split; give more")
    groups, held_out = list(alike.values()), max(1, len(alike) // 10)
    order = [groups[i] for i in np.random.default_rng(seed).permutation(len(groups))]
    parts = {"validation": order[:held_out], "test": order[held_out : 2 * held_out], "train": order[2 * held_out :]}
    return {split: [example for group in some for example in group] for split, some in parts.items()}


def first_question(messages):
    """The first thing that a user says in a conversation."""
    return next(content for role, content in messages if role == USER)
