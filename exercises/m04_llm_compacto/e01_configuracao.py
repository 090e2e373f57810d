"""m04.e01 · Configuração e contagem

35 minutos · dificuldade 2 de 5 · precisa de: m01.e08
pode usar: numpy
na biblioteca: nenhuma peça, porque o total de um GPT é a peça de m01.e08, e o dos outros modelos a
    biblioteca conta num modelo em contorno (tinyllm/memory/estimate.py)

Por que importa: uma configuração são seis ou sete números, e deles sai tudo: quanto o modelo pesa,
quanto custa treiná-lo e se ele cabe. Quem sabe em que PARTE estão os parâmetros sabe o que mudar
quando o orçamento não fecha.

O que fazer: complete as três funções, só com aritmética de inteiros. `config` tem os campos das
configurações da biblioteca: GPTConfig (vocab_size, context, layers, heads, width) e LlamaConfig (os
mesmos, mais kv_heads e hidden). Ela só se lê: quem precisa de outra largura faz outra configuração,
com `dataclasses.replace(config, width=…)`. Confira com a biblioteca:
`tinyllm.nn.module.count_parameters`.
"""

import math


def gpt_parts(config):
    """config -> {parte: quantos números o GPT inteiro aprende nela}, com cinco partes, nesta ordem.

    Com C = width, V = vocab_size e T = context:

        "tokens"        a tabela, V por C; a saída é a mesma tabela, e não conta outra vez
        "positions"     a tabela, T por C
        "attention"     em cada bloco, C -> 3 C e C -> C, as duas com viés
        "feed_forward"  em cada bloco, C -> 4 C e 4 C -> C, as duas com viés
        "norms"         duas em cada bloco e uma no fim, cada uma com um peso e um viés por canal

    Uma camada de n para m canais tem n m pesos e, com viés, m vieses. Por exemplo, com V = 10,
    T = 4, dois blocos e C = 6 são 60, 24, 336, 636 e 60: a atenção de um bloco tem 6·18 + 18 + 6·6
    + 6 = 168.
    """
    raise NotImplementedError("m04.e01")


def llama_parts(config):
    """config -> o mesmo, de um Llama, com quatro partes: "tokens", "attention", "feed_forward",
    "norms".

    Não há tabela de posições (elas são giros, que não se aprendem), nem vieses, em parte alguma. Em
    cada bloco a atenção tem perguntas, C -> C, chaves e valores, cada um C -> kv_heads · D, com D =
    C / heads canais por cabeça, e a saída, C -> C; a feed-forward tem três camadas, C -> M, C -> M
    e M -> C, com M = hidden; e as RMS norms, duas por bloco e uma no fim, têm um peso por canal. A
    saída é a tabela dos tokens.

    Por exemplo, com C = 8, quatro cabeças, duas delas de chaves, e M = 20, um bloco tem 64 + 2·32 +
    64 = 192 números na atenção e 3·160 = 480 na feed-forward.
    """
    raise NotImplementedError("m04.e01")


def widest(config, budget):
    """config, inteiro -> a maior largura com que um GPT destes tamanhos aprende no máximo `budget`
    números.

    Tudo o mais fica como em config; o width dela não importa. A largura é um múltiplo de
    config.heads; se nem a menor cabe, a resposta é 0. O total é um polinômio de segundo grau em C,
    que você sabe resolver; experimentar as larguras uma a uma também serve, e não se mede o tempo.
    Cuidado com o arredondamento: se o total de uma largura é igual ao orçamento, ela cabe.

    Por exemplo, com V = 10, T = 4, dois blocos e duas cabeças, a largura 6 tem 1.116 números: para
    um orçamento de 1.116 a resposta é 6; para 1.115, 4.
    """
    raise NotImplementedError("m04.e01")
