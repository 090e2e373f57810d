"""What is stored and what is learned, and one module in the place of another."""

import copy
import gc
import pickle
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm import storage, tensor
from tinyllm.errors import UsageError
from tinyllm.models import catalog
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.models.t5 import T5, T5Config
from tinyllm.nn import layers, module
from tinyllm.nn.module import Around, Module, Parameter, Weight
from tinyllm.optim.adamw import AdamW
from tinyllm.train.loop import TrainConfig, train

CONFIG = GPTConfig(vocab_size=17, context=6, layers=2, heads=2, width=8)
IDS = np.random.default_rng(5).integers(0, 17, size=(4, 7))
TINY = {"vocab_size": 17, "context": 6, "layers": 2, "width": 8}


def gpt():
    return GPT(CONFIG, rng=np.random.default_rng(0))


def t5():
    return T5(T5Config(**TINY, heads=2, hidden=12), rng=np.random.default_rng(0))


def batch_of(model):
    objective = catalog.architecture_of(model.config).bare_objective(model.config)
    return objective(IDS[:, :-1], IDS[:, 1:], np.random.default_rng(0))


def trained(model, steps=3):
    """The losses of a few steps on the same batch."""
    config = TrainConfig(steps=steps, workers=2)
    optimizer = AdamW(model.named_parameters())
    reports = train(model, [batch_of(model)] * steps, optimizer, config=config)
    return [report.loss for report in reports]


class LoRA(Around):
    """A wrapper with weights of its own, of which one is not learned."""

    def __init__(self, inner, *, rank=2):
        super().__init__(inner)
        n_in, n_out = inner.weight.shape
        self.a, self.b = Parameter(np.ones((n_in, rank))), Parameter(np.zeros((rank, n_out)))
        self.scale = Weight(np.array([2.0], np.float32))

    def __call__(self, x):
        return self.inner(x) + (x @ self.a) @ self.b * self.scale


class Codes(Module):
    """A Linear of 8 bits: codes and a scale, stored and not learned."""

    def __init__(self, linear):
        self.scale = Weight(np.abs(linear.weight.data).max(keepdims=True) / 127)
        self.codes = Weight(np.round(linear.weight.data / self.scale.data).astype(np.int8))
        self.bias = linear.bias

    def __call__(self, x):
        return x @ (self.codes.data * self.scale.data) + self.bias


def around_linear(path, part):
    return LoRA(part) if isinstance(part, layers.Linear) else part


# ------------------------------------------------------------------------------------------------- stored, and learned


def test_a_weight_keeps_its_type_and_is_not_learned():
    class Mixed(Module):
        def __init__(self):
            self.codes = Weight(np.arange(3, dtype=np.int8))
            self.learned = Parameter(np.arange(3.0))
            self.plain = tensor.Tensor(np.ones(2))  # belongs to no file

    model = Mixed()
    assert [name for name, _ in model.named_weights()] == ["codes", "learned"]
    assert [name for name, _ in model.named_parameters()] == ["learned"]
    assert (model.codes.dtype, model.learned.dtype) == (np.int8, np.float32)
    assert not model.codes.requires_grad and module.count_parameters(model) == 3
    assert AdamW(model.named_parameters()).state().keys() == {"steps", "m.learned", "v.learned"}


@pytest.mark.parametrize("name", catalog.MODELS)
def test_what_is_frozen_is_stored_and_has_neither_gradient_nor_state(name):
    architecture = catalog.find(name)
    model = catalog.new_model(architecture.config(**TINY), rng=np.random.default_rng(0))
    before = {name: array.copy() for name, array in module.weights(model).items()}
    module.freeze(model, lambda name, weight: "norm" not in name)
    learned = {name for name in before if "norm" in name}
    assert {name for name, _ in model.named_parameters()} == learned and 0 < len(learned) < len(before)
    assert module.weights(model).keys() == before.keys()
    optimizer = AdamW(model.named_parameters())
    assert optimizer.state().keys() == {"steps", *(f"{slot}.{name}" for slot in "mv" for name in learned)}
    config = TrainConfig(steps=2, workers=2, warmup=0)
    list(train(model, [batch_of(model)] * 2, optimizer, config=config))
    after = module.weights(model)
    assert {name for name in before if not np.array_equal(before[name], after[name])} == learned
    module.unfreeze(model)
    assert {name for name, _ in model.named_parameters()} == before.keys()


