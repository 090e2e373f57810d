"""Respostas erradas de m04.e11, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

from numbers import Integral

from tinyllm.course.judge import Each
from tinyllm.course.measure import Work
from tinyllm.parallel.schedule import BACKWARD, FORWARD, Step
from tinyllm.parallel.schedule import one_forward_one_backward as in_turn

WAYS = {FORWARD: "→", BACKWARD: "←"}


def drawn(piece, stages, micro_batches):
    """The schedule that a piece makes as the statement draws it, a line of each stage. What cannot be drawn stays."""
    schedule = piece(stages, micro_batches)
    if not all(isinstance(one, list | tuple) for one in (schedule, *(schedule if isinstance(schedule, list) else ()))):
        return schedule
    try:
        return Each(
            "estágio", [" ".join(arrow(stage, *step) for step in steps) for stage, steps in enumerate(schedule)]
        )
    except (TypeError, ValueError):
        return schedule


def arrow(row, stage, way, number):
    """A step of the stage of a row: "→0"; with what is odd about it, if it is another stage's or goes no known way."""
    way = WAYS[way] if isinstance(way, str) and way in WAYS else repr(way)
    return f"{way}{number if isinstance(number, Integral) else repr(number)}" + (
        f" (do estágio {stage!r})" if stage != row else ""
    )


# ------------------------------------------------------------------------------------------------------------ the 1F1B


def built(stages, micro_batches, *, before=None, left=True, back=lambda number, count: number, forward_first=False):
    """1F1B in which something may be otherwise: the first forwards, the last backwards, the order."""
    schedule = []
    for stage in range(stages):
        first = min(stages - stage, micro_batches) if before is None else before(stage)
        steps = [Step(stage, FORWARD, number) for number in range(first)]
        for number in range(micro_batches if left else max(micro_batches - first, 0)):
            pair = [Step(stage, BACKWARD, back(number, micro_batches))]
            if first + number < micro_batches:
                pair.append(Step(stage, FORWARD, first + number))
            steps += pair[::-1] if forward_first else pair
        schedule.append(steps)
    return schedule


def all_forwards_first(stages, micro_batches):
    return built(stages, micro_batches, before=lambda stage: micro_batches)


def alike_in_all(stages, micro_batches):
    return built(stages, micro_batches, before=lambda stage: min(stages, micro_batches))


def one_too_few(stages, micro_batches):
    return built(stages, micro_batches, before=lambda stage: min(stages - stage - 1, micro_batches))


def from_the_other_end(stages, micro_batches):
    return built(stages, micro_batches, before=lambda stage: min(stage + 1, micro_batches))


def no_last_backwards(stages, micro_batches):
    return built(stages, micro_batches, left=False)


def last_one_first(stages, micro_batches):
    return built(stages, micro_batches, back=lambda number, count: count - 1 - number)


def forward_before_backward(stages, micro_batches):
    return built(stages, micro_batches, forward_first=True)


def more_than_there_are(stages, micro_batches):
    return built(stages, micro_batches, before=lambda stage: stages - stage)


# ------------------------------------------------------------------------------------------------------------ a bubble


def needed(step, stages):
    other = step.stage + (-1 if step.way == FORWARD else 1)
    return Step(other, step.way, step.micro_batch) if 0 <= other < stages else None


def ends_of(schedule, forward, backward, *, waits=True, alone=True, latest=True, rounds=None):
    """When each step ends. `waits`: for the other stage; `alone`: a stage does one step at a time; `latest`: it begins
    when both are over, and not when the other stage is; `rounds`: how many times all stages are looked at."""
    ends, free = {}, [0] * len(schedule)
    waiting = [list(steps) for steps in schedule]
    while any(waiting) and rounds != 0:
        rounds = rounds and rounds - 1
        for stage, steps in enumerate(waiting):
            while steps and (not waits or (other := needed(steps[0], len(schedule))) is None or other in ends):
                step = steps.pop(0)
                other = needed(step, len(schedule)) if waits else None
                own = Step(stage, FORWARD, step.micro_batch) if step.way == BACKWARD else None
                begin = max(free[stage] if alone else ends.get(own, 0), ends.get(other, 0))
                begin = begin if latest else ends.get(other, free[stage])
                ends[step] = free[stage] = begin + (forward if step.way == FORWARD else backward)
    return ends


def work(schedule, forward, backward):
    return sum(forward if step.way == FORWARD else backward for steps in schedule for step in steps)


