"""Minimal pairs for agreement: a right sentence, and the same with one word that does not agree.

    As meninas correram pela praça.        * As meninas correu pela praça.
    A dona dos gatos ficou cansada.        * A dona dos gatos ficou cansados.

A model that knows Portuguese finds the right one likelier (as BLiMP does for English: Warstadt et al. 2020). The words
are plain ones, most of them of the stories; which of two numbers or genders is the right one is drawn, so that no
answer is right more often than the other. The same sentences make the pages of the corpus cartilha: each belongs by its
checksum to the pairs or to one split of the pages, so a model that has read the pages has read no pair.
"""

import zlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

from tinyllm.data.corpora import grammar
from tinyllm.data.corpora.contos.lexicon import NAMES_FEMININE, NAMES_MASCULINE
from tinyllm.data.corpora.drawing import Draw
from tinyllm.data.corpora.template import Word, noun
from tinyllm.errors import UsageError

BEINGS = (
    "o menino, a menina, o avô, a avó, o vizinho, a vizinha, o amigo, a amiga, o professor, a professora, o padeiro, "
    "a costureira, o gato, a gata, o coelho, a raposa, o macaco, a tartaruga, o pato, a borboleta, o irmão, a irmã, "
    "o jardineiro, a prima, o primo, a tia"
)
THINGS = (
    "a bola, o balão, a pipa, o chapéu, a flor, o livro, a meia, o barco, a caixa, o lenço, a cesta, o bolo, a carta, "
    "o pão, a semente, o desenho, a concha, o sino, a maçã, o anel, a fita, o tambor, a corda, o vaso"
)
ACTIONS = (
    "correr pela praça, brincar no quintal, chegar cedo, cantar na festa, dormir na rede, nadar no rio, sorrir de "
    "alegria, dançar no salão, esperar na porta, passear no parque, cair na grama, sair de casa, voltar para casa, "
    "acordar tarde, trabalhar no jardim, descansar na sombra"
)
HANDLING = "encontrar, guardar, lavar, perder, esconder, levar, achar, quebrar, mostrar, vender, comprar, esquecer"
MOODS = "cansado, animado, curioso, assustado, distraído, orgulhoso, preocupado, tranquilo, sozinho, quieto"
LOOKS = "bonito, novo, colorido, pequeno, amarelo, vermelho, antigo, redondo, branco, quebrado, escondido, pesado"
WHENS = ("", " todos os dias", " de manhã", " depois do almoço", " aos domingos", " sem pressa", " com a avó")
OPENINGS = ("de repente", "logo depois", "naquela hora", "um dia", "de manhã")
TENSES = ("presente", "perfeito", "imperfeito")
OWNERS = ("pairs", "pairs", "validation", "test", *["train"] * 6)  # of ten sentences: who may use them


class Pair(NamedTuple):
    """Two sentences that differ in one word, and the phenomenon that tells them apart."""

    phenomenon: str
    right: str
    wrong: str


def pairs(count: int, *, seed: int = 0) -> Iterator[Pair]:
    """The first `count` pairs, the phenomena in turn. Pair i depends only on (seed, i).

    Raises UsageError for a negative count, at the call.
    """
    if count < 0:
        raise UsageError(f"{count} pairs cannot be written; ask for 0 or more")
    return (pair(index, seed=seed) for index in range(count))


def pair(index: int, *, seed: int = 0) -> Pair:
    """Pair number `index`."""
    names = tuple(PHENOMENA)
    return drawn(names[index % len(names)], Draw("concordancia", seed, index), "pairs")


def drawn(name: str, draw: Draw, owner: str) -> Pair:
    """A pair of a phenomenon whose right sentence belongs to an owner."""
    while True:
        sentence, *words = PHENOMENA[name](draw)
        found = Pair(name, *(complete(sentence, word) for word in words))
        if OWNERS[zlib.crc32(found.right.encode()) % len(OWNERS)] == owner:
            return found


def complete(sentence: str, word: str) -> str:
    """'_ meninas correram', 'as' -> 'As meninas correram.'"""
    text = sentence.replace("_", word)
    return text[0].upper() + text[1:] + "."


