"""PyTorch as the oracle: every operation, whole models written independently, AdamW and clipping."""

import numpy as np
import pytest
from functional.cases import CASES, run, samples

from tinyllm.models import catalog
from tinyllm.models.bert import BERTConfig
from tinyllm.models.gpt import GPTConfig
from tinyllm.models.llama import LlamaConfig
from tinyllm.models.rnn import LSTM, RNN, LSTMConfig, RNNConfig
from tinyllm.models.t5 import T5Config
from tinyllm.nn.module import Parameter, map_parameters
from tinyllm.optim.schedule import clip_gradients
from tinyllm.tensor import backward, no_grad

pytestmark = pytest.mark.oracle
torch = pytest.importorskip("torch")
torch_models = pytest.importorskip("tinyllm.bench.torch_models")

TOLERANCES = {np.float32: {"rtol": 1e-4, "atol": 1e-5}, np.float64: {"rtol": 1e-7, "atol": 1e-9}}


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("dtype", TOLERANCES, ids=["float32", "float64"])
def test_every_operation_agrees(case, dtype):
    for call in samples(case, dtype):
        if any(array.size == 0 for array in call.arrays):
            continue  # PyTorch refuses some empty shapes; gradients of these are checked by differences
        y, grads, dy = run(case.op, call)
        inputs = [torch.tensor(np.array(a), requires_grad=a.dtype.kind == "f") for a in call.arrays]
        expected = case.torch(torch, *inputs, **call.options)
        np.testing.assert_allclose(y, expected.detach().numpy(), **TOLERANCES[dtype])
        expected.backward(torch.tensor(np.array(dy)))
        for grad, x in zip(grads, inputs, strict=True):
            if grad is not None:
                np.testing.assert_allclose(grad, x.grad.numpy(), **TOLERANCES[dtype])


SHAPE = {"vocab_size": 101, "context": 33, "layers": 3, "heads": 4, "width": 48}
FAMILY = [
    GPTConfig(**SHAPE),
    LlamaConfig(**SHAPE, kv_heads=2, hidden=80),
    BERTConfig(**SHAPE),
    T5Config(**SHAPE, decoder_layers=2, hidden=80),
]


@pytest.mark.parametrize("config", FAMILY, ids=catalog.name_of)
@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize(("dtype", "limit"), [(np.float32, 1e-4), (np.float64, 1e-9)], ids=["float32", "float64"])
def test_the_models_agree_in_the_loss_and_every_gradient(config, dtype, limit, rows):
    ours, rng = catalog.new_model(config, rng=np.random.default_rng(0)), np.random.default_rng(1)
    map_parameters(ours, lambda a: (a + rng.normal(scale=0.1, size=a.shape)).astype(dtype))
    theirs = torch_models.copy_of(ours)
    objective = catalog.find(catalog.name_of(config)).objective
    special_ids = range(len(objective.specials(config.context)))
    tokens = rng.integers(config.vocab_size, size=(rows, 34))
    batch = objective(config.context, config.vocab_size, special_ids)(tokens[:, :-1], tokens[:, 1:], rng)
    loss, expected = ours.loss(*batch), theirs.loss(*map(torch.tensor, batch))
    expected.backward()
    grads, worst, turned = backward(loss), {}, torch_models.turned_names(theirs)
    for name, parameter in theirs.named_parameters():
        grad = parameter.grad.numpy()
        mine = grads[dict(ours.named_parameters())[name]]
        worst[name] = abs(mine - (grad.T if name in turned else grad)).max()
    assert len(worst) == len(grads)
    print(f"{np.dtype(dtype).name}, {rows} rows: losses differ by {abs(loss.item() - expected.item()):.1e}, "
          f"gradients by {max(worst.values()):.1e} at most")  # fmt: skip
    assert loss.dtype == dtype and loss.item() > 1
    assert abs(loss.item() - expected.item()) <= limit and max(worst.values()) <= limit


