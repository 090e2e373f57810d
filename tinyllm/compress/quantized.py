"""What the forms of quantised weights have in common: a layer whose matrix is kept as codes, put in and taken out."""

from tinyllm.backend.elsewhere import let_go
from tinyllm.errors import UsageError
from tinyllm.nn.module import Module, Parameter, replace_modules, weights
from tinyllm.nn.outline import in_outline


class Quantized(Module):
    """What a layer with a matrix becomes. `matrix` is that of the numbers that its codes stand for, (n_out, n_in) of
    float32, `size` how many they are, and `restored(rng)` the layer that has these numbers."""


def bias_of(layer):
    """[the bias of a layer], or [] of a projection, which has none: what a product is given of it."""
    return [] if layer.bias is None else [layer.bias]


def put_forms(model, forms, **options):
    """Put `forms[type(layer)](layer, **options)` in the place of each layer that has a form; return the model.

    Raises UsageError for a model that has been quantised.
    """

    def change(path, module):
        if isinstance(module, Quantized):
            raise UsageError(f"{path} is quantised already; dequantize(model) undoes it")
        form = forms.get(type(module))
        if form is None:
            return module
        made = form(module, **options)
        let_go(*weights(module).values())  # of a file, they take no memory any more
        return made

    return replace_modules(model, change)


def dequantize(model):
    """The way back: layers of float32, of the numbers that the codes stand for; return the model."""
    with in_outline() as rng:
        return replace_modules(
            model, lambda path, module: module.restored(rng) if isinstance(module, Quantized) else module
        )


def bytes_of(model):
    """The bytes of all that is stored of a model."""
    return sum(weight.data.nbytes for _, weight in model.named_weights())


def numbers_of(model):
    """How many numbers the weights of a model are, whatever form they are kept in."""
    plain = sum(weight.data.size for _, weight in model.named_weights() if isinstance(weight, Parameter))
    return plain + sum(module.size for _, module in model.named_modules() if isinstance(module, Quantized))
