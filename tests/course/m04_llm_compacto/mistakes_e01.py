"""Respostas erradas de m04.e01, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

import math

from tinyllm.course.measure import Work
from tinyllm.models.gpt import GPTConfig
from tinyllm.models.llama import LlamaConfig


def gpt(config, *, tables=1, layers=None, biases=1, hidden=4, out=1, in_block=2, last=1, of_norm=2):
    C, L = config.width, config.layers if layers is None else layers
    attention = 3 * C * C + out * C * C + biases * (3 + out) * C
    return {
        "tokens": tables * config.vocab_size * C,
        "positions": config.context * C,
        "attention": L * attention,
        "feed_forward": L * (2 * hidden * C * C + biases * (hidden + 1) * C),
        "norms": (in_block * L + last) * of_norm * C,
    }


def of_one_block(config):
    return gpt(config, layers=1)


def output_counted_again(config):
    return gpt(config, tables=2)


def without_biases(config):
    return gpt(config, biases=0)


def narrow(config):
    return gpt(config, hidden=1)


def without_the_output(config):
    return gpt(config, out=0)


def without_the_last_norm(config):
    return gpt(config, last=0)


def one_norm_a_block(config):
    return gpt(config, in_block=1)


def norms_without_biases(config):
    return gpt(config, of_norm=1)


def llama(config, *, kv_heads=None, both=2, matrices=3, hidden=None, layers=None, biases=0, of_norm=1, last=1, tables=1,
          in_block=2, **more):  # fmt: skip
    C, L = config.width, config.layers if layers is None else layers
    key_value = both * C // config.heads * (config.kv_heads if kv_heads is None else kv_heads)
    M = config.hidden if hidden is None else hidden
    return {
        "tokens": tables * config.vocab_size * C,
        **more,
        "attention": L * (2 * C * C + C * key_value + biases * (2 * C + key_value)),
        "feed_forward": L * (matrices * C * M + biases * (2 * M + C)),
        "norms": (in_block * L + last) * of_norm * C,
    }


def heads_not_shared(config):
    return llama(config, kv_heads=config.heads)


def keys_only(config):
    return llama(config, both=1)


def one_head_of_keys(config):
    return llama(config, kv_heads=1)


def output_counted_again_in_llama(config):
    return llama(config, tables=2)


def one_norm_a_block_in_llama(config):
    return llama(config, in_block=1)


def two_matrices(config):
    return llama(config, matrices=2)


def four_times_wider(config):
    return llama(config, hidden=4 * config.width)


def one_block_of_llama(config):
    return llama(config, layers=1)


def llama_with_biases(config):
    return llama(config, biases=1)


def norms_of_gpt(config):
    return llama(config, of_norm=2)


def no_last_norm_in_llama(config):
    return llama(config, last=0)


def positions_in_llama(config):
    return llama(config, positions=config.context * config.width)


def solved(config, budget):
    square, straight = 12 * config.layers, config.vocab_size + config.context + 13 * config.layers + 2
    return (math.isqrt(straight * straight + 4 * square * budget) - straight) // (2 * square)


def any_width(config, budget):
    return solved(config, budget)


def rounded_up(config, budget):
    return -(-solved(config, budget) // config.heads) * config.heads


def strictly_less(config, budget):
    return solved(config, budget - 1) // config.heads * config.heads if budget else 0


def blocks_alone(config, budget):
    return math.isqrt(budget // (12 * config.layers)) // config.heads * config.heads


def budget_in_bytes(config, budget):
    return solved(config, budget // 4) // config.heads * config.heads


def at_least_one(config, budget):
    return max(config.heads, solved(config, budget) // config.heads * config.heads)


def in_heads(config, budget):
    return solved(config, budget) // config.heads


MISTAKES = {
    "gpt_parts": [
        (of_one_block, "contou um bloco só; são config.layers"),
        (output_counted_again, "contou a saída outra vez; ela é a mesma tabela dos tokens"),
        (without_biases, "faltam os vieses das camadas lineares"),
        (narrow, "a feed-forward ficou com C canais no meio; são 4 C"),
        (without_the_output, "falta a camada de saída da atenção, C -> C"),
        (without_the_last_norm, "falta a norma do fim, depois dos blocos"),
        (one_norm_a_block, "contou uma norma por bloco; são duas, e mais uma no fim"),
        (norms_without_biases, "uma layer norm tem um peso e um viés por canal: 2 C"),
    ],
    "llama_parts": [
        (heads_not_shared, "deu a cada cabeça as suas chaves e valores; são só kv_heads, de D canais cada"),
        (keys_only, "contou só as chaves; os valores são outros tantos"),
        (one_head_of_keys, "contou uma só cabeça de chaves e valores; são kv_heads"),
        (two_matrices, "contou duas camadas na feed-forward; com a porta são três"),
        (four_times_wider, "usou 4 C canais ocultos; no Llama são config.hidden"),
        (one_block_of_llama, "contou um bloco só; são config.layers"),
        (llama_with_biases, "contou vieses; as camadas do Llama não os têm"),
        (norms_of_gpt, "uma RMS norm tem só um peso por canal: C"),
        (output_counted_again_in_llama, "contou a saída outra vez; ela é a mesma tabela dos tokens"),
        (one_norm_a_block_in_llama, "contou uma norma por bloco; são duas, e mais uma no fim"),
        (no_last_norm_in_llama, "falta a norma do fim, depois dos blocos"),
        (positions_in_llama, "contou uma tabela de posições; os giros do Llama não se aprendem"),
    ],
    "widest": [
        (any_width, "a largura não é um múltiplo de config.heads: as cabeças não a repartem"),
        (rounded_up, "arredondou para cima: esta largura passa do orçamento"),
        (strictly_less, "se o total é igual ao orçamento, ainda cabe"),
        (blocks_alone, "contou só 12 L C²; as tabelas, as normas e os vieses também gastam"),
        (budget_in_bytes, "dividiu o orçamento por 4; ele é de números, e não de bytes"),
        (at_least_one, "se nem a menor largura cabe, a resposta é 0"),
        (in_heads, "devolveu os canais de uma cabeça; a largura é a das cabeças juntas"),
    ],
}

HINTS = [
    "gpt_parts e llama_parts: escreva cada camada como um par (entradas, saídas). Uma camada linear tem entradas · "
    "saídas pesos; com viés, mais um número por saída. Tudo o que está em um bloco se multiplica por config.layers.",
    "llama_parts: as chaves têm config.width // config.heads * config.kv_heads canais, e os valores outros tantos. "
    "widest: some gpt_parts com C no lugar da largura; em cada bloco dá 12 C² + 13 C, e o total, "
    "12 L C² + (V + T + 13 L + 2) C.",
    "widest: com a = 12 L e b = V + T + 13 L + 2, a maior raiz de a C² + b C = budget é "
    "(√(b² + 4 a budget) - b) / (2 a). math.isqrt dá a raiz inteira, sem arredondar errado; depois, // config.heads * "
    "config.heads. Ou some config.heads à largura enquanto a próxima couber.",
]


def gpt_of(size):
    return (GPTConfig(layers=size),)


def llama_of(size):
    return (LlamaConfig(layers=size),)


def with_a_budget(size):
    return GPTConfig(), size


WORK = {
    "gpt_parts": Work(gpt_of, small=2, large=16),
    "llama_parts": Work(llama_of, small=2, large=16),
    "widest": Work(with_a_budget, small=10**6, large=10**8, limit=None),
}
