"""Transformers as the oracle: its models, holding our random weights, give our logits and our gradients."""

import numpy as np
import pytest

from tinyllm import functional as F
from tinyllm.infer.generate import generate
from tinyllm.models.bert import BERT, BERTConfig
from tinyllm.models.gpt import GPT, GPTConfig
from tinyllm.models.llama import Llama, LlamaConfig
from tinyllm.models.t5 import T5, T5Config, shift_right
from tinyllm.nn.module import map_parameters
from tinyllm.tensor import backward, no_grad

pytestmark = pytest.mark.oracle
torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

V, LIMITS = (
    101,
    {np.float32: 1e-4, np.float64: 1e-9},
)  # float64 where it is not float32 inside all the same, as in RMSNorm
SIZES = {"vocab_size": V, "context": 33, "heads": 4, "width": 48}


# Each of the four functions below makes the other's model for a config of ours, and tells where our parameters stand in
# it: {name of ours: [(name there, part of ours, whether it is turned), ...]}, the part being a slice of the last axis.


def gpt2(config):
    theirs = transformers.GPT2LMHeadModel(transformers.GPT2Config(
        vocab_size=V, n_positions=config.context, n_embd=config.width, n_layer=config.layers, n_head=config.heads,
        activation_function="gelu", resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
    ))  # fmt: skip
    places = {"tokens.weight": whole("transformer.wte.weight"), "positions.weight": whole("transformer.wpe.weight")}
    for i in range(config.layers):
        mine, other = f"blocks.{i}.", f"transformer.h.{i}."
        for end in ("weight", "bias"):
            names = {"norm1": "ln_1", "attention.qkv": "attn.c_attn", "attention.out": "attn.c_proj", "norm2": "ln_2",
                     "feed_forward.up": "mlp.c_fc", "feed_forward.down": "mlp.c_proj"}  # fmt: skip
            places |= {f"{mine}{ours}.{end}": whole(f"{other}{there}.{end}") for ours, there in names.items()}
    return theirs, places | {f"norm.{end}": whole(f"transformer.ln_f.{end}") for end in ("weight", "bias")}


def llama(config):
    theirs = transformers.LlamaForCausalLM(transformers.LlamaConfig(
        vocab_size=V, max_position_embeddings=config.context, hidden_size=config.width,
        num_hidden_layers=config.layers, num_attention_heads=config.heads, num_key_value_heads=config.kv_heads,
        intermediate_size=config.hidden, rms_norm_eps=1e-6, rope_theta=10000.0, tie_word_embeddings=True,
    ))  # fmt: skip
    half = config.width // config.heads * config.kv_heads
    places = {"tokens.weight": whole("model.embed_tokens.weight"), "norm.weight": whole("model.norm.weight")}
    for i in range(config.layers):
        mine, other = f"blocks.{i}.", f"model.layers.{i}."
        places |= {
            f"{mine}norm1.weight": whole(f"{other}input_layernorm.weight"),
            f"{mine}norm2.weight": whole(f"{other}post_attention_layernorm.weight"),
            f"{mine}attention.query.weight": turned(f"{other}self_attn.q_proj.weight"),
            f"{mine}attention.key_value.weight": parts(
                half, f"{other}self_attn.k_proj.weight", f"{other}self_attn.v_proj.weight"
            ),
            f"{mine}attention.out.weight": turned(f"{other}self_attn.o_proj.weight"),
        }
        for name in ("gate", "up", "down"):
            places[f"{mine}feed_forward.{name}.weight"] = turned(f"{other}mlp.{name}_proj.weight")
    return theirs, places


def bert(config):
    theirs = transformers.BertForMaskedLM(transformers.BertConfig(
        vocab_size=V, max_position_embeddings=config.context, hidden_size=config.width,
        num_hidden_layers=config.layers, num_attention_heads=config.heads, intermediate_size=4 * config.width,
        layer_norm_eps=1e-5, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, type_vocab_size=1,
    ))  # fmt: skip
    with torch.no_grad():
        theirs.bert.embeddings.token_type_embeddings.weight[:] = 0.0  # our texts come one by one, not in pairs
    places = {
        "encoder.tokens.weight": whole("bert.embeddings.word_embeddings.weight"),
        "encoder.positions.weight": whole("bert.embeddings.position_embeddings.weight"),
        "dense.weight": turned("cls.predictions.transform.dense.weight"),
        "dense.bias": whole("cls.predictions.transform.dense.bias"),
        "bias": whole("cls.predictions.bias"),
    }
    for end in ("weight", "bias"):
        places[f"encoder.norm.{end}"] = whole(f"bert.embeddings.LayerNorm.{end}")
        places[f"norm.{end}"] = whole(f"cls.predictions.transform.LayerNorm.{end}")
    for i in range(config.layers):
        mine, other = f"encoder.blocks.{i}.", f"bert.encoder.layer.{i}."
        queries = [f"{other}attention.self.{name}." for name in ("query", "key", "value")]
        places[f"{mine}attention.qkv.weight"] = parts(config.width, *(name + "weight" for name in queries))
        places[f"{mine}attention.qkv.bias"] = parts(config.width, *(name + "bias" for name in queries))
        names = {"attention.out": "attention.output.dense", "feed_forward.up": "intermediate.dense",
                 "feed_forward.down": "output.dense"}  # fmt: skip
        places |= {f"{mine}{ours}.weight": turned(f"{other}{there}.weight") for ours, there in names.items()}
        names |= {"norm1": "attention.output.LayerNorm", "norm2": "output.LayerNorm"}
        places |= {f"{mine}{ours}.bias": whole(f"{other}{there}.bias") for ours, there in names.items()}
        for norm in ("norm1", "norm2"):
            places[f"{mine}{norm}.weight"] = whole(f"{other}{names[norm]}.weight")
    return theirs, places