def test_backward_computes_nothing_for_what_is_frozen():
    """Below the lowest learned weight nothing is recorded, and above it no gradient of another is computed."""
    model = gpt()
    module.freeze(model)
    assert model.hidden(IDS[:, :-1]).node is None
    module.unfreeze(model, lambda name, weight: name == "blocks.1.feed_forward.down.bias")
    assert list(tensor.backward(model.loss(IDS[:, :-1], IDS[:, 1:]))) == [model.blocks[1].feed_forward.down.bias]

    x, matrix, computed = tensor.Tensor(np.ones((3, 8)), requires_grad=True), Parameter(np.ones((8, 5))), []
    matrix.requires_grad = False
    y = x @ matrix

    def counted(thunk):
        return lambda: computed.append(thunk) or thunk()

    y.node.backward = lambda dy, back=y.node.backward: tuple(map(counted, back(dy)))
    assert list(tensor.backward(y.sum())) == [x] and len(computed) == 1


def test_weights_of_any_type_are_saved_and_loaded(tmp_path):
    model, other = gpt(), GPT(CONFIG, rng=np.random.default_rng(1))
    for each in (model, other):
        each.blocks[0].attention.out = Codes(each.blocks[0].attention.out)
    storage.save_arrays(tmp_path / "w.safetensors", module.weights(model))
    module.load_weights(other, storage.load_arrays(tmp_path / "w.safetensors"))
    back = module.weights(other)
    assert back["blocks.0.attention.out.codes"].dtype == np.int8
    assert all(np.array_equal(array, back[name]) for name, array in module.weights(model).items())
    assert np.array_equal(model(IDS[:, :-1]).data, other(IDS[:, :-1]).data)


@pytest.mark.parametrize(
    ("name", "wrong", "words"),
    [
        ("codes", np.zeros((8, 8), np.float32), "codes is of type float32, but the model's is of int8"),
        ("codes", np.zeros((8, 8), np.int64), "codes is of type int64, but the model's is of int8"),
        ("bias", np.zeros(8, np.int32), "bias is of type int32, but the model's is of float32"),
        ("bias", np.zeros(9, np.float32), r"bias has shape \(9,\), but the model's is \(8,\)"),
    ],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(name, wrong, words):
    model = Codes(layers.Linear(8, 8, rng=np.random.default_rng(0)))
    before = {name: array.copy() for name, array in module.weights(model).items()}
    with pytest.raises(UsageError, match=words):
        module.load_weights(model, {**before, "scale": np.ones((1, 1)), name: wrong})
    assert all(np.array_equal(array, before[name]) for name, array in module.weights(model).items())
    module.load_weights(model, {**before, "bias": np.ones(8)})  # of another size only
    assert model.bias.dtype == np.float32 and model.bias.data.sum() == 8


def test_every_weight_goes_to_another_device_or_type():
    model = Codes(layers.Linear(4, 4, rng=np.random.default_rng(0)))
    module.freeze(model)
    module.map_parameters(model, lambda array: array.astype(np.float64))
    assert {weight.dtype for _, weight in model.named_weights()} == {np.dtype(np.float64)}


# ------------------------------------------------------------------------------------------------------------- copies

each_copy = pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))], ids=["deepcopy", "pickle"]
)


def loss_of(model, twin):
    """A loss in which both models take part."""
    batch = batch_of(model)
    return model.loss(*batch) * 2.0 + twin.loss(*batch) * 3.0


