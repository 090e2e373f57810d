"""Configs are checked when they are made, know their keys, and become options."""

import argparse
import json
from dataclasses import dataclass

import pytest

from tinyllm.config import Config, add_options, add_options_of_one, from_dict, given_options, option, to_dict
from tinyllm.errors import UsageError
from tinyllm.models.gpt import GPTConfig


@dataclass(frozen=True)
class Small(Config):
    """A small one."""

    title = "pequena"

    count: int = option(3, "quantos", at_least=1)
    share: float = option(0.5, "que parte, em % do todo", at_least=0, below=1)
    name: str = option("a", "qual", choices=("a", "b"))
    loud: bool = option(False, "alto?")


def test_json_round_trip():
    config = Small(count=7, share=0.25, name="b", loud=True)
    assert from_dict(Small, json.loads(json.dumps(to_dict(config)))) == config


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"cuont": 3}, "Small has no cuont; it has count, share, name, loud"),
        ({"count": 0}, "count=0 must be at least 1"),
        ({"count": 1.5}, "count=1.5 is not of type int"),
        ({"count": True}, "count=True is not of type int"),
        ({"share": 1}, "share=1 must be below 1"),
        ({"share": float("nan")}, "share=nan is not a finite number"),
        ({"name": "c"}, "name='?c'? must be one of a, b"),
        ({"loud": 1}, "loud=1 is not of type bool"),
        ([1], "expects names and values, got list"),
    ],
)
def test_what_is_refused(values, message):
    with pytest.raises(UsageError, match=message):
        from_dict(Small, values)


def test_the_constructor_checks_too():
    with pytest.raises(UsageError, match="width=10 is not a multiple of heads=4"):
        GPTConfig(width=10, heads=4)
    with pytest.raises(UsageError, match="layers=0 must be at least 1"):
        GPTConfig(layers=0)


def test_options_are_derived_and_only_those_given_are_told():
    parser = argparse.ArgumentParser()
    add_options(parser, Small)
    assert given_options(parser.parse_args([]), Small) == {}
    given = given_options(parser.parse_args(["--count", "9", "--loud"]), Small)
    assert given == {"count": 9, "loud": True}
    help_text = parser.format_help()
    assert "quantos (padrão: 3)" in help_text and "em % do todo" in help_text and "pequena:" in help_text


@dataclass(frozen=True)
class Other(Config):
    """Another."""

    title = "outra"

    count: int = option(7, "quantos", at_least=1)
    share: float = option(0.5, "que parte", at_least=0)
    speed: float = option(2.0, "quão depressa")


def test_several_classes_share_the_options_they_have_in_common():
    parser = argparse.ArgumentParser(prog="p", formatter_class=lambda prog: argparse.HelpFormatter(prog, width=200))
    add_options_of_one(parser, {"small": Small, "other": Other})
    help = parser.format_help()
    assert help.count("--count ") == help.count("--share ") == 2  # in the usage and in the list
    for told in (
        "quantos (padrão: 3 no small, 7 no other)",
        "que parte, em % do todo (padrão: 0.5)",
        "quão depressa (padrão: 2.0, só no other)",
        "qual (padrão: a, só no small)",
    ):
        assert told in help
    given = parser.parse_args(["--count", "9", "--speed", "3"])
    assert given_options(given, Small) == {"count": 9} and given_options(given, Other) == {"count": 9, "speed": 3.0}
