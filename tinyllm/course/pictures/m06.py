"""The pictures of module 6."""

FOLDER = "m06_fine_tuning/imagens"

PICTURES = {}
