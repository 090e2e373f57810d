"""m04.e03 · Inicialização

40 minutos · dificuldade 3 de 5 · precisa de: m03.e03, m03.e07
pode usar: numpy, tinyllm.tensor
na biblioteca: tinyllm.nn.layers.initial_weight, tinyllm.nn.layers.out_std

Por que importa: um modelo começa com números sorteados, e o tamanho deles decide se aprende.
Grandes demais, os canais crescem a cada bloco e a primeira perda é pior que a do acaso; pequenos
demais, o sinal some antes do fim. O tamanho certo sai de uma conta de variâncias, que está na
lição.

O que fazer: complete as três funções. As duas primeiras são as da biblioteca, e com elas começam
todos os seus modelos: `tinyllm train --mine --steps 20 --out runs/meu-comeco`. A terceira é um
instrumento: mede o que acontece ao fluxo residual, bloco a bloco.
"""

from tinyllm.tensor import no_grad


def initial_weight(n_in, n_out, *, rng, std=None):
    """-> um array (n_in, n_out) de números normais, de média 0 e desvio-padrão `std`.

    Sem std, o desvio é aquele com que x @ W sai do mesmo tamanho que x: cada saída é uma soma de
    n_in produtos independentes, e a sua variância é n_in vezes a de um deles (a conta está na
    lição).

    Sorteie com uma chamada só de `rng.normal(scale=…, size=…)`, e devolva o que ela dá, em float64:
    quem fizer dele um peso converte. Por exemplo, de 100 para 3 canais o desvio é 0,1.
    """
    # --- sua vez
    return rng.normal(scale=n_in**-0.5 if std is None else std, size=(n_in, n_out))
    # --- fim


def out_std(width, additions):
    """-> o desvio-padrão com que começam os últimos pesos de cada parte que SOMA ao fluxo residual.

    Um modelo de L blocos faz `additions` = 2 L somas a um fluxo de `width` canais. Se cada uma
    somasse números de variância 1, no fim a variância teria crescido de `additions`; para que o
    total não dependa da profundidade, cada uma vem dividida pela raiz de `additions`, como no
    GPT-2. E a biblioteca começa ainda mais baixo: com um décimo do 1/√width que manteria o tamanho.

    Por exemplo, com width = 25 e 4 somas, 0,1 · 1/5 · 1/2 = 0,01.
    """
    # --- sua vez
    return 0.1 * (additions * width) ** -0.5
    # --- fim


def deviations(model, ids):
    """Um modelo e (B, T) ids -> uma lista de L + 1 números: o desvio-padrão do fluxo residual, com
    todos os números dele juntos, na entrada do primeiro bloco e depois de cada um.

    Todo modelo da biblioteca se percorre assim: `x, shared = model.begin(ids)` dá o fluxo na
    entrada, um Tensor, e uma tupla com o que mais os blocos recebem (no GPT ela é vazia; no Llama
    são os giros das posições); cada bloco de `model.blocks` se chama com `block(x, *shared)`, e dá
    o próximo x. A norma do fim fica de fora. Os números de um Tensor estão em `.data`; dentro de
    `with no_grad():` nada se guarda para o caminho de volta.

    Por exemplo, se os blocos não mudam nada, os L + 1 números são iguais.
    """
    # --- sua vez
    with no_grad():
        x, shared = model.begin(ids)
        found = [x.data.std()]
        for block in model.blocks:
            x = block(x, *shared)
            found.append(x.data.std())
    return found
    # --- fim
