"""The pictures of module 6, by their section: 6.1, what is adapted; 6.2, LoRA and its kin; 6.3, what is measured; and
the project's."""

from tinyllm.course.pictures import m06_adapting, m06_evaluation, m06_lora, m06_project

FOLDER = "m06_fine_tuning/imagens"

PICTURES = {
    **m06_adapting.PICTURES,
    **m06_lora.PICTURES,
    **m06_evaluation.PICTURES,
    **m06_project.PICTURES,
}
