"""Respostas erradas de m01.e08, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

from tinyllm.course.measure import Work
from tinyllm.models.gpt import GPTConfig


def counted(config, *, head=0, biases=9, norms=2, last=1, positions=1, weights=12):
    C = config.width
    block = norms * 2 * C + weights * C * C + biases * C
    return (config.vocab_size * (1 + head) + positions * config.context) * C + config.layers * block + last * 2 * C


def head_counted_again(config):
    return counted(config, head=1)


def biases_forgotten(config):
    return counted(config, biases=0)


def norms_forgotten(config):
    return counted(config, norms=0, last=0)


def last_norm_forgotten(config):
    return counted(config, last=0)


def positions_forgotten(config):
    return counted(config, positions=0)


def one_norm_a_block(config):
    return counted(config, norms=1)


def narrow_feed_forward(config):
    return counted(config, weights=6, biases=6)


def without_the_output(config):
    return counted(config, weights=11, biases=8)


def heads_multiplied(config):
    return counted(config, weights=8 + 4 * config.heads, biases=5 + 4 * config.heads)


def weights_only(parameters, bytes_each=4):
    return parameters * bytes_each


def one_moment(parameters, bytes_each=4):
    return 3 * parameters * bytes_each


def weights_and_gradients(parameters, bytes_each=4):
    return 2 * parameters * bytes_each


def always_four_bytes(parameters, bytes_each=4):
    return 16 * parameters


def in_bits(parameters, bytes_each=4):
    return 8 * 4 * parameters * bytes_each


def in_gigabytes(parameters, bytes_each=4):
    return 4 * parameters * bytes_each / 1e9


def in_numbers(parameters, bytes_each=4):
    return 4 * parameters


def keys_only(config, batch, tokens, bytes_each=4):
    return config.layers * batch * tokens * config.width * bytes_each


def one_sequence(config, batch, tokens, bytes_each=4):
    return 2 * config.layers * tokens * config.width * bytes_each


def times_the_heads(config, batch, tokens, bytes_each=4):
    return 2 * config.layers * batch * tokens * config.heads * config.width * bytes_each


def one_block(config, batch, tokens, bytes_each=4):
    return 2 * batch * tokens * config.width * bytes_each


def one_head(config, batch, tokens, bytes_each=4):
    return 2 * config.layers * batch * tokens * (config.width // config.heads) * bytes_each


def whole_context(config, batch, tokens, bytes_each=4):
    return 2 * config.layers * batch * config.context * config.width * bytes_each


def numbers_kept(config, batch, tokens, bytes_each=4):
    return 2 * config.layers * batch * tokens * config.width


MISTAKES = {
    "gpt_parameters": [
        (head_counted_again, "contou a saída outra vez; ela usa os embeddings dos tokens"),
        (biases_forgotten, "faltam os vieses das projeções: 9 C em cada bloco"),
        (norms_forgotten, "faltam as layer norms: cada uma tem um peso e um viés por canal"),
        (last_norm_forgotten, "falta a layer norm do fim, depois dos blocos"),
        (positions_forgotten, "faltam os embeddings das posições: context C"),
        (one_norm_a_block, "contou uma layer norm por bloco; são duas"),
        (narrow_feed_forward, "a feed-forward ficou com C canais no meio; são 4 C"),
        (without_the_output, "falta a projeção de saída da atenção, C² + C em cada bloco"),
        (heads_multiplied, "contou a atenção uma vez por cabeça; as cabeças repartem os mesmos C canais"),
    ],
    "training_state_bytes": [
        (weights_only, "contou só os pesos; há também o gradiente e as duas médias do AdamW"),
        (one_moment, "contou três números por parâmetro; são quatro: o peso, o gradiente e DUAS médias"),
        (in_numbers, "contou números; multiplique pelos bytes de cada um"),
        (weights_and_gradients, "contou dois números por parâmetro; são quatro: o peso, o gradiente e DUAS médias"),
        (always_four_bytes, "contou sempre 4 bytes por número; são bytes_each"),
        (in_bits, "isto são bits; um byte são 8 deles"),
        (in_gigabytes, "isto são gigabytes; o que se pede são bytes"),
    ],
    "kv_cache_bytes": [
        (keys_only, "contou só as chaves; os valores ocupam o mesmo"),
        (one_sequence, "faltou multiplicar pelo lote"),
        (times_the_heads, "as cabeças dividem os C canais; não os multiplicam"),
        (one_block, "contou um bloco só; cada um dos config.layers guarda as suas chaves e valores"),
        (one_head, "contou uma cabeça só; juntas, elas têm os C canais"),
        (whole_context, "contou o contexto inteiro; guarda-se o que já se gerou, `tokens`"),
        (numbers_kept, "contou números; multiplique pelos bytes de cada um"),
    ],
}

HINTS = [
    "gpt_parameters: uma camada linear de n entradas e m saídas tem n m pesos e m vieses; uma layer norm, um peso e um "
    "viés por canal.",
    "training_state_bytes e kv_cache_bytes: conte primeiro os números que se guardam, e multiplique por bytes_each. "
    "gpt_parameters: faça a conta de um bloco numa variável e multiplique por config.layers. Sem os vieses, um bloco "
    "tem 12 C².",
    "Confira com a biblioteca: from tinyllm.models.gpt import GPT, GPTConfig e count_parameters, de tinyllm.nn.module. "
    "GPTConfig(), como vem, tem 2.590.848 parâmetros.",
]


def model(size):
    return (GPTConfig(layers=size),)


def number(size):
    return (size,)


def model_and_text(size):
    return GPTConfig(layers=size), 1, size


WORK = {
    "gpt_parameters": Work(model, small=2, large=16),
    "training_state_bytes": Work(number, small=10**6, large=10**9),
    "kv_cache_bytes": Work(model_and_text, small=2, large=16),
}