def t5(config):
    theirs = transformers.T5ForConditionalGeneration(transformers.T5Config(
        vocab_size=V, d_model=config.width, d_kv=config.width // config.heads, d_ff=config.hidden,
        num_layers=config.layers, num_decoder_layers=config.decoder_layers, num_heads=config.heads,
        feed_forward_proj="gated-silu", dropout_rate=0.0, tie_word_embeddings=True, decoder_start_token_id=0,
    ))  # fmt: skip
    places, C = {"encoder.tokens.weight": whole("shared.weight")}, config.width
    for side, depth, sublayers in (
        ("encoder", config.layers, {"attention": (0, "SelfAttention"), "feed_forward": (1, "")}),
        ("decoder", config.decoder_layers,
         {"attention": (0, "SelfAttention"), "cross_attention": (1, "EncDecAttention"), "feed_forward": (2, "")}),
    ):  # fmt: skip
        bias = f"{side}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"
        places |= {f"{side}.positions.weight": whole(bias)}
        places |= {f"{side}.norm.weight": whole(f"{side}.final_layer_norm.weight")}
        for i in range(depth):
            mine = f"{side}.blocks.{i}."
            for name, (number, kind) in sublayers.items():
                other = f"{side}.block.{i}.layer.{number}."
                places[f"{mine}norm{number + 1}.weight"] = whole(f"{other}layer_norm.weight")
                q, k, v, o = (f"{other}{kind}.{letter}.weight" for letter in "qkvo")
                if name == "attention":
                    places[f"{mine}attention.qkv.weight"] = parts(C, q, k, v)
                elif name == "cross_attention":
                    places |= {
                        f"{mine}{name}.query.weight": turned(q),
                        f"{mine}{name}.key_value.weight": parts(C, k, v),
                    }
                if name != "feed_forward":
                    places[f"{mine}{name}.out.weight"] = turned(o)
            names = {"gate": "wi_0", "up": "wi_1", "down": "wo"}  # of the last sublayer
            for ours, there in names.items():
                places[f"{mine}feed_forward.{ours}.weight"] = turned(f"{other}DenseReluDense.{there}.weight")
    return theirs, places


def whole(name):
    return [(name, slice(None), False)]


def turned(name):
    """A Linear of PyTorch's holds its weight as (n_out, n_in)."""
    return [(name, slice(None), True)]


def parts(width, *names):
    """Some matrices that ours has side by side."""
    return [(name, slice(i * width, (i + 1) * width), name.endswith("weight")) for i, name in enumerate(names)]


def pair(ours, make, dtype):
    """Both models with the same random weights in a type, and a function that compares the gradients of both: it gives
    the largest difference, as a part of the largest gradient where that is below 1."""
    rng = np.random.default_rng(1)
    map_parameters(ours, lambda a: (a + rng.normal(scale=0.1, size=a.shape)).astype(dtype))
    theirs, places = make(ours.config)
    theirs = theirs.to(getattr(torch, np.dtype(dtype).name)).eval()
    parameters, mine = dict(theirs.named_parameters()), dict(ours.named_parameters())
    named = {name for found in places.values() for name, _, _ in found}
    assert places.keys() == mine.keys() and parameters.keys() - named <= {
        "bert.embeddings.token_type_embeddings.weight"
    }
    with torch.no_grad():
        for ours_name, found in places.items():
            for name, part, is_turned in found:
                array = mine[ours_name].data[..., part]
                parameters[name].copy_(torch.tensor(np.array(array.T if is_turned else array)))

    def worst_gradient(grads):
        differences, largest = [], 0.0
        for ours_name, found in places.items():
            for name, part, is_turned in found:
                grad = parameters[name].grad.numpy()
                differences.append(abs(grads[mine[ours_name]][..., part] - (grad.T if is_turned else grad)).max())
                largest = max(largest, abs(grad).max())
        return max(differences) / min(1.0, largest)

    return theirs, worst_gradient


