"""The command line: its parser, and what becomes of an error."""

import contextlib
import errno
import importlib
import io
import os
import re
import signal
import sys
import threading
from pathlib import Path

from tinyllm import __version__
from tinyllm.commands import COMMANDS
from tinyllm.errors import Stopped, UsageError, brief
from tinyllm.parser import Parser, add_command, add_commands


def complain_on_stderr(name, text):
    """Tell in one line what ended the command of this name."""
    print(f"{name}: {text}", file=sys.stderr)


def main(argv=None, *, complain=complain_on_stderr):
    """Run a command. Returns its exit status: 0, 2 for a mistake of the caller, 128 + N when signal N ended it."""
    words, told = sys.argv[1:] if argv is None else argv, {"name": "tinyllm"}
    with steady_streams(), signals_raised():
        try:
            try:
                return run(words, told)
            finally:
                sys.stdout.flush()
        except BrokenPipeError:  # whoever read the output has had enough
            return 0
        except (UsageError, OSError, MemoryError, ImportError) as error:
            complain(told["name"], f"error: {explain(error)}")
            return 2
        except KeyboardInterrupt as stop:
            complain(told["name"], "stopped")
            return 128 + (stop.number if isinstance(stop, Stopped) else signal.SIGINT)
        except Exception as error:
            where = traceback_line(error)
            what = f"{type(error).__name__}: {error} ({where})"
            complain(told["name"], f"internal error: {what}; please report it")
            return 1
        finally:
            with discarding(sys.stdout):
                sys.stdout.flush()


def run(words, told):
    """Find the command that the words ask for, tell its name, and run it."""
    parser = build_parser(next((word for word in words if not word.startswith("-")), None))
    try:
        with contextlib.redirect_stdout(io.StringIO()) as help:
            arguments = parser.parse_args(words)
    except SystemExit as end:  # after --help, and after errors
        print(help.getvalue(), end="")  # argparse itself would pass over an output that cannot be written
        return end.code or 0
    if "command" not in arguments:
        print(parser.format_help(), end="")
        return 0
    told["name"] = arguments.name
    return arguments.command(arguments) or 0


class Steady:
    """A stream for people, of which nothing depends: where it cannot be written, as when a terminal closed, go on."""

    def __init__(self, stream):
        self.stream = stream

    def write(self, text):
        with discarding(self.stream):
            self.stream.write(text)
        return len(text)

    def flush(self):
        with discarding(self.stream):
            self.stream.flush()

    def __getattr__(self, name):
        return getattr(self.stream, name)


@contextlib.contextmanager
def discarding(stream):
    """If a stream cannot be written, send to nowhere what it holds and what comes: Python tries again at the end."""
    try:
        yield
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@contextlib.contextmanager
def steady_streams():
    """Streams that all can use: a closed one is the null device, before a file takes its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    before, sys.stderr = sys.stderr, Steady(sys.stderr)
    try:
        yield
    finally:
        sys.stderr = before


@contextlib.contextmanager
def signals_raised():
    """Ctrl-C, SIGTERM and SIGHUP raise `Stopped`, unless whoever started us lets them do otherwise, as nohup does."""

    def stop(number, frame):
        if is_delicate(frame):
            timer = threading.Timer(0.02, signal.raise_signal, [number])
            timer.daemon = True
            timer.start()
        else:
            raise Stopped(number)

    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]  # Windows has no SIGHUP
    before = {number: signal.getsignal(number) for number in (getattr(signal, name) for name in names)}
    usual = [n for n, handler in before.items() if handler in (signal.SIG_DFL, signal.default_int_handler)]
    for number in usual:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in usual:
            signal.signal(number, before[number])


def is_delicate(frame):
    """Whether code runs that an exception would leave in disorder: an import, which may swallow it or make another one
    of it, as NumPy does, or llvmlite, whose objects complain when they are deleted half made."""
    while frame and not re.search(r"^<frozen importlib|[\\/]llvmlite[\\/]", frame.f_code.co_filename):
        frame = frame.f_back
    return frame is not None


def explain(error):
    """One line about an error that is the caller's or the machine's: what, where, and what to do."""
    if isinstance(error, MemoryError):
        return (
            "out of memory; close other programs, or ask for less: a smaller batch, context, model or text, or to "
            "train with --offload all"
        )
    if isinstance(error, ModuleNotFoundError):
        return f"{error.name} is not installed; install it with: pip install {error.name}"
    if isinstance(error, ImportError):
        return f"{error.name or 'a package'} cannot be imported ({brief(error)}); install it anew"
    if isinstance(error, OSError):
        mends = {
            errno.ENOSPC: "free some space",
            errno.EDQUOT: "free some space",
            errno.EFBIG: "raise the limit of the size of a file (ulimit -f)",
            errno.EACCES: "give yourself leave to read and write there, or choose another place",
            errno.EROFS: "choose a place that can be written to",
            errno.EEXIST: "a file stands there; choose another place",
            errno.ENOTEMPTY: "a folder with files stands there; choose another place",
            errno.ENOENT: "check the path",
            errno.EISDIR: "give a file, not a folder",
            errno.ENOTDIR: "a file stands where a folder should be; choose another place",
        }
        names = [str(name) for name in (error.filename, error.filename2) if name]  # two of what is copied or moved
        where = f"{' -> '.join(names)}: " if names else ""
        notes = [mends.get(error.errno, ""), *getattr(error, "__notes__", ())]
        return brief(where + "; ".join(filter(None, [error.strerror or str(error), *notes])))
    return brief(error)


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
    parser = Parser(prog="tinyllm", description=about, epilog="Comece por: tinyllm quickstart")
    parser.add_argument("--version", action="version", version=f"tinyllm {__version__}", help="mostra a versão")
    commands = add_commands(parser, required=False)
    for name, (file, help) in COMMANDS.items():
        command = add_command(commands, name, help)
        if name == wanted:
            getattr(importlib.import_module(f"tinyllm.commands.{file}"), f"declare_{name.replace('-', '_')}")(command)
    return parser
