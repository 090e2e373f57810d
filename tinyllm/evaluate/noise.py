"""Noise as people make it: typing errors, no accents, capitals, spaces, emoji, another spelling, another order.

Each kind of noise is a function of a text, a level from 0, nothing, to 1, everywhere it can be, and a `Draw`. The level
is the probability of each place to be touched, and what is touched at one level is touched at all higher ones.
"""

import re
import unicodedata

from tinyllm.data.corpora.drawing import Draw
from tinyllm.errors import UsageError


def noisy(texts, kind, level, *, seed=0):
    """A list of texts -> the same with noise of a kind. What becomes of text i depends only on (seed, kind, level, i).

    Raises UsageError for an unknown kind and for a level outside 0..1.
    """
    if kind not in NOISES:
        raise UsageError(f"no noise is called {kind}; choose one of {', '.join(NOISES)}")
    if not 0 <= level <= 1:
        raise UsageError(f"level={level} must lie between 0 (no noise) and 1 (wherever it can be)")
    return [NOISES[kind](text, level, Draw("noise", seed, kind, place)) for place, text in enumerate(texts)]


def at_places(pattern, change):
    """The noise that replaces each match of a pattern by change(match, a number from 0 to 1), or leaves it."""
    pattern = re.compile(pattern)

    def noise(text, level, draw):
        def replaced(match):
            chance, choice = draw.random(), draw.random()
            return change(match[0], choice) if chance < level else match[0]

        return pattern.sub(replaced, text)

    return noise


# ---- typing ---------------------------------------------------------------------------------------------------------

KEYS = (("qwertyuiop", 0.0), ("asdfghjklç", 0.25), ("zxcvbnm", 0.75))  # of a Brazilian keyboard (ABNT2): row, its shift
REACH = 1.3  # keys: as far as a finger goes wrong
PLACES = {key: (shift + x, y) for y, (row, shift) in enumerate(KEYS) for x, key in enumerate(row)}
NEIGHBOURS = {
    key: "".join(other for other, (u, v) in PLACES.items() if other != key and (x - u) ** 2 + (y - v) ** 2 < REACH**2)
    for key, (x, y) in PLACES.items()
}


def mistyped(letter, choice):
    """A letter -> a neighbour of its key (half of the errors), nothing, or the letter twice."""
    if choice >= 0.75:
        return letter + letter
    if choice >= 0.5:
        return ""
    key = letter.lower()
    key = key if key in NEIGHBOURS else unaccented(key)
    if key not in NEIGHBOURS:
        return letter
    other = NEIGHBOURS[key][int(2 * choice * len(NEIGHBOURS[key]))]
    return other.upper() if letter.isupper() else other


def unaccented(text, _=None):
    """'ação' -> 'acao'"""
    decomposed = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(mark for mark in decomposed if not unicodedata.combining(mark)))


def other_case(word, _):
    """'Ana' -> 'ana', 'casa' -> 'CASA'"""
    return word.upper() if word.islower() else word.lower()


def other_space(space, choice):
    return "" if choice < 0.5 else 2 * space


EMOJI = "😀😂😍😭🙏🔥👏😡🤔🎉"


def with_emoji(end, choice):
    return f"{end} {EMOJI[int(choice * len(EMOJI))]}"


# ---- spelling: before and after the agreement of 1990, in force in Brazil since 2009 --------------------------------
# Of each pair the newer stands first: of words that take an -s in the plural, of words as they are, of beginnings.

NOUNS = """ideia idéia, assembleia assembléia, plateia platéia, geleia geléia, colmeia colméia, estreia estréia,
odisseia odisséia, epopeia epopéia, diarreia diarréia, europeia européia, joia jóia, jiboia jibóia, boia bóia,
paranoia paranóia, heroico heróico, heroica heróica, voo vôo, enjoo enjôo, zoo zôo, feiura feiúra, baiuca baiúca,
autoescola auto-escola, contrarregra contra-regra, ultrassom ultra-som, autoestima auto-estima,
infraestrutura infra-estrutura"""
FIXED = """veem vêem, leem lêem, creem crêem, deem dêem, preveem prevêem, releem relêem, reveem revêem, abençoo abençôo,
perdoo perdôo, magoo magôo, coroo corôo, apoia apóia, apoiam apóiam, antissocial anti-social,
antissociais anti-sociais, antirrugas anti-rugas, micro-ondas microondas, anti-inflamatório antiinflamatório"""
BEGINNINGS = """linguiç lingüiç, linguis lingüis, linguís lingüís, bilíngue bilíngüe, frequ freqü, tranquil tranqüil,
consequê conseqüê, consequen conseqüen, sequê seqüê, sequen seqüen, sequestr seqüestr, delinqu delinqü, eloqu eloqü,
cinquent cinqüent, quinquên qüinqüên, pingui pingüi, aguent agüent, unguent ungüent, sagui sagüi, ambigui ambigüi,
equestre eqüestre, equino eqüino, arguiç argüiç, ubiqui ubiqüi"""


def table(rows):
    """'ideia idéia, voo vôo' -> {'ideia': 'idéia', 'voo': 'vôo'}"""
    return dict(row.split() for row in rows.split(","))


def respelt(words, beginnings):
    """The noise that writes words, and the beginnings of words, as another spelling has them."""
    whole, first = ("|".join(map(re.escape, some)) for some in (words, beginnings))
    known = words | beginnings

    def change(word, _):
        other = known.get(word.lower(), word)  # a long s counts as an s where case does not
        return other.upper() if word.isupper() else other.capitalize() if word[0].isupper() else other

    return at_places(rf"(?i)\b(?:(?:{whole})\b|(?:{first}))", change)


def spellings():
    """The noise of an older spelling, and that of the newer."""
    nouns = table(NOUNS)
    words = nouns | {f"{new}s": f"{old}s" for new, old in nouns.items()} | table(FIXED)
    beginnings = table(BEGINNINGS)
    back = [{old: new for new, old in some.items()} for some in (words, beginnings)]
    return respelt(words, beginnings), respelt(*back)


OLDER, NEWER = spellings()


# ---- order ----------------------------------------------------------------------------------------------------------


def other_order(text, level, draw):
    """Sentences change places: at level 1 any with any, at a lower one only those near each other."""
    told = text.rstrip()
    parts = re.split(r"((?<=[.!?…])\s+)", told)
    sentences, spaces = parts[::2], [*parts[1::2], text[len(told) :]]
    places = [(1 - level) * place + level * len(sentences) * draw.random() for place in range(len(sentences))]
    order = sorted(range(len(sentences)), key=places.__getitem__)
    return "".join(sentences[i] + space for i, space in zip(order, spaces, strict=True))


NOISES = {
    "digitação": at_places(r"[^\W\d_]", mistyped),
    "acentos": at_places("[áàâãéêíóôõúüçÁÀÂÃÉÊÍÓÔÕÚÜÇ]", unaccented),
    "maiúsculas": at_places(r"[^\W\d_]+", other_case),
    "espaços": at_places(" ", other_space),
    "emojis": at_places(r"[.!?…]+(?=\s|\Z)|(?<![.!?…])\Z", with_emoji),
    "grafia antiga": OLDER,
    "grafia nova": NEWER,
    "ordem das frases": other_order,
}
