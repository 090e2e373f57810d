"""The fine-tuning of a run: on which base its model stands, and by which method it is adapted.

The base is another run. Of the model only what is learned is stored with the run; the rest is the base's, and stays
there. So the run names the base's folder, and the SHA-256 of its weights: on others, what was learned means nothing.
"""

import copy
import dataclasses

import numpy as np

from tinyllm.compress import formats
from tinyllm.compress.quantized import dequantize
from tinyllm.config import Config, from_dict, to_dict
from tinyllm.errors import UsageError
from tinyllm.finetune import catalog
from tinyllm.finetune.method import has_head
from tinyllm.nn.module import load_weights, weights
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

    def model(self, run, base):
        """The model of a run before its first step, made of that of the base, which has another run's folder.

        Raises UsageError if the weights of the base are not what they were.
        """
        model = model_of(base)
        if fingerprint(model) != self.base_weights:
            raise UsageError(
                f"{run.folder} was fine-tuned on other weights than those of {base.folder}; give it the base that it "
                f"was made on, as it was when the run began, or fine-tune this one anew"
            )
        return self.adapted(model, run.task, base, seed=run.training.seed)

    def adapted(self, model, task, base, *, seed):
        """The model of a base, adapted for a task. Raises UsageError if it has nothing that the method adapts."""
        rng = np.random.default_rng(seed)
        if task.classifies and not base.task.classifies:
            model = with_new_head(model, task, base.model_config, rng=rng)
        if self.form and self.form != base.quantized:
            formats.quantize(reader(model), self.form)
        return catalog.adapt(model, self.method, rng=rng)


def check(base, task):
    """Raise UsageError for a base that has been fine-tuned itself, and one that tells labels if the task does not."""
    if base.finetuning:
        raise UsageError(f"{base.folder} is a fine-tuning itself; make an ordinary run of it with: tinyllm merge "
                         f"{base.folder} --out …")  # fmt: skip
    if base.task.classifies:
        check_goes_on(base.task, task)


def model_of(base):
    """The trained model of a run, without what saved memory when it was trained."""
    base = copy.copy(base)
    base.training = dataclasses.replace(base.training, recompute=0, offload="none")
    return base.trained_model(warn=lambda problem: None)  # of another checkpoint, the weights tell


def with_new_head(model, task, config, *, rng):
    """A classifier whose body is that of a model that was trained for another task; its head knows nothing yet."""
    classifier = task.new_model(config, rng=rng)
    known = {name.removeprefix("encoder."): array for name, array in weights(dequantize(model)).items()}
    own = dict(classifier.body.named_weights())
    load_weights(classifier.body, {name: known[name] for name in own.keys() & known.keys()})
    return classifier


def reader(model):
    """What of a model reads the text: the body of a classifier, else all of it."""
    return model.body if has_head(model) else model


def plain(model):
    """The model of a fine-tuned run as an ordinary one, with what was learned in its weights. Raises UsageError for a
    method that cannot be merged."""
    model = dequantize(model)
    catalog.merge(model)
    return catalog.take_out(model)
