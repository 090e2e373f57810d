"""m05.e01 · Achar a taxa: o teste de faixa e uma busca justa

40 minutos · dificuldade 2 de 5 · precisa de: m01.e01
pode usar: numpy
na biblioteca: tinyllm.train.finder.rates, tinyllm.train.finder.suggest

Por que importa: com a taxa dez vezes menor do que podia ser, um treino de uma hora leva dez; com
uma duas vezes maior, diverge. De todos os números que se escolhem antes de treinar é o que mais
pesa, e um teste de cem passos dá a ordem de grandeza.

O que fazer: complete as três funções. As duas primeiras são o teste de faixa (em inglês,
learning-rate finder); a terceira compara candidatos gastando bem menos do que custaria treinar
todos até o fim.
"""

import math

import numpy as np

AROUND = 5  # quantas perdas de cada lado entram na média


def rates(lowest, highest, steps):
    """Dois números e um inteiro -> (steps,): as taxas do teste, da menor à maior.

    A primeira é `lowest`, a última é `highest`, e cada uma é a anterior vezes o MESMO fator: são
    pontos igualmente espaçados numa escala logarítmica.

    Por exemplo, de 0,001 a 1 em 4 passos são 0,001, 0,01, 0,1 e 1.
    """
    # --- sua vez
    return np.geomspace(lowest, highest, steps)
    # --- fim


def suggest(rates, losses):
    """(N,) taxas, (N,) perdas, uma por passo -> a taxa em que a perda desce mais depressa.

    1. Alise as perdas: cada uma passa a ser a média dela com as AROUND anteriores e as AROUND
       seguintes. Perto das pontas não há tantas: use o mesmo número dos DOIS lados, o maior que
       couber (a primeira e a última ficam sozinhas).
    2. A inclinação em cada ponto é a da curva alisada em relação ao LOGARITMO da taxa, como
       np.gradient a calcula com as posições dos pontos no segundo argumento.
    3. Procure a inclinação mais negativa, e só até o mínimo da curva alisada, inclusive: depois
       dele a perda já subiu, e um acaso que a faça cair outra vez não conta. A resposta é a taxa
       desse ponto.

    Por exemplo, com taxas 0,001, 0,01, 0,1, 1 e perdas 5, 4, 1, 9: alisadas são 5, 10/3, 14/3, 9, o
    mínimo está em 0,01, e a inclinação mais negativa, das duas até lá, é a da primeira: 0,001.
    """
    # --- sua vez
    last = len(losses) - 1
    reach = [min(AROUND, place, last - place) for place in range(len(losses))]
    curve = np.array([np.mean(losses[i - r : i + r + 1]) for i, r in enumerate(reach)])
    slopes = np.gradient(curve, np.log(rates))[: curve.argmin() + 1]
    return float(rates[slopes.argmin()])
    # --- fim


def halving(rates, loss_of, steps):
    """Taxas candidatas, uma função e um inteiro -> a melhor taxa, e quantos passos a busca gastou.

    loss_of(taxa, passos) diz a perda de VALIDAÇÃO de um treino com essa taxa, depois de tantos
    passos ao todo. A busca é por rodadas, e em cada uma todos os que restam têm os mesmos passos:

    - a primeira mede todos depois de `steps` passos; cada rodada dobra esse número;
    - passa à rodada seguinte a metade com as menores perdas (de um número ímpar, a metade
      arredondada para cima);
    - quando resta uma só, é ela, e mais nada se mede.

    Quem passa continua de onde estava: só se gastam os passos que ainda não foram dados. Um treino
    que divergiu tem perda NaN, que é pior do que qualquer número. Não há empates, e os que divergem
    são no máximo a metade que sai na primeira rodada.

    Por exemplo, com 4 candidatas e steps = 10: as quatro medidas aos 10 passos gastam 40; as duas
    melhores vão até os 20 e gastam mais 20. Devolve a melhor delas e 60.
    """
    # --- sua vez
    alive, done, spent = list(rates), 0, 0
    while len(alive) > 1:
        losses = {rate: loss_of(rate, steps) for rate in alive}
        spent += len(alive) * (steps - done)
        alive.sort(key=lambda rate: math.inf if math.isnan(losses[rate]) else losses[rate])
        alive = alive[: (len(alive) + 1) // 2]
        done, steps = steps, 2 * steps
    return alive[0], spent
    # --- fim
