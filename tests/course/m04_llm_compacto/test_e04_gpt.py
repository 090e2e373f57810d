"""m04.e04: a block, the GPT made of such blocks, and how it writes with a cache; then it learns, and its weights are
anyone's."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.course.judge import Refused, shapes
from tinyllm.infer.generate import generate
from tinyllm.models import gpt
from tinyllm.models.gpt import GPTConfig
from tinyllm.nn.module import load_weights, map_parameters, weights
from tinyllm.optim.adamw import AdamW, AdamWConfig
from tinyllm.tensor import backward

rng = np.random.default_rng(0)
V, T, STEPS = 7, 6, 80  # of the task: tokens, the length of a text, how many batches of 24 to learn it
# computed once with PyTorch 2.13 (layer_norm, scaled_dot_product_attention, gelu, cross_entropy), weights as `cosines`
STORED_CONFIG = GPTConfig(vocab_size=7, context=5, layers=2, heads=2, width=4)
STORED_IDS, STORED_TARGETS = np.array([[3, 1, 6], [2, 5, 4]]), np.array([[1, 6, 0], [5, 4, 2]])
STORED = {
    "logits": [
        [
            [1.1404438027, 0.6223865454, 0.0740585011, 0.5620226286, 1.3772089134, 0.2925196562, -0.8571232209],
            [1.1383884139, 0.6327242649, 0.0603644705, 0.5592142592, 1.3839859224, 0.2714918797, -0.8253649741],
            [1.0809258117, 0.5737265847, 0.0000848435, 0.5366991025, 1.2787540815, 0.2974240573, -0.7400526579],
        ],
        [
            [1.1513243151, 0.6288842582, 0.0918414106, 0.5662620651, 1.3939886011, 0.2945652466, -0.8862376607],
            [1.1226604959, 0.6048197062, 0.0533334785, 0.5554876088, 1.3446584850, 0.3002280922, -0.8275951369],
            [1.1633928731, 0.6441078156, 0.1043342146, 0.5695989277, 1.4194678193, 0.2825698897, -0.9002569931],
        ],
    ],
    "loss": 2.1631795883,
    "gradient": [
        [0.1522648117, -0.0313160069, -0.0416154360, -0.0647175415],
        [-0.0494565317, 0.0229052388, -0.0161216014, 0.0390017968],
        [-0.1858597798, 0.0373991959, 0.0347006767, 0.1016517784],
        [0.2634987092, -0.0577748888, -0.0391873240, -0.1572732714],
        [0.2593128618, -0.0703074506, -0.0371864878, -0.1410248086],
        [-0.1484495447, 0.0301606161, 0.0378384612, 0.0716620440],
        [-0.2797562894, 0.0750568882, 0.0423447967, 0.1522490869],
    ],
}


def cosines(model):
    """Give a model weights that anyone can make again: n numbers are 0.4 times the cosines of 1², 2², … n², and those
    that a norm multiplies by are larger by 1."""
    map_parameters(model, lambda array: array.astype(np.float64))
    for name, weight in model.named_parameters():
        values = 0.4 * np.cos(np.arange(1.0, weight.data.size + 1) ** 2)
        weight.data[...] = values.reshape(weight.shape) + bool(re.search(r"norm\d?\.weight", name))


def config_of(**options):
    return GPTConfig(**{"vocab_size": 13, "context": 7, "layers": 2, "heads": 3, "width": 6, **options})


def drawn_ids(*shape):
    return rng.integers(13, size=shape)


@pytest.fixture
def alone(judge, monkeypatch):
    """The judge, with the solution's block in the answer: the model is judged by itself, not by its parts."""
    monkeypatch.setattr(judge.answer, "Block", judge.solution.Block)
    return judge


def block(judge, *arguments, case):
    return judge.same("Block", *arguments, through=judge.support.passed, case=case)


def model(judge, *arguments, case):
    return judge.same("GPT", *arguments, through=judge.support.read, case=case)


# --------------------------------------------------------------------------------------------------------------- block


