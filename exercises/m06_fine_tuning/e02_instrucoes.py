"""m06.e02 · Instruções: o que se aprende de uma conversa

50 minutos · dificuldade 3 de 5 · precisa de: m01.e03, m02.e09, m03.e08
pode usar: numpy, tinyllm.data.objectives
na biblioteca: tinyllm.data.chat.Template, tinyllm.data.chat.answers_batch

Por que importa: um modelo que só leu textos continua uma pergunta com outra pergunta. Para que
responda, treina-se com conversas, em que três coisas se erram em silêncio: quem fala, de que tokens
se aprende, e o que uma conversa vê das vizinhas. Nenhuma delas dá erro; o modelo só fica pior.

O que fazer: complete as três peças. A primeira escreve uma conversa como tokens e diz quais se
aprendem; a segunda faz de várias um lote; a terceira diz quem vê quem, quando várias dividem a
mesma linha. As duas primeiras são as da biblioteca, e com elas certas um modelo aprende a responder
no seu template: `tinyllm train --task instruct --from runs/quickstart --mine --steps 200 --out
runs/minhas-respostas`. A terceira não está nela: lá cada conversa tem a sua linha.
"""

import numpy as np

from tinyllm.data.objectives import END, padded

NAMES = {"system": "Sistema:", "user": "Usuário:", "assistant": "Assistente:"}


class Template:
    """Como as conversas se escrevem com um tokenizador.

    Uma conversa é uma lista de pares (papel, texto), com os papéis de NAMES. Como texto, seria

        <|fim|>Usuário: Oi?<|fim|>Assistente: Olá.<|fim|>

    isto é: um END, e depois, de cada mensagem, o nome, o que se diz e mais um END. Mas não se monta
    esse texto: juntam-se os ids, que já estão prontos. `self.end_id` é o de END; os do nome são
    `self.names[papel]`, e os do que se diz, `self.said(texto)`, em que um "<|fim|>" escrito por
    alguém é só texto.

    Escreva os dois métodos: `__call__`, que está começado, e, logo depois dele, `asked`, inteiro.

    `__call__(self, messages)` dá um par: os ids, (n,) int64, e, em outro array, (n,) bool, se cada
    um se aprende. Aprende-se o que diz o assistente, com o END que fecha cada resposta dele, e mais
    nada: nem o nome, que quem pergunta já escreve.

    `asked(self, messages)` recebe mensagens que esperam resposta e dá a lista de ids que se entrega
    ao modelo: a conversa até ali, e o nome do assistente.

    Por exemplo, com end_id 0, nomes de um token só (Usuário: 1, Assistente: 2) e "Oi?" e "Olá." com
    os ids [7 8] e [9 5], a conversa acima é [0 1 7 8 0 2 9 5 0], de que se aprendem os três últimos
    ids, e a pergunta sozinha é [0 1 7 8 0 2].
    """

    def __init__(self, tokenizer):
        self.tokenizer, self.end_id = tokenizer, tokenizer.special_id(END)
        self.names = {role: list(tokenizer.encode(name)) for role, name in NAMES.items()}

    def said(self, content):
        return list(self.tokenizer.encode(f" {content}"))

    def __call__(self, messages):
        raise NotImplementedError("m06.e02")


def answers_batch(rows):
    """[(ids (n,), aprendidos (n,))] -> ids, targets, weights, cada um (B, T): o lote de um decoder.

    Cada par da lista vem do Template. De uma linha de n ids o modelo lê os n - 1 primeiros e prevê
    os n - 1 últimos: na posição t, o alvo é o id t + 1. O peso da posição é 1 se o ALVO dela se
    aprende, e 0 se não. As linhas mais curtas se completam à direita, com ids e alvos 0 e pesos 0,
    até a mais comprida, que dá T. Os ids e os alvos são int64, e os pesos, float32.

    `padded(linhas, 0)` faz de uma lista de arrays um (B, T), completado com zeros, e os
    comprimentos.

    Por exemplo, de ([4 5 6 7], [não não sim sim]) e ([8 9], [não sim]) vêm os ids [[4 5 6] [8 0
    0]], os alvos [[5 6 7] [9 0 0]] e os pesos [[0 1 1] [1 0 0]].
    """
    raise NotImplementedError("m06.e02")


def kept_apart(segments):
    """(T,) -> (T, T) de bool, (T,) de int64: quem vê quem, e em que lugar cada um pensa que está,
    numa linha em que várias conversas foram postas uma depois da outra.

    `segments[t]` é o número da conversa a que a posição t pertence; cada conversa é um trecho
    contínuo, com um número só seu (o enchimento do fim é mais um trecho). A posição i vê a j se j
    não vem depois dela e é da mesma conversa. O lugar de cada posição se conta do começo da
    conversa dela, a partir de 0. Assim, uma atenção com esta máscara e estes lugares faz de cada
    conversa o que faria dela sozinha.

    O tempo é medido. Por exemplo, de [3 3 5] vêm [[sim não não] [sim sim não] [não não sim]] e os
    lugares [0 1 0].
    """
    raise NotImplementedError("m06.e02")
