"""m03.e07: a block that normalises after each sum, and the encoder that stacks such blocks on tokens and positions."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.course.judge import shapes
from tinyllm.errors import UsageError
from tinyllm.models.bert import BERTConfig
from tinyllm.nn.module import map_parameters
from tinyllm.tensor import Tensor, backward

rng = np.random.default_rng(0)
# computed once with PyTorch 2.13, TransformerEncoderLayer, from weights that are cosines; the first text has 2 tokens
SHAPE = {"vocab_size": 7, "context": 5, "heads": 2, "width": 4}
STORED_IDS, STORED_LENGTHS = np.array([[3, 1, 6], [2, 5, 4]]), np.array([2, 3])
STORED_X = np.array([
    [[0.5, -1.0, 2.0, 0.3], [1.5, 0.7, -0.8, -2.0], [0.1, 0.9, -1.1, 0.4]],
    [[-0.6, 1.2, 0.2, -0.9], [2.1, -0.4, 0.8, 1.3], [-1.7, 0.6, 1.4, -0.2]],
])  # fmt: skip
STORED_DY = np.cos(np.arange(24.0) ** 2).reshape(2, 3, 4)
STORED_BLOCK = [
    [[1.9054914268, -0.8771723040, -0.0443908586, -1.0364342042],
     [2.1230560455, -0.4254745231, -0.4481216305, -1.1322191533],
     [2.2287353455, -0.3236831182, -0.7992322287, -0.9300323036]],
    [[1.6905020764, -0.0109795558, -0.3628346156, -1.3418200320],
     [2.2314016523, -0.7280373408, -0.4325000519, -0.9496031427],
     [-0.9039125896, 0.0408310812, 0.5572536183, -0.9621011768]],
]  # fmt: skip
STORED_DX = [
    [[0.4544848772, 0.0886975873, -0.3096651156, -0.1259957160],
     [0.0121805809, 0.1163682188, -0.0044375695, -0.0641593883],
     [0.0648779357, 0.0250937235, 0.0582147720, -0.1418532778]],
    [[0.2004709354, 0.0255264919, -0.3112280904, 0.0649598527],
     [0.0361999490, 0.2344640409, -0.1596533268, -0.1463295285],
     [-0.7114547214, 0.0762804470, -0.2384415599, 0.8101193276]],
]  # fmt: skip
STORED_ENCODER = [
    [[2.1593841773, -0.5523573061, -0.4087730431, -1.0828540212],
     [2.1606778486, -0.5581725634, -0.4070537296, -1.0803215296],
     [2.1503189594, -0.5955788739, -0.3727682330, -1.0771008530]],
    [[2.1641757997, -0.5495988443, -0.4169165712, -1.0796840157],
     [2.1562969604, -0.5508634407, -0.4055434379, -1.0856707987],
     [2.1646988873, -0.5517808557, -0.4163077683, -1.0787176241]],
]  # fmt: skip


def cosines(model):
    """Give a model weights that anyone can make again: n numbers are 0.4 times the cosines of 1², 2², … n², and those
    that a norm multiplies by are larger by 1."""
    map_parameters(model, lambda array: array.astype(np.float64))
    for name, weight in model.named_parameters():
        values = 0.4 * np.cos(np.arange(1.0, weight.data.size + 1) ** 2)
        weight.data[...] = values.reshape(weight.shape) + bool(re.search(r"norm\d?\.weight", name))


def config_of(**options):
    return BERTConfig(**{**SHAPE, "layers": 2, **options})


@pytest.fixture
def alone(judge, monkeypatch):
    """The judge, with the solution's block in the answer: the encoder is judged by itself, not by its parts."""
    monkeypatch.setattr(judge.answer, "Block", judge.solution.Block)
    return judge


def block(judge, *arguments, case):
    return judge.same("Block", *arguments, through=judge.support.passed, case=case)


def encoder(judge, *arguments, case):
    return judge.same("Encoder", *arguments, through=judge.support.read, case=case)


# --------------------------------------------------------------------------------------------------------------- block


@pytest.mark.parametrize("lengths", [None, np.array([5, 2, 4])])
@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_block(judge, lengths, dropout, dtype):
    config = config_of(heads=2, width=6, layers=3, dropout=dropout)
    x, dy = rng.normal(size=(2, 3, 5, 6)).astype(dtype)
    block(judge, config, 7, x, dy, lengths, case=f"x {shapes(x)}, lengths={lengths}, dropout={dropout}")


