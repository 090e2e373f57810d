"""The pictures of module 6."""

from tinyllm.course.pictures import m06_evaluation

FOLDER = "m06_fine_tuning/imagens"

PICTURES = {
    **m06_evaluation.PICTURES,
}
