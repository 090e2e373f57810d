"""Respostas erradas de m04.e02, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

import numpy as np

from tinyllm.course.measure import Work
from tinyllm.models.gpt import GPTConfig


def flops(config, tokens, *, head=1, seen=1.0, matrices=12, times=6, blocks=None, attentions=None):
    C, L = config.width, config.layers if blocks is None else blocks
    attention = int((attentions or L) * config.context * C * seen)
    products = L * matrices * C * C + head * config.vocab_size * C + attention
    return times * products * tokens


def forward_only(config, tokens):
    return flops(config, tokens, times=2)


def sums_forgotten(config, tokens):
    return flops(config, tokens, times=3)


def one_backward_product(config, tokens):
    return flops(config, tokens, times=4)


def head_forgotten(config, tokens):
    return flops(config, tokens, head=0)


def table_counted_twice(config, tokens):
    return flops(config, tokens, head=2)


def attention_forgotten(config, tokens):
    return flops(config, tokens, seen=0)


def whole_context(config, tokens):
    return flops(config, tokens, seen=2)


def keys_alone(config, tokens):
    return flops(config, tokens, seen=0.5)


def attention_of_one_block(config, tokens):
    return flops(config, tokens, attentions=1)


def half_rounded(config, tokens):
    return flops(config, tokens, seen=config.context // 2 * 2 / config.context)


def tokens_forgotten(config, tokens):
    return flops(config, 1)


def one_block(config, tokens):
    return flops(config, tokens, blocks=1)


def six_N_D(config, tokens):
    C = config.width
    N = config.layers * (12 * C * C + 13 * C) + (config.vocab_size + config.context + 2) * C
    return 6 * N * tokens


def activations(
    config, batch, bytes_each, weights_kept, *, each=16, heads=None, tokens=None, layers=None, kept_in=None
):
    T, L = config.context, layers or config.layers
    numbers = L * each * config.width
    if weights_kept:
        numbers += (kept_in or L) * (heads or config.heads) * T
    return (batch * T if tokens is None else tokens) * numbers * bytes_each


def hidden_once(config, batch, bytes_each=4, weights_kept=False):
    return activations(config, batch, bytes_each, weights_kept, each=12)


def narrow_hidden(config, batch, bytes_each=4, weights_kept=False):
    return activations(config, batch, bytes_each, weights_kept, each=10)


def norms_forgotten(config, batch, bytes_each=4, weights_kept=False):
    return activations(config, batch, bytes_each, weights_kept, each=14)


def weights_never(config, batch, bytes_each=4, weights_kept=False):
    return activations(config, batch, bytes_each, False)


def weights_always(config, batch, bytes_each=4, weights_kept=False):
    return activations(config, batch, bytes_each, True)


def one_head(config, batch, bytes_each=4, weights_kept=False):
    return activations(config, batch, bytes_each, weights_kept, heads=1)


def weights_of_one_block(config, batch, bytes_each=4, weights_kept=False):
    return activations(config, batch, bytes_each, weights_kept, kept_in=1)


def squared(config, batch, bytes_each=4, weights_kept=False):
    return activations(config, batch, bytes_each, weights_kept, heads=config.heads * config.context)


def batch_forgotten(config, batch, bytes_each=4, weights_kept=False):
    return activations(config, batch, bytes_each, weights_kept, tokens=config.context)


def context_forgotten(config, batch, bytes_each=4, weights_kept=False):
    return activations(config, batch, bytes_each, weights_kept, tokens=batch)


def a_single_block(config, batch, bytes_each=4, weights_kept=False):
    return activations(config, batch, bytes_each, weights_kept, layers=1)


def in_numbers(config, batch, bytes_each=4, weights_kept=False):
    return activations(config, batch, 1, weights_kept)


def reached(n, k, m, peak, bandwidth, bytes_each, *, flops=2, moved=None, limit=np.minimum):
    moved = n * k + k * m + n * m if moved is None else moved
    return limit(peak + 0.0 * np.asarray(n), flops * (1.0 * n) * k * m / (bytes_each * moved) * bandwidth)[()]


def the_larger(n, k, m, peak, bandwidth, bytes_each=4):
    return reached(n, k, m, peak, bandwidth, bytes_each, limit=np.maximum)


def memory_alone(n, k, m, peak, bandwidth, bytes_each=4):
    return reached(n, k, m, peak, bandwidth, bytes_each, limit=lambda peak, fed: fed)


def products_alone(n, k, m, peak, bandwidth, bytes_each=4):
    return reached(n, k, m, peak, bandwidth, bytes_each, flops=1)


def result_not_written(n, k, m, peak, bandwidth, bytes_each=4):
    return reached(n, k, m, peak, bandwidth, bytes_each, moved=n * k + k * m)


def matrix_alone(n, k, m, peak, bandwidth, bytes_each=4):
    return reached(n, k, m, peak, bandwidth, bytes_each, moved=k * m + 0 * np.asarray(n))


def read_for_every_product(n, k, m, peak, bandwidth, bytes_each=4):
    return reached(n, k, m, peak, bandwidth, bytes_each, moved=2.0 * n * k * m + 1.0 * n * m)


def always_float32(n, k, m, peak, bandwidth, bytes_each=4):
    return reached(n, k, m, peak, bandwidth, 4)


def per_number(n, k, m, peak, bandwidth, bytes_each=4):
    return reached(n, k, m, peak, bandwidth, 1)


def the_intensity(n, k, m, peak, bandwidth, bytes_each=4):
    return reached(n, k, m, peak, 1.0, bytes_each, limit=lambda peak, fed: fed)


def in_seconds(n, k, m, peak, bandwidth, bytes_each=4):
    return 2.0 * n * k * m / reached(n, k, m, peak, bandwidth, bytes_each)


MISTAKES = {
    "training_flops": [
        (forward_only, "contou só a ida; a volta custa mais duas vezes isso"),
        (sums_forgotten, "contou as multiplicações e não as somas: são 2 FLOPs por produto"),
        (one_backward_product, "a volta custa DUAS vezes a ida: um produto para a entrada, um para os pesos"),
        (head_forgotten, "falta a saída: cada token se compara com os V do vocabulário"),
        (table_counted_twice, "contou a tabela duas vezes; procurar uma linha não custa nada, só a saída multiplica"),
        (attention_forgotten, "falta a atenção: as chaves e os valores também se multiplicam"),
        (whole_context, "contou o contexto inteiro para cada token; em média ele só vê metade"),
        (keys_alone, "contou só as chaves (ou só os valores); são T/2 de cada"),
        (attention_of_one_block, "contou a atenção de um bloco só; cada um tem a sua"),
        (half_rounded, "arredondou T/2; as chaves e os valores juntos são T, também quando T é ímpar"),
        (tokens_forgotten, "contou um token só; são tokens"),
        (one_block, "contou um bloco só; são config.layers"),
        (six_N_D, "é 6 N D, a regra de bolso; aqui se conta o que multiplica de verdade, com a atenção"),
    ],
    "activation_bytes": [
        (hidden_once, "contou os 4 C canais ocultos uma vez; guardam-se antes E depois da GELU"),
        (narrow_hidden, "contou C canais ocultos; são 4 C"),
        (norms_forgotten, "das normas guardam-se o que leem E o que dão: 2 C em cada uma"),
        (weights_never, "com weights_kept, faltam os pesos da atenção: T números em cada cabeça"),
        (weights_always, "contou os pesos da atenção também quando weights_kept é falso"),
        (one_head, "contou os pesos de uma cabeça só; cada uma tem os seus"),
        (weights_of_one_block, "somou os pesos da atenção uma vez só; cada bloco guarda os seus"),
        (squared, "contou T · T pesos por cabeça para CADA token; de cada um são T"),
        (batch_forgotten, "faltou multiplicar pelo lote"),
        (context_forgotten, "faltou multiplicar por config.context: é o que se guarda de CADA token"),
        (a_single_block, "contou um bloco só; cada um guarda as suas ativações"),
        (in_numbers, "contou números; multiplique pelos bytes de cada um"),
    ],
    "attainable": [
        (the_larger, "deu o MAIOR dos dois limites; vale o menor"),
        (memory_alone, "esqueceu o teto: nenhum produto passa de peak"),
        (products_alone, "contou n k m FLOPs; com as somas são 2 n k m"),
        (result_not_written, "falta escrever o resultado: mais n m números"),
        (matrix_alone, "contou só os números da matriz (k, m); há também os que entram e os que saem"),
        (read_for_every_product, "contou uma leitura por produto; cada matriz passa uma vez, e fica à mão"),
        (always_float32, "contou 4 bytes por número; são bytes_each"),
        (per_number, "contou FLOPs por número; a intensidade é por byte"),
        (the_intensity, "isto é a intensidade; multiplique-a por bandwidth, e não passe de peak"),
        (in_seconds, "isto são segundos; o que se pede são FLOP/s"),
    ],
}

EQUIVALENT = {
    "return np.minimum(peak, flops / moved * bandwidth): np.minimum(peak, flops / moved * bandwidth) -> "
    "np.minimum(flops / moved * bandwidth, peak)": "o menor de dois é o mesmo em qualquer ordem",
}

HINTS = [
    "training_flops: some as multiplicações de um token (L · 12 C² + V C das matrizes; da atenção, em cada bloco, C "
    "por chave e C por valor, T/2 de cada) e multiplique por 2 · 3 e por tokens.",
    "activation_bytes: conte os C de um bloco: 1 + 1 de norm1, 3 de q, k e v, 1 da atenção, 1 + 1 de norm2, e 4 + 4 da "
    "camada oculta. Se weights_kept, mais config.heads · config.context. Tudo isso por token, por bloco e por byte.",
    "attainable: flops = 2.0 * n * k * m (o 2.0 evita que inteiros do NumPy transbordem); bytes = bytes_each * (n*k + "
    "k*m + n*m); np.minimum(peak, flops / bytes * bandwidth) serve para um número e para um array.",
]


def gpt_and_tokens(size):
    return GPTConfig(layers=size), size


def gpt_and_batch(size):
    return GPTConfig(layers=size), size, 4, True


def rows(size):
    return np.arange(1, size + 1), 768, 3072, 1e11, 2e10


WORK = {
    "training_flops": Work(gpt_and_tokens, small=2, large=16),
    "activation_bytes": Work(gpt_and_batch, small=2, large=16),
    "attainable": Work(rows, small=1000, large=100_000, limit=None),
}
