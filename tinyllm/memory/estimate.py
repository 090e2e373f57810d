"""How much memory a training step takes, counted from the sizes of what it holds."""

FLOAT = 4  # bytes of a float32
PROCESS = 150 << 20  # bytes of Python, NumPy, Numba and its compiled kernels


def gpt_parameters(config):
    """How many numbers a GPT of this config learns."""
    C = config.width
    block = 4 * C + (3 * C * C + 3 * C) + (C * C + C) + (4 * C * C + 4 * C) + (4 * C * C + C)
    return (config.vocab_size + config.context) * C + config.layers * block + 2 * C


def gpt_training_bytes(config, *, batch, workers):
    """The bytes of memory in use at the height of a training step, the process itself included."""
    C, T = config.width, config.context
    held = 4 + workers  # weights, two moments, the sum of the gradients, and each worker's own gradients
    block = 24 * C + config.heads * T  # norms, q k v, attention, residuals, the hidden layer three times
    height = 3 * config.heads * T + 2 * config.vocab_size + 10 * C  # what the backward of one operation adds
    activations = batch * T * (config.layers * block + height)
    return PROCESS + FLOAT * (held * gpt_parameters(config) + activations)
