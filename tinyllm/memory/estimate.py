"""How much memory a training step takes, counted from the sizes of what it holds."""

from tinyllm import functional as F

FLOAT = 4  # bytes of a float32
PROCESS = 142 << 20  # bytes of Python, NumPy, Numba and its compiled kernels


def gpt_parameters(config):
    """How many numbers a GPT of this config learns."""
    C = config.width
    block = 4 * C + (3 * C * C + 3 * C) + (C * C + C) + (4 * C * C + 4 * C) + (4 * C * C + C)
    return (config.vocab_size + config.context) * C + config.layers * block + 2 * C


def gpt_training_bytes(config, *, batch, workers):
    """The bytes of memory in use at the height of a training step, the process itself included."""
    C, V, T = config.width, config.vocab_size, config.context
    kept_by_block = 16 * C  # two residuals, two norms, q k v, attention, the hidden layer and its slope
    logits = (
        min(batch * T * V, workers * max(V, F.losses.LOGITS_AT_ONCE)) + workers * 2 * V * C
    )  # and the gradient of the head
    forward = batch * T * (config.layers * kept_by_block + 4 * C) + logits
    parameters = gpt_parameters(config)
    gradients = (workers + 2) * parameters  # each worker's, their sum, and that clipped: when the forward's have gone
    return PROCESS + FLOAT * (3 * parameters + max(forward, gradients))  # weights and two moments
