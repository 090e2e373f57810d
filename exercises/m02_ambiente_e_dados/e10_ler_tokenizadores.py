"""m02.e10 · Ler vocab.json, merges.txt e tokenizer.json

35 minutos · dificuldade 3 de 5 · precisa de: m02.e08
pode usar: functools, itertools, tinyllm.errors
na biblioteca: tinyllm.text.formats.unspell, tinyllm.text.merges_txt.read_merges

Por que importa: um modelo só serve com o seu tokenizador, e quase todos guardam o BPE como o GPT-2:
um vocabulário em JSON e uma lista de fusões, em dois arquivos ou num tokenizer.json só. Os tokens
são bytes e o JSON só aceita texto: cada byte é escrito como um caractere visível. Por isso se vê
Ġcasa onde há " casa", e Ã£ onde há ã.

O que fazer: complete as três funções. Um arquivo que vem de fora pode estar errado: diga em que
linha. O tempo é medido: a tabela dos caracteres é feita uma vez só, e quem a guarda é o
`functools.cache`.
"""

import functools

from tinyllm.errors import UsageError


@functools.cache
def byte_characters():
    """() -> str de 256 caracteres: na posição de cada byte, o caractere que o representa no
    arquivo.

    Os bytes de 0x21 a 0x7E, de 0xA1 a 0xAC e de 0xAE a 0xFF são caracteres visíveis: cada um fica
    como é, chr(byte). Os outros 68 (espaço, controle, 0xAD …) ganham, na ordem em que estão, os
    caracteres a partir de chr(256). Por exemplo, 0x00 vira "Ā" (256); o espaço, 0x20, vira "Ġ"
    (288); e 0x7F, o próximo depois dele, "ġ" (289).
    """
    raise NotImplementedError("m02.e10")


def spell(token):
    """bytes -> str, como o token é escrito no arquivo: " é".encode() dá "ĠÃ©". (Esta já está
    pronta.)"""
    return "".join(byte_characters()[byte] for byte in token)


def unspell(spelling):
    """str -> bytes, o inverso de spell: "ĠÃ©" dá os três bytes de " é".

    UsageError se algum caractere não representa byte nenhum, como o espaço ou o € (a mensagem diz
    qual é o token).
    """
    raise NotImplementedError("m02.e10")


def read_merges(text, vocab):
    """Texto de um merges.txt, {token escrito: id} -> lista de pares (id esquerdo, id direito), na
    ordem das linhas.

    Cada linha acaba em \\n e tem dois tokens com um espaço entre eles. A primeira pode ser um
    cabeçalho que começa por #version, e há linhas vazias; as duas não são fusões, mas contam como
    linhas. O \\r do Windows, no fim, não é parte do token. UsageError se uma linha não tem dois
    tokens, ou se um deles, ou a junção dos dois, não está no vocabulário; a mensagem começa por
    "merges.txt, line 3: ", com o número da linha (a primeira é a 1). Por exemplo, com {"a": 0, "b":
    1, "ab": 2}, o texto "#version: 0.2\\na b\\n" dá [(0, 1)], e "#version: 0.2\\nb a\\n" é um erro
    na linha 2.
    """
    raise NotImplementedError("m02.e10")
