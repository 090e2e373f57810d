"""m05.e11 · Destilação

50 minutos · dificuldade 4 de 5 · precisa de: m01.e03, m01.e04
pode usar: numpy, tinyllm.functional, tinyllm.tensor
na biblioteca: tinyllm.functional.likeliest

Por que importa: o texto diz ao aluno qual token veio. Um professor, um modelo maior que já treinou,
diz muito mais: quão provável era cada um dos outros. Aprender também com ele é como um modelo
pequeno chega aonde sozinho não chegaria; e como quase todo modelo pequeno de hoje é feito.

O que fazer: complete as três funções. A primeira é uma operação, como as de m01.e03: recebe arrays
e devolve o valor e a sua volta. A última é a da biblioteca, que guarda com ela o que um professor
leu: `tinyllm train --teacher runs/quickstart --layers 2 --width 64 --mine --out runs/aluno`.
"""

import numpy as np

import tinyllm.functional as F
from tinyllm.tensor import op


def log_sum(x):
    """(…, V) -> (…, 1): log Σ e^x de cada linha, sem que nada transborde. Já está escrita; o log da
    softmax é x - log_sum(x)."""
    top = x.max(axis=-1, keepdims=True)
    return top + np.log(np.exp(x - top).sum(axis=-1, keepdims=True))


@op
def distillation(logits, teacher, *, temperature):
    """(…, V), (…, V) -> (): T² vezes a divergência média entre o professor e o aluno, em nats.

    `logits` são os do aluno, `teacher` os do professor, nas mesmas posições, e T é a `temperature`,
    maior que 0. Com p = softmax(teacher / T) e q = softmax(logits / T), a divergência de uma
    posição é

        KL(p || q) = Σ_j p_j (log p_j - log q_j)

    A média é sobre as posições: todos os eixos menos o último. Para trás, a volta recebe dy, um
    número, e devolve um par: o gradiente dos logits do aluno, com a forma deles, e None, porque o
    professor não aprende. Derive-o (a lição o faz com você); ele é curto. O valor e o gradiente têm
    o dtype dos logits.

    Por exemplo, com V = 2, T = 1, logits [0 0] e teacher [log 3, 0], p = [3/4 1/4] e q = [1/2 1/2]:
    3/4 log 3/2 + 1/4 log 1/2 = 0,131. Com os dois iguais, dá 0.
    """
    # --- sua vez
    log_p, log_q = (x / temperature - log_sum(x / temperature) for x in (teacher, logits))
    p = np.exp(log_p)
    divergence = (p * (log_p - log_q)).sum(axis=-1)

    def backward(dy):
        return (dy * temperature / divergence.size) * (np.exp(log_q) - p), None

    return temperature**2 * divergence.mean(), backward
    # --- fim


def hidden_loss(hidden, head, targets, states, weight, *, mixture):
    """Tensores e arrays -> (), um Tensor: a perda do texto e, `mixture` dela, a de imitar o
    professor POR DENTRO.

    hidden (N, C)   Tensor: o que chega à última camada do aluno, em N posições
    head (C, V)     Tensor: a última camada dele; os logits são hidden @ head
    targets (N,)    ids: os tokens que vieram
    states (N, D)   array: o que chega à última camada do professor, nas mesmas posições
    weight (C, D)   Tensor: um mapa, aprendido junto, da largura do aluno à do professor

    É (1 - mixture) · entropia cruzada + mixture · erro, em que a entropia cruzada é a média do
    texto (`F.cross_entropy`) e o erro é a média de TODOS os N · D quadrados de hidden @ weight - s.
    Os estados s são os do professor, cada linha dividida pela sua média quadrática, √(média dos
    quadrados + 10⁻⁶): assim o erro é uma parte do todo, seja qual for o professor.

    Faça as contas de hidden, head e weight com Tensores, para que o gradiente volte por elas.
    """
    # --- sua vez
    states = states / np.sqrt((states * states).mean(axis=1, keepdims=True) + 1e-6)
    error = hidden @ weight - states
    plain = F.cross_entropy(hidden @ head, targets)
    return plain * (1 - mixture) + (error * error).mean() * mixture
    # --- fim


def likeliest(logits, *, count):
    """(n, V) -> (n, k) ids, (n, k + 1): o que se guarda de um professor no disco, com k = count.

    Todos os logits de um texto longo não cabem. De cada posição guardam-se os k tokens mais
    prováveis (entre iguais, o de menor id), com os ids em ordem CRESCENTE, e os logaritmos das suas
    probabilidades; na última coluna, o logaritmo da soma das probabilidades de todos os OUTROS. O
    k é menor que V.

    A soma dos outros pode ser pequena demais para um float, mas o seu logaritmo não é: não a
    calcule como 1 - Σ. Os ids são inteiros, e os logaritmos têm o dtype dos logits.

    Por exemplo, de [log 1, log 5, log 3, log 1] com k = 2 os ids são [1 2], e os logaritmos os de
    [0,5  0,3  0,2].
    """
    # --- sua vez
    ids = np.sort(np.argsort(-logits, axis=1, kind="stable")[:, :count], axis=1)
    others = logits.copy()
    np.put_along_axis(others, ids, -np.inf, axis=1)
    known = np.concatenate([np.take_along_axis(logits, ids, axis=1), log_sum(others)], axis=1)
    return ids, known - log_sum(logits)
    # --- fim
