"""m06.e01 · A cabeça de classificação

45 minutos · dificuldade 3 de 5 · precisa de: m01.e03, m03.e07, m03.e08
pode usar: inspect, numpy, tinyllm.nn, tinyllm.tensor
na biblioteca: tinyllm.train.tasks.classify.Classifier, tinyllm.train.tasks.classify.balanced

Por que importa: é o fine-tuning mais usado no mundo. Um corpo que leu muito já faz de cada texto
bons vetores; para que ele diga “positivo” ou “negativo” falta escolher um vetor por texto e pôr uma
camada linear por cima. Com poucos exemplos, e alguns rótulos raros, a perda também precisa de
cuidado: não ficar certa demais, e não ouvir só o rótulo da maioria.

O que fazer: complete as três peças. `cross_entropy` é a de m01.e03 com duas opções a mais, que a
biblioteca também tem (`tinyllm.functional.cross_entropy`). Com as três certas, o classificador é o
seu: `tinyllm train --task classify --class-weights balanced --mine --texts 300 --steps 50 --out
runs/minha-cabeca`.
"""

import inspect

import numpy as np

from tinyllm.nn import layers
from tinyllm.nn.module import Module
from tinyllm.tensor import op


@op
def cross_entropy(logits, targets, *, weights=None, label_smoothing=0.0):
    """(N, L), (N,) ids -> (): a média ponderada da entropia cruzada entre o alvo e a softmax.

    Com ε = `label_smoothing`, o alvo do texto n já não é 1 no rótulo certo e 0 nos outros: uma
    parte ε dele se reparte por igual entre os L rótulos, o certo também. Com q = softmax(logits),

        t_nj = ε/L + (1 - ε se j é o rótulo certo)        l_n = - Σ_j t_nj log q_nj

    e o resultado é Σ_n w_n l_n / Σ_n w_n. Os w são `weights`, um array (N,) com o peso de cada
    texto, ou todos iguais se for None. Para trás vai um par: o gradiente dos logits, e None. O
    valor e o gradiente têm o dtype dos logits, seja qual for o dos pesos.

    Por exemplo, com os logits [[0 log 3] [0 0]], os rótulos certos 1 e 0, ε = 0,2 e os pesos 3 e 1,
    t = [[0,1 0,9] [0,9 0,1]], l = [-0,1 log 1/4 - 0,9 log 3/4   log 2] = [0,398 0,693], e o
    resultado é (3 · 0,398 + 0,693) / 4 = 0,471.
    """
    # --- sua vez
    rows = np.arange(len(targets))
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_q = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    wanted = np.full(logits.shape, label_smoothing / logits.shape[1], logits.dtype)
    wanted[rows, targets] += 1 - label_smoothing
    weights = np.ones(len(targets)) if weights is None else weights
    shares = (weights / weights.sum()).astype(logits.dtype)[:, None]

    def backward(dy):
        return dy * shares * (np.exp(log_q) - wanted), None

    return -(shares * wanted * log_q).sum(), backward
    # --- fim


def balanced(labels, count):
    """(N,) rótulos de 0 a L - 1 -> (L,) float32: o peso de um texto de cada rótulo, com L = count.

    Com eles, todos os rótulos pesam o mesmo na perda, por raros que sejam, e os N textos pesam em
    média 1. Todo rótulo aparece em algum texto.

    Por exemplo, de [0 0 0 1] com L = 2 vêm os pesos [2/3 2]: os três textos do rótulo 0 pesam 2
    juntos, o do rótulo 1 pesa 2, e a soma dos quatro é 4.
    """
    # --- sua vez
    counts = np.bincount(labels, minlength=count)
    return (len(labels) / (count * counts)).astype(np.float32)
    # --- fim


def sees_both_ways(body):
    """Se o corpo é um encoder. A um encoder é preciso dizer onde acaba o texto, `hidden(ids,
    lengths)`; um decoder só olha para trás, e o enchimento, à direita, nunca vê: `hidden(ids)`.
    Já está escrita."""
    return "lengths" in inspect.signature(body.hidden).parameters


class Classifier(Module):
    """(B, T) ids, (B,) comprimentos -> (B, L) logits dos rótulos.

    Escreva `__call__(self, ids, lengths)`. Na linha b, só os primeiros lengths[b] ids são do texto;
    o resto é enchimento, e não pode mudar nada. O corpo faz dos ids um Tensor (B, T, C), um vetor
    por posição, e de cada texto se toma um só:

        de um encoder   a média dos vetores das posições de verdade
        de um decoder   o da última posição de verdade, a única que leu o texto inteiro

    O vetor passa por `self.dropout` e depois por `self.head`. Faça as contas com Tensores, para que
    o gradiente volte até o corpo, e no dtype deles. Os outros métodos já estão escritos.

    Por exemplo, se o corpo fizesse dos ids [5 6 0] os vetores [1 3], [3 5] e [9 9], e o comprimento
    é 2, a cabeça receberia [2 4] de um encoder, e [3 5] de um decoder.
    """

    def __init__(self, body, labels, *, rng):
        self.config, self.body = body.config, body
        self.dropout = layers.Dropout(body.config.dropout)
        self.head = layers.Linear(body.config.width, labels, rng=rng)

    def hidden(self, ids):
        return self.body.hidden(ids)

    def loss(self, ids, lengths, labels, weights=None, **softened):
        return cross_entropy(self(ids, lengths), labels, weights=weights, **softened)

    def __call__(self, ids, lengths):
        # --- sua vez
        if sees_both_ways(self.body):
            hidden = self.body.hidden(ids, lengths)  # (B, T, C)
            real = np.arange(ids.shape[1]) < lengths[:, None]  # (B, T)
            shares = (real / lengths[:, None]).astype(hidden.dtype)
            pooled = (hidden * shares[:, :, None]).sum(axis=1)
        else:
            pooled = self.body.hidden(ids)[np.arange(len(ids)), lengths - 1]
        return self.head(self.dropout(pooled))  # (B, C) -> (B, L)
        # --- fim
