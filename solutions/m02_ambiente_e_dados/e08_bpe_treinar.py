"""m02.e08 · BPE: treinar

45 minutos · dificuldade 3 de 5 · precisa de: m02.e07
pode usar: collections, heapq, itertools, tinyllm.text.merging
na biblioteca: tinyllm.text.merging.count_pairs, tinyllm.text.merging.merge_word,
    tinyllm.text.merging.train_merges
desfaz: tinyllm.text.words.count_words

Por que importa: caracteres dão textos longos demais, e palavras deixam muitas de fora. O BPE fica
no meio: começa pelos 256 bytes, com os quais se escreve qualquer texto, e junta num token novo, de
cada vez, o par de vizinhos mais frequente. É o tokenizador do GPT, do Llama e de quase todos os
outros, e aprendê-lo é este laço.

O que fazer: complete as três funções. Uma palavra é uma tupla de ids, e um par são dois ids
vizinhos numa palavra. O tempo é medido: para contar, percorra cada palavra uma vez só, e não uma
vez por par.
"""

import collections
import itertools

# uma tabela: byte -> id. word.translate(BYTE_IDS) traduz uma palavra inteira
from tinyllm.text.merging import BYTE_IDS


def count_pairs(words, counts):
    """Lista de palavras, lista de quantas vezes cada uma ocorre -> {par: contagem}, {par: set de
    índices de palavras}.

    Um par conta a cada vez que aparece, e tantas vezes quantas a palavra ocorre. O segundo
    dicionário diz em quais palavras (os seus índices na lista) o par está, para que depois só nelas
    se mexa. Por exemplo, as palavras (1, 2, 1, 2) e (2, 3), que ocorrem 10 e 5 vezes, dão {(1, 2):
    20, (2, 1): 10, (2, 3): 5} e {(1, 2): {0}, (2, 1): {0}, (2, 3): {1}}.
    """
    # --- sua vez
    pair_counts, where = collections.Counter(), collections.defaultdict(set)
    for index, word in enumerate(words):
        for pair in itertools.pairwise(word):
            pair_counts[pair] += counts[index]
            where[pair].add(index)
    return pair_counts, where
    # --- fim


def merge_word(word, pair, new_id):
    """Tupla de ids, par, id -> tupla de ids, em que new_id está no lugar de cada ocorrência do par,
    da esquerda para a direita.

    Por exemplo, (5, 5, 5, 7) com o par (5, 5) e o id 300 dá (300, 5, 7): um id usado numa fusão não
    entra em outra.
    """
    # --- sua vez
    merged = []
    for token in word:
        if merged and (merged[-1], token) == pair:
            merged[-1] = new_id
        else:
            merged.append(token)
    return tuple(merged)
    # --- fim


def train_merges(word_counts, merges_wanted, *, progress=None):
    """{palavra em bytes: quantas vezes ocorre}, inteiro -> lista de até tantos pares (id esquerdo,
    id direito).

    Traduza cada palavra em ids, conte os pares e repita: escolha o par mais frequente (se há
    empate, o menor como tupla), ponha-o na lista e troque-o, nas palavras em que está, por um token
    novo. O da primeira fusão tem o id 256, o da segunda, 257, e assim por diante. Pare antes se não
    resta par nenhum. Recontar tudo a cada fusão é lento: corrija só o que mudou, tirando os pares
    que cada palavra tinha e somando os que passou a ter. Se veio `progress`, chame progress(fusões
    feitas, merges_wanted) depois de cada fusão.

    Por exemplo, {b"aba": 3, b"ab": 2}: os ids de a e b são 64 e 65; o par (64, 65) conta 5, e (65,
    64) conta 3. A primeira fusão é (64, 65), que vira 256; restam (256, 64), 3 vezes, e uma palavra
    de um token só. A segunda é (256, 64), e depois não há mais pares: [(64, 65), (256, 64)].
    """
    # --- sua vez
    words = [tuple(word.translate(BYTE_IDS)) for word, _ in word_counts.items()]
    counts = [count for _, count in word_counts.items()]
    pair_counts, where = count_pairs(words, counts)
    merges = []
    for new_id in range(256, 256 + merges_wanted):
        if not pair_counts:
            break
        pair = min(pair_counts, key=lambda pair: (-pair_counts[pair], pair))
        merges.append(pair)
        for index in where.pop(pair, ()):
            for old in itertools.pairwise(words[index]):
                pair_counts[old] -= counts[index]
                if pair_counts[old] == 0:
                    del pair_counts[old]
            words[index] = merge_word(words[index], pair, new_id)
            for new in itertools.pairwise(words[index]):
                pair_counts[new] += counts[index]
                where[new].add(index)
        if progress:
            progress(len(merges), merges_wanted)
    return merges
    # --- fim