@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_block(judge, dropout, dtype):
    x, dy = rng.normal(size=(2, 4, 5, 6)).astype(dtype)
    block(judge, config_of(layers=3, dropout=dropout), 7, x, dy, case=f"x {shapes(x)}, dropout={dropout}")


def test_block_of_any_shape(judge):
    @given(*(st.integers(1, 4) for _ in range(5)), st.integers(0, 2**32))
    def agrees(B, T, heads, channels, layers, seed):
        x, dy = np.random.default_rng(seed).normal(size=(2, B, T, heads * channels))
        config = config_of(heads=heads, width=heads * channels, layers=layers)
        block(judge, config, seed, x, dy, case=f"x {shapes(x)}, heads={heads}")

    agrees()


def test_block_of_other_numbers_and_layouts(judge):
    x = 1e4 * rng.normal(size=(6, 5, 2))
    found = block(judge, config_of(), 7, x.T, np.broadcast_to(rng.normal(size=(5, 1)), (2, 5, 6)),
                  case="um x que não é contíguo, de até ±10000, e um dy esticado")  # fmt: skip
    judge.that(np.isfinite(found.valor).all(), "Block", "números de até ±10000", "transbordou")


def test_block_with_a_cache(judge):
    x, dy = rng.normal(size=(2, 2, 5, 6))
    whole = block(judge, config_of(), 7, x, dy, case=f"x {shapes(x)}").valor
    case = f"x {shapes(x)}, com um cache, posição por posição"
    y = judge.same("Block", config_of(), 7, x, through=judge.support.one_by_one, case=case)
    judge.that(np.allclose(y, whole), "Block", case, "deveria dar o mesmo que ler x de uma vez")


def test_the_gradient_of_the_block_is_the_slope(judge):
    x, dy, direction = rng.normal(size=(3, 2, 3, 6))
    arguments, eps = (config_of(), 7), 1e-6
    dx = block(judge, *arguments, x, dy, case="x (2, 3, 6)").gradiente_de_x
    ends = [(judge.support.passed(judge.answer.Block, *arguments, x + step * direction, dy).valor * dy).sum()
            for step in (eps, -eps)]  # fmt: skip
    slope, found = (ends[0] - ends[1]) / (2 * eps), (dx * direction).sum()
    judge.that(abs(slope - found) < 1e-5 * max(1, abs(slope)), "Block", "diferenças centrais",
               f"o gradiente diz {found:.6g}, a inclinação medida é {slope:.6g}")  # fmt: skip


# --------------------------------------------------------------------------------------------------------------- model


@pytest.mark.parametrize(("layers", "dropout"), [(1, 0.0), (3, 0.0), (2, 0.3)])
@pytest.mark.parametrize("weighted", [False, True])
def test_gpt(alone, layers, dropout, weighted):
    ids, targets = drawn_ids(2, 4, 5)
    weights = rng.uniform(size=(4, 5)) if weighted else None
    model(alone, config_of(layers=layers, dropout=dropout), 7, ids, targets, weights,
          case=shapes(ids, layers=layers, dropout=dropout, weights="sorteados" if weighted else None))  # fmt: skip


def test_gpt_of_any_shape(alone):
    @given(*(st.integers(1, 4) for _ in range(5)), st.integers(0, 2**32))
    def agrees(B, T, heads, channels, layers, seed):
        config = config_of(heads=heads, width=heads * channels, layers=layers)
        ids, targets = np.random.default_rng(seed).integers(13, size=(2, B, T))
        model(
            alone,
            config,
            seed,
            ids,
            np.asfortranarray(targets),
            case=f"ids {ids.shape}, heads={heads}, layers={layers}",
        )

    agrees()


def test_gpt_computed_elsewhere(alone):
    model(alone, STORED_CONFIG, 7, STORED_IDS, STORED_TARGETS, case="ids (2, 3), de um GPT minúsculo")
    made = alone.answer.GPT(STORED_CONFIG, rng=rng)
    cosines(made)
    logits, loss = made(STORED_IDS).data, made.loss(STORED_IDS, STORED_TARGETS)
    gradient = backward(loss)[made.tokens.weight]
    for found, name in ((logits, "logits"), (loss.item(), "loss"), (gradient, "gradient")):
        alone.that(
            np.allclose(found, STORED[name], atol=1e-5), "GPT", f"valores guardados: {name}", "difere do PyTorch"
        )


