"""`with mine():` puts the learner's right answers in the place of the library's pieces, and says whose each one is.

A piece is replaced whole, at the one name that the library looks up when it runs. Where a fused operation would bypass
it, as attention bypasses softmax, the exercise says so, and the same operation made of pieces takes its place
(unfused.py).
"""

import contextlib
import functools
import importlib
import os
import sys
import threading
import time
import traceback
from collections.abc import Hashable
from pathlib import Path

from tinyllm.course import syllabus, unfused
from tinyllm.course.judge import PENDING, RIGHT, load
from tinyllm.course.progress import states
from tinyllm.errors import UsageError
from tinyllm.say import counted, tell


class Piece:
    """A piece of the library that an exercise can replace. `calls` counts how often the learner's was called or, if it
    is a class, how many objects were made of it, as `verb` says; `gave` is when its last result came, and of which
    type."""

    def __init__(self, exercise, name, state):
        self.exercise, self.name, self.state = exercise, name, state
        self.module = importlib.import_module(exercise.library[name])
        self.is_yours = state == RIGHT
        self.verb = "construída" if isinstance(getattr(self.module, name), type) else "chamada"
        self.calls, self.lock, self.gave = 0, threading.Lock(), (0, "")

    def counting(self, function):
        @functools.wraps(function)
        def counted_call(*arguments, **options):
            with self.lock:
                self.calls += 1
            result = function(*arguments, **options)
            self.gave = time.perf_counter(), type(result).__name__
            return result

        return counted_call


@contextlib.contextmanager
def mine(*, say=tell):
    """Inside this block the library runs with the learner's pieces whose tests pass. Gives the list of all pieces.

    `say` hears at the start whose they are, and at the end how often each was called. An error that the learner's code
    raises becomes a UsageError that names its line, and one that the library raises later, one that names the piece.
    """
    folder = syllabus.course_folder()
    exercises = [e for e in syllabus.read_exercises(folder) if e.library]
    found = states(folder, exercises)
    pieces = [Piece(e, name, found[e.id][0]) for e in exercises for name in e.library]
    yours = [piece for piece in pieces if piece.is_yours]
    announce(pieces, say)
    modules, theirs = [], {}
    with contextlib.ExitStack() as swaps:
        for exercise in {piece.exercise: None for piece in yours}:
            module = load(folder / "exercises" / exercise.place, print=print_aside)
            modules.append(module)
            for piece in (p for p in yours if p.exercise is exercise):
                counting = piece.counting(getattr(module, piece.name))
                setattr(module, piece.name, counting)  # the learner's pieces may call one another
                theirs[getattr(piece.module, piece.name)] = counting
                swaps.enter_context(replaced(piece.module, piece.name, counting))
            for name, place in exercise.undoes.items():
                swaps.enter_context(replaced(importlib.import_module(place), name, getattr(unfused, name)))
        for module in modules:  # what one exercise imports may be what another one writes
            for name, value in vars(module).items():
                if isinstance(value, Hashable) and value in theirs:
                    setattr(module, name, theirs[value])
        try:
            yield pieces
        except UsageError as error:
            if yours:
                names = ", ".join(piece.name for piece in yours)
                raise UsageError(f"{error} (com peças suas: {names})") from error
            raise
        except (Exception, SystemExit) as error:
            raise_in_words(error, folder, [piece for piece in yours if piece.calls])
            raise
    for piece in yours:
        told = f"  {piece.name} ({piece.exercise.id}): {piece.verb} {counted(piece.calls, 'vez', 'vezes')}"
        say(told if piece.calls else f"{told}, isto é, nada aqui passou por ela")


def print_aside(*values, file=None, **how):
    """`print` of a piece: it goes where it disturbs no script that reads what the command puts out."""
    print(*values, file=file or sys.stderr, **how)


def announce(pieces, say):
    """Whose each piece is."""
    count = sum(piece.is_yours for piece in pieces)
    say(f"Peças: {counted(count, 'sua', 'suas')}, {len(pieces) - count} da referência.")
    for piece in (p for p in pieces if p.state != PENDING):
        state = piece.state if " " not in piece.state else f"com {piece.state}"
        whose = "sua" if piece.is_yours else f"da referência (o exercício está {state})"
        say(f"  {piece.name} ({piece.exercise.id}): {whose}")
    pending = [piece.name for piece in pieces if piece.state == PENDING]
    if pending:
        say(f"  da referência, porque o exercício está pendente: {', '.join(pending)}")


@contextlib.contextmanager
def replaced(module, name, other):
    """module.name is `other` inside this block."""
    before = getattr(module, name)
    setattr(module, name, other)
    try:
        yield
    finally:
        setattr(module, name, before)


def raise_in_words(error, folder, called):
    """Raise a UsageError if the error arose in an exercise, or where a piece of the learner's may have led the library
    astray: that its result suits the library cannot be seen before."""
    words = f"{type(error).__name__}: {' '.join(str(error).split())}"
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if path.is_relative_to(folder / "exercises"):
            place = f"{os.path.relpath(path, folder)}:{frame.lineno}"
            raise UsageError(f"erro no seu código, em {place}: {words}") from error
    if called and not isinstance(error, OSError | MemoryError):
        last = max(called, key=lambda piece: piece.gave)
        raise UsageError(f"a biblioteca parou com peças suas no lugar; a última a devolver algo foi {last.name} "
                         f"({last.exercise.id}), que deu um {last.gave[1]}: {words}") from error  # fmt: skip
