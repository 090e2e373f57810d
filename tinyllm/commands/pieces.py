"""The option --mine: a command runs with the learner's pieces in the place of the library's."""

import contextlib
import functools

MINE = "usa, no lugar das peças da biblioteca, as suas que estão certas"


def add_mine(parser):
    """Give a command the option."""
    parser.add_argument("--mine", action="store_true", help=MINE)


def with_pieces(command):
    """The command, which runs with the learner's pieces if --mine is given."""

    @functools.wraps(command)
    def with_or_without(arguments):
        with mine_or_not(arguments):
            return command(arguments)

    return with_or_without


def mine_or_not(arguments):
    """A context with the learner's pieces if --mine is given, else with nothing."""
    if not arguments.mine:
        return contextlib.nullcontext()
    from tinyllm.course.swap import mine

    return mine()
