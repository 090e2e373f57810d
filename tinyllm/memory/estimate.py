"""How much memory a training step takes, counted from the sizes of what it holds."""

FLOAT = 4  # bytes of a float32
PROCESS = 135 << 20  # bytes of Python, NumPy, Numba and its compiled kernels


def gpt_parameters(config):
    """How many numbers a GPT of this config learns."""
    C = config.width
    block = 4 * C + (3 * C * C + 3 * C) + (C * C + C) + (4 * C * C + 4 * C) + (4 * C * C + C)
    return (config.vocab_size + config.context) * C + config.layers * block + 2 * C


def gpt_training_bytes(config, *, batch, workers):
    """The bytes of memory in use at the height of a training step, the process itself included."""
    C, V, T, H = config.width, config.vocab_size, config.context, config.heads
    kept_by_block = 24 * C + H * T  # norms, q k v, attention weights, residuals, the hidden layer three times
    in_one_backward = max(V, 3 * H * T + 10 * C)  # of the vocabulary, or of attention
    forward = batch * T * (config.layers * kept_by_block + in_one_backward)
    parameters = gpt_parameters(config)
    gradients = (workers + 1) * parameters  # each worker's, and their sum: they grow while the forward's arrays go
    return PROCESS + FLOAT * (
        4 * parameters + max(forward, gradients)
    )  # weights, two moments, the last step's gradient
