"""Parallelism: one model, several workers."""
