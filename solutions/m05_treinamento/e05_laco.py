"""m05.e05 · O laço de treino

45 minutos · dificuldade 3 de 5 · precisa de: m01.e04, m05.e02, m05.e03
pode usar: numpy, tinyllm.functional, tinyllm.tensor
na biblioteca: nenhuma peça, porque o laço dela também reparte cada lote entre threads e processos,
    e pula o passo que estragaria os pesos (tinyllm/train/loop.py); o seu é o que há no meio dele

Por que importa: todo modelo deste curso, e todo LLM, é o resultado destas poucas linhas repetidas
milhares de vezes. Quase todo treino que não aprende tem nelas, ou ao lado delas, uma linha fora do
lugar; e quase nunca aparece um erro na tela.

O que fazer: complete as três funções. Duas são geradores: quem os percorre decide quando parar, o
que mostrar e o que salvar, e entre dois relatórios nada acontece.
"""

import math
from typing import NamedTuple

import tinyllm.functional as F
from tinyllm.tensor import backward, no_grad


class Report(NamedTuple):
    """O que se diz de um passo: o seu número, contado de 1; a perda do lote, um float do Python,
    com os pesos de ANTES do passo; a taxa com que os pesos andaram; e a perda de validação, nos
    passos em que alguém a mediu."""

    step: int
    loss: float
    learning_rate: float
    validation: float | None = None


def train(model, batches, optimizer, *, steps, rate, start=0, seed=0):
    """Um gerador: dá um passo e entrega o seu Report, dá o seguinte, e assim por diante.

    Os passos contam-se de 0. O primeiro aqui é o de número `start` e o último, `steps` - 1: um
    treino de 100 passos retomado no 40 dá mais 60, e o primeiro de `batches` é o lote do passo 40.
    Em cada um, nesta ordem:

    1. tire de `batches`, um iterável, o próximo lote, que é uma tupla de arrays;
    2. calcule a perda, `model.loss(*lote)`, um Tensor. Faça-o dentro de `with F.noise(seed, step):`
       pois só ali o dropout apaga, e a cada passo outros números;
    3. `backward(perda)` dá os gradientes deste lote, um dicionário {parâmetro: array};
    4. mova os pesos: `optimizer.step(gradientes, lr=rate(step))`;
    5. entregue `Report(step + 1, perda, taxa)`. O número da perda é `perda.item()`.

    O `yield` vem depois do passo inteiro, e FORA do with: enquanto um gerador espera, o que ele
    abriu continua aberto para quem o percorre, e uma validação feita ali teria dropout.

    Se os lotes acabam antes, o treino acaba. E não tire de `batches` um lote que não vai usar: quem
    continuar o treino com o mesmo iterador não o veria.
    """
    # --- sua vez
    for step, batch in zip(range(start, steps), batches, strict=False):
        with F.noise(seed, step):
            loss = model.loss(*batch)
        gradients, lr = backward(loss), rate(step)
        optimizer.step(gradients, lr=lr)
        yield Report(step + 1, loss.item(), lr)
    # --- fim


def measure(model, batches):
    """Lotes de validação -> a perda média por LINHA, um float do Python.

    `model.loss(*lote)` é a média das linhas de um lote, e `len(lote[0])` quantas são. Os lotes não
    têm todos o mesmo tamanho: o último costuma ser menor. Por exemplo, um lote de 3 linhas com
    perda 2 e um de 1 linha com perda 6 dão (3 · 2 + 1 · 6) / 4 = 3, e não (2 + 6) / 2 = 4.

    Não há volta: dentro de `with no_grad():` nada se guarda para ela. Dropout também não há, pois
    estamos fora de F.noise. Nenhum peso muda. `batches` tem ao menos um lote, e só se percorre uma
    vez.
    """
    # --- sua vez
    total = rows = 0
    with no_grad():
        for batch in batches:
            total += len(batch[0]) * model.loss(*batch).item()
            rows += len(batch[0])
    return total / rows
    # --- fim


def watched(reports, validate, *, every, patience):
    """Um gerador: os mesmos relatórios, um a um, com a validação, e um fim quando ela não melhora.

    A cada `every` passos (quando `report.step` é múltiplo dele) o relatório sai com o campo
    `validation` preenchido por `validate()`, que demora: chame-a só nesses. Um NamedTuple não se
    muda; `report._replace(validation=…)` faz outro.

    Depois de entregar o relatório em que, pela `patience`-ésima vez SEGUIDA, a medida não ficou
    ABAIXO da menor de todas as anteriores, acabe. Acabar é não pedir mais nada a `reports`: lá
    atrás cada pedido é um passo de treino. Uma medida igual à menor não é melhor, nem um NaN.

    Por exemplo, com patience = 2 e as medidas 5, 4, 4.5, 3, 3.5, 3: acaba na última, a segunda
    seguida que não ficou abaixo de 3.
    """
    # --- sua vez
    best, in_a_row = math.inf, 0
    for report in reports:
        if report.step % every == 0:
            report = report._replace(validation=validate())
            in_a_row = 0 if report.validation < best else in_a_row + 1
            best = min(best, report.validation)
        yield report
        if in_a_row == patience:
            return
    # --- fim
