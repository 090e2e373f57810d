"""m02.e05 · Deduplicar com MinHash

40 minutos · dificuldade 3 de 5 · precisa de: m01.e01
pode usar: numpy, re, unicodedata
na biblioteca: tinyllm.data.dedup.least_hashes, tinyllm.data.dedup.similarity

Por que importa: a internet se copia. Um texto que aparece cem vezes no corpus é decorado, ocupa o
lugar de outros, e, se aparece também no teste, faz a nota mentir. Comparar cada texto com todos os
outros não dá: um milhão deles são 500 bilhões de pares. O MinHash troca cada texto por uma
assinatura de 128 números, e a semelhança de dois textos pela fração dos números em que elas
concordam.

O que fazer: complete as três funções. A primeira é a semelhança exata; as outras duas, a estimada.
O tempo é medido: na primeira, não compare cada trecho com todos os outros; nas outras, faça as
contas com arrays inteiros, sem laços número a número.
"""

import re
import unicodedata

import numpy as np


def words_of(text):
    """texto -> lista de palavras, sem maiúsculas nem pontuação: o que conta quando dois textos se
    parecem."""
    return re.findall(r"[^\W_]+", unicodedata.normalize("NFC", text).casefold())


def jaccard(a, b):
    """dois textos -> número de 0 a 1: a semelhança de Jaccard dos conjuntos dos seus trechos de
    três palavras seguidas.

    É o tamanho da interseção sobre o da união: quantos trechos são dos dois, entre os que são de
    algum. Um trecho repetido conta uma vez. Um texto de menos de três palavras é um trecho só, com
    as que tiver; também o vazio. As palavras são as de words_of. Por exemplo, “o rato roeu a roupa”
    e “O rato roeu a rolha!” têm três trechos cada, dois deles em comum: 2 / 4 = 0,5.
    """
    # --- sua vez
    words_of_each = (words_of(text) for text in (a, b))
    first, second = (
        {tuple(words[i : i + 3]) for i in range(max(1, len(words) - 2))} for words in words_of_each
    )
    return len(first & second) / len(first | second)
    # --- fim


def least_hashes(shingles, factors, offsets):
    """(N,), (P, 1), (P, 1), de uint64 -> (P,) de uint32: a assinatura de um conjunto de N trechos,
    já feitos números.

    A função de hash número p leva o trecho s à metade de cima, os 32 bits mais altos, de factors[p]
    s + offsets[p]; o NumPy deixa passar o que não cabe em 64 bits, e é isso que embaralha. A
    assinatura tem, de cada função, o menor valor entre todos os trechos. O menor de dois conjuntos
    é o mesmo exatamente quando o trecho que o dá é dos dois, e a chance disso é a semelhança de
    Jaccard. (Broder 1997) `numeros >> np.uint64(32)` são os 32 bits mais altos.
    """
    # --- sua vez
    least = (factors * shingles + offsets).min(axis=1)  # (P,)
    return (least >> np.uint64(32)).astype(np.uint32)
    # --- fim


def similarity(signature, others):
    """(P,), (N, P) assinaturas -> (N,): a semelhança estimada com cada uma, a fração dos lugares em
    que concordam.

    Cada número vale só no seu lugar: o mesmo valor em outra posição não conta. Por exemplo, [5, 2,
    9, 4] e [5, 9, 9, 1] concordam em dois de quatro lugares: 0,5.
    """
    # --- sua vez
    return (others == signature).mean(axis=1)
    # --- fim
