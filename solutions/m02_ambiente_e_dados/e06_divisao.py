"""m02.e06 · Dividir sem vazamento e janelar

40 minutos · dificuldade 3 de 5 · precisa de: m01.e01
pode usar: hashlib, numpy, tinyllm.errors
na biblioteca: tinyllm.data.split.split_of, tinyllm.data.batches.windows_per_epoch,
    tinyllm.data.batches.windows

Por que importa: a nota de um modelo só vale em textos que ele não viu. Se capítulos do mesmo livro
caem no treino e no teste, ou se a divisão muda quando chega um texto novo, a nota sobe sem que o
modelo melhore: é o vazamento, o engano mais comum e mais caro da área. Dividido o texto, o treino é
uma fila de tokens cortada em janelas, e aí um erro de um token, para mais ou para menos, ensina o
modelo a copiar a entrada.

O que fazer: complete as três funções. São as que o `tinyllm data split --mine` e o
`tinyllm train --mine` usam. O tempo e a memória são medidos: faça as contas com
arrays inteiros, sem laços número a número, e só com as janelas pedidas.
"""

import hashlib

import numpy as np

from tinyllm.errors import UsageError


def split_of(key, *, held_out):
    """bytes -> "test", "validation" ou "train": a parte de um grupo de textos, dado o nome dele.

    O hash do nome decide, e não um sorteio nem a ordem: a mesma chave cai sempre na mesma parte,
    nesta máquina e em qualquer outra, sejam quais forem os outros textos. Tome os 8 bytes de
    hashlib.blake2b(key, digest_size=8).digest(); o inteiro que formam, do mais significativo para o
    menos ("big"), dividido por 2⁶⁴, é um lugar de 0 a 1. Os lugares abaixo de held_out são do
    teste, outros tantos acima deles são da validação, e o resto, do treino.
    """
    if not 0 < held_out < 0.5:
        raise UsageError(
            f"held_out={held_out} deve ficar entre 0 e 0.5; "
            "0.05 separa 5 % para cada uma de duas partes"
        )
    # --- sua vez
    place = int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "big") / 2**64
    return "test" if place < held_out else "validation" if place < 2 * held_out else "train"
    # --- fim


def windows_per_epoch(tokens, context):
    """(N,) ids, inteiro -> inteiro: quantas janelas de context + 1 tokens cabem na fila, onde quer
    que se comece.

    Cada janela começa `context` tokens depois da anterior, e assim o último token de uma é o
    primeiro da seguinte: em uma ele só é alvo, na outra só é entrada. A primeira começa num lugar
    sorteado de 0 a context - 1, ou além, se tantas ainda couberem; a conta tem de valer também em
    context - 1. Por exemplo, com N = 10 e context = 3, começando em 2, as janelas são 2..5 e 5..8;
    uma terceira precisaria do token 11: cabem 2.
    """
    # --- sua vez
    return (len(tokens) - context) // context
    # --- fim


def windows(tokens, starts, context):
    """(N,) ids, (B,) lugares, inteiro T -> x, y, ambos (B, T) de int64: as entradas e os alvos de B
    janelas.

    A linha b de x são os T tokens a partir de starts[b], e a de y, os mesmos lugares um token
    adiante: o alvo de cada posição é o token seguinte. Por exemplo, com a fila 10, 11, 12, 13, 14,
    starts = [0, 2] e T = 2, x é [[10, 11], [12, 13]] e y é [[11, 12], [13, 14]].
    """
    # --- sua vez
    block = tokens[starts[:, np.newaxis] + np.arange(context + 1)].astype(np.int64)  # (B, T + 1)
    return block[:, :-1], block[:, 1:]
    # --- fim
