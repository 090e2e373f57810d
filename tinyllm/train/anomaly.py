"""Which operation made the first NaN or infinity of a step, there or back, and in which layer it stands.

An operation made it if its result holds one and nothing that it was given does. Minus infinity may be handed on: a mask
hides what nobody shall see with it. All results are looked at, so a step
takes much longer: it is done when asked for, and to explain a step that was skipped, by taking its gradient once more.
"""

import math
import sys
import threading
import weakref
from typing import NamedTuple

from tinyllm.backend.arrays import array_module
from tinyllm.graph import Part
from tinyllm.nn.module import replace_modules
from tinyllm.observe import observed


class Anomaly(NamedTuple):
    """What was found first: "NaN", "Inf" or "-Inf", the operation, its direction ("forward" or "backward"), and the
    path of the innermost module that ran, "" for the model itself. If the operation did not make it, it was `given` it,
    as by a weight or by the data."""

    kind: str
    operation: str
    direction: str
    layer: str
    given: bool

    def __str__(self):
        verb = "reached" if self.given else "was made by"
        return f"the first {self.kind} {verb} {self.operation}, {self.direction}, in {self.layer or 'the model itself'}"


class Watch:
    """Who looks at the operations of a model: at those of every step (`always`), or when asked."""

    def __init__(self, model, *, always=False):
        self.model, self.always = model, always

    def over(self, function):
        """(function(), the Anomaly that was found meanwhile or None)"""
        detector = Detector(self.model)
        with observed(detector.see):
            found = function()
        return found, detector.first


class Detector:
    """An observer that remembers the first anomaly, of any thread."""

    def __init__(self, model):
        self.first, self.lock, self.paths = None, threading.Lock(), {}
        self.ways_back = weakref.WeakKeyDictionary()  # what goes back through an operation: its layer, what it is given
        replace_modules(model, self.note)

    def note(self, path, module):
        self.paths[id(module)] = path
        return module

    def see(self, seen):
        if seen.direction == "forward" and type(seen.output) is tuple:  # a block that is recomputed gives a Tensor
            y, backward = seen.output
            layer, given = self.layer(), kinds(seen.inputs)
            self.remember(backward, layer, set())
            self.judge(seen, layer, kinds([y]), given)
        elif seen.direction == "backward":
            with self.lock:
                layer, given = self.ways_back.get(seen.function, ("", set()))
            given = given | kinds(seen.inputs)
            results = seen.output if type(seen.output) in (tuple, list) else (seen.output,)
            for thunk in filter(callable, results):
                self.remember(thunk, layer, given)
            self.judge(seen, layer, kinds(results), given)

    def remember(self, way_back, layer, given):
        with self.lock:
            self.ways_back[way_back] = layer, given

    def judge(self, seen, layer, found, given):
        for kind in sorted(found - given) or sorted(found - {"-Inf"}):
            with self.lock:
                self.first = self.first or Anomaly(kind, seen.name, seen.direction, layer, kind in given)

    def layer(self):
        """The path of the innermost module of the model that runs in this thread."""
        frame = sys._getframe()
        while frame:
            path = self.paths.get(id(frame.f_locals.get("self")))
            if path is not None:
                return path
            frame = frame.f_back
        return ""


def kinds(values):
    """{"NaN", "Inf", "-Inf"}, or as much of it as the arrays among some values hold."""
    found = set()
    for value in values:
        array = value.values if isinstance(value, Part) else value
        if getattr(array, "dtype", None) is not None and array.dtype.kind == "f":
            xp = array_module(array)
            if not bool(xp.isfinite(array).all()):
                found |= {"NaN"} if bool(xp.isnan(array).any()) else set()
                found |= {"Inf"} if bool((array == math.inf).any()) else set()
                found |= {"-Inf"} if bool((array == -math.inf).any()) else set()
    return found