@each_copy
@pytest.mark.parametrize("name", catalog.MODELS)
def test_a_copied_model_learns_as_one_made_apart(name, copied):
    """Its tied weights stay tied, the frozen ones frozen, and in one loss with the first each has its own gradients."""
    config = catalog.find(name).config(**TINY)
    model, apart = (catalog.new_model(config, rng=np.random.default_rng(0)) for _ in range(2))
    for each in (model, apart):
        module.freeze(each, lambda name, weight: "norm" in name)
    twin = copied(model)
    names = list(module.weights(model))
    assert list(module.weights(twin)) == names
    assert [name for name, _ in twin.named_parameters()] == [name for name, _ in model.named_parameters()]
    assert not {id(array) for array in module.weights(twin).values()} & set(map(id, module.weights(model).values()))
    found, expected = tensor.backward(loss_of(model, twin)), tensor.backward(loss_of(model, apart))
    assert len(found) == len(expected) == 2 * len(model.parameters())
    for one, other in ((model, model), (twin, apart)):
        for (name, p), (_, q) in zip(one.named_parameters(), other.named_parameters(), strict=True):
            np.testing.assert_array_equal(found[p], expected[q], err_msg=name)
    assert trained(twin) == trained(apart)


@each_copy
def test_a_copied_model_keeps_its_wrappers_and_what_is_shared(copied):
    model = module.replace_modules(t5(), around_linear)
    twin = copied(model)
    assert list(module.weights(twin)) == list(module.weights(model))
    assert twin.decoder.tokens is twin.encoder.tokens is not model.encoder.tokens


def test_a_shallow_copy_of_a_model_has_the_same_weights():
    model = gpt()
    assert all(one is other for one, other in zip(copy.copy(model).parameters(), model.parameters(), strict=True))


def test_a_single_number_is_stored_and_loaded_as_one(tmp_path):
    class Scaled(Module):
        def __init__(self, number):
            self.learned, self.stored = Parameter(number), Weight(np.float32(number))

    for number in (2.0, np.float64(2.0), np.array(2.0)):
        model, other = Scaled(number), Scaled(0.0)
        storage.save_arrays(tmp_path / "w.safetensors", module.weights(model))
        module.load_weights(other, storage.load_arrays(tmp_path / "w.safetensors"))
        assert {name: (array.shape, float(array)) for name, array in module.weights(other).items()} == {
            "learned": ((), 2.0), "stored": ((), 2.0)
        }  # fmt: skip


# --------------------------------------------------------------------------------------- one module in another's place


def test_every_module_is_named_once_before_what_it_holds():
    model = t5()
    model.decoder.blocks[0] = Around(model.decoder.blocks[0])
    asked, found = [], list(model.named_modules())
    module.replace_modules(model, lambda path, part: asked.append((path, part)) or part)
    assert found[0] == ("", model) and len(found) == len({id(part) for _, part in found})
    assert sorted(found, key=lambda pair: (pair[0], id(pair[1]))) == sorted(asked, key=lambda p: (p[0], id(p[1])))
    first = [part for path, part in found if path == "decoder.blocks.0"]
    assert first == [model.decoder.blocks[0], model.decoder.blocks[0].inner]
    paths = [path for path, _ in found]
    for i, path in enumerate(paths):
        assert not any(path.startswith(f"{later}.") for later in paths[i + 1 :])


def test_a_wrapped_block_is_stored_under_its_plain_names(tmp_path):
    plain, wrapped = gpt(), gpt()
    wrapped.blocks[0] = Around(Around(wrapped.blocks[0]))
    assert list(module.weights(wrapped)) == list(module.weights(plain))
    trained(wrapped)
    storage.save_arrays(tmp_path / "w.safetensors", module.weights(wrapped))
    module.load_weights(plain, storage.load_arrays(tmp_path / "w.safetensors"))
    assert np.array_equal(plain(IDS[:, :-1]).data, wrapped(IDS[:, :-1]).data)


