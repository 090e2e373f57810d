"""Portuguese word forms: plurals, feminines, agreement, diminutives and verbs, by rule and, where it fails, by table.

Everything here is a pure function from a dictionary form to an inflected form. The corpora never write an inflected
word by hand next to a random noun: they ask this file for it, and so cannot get the agreement wrong.
Source of the rules: Cunha & Cintra, Nova Gramática do Português Contemporâneo (1985).
"""

import unicodedata

MASCULINE_SINGULAR, FEMININE_SINGULAR, MASCULINE_PLURAL, FEMININE_PLURAL = range(4)
ARTICLES = {"o": MASCULINE_SINGULAR, "a": FEMININE_SINGULAR, "os": MASCULINE_PLURAL, "as": FEMININE_PLURAL}

# ---- nouns ----------------------------------------------------------------------------------------------------------

IRREGULAR_PLURALS = {
    "mão": "mãos",
    "irmão": "irmãos",
    "grão": "grãos",
    "cidadão": "cidadãos",
    "órgão": "órgãos",
    "bênção": "bênçãos",
    "pão": "pães",
    "cão": "cães",
    "capitão": "capitães",
    "guardião": "guardiães",
    "escrivão": "escrivães",
    "mal": "males",
    "país": "países",
    "gás": "gases",
    "cônsul": "cônsules",
    "réptil": "répteis",
    "fóssil": "fósseis",
    "fácil": "fáceis",
    "ágil": "ágeis",
    "difícil": "difíceis",
    "frágil": "frágeis",
    "útil": "úteis",
    "dócil": "dóceis",
    "qualquer": "quaisquer",
    "beija-flor": "beija-flores",
    "bem-te-vi": "bem-te-vis",
    "joão-de-barro": "joões-de-barro",
    "louva-a-deus": "louva-a-deus",
    "porco-espinho": "porcos-espinhos",
    "bicho-preguiça": "bichos-preguiça",
    "pica-pau": "pica-paus",
    "tico-tico": "tico-ticos",
    "quero-quero": "quero-queros",
    "amor-perfeito": "amores-perfeitos",
    "batata-doce": "batatas-doces",
    "martim-pescador": "martins-pescadores",
    "coruja-buraqueira": "corujas-buraqueiras",
    "copo-de-leite": "copos-de-leite",
    "bicho-da-seda": "bichos-da-seda",
    "tatu-bola": "tatus-bola",
    "couve-flor": "couves-flores",
    "alho-poró": "alhos-porós",
}
PLURAL_ENDINGS = (
    ("ão", "ões"),
    ("ês", "eses"),
    ("m", "ns"),
    ("r", "res"),
    ("z", "zes"),
    ("al", "ais"),
    ("ul", "uis"),
    ("il", "is"),
)
ACCENTED_ENDINGS = (("el", "éis", "eis"), ("ol", "óis", "ois"))
GRAVE_AND_ACUTE = {"\u0300", "\u0301", "\u0302"}


def without_accents(word: str) -> str:
    """The word without grave, acute and circumflex, as when the stress moves; til and cedilla stay."""
    decomposed = unicodedata.normalize("NFD", word)
    return unicodedata.normalize("NFC", "".join(mark for mark in decomposed if mark not in GRAVE_AND_ACUTE))


def plural(noun: str) -> str:
    """'flor' -> 'flores'. In a phrase ('urso de pelúcia') only the words before the preposition change."""
    head, space, complement = noun.partition(" ")
    if space:
        return (
            f"{plural(head)} {complement}"
            if complement.startswith(("de ", "do ", "da ", "com "))
            else f"{plural(head)} {plural(complement)}"
        )
    if noun in IRREGULAR_PLURALS:
        return IRREGULAR_PLURALS[noun]
    for ending, stressed, unstressed in ACCENTED_ENDINGS:
        if noun.endswith(ending):
            stem = noun[: -len(ending)]
            return stem + (stressed if stem == without_accents(stem) else unstressed)
    for ending, replacement in PLURAL_ENDINGS:
        if noun.endswith(ending):
            return noun[: -len(ending)] + replacement
    return noun if noun[-1] in "sx" else noun + "s"


def diminutive(noun: str, feminine: bool) -> str:
    """'pássaro' -> 'passarinho', 'flor' -> 'florzinha'; a noun with no safe diminutive comes back as it is."""
    if " " in noun or "-" in noun or noun.endswith(("nho", "nha", "s", "io", "ia", "eo", "ua", "éu")):
        return noun
    ending = "inha" if feminine else "inho"
    if noun.endswith(("a" if feminine else "o", "e")) and not noun.endswith("ão"):
        stem = without_accents(noun[:-1])
        for before_vowel, before_i in (("c", "qu"), ("g", "gu"), ("ç", "c")):
            if noun[-1] in "oa" and stem.endswith(before_vowel):
                stem = stem[:-1] + before_i
        return stem + ending
    if noun.endswith("z"):
        return without_accents(noun) + ending
    return without_accents(noun[:-1] + "n" if noun.endswith("m") else noun) + "z" + ending


