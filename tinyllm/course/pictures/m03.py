"""The pictures of module 3."""

FOLDER = "m03_transformer/imagens"

PICTURES = {}
