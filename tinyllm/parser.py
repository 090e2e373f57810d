"""How commands and their options are declared: argparse in Portuguese, with options anywhere and one-line errors."""

import argparse
import difflib
import functools
import itertools
import re

from tinyllm.config import option_of, reader
from tinyllm.errors import UsageError, brief, shown


class Help(argparse.HelpFormatter):
    """The help of argparse, with Portuguese words for its own."""

    def add_usage(self, usage, actions, groups, prefix=None):
        super().add_usage(usage, actions, groups, "uso: " if prefix is None else prefix)

    def _get_default_metavar_for_optional(self, action):
        return getattr(action.type, "metavar", "TEXTO")


FEW = 20  # choices that an error names


class Parser(argparse.ArgumentParser):
    """A parser of options that may stand anywhere among the arguments, or of commands. Its errors are one line."""

    def __init__(self, **how):
        super().__init__(**how, add_help=False, allow_abbrev=False, formatter_class=Help)
        self._positionals.title, self._optionals.title = "argumentos", "opções"
        self.add_argument("-h", "--help", action="help", help="mostra esta ajuda")
        self.ends_with_command = False  # another command, whose options are its own

    def error(self, message):
        if self._subparsers and message.endswith(" required: COMANDO"):
            message = f"there is no command; {self.which(self._subparsers._group_actions[0].choices)}"
        see = "" if re.search(r"[;?]", message) else f"; see: {self.prog} --help"
        self.exit(2, f"{self.prog}: error: {brief(message + see)}\n")

    def parse_known_args(self, args=None, namespace=None):
        if self._subparsers:
            before = list(itertools.takewhile(is_dashed, args))
            for word in before:
                action = self._option_string_actions.get(word.partition("=")[0])
                after = f"an option comes after its command: {self.prog} COMANDO {word}"
                if action is None:
                    self.error(self.no_option(word, after))
                if action.default is not argparse.SUPPRESS and len(before) < len(args):  # neither --help nor --version
                    self.error(after)
            return super().parse_known_args(args, namespace)
        found, others = super().parse_known_args(self.in_order(args), namespace)
        if others:
            self.error(f"{shown(others[-1])} is one argument too many; write a text of several words in quotes")
        return found, []

    def in_order(self, words):
        """The same words with the options first, each with its value, as --name=value."""
        options, others, words = [], [], iter(words)
        for word in words:
            if word == "--":
                others += words
                break
            name, tied, _ = word.partition("=")
            action = self._option_string_actions.get(name)
            if action and not tied and action.nargs != 0:
                value = next(words, None)
                if value is None:
                    self.error(f"{name} needs a value")
                if is_dashed(value):
                    self.error(f"{name} needs a value; write {name}={value} if {value} is the value")
                options.append(f"{name}={value}")
            elif action:
                options.append(word)
            elif is_dashed(word):
                self.error(self.no_option(word, f"if it is no option, put -- before it: -- {word}"))
            else:
                others.append(word)
                if self.ends_with_command:
                    others += words
        return [*options, *(["--", *others] if others else [])]

    def no_option(self, word, otherwise):
        """The error of an option that is not there."""
        name = word.partition("=")[0]
        return f"there is no option {shown(name)}; {near(name, self._option_string_actions) or otherwise}"

    def which(self, choices):
        """What to choose among, or, if they are too many for a line, where they are told."""
        return f"choose one of {', '.join(choices)}" if len(choices) <= FEW else f"see them all in: {self.prog} --help"

    def _get_value(self, action, text):
        try:
            return action.type(text) if action.type else text
        except UsageError as error:
            raise argparse.ArgumentError(None, f"{title(action)}={shown(text)[1:-1]} {error}") from None

    def _check_value(self, action, value):
        if action.choices is None or value in action.choices:
            return
        choices = list(map(str, action.choices))
        which = self.which(choices)
        if isinstance(action, argparse._SubParsersAction):
            which = near(value, [*choices, "--help"]) or which
            raise argparse.ArgumentError(None, f"there is no command {shown(value)}; {which}")
        raise argparse.ArgumentError(None, f"{title(action)}={shown(value)[1:-1]} is not there; {which}")


def is_dashed(word):
    """Whether a word looks like an option: it begins with a dash, is no number and has no space."""
    return re.match(r"-(?!\d|\.\d|inf\b|nan\b)\S+$", word) is not None


def title(action):
    """How a person calls an argument."""
    return action.option_strings[-1] if action.option_strings else action.metavar or action.dest


def near(word, known):
    """A question about the known word that this one may stand for, if there is one."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.7)
    return f"did you mean {found[0]}?" if found else None


def add_command(commands, name, help, function=None, *, json=False):
    """Add a command with its line of the help. Without a function it is told later by `calls`, or has commands."""
    parser = commands.add_parser(name, help=help, description=help[0].upper() + help[1:] + ".")
    if function:
        calls(parser, function, json=json)
    return parser


def calls(parser, function, *, json=False):
    """The command of a parser calls this function; with `json`, --json asks it to speak to a script."""
    parser.set_defaults(command=functools.partial(naming_options, parser, function), name=parser.prog)
    if json:
        parser.add_argument("--json", action="store_true", help="escreve JSON, um objeto por linha")


def naming_options(parser, function, arguments):
    """Call the function. A UsageError names what has an option as the command line spells it: --vocab-size=3, where the
    library says vocab_size=3 or GPTConfig.vocab_size; but as it is in a file after a colon."""

    def spelled(match):
        name = match[1] or match[2]
        if option_of(name) in parser._option_string_actions:
            return option_of(name)
        return f"the model's {name}" if match[1] else name

    try:
        return function(arguments)
    except UsageError as error:
        message = re.sub(r"(?<![-.\w])(?<!: )(?:\w+Config\.(\w+)|([a-z]\w*)(?==))", spelled, str(error))
        raise UsageError(message) from error


def add_commands(parser, *, required=True):
    """The commands below a command, to be added by `add_command`."""
    return parser.add_subparsers(title="comandos", metavar="COMANDO", required=required)


def whole(at_least, at_most):
    """What reads a whole number between two limits from the command line."""
    return reader(int, {"at_least": at_least, "at_most": at_most})


def up_to(limit):
    """What reads a whole number of 1 to `limit`."""
    return whole(1, limit)


def share(**limits):
    """What reads a part of a whole: above 0, and with these limits."""
    return reader(float, {"above": 0, **limits})


def size(text):
    """Bytes, written 600MB or 1.5GB, with a comma too."""
    found = re.fullmatch(r"(\d{1,9}(?:[.,]\d{1,9})?) ?([MG])B", text.strip(), re.IGNORECASE)
    count = round(float(found[1].replace(",", ".")) * (1 << (20 if found[2].upper() == "M" else 30))) if found else 0
    if not count:
        raise UsageError("is no amount of memory; write it as 600MB or 1.5GB")
    return count


size.metavar = "BYTES"
positive = up_to(10**9)
seed = whole(0, 2**32 - 1)
