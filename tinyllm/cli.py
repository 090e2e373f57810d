"""The command line: its parser, and what becomes of an error."""

import argparse
import errno
import importlib
import os
import sys
from pathlib import Path

from tinyllm import __version__
from tinyllm.commands import COMMANDS
from tinyllm.errors import UsageError
from tinyllm.parser import add_command, add_commands, new_parser


def main(argv=None):
    """Run a command. Returns its exit status: 0, 2 for a mistake of the caller, 130 when Ctrl-C ended it."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    words, name = sys.argv[1:] if argv is None else argv, "tinyllm"
    try:
        parser = build_parser(next((word for word in words if not word.startswith("-")), None))
        arguments = parser.parse_args(words)
        if "command" not in arguments:
            parser.print_help()
            return 0
        name = arguments.name
        return arguments.command(arguments) or 0
    except BrokenPipeError:  # whoever read the output has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (UsageError, OSError, MemoryError, ModuleNotFoundError) as error:
        print(f"{name}: error: {explain(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"{name}: stopped", file=sys.stderr)
        return 130
    except Exception as error:
        where = traceback_line(error)
        print(f"{name}: internal error: {type(error).__name__}: {error} ({where}); "
              "please report it", file=sys.stderr)  # fmt: skip
        return 1


def explain(error):
    """One line about an error that is the caller's or the machine's: what, where, and what to do."""
    if isinstance(error, MemoryError):
        return "out of memory; lower --batch, --context or --width"
    if isinstance(error, ModuleNotFoundError):
        return f"{error.name} is not installed; install it with: pip install {error.name}"
    if isinstance(error, OSError):
        mends = {
            errno.ENOSPC: "free some space and go on with --resume; what was saved before is intact",
            errno.EACCES: "choose a place you may write to",
            errno.EEXIST: "a file stands there; choose another place",
            errno.ENOENT: "check the path",
            errno.EISDIR: "give a file, not a folder",
            errno.ENOTDIR: "a file stands where a folder should be; choose another place",
        }
        where = f"{error.filename}: " if error.filename else ""
        mend = mends.get(error.errno)
        return f"{where}{error.strerror or error}" + (f"; {mend}" if mend else "")
    return " ".join(str(error).split())


def traceback_line(error):
    """The file and line where an error arose."""
    step = error.__traceback__
    while step.tb_next:
        step = step.tb_next
    return f"{Path(step.tb_frame.f_code.co_filename).name}:{step.tb_lineno}"


def build_parser(wanted=None):
    """The parser of every command, of which only the wanted one is imported and has its options.

    That one sets `command`, the function to call, and `name`.
    """
    about = "tinyllm: um modelo de linguagem construído do zero."
    parser = new_parser(
        argparse.ArgumentParser, prog="tinyllm", description=about, epilog="Comece por: tinyllm quickstart"
    )
    parser.add_argument("--version", action="version", version=f"tinyllm {__version__}", help="mostra a versão")
    commands = add_commands(parser, required=False)
    for name, (file, help) in COMMANDS.items():
        command = add_command(commands, name, help)
        if name == wanted:
            getattr(importlib.import_module(f"tinyllm.commands.{file}"), f"declare_{name}")(command)
    return parser
