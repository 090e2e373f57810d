"""How large the numbers of a model are while it learns, layer by layer.

Gradients that fade from block to block, updates of a thousandth of a weight or of a tenth of it, activations that grow
with depth: what is wrong with a training is seen here before it is seen in the loss.
"""

import contextlib
import math
import threading

from tinyllm.nn.module import Around, replace_modules
from tinyllm.observe import observed
from tinyllm.optim.schedule import squared_length

DIGITS = 4


class Statistics:
    """Inside `with statistics.recording():`, a step of the training after step `step`, each of every so many is
    measured, and `found` says how large its numbers were; it is None after the others. A `profile` records the same.

    `found["parameters"]` has for each name the root mean square of the "weight" and of its "gradient", before it was
    clipped, and the "update", that of what the step added to the weight, as a part of it. `found["activations"]` has
    the root mean square of what each block gives.
    """

    def __init__(self, model, *, every, step=0, profile=None):
        self.model, self.every, self.step, self.profile, self.found = model, every, step, profile, None

    @contextlib.contextmanager
    def recording(self):
        self.step, self.found = self.step + 1, None
        with self.profile.recording() if self.profile else contextlib.nullcontext():
            if self.step % self.every:
                yield
                return
            self.gradients = {}
            before = {name: parameter.data.copy() for name, parameter in self.model.named_parameters()}
            with observed(self.see), watched_blocks(self.model) as blocks:
                yield
        of_blocks = {path: rounded(block.size()) for path, block in blocks.items()}
        parameters = {name: self.sizes(parameter, before[name]) for name, parameter in self.model.named_parameters()}
        self.found = {"parameters": parameters, "activations": of_blocks}

    def see(self, seen):
        """Measure the gradients when they are about to be clipped."""
        if seen.name == "clip_gradients":
            self.gradients = {parameter: root_mean_square(array) for parameter, array in seen.inputs[0].items()}

    def sizes(self, parameter, before):
        """What is told of a parameter, given what it was before the step."""
        weight, change = root_mean_square(before), root_mean_square(parameter.data - before)
        return {
            "weight": rounded(weight),
            "gradient": rounded(self.gradients.get(parameter)),
            "update": rounded(change / weight) if weight else None,
        }


class Watched(Around):
    """A block that takes note of what it gives; several threads may be in it."""

    def __init__(self, inner):
        super().__init__(inner)
        self.squares, self.count, self.lock = 0.0, 0, threading.Lock()

    def __call__(self, *inputs, **options):
        out = self.inner(*inputs, **options)
        squares = squared_length({None: out.data})
        with self.lock:
            self.squares, self.count = self.squares + squares, self.count + out.data.size
        return out

    def size(self):
        """The root mean square of all that it gave."""
        return math.sqrt(self.squares / self.count) if self.count else None


@contextlib.contextmanager
def watched_blocks(model):
    """Inside this block of code every block of a model is Watched. Gives {its path: it}."""
    rows, found = {}, {}

    def note(path, module):
        if "blocks" in vars(module):
            rows[f"{path}.blocks" if path else "blocks"] = module.blocks
        return module

    replace_modules(model, note)
    kept = {path: list(row) for path, row in rows.items()}
    for path, row in rows.items():
        row[:] = map(Watched, row)
        found |= {f"{path}.{number}": block for number, block in enumerate(row)}
    try:
        yield found
    finally:
        for path, row in rows.items():
            row[:] = kept[path]


def root_mean_square(array):
    return math.sqrt(squared_length({None: array}) / max(1, array.size))


def rounded(number):
    """With so many digits as a picture needs."""
    return number if number is None else float(f"{number:.{DIGITS}g}")