def of_two_lengths(schedule, forward, backward, *, ends=None, time=None):
    """The bubble in which something may be otherwise: when the steps end, and the time of all stages."""
    ends = ends or ends_of(schedule, forward, backward)
    time = len(schedule) * max(ends.values()) if time is None else time
    return 1 - work(schedule, forward, backward) / time


def lengths_swapped(schedule, *, forward=1, backward=2):
    return of_two_lengths(schedule, backward, forward)


def of_one_stage(schedule, *, forward=1, backward=2):
    return of_two_lengths(schedule, forward, backward, time=max(ends_of(schedule, forward, backward).values()))


def until_the_last_stage_ends(schedule, *, forward=1, backward=2):
    last = ends_of(schedule, forward, backward)[schedule[-1][-1]]
    return of_two_lengths(schedule, forward, backward, time=len(schedule) * last)


def in_percent(schedule, *, forward=1, backward=2):
    return 100 * of_two_lengths(schedule, forward, backward)


def looked_at_once(schedule, *, forward=1, backward=2):
    ends = ends_of(schedule, forward, backward, rounds=1)
    return of_two_lengths(schedule, forward, backward, ends=ends)


def begins_when_the_other_ends(schedule, *, forward=1, backward=2):
    return of_two_lengths(schedule, forward, backward, ends=ends_of(schedule, forward, backward, latest=False))


def formula(schedule, *, forward=1, backward=2):
    stages, count = len(schedule), len(schedule[0]) // 2
    return (stages - 1) / (count + stages - 1)


def against_the_work(schedule, *, forward=1, backward=2):
    busy = work(schedule, forward, backward)
    return len(schedule) * max(ends_of(schedule, forward, backward).values()) / busy - 1


def the_busy_part(schedule, *, forward=1, backward=2):
    return work(schedule, forward, backward) / (len(schedule) * max(ends_of(schedule, forward, backward).values()))


def nobody_waits(schedule, *, forward=1, backward=2):
    ends = ends_of(schedule, forward, backward, waits=False)
    return 1 - work(schedule, forward, backward) / (len(schedule) * max(ends.values()))


def several_at_once(schedule, *, forward=1, backward=2):
    ends = ends_of(schedule, forward, backward, alone=False)
    return 1 - work(schedule, forward, backward) / (len(schedule) * max(ends.values()))


def lengths_ignored(schedule, *, forward=1, backward=2):
    return 1 - work(schedule, 1, 2) / (len(schedule) * max(ends_of(schedule, 1, 2).values()))


def in_time(schedule, *, forward=1, backward=2):
    busy = work(schedule, forward, backward)
    return float(len(schedule) * max(ends_of(schedule, forward, backward).values()) - busy)


# ------------------------------------------------------------------------------------------------------------ held


