"""Numbers, lines and bars for a person, JSON for a script: what everything that speaks has in common."""

import contextlib
import contextvars
import json
import math
import os
import sys

from tinyllm.errors import UsageError

quiet = contextvars.ContextVar("quiet", default=False)  # of several ranks, one speaks


def tell(text=""):
    """Print a line for a person: on the error stream, where it disturbs no script that reads the output."""
    if not quiet.get():
        print(text, file=sys.stderr, flush=True)


def emit(values):
    """Print one JSON object on a line of its own, for a script."""
    print(to_json(values), flush=True)


def to_json(values):
    """JSON in one line, in which a number that is none, NaN or infinite, is null."""
    try:
        return json.dumps(values, ensure_ascii=False, allow_nan=False)
    except ValueError:
        return json.dumps(nulled(values), ensure_ascii=False)


def nulled(value):
    """The same with None for every number that is NaN or infinite."""
    if isinstance(value, dict):
        return {name: nulled(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [nulled(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


# ------------------------------------------------------------------------------------- numbers, in Brazilian notation


YEAR = 365 * 86400  # seconds


def decimal(number, digits=2):
    """A number: 12,34."""
    return f"{number:.{digits}f}".replace(".", ",")


def thousands(count):
    """A whole number: 12.345."""
    return f"{count:,}".replace(",", ".")


def counted(number, one, several=None):
    """A number of things: "1 rodada", "3 rodadas"."""
    return f"{thousands(number)} {one if number == 1 else several or one + 's'}"


def duration(seconds):
    """Seconds, about: 40 segundos, 7 minutos, 2 horas, 3 dias, 5 anos."""
    units = ((1, 90, "segundo"), (60, 5400, "minuto"), (3600, 48 * 3600, "hora"), (86400, 2 * YEAR, "dia"))
    size, _, name = next((unit for unit in units if seconds < unit[1]), (YEAR, None, "ano"))
    return counted(math.ceil(seconds / size), name)


def visible(text):
    """A text whose spaces, line ends and control characters can be seen: "·a" for " a"."""
    return text.translate(SEEN)


SEEN = {
    **{code: 0x2400 + code for code in range(32)},  # ␀ to ␟: no XML holds what they stand for
    **dict.fromkeys(range(0x7F, 0xA0), "�"),
    **str.maketrans({" ": "·", "\n": "↵", "\t": "→", "\x7f": "␡"}),
}


def percent(share):
    """A share of 1: 12,3 %."""
    return f"{decimal(100 * share, 1)} %"


def megabytes(count):
    """Bytes: 123 MB, 1,5 GB."""
    return f"{decimal(count / 2**30, 1)} GB" if count >= 2**30 else f"{count / 2**20:.0f} MB"


# --------------------------------------------------------------------------------------------------------------- bars


def bar(**options):
    """A progress bar of tqdm on the error stream; it stays away where that is no terminal.

    Raises UsageError where tqdm is not installed.
    """
    try:
        from tqdm import tqdm
    except ImportError:
        raise UsageError("progress bars need tqdm; install it with: pip install tqdm") from None
    hidden = options.pop("disable", False) or not sys.stderr.isatty()
    return tqdm(file=sys.stderr, disable=hidden, **options)


@contextlib.contextmanager
def bytes_bar(*, disable=False):
    """Give a function (done, total or None) that shows how much of a file has come."""
    with bar(unit="B", unit_scale=True, disable=disable) as shown:

        def show(done, total):
            shown.total = total
            shown.update(done - shown.n)

        yield show


@contextlib.contextmanager
def reading_bar(files, *, disable=False):
    """Give the binary files again, so that a bar shows how much of them has been read."""
    sizes = [os.fstat(file.fileno()).st_size if file.seekable() else None for file in files]
    total = None if None in sizes else sum(sizes)
    with bar(desc="lendo", total=total, unit="B", unit_scale=True, disable=disable) as shown:
        from tqdm.utils import CallbackIOWrapper

        yield [CallbackIOWrapper(shown.update, file, "read") for file in files]


@contextlib.contextmanager
def merges_bar(*, disable=False):
    """Give a function (done, total) that shows how many merges have been learned."""
    shown = None

    def show(done, total):
        nonlocal shown
        shown = shown or bar(desc="fusões", total=total, unit="", disable=disable)
        shown.update(done - shown.n)

    try:
        yield show
    finally:
        if shown is not None:
            shown.close()
