"""m02.e03 · Coletar textos

40 minutos · dificuldade 3 de 5 · precisa de: nada
pode usar: pathlib, urllib, tinyllm.errors
na biblioteca: tinyllm.data.texts.find_files

Por que importa: um corpus vem de muitos lugares, e cada lugar tem as suas manhas: arquivos de vinte
anos atrás em outra codificação, pastas que cada sistema percorre em outra ordem, servidores que
mandam mais do que se pediu. O que der errado aqui não dá erro nenhum: vira “SÃ£o Paulo” no texto, e
o modelo aprende a escrever assim.

O que fazer: complete as três funções. A terceira fala com um servidor de verdade, que os testes
põem na sua máquina. O tempo e a memória são medidos: não copie a cada byte o que já leu, nem guarde
os bytes um a um numa lista.
"""

import urllib.request
from pathlib import Path

from tinyllm.errors import UsageError

TIMEOUT = 30  # segundos sem um byte


def decode(data):
    """bytes -> texto: UTF-8, com ou sem marca no começo; o que não for UTF-8 é lido como cp1252.

    A marca é o BOM, os bytes EF BB BF com que alguns editores começam um arquivo: num texto em
    UTF-8 ela não faz parte do texto (e num em cp1252 aqueles três bytes não são marca nenhuma). O
    cp1252 é o Latin-1 do Windows, em que um byte é um caractere; só cinco dos 256 bytes não são
    nenhum, e viram "\\ufffd". UTF-8 vem antes: um texto em cp1252 com acentos quase nunca é UTF-8
    por acaso, mas quase tudo o que é UTF-8 também se lê, errado, como cp1252. Por exemplo,
    b"\\xc3\\xa9" e b"\\xe9" são ambos "é".
    """
    raise NotImplementedError("m02.e03")


def find_files(paths, suffixes=(".txt",)):
    """caminhos, terminações -> lista de Path: os arquivos dados, e os de cada pasta dada que
    terminam assim, menos os escondidos: aqueles em que o nome, ou o de uma pasta entre a dada e
    eles, começa com ponto, como .ipynb_checkpoints e ._notas.txt.

    A ordem é a dos caminhos dados; dentro de cada pasta (com as pastas que há nela), a de sorted
    entre objetos Path, que não depende de como o sistema lista a pasta (no Windows, ela não
    distingue maiúsculas de minúsculas). A terminação vale também em maiúsculas: .TXT é .txt. Uma
    pasta chamada notas.txt não é um arquivo. Um arquivo dado pelo nome entra, termine como
    terminar. Levanta UsageError se um caminho não existe, e se uma pasta não tem nenhum arquivo que
    sirva: é melhor saber logo do que treinar com nada.
    """
    raise NotImplementedError("m02.e03")


def fetch(url, limit):
    """endereço, inteiro -> bytes: o que o servidor manda, se couber em `limit` bytes.

    Levanta UsageError se vier mais, e então não lê tudo para só depois medir: quem está do outro
    lado pode não parar nunca, e o tamanho que ele anuncia pode não vir ou ser mentira. Ler
    `limit + 1` bytes basta para saber. urllib.request.urlopen(url, timeout=TIMEOUT) dá uma resposta
    que se lê com read(n), como um arquivo, e que se fecha no fim de um `with`.
    """
    raise NotImplementedError("m02.e03")
