"""m02.e04 · Limpar texto

40 minutos · dificuldade 3 de 5 · precisa de: nada
pode usar: html, re, unicodedata
na biblioteca: tinyllm.data.clean.compose, tinyllm.data.clean.remove_invisible

Por que importa: para o modelo, “á” de um caractere e “á” de dois são tokens diferentes, e nada lhe
diz que são a mesma letra. O que não se vê na tela também vira token, e o que vem da internet traz
menus, scripts e &nbsp;. Cada passo de limpeza é uma função de texto em texto, pequena o bastante
para se conferir.

O que fazer: complete as três funções. O tempo é medido: percorra a página poucas vezes, e não uma
vez por etiqueta. Duas delas podem limpar os textos do `tinyllm data clean --mine`.
"""

import html
import re
import unicodedata

# O que não se vê: controles, marcas de direção e de hifenização, metades de caracteres, caracteres
# particulares. Ficam a tabulação e os fins de linha, e os dois que juntam letras em algumas
# escritas e partes em muitos emojis.
INVISIBLE = [
    (0x00, 0x08), (0x0E, 0x1F), (0x7F, 0x9F), (0xAD, 0xAD), (0x200B, 0x200B), (0x200E, 0x200F),
    (0x202A, 0x202E), (0x2060, 0x206F), (0xFEFF, 0xFEFF), (0xFFF0, 0xFFFC), (0xD800, 0xDFFF),
    (0xE000, 0xF8FF), (0xE0000, 0xE0FFF), (0xF0000, 0x10FFFF),
]  # fmt: skip

UNREAD = "script|style|title|nav|footer"  # o que está dentro destas não é texto da página
BLOCKS = (
    "address|article|blockquote|body|br|div|dd|dl|dt|h[1-6]|head|header|hr|html|li|main|ol|p|pre|"
    "section|table|td|tr|ul"
)


def compose(text):
    """texto -> texto: cada letra acentuada num caractere só (a forma NFC do Unicode), cada fim de
    linha como "\\n".

    Fins de linha são também "\\r\\n" (um só), "\\r", "\\x0b", "\\x0c", "\\x85", "\\u2028" e
    "\\u2029". A NFC junta letra e acento sem mudar o que se lê; a NFKC mudaria também º em o e ½ em
    1⁄2. Por exemplo, "a\\u0303o\\r\\n" vira "ão\\n".
    """
    raise NotImplementedError("m02.e04")


def remove_invisible(text):
    """texto -> texto: sem os caracteres de INVISIBLE, pares (primeiro, último) de códigos, ambos
    incluídos.

    Os outros ficam como estão, também a tabulação e "\\n". Por exemplo, "co\\u00adne\\u200bxão"
    vira "conexão".
    """
    raise NotImplementedError("m02.e04")


def page_text(page):
    """uma página em HTML -> texto: o que nela se lê, uma linha por bloco. Um após o outro:

    1. saem os comentários, <!-- … -->, as declarações, <! … >, e as etiquetas de UNREAD com tudo
       até a primeira que as fecha. Um comentário que não se fecha sai como uma declaração, até o
       primeiro >; uma etiqueta de UNREAD que não se fecha some sozinha, como as da regra 4;
    2. num HTML, fim de linha é só um espaço: cada sequência de espaços vira um espaço;
    3. cada etiqueta de BLOCKS, de abrir ou de fechar, vira um fim de linha;
    4. as outras etiquetas somem sem deixar espaço: <b>A</b>na é Ana. Uma etiqueta começa por < ou
       </ e uma letra, vai até o primeiro > e não tem < no meio: 2 < 3 não é uma;
    5. cada entidade vira o seu caractere (html.unescape). Por último: &lt;b&gt; é um texto, não uma
       etiqueta;
    6. um espaço entre palavras, nenhum em volta das linhas, nenhuma linha vazia.

    Maiúsculas valem o mesmo: <P> é <p>. Por exemplo, "<h1>Oi</h1><p>Tudo&nbsp;<b>bem</b>?" dá
    "Oi\\nTudo bem?".
    """
    raise NotImplementedError("m02.e04")
