"""Respostas erradas de m05.e03, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

import math

from tinyllm.course.measure import Work


def along(piece, values):
    """What a form gives at several points."""
    return [piece(value) for value in values]


def quarter(progress):
    return math.cos(math.pi / 2 * progress)


def up_to_2(progress):
    return 1 + math.cos(math.pi * progress)


def down_to_minus_1(progress):
    return math.cos(math.pi * progress)


def upwards(progress):
    return 0.5 * (1 - math.cos(math.pi * progress))


def in_degrees(progress):
    return 0.5 * (1 + math.cos(180 * progress))


def whole_turn(progress):
    return 0.5 * (1 + math.cos(2 * math.pi * progress))


def without_pi(progress):
    return 0.5 * (1 + math.cos(progress))


def above_1(progress):
    return (1 - progress) / 0.2


def from_the_start(progress):
    return 1 - progress


def the_other_part(progress):
    return min(1.0, (1 - progress) / 0.8)


def never_down(progress):
    return 1.0


def over_before_the_end(progress):
    return max(0.0, 1 - progress / 0.8)


def at_once(progress):
    return 1.0 if progress <= 0.8 else 0.0


def with_a_jump(progress):
    return 1.0 if progress <= 0.8 else 1 - progress


def rate(step, form=None, *, schedule, peak, floor, warmup, decay_steps, first=1, start=None, length=None, ends=True):
    """The right rate, but for what is said."""
    forms = {
        "cosine": lambda p: 0.5 * (1 + math.cos(math.pi * p)), "linear": lambda p: 1 - p,
        "wsd": lambda p: min(1.0, (1 - p) / 0.2), "constant": lambda p: 1.0,
    }  # fmt: skip
    if step < warmup:
        return peak * (step + first) / warmup
    progress = (step - (warmup if start is None else start)) / max(1, length or decay_steps - warmup)
    progress = min(1.0, progress) if ends else progress
    return floor + (peak - floor) * (form or forms[schedule])(progress)


def from_0(step, **options):
    return rate(step, first=0, **options)


def no_warmup(step, **options):
    return rate(step, **options | {"warmup": 0})


def progress_from_step_0(step, **options):
    return rate(step, start=0, length=options["decay_steps"], **options)


def warmup_not_taken_off(step, **options):
    return rate(step, length=options["decay_steps"], **options)


def on_and_on(step, **options):
    return rate(step, ends=False, **options)


def cut_at_the_floor(step, **options):
    return max(options["floor"], rate(step, **options | {"floor": 0.0})) if step >= options["warmup"] else rate(
        step, **options)  # fmt: skip


def floor_on_top(step, **options):
    return rate(step, **options) + (options["floor"] if step >= options["warmup"] else 0) * (
        rate(step, **options | {"floor": 0.0}) / options["peak"])  # fmt: skip


def floor_as_a_share(step, **options):
    return rate(step, **options | {"floor": options["floor"] * options["peak"]})


def always_the_cosine(step, **options):
    return rate(step, **options | {"schedule": "cosine"})


def warmed_from_the_floor(step, **options):
    if step < options["warmup"]:
        return options["floor"] + (options["peak"] - options["floor"]) * (step + 1) / options["warmup"]
    return rate(step, **options)


def warmed_late(step, **options):
    if step < options["warmup"]:
        return options["peak"] * (step + 1) / (options["warmup"] + 1)
    return rate(step, **options)


def down_to_0(step, **options):
    return rate(step, **options | {"floor": 0.0})


MISTAKES = {
    "cosine": [
        (quarter, "é um quarto de volta, que desce depressa no fim; é meia volta, de 0 a π"),
        (up_to_2, "1 + cos vai de 2 a 0; falta dividir por 2"),
        (down_to_minus_1, "o cosseno de meia volta vai de 1 a -1; some 1 e divida por 2"),
        (upwards, "sobe de 0 a 1; é uma descida"),
        (in_degrees, "math.cos recebe radianos: meia volta é π, e não 180"),
        (whole_turn, "deu a volta inteira: desce até 0 e torna a subir; é meia volta"),
        (without_pi, "faltou o π: em progress = 1 o ângulo é de meia volta"),
    ],
    "stable": [
        (above_1, "antes da descida passa de 1; falta um teto, com min"),
        (from_the_start, "desce desde o começo; é só na última parte, DECAYING"),
        (the_other_part, "desce durante 80 % do caminho; a descida é só os últimos 20 %"),
        (never_down, "nunca desce; em progress = 1 deveria ser 0"),
        (over_before_the_end, "desce no começo e espera em 0; é o contrário"),
        (at_once, "cai de uma vez para 0; nos últimos 20 % desce em linha reta"),
        (with_a_jump, "salta de 1 para 0,2; divida o que falta, 1 - progress, por DECAYING"),
    ],
    "learning_rate": [
        (from_0, "o passo 0 ficou com taxa 0; no aquecimento conte step + 1"),
        (no_warmup, "faltou o aquecimento: os primeiros passos já têm a taxa inteira"),
        (progress_from_step_0, "o progresso conta do passo 0; ele é 0 no passo warmup"),
        (warmup_not_taken_off, "dividiu por decay_steps; a descida tem decay_steps - warmup passos"),
        (on_and_on, "depois de decay_steps o progresso passou de 1; ele para em 1"),
        (cut_at_the_floor, "a taxa desce a 0 e é cortada em floor; ela vai de peak a floor pela curva inteira"),
        (floor_on_top, "começa em peak + floor; a forma multiplica a distância peak - floor"),
        (floor_as_a_share, "floor já é uma taxa, e não uma fração de peak"),
        (always_the_cosine, "usa sempre o cosseno; a forma é SCHEDULES[schedule]"),
        (warmed_from_the_floor, "o aquecimento parte de floor; ele sobe de 0 em partes iguais"),
        (warmed_late, "o último passo do aquecimento ainda não chegou a peak; divida por warmup"),
        (down_to_0, "desce até 0; onde a forma vale 0 a taxa é floor"),
    ],
}

HINTS = [
    "cosine: math.cos recebe radianos; em progress = 1 o ângulo é π. stable: a reta que vale 1 em 1 - DECAYING e 0 em "
    "1 é (1 - progress) dividido por alguma coisa; antes dela é preciso um teto. learning_rate: comece pelo caso "
    "step < warmup, e devolva dali.",
    "cosine: cos(π · progress) vai de 1 a -1; (1 + cos) / 2 vai de 1 a 0. learning_rate: progress = (step - warmup) / "
    "(decay_steps - warmup), com min para não passar de 1 e com max no divisor para não ser 0; a taxa é floor + (peak "
    "- floor) · forma.",
    "learning_rate: no aquecimento, peak * (step + 1) / warmup. Depois, min(1.0, (step - warmup) / max(1, decay_steps "
    "- warmup)), e SCHEDULES[schedule] desse número. stable: min(1.0, (1 - progress) / DECAYING).",
]

EQUIVALENT = {  # mutants of the solution that do the same
    "progress = min(1.0, (step - warmup) / max(1, decay_steps - warmup)): min(1.0, (step - warmup) / max(1, "
    "decay_steps - warmup)) -> min((step - warmup) / max(1, decay_steps - warmup), 1.0)": "the same two",
    "progress = min(1.0, (step - warmup) / max(1, decay_steps - warmup)): max(1, decay_steps - warmup) -> "
    "max(decay_steps - warmup, 1)": "the same two",
    "return min(1.0, (1 - progress) / DECAYING): min(1.0, (1 - progress) / DECAYING) -> min((1 - progress) / DECAYING, "
    "1.0)": "the same two",
}


def points(size):
    return ([number / size for number in range(size + 1)],)


def steps(size):
    return (range(size),)


def a_training(piece, numbers):
    """The rates of several steps."""
    options = {"schedule": "cosine", "peak": 1.0, "floor": 0.1, "warmup": 10, "decay_steps": 500}
    return [piece(step, **options) for step in numbers]


WORK = {
    "cosine": Work(points, small=10, large=1000, through=along, limit=None),
    "stable": Work(points, small=10, large=1000, through=along, limit=None),
    "learning_rate": Work(steps, small=10, large=1000, through=a_training, limit=None),
}
