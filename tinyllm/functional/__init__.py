"""The operations of neural networks, by family. Users write `from tinyllm import functional as F`.

The legend of every shape in this library:
  B batch   T positions   S positions attended to   C channels (width of the model)   H heads
  D channels per head   M hidden width: of the feed-forward, of a recurrent state   V vocabulary
"""

from tinyllm.functional.activations import gelu, relu, silu, softmax, swiglu
from tinyllm.functional.affine import linear
from tinyllm.functional.attentions import attention, merge_heads, repeat_heads, split_heads
from tinyllm.functional.divergences import distillation, likeliest, linear_distillation
from tinyllm.functional.embeddings import embedding
from tinyllm.functional.losses import cross_entropy, linear_cross_entropy, linear_log_likelihood
from tinyllm.functional.norms import layer_norm, rms_norm
from tinyllm.functional.positions import relative_buckets, rotary, rotations, sinusoids
from tinyllm.functional.randomness import dropout, noise, noise_from, noise_place, pass_over
from tinyllm.functional.recurrent import lstm, lstm_cell, rnn, rnn_cell

__all__ = [
    "attention",
    "cross_entropy",
    "distillation",
    "dropout",
    "embedding",
    "gelu",
    "layer_norm",
    "likeliest",
    "linear",
    "linear_cross_entropy",
    "linear_distillation",
    "linear_log_likelihood",
    "lstm",
    "lstm_cell",
    "merge_heads",
    "noise",
    "noise_from",
    "noise_place",
    "pass_over",
    "relative_buckets",
    "relu",
    "repeat_heads",
    "rms_norm",
    "rnn",
    "rnn_cell",
    "rotary",
    "rotations",
    "silu",
    "sinusoids",
    "softmax",
    "split_heads",
    "swiglu",
]
