"""The fine-tuning of a run: on which base its model stands, and by which method it is adapted.

The base is another run. Of the model only what is learned is stored with the run; the rest is the base's, and stays
there. So the run names the base's folder, and the SHA-256 of its weights: on others, what was learned means nothing.
The base is never in memory whole if it is to be quantised: it goes from its files into its form layer by layer.
"""

import dataclasses
import functools

import numpy as np

from tinyllm import storage
from tinyllm.backend.elsewhere import let_go, placed
from tinyllm.compress import formats, nf4
from tinyllm.compress.quantized import dequantize
from tinyllm.config import Config, from_dict, to_dict
from tinyllm.errors import UsageError
from tinyllm.finetune import catalog
from tinyllm.finetune.estimate import fine_tuning
from tinyllm.finetune.method import has_head
from tinyllm.memory import estimate
from tinyllm.nn import layers
from tinyllm.nn.module import map_parameters, stand_on, weights
from tinyllm.nn.outline import Blanks
from tinyllm.train import checkpoint
from tinyllm.train.distill import fingerprint
from tinyllm.train.tasks import check_goes_on

QLORA = "qlora"  # LoRA on a base in NF4


@dataclasses.dataclass(frozen=True)
class Finetuning:
    """Where the base is, what its weights are, the config of the method, and that of the form, if there is one, that
    the base is quantised to: with LoRA on NF4 that is QLoRA (Dettmers et al. 2023)."""

    base: str
    base_weights: str
    method: Config
    form: Config | None = None

    @property
    def name(self):
        """That of the method."""
        return catalog.name_of(self.method)

    def made_with(self):
        """{name: value} of what decides what the numbers that are learned mean, wherever the base is now."""
        form = formats.name_of(self.form) if self.form else "none"
        return {"base_weights": self.base_weights, "form": form, "method": self.name, **to_dict(self.method)}

    def as_dict(self):
        """What config.json says of it."""
        return {"base": self.base, **self.made_with()}

    @classmethod
    def from_dict(cls, stored):
        """The way back. Raises ValueError, KeyError or TypeError for what `as_dict` does not give."""
        stored = dict(stored)
        base, base_weights, form, name = (stored.pop(key) for key in ("base", "base_weights", "form", "method"))
        if not isinstance(base, str) or form not in ("none", *formats.CONFIGS):
            raise ValueError(f"its finetuning stands on base={base!r} in form={form!r}")
        method = from_dict(catalog.find(name).config, stored)
        return cls(base, base_weights, method, None if form == "none" else formats.CONFIGS[form]())

    def model(self, run):
        """The model of a run before its first step, made of that of its base, which has another run's folder.

        Raises UsageError if the weights of the base are not what they were.
        """
        base = run.base
        if base.sha256 != self.base_weights:
            raise UsageError(
                f"{run.folder} was fine-tuned on other weights than those of {base.run.folder}; give it the base that "
                f"it was made on, as it was when the run began, or fine-tune this one anew"
            )
        rng = np.random.default_rng(run.training.seed)
        model = base.model(run.task, rng=rng)
        if self.form and self.form != base.run.quantized:
            formats.quantize(reader(model), self.form)
        return catalog.adapt(in_memory(model), self.method, rng=rng)

    def estimated(self, base):
        """(config, plan) -> the estimate.Training of a model of a config that is adapted, in the form that it is given
        or, if there is none, that of a base, a run or None; int8 is counted as float32, which takes more. Raises
        UsageError for what is not estimated, and for a base that is quantised to another form."""
        if base:
            self.check_form(base)
        form = self.form or (base and base.quantized)
        return functools.partial(fine_tuning, method=self.method, quantized=isinstance(form, nf4.NF4Config))

    def memory(self, base, plan):
        """The estimate.Training of a fine-tuning of a base, a run, under a plan. Where it is not estimated, it takes no
        more than to learn all does."""
        try:
            return self.estimated(base)(base.model_config, plan)
        except UsageError:
            return estimate.training(base.model_config, plan)

    def check_form(self, base):
        """Raise UsageError for a base, a run, that is quantised to another form than that it is to be given."""
        if self.form and base.quantized not in (None, self.form):
            raise UsageError(
                f"{base.folder} is in {formats.name_of(base.quantized)} already, and cannot be quantised to "
                f"{formats.name_of(self.form)}; give the run that it was made of, or learn beside it as it is"
            )

    def config_on(self, base, task):
        """The config of a Base that is adapted for a task: what the method takes of the context is missing in it.

        Raises UsageError if the Base has nothing that the method adapts, and if it is quantised to another form.
        """
        self.check_form(base.run)
        rng = np.random.default_rng(0)
        model = base.model(task, rng=rng)
        if self.form is None:  # else it may be too large, as it is
            in_memory(model)
        return reader(catalog.adapt(model, self.method, rng=rng)).config


class Base:
    """The weights of a run that another is fine-tuned on, and their SHA-256.

    They are those of its files, which are read when they are looked at: none takes memory that is not needed. Raises
    UsageError for a run that has been fine-tuned itself.
    """

    def __init__(self, run):
        check(run, run.task)
        blank = run.blank_model()
        if run.package:
            stand_on(blank, run.package.arrays())
        elif run.quantized:
            stand_on(blank, storage.mapped_arrays(run.start))
        else:
            how = {"made_with": run.made_with(), "put": stand_on, "warn": lambda problem: None}  # the SHA-256 tells
            checkpoint.load(run.checkpoints, model=blank, **how)
        self.run, self.arrays, self.sha256 = run, weights(blank), fingerprint(blank)

    def model(self, task, *, rng=None):
        """The model of the run, which stands on the files. For a task that tells labels, if the run does not, it is a
        classifier with the same body, and a head that knows nothing yet."""
        if self.run.task.classifies or not task.classifies:
            model = self.run.blank_model()
            stand_on(model, self.arrays)
            return model
        model = task.new_model(self.run.model_config, rng=Blanks())
        if self.run.quantized:
            formats.quantize(model.body, self.run.quantized)
        known = {name.removeprefix("encoder."): array for name, array in self.arrays.items()}
        own = dict(model.body.named_weights())
        stand_on(model.body, {name: known[name] for name in own.keys() & known.keys()})
        model.head = layers.Linear(*model.head.weight.shape, rng=rng)
        return model


def in_memory(model):
    """A model with what still stands on files in memory, or where new weights are kept."""

    def read(array):
        if array.flags.writeable:
            return array
        copy = placed(array)
        copy = array.copy() if copy is array else copy
        let_go(array)
        return copy

    map_parameters(model, read)
    return model


def check(base, task):
    """Raise UsageError for a base that has been fine-tuned itself, and one that tells labels if the task does not."""
    if base.finetuning:
        raise UsageError(f"{base.folder} is a fine-tuning itself; make an ordinary run of it with: tinyllm merge "
                         f"{base.folder} --out …")  # fmt: skip
    if base.task.classifies:
        check_goes_on(base.task, task)


def reader(model):
    """What of a model reads the text: the body of a classifier, else all of it."""
    return model.body if has_head(model) else model


def plain(model):
    """The model of a fine-tuned run as an ordinary one, with what was learned in its weights. Raises UsageError for a
    method that cannot be merged."""
    model = dequantize(model)
    catalog.merge(model)
    return catalog.take_out(model)
