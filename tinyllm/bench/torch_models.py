"""The models of the family as a good PyTorch program has them: the same mathematics, its own fused attention.

The parameters bear the names of ours; a Linear holds its weight transposed, (n_out, n_in).
"""

import numpy as np
import torch
from torch import nn

from tinyllm import functional as F
from tinyllm.models import catalog
from tinyllm.nn.module import weights

attend = nn.functional.scaled_dot_product_attention


def heads_of(x, heads):
    """(B, T, C) -> (B, H, T, D)"""
    return x.view(*x.shape[:2], heads, -1).transpose(1, 2)


def merged(y):
    """(B, H, T, D) -> (B, T, C)"""
    return y.transpose(1, 2).flatten(2)


class Positions(nn.Module):
    """A learned row for each position."""

    def __init__(self, context, width):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(context, width))


class SelfAttention(nn.Module):
    """Of GPT and BERT, with biases, and of T5, without them and with a bias of the scores instead."""

    def __init__(self, width, heads, *, biases=True, scale=None):
        super().__init__()
        self.heads, self.scale = heads, scale
        self.qkv, self.out = nn.Linear(width, 3 * width, bias=biases), nn.Linear(width, width, bias=biases)

    def forward(self, x, bias=None, causal=False):
        q, k, v = (heads_of(part, self.heads) for part in self.qkv(x).chunk(3, dim=2))
        return self.out(merged(attend(q, k, v, attn_mask=bias, is_causal=causal, scale=self.scale)))


class CrossAttention(nn.Module):
    def __init__(self, width, heads, *, scale):
        super().__init__()
        self.heads, self.scale = heads, scale
        self.query, self.key_value = nn.Linear(width, width, bias=False), nn.Linear(width, 2 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)

    def forward(self, x, memory):
        q = heads_of(self.query(x), self.heads)
        k, v = (heads_of(part, self.heads) for part in self.key_value(memory).chunk(2, dim=2))
        return self.out(merged(attend(q, k, v, scale=self.scale)))


