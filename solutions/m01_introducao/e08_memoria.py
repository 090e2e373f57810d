"""m01.e08 · Orçamento de memória

25 minutos · dificuldade 2 de 5 · precisa de: nada
pode usar: numpy
na biblioteca: tinyllm.memory.estimate.gpt_parameters

Por que importa: numa máquina pequena, a pergunta que vem antes de todas é se o modelo cabe. A conta
não é difícil, e quem a sabe fazer escolhe o tamanho do modelo, o lote e o contexto sem precisar
esperar um erro no meio do treino.

O que fazer: complete as três funções, só com aritmética. `config` tem os campos de um GPT da
biblioteca: vocab_size, context, layers, heads e width.
"""


def gpt_parameters(config):
    """config -> inteiro: quantos números um GPT aprende.

    Com C = width, são: os embeddings, vocab_size C dos tokens e context C das posições (a saída usa
    os dos tokens, e não conta de novo); em cada bloco, duas layer norms de 2 C, as projeções q, k e
    v (3 C² e 3 C de viés), a de saída (C² + C) e a feed-forward, que vai a 4 C canais e volta (4 C²
    + 4 C e 4 C² + C); e uma layer norm no fim.
    """
    # --- sua vez
    C = config.width
    attention = (3 * C * C + 3 * C) + (C * C + C)
    feed_forward = (4 * C * C + 4 * C) + (4 * C * C + C)
    block = 2 * 2 * C + attention + feed_forward
    return (config.vocab_size + config.context) * C + config.layers * block + 2 * C
    # --- fim


def training_state_bytes(parameters, bytes_each=4):
    """inteiro -> inteiro: os bytes que o treino guarda por parâmetro, sem contar as ativações.

    O AdamW pede quatro números por parâmetro: o peso, o seu gradiente e duas médias. Por exemplo,
    124 milhões de parâmetros em float32 pedem 124 M · 4 · 4 = 1,98 GB.
    """
    # --- sua vez
    return 4 * parameters * bytes_each
    # --- fim


def kv_cache_bytes(config, batch, tokens, bytes_each=4):
    """config, inteiros -> inteiro: os bytes das chaves e dos valores guardados ao gerar `tokens`
    tokens.

    Cada bloco guarda, por token e por sequência do lote, uma chave e um valor de C números cada.
    """
    # --- sua vez
    return 2 * config.layers * batch * tokens * config.width * bytes_each
    # --- fim
