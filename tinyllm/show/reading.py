"""The reading of a teacher before the eyes of a person: how much it writes, how far it is, and what it took."""

from tinyllm.say import bar, counted, duration, emit, megabytes, tell
from tinyllm.train import run as runs
from tinyllm.train.distill import Reading


def show_reading(run, *, as_json=False):
    """Let the teacher of a run read its texts, if it has not yet, and say what that took."""
    reading = Reading(run)
    known = reading.there
    if known:
        tell(f"O professor já leu estes textos; o que achou deles está em {reading.folder}.")
    else:
        teacher = runs.open_run(run.distillation.teacher)
        room = megabytes(reading.bytes(teacher.model_config))
        tell(f"O professor lê os textos: {counted(reading.places, 'token')}. O que acha deles, {room}, fica em "
             f"{reading.folder} e serve a outros alunos.")  # fmt: skip
        with bar(total=reading.places, disable=as_json) as shown:
            reading.make(teacher, lambda done: shown.update(done - shown.n))
    cost = reading.cost()
    if as_json:
        emit({"teacher": run.distillation.teacher, "reading": str(reading.folder), "read_before": known,
              "places": reading.places, **cost})  # fmt: skip
        return
    steps = counted(round(cost["teacher_flops"] / cost["student_flops_per_step"]), "passo")
    took = f"{duration(cost['teacher_seconds'])} e tantas contas quanto {steps} deste aluno"
    tell(f"A leitura levou {took}; some-as às dele ao compará-lo com quem aprende sem professor.")
