"""Which methods of fine-tuning there are, by the name that the command line and an adapter call them; and what can be
done with any of them: adapt a model, merge what was learned into it, take it out."""

from tinyllm.backend.arrays import beside
from tinyllm.errors import UsageError
from tinyllm.finetune import bottleneck, ia3, lora, prefix, prompt, subset
from tinyllm.finetune.method import HEAD, Added, Mergeable, check_plain, has_head
from tinyllm.nn.module import Parameter, replace_modules

METHODS = {
    "lora": lora.METHOD,
    "ia3": ia3.METHOD,
    "adapter": bottleneck.METHOD,
    "prompt": prompt.METHOD,
    "prefix": prefix.METHOD,
    "bitfit": subset.BITFIT,
    "head": subset.HEAD_ONLY,
    "full": subset.FULL,
}


def find(name):
    """The method of a name. Raises UsageError if there is none."""
    if name not in METHODS:
        raise UsageError(f"there is no method {name!r} of fine-tuning; there are {', '.join(METHODS)}")
    return METHODS[name]


def name_of(config):
    """The name of the method that a configuration describes."""
    return next(name for name, method in METHODS.items() if method.config is type(config))


def adapt(model, config, *, rng):
    """Put what the method of a config learns into a model, and freeze all else; return what to use in its place.

    The head of a classifier is learned by every method. Raises UsageError, and leaves the model as it was, if it is
    adapted already or has nothing that the config names.
    """
    check_plain(model)
    method = find(name_of(config))
    of_base = next(weight.data for _, weight in model.named_weights())
    model = method.put(model, config, rng=rng)
    names = method.learned(model, config)
    for name, weight in model.named_weights():
        weight.data = beside(weight.data, of_base)  # what was put is made in memory, and the base may be on a GPU
        if isinstance(weight, Parameter):
            weight.requires_grad = name in names or (has_head(model) and name.startswith(HEAD))
    return model


def learned(model):
    """{name: array} of what a model learns now: the model's own arrays, not copies."""
    return {name: parameter.data for name, parameter in model.named_parameters()}


class OnlyLearned:
    """What a model learns now, for those who write and read what is stored of a model."""

    def __init__(self, model):
        self.named_weights = model.named_parameters


def merge(model):
    """Put what was learned into the weights of the layers it stands around: from now on the model is as fast as it was.

    Raises UsageError, and changes nothing, for a method that cannot be merged, and for weights that are codes.
    """
    added = _added(model)
    for path, module in added:
        if not isinstance(module, Mergeable):
            raise UsageError(
                f"{type(module).__name__} at {path or 'the top'} is no matrix that could be added to another, and "
                "cannot be merged; use the model with it"
            )
        module.check_merges()
    for _, module in added:
        if not module.merged:
            module.merge()
            module.merged = True


def unmerge(model):
    """The way back from `merge`, but for what was rounded away."""
    for _, module in _added(model):
        if isinstance(module, Mergeable) and module.merged:
            module.unmerge()
            module.merged = False


def is_merged(model):
    """Whether what was learned is in the weights now."""
    return any(isinstance(module, Mergeable) and module.merged for _, module in _added(model))


def take_out(model):
    """Take out all that a method has put into a model; return what it was put into. Weights stay as they are: those of
    a model that was merged with what was learned in them."""
    return replace_modules(model, lambda path, module: module.inner if isinstance(module, Added) else module)


def _added(model):
    return [(path, module) for path, module in model.named_modules() if isinstance(module, Added)]