def test_the_pieces_of_a_gpt(judge):
    config = config_of(layers=3)
    case = "layers=3"
    judge.about("GPT", case)
    made = judge.answer.GPT(config, rng=rng)
    judge.that(made.config is config and made.longest == 7, "GPT", case,
               "self.config deveria ser a configuração, e self.longest, config.context: outros os leem")  # fmt: skip
    judge.that(len(made.blocks) == 3 and all(isinstance(one, judge.answer.Block) for one in made.blocks), "GPT", case,
               "self.blocks deveria ser uma lista de três Block seus")  # fmt: skip
    ids = drawn_ids(2, 4)
    begun = judge.outcome(lambda piece: piece(config, rng=np.random.default_rng(1)).begin(ids), judge.answer.GPT, ())
    judge.that(isinstance(begun, tuple) and len(begun) == 2 and begun[1] == (), "GPT", f"begin de ids {ids.shape}",
               "begin deveria dar um par: o fluxo na entrada, um Tensor, e a tupla vazia ()")  # fmt: skip
    x, _ = made.begin(ids)
    for one in made.blocks:
        x = one(x)
    judge.that(np.allclose(made.end(x).data, made.hidden(ids).data), "GPT", f"ids {ids.shape}",
               "begin, os blocos e end, um depois do outro, deveriam dar o mesmo que hidden")  # fmt: skip
    case = "ids numa lista de listas"
    judge.about("GPT", case)
    listed = judge.outcome(lambda made: made(ids.tolist()).data, made, ())
    same = not isinstance(listed, Refused) and np.allclose(listed, made(ids).data)
    judge.that(same, "GPT", case, "deveria dar o mesmo que um array: layers.token_rows faz dela um")
    judge.that(made.head().shape == (6, 13), "GPT", "head", "deveria ser a tabela dos tokens transposta, (C, V)")


@pytest.mark.parametrize(("layers", "lengths"), [(2, [4, 1, 1, 1]), (1, [1, 6]), (3, [3, 2, 2])])
def test_gpt_with_caches(alone, layers, lengths):
    ids, config = drawn_ids(2, 7), config_of(layers=layers)
    case = f"ids (2, 7), layers={layers}, lidos com caches em pedaços de {lengths} tokens"
    found = alone.same("GPT", config, 7, ids, lengths, through=alone.support.in_pieces, case=case)
    whole = alone.support.in_pieces(alone.answer.GPT, config, 7, ids, [7])
    alone.that(np.allclose(found, whole), "GPT", case, "deveria dar o mesmo que ler tudo de uma vez")


def test_what_comes_later_changes_nothing_before_it(alone):
    ids, targets = drawn_ids(2, 2, 6)
    before = model(alone, config_of(), 7, ids, targets, case="ids (2, 6)").logits
    ids[:, 4] = (ids[:, 4] + 1) % 13
    after = model(alone, config_of(), 7, ids, targets, case="ids (2, 6), com a posição 4 mudada").logits
    alone.that(np.allclose(before[:, :4], after[:, :4]), "GPT", "ids com a posição 4 mudada",
               "as posições de 0 a 3 mudaram: elas viram o futuro")  # fmt: skip


def test_a_text_longer_than_the_context_is_refused(alone):
    alone.about("GPT", "ids (2, 8), contexto 7")
    made = alone.answer.GPT(config_of(), rng=rng)
    found = alone.outcome(lambda made: made.hidden(drawn_ids(2, 8)), made, ())
    alone.that(isinstance(found, Refused) and "8" in found and "7" in found, "GPT", "ids (2, 8), contexto 7",
               "deveria ser recusado: layers.places diz quais são as posições, e recusa as que não há")  # fmt: skip


# ------------------------------------------------------------------------------------------------------------- writing


@pytest.mark.parametrize(("shape", "count"), [((3, 5), 4), ((2, 7), 6), ((4, 2), 1), ((1, 1), 5)])
def test_write_on(judge, shape, count):
    ids = rng.integers(17, size=shape)
    judge.same("write_on", 3, ids, count, through=judge.support.written, case=f"ids {shape}, count={count}")