class GroupedQueryAttention(nn.Module):
    def __init__(self, width, heads, kv_heads):
        super().__init__()
        self.heads, self.kv_heads = heads, kv_heads
        self.query, self.out = nn.Linear(width, width, bias=False), nn.Linear(width, width, bias=False)
        self.key_value = nn.Linear(width, 2 * width // heads * kv_heads, bias=False)

    def forward(self, x, cos, sin):
        q = turned(heads_of(self.query(x), self.heads), cos, sin)
        k, v = (heads_of(part, self.kv_heads) for part in self.key_value(x).chunk(2, dim=2))
        y = attend(q, turned(k, cos, sin), v, is_causal=True, enable_gqa=True)
        return self.out(merged(y))


def turned(x, cos, sin):
    """(B, H, T, D) turned by the angles of (T, D / 2)"""
    a, b = x.chunk(2, dim=-1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1)


class FeedForward(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.up, self.down = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x):
        return self.down(nn.functional.gelu(self.up(x)))


class GatedFeedForward(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.gate, self.up = nn.Linear(width, hidden, bias=False), nn.Linear(width, hidden, bias=False)
        self.down = nn.Linear(hidden, width, bias=False)

    def forward(self, x):
        return self.down(nn.functional.silu(self.gate(x)) * self.up(x))


def rms_norm(width):
    return nn.RMSNorm(width, eps=1e-6)


def next_token_loss(logits, targets):
    return nn.functional.cross_entropy(logits.flatten(0, -2), targets.flatten())


# ------------------------------------------------------------------------------------------------------------- decoders


class GPTBlock(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(config.width), nn.LayerNorm(config.width)
        self.attention = SelfAttention(config.width, config.heads)
        self.feed_forward = FeedForward(config.width, 4 * config.width)

    def forward(self, x):
        x = x + self.attention(self.norm1(x), causal=True)
        return x + self.feed_forward(self.norm2(x))


class GPT(nn.Module):
    """(B, T) ids -> (B, T, V), as `tinyllm.models.gpt.GPT`."""

    def __init__(self, config):
        super().__init__()
        self.tokens = nn.Embedding(config.vocab_size, config.width)
        self.positions = Positions(config.context, config.width)
        self.blocks = nn.ModuleList(GPTBlock(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width)

    def forward(self, ids):
        x = self.tokens(ids) + self.positions.weight[: ids.shape[1]]
        for block in self.blocks:
            x = block(x)
        return nn.functional.linear(self.norm(x), self.tokens.weight)

    def loss(self, ids, targets):
        return next_token_loss(self(ids), targets)


class LlamaBlock(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.norm1, self.norm2 = rms_norm(config.width), rms_norm(config.width)
        self.attention = GroupedQueryAttention(config.width, config.heads, config.kv_heads)
        self.feed_forward = GatedFeedForward(config.width, config.hidden)

    def forward(self, x, cos, sin):
        x = x + self.attention(self.norm1(x), cos, sin)
        return x + self.feed_forward(self.norm2(x))


class Llama(nn.Module):
    """(B, T) ids -> (B, T, V), as `tinyllm.models.llama.Llama`."""

    def __init__(self, config):
        super().__init__()
        self.tokens = nn.Embedding(config.vocab_size, config.width)
        self.blocks = nn.ModuleList(LlamaBlock(config) for _ in range(config.layers))
        self.norm = rms_norm(config.width)
        turns = F.rotations(np.arange(config.context), config.width // config.heads)
        for name, array in zip(("cos", "sin"), turns, strict=True):
            self.register_buffer(name, torch.from_numpy(array))

    def forward(self, ids):
        x = self.tokens(ids)
        for block in self.blocks:
            x = block(x, self.cos[: ids.shape[1]], self.sin[: ids.shape[1]])
        return nn.functional.linear(self.norm(x), self.tokens.weight)

    def loss(self, ids, targets):
        return next_token_loss(self(ids), targets)


# ----------------------------------------------------------------------------------------------------------------- BERT


class BERTBlock(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(config.width), nn.LayerNorm(config.width)
        self.attention = SelfAttention(config.width, config.heads)
        self.feed_forward = FeedForward(config.width, 4 * config.width)

    def forward(self, x):
        x = self.norm1(x + self.attention(x))
        return self.norm2(x + self.feed_forward(x))


class BERTEncoder(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.tokens = nn.Embedding(config.vocab_size, config.width)
        self.positions = Positions(config.context, config.width)
        self.norm = nn.LayerNorm(config.width)
        self.blocks = nn.ModuleList(BERTBlock(config) for _ in range(config.layers))

    def forward(self, ids):
        x = self.norm(self.tokens(ids) + self.positions.weight[: ids.shape[1]])
        for block in self.blocks:
            x = block(x)
        return x


class BERT(nn.Module):
    """(B, T) ids -> (B, T, V), as `tinyllm.models.bert.BERT`; its loss, too, looks at the masked places alone."""

    def __init__(self, config):
        super().__init__()
        self.encoder = BERTEncoder(config)
        self.dense, self.norm = nn.Linear(config.width, config.width), nn.LayerNorm(config.width)
        self.bias = nn.Parameter(torch.empty(config.vocab_size))

    def guess(self, hidden):
        hidden = self.norm(nn.functional.gelu(self.dense(hidden)))
        return nn.functional.linear(hidden, self.encoder.tokens.weight, self.bias)

    def forward(self, ids):
        return self.guess(self.encoder(ids))

    def loss(self, ids, places, targets):
        rows = torch.arange(len(ids))[:, None]
        return next_token_loss(self.guess(self.encoder(ids)[rows, places]), targets)


# ------------------------------------------------------------------------------------------------------------------- T5


class RelativePositions(nn.Module):
    """The buckets of the distances are made once for each pair of lengths."""

    def __init__(self, heads, *, both_ways):
        super().__init__()
        self.weight, self.both_ways, self.buckets = nn.Parameter(torch.empty(32, heads)), both_ways, {}

    def forward(self, length):
        if length not in self.buckets:
            distances = np.arange(length) - np.arange(length)[:, None]
            found = F.relative_buckets(distances, buckets=32, furthest=128, both_ways=self.both_ways)
            self.buckets[length] = torch.from_numpy(found)
        bias = nn.functional.embedding(self.buckets[length], self.weight).permute(2, 0, 1)[None]  # (1, H, T, T)
        future = torch.ones(length, length, dtype=torch.bool).triu(1)
        return bias if self.both_ways else bias.masked_fill(future, -torch.inf)


class T5Block(nn.Module):
    def __init__(self, config, *, crossed):
        super().__init__()
        self.norm1, self.norm2 = rms_norm(config.width), rms_norm(config.width)
        self.attention = SelfAttention(config.width, config.heads, biases=False, scale=1.0)
        if crossed:
            self.cross_attention, self.norm3 = (
                CrossAttention(config.width, config.heads, scale=1.0),
                rms_norm(config.width),
            )
        self.feed_forward = GatedFeedForward(config.width, config.hidden)

    def forward(self, x, bias, memory=None):
        x = x + self.attention(self.norm1(x), bias)
        if memory is None:
            return x + self.feed_forward(self.norm2(x))
        x = x + self.cross_attention(self.norm2(x), memory)
        return x + self.feed_forward(self.norm3(x))


class T5Stack(nn.Module):
    """The encoder, or the decoder, which is given the tokens of the encoder."""

    def __init__(self, config, layers, *, tokens=None):
        super().__init__()
        self.tokens = tokens or nn.Embedding(config.vocab_size, config.width)
        self.positions = RelativePositions(config.heads, both_ways=tokens is None)
        self.blocks = nn.ModuleList(T5Block(config, crossed=tokens is not None) for _ in range(layers))
        self.norm = rms_norm(config.width)

    def forward(self, ids, memory=None):
        x, bias = self.tokens(ids), self.positions(ids.shape[1])
        for block in self.blocks:
            x = block(x, bias, memory)
        return self.norm(x)


class T5(nn.Module):
    """(B, S) ids, (B, T) ids -> (B, T, V), as `tinyllm.models.t5.T5`."""

    def __init__(self, config):
        super().__init__()
        self.encoder = T5Stack(config, config.layers)
        self.decoder = T5Stack(config, config.decoder_layers, tokens=self.encoder.tokens)

    def forward(self, ids, inputs):
        hidden = self.decoder(inputs, self.encoder(ids)) * self.encoder.tokens.weight.shape[1] ** -0.5
        return nn.functional.linear(hidden, self.encoder.tokens.weight)

    def loss(self, ids, targets):
        inputs = torch.cat([torch.zeros_like(targets[:, :1]), targets[:, :-1]], dim=1)
        return next_token_loss(self(ids, inputs), targets)


MODELS = {"gpt": GPT, "llama": Llama, "bert": BERT, "t5": T5}


def copy_of(ours):
    """The model in PyTorch with the weights, and of the type, of one of ours."""
    model, arrays = MODELS[catalog.name_of(ours.config)](ours.config), weights(ours)
    model.to(torch.from_numpy(ours.parameters()[0].data).dtype)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            array = arrays.pop(name)
            parameter.copy_(torch.from_numpy(np.ascontiguousarray(array.T if name in turned_names(model) else array)))
    return model


def turned_names(model):
    """The weights that PyTorch holds as (n_out, n_in) and we as (n_in, n_out)."""
    return {f"{name}.weight" for name, layer in model.named_modules() if isinstance(layer, nn.Linear)}
