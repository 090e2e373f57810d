"""m02.e07 · Tokenizadores de caracteres e de palavras

25 minutos · dificuldade 2 de 5 · precisa de: nada
pode usar: collections, re
na biblioteca: tinyllm.text.simple.most_frequent

Por que importa: um modelo lê números. O tokenizador é a tabela que os liga a pedaços de texto, e
tem duas funções: encode, do texto aos ids, e decode, de volta. O que são os pedaços é a escolha que
importa, e as duas mais simples, caracteres ou palavras, mostram o que cada uma custa.

O que fazer: complete as três funções. Um vocabulário é uma lista de pedaços, cada um com a sua
posição como id; na posição 0 está UNKNOWN, que fica no lugar do que não está na lista. `cut` é a
função que corta o texto: `list`, em caracteres, ou `cut_words`, em palavras. O tempo é medido: não
percorra tudo outra vez a cada pedaço.
"""

import re

UNKNOWN = "<|desconhecido|>"


def cut_words(text):
    """Corta em palavras, cada uma com o espaço de antes, e sinais; os pedaços juntos são o texto.
    (Já está pronta.)

    Por exemplo, "Olá, mundo!" dá ["Olá", ",", " mundo", "!"].
    """
    return re.findall(r" ?\w+| ?[^\w\s]+|\s+", text)


def most_frequent(counts, room):
    """{pedaço: quantas vezes ocorre}, inteiro -> lista dos pedaços mais frequentes, no máximo
    tantos, em ordem Unicode.

    Se há empate, entra o que vem primeiro na ordem Unicode, a de sorted. Por exemplo, {"o": 3, "b":
    1, "a": 1, "m": 2} com lugar para 3 dá ["a", "m", "o"].
    """
    raise NotImplementedError("m02.e07")


def encode(text, cut, vocabulary):
    """str, função que corta, lista de pedaços -> lista de ids: a posição de cada pedaço, e 0 para o
    que não está lá.

    Por exemplo, com o vocabulário [UNKNOWN, "a", "m", "o"], "mão" cortado em caracteres dá [2, 0,
    3].
    """
    raise NotImplementedError("m02.e07")


def decode(ids, vocabulary):
    """Lista de ids, lista de pedaços -> str: os pedaços juntos, sem nada entre eles.

    Se nada era desconhecido, é o mesmo texto que entrou. Por exemplo, [2, 0, 3] dá
    "m<|desconhecido|>o".
    """
    raise NotImplementedError("m02.e07")