def all_of_them(schedule):
    return [len(steps) // 2 for steps in schedule]


def one_number(schedule):
    return [max(max(running(steps)) for steps in schedule)] * len(schedule)


def at_the_end(schedule):
    return [sum(1 if step.way == FORWARD else -1 for step in steps) for steps in schedule]


def never_let_go(schedule):
    return [len(steps) for steps in schedule]


def after_a_backward(schedule):
    return [max(now for step, now in zip(steps, running(steps), strict=True) if step.way == BACKWARD)
            for steps in schedule]  # fmt: skip


def before_the_first_backward(schedule):
    return [next(number for number, step in enumerate(steps) if step.way == BACKWARD) + 1 for steps in schedule]


def before_any_backward(schedule):
    return [next(number for number, step in enumerate(steps) if step.way == BACKWARD) for steps in schedule]


def running(steps):
    """How many micro-batches are held after each step."""
    found = []
    for step in steps:
        found.append((found[-1] if found else 0) + (1 if step.way == FORWARD else -1))
    return found


MISTAKES = {
    "one_forward_one_backward": [
        (all_forwards_first, "isto é a GPipe: todas as idas antes da primeira volta"),
        (alike_in_all, "todos os estágios começam com as mesmas idas; são uma a menos em cada um dos seguintes"),
        (one_too_few, "falta uma ida no começo: o último estágio também faz uma antes da sua primeira volta"),
        (from_the_other_end, "contou os estágios ao contrário: é o primeiro que começa com mais idas"),
        (no_last_backwards, "faltam as últimas voltas de cada estágio, as que sobram depois da última ida"),
        (last_one_first, "as voltas saíram de trás para a frente; são na mesma ordem das idas"),
        (forward_before_backward, "fez a ida antes da volta; depois das idas do começo é uma volta e uma ida"),
        (more_than_there_are, "pediu idas de microlotes que não há: no começo, no máximo micro_batches"),
    ],
    "bubble": [
        (formula, "esta fórmula só vale para boas agendas; aqui se pede a de qualquer uma, passo a passo"),
        (against_the_work, "dividiu o tempo parado pelo trabalhado; é pelo tempo todo, stages vezes o fim"),
        (the_busy_part, "isto é a fração em que trabalham; a bolha é o resto, 1 menos ela"),
        (nobody_waits, "os passos não esperaram pelos de outro estágio (needed)"),
        (several_at_once, "um estágio faz um passo de cada vez: espere também que acabe o seu anterior"),
        (lengths_ignored, "não usou forward e backward: contou 1 e 2"),
        (lengths_swapped, "trocou os dois tempos: forward é o da ida, backward o da volta"),
        (of_one_stage, "dividiu pelo tempo de um estágio só; o de todos é stages vezes ele"),
        (
            until_the_last_stage_ends,
            "mediu até o fim do último estágio; o tempo vai até o fim do último passo de todos",
        ),
        (in_percent, "é uma fração, de 0 a 1, e não uma porcentagem"),
        (
            looked_at_once,
            "percorreu os estágios uma vez só, e houve passos que nunca se deram; repita enquanto os houver",
        ),
        (
            begins_when_the_other_ends,
            "começou quando acabou o passo do outro estágio, mesmo que este ainda estivesse ocupado",
        ),
        (in_time, "isto é o tempo parado; falta dividi-lo pelo de todos, stages vezes o fim"),
    ],
    "held": [
        (all_of_them, "contou todos os microlotes; uma volta libera o seu"),
        (one_number, "o máximo é de cada estágio, e não de todos"),
        (at_the_end, "isto é o que sobra no fim; pede-se o máximo pelo caminho"),
        (never_let_go, "somou 1 também nas voltas; uma volta libera o que a sua ida guardou"),
        (after_a_backward, "olhou só depois das voltas, quando uma já foi liberada; o máximo é depois de uma ida"),
        (before_any_backward, "contou só as idas de antes da primeira volta; depois dela ainda se pode guardar mais"),
        (before_the_first_backward, "contou um passo a mais: até a primeira volta há só as idas antes dela"),
    ],
}

HINTS = [
    "one_forward_one_backward: para o estágio s, min(stages - s, micro_batches) idas; depois, para cada microlote "
    "em ordem, a sua volta e, se ainda há, a próxima ida. bubble: guarde num dicionário quando acaba cada passo, e "
    "numa lista quando cada estágio fica livre. held: some 1 em cada ida, tire 1 em cada volta.",
    "bubble: o começo de um passo é o maior de dois tempos: quando o estágio ficou livre, e quando acabou o passo "
    "needed(step, stages), se não é None. Se esse ainda não está no dicionário, passe ao próximo estágio e volte "
    "depois. held: guarde o maior valor que a conta teve em cada estágio.",
    "bubble: while any(waiting): para cada estágio, enquanto o primeiro passo da sua lista puder, tire-o e faça "
    "ends[step] = free[stage] = max(free[stage], ends.get(other, 0)) + o que ele leva. No fim, 1 - trabalho / "
    "(stages · max(free)). one_forward_one_backward: a volta n vem seguida da ida before + n, se before + n < "
    "micro_batches.",
]


def many(size):
    return 4, size


def long_one(size):
    return (in_turn(4, size),)


EITHER = "min e max não olham a ordem"
EQUIVALENT = {
    "before = min(stages - stage, micro_batches): min(stages - stage, micro_batches) -> "
    "min(micro_batches, stages - stage)": EITHER,
    "begin = max(free[stage], ends.get(other, 0)): max(free[stage], ends.get(other, 0)) -> "
    "max(ends.get(other, 0), free[stage])": EITHER,
    "highest = max(highest, now): max(highest, now) -> max(now, highest)": EITHER,
    "busy = sum(forward if step.way == FORWARD else backward for step in ends): step.way == FORWARD -> "
    "(step.way != FORWARD)": "há tantas idas quantas voltas",
    "now, highest = 0, 0: 0 -> 1": "o máximo é pelo menos 1: cada estágio faz alguma ida",
}

WORK = {
    "one_forward_one_backward": Work(many, small=10, large=300, limit=None),
    "bubble": Work(long_one, small=10, large=200, limit=None),
    "held": Work(long_one, small=10, large=300, limit=None),
}
