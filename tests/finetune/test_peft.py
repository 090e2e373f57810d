"""PEFT as the oracle: its methods, on the same weights, give our logits and gradients, and the files go both ways."""

import numpy as np
import pytest
from finetune.tiny import shaken
from models.test_transformers import SIZES, V, bert, gpt2, llama, pair, t5, tokens

from tinyllm import storage
from tinyllm.finetune import catalog
from tinyllm.finetune.ia3 import IA3Config
from tinyllm.finetune.lora import LoRAConfig
from tinyllm.finetune.peft import FORMATS, WEIGHTS, load_peft, save_peft
from tinyllm.finetune.prefix import PrefixConfig
from tinyllm.finetune.prompt import PromptConfig
from tinyllm.models import catalog as models
from tinyllm.tensor import backward, no_grad

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]
torch = pytest.importorskip("torch")
peft = pytest.importorskip("peft")

N = 3
MAKERS = {"gpt": gpt2, "llama": llama, "bert": bert, "t5": t5}
MORE = {"llama": {"kv_heads": 2, "hidden": 80}, "t5": {"decoder_layers": 2, "hidden": 80}}
TEXT, WRITTEN = tokens(3, 20), tokens(3, 7)
WEIGHT = np.random.default_rng(4).normal(size=(3, 20, V)).astype(np.float32) / 60  # as a mean over positions


def base(name):
    """Our model and theirs, with the same weights."""
    config = models.find(name).config(**SIZES | {"layers": 2} | MORE.get(name, {}))
    ours = models.new_model(config, rng=np.random.default_rng(0))
    theirs, _ = pair(ours, MAKERS[name], np.float32)
    return ours, theirs


def ours_says(model, name, method="lora"):
    """What is compared: logits or, of a BERT with a prompt, what it makes of its text."""
    if name == "bert" and method == "prompt":
        return model.hidden(TEXT)
    return model(TEXT, WRITTEN) if name == "t5" else model(TEXT)


def theirs_says(model, name, method="lora"):
    if name == "t5":
        return model(input_ids=torch.tensor(TEXT), decoder_input_ids=torch.tensor(WRITTEN)).logits
    if name == "bert" and method == "prompt":
        return model(input_ids=torch.tensor(TEXT)).last_hidden_state[:, N:]
    logits = model(input_ids=torch.tensor(TEXT)).logits
    return logits[:, N:] if method == "prompt" else logits


def in_place_of(theirs, name, method):
    """What of their model PEFT can adapt by a method."""
    return theirs.bert if name == "bert" and method == "prompt" else theirs


def assert_near(name, found, expected):
    """{name: array} or one array is the other to 1e-5, and to 1e-4 of the largest number if all are small."""
    pairs = [(found[key], expected[key]) for key in expected] if isinstance(expected, dict) else [(found, expected)]
    largest = max(abs(other).max() for _, other in pairs)
    worst = max(abs(one - other).max() for one, other in pairs)
    print(f"{name}: differ by {worst:.1e}, and the largest is {largest:.2f}")
    assert largest > 0 and worst <= 1e-5 * max(1, largest) and worst <= 1e-4 * largest


def exported(model, config):
    """{their name: array} of what our model has learned, or of what stands in its place."""
    form = next(form for form in FORMATS if form.config is type(config))
    return form.written(model, config)[1]


def exported_instead(model, config, arrays):
    """What comes into a file of other arrays, {Parameter: array}, in the place of the model's own; 0 where a file has
    what nobody learns."""
    own = {parameter: parameter.data for parameter in model.parameters()}

    def of(arrays):
        for parameter in own:
            parameter.data = arrays[parameter]
        return exported(model, config)

    found, fixed = of(arrays), of({parameter: np.zeros_like(array) for parameter, array in own.items()})
    for parameter, array in own.items():
        parameter.data = array
    return {name: found[name] - fixed[name] for name in found}


def can_learn(theirs):
    """{name in a file: Parameter} of all that the adapter of their model has, which learns from now on."""
    names = {name.replace(".default", ""): p for name, p in theirs.named_parameters()
             if "lora_" in name or "ia3_" in name or name.startswith("prompt_encoder")}  # fmt: skip
    for parameter in names.values():
        parameter.requires_grad_(True)
    return {"prompt_embeddings" if name.startswith("prompt_encoder") else name: p for name, p in names.items()}


SHARED = LoRAConfig(rank=3, layers="*")
METHODS = [
    ("lora", LoRAConfig(rank=4, alpha=6.0)),
    ("lora", LoRAConfig(rank=2, alpha=3.0, layers="key,out,down", rslora=True)),
]
METHODS += [("lora", SHARED), ("ia3", IA3Config()), ("ia3", IA3Config(outputs="out,up,query"))]
METHODS += [("prompt", PromptConfig(length=N)), ("prefix", PrefixConfig(length=N))]
PAIRS = [
    pytest.param(name, method, config, id=f"{name}-{method}-{i}")
    for name in MAKERS
    for i, (method, config) in enumerate(METHODS)
    if method != "prefix" or name in ("gpt", "llama")
]


