"""The pictures of module 6."""

from tinyllm.course.pictures import m06_lora

FOLDER = "m06_fine_tuning/imagens"

PICTURES = m06_lora.PICTURES