def check(name, dtype, logits, expected, worst):
    expected = expected.detach().numpy()
    difference = abs(logits - expected).max()
    print(f"{name}, {np.dtype(dtype).name}: logits differ by {difference:.1e} at most, gradients by {worst:.1e}")
    assert logits.dtype == dtype and abs(logits).max() > 1
    assert difference <= LIMITS[dtype] and worst <= LIMITS[dtype]


def tokens(*shape):
    return np.random.default_rng(2).integers(1, V, size=shape)


@pytest.mark.parametrize(
    ("kind", "config", "make", "dtype"),
    [
        (GPT, GPTConfig(**SIZES, layers=3), gpt2, np.float32),
        (GPT, GPTConfig(**SIZES, layers=3), gpt2, np.float64),
        (Llama, LlamaConfig(**SIZES, layers=3, kv_heads=2, hidden=80), llama, np.float32),
        (Llama, LlamaConfig(**SIZES, layers=1, kv_heads=1, hidden=80), llama, np.float32),
    ],
    ids=["gpt2", "gpt2-float64", "llama", "llama-1-kv-head"],
)
def test_a_decoder_agrees_in_logits_and_every_gradient(kind, config, make, dtype):
    ours = kind(config, rng=np.random.default_rng(0))
    theirs, worst_gradient = pair(ours, make, dtype)
    ids = tokens(3, 34)
    x, y = ids[:, :-1], ids[:, 1:]
    expected = theirs(torch.tensor(x)).logits
    torch.nn.functional.cross_entropy(expected.flatten(0, 1), torch.tensor(y).flatten()).backward()
    worst = worst_gradient(backward(ours.loss(x, y)))
    check(make.__name__, dtype, ours(x).data, expected, worst)


@pytest.mark.parametrize("dtype", LIMITS, ids=["float32", "float64"])
def test_bert_agrees_in_logits_and_every_gradient_with_padding(dtype):
    ours = BERT(BERTConfig(**SIZES, layers=3), rng=np.random.default_rng(0))
    theirs, worst_gradient = pair(ours, bert, dtype)
    ids, lengths = tokens(3, 33), np.array([33, 7, 20])
    real = np.arange(33) < lengths[:, None]
    with no_grad():
        logits = ours(ids, lengths).data[real]
    expected = theirs(torch.tensor(ids), attention_mask=torch.tensor(real)).logits[torch.tensor(real)]

    rows, places = np.arange(3)[:, None], np.array([[2, 5, 30], [0, 32, 9], [1, 2, 3]])
    there = theirs(torch.tensor(ids)).logits[torch.tensor(rows), torch.tensor(places)]
    targets = tokens(3, 3)
    torch.nn.functional.cross_entropy(there.flatten(0, 1), torch.tensor(targets).flatten()).backward()
    worst = worst_gradient(backward(ours.loss(ids, places, targets)))
    check("bert", dtype, logits, expected, worst)


def test_t5_agrees_in_logits_and_every_gradient_with_padding():
    config = T5Config(**SIZES | {"context": 160}, layers=2, decoder_layers=3, hidden=80)
    ours = T5(config, rng=np.random.default_rng(0))
    theirs, worst_gradient = pair(ours, t5, np.float32)
    ids, lengths, targets = tokens(3, 160), np.array([160, 7, 20]), tokens(3, 140)  # so far apart that all are alike
    real = torch.arange(160) < torch.tensor(lengths)[:, None]
    inputs = shift_right(targets, 0)
    with no_grad():
        logits = ours(ids, inputs, lengths).data
    expected = theirs(torch.tensor(ids), attention_mask=real, decoder_input_ids=torch.tensor(inputs)).logits
    loss = theirs(torch.tensor(ids), labels=torch.tensor(targets)).loss
    loss.backward()
    mine = ours.loss(ids, targets)
    assert mine.item() == pytest.approx(loss.item(), rel=1e-5)
    check("t5", np.float32, logits, expected, worst_gradient(backward(mine)))


def test_t5_writes_what_the_other_writes():
    ours = T5(T5Config(**SIZES, layers=2, decoder_layers=2, hidden=80), rng=np.random.default_rng(0))
    theirs, _ = pair(ours, t5, np.float32)
    ids = tokens(1, 20)
    expected = theirs.generate(torch.tensor(ids), max_new_tokens=12, do_sample=False, eos_token_id=-1)[0, 1:].tolist()
    with no_grad():
        answering = ours.answering(ids)
    assert list(generate(answering, [0], choose=lambda logits: int(logits.argmax()), max_tokens=12)) == expected
    assert len(set(expected)) > 1


def test_buckets_of_distances_are_t5s():
    kind = transformers.models.t5.modeling_t5.T5Attention
    distances = np.arange(-1200, 1200)
    for both_ways in (True, False):
        for buckets, furthest in ((32, 128), (16, 50), (8, 20)):
            expected = kind._relative_position_bucket(torch.tensor(distances), both_ways, buckets, furthest)
            found = F.relative_buckets(distances, buckets=buckets, furthest=furthest, both_ways=both_ways)
            np.testing.assert_array_equal(found, expected.numpy())
