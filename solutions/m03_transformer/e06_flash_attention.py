"""m03.e06 · FlashAttention leve

35 minutos · dificuldade 3 de 5 · precisa de: m01.e03, m01.e06
pode usar: numpy
na biblioteca: nenhuma peça, porque a atenção compilada de lá divide as perguntas, e não as chaves:
    cada bloco de perguntas vê as suas linhas de pesos inteiras, e a softmax de uma linha inteira se
    faz de uma vez

Por que importa: os pesos da atenção são T² números por cabeça. Com 16 mil tokens é 1 GB por cabeça,
que se escreve na memória e se lê de volta só para ser somado. O FlashAttention nunca os guarda: lê
as chaves e os valores em blocos e vai corrigindo o resultado. É a mesma conta, com os mesmos
números, e é o que permite os contextos longos de hoje.

O que fazer: complete as duas funções; a segunda usa a primeira. Elas só vão para a frente, com
arrays do NumPy.
"""

import numpy as np


def online_softmax_step(largest, total, sums, scores, values):
    """(..., T, 1), (..., T, 1), (..., T, D), (..., T, b), (..., b, D) -> os três primeiros, com
    este bloco já contado.

    Das chaves vistas até aqui guardam-se, por pergunta: a maior pontuação, `largest`; a soma dos
    pesos, `total`; e a soma dos valores com esses pesos, `sums`. O peso da chave j, de pontuação
    s_j, é exp(s_j - largest), ainda sem a divisão. Chega um bloco de mais b chaves, com as suas
    pontuações, `scores`, e os seus valores, `values`:

        a maior passa a ser m' = max(m, a maior do bloco)
        o que se somou com a maior antiga é encolhido:  total · exp(m - m'),  sums · exp(m - m')
        e a isso somam-se os pesos do bloco, exp(scores - m'), e os seus valores com esses pesos

    No fim de tudo, a atenção é sums / total. Por exemplo, para uma pergunta, as pontuações log 1 e
    log 3 e depois log 6: depois das duas primeiras m = log 3, e os pesos são 1/3 e 1, com total
    4/3; chega log 6, o total encolhe pela metade, a 2/3, e o novo peso é 1: total 5/3. Não
    modifique os arrays que chegam.
    """
    # --- sua vez
    new = np.maximum(largest, scores.max(axis=-1, keepdims=True))
    shrink, weights = np.exp(largest - new), np.exp(scores - new)
    return (
        new,
        total * shrink + weights.sum(axis=-1, keepdims=True),
        sums * shrink + weights @ values,
    )
    # --- fim


def flash_attention(q, k, v, *, block, causal=False):
    """(..., T, D), (..., S, D), (..., S, D) -> (..., T, D): softmax(q kᵀ / √D) v, com `block`
    chaves de cada vez.

    Comece com largest = -inf, total = 0 e sums = 0, do tipo de q; tome as chaves em ordem, em
    blocos (o último pode ser menor); e no fim divida. Nada que se crie aqui pode ter T · S números:
    a memória é medida. Para que arrays float32 continuem float32, divida por D**0.5, que é um
    número do Python; np.sqrt(D) é um float64, e os contagia.

    Com causal=True, as T perguntas são as últimas T das S posições, T <= S: a pergunta t está na
    posição S - T + t, e as chaves das posições seguintes recebem a pontuação -inf, que dá peso 0.
    Como o primeiro bloco tem a posição 0, que todas veem, a maior deixa de ser -inf logo no começo;
    daí em diante, um bloco todo no futuro não soma nada.

    Por exemplo, com D = 1, q = [[1]], as chaves log 1, log 3 e log 6 e os valores 1, 2 e 10, o
    resultado é (1 · 1 + 3 · 2 + 6 · 10) / 10 = 6,7, seja qual for o tamanho dos blocos.
    """
    # --- sua vez
    T, S = q.shape[-2], k.shape[-2]
    places = np.arange(S - T, S)[:, None]
    largest = np.full((*q.shape[:-1], 1), -np.inf, q.dtype)
    total, sums = np.zeros_like(largest), np.zeros_like(q)
    for start in range(0, S, block):
        keys, values = k[..., start : start + block, :], v[..., start : start + block, :]
        scores = q @ keys.swapaxes(-1, -2) / q.shape[-1] ** 0.5  # (..., T, b)
        if causal:
            scores = np.where(np.arange(start, start + keys.shape[-2]) <= places, scores, -np.inf)
        largest, total, sums = online_softmax_step(largest, total, sums, scores, values)
    return sums / total
    # --- fim