@pytest.mark.parametrize("name", catalog.MODELS)
def test_wrappers_that_do_nothing_train_bitwise_as_none(name):
    config, wraps = catalog.find(name).config(**TINY, dropout=0.1), []
    plain, wrapped = (catalog.new_model(config, rng=np.random.default_rng(0)) for _ in range(2))

    def wrap(path, part):
        if "blocks." not in path:
            return part
        wraps.append(path)
        return Around(part)

    assert module.replace_modules(wrapped, wrap) is wrapped
    assert {"blocks.1", "encoder.blocks.1"} & set(wraps) and len(wraps) > 2 * 3  # blocks, and what is in them
    assert trained(plain) == trained(wrapped)
    for (name, array), (same, other) in zip(
        module.weights(plain).items(), module.weights(wrapped).items(), strict=True
    ):
        assert name == same and np.array_equal(array, other)


def test_a_wrappers_own_weights_are_stored_beside_and_can_be_taken_away():
    model, plain = gpt(), gpt()
    names = list(module.weights(plain))
    module.replace_modules(model, around_linear)
    own = [name for name in module.weights(model) if "@LoRA." in name]
    assert own[:3] == [f"blocks.0.attention.qkv@LoRA.{name}" for name in ("a", "b", "scale")]
    assert len(own) == 3 * 4 * CONFIG.layers and [n for n in module.weights(model) if n not in own] == names
    module.freeze(model, lambda name, weight: "@" not in name)
    assert {name for name, _ in model.named_parameters()} == {name for name in own if not name.endswith("scale")}
    assert np.array_equal(model(IDS[:, :-1]).data, plain(IDS[:, :-1]).data)  # b is 0
    trained(model)
    assert not np.array_equal(model(IDS[:, :-1]).data, plain(IDS[:, :-1]).data)
    module.replace_modules(model, lambda path, part: part.inner if isinstance(part, LoRA) else part)
    assert list(module.weights(model)) == names
    assert np.array_equal(model(IDS[:, :-1]).data, plain(IDS[:, :-1]).data)


def test_two_weights_of_one_name_are_refused():
    linear = layers.Linear(4, 4, rng=np.random.default_rng(0))
    twice = LoRA(linear)
    twice.inner, twice.inner.weight = LoRA(linear), linear.weight
    with pytest.raises(UsageError, match=r"two weights would be stored as @LoRA\.a; give one another name"):
        module.weights(twice)


class Gain(Around):
    def __init__(self, inner):
        super().__init__(inner)
        self.by = Parameter(1.0)


def test_two_wrappers_of_one_name_are_told_when_they_are_put_there():
    def around_blocks(path, part):
        return Gain(part) if path.endswith("feed_forward") else part

    model = module.replace_modules(gpt(), around_blocks)
    with pytest.raises(UsageError, match=r"two weights would be stored as @Gain\.by; give one another name"):
        module.replace_modules(model, around_blocks)


@pytest.mark.parametrize("nothing", [None, "Linear", layers.Linear])
def test_a_change_that_gives_no_module_is_refused(nothing):
    with pytest.raises(
        UsageError, match=r"change\('tokens', …\) gave .* and no module; return the same one or another"
    ):
        module.replace_modules(gpt(), lambda path, part: nothing)


def test_who_needs_what_is_inside_a_wrapper_is_told_to_take_it_from_there():
    model = gpt()
    model.tokens = Around(model.tokens)
    with pytest.raises(AttributeError, match=r"Around has no weight; its inner has: .* take \.inner\.weight"):
        model(IDS[:, :-1])
    with pytest.raises(AttributeError, match=r"Around has no width$"):
        model.tokens.width  # noqa: B018


