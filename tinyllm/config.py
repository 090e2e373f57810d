"""Frozen dataclasses are the configuration: checked here, stored as JSON, and turned into command-line options."""

import argparse
import dataclasses
import itertools
import math
import typing

from tinyllm.errors import UsageError, shown

METAVARS = {int: "N", float: "X", str: "TEXTO"}


def option(default, help, *, at_least=None, at_most=None, below=None, above=None, choices=None):
    """A dataclass field with its help and its limits. A whole number is a million at most, if nothing else is said."""
    if type(default) is int and at_most is None:
        at_most = 1_000_000
    limits = {"at_least": at_least, "at_most": at_most, "below": below, "above": above, "choices": choices}
    return dataclasses.field(default=default, metadata={"help": help, "limits": limits})


class Config:
    """What every configuration dataclass inherits: its fields are checked when it is made.

    `title` stands above its options in the help of a command.
    """

    title = "opções"

    def __post_init__(self):
        types = typing.get_type_hints(type(self))
        for field in dataclasses.fields(self):
            check_value(field.name, getattr(self, field.name), types[field.name], field.metadata["limits"])


def from_dict(config_class, values):
    """Build a config from a mapping. Raises UsageError for unknown keys, wrong types and limits passed."""
    fields = [f.name for f in dataclasses.fields(config_class)]
    if not isinstance(values, dict):
        raise UsageError(f"{config_class.__name__} expects names and values, got {type(values).__name__}")
    unknown = sorted(values.keys() - set(fields))
    if unknown:
        raise UsageError(f"{config_class.__name__} has no {', '.join(unknown)}; it has {', '.join(fields)}")
    return config_class(**values)


def check_value(name, value, kind, limits):
    """Raise UsageError unless the value has the type and keeps the limits of its field."""
    number_as_float = kind is float and isinstance(value, int)
    if not (isinstance(value, kind) or number_as_float) or (isinstance(value, bool) and kind is not bool):
        raise UsageError(f"{name}={shown(value)} is not of type {kind.__name__}")
    if value == "":
        raise UsageError(f"{name} is empty; give it a value or leave it out")
    try:
        check_limits(value, limits)
    except UsageError as error:
        raise UsageError(f"{name}={value if kind is str else shown(value)} {error}") from None


def check_limits(value, limits):
    """Raise UsageError, in words that follow the value, unless it keeps the limits. A float must be finite."""
    if isinstance(value, float) and not math.isfinite(value):
        raise UsageError("is not a finite number")
    for limit, holds, words in (
        ("at_least", lambda bound: value >= bound, "at least"),
        ("at_most", lambda bound: value <= bound, "at most"),
        ("above", lambda bound: value > bound, "above"),
        ("below", lambda bound: value < bound, "below"),
        ("choices", lambda bound: value in bound, "one of"),
    ):
        bound = limits.get(limit)
        if bound is not None and not holds(bound):
            raise UsageError(f"must be {words} {', '.join(bound) if limit == 'choices' else bound}")


def reader(kind, limits):
    """What reads a value of the command line: text -> int, float or str. It raises UsageError as `check_limits` does,
    and for what is no number; `metavar` is what the help calls the value."""

    def read(text):
        try:
            value = kind(text)
        except ValueError:  # also a number of thousands of digits
            raise UsageError("is no whole number" if kind is int else "is no number") from None
        check_limits(value, limits)
        return value

    read.metavar = METAVARS[kind]
    return read


def to_dict(config):
    """The config as a mapping that JSON can hold."""
    return dataclasses.asdict(config)


def add_options(parser, config_class):
    """Give the parser one --option per field, with its type, default and help. An option not given stays absent."""
    add_options_of_one(parser, {None: config_class})


def add_options_of_one(parser, config_classes):
    """Do so for several classes, {name: class}, of which a name will choose one. A field that they share comes once.

    Such a field has the same type in all of them, and the help of the first.
    """
    fields = {key: {field.name: field for field in dataclasses.fields(each)} for key, each in config_classes.items()}
    types = {name: kind for each in config_classes.values() for name, kind in typing.get_type_hints(each).items()}
    group = parser.add_argument_group(next(iter(config_classes.values())).title)
    for name in dict.fromkeys(itertools.chain(*fields.values())):
        owners = {key: of_one[name] for key, of_one in fields.items() if name in of_one}
        first, kind = next(iter(owners.values())), types[name]
        limits = {key: bound for key, bound in first.metadata["limits"].items()
                  if all(owner.metadata["limits"][key] == bound for owner in owners.values())}  # fmt: skip
        if kind is bool:
            how = {"action": argparse.BooleanOptionalAction}
        else:
            choices = limits.pop("choices")
            how = {"choices": choices} if choices else {"type": reader(kind, limits)}
        help = f"{first.metadata['help']} ({defaults(owners, everywhere=len(owners) == len(fields))})"
        group.add_argument(option_of(name), default=argparse.SUPPRESS, help=help.replace("%", "%%"), **how)


def defaults(owners, *, everywhere):
    """What a field is if it is not given: "padrão: 4", "padrão: 192 no gpt, 400 no rnn", "padrão: 4, só no gpt"."""
    values = {key: field.default for key, field in owners.items()}
    if len(set(values.values())) > 1:
        return "padrão: " + ", ".join(f"{value} no {key}" for key, value in values.items())
    return f"padrão: {next(iter(values.values()))}" + ("" if everywhere else f", só no {', '.join(owners)}")


def option_of(name):
    """How the command line spells a field."""
    return "--" + name.replace("_", "-")


def given_options(arguments, config_class):
    """{field: value} of the options that were given on the command line."""
    return {f.name: vars(arguments)[f.name] for f in dataclasses.fields(config_class) if f.name in arguments}
