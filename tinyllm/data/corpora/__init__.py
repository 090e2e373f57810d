"""Corpora that the project writes itself: a kind of text by name, each as `stories(count, split=, seed=)`."""

from tinyllm.data.corpora import contos, receitas, resenhas

CORPORA = {"contos": contos.stories, "resenhas": resenhas.reviews, "receitas": receitas.recipes}