# ---- parts ----------------------------------------------------------------------------------------------------------
# A phenomenon gives a sentence with a hole, the word that agrees, and one that does not. 'several' is 0 or 1.


def draw_noun(draw: Draw, row: str, several: int) -> Word:
    """A noun of a row, in the singular or plural."""
    word = noun(draw.choose(row.split(", ")))
    return Word(word.forms["plural"], word.agreement + 2) if several else word


def agreeing(word: str, to: Word) -> str:
    return grammar.agree(word)[to.agreement]


def other_gender(word: str, to: Word) -> str:
    return grammar.agree(word)[to.agreement ^ 1]


def other_number(word: str, to: Word) -> str:
    return grammar.agree(word)[to.agreement ^ 2]


def phrase(word: Word, article: str = "o") -> str:
    return f"{agreeing(article, word)} {word.text}"


def draw_action(draw: Draw, several: int) -> tuple[str, str, str]:
    """An action: its verb in the number asked for and in the other, and what follows."""
    verb, _, rest = draw.choose(ACTIONS.split(", ")).partition(" ")
    tense = draw.choose(TENSES)
    forms = [grammar.conjugate(verb, tense, person) for person in (grammar.THIRD_SINGULAR, grammar.THIRD_PLURAL)]
    return forms[several], forms[1 - several], rest


def with_attractor(draw: Draw, several: int) -> tuple[Word, str]:
    """'a dona dos gatos': the head, in one number, and the phrase, which ends in a noun of the other."""
    head, attractor = draw_noun(draw, BEINGS, several), draw_noun(draw, BEINGS, 1 - several)
    return head, f"{phrase(head)} {phrase(attractor, 'do')}"


# ---- the verb -------------------------------------------------------------------------------------------------------


def verb_number(draw: Draw):
    several = draw.below(2)
    right, wrong, rest = draw_action(draw, several)
    return f"{phrase(draw_noun(draw, BEINGS, several))} _ {rest}", right, wrong


def verb_person(draw: Draw):
    verb, _, rest = draw.choose(ACTIONS.split(", ")).partition(" ")
    tense = draw.choose(("presente", "perfeito"))
    i, we = grammar.FIRST_SINGULAR, grammar.FIRST_PLURAL
    pronoun, person, other = draw.choose((("eu", i, we), ("nós", we, i), ("eu", i, grammar.THIRD_PLURAL)))
    rest = f"{rest}{draw.choose(WHENS)}"
    return f"{pronoun} _ {rest}", grammar.conjugate(verb, tense, person), grammar.conjugate(verb, tense, other)


def verb_after_attractor(draw: Draw):
    several = draw.below(2)
    right, wrong, rest = draw_action(draw, several)
    return f"{with_attractor(draw, several)[1]} _ {rest}", right, wrong


def verb_after_relative(draw: Draw):
    several = draw.below(2)
    right, wrong, rest = draw_action(draw, several)
    subject, thing = draw_noun(draw, BEINGS, several), draw_noun(draw, THINGS, 1 - several)
    did = grammar.conjugate(draw.choose(HANDLING.split(", ")), "perfeito", 1 + 2 * several)
    return f"{phrase(subject)} que {did} {phrase(thing)} _ {rest}", right, wrong


def verb_of_two(draw: Draw):
    right, wrong, rest = draw_action(draw, 1)
    names = draw.some(f"{NAMES_FEMININE}, {NAMES_MASCULINE}".split(", "), 2)
    return f"{' e '.join(names)} _ {rest}", right, wrong


def verb_before_subject(draw: Draw):
    several = draw.below(2)
    verb = draw.choose(("chegar", "sair", "voltar", "cair", "aparecer", "sumir", "acordar", "entrar"))
    forms = [grammar.conjugate(verb, "perfeito", person) for person in (grammar.THIRD_SINGULAR, grammar.THIRD_PLURAL)]
    return f"{draw.choose(OPENINGS)} _ {phrase(draw_noun(draw, BEINGS, several))}", forms[several], forms[1 - several]


# ---- around the noun ------------------------------------------------------------------------------------------------


