"""Evaluation: figures that say what a model has learned."""