# ---- agreement ------------------------------------------------------------------------------------------------------

# Closed classes: masculine singular (the name of the row), feminine singular, masculine plural, feminine plural.
CLOSED_CLASSES = {
    row.split()[0]: tuple(row.split())
    for row in (
        "o a os as",
        "um uma uns umas",
        "do da dos das",
        "no na nos nas",
        "ao à aos às",
        "pelo pela pelos pelas",
        "num numa nuns numas",
        "dum duma duns dumas",
        "ele ela eles elas",
        "dele dela deles delas",
        "nele nela neles nelas",
        "lo la los las",
        "este esta estes estas",
        "esse essa esses essas",
        "deste desta destes destas",
        "neste nesta nestes nestas",
        "aquele aquela aqueles aquelas",
        "daquele daquela daqueles daquelas",
        "naquele naquela naqueles naquelas",
        "meu minha meus minhas",
        "seu sua seus suas",
        "nosso nossa nossos nossas",
        "algum alguma alguns algumas",
        "nenhum nenhuma nenhuns nenhumas",
        "outro outra outros outras",
        "os as os as",
        "dois duas dois duas",
        "ambos ambas ambos ambas",
        "muitos muitas muitos muitas",
        "vários várias vários várias",
        "alguns algumas alguns algumas",
        "uns umas uns umas",
        "sozinho sozinha sozinhos sozinhas",
    )
}
IRREGULAR_FEMININES = {
    "bom": "boa",
    "mau": "má",
    "irmão": "irmã",
    "campeão": "campeã",
    "ator": "atriz",
    "avô": "avó",
    "rei": "rainha",
    "juiz": "juíza",
    "cidadão": "cidadã",
    "capitão": "capitã",
    "melhor": "melhor",
    "maior": "maior",
    "menor": "menor",
    "pior": "pior",
    "herói": "heroína",
    "cortês": "cortês",
    "são": "sã",
    "anterior": "anterior",
    "interior": "interior",
}
INVARIABLE = {"rosa", "laranja", "cor-de-rosa", "azul-marinho", "lilás", "simples", "violeta", "turquesa", "xadrez"}
FEMININE_ENDINGS = (("ão", "ona"), ("ês", "esa"), ("or", "ora"), ("eu", "eia"), ("u", "ua"), ("o", "a"))


def feminine(adjective: str) -> str:
    """'sonhador' -> 'sonhadora', 'alegre' -> 'alegre'."""
    if adjective in IRREGULAR_FEMININES:
        return IRREGULAR_FEMININES[adjective]
    for ending, replacement in FEMININE_ENDINGS:
        if adjective.endswith(ending):
            return adjective[: -len(ending)] + replacement
    return adjective


def agree(word: str) -> tuple[str, str, str, str]:
    """The four forms of an article, contraction, pronoun, adjective or participle given as masculine singular.

    The result is indexed by MASCULINE_SINGULAR ... FEMININE_PLURAL; a capital first letter is kept in all four.
    """
    lower = word[0].lower() + word[1:]
    if lower in CLOSED_CLASSES:
        forms = CLOSED_CLASSES[lower]
    elif lower in INVARIABLE:
        forms = (lower,) * 4
    else:
        forms = (lower, feminine(lower), plural(lower), plural(feminine(lower)))
    return forms if word == lower else tuple(form[0].upper() + form[1:] for form in forms)


# ---- verbs ----------------------------------------------------------------------------------------------------------