def test_block_of_any_shape(judge):
    @given(*(st.integers(1, 4) for _ in range(5)), st.integers(0, 2**32))
    def agrees(B, T, heads, channels, layers, seed):
        draw = np.random.default_rng(seed)
        x, dy = draw.normal(size=(2, B, T, heads * channels))
        config = config_of(heads=heads, width=heads * channels, layers=layers)
        block(judge, config, seed, x, dy, draw.integers(1, T + 1, size=B), case=f"x {shapes(x)}, heads={heads}")

    agrees()


def test_block_by_hand(judge):
    x = np.array([[[1.0, 3.0]]])
    block(judge, config_of(width=2), 7, x, x, case="x [[[1, 3]]]")
    made = judge.answer.Block(config_of(width=2), rng=rng)
    made.attention.out.weight.data[...] = made.feed_forward.down.weight.data[...] = 0.0
    y = made(Tensor(x)).data
    right = np.allclose(y, [[[-1, 1]]], atol=1e-4)
    judge.that(right, "Block", "o exemplo, camadas que dão 0", "deveria dar [[[-1, 1]]]")


def test_block_computed_elsewhere(judge):
    block(judge, config_of(), 7, STORED_X, STORED_DY, STORED_LENGTHS, case="x (2, 3, 4), lengths=[2 3]")
    made = judge.answer.Block(config_of(), rng=rng)
    cosines(made)
    x = Tensor(STORED_X, requires_grad=True)
    y = made(x, STORED_LENGTHS)
    dx = backward(y, STORED_DY)[x]
    agree = np.allclose(y.data, STORED_BLOCK, atol=1e-5) and np.allclose(dx, STORED_DX, atol=1e-5)
    judge.that(agree, "Block", "valores guardados", "difere do PyTorch")


def test_block_of_other_numbers_and_layouts(judge):
    x = 1e4 * rng.normal(size=(4, 5, 2))
    found = block(judge, config_of(), 7, x.T, np.broadcast_to(rng.normal(size=(5, 1)), (2, 5, 4)), np.array([3, 5]),
                  case="um x que não é contíguo, de até ±10000, e um dy esticado")  # fmt: skip
    judge.that(np.isfinite(found.valor).all(), "Block", "números de até ±10000", "transbordou")


def test_the_gradient_of_the_block_is_the_slope(judge):
    x, dy, direction = rng.normal(size=(3, 2, 3, 4))
    arguments, eps = (config_of(), 7), 1e-6
    dx = block(judge, *arguments, x, dy, np.array([3, 2]), case="x (2, 3, 4)").gradiente_de_x
    ends = [
        (judge.support.passed(judge.answer.Block, *arguments, x + sign * eps * direction, dy, np.array([3, 2])).valor
         * dy).sum() for sign in (1, -1)
    ]  # fmt: skip
    slope, found = (ends[0] - ends[1]) / (2 * eps), (dx * direction).sum()
    judge.that(abs(slope - found) < 1e-6 * max(1, abs(slope)), "Block", "diferenças centrais",
               f"o gradiente diz {found:.6g}, a inclinação medida é {slope:.6g}")  # fmt: skip


# ------------------------------------------------------------------------------------------------------------- encoder


@pytest.mark.parametrize("positions", ["learned", "sinusoidal", "none"])
@pytest.mark.parametrize("lengths", [None, np.array([4, 2, 3])])
@pytest.mark.parametrize(("layers", "dropout"), [(1, 0.0), (3, 0.0), (2, 0.3)])
def test_encoder(alone, positions, lengths, layers, dropout):
    config = config_of(positions=positions, layers=layers, dropout=dropout, heads=3, width=6)
    ids, dy = rng.integers(7, size=(3, 4)), rng.normal(size=(3, 4, 6))
    encoder(alone, config, 7, ids, dy, lengths,
            case=shapes(ids, positions=positions, lengths=lengths, layers=layers, dropout=dropout))  # fmt: skip


def test_encoder_of_any_shape(alone):
    @given(*(st.integers(1, 4) for _ in range(5)), st.integers(0, 2**32))
    def agrees(B, T, heads, channels, layers, seed):
        draw, config = np.random.default_rng(seed), config_of(heads=heads, width=heads * channels, layers=layers)
        ids, dy = draw.integers(7, size=(B, T)), draw.normal(size=(B, T, heads * channels))
        lengths = draw.integers(1, T + 1, size=B)
        encoder(alone, config, seed, ids, dy, lengths, case=f"ids {ids.shape}, heads={heads}, layers={layers}")

    agrees()


