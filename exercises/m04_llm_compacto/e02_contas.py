"""m04.e02 · FLOPs, bytes e o teto da máquina

40 minutos · dificuldade 3 de 5 · precisa de: m01.e08, m04.e01
pode usar: numpy
na biblioteca: nenhuma peça, porque são contas de quem planeja; as da biblioteca estão em
    tinyllm/models/gpt.py (products e kept), e nenhum comando pergunta por elas de outro modo

Por que importa: antes de esperar três dias por um treino, três contas dizem quanto ele custa,
quanta memória pede e se a máquina vai passar o tempo fazendo contas ou esperando números chegarem
da memória.

O que fazer: complete as três funções. FLOP é uma soma ou uma multiplicação de números com vírgula;
FLOPs são quantas, e FLOP/s, quantas por segundo.
"""

import numpy as np


def training_flops(config, tokens):
    """config, inteiro -> os FLOPs de treinar um GPT com tantos tokens, em textos de config.context.

    Conte primeiro, para UM token, as multiplicações da ida, só as que importam: com C = width, L =
    layers, T = context e V = vocab_size, ele se multiplica pelas matrizes de cada bloco, que têm
    12 C² números, e pela tabela da saída, V C; e na atenção de cada bloco, por T/2 chaves e T/2
    valores de C números cada (a posição t só vê t + 1 delas, e em média é a metade).

    Cada multiplicação vem com uma soma: são 2 FLOPs. E a volta custa o dobro da ida: para cada
    produto, um que dá o gradiente da entrada e outro que dá o dos pesos. Procurar os embeddings não
    custa nada; as normas, os vieses e a softmax, quase nada.

    Por exemplo, com V = 10, T = 4, L = 2 e C = 6 são 864 + 60 + 48 multiplicações por token, na
    ida, e 5.832 FLOPs ao todo. A resposta é um inteiro.
    """
    raise NotImplementedError("m04.e02")


def activation_bytes(config, batch, bytes_each=4, weights_kept=False):
    """config, inteiros -> os bytes das ativações que os BLOCOS de um GPT guardam para a volta.

    A volta de um produto precisa do que entrou nele; a de uma norma, também; a da atenção, de q, k
    e v. Um bloco guarda então, de cada token: o que norm1 lê (C números) e o que ela dá (C), q, k e
    v, o que a atenção dá (C), o que norm2 lê (C) e o que ela dá (C), e os 4 C canais ocultos duas
    vezes, antes e depois da GELU. Os tokens são batch textos de config.context.

    Se `weights_kept`, a atenção não é em blocos (m03.e06), e guarda também os seus pesos: de cada
    token, em cada cabeça, T = config.context números.

    Por exemplo, um bloco com C = 6 e quatro tokens guarda 96 números de cada um; com os pesos de
    duas cabeças, 104.
    """
    raise NotImplementedError("m04.e02")


def attainable(n, k, m, peak, bandwidth, bytes_each=4):
    """O produto (n, k) @ (k, m), numa máquina -> os FLOP/s a que ele pode chegar, no máximo.

    `peak` são os FLOP/s que a máquina faz quando os números já estão à mão, e `bandwidth` os bytes
    que ela traz da memória por segundo. O produto faz 2 n k m FLOPs, e tem de ler as duas matrizes
    e escrever a terceira, uma vez cada uma. A sua INTENSIDADE são os FLOPs por byte que passa; ele
    não anda mais depressa do que peak, nem do que a memória o alimenta: intensidade · bandwidth.

    n pode ser um array, de qualquer forma: a resposta tem a forma dele.

    Por exemplo, com n = 1, k = 2 e m = 3, em float32, são 12 FLOPs e 44 bytes: a intensidade é
    12/44, e com peak e bandwidth de 10⁹ chega-se a 2,73 · 10⁸.
    """
    raise NotImplementedError("m04.e02")