def test_what_is_shared_is_changed_once_and_stays_shared():
    model, asked = t5(), []

    class Doubled(layers.Embedding):
        def __init__(self, embedding):
            self.weight = Parameter(2 * embedding.weight.data)

    def change(path, part):
        asked.append((path, part))
        return Doubled(part) if isinstance(part, layers.Embedding) else part

    module.replace_modules(model, change)
    assert isinstance(model.encoder.tokens, Doubled) and model.decoder.tokens is model.encoder.tokens
    assert [path for path, part in asked if path.endswith("tokens")] == ["encoder.tokens"]
    assert len({id(part) for _, part in asked}) == len(asked)
    names = list(module.weights(t5()))
    assert list(module.weights(model)) == names and "decoder.tokens.weight" not in names
    paths = [path for path, _ in asked]
    assert paths[-1] == "" and asked[-1][1] is model  # the model comes last, and every module after what is inside it
    for i, path in enumerate(paths):
        assert not any(later.startswith(f"{path}.") for later in paths[i + 1 :] if path)


class Leaf(Module):
    def __init__(self, number):
        self.weight = Parameter([float(number)])


NESTS = st.recursive(
    st.integers(0, 3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=8,
)


def leaves(value, numbers):
    """A nest with a module in the place of each number, the same for the same number."""
    if isinstance(value, int):
        return numbers.setdefault(value, Leaf(value))
    if isinstance(value, dict):
        return {key: leaves(item, numbers) for key, item in value.items()}
    return type(value)(leaves(item, numbers) for item in value)


@given(nest=NESTS)
def test_modules_in_lists_tuples_and_dicts_are_found_and_replaced(nest):
    model, numbers = Module(), {}
    model.parts = leaves(nest, numbers)
    before, asked = module.weights(model), []

    def change(path, part):
        asked.append(path)
        return Around(part) if isinstance(part, Leaf) else part

    module.replace_modules(model, change)
    after = module.weights(model)
    assert len(asked) == len(set(asked)) == len(before) + 1 == len(numbers) + 1
    assert list(after) == list(before) == [f"{path}.weight" for path in asked[:-1]]
    assert all(after[name] is before[name] for name in before)


def test_a_child_may_hold_its_parent():
    model = gpt()
    names = list(module.weights(model))
    for block in model.blocks:
        block.parent = model
    assert list(module.weights(model)) == names
    module.replace_modules(model, lambda path, part: Around(part) if path.endswith("feed_forward") else part)
    assert model.blocks[0].parent is model and isinstance(model.blocks[0].feed_forward, Around)
    assert list(module.weights(model)) == names


def test_lists_and_dicts_may_hold_themselves():
    model = gpt()
    names = list(module.weights(model))
    model.neighbours, model.table = [model.blocks, model], {"model": model}
    model.neighbours.append(model.neighbours)
    model.table["table"] = model.table
    assert list(module.weights(model)) == names
    module.replace_modules(model, lambda path, part: Around(part) if path.endswith("feed_forward") else part)
    assert list(module.weights(model)) == names


def test_the_model_itself_may_be_wrapped():
    model = module.replace_modules(layers.Linear(4, 4, rng=np.random.default_rng(0)), around_linear)
    assert isinstance(model, LoRA) and list(module.weights(model)) == [
        "weight", "bias", "@LoRA.a", "@LoRA.b", "@LoRA.scale"
    ]  # fmt: skip


def test_what_was_replaced_goes_at_once():
    model = gpt()
    gone = weakref.ref(model.blocks[0].feed_forward)
    gc.disable()  # which finds circles, at any time
    try:
        module.replace_modules(model, lambda path, m: Module() if path.endswith("feed_forward") else m)
        assert gone() is None
    finally:
        gc.enable()


def test_what_is_replaced_is_forgotten_at_once():
    """So a model that is quantised layer by layer is never there twice."""
    model, gone = gpt(), []

    def change(path, part):
        assert sum(array() is not None for array in gone) <= 4  # those of the block that is walked
        if type(part) is not layers.Linear:
            return part
        gone.append(weakref.ref(part.weight.data))
        return layers.Projection(*part.weight.shape, rng=np.random.default_rng(0))

    module.replace_modules(model, change)
    assert len(gone) == 4 * CONFIG.layers > 4 and all(array() is None for array in gone)
