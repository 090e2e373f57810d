"""How commands and their options are declared: the helpers of the command line, on top of argparse."""

import argparse


def new_parser(make, *arguments, **options):
    """A parser whose own help speaks Portuguese."""
    parser = make(*arguments, add_help=False, **options)
    parser._optionals.title = "opções"
    parser.add_argument("-h", "--help", action="help", help="mostra esta ajuda")
    return parser


def add_command(commands, name, help, function=None, *, json=False):
    """Add a command with its line of the help. Without a function it is told later by `calls`, or has commands."""
    parser = new_parser(commands.add_parser, name, help=help, description=sentence(help))
    if function:
        calls(parser, function, json=json)
    return parser


def calls(parser, function, *, json=False):
    """The command of a parser calls this function; with `json`, --json asks it to speak to a script."""
    parser.set_defaults(command=function, name=parser.prog)
    if json:
        parser.add_argument("--json", action="store_true", help="escreve JSON, um objeto por linha")


def add_commands(parser, *, required=True):
    """The commands below a command, to be added by `add_command`."""
    return parser.add_subparsers(title="comandos", metavar="COMANDO", required=required)


def sentence(text):
    return text[0].upper() + text[1:] + "."


def positive(text):
    """A whole number of 1 or more, for argparse."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is below 1")
    return number


def up_to(limit):
    """A whole number of 1 to `limit`, for argparse."""

    def check(text):
        number = positive(text)
        if number > limit:
            raise argparse.ArgumentTypeError(f"{number} is above {limit}")
        return number

    check.__name__ = "positive"
    return check