def test_encoder_by_hand(alone):
    config, ids = config_of(width=2, layers=1), np.array([[4]])
    encoder(alone, config, 7, ids, np.ones((1, 1, 2)), case="ids [[4]]")
    made, seen = alone.answer.Encoder(config, rng=rng), []
    made.tokens.weight.data[4], made.positions.weight.data[0] = [3, 1], [1, 1]
    made.blocks = [lambda x, lengths: seen.append(x.data) or x]
    made.hidden(ids)
    alone.that(seen and np.allclose(seen[0], [[[1, -1]]], atol=1e-4), "Encoder", "o exemplo, o token [3, 1]",
               "deveria entrar no primeiro bloco como [1, -1]")  # fmt: skip


def test_encoder_computed_elsewhere(alone):
    encoder(alone, config_of(), 7, STORED_IDS, STORED_DY, STORED_LENGTHS, case="ids (2, 3), lengths=[2 3]")
    made = alone.answer.Encoder(config_of(), rng=rng)
    cosines(made)
    y = made.hidden(STORED_IDS, STORED_LENGTHS).data
    real = np.arange(3) < STORED_LENGTHS[:, None]
    alone.that(np.allclose(y[real], np.array(STORED_ENCODER)[real], atol=1e-5), "Encoder", "valores guardados",
               "difere do PyTorch")  # fmt: skip


def test_a_text_longer_than_the_context_is_refused(alone):
    dy = rng.normal(size=(2, 5, 4))
    encoder(alone, config_of(), 7, np.zeros((2, 5), np.int64), dy, case="ids (2, 5), contexto 5")
    for positions in ("none", "learned"):
        made, message = alone.answer.Encoder(config_of(positions=positions), rng=rng), ""
        try:
            made.hidden(np.zeros((2, 6), np.int64))
        except UsageError as error:
            message = str(error)
        alone.that("6" in message and "5" in message, "Encoder", f"ids (2, 6), contexto 5, positions={positions}",
                   "deveria dar um UsageError que diga 6 e 5")  # fmt: skip


def test_padding_changes_nothing(alone):
    ids, lengths, dy = np.array([[3, 1, 0, 0], [2, 5, 6, 4]]), np.array([2, 4]), np.ones((2, 4, 4))
    y = encoder(alone, config_of(), 7, ids, dy, lengths, case="ids [[3, 1, 0, 0], …], lengths=[2 4]").valor
    other = ids + np.array([[0, 0, 6, 2], [0, 0, 0, 0]])
    z = encoder(alone, config_of(), 7, other, dy, lengths, case="o mesmo, com outro preenchimento").valor
    alone.that(np.allclose(y[0, :2], z[0, :2]), "Encoder", "com outro preenchimento",
               "o preenchimento mudou as posições de verdade")  # fmt: skip
    short = encoder(alone, config_of(), 7, ids[:1, :2], dy[:1, :2], case="o mesmo texto, sem preenchimento").valor
    alone.that(np.allclose(y[0, :2], short[0]), "Encoder", "sem preenchimento",
               "um texto deveria sair igual, com ou sem preenchimento")  # fmt: skip


def test_only_positions_tell_the_order(alone):
    ids, order, dy = np.array([[3, 1, 6, 2]]), [2, 0, 3, 1], np.ones((1, 4, 4))
    for positions in ("none", "sinusoidal"):
        config = config_of(positions=positions)
        y = encoder(alone, config, 7, ids, dy, case=f"ids {ids[0]}, positions={positions}").valor
        z = encoder(alone, config, 7, ids[:, order], dy, case=f"em outra ordem, positions={positions}").valor
        alone.that(np.allclose(y[:, order], z) == (positions == "none"), "Encoder", f"os mesmos tokens, {positions}",
                   "sem posições, um token deveria sair igual onde quer que esteja; com elas, não")  # fmt: skip


def test_the_learners_own_block_is_inside(judge):
    config = config_of(layers=3)
    made = judge.answer.Encoder(config, rng=rng)
    judge.that(made.config is config, "Encoder", "layers=3", "self.config deveria ser a configuração: outros a leem")
    judge.that(len(made.blocks) == 3 and all(isinstance(one, judge.answer.Block) for one in made.blocks), "Encoder",
               "layers=3", "self.blocks deveria ser uma lista de três Block seus")  # fmt: skip


def test_time_and_memory(judge):
    judge.fast("Block")


def test_time_and_memory_of_the_encoder(alone):
    alone.fast("Encoder")