def holding(draw: Draw, thing: str) -> str:
    """A sentence about what somebody did with a thing."""
    verb = grammar.conjugate(draw.choose(HANDLING.split(", ")), "perfeito", grammar.THIRD_SINGULAR)
    return f"{phrase(draw_noun(draw, BEINGS, 0))} {verb} {thing}"


def before_noun(words: tuple[str, ...], several: int | None, wrong: Callable[[str, Word], str]):
    """The phenomenon of a word that stands before a noun: an article, a demonstrative, a possessive …"""

    def phenomenon(draw: Draw):
        thing = draw_noun(draw, THINGS, draw.below(2) if several is None else several)
        word = draw.choose(words)
        return holding(draw, f"_ {thing.text}"), agreeing(word, thing), wrong(word, thing)

    return phenomenon


def all_of_them(draw: Draw):
    thing = draw_noun(draw, THINGS, 1)
    return holding(draw, f"_ {phrase(thing)}"), agreeing("todo", thing), other_gender("todo", thing)


def adjective(wrong: Callable[[str, Word], str]):
    def phenomenon(draw: Draw):
        thing, look = draw_noun(draw, THINGS, draw.below(2)), draw.choose(LOOKS.split(", "))
        return holding(draw, f"{phrase(thing)} _"), agreeing(look, thing), wrong(look, thing)

    return phenomenon


# ---- the predicate --------------------------------------------------------------------------------------------------


def predicate(wrong: Callable[[str, Word], str]):
    def phenomenon(draw: Draw):
        several = draw.below(2)
        being, mood = draw_noun(draw, BEINGS, several), draw.choose(MOODS.split(", "))
        verb = grammar.conjugate(draw.choose(("ficar", "estar")), "perfeito", 1 + 2 * several)
        return f"{phrase(being)} {verb} _", agreeing(mood, being), wrong(mood, being)

    return phenomenon


def predicate_after_attractor(draw: Draw):
    several = draw.below(2)
    head, subject = with_attractor(draw, several)
    mood = draw.choose(MOODS.split(", "))
    verb = grammar.conjugate("ficar", "perfeito", 1 + 2 * several)
    return f"{subject} {verb} _", agreeing(mood, head), other_number(mood, head)


def passive(draw: Draw):
    several = draw.below(2)
    thing, agent = draw_noun(draw, THINGS, several), draw_noun(draw, BEINGS, draw.below(2))
    done = grammar.participle(draw.choose(HANDLING.split(", ")))
    wrong = draw.choose((other_gender, other_number))(done, thing)
    verb = grammar.conjugate("ser", "perfeito", 1 + 2 * several)
    return f"{phrase(thing)} {verb} _ {phrase(agent, 'pelo')}", agreeing(done, thing), wrong


def mood_before_subject(draw: Draw):
    several = draw.below(2)
    being, mood = draw_noun(draw, BEINGS, several), draw.choose(MOODS.split(", "))
    verb, _, rest = draw_action(draw, several)
    return f"_, {phrase(being)} {verb} {rest}", agreeing(mood, being), other_gender(mood, being)


PHENOMENA = {
    "número do verbo": verb_number,
    "pessoa do verbo": verb_person,
    "verbo depois de um atrator": verb_after_attractor,
    "verbo depois de uma relativa": verb_after_relative,
    "verbo de sujeito composto": verb_of_two,
    "verbo antes do sujeito": verb_before_subject,
    "gênero do artigo": before_noun(("o", "um"), None, other_gender),
    "número do artigo": before_noun(("o",), None, other_number),
    "demonstrativo": before_noun(("este", "esse", "aquele"), None, other_gender),
    "possessivo": before_noun(("meu", "nosso"), None, other_gender),
    "numeral": before_noun(("dois",), 1, other_gender),
    "gênero do adjetivo": adjective(other_gender),
    "número do adjetivo": adjective(other_number),
    "todos e todas": all_of_them,
    "gênero do predicativo": predicate(other_gender),
    "número do predicativo": predicate(other_number),
    "predicativo depois de um atrator": predicate_after_attractor,
    "particípio da voz passiva": passive,
    "predicativo antes do sujeito": mood_before_subject,
}