FIRST_SINGULAR, THIRD_SINGULAR, FIRST_PLURAL, THIRD_PLURAL = range(4)
ENDINGS = {
    "presente": {"ar": "o a amos am", "er": "o e emos em", "ir": "o e imos em"},
    "perfeito": {"ar": "ei ou amos aram", "er": "i eu emos eram", "ir": "i iu imos iram"},
    "imperfeito": {"ar": "ava ava ávamos avam", "er": "ia ia íamos iam", "ir": "ia ia íamos iam"},
}
# Four persons a row: eu, ele, nós, eles.
IRREGULAR_VERBS = {
    "ser": {"presente": "sou é somos são", "perfeito": "fui foi fomos foram", "imperfeito": "era era éramos eram"},
    "estar": {"presente": "estou está estamos estão", "perfeito": "estive esteve estivemos estiveram"},
    "ter": {
        "presente": "tenho tem temos têm",
        "perfeito": "tive teve tivemos tiveram",
        "imperfeito": "tinha tinha tínhamos tinham",
    },
    "ir": {"presente": "vou vai vamos vão", "perfeito": "fui foi fomos foram"},
    "haver": {"presente": "hei há havemos hão", "perfeito": "houve houve houvemos houveram"},
    "fazer": {"presente": "faço faz fazemos fazem", "perfeito": "fiz fez fizemos fizeram"},
    "dizer": {"presente": "digo diz dizemos dizem", "perfeito": "disse disse dissemos disseram"},
    "trazer": {"presente": "trago traz trazemos trazem", "perfeito": "trouxe trouxe trouxemos trouxeram"},
    "querer": {"presente": "quero quer queremos querem", "perfeito": "quis quis quisemos quiseram"},
    "poder": {"presente": "posso pode podemos podem", "perfeito": "pude pôde pudemos puderam"},
    "saber": {"presente": "sei sabe sabemos sabem", "perfeito": "soube soube soubemos souberam"},
    "ver": {"presente": "vejo vê vemos veem", "perfeito": "vi viu vimos viram"},
    "vir": {
        "presente": "venho vem vimos vêm",
        "perfeito": "vim veio viemos vieram",
        "imperfeito": "vinha vinha vínhamos vinham",
    },
    "dar": {"presente": "dou dá damos dão", "perfeito": "dei deu demos deram"},
    "pôr": {
        "presente": "ponho põe pomos põem",
        "perfeito": "pus pôs pusemos puseram",
        "imperfeito": "punha punha púnhamos punham",
    },
    "ler": {"presente": "leio lê lemos leem"},
    "crer": {"presente": "creio crê cremos creem"},
    "rir": {"presente": "rio ri rimos riem"},
    "sorrir": {"presente": "sorrio sorri sorrimos sorriem"},
    "perder": {"presente": "perco perde perdemos perdem"},
    "ouvir": {"presente": "ouço ouve ouvimos ouvem"},
    "pedir": {"presente": "peço pede pedimos pedem"},
    "medir": {"presente": "meço mede medimos medem"},
    "subir": {"presente": "subo sobe subimos sobem"},
    "fugir": {"presente": "fujo foge fugimos fogem"},
    "sacudir": {"presente": "sacudo sacode sacudimos sacodem"},
    "construir": {
        "presente": "construo constrói construímos constroem",
        "perfeito": "construí construiu construímos construíram",
        "imperfeito": "construía construía construíamos construíam",
    },
}
# -ir verbs whose vowel closes in 'eu', and nowhere else in these tenses: sinto, sente; durmo, dorme.
CLOSED_VOWEL = {
    "dormir": "durmo",
    "cobrir": "cubro",
    "descobrir": "descubro",
    "tossir": "tusso",
    "sentir": "sinto",
    "mentir": "minto",
    "seguir": "sigo",
    "conseguir": "consigo",
    "vestir": "visto",
    "repetir": "repito",
    "servir": "sirvo",
    "divertir": "divirto",
    "preferir": "prefiro",
    "ferir": "firo",
}
IRREGULAR_PARTICIPLES = {
    "fazer": "feito",
    "dizer": "dito",
    "ver": "visto",
    "vir": "vindo",
    "pôr": "posto",
    "escrever": "escrito",
    "abrir": "aberto",
    "cobrir": "coberto",
    "descobrir": "descoberto",
    "cair": "caído",
    "sair": "saído",
    "ganhar": "ganho",
    "gastar": "gasto",
    "construir": "construído",
}


def spell(stem: str, ending: str) -> str:
    """Joins a stem in -ar to an ending so that the sound stays: fic+ei -> fiquei, começ+ei -> comecei."""
    if ending[0] == "e" and stem.endswith(("c", "g", "ç")):
        return stem[:-1] + {"c": "qu", "g": "gu", "ç": "c"}[stem[-1]] + ending
    return stem + ending


def conjugate(verb: str, tense: str, person: int) -> str:
    """One finite form: conjugate('ficar', 'perfeito', FIRST_SINGULAR) -> 'fiquei'."""
    irregular = IRREGULAR_VERBS.get(verb, {}).get(tense)
    if irregular:
        return irregular.split()[person]
    stem, group = verb[:-2], verb[-2:]
    ending = ENDINGS[tense][group].split()[person]
    if tense == "presente" and person == FIRST_SINGULAR:
        if verb in CLOSED_VOWEL:
            return CLOSED_VOWEL[verb]
        if group != "ar":
            stem = stem[:-1] + {"c": "ç", "g": "j"}.get(stem[-1], stem[-1])
    if tense == "presente" and verb.endswith("ear") and person != FIRST_PLURAL:
        stem += "i"
    if verb.endswith(("air", "oer")):
        return hiatus(stem, tense, person)
    return spell(stem, ending) if group == "ar" else stem + ending


def hiatus(stem: str, tense: str, person: int) -> str:
    """Verbs like cair: the stressed i after a vowel takes an accent (caí, caía) and the present has its own endings."""
    endings = {
        "presente": "io i ímos em",
        "perfeito": "í iu ímos íram",
        "imperfeito": "ía ía íamos íam",
    }
    return stem + endings[tense].split()[person]


def gerund(verb: str) -> str:
    """'correr' -> 'correndo'."""
    return "pondo" if verb == "pôr" else verb[:-1] + "ndo"


def participle(verb: str) -> str:
    """'perder' -> 'perdido', 'fazer' -> 'feito'."""
    return IRREGULAR_PARTICIPLES.get(verb) or verb[:-2] + ("ado" if verb.endswith("ar") else "ido")
