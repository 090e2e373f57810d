"""m02.e09 · BPE: codificar e decodificar

35 minutos · dificuldade 3 de 5 · precisa de: m02.e08
pode usar: itertools, tinyllm.text.characters
na biblioteca: tinyllm.text.encoding.encode_word, tinyllm.text.characters.stream_text

Por que importa: todo texto que entra num modelo passa por aqui, e toda resposta sai por aqui. Na
ida, as fusões são repetidas na ordem em que foram aprendidas. Na volta, um token pode acabar no
meio de um caractere: o ã são dois bytes, e um emoji, quatro. Quem escreve na tela token a token tem
de esperar o caractere se completar.

O que fazer: complete as três funções. O tempo é medido: não percorra todas as fusões por palavra,
nem releia a cada token o texto que já saiu.
"""

import itertools

# to_text(bytes) -> str; o que não é UTF-8 vira � (U+FFFD), nunca um erro
from tinyllm.text.characters import to_text


def encode_word(word, ranks):
    """Lista de ids de bytes, {(id esquerdo, id direito): (ordem, id novo)} -> lista de ids, com as
    fusões feitas.

    A cada vez, entre os pares de vizinhos que estão em ranks, funde o de menor ordem (o aprendido
    primeiro; se aparece mais de uma vez, o mais à esquerda), até que nenhum esteja. Por exemplo,
    com ranks = {(2, 3): (0, 256), (1, 2): (1, 257), (1, 256): (2, 258)}, a palavra [1, 2, 3, 1, 2]
    vira [1, 256, 1, 2], depois [1, 256, 257] e por fim [258, 257].
    """
    raise NotImplementedError("m02.e09")


def unfinished_bytes(data):
    """bytes -> quantos, no fim, são o começo de um caractere que ainda não acabou: 0, 1, 2 ou 3.

    Em UTF-8, um byte abaixo de 0x80 é um caractere inteiro. Os outros caracteres começam com um
    byte que diz quantos são: de 0xC2 a 0xDF, dois; de 0xE0 a 0xEF, três; de 0xF0 a 0xF4, quatro. Os
    seguintes vão de 0x80 a 0xBF. Por exemplo, "ã" é C3 A3: b"p\\xc3" dá 1, b"p\\xc3\\xa3" dá 0 e
    b"\\xf0\\x9f\\x99", de um emoji, dá 3. Bytes que não podem começar nem continuar nada, como
    0xFF, não esperam por ninguém: b"\\xff" dá 0. (Depois de E0, ED, F0 e F4 nem todo byte serve de
    segundo; aqui tanto faz contar com isso ou não.)
    """
    raise NotImplementedError("m02.e09")


def stream_text(pieces):
    """Iterável dos bytes de cada token -> gerador de str: cada parte do texto assim que o seu
    último caractere acaba.

    Guarde os bytes que ainda esperam e, a cada token, entregue to_text do que já está inteiro; não
    entregue textos vazios. No fim, o que sobrou também sai, como �. Por exemplo, [b"p\\xc3",
    b"\\xa3", b"o\\xf0"] dá "p", "ã", "o" e "�". Os pedaços juntos são to_text de todos os bytes.
    """
    raise NotImplementedError("m02.e09")