class TorchRecurrent(torch.nn.Module):
    """The recurrent models by torch.nn.RNN or torch.nn.LSTM, with the weights of one of ours."""

    def __init__(self, ours, kind):
        super().__init__()
        width = ours.config.width
        self.tokens = torch.nn.Embedding(ours.config.vocab_size, width)
        self.norms = torch.nn.ModuleList(torch.nn.LayerNorm(width) for _ in range(len(ours.blocks) + 1))
        self.layers = torch.nn.ModuleList(kind(width, width, batch_first=True) for _ in ours.blocks)
        self.double()
        with torch.no_grad():
            self.tokens.weight[:] = torch.tensor(ours.tokens.weight.data)
            for norm, mine in zip(self.norms, [*(block.norm for block in ours.blocks), ours.norm], strict=True):
                norm.weight[:], norm.bias[:] = torch.tensor(mine.weight.data), torch.tensor(mine.bias.data)
            for layer, block in zip(self.layers, ours.blocks, strict=True):
                mine = block.recurrence
                layer.weight_ih_l0[:], layer.weight_hh_l0[:] = (
                    torch.tensor(w.data.T) for w in (mine.input.weight, mine.weight)
                )
                layer.bias_ih_l0[:], layer.bias_hh_l0[:] = torch.tensor(mine.input.bias.data), 0.0

    def forward(self, ids):
        x, states = self.tokens(ids), []
        for norm, layer in zip(self.norms, self.layers, strict=False):
            y, state = layer(norm(x))
            x = x + y
            states.append(torch.cat([part[0] for part in state], dim=1) if isinstance(state, tuple) else state[0])
        return self.norms[-1](x) @ self.tokens.weight.T, states

    def gradients(self, ours):
        """{parameter of ours: the gradient here}"""
        found = {ours.tokens.weight: self.tokens.weight.grad}
        for norm, mine in zip(self.norms, [*(block.norm for block in ours.blocks), ours.norm], strict=True):
            found |= {mine.weight: norm.weight.grad, mine.bias: norm.bias.grad}
        for layer, block in zip(self.layers, ours.blocks, strict=True):
            mine = block.recurrence
            found |= {mine.input.weight: layer.weight_ih_l0.grad.T, mine.weight: layer.weight_hh_l0.grad.T}
            found[mine.input.bias] = layer.bias_ih_l0.grad
        return found


@pytest.mark.parametrize(
    ("kind", "config", "theirs"),
    [(RNN, RNNConfig, torch.nn.RNN), (LSTM, LSTMConfig, torch.nn.LSTM)],
    ids=["rnn", "lstm"],
)
def test_the_recurrent_models_agree_in_logits_states_and_every_gradient(kind, config, theirs):
    ours = kind(config(vocab_size=101, context=33, layers=3, width=48), rng=np.random.default_rng(0))
    rng = np.random.default_rng(1)
    map_parameters(ours, lambda a: a + rng.normal(scale=0.1, size=a.shape))
    theirs = TorchRecurrent(ours, theirs)
    tokens = rng.integers(101, size=(3, 34))
    x, y = tokens[:, :-1], tokens[:, 1:]
    caches = ours.new_caches()
    with no_grad():
        logits = ours(x, caches).data
    expected, states = theirs(torch.tensor(x))
    np.testing.assert_allclose(logits, expected.detach().numpy(), atol=1e-9)
    for cache, state in zip(caches, states, strict=True):
        np.testing.assert_allclose(cache.state.data, state.detach().numpy(), atol=1e-9)
    grads = backward(ours.loss(x, y))
    torch.nn.functional.cross_entropy(expected.flatten(0, 1), torch.tensor(y).flatten()).backward()
    expected_grads = theirs.gradients(ours)
    assert grads.keys() == expected_grads.keys()
    for parameter, grad in grads.items():
        np.testing.assert_allclose(grad, expected_grads[parameter].numpy(), atol=1e-9)


@pytest.mark.parametrize("limit", [0.5, 1e6])
def test_clipping_is_the_same(limit):
    rng = np.random.default_rng(0)
    grads = {Parameter(np.zeros(shape)): rng.normal(size=shape) for shape in ((4, 3), (5,))}
    theirs = [torch.zeros(g.shape, dtype=torch.float64, requires_grad=True) for g in grads.values()]
    for x, g in zip(theirs, grads.values(), strict=True):
        x.grad = torch.tensor(g)
    expected_norm = torch.nn.utils.clip_grad_norm_(theirs, limit)
    clipped, norm = clip_gradients(grads, limit)
    assert norm == pytest.approx(float(expected_norm))
    for mine, x in zip(clipped.values(), theirs, strict=True):
        np.testing.assert_allclose(mine, x.grad.numpy(), rtol=1e-5)
