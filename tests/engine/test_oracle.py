"""PyTorch as the oracle: every operation, a whole GPT written independently, AdamW and clipping."""

import numpy as np
import pytest
from engine.cases import CASES, is_differentiable, run, samples

from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.nn.module import Parameter, map_parameters
from tinyllm.optim.adamw import AdamW
from tinyllm.optim.schedule import clip_gradients
from tinyllm.tensor import backward

pytestmark = pytest.mark.oracle
torch = pytest.importorskip("torch")
torch_peer = pytest.importorskip("tinyllm.bench.torch_peer")

TOLERANCES = {np.float32: {"rtol": 1e-4, "atol": 1e-5}, np.float64: {"rtol": 1e-7, "atol": 1e-9}}


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("dtype", TOLERANCES, ids=["float32", "float64"])
def test_every_operation_agrees(case, dtype):
    for call in samples(case, dtype):
        if any(array.size == 0 for array in call.arrays):
            continue  # PyTorch refuses some empty shapes; gradients of these are checked by differences
        y, grads, dy = run(case.op, call)
        inputs = [torch.tensor(np.array(a), requires_grad=is_differentiable(a)) for a in call.arrays]
        expected = case.torch(torch, *inputs, **call.options)
        np.testing.assert_allclose(y, expected.detach().numpy(), **TOLERANCES[dtype])
        expected.backward(torch.tensor(np.array(dy)))
        for grad, x in zip(grads, inputs, strict=True):
            if grad is not None:
                np.testing.assert_allclose(grad, x.grad.numpy(), **TOLERANCES[dtype])


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize(("dtype", "limit"), [(np.float32, 1e-4), (np.float64, 1e-9)], ids=["float32", "float64"])
def test_the_gpt_agrees_in_logits_and_every_gradient(dtype, limit, rows):
    config = GPTConfig(vocab_size=101, context=33, layers=3, heads=4, width=48)
    ours = GPT(config, rng=np.random.default_rng(0))
    rng = np.random.default_rng(1)
    map_parameters(ours, lambda a: (a + rng.normal(scale=0.1, size=a.shape)).astype(dtype))
    theirs = torch_peer.GPT(config).to(getattr(torch, np.dtype(dtype).name))
    torch_peer.copy_weights(ours, theirs)

    tokens = rng.integers(config.vocab_size, size=(rows, 34))
    x, y = tokens[:, :-1], tokens[:, 1:]
    logits, expected = ours(x).data, theirs(torch.tensor(x))
    worst = {"logits": abs(logits - expected.detach().numpy()).max()}
    grads = backward(ours.loss(x, y))
    torch.nn.functional.cross_entropy(expected.flatten(0, 1), torch.tensor(y).flatten()).backward()
    theirs_by_name = dict(theirs.named_parameters())
    assert len(grads) == len(theirs_by_name)
    for name, parameter in ours.named_parameters():
        grad = theirs_by_name[torch_peer.name_in_torch(name)].grad.numpy()
        worst[name] = abs(grads[parameter] - (grad.T if torch_peer.is_turned(name) else grad)).max()
    print(f"{np.dtype(dtype).name}, {rows} rows: logits differ by {worst.pop('logits'):.1e} at most, "
          f"gradients by {max(worst.values()):.1e}")  # fmt: skip
    assert logits.dtype == dtype and abs(logits).max() > 1
    assert abs(logits - expected.detach().numpy()).max() <= limit and max(worst.values()) <= limit


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_adamw_takes_the_same_steps(dtype):
    rng = np.random.default_rng(0)
    matrix, vector = (Parameter(rng.normal(size=shape)) for shape in ((5, 7), (7,)))
    for parameter in (matrix, vector):
        parameter.data = parameter.data.astype(dtype)
    optimizer = AdamW([("matrix", matrix), ("vector", vector)], decay=0.2)
    theirs = [torch.tensor(p.data.copy(), requires_grad=True) for p in (matrix, vector)]
    groups = [{"params": theirs[:1], "weight_decay": 0.2}, {"params": theirs[1:], "weight_decay": 0.0}]
    expected = torch.optim.AdamW(groups, betas=optimizer.betas, eps=optimizer.eps)
    for step in range(20):
        grads = {p: rng.normal(size=p.shape).astype(dtype) for p in (matrix, vector)}
        for x, g in zip(theirs, grads.values(), strict=True):
            x.grad = torch.tensor(g)
        for group in expected.param_groups:
            group["lr"] = 0.01 * (step + 1)
        expected.step()
        optimizer.step(grads, lr=0.01 * (step + 1))
    for p, x in zip((matrix, vector), theirs, strict=True):
        np.testing.assert_allclose(p.data, x.detach().numpy(), **TOLERANCES[dtype])


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