def test_write_on_of_any_shape(judge):
    @given(*(st.integers(1, 5) for _ in range(3)), st.integers(0, 99))
    def agrees(B, T, count, seed):
        ids = np.asfortranarray(np.random.default_rng(seed).integers(17, size=(B, T)))
        judge.same("write_on", seed, ids, count, through=judge.support.written, case=f"ids {ids.shape}, count={count}")

    agrees()


def test_write_on_as_the_library_generates(judge):
    ids, count, seed = rng.integers(17, size=(2, 6)), 5, 4
    found = judge.same("write_on", seed, ids, count, through=judge.support.written, case=f"ids {ids.shape}").ids
    expected = [list(generate(judge.support.Watched(seed, 6 + count + 1), row, choose=np.argmax, max_tokens=count))
                for row in ids]  # fmt: skip
    judge.that(np.array_equal(found, expected), "write_on", f"ids {ids.shape}", "a biblioteca escreve outra coisa")


# ----------------------------------------------------------------------------------------------------------- all of it


def texts(drawn, count):
    """Texts that go up by 1 or by 2 at each token, and begin again after the last one."""
    first, step = drawn.integers(V, size=(count, 1)), drawn.integers(1, 3, size=(count, 1))
    return (first + step * np.arange(T + 1)) % V


def learned(answer, seed=0):
    """Train a tiny GPT: its first loss, and the share of new texts that it then goes on with as it should."""
    drawn = np.random.default_rng(seed)
    model = answer.GPT(GPTConfig(vocab_size=V, context=T, layers=1, heads=2, width=16), rng=drawn)
    optimizer, losses = AdamW(model.named_parameters(), AdamWConfig(weight_decay=0.0)), []
    for step in range(STEPS):
        ids = texts(drawn, 24)
        loss = model.loss(ids[:, :-1], ids[:, 1:])
        losses.append(loss.item())
        optimizer.step(backward(loss), lr=0.02 * min(1, (step + 1) / 10) * (1 - 0.9 * step / STEPS))
    ids = texts(drawn, 200)
    return losses[0], (answer.write_on(model, ids[:, :2], T - 2) == ids[:, 2:T]).all(axis=1).mean()


def test_a_tiny_gpt_learns_to_count(judge):
    case = f"um GPT minúsculo, depois de {STEPS} lotes"
    judge.about("GPT", case)
    found = judge.outcome(learned, judge.answer, ())
    judge.that(not isinstance(found, Refused), "GPT", case, f"recusado: {found}")
    first, right = found
    judge.that(abs(first - np.log(V)) < 0.3, "GPT", "a primeira perda, sem treino",
               f"deu {first:.2f}; sem saber nada, é cerca de log {V} = {np.log(V):.2f}")  # fmt: skip
    judge.that(right > 0.9, "GPT", case,
               f"só {100 * right:.0f} % de 200 textos novos foram bem continuados; espera-se mais de 90 %")  # fmt: skip


def test_its_weights_are_those_of_the_library(judge):
    """A run is saved and opened by the names of the weights: whoever made the model."""
    ids, config = drawn_ids(3, 5), config_of()
    judge.about("GPT", "com os pesos da biblioteca")
    mine, theirs = judge.answer.GPT(config, rng=np.random.default_rng(3)), gpt.GPT(config, rng=np.random.default_rng(4))
    names = [sorted(weights(made)) for made in (mine, theirs)]
    judge.that(
        names[0] == names[1], "GPT", "os nomes dos pesos", f"só num dos dois: {sorted(set(names[0]) ^ set(names[1]))}"
    )
    load_weights(mine, weights(theirs))
    same, case = (
        np.allclose(mine(ids).data, theirs(ids).data, atol=1e-6),
        f"ids {ids.shape}, com os pesos da biblioteca",
    )
    judge.that(same, "GPT", case, "deveria dar os mesmos logits que um GPT dela")


@pytest.mark.parametrize("name", ["Block", "GPT", "write_on"])
def test_time_and_memory(judge, name):
    judge.fast(name)
