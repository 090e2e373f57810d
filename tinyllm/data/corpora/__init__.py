"""Corpora that the project writes itself: a kind of text by name, each as `stories(count, split=, seed=)`.

Their train, validation and test texts have different plots, or sentences. What nothing is trained on stands beside
them: prosa, texts written by hand, and concordancia, pairs of sentences of which one agrees.
"""

from tinyllm.data.corpora import cartilha, contos, instrucoes, leituras, receitas, resenhas

CORPORA = {
    "contos": contos.stories,
    "resenhas": resenhas.reviews,
    "receitas": receitas.recipes,
    "instrucoes": instrucoes.conversations,
    "cartilha": cartilha.pages,
    "leituras": leituras.texts,
}
# The corpora that come in pairs: the names of the two, and the function that makes them.
PAIRS = {
    "resenhas": (("text", "label"), resenhas.labelled),
    "instrucoes": (("question", "answer"), instrucoes.pairs),
}
