"""Respostas erradas de m01.e08, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

from tinyllm.course.measure import Work
from tinyllm.models.gpt import GPTConfig


def counted(config, *, head=0, biases=1, norms=1, last=1, positions=1):
    C = config.width
    block = norms * 4 * C + 12 * C * C + biases * 9 * C
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


def weights_only(parameters, bytes_each=4):
    return parameters * bytes_each


def one_moment(parameters, bytes_each=4):
    return 3 * parameters * bytes_each


def in_numbers(parameters, bytes_each=4):
    return 4 * parameters


def keys_only(config, batch, tokens, bytes_each=4):
    return config.layers * batch * tokens * config.width * bytes_each


def one_sequence(config, batch, tokens, bytes_each=4):
    return 2 * config.layers * tokens * config.width * bytes_each


def times_the_heads(config, batch, tokens, bytes_each=4):
    return 2 * config.layers * batch * tokens * config.heads * config.width * bytes_each


MISTAKES = {
    "gpt_parameters": [
        (head_counted_again, "contou a saída outra vez; ela usa os embeddings dos tokens"),
        (biases_forgotten, "faltam os bias das projeções: 9 C em cada bloco"),
        (norms_forgotten, "faltam as layer norms: cada uma tem um peso e um bias por canal"),
        (last_norm_forgotten, "falta a layer norm do fim, depois dos blocos"),
        (positions_forgotten, "faltam os embeddings das posições: context C"),
    ],
    "training_state_bytes": [
        (weights_only, "contou só os pesos; há também o gradiente e as duas médias do AdamW"),
        (one_moment, "o AdamW guarda DUAS médias por parâmetro"),
        (in_numbers, "contou números; multiplique pelos bytes de cada um"),
    ],
    "kv_cache_bytes": [
        (keys_only, "contou só as chaves; os valores ocupam o mesmo"),
        (one_sequence, "faltou multiplicar pelo lote"),
        (times_the_heads, "as cabeças dividem os C canais; não os multiplicam"),
    ],
}

HINTS = [
    "Uma camada linear de n entradas e m saídas tem n m pesos e m vieses; uma layer norm, um peso e um viés por canal.",
    "Faça a conta de um bloco numa variável e multiplique por config.layers. Sem os vieses, um bloco tem 12 C².",
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