@pytest.mark.parametrize(("name", "method", "config"), PAIRS)
def test_what_is_made_here_does_the_same_there_and_learns_the_same(tmp_path, name, method, config):
    ours, theirs = base(name)
    ours = shaken(catalog.adapt(ours, config, rng=np.random.default_rng(1)))
    save_peft(tmp_path / "adapter", ours, config, base="runs/contos")
    theirs = in_place_of(theirs, name, method)
    theirs = peft.PeftModel.from_pretrained(theirs, tmp_path / "adapter").eval()
    there = can_learn(theirs)
    found, expected = ours_says(ours, name, method), theirs_says(theirs, name, method)
    assert_near("logits", found.data, expected.detach().numpy())

    weight = WEIGHT[:, : found.shape[1], : found.shape[2]]
    (expected * torch.tensor(weight)).sum().backward()
    grads = backward(found, weight)
    grads = {parameter: grads.get(parameter, np.zeros_like(parameter.data)) for parameter in ours.parameters()}
    of_ours = exported_instead(ours, config, grads)
    if config == SHARED and name != "gpt":
        return  # theirs learns apart what is one matrix here
    learns = exported_instead(ours, config, {p: np.ones_like(p.data) for p in grads})  # and is not there to fill up
    of_theirs = {key: np.zeros(p.shape) if p.grad is None else p.grad.numpy() for key, p in there.items()}
    assert of_theirs.keys() == of_ours.keys()
    of_theirs = {key: np.where(learns[key] != 0, grad, 0) for key, grad in of_theirs.items()}
    assert_near("gradients", of_ours, of_theirs)


LORA = {
    "gpt": {"target_modules": ["c_attn", "c_proj"], "fan_in_fan_out": True},
    "llama": {"target_modules": ["q_proj", "v_proj", "down_proj"]},
    "bert": {"target_modules": ["query", "value", "intermediate.dense"], "use_rslora": True},
    "t5": {"target_modules": ["q", "v", "wo"]},
}
IA3 = {
    "gpt": {"target_modules": ["c_attn", "mlp.c_proj"], "feedforward_modules": ["mlp.c_proj"], "fan_in_fan_out": True},
    "llama": {"target_modules": ["k_proj", "v_proj", "down_proj"], "feedforward_modules": ["down_proj"]},
    "bert": {"target_modules": ["key", "value", "intermediate.dense", "layer.0.output.dense"],
             "feedforward_modules": ["layer.0.output.dense"]},
    "t5": {"target_modules": ["k", "v", "wo"], "feedforward_modules": ["wo"]},
}  # fmt: skip
TASK = {"gpt": "CAUSAL_LM", "llama": "CAUSAL_LM", "t5": "SEQ_2_SEQ_LM", "bert": None}


def their_config(name, method):
    if method == "lora":
        return peft.LoraConfig(r=5, lora_alpha=7, task_type=TASK[name], **LORA[name])
    if method == "ia3":
        return peft.IA3Config(task_type=TASK[name], **IA3[name])
    kind = {"prompt": peft.PromptTuningConfig, "prefix": peft.PrefixTuningConfig}[method]
    return kind(task_type=TASK[name] or "FEATURE_EXTRACTION", num_virtual_tokens=N)


@pytest.mark.parametrize(
    ("name", "method"),
    [(name, method) for name in MAKERS for method in ("lora", "ia3", "prompt", "prefix")
     if method != "prefix" or name in ("gpt", "llama")],
)  # fmt: skip
def test_what_is_made_there_does_the_same_here(tmp_path, name, method):
    torch.manual_seed(0)
    ours, theirs = base(name)
    plain = ours_says(ours, name, method).data
    theirs = peft.get_peft_model(in_place_of(theirs, name, method), their_config(name, method)).eval()
    with torch.no_grad():
        for parameter in can_learn(theirs).values():
            parameter += 0.2 * torch.randn(parameter.shape)
    theirs.save_pretrained(tmp_path / "theirs")
    ours, config = load_peft(tmp_path / "theirs", ours)
    with no_grad():
        found = ours_says(ours, name, method).data
    expected = theirs_says(theirs, name, method).detach().numpy()
    assert_near("logits", found, expected)
    assert abs(found - plain).max() > 0.1
    save_peft(tmp_path / "ours", ours, config, base="")
    back, again = (storage.load_arrays(tmp_path / folder / WEIGHTS) for folder in ("theirs", "ours"))
    for key, array in again.items():
        assert np.array_equal(array, back[key][: len(array)]), key
    assert again.keys() == back.keys()


def test_the_prefix_of_a_t5_is_theirs():
    """Whose layers share what they learn: layer i has the keys at 4 i of its 2 L vectors, counted in a circle."""
    ours, theirs = base("t5")
    ours = shaken(catalog.adapt(ours, PrefixConfig(length=N), rng=np.random.default_rng(1)))
    L, (_, H, _, D) = ours.config.layers, ours.parameters()[0].shape
    theirs = peft.get_peft_model(theirs, their_config("t5", "prefix")).eval()
    table = theirs.prompt_encoder["default"].embedding.weight  # (n, 2 L H D)
    with torch.no_grad():
        table += torch.randn(table.shape)
    vectors = table.detach().numpy().reshape(N, 2 * L, H, D)
    places = [(4 * i + which) % (2 * L) for i in range(ours.config.decoder_layers) for which in (0, 1)]
    for parameter, place in zip(ours.parameters(), places, strict=True):
        parameter.data = vectors[:, place].swapaxes(0, 1)[None].copy()
    found, expected = ours_says(ours, "t5"), theirs_says(theirs, "t5")
    assert_near("logits", found.data, expected.detach().numpy())
    weight = WEIGHT[:, : found.shape[1]]
    (expected * torch.tensor(weight)).sum().backward()
    grads, total = backward(found, weight), np.zeros_like(vectors)
    for parameter, place in zip(ours.parameters(), places, strict=True):
        total[:, place] += grads[parameter][0].swapaxes(0, 1)
    assert_near("prefix", total.reshape(N, -1), table.grad.numpy())
    assert total.any()
