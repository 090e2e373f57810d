"""Commands of the course: a learner's way through the exercises."""

from tinyllm.commands.machine import doctor_command
from tinyllm.course import guide, syllabus
from tinyllm.course.side_by_side import compare
from tinyllm.errors import UsageError
from tinyllm.parser import add_command, add_commands, calls, size, up_to


def list_command(arguments):
    folder = syllabus.course_folder()
    guide.show(folder, syllabus.read_exercises(folder), as_json=arguments.json)


def test_command(arguments):
    return guide.test(*chosen(arguments))


def watch_command(arguments):
    folder = syllabus.course_folder()
    guide.watch(folder, syllabus.read_exercises(folder))


def hint_command(arguments):
    guide.hint(*chosen(arguments), arguments.level)


def solution_command(arguments):
    guide.solution(*chosen(arguments), anyway=arguments.anyway)


def compare_command(arguments):
    compare(*chosen(arguments), as_json=arguments.json)


def reset_command(arguments):
    guide.reset(*chosen(arguments))


def project_m04_command(arguments):
    from tinyllm.course.projects import m04  # which needs all that trains: the other commands do not

    budget = (arguments.memory, arguments.minutes)
    if budget == (None, None):
        return m04.judge(arguments.folder, test=arguments.test, as_json=arguments.json)
    if None in budget or arguments.test:
        raise UsageError("um orçamento é --memory e --minutes, os dois e mais nada; dê-os antes de treinar")
    return m04.set_budget(arguments.folder, memory=arguments.memory, minutes=arguments.minutes, as_json=arguments.json)


def project_m05_command(arguments):
    from tinyllm.course.projects import m05

    if arguments.general is None:
        return m05.judge(arguments.folder, test=arguments.test, as_json=arguments.json)
    if arguments.test:
        raise UsageError("--general escreve o plano e --test conta a nota; dê um dos dois")
    return m05.set_plan(arguments.folder, arguments.general, as_json=arguments.json)


def project_m06_command(arguments):
    from tinyllm.course.projects import m06

    if arguments.base is None:
        if arguments.corpus is not None:
            raise UsageError("--corpus é dividido pelo plano; dê-o com --base")
        return m06.judge(arguments.folder, test=arguments.test, as_json=arguments.json)
    if arguments.test:
        raise UsageError("--base escreve o plano e --test conta a nota; dê um dos dois")
    return m06.set_plan(arguments.folder, arguments.base, arguments.corpus or "resenhas", as_json=arguments.json)


def chosen(arguments):
    """(the checkout, the exercise named on the command line)."""
    folder = syllabus.course_folder()
    return folder, syllabus.find(syllabus.read_exercises(folder), arguments.exercise)


def declare_course(parser):
    calls(parser, list_command, json=True)
    group = add_commands(parser, required=False)
    add_command(group, "list", "mostra os exercícios e o que vem a seguir", list_command, json=True)
    add_command(group, "watch", "testa cada exercício quando o seu arquivo é salvo", watch_command)
    help_of_doctor = "examina esta máquina: o que há, o que falta, o que fazer"
    add_command(group, "doctor", help_of_doctor, doctor_command, json=True)
    test = add_command(group, "test", "testa um exercício", test_command)
    hint = add_command(group, "hint", "dá uma dica", hint_command)
    solution = add_command(group, "solution", "mostra a solução", solution_command)
    beside = "põe lado a lado a sua versão, a solução e a biblioteca"
    compare = add_command(group, "compare", beside, compare_command, json=True)
    anew = "põe o exercício de volta no começo e guarda o que havia"
    reset = add_command(group, "reset", anew, reset_command)
    for p in (test, hint, solution, compare, reset):
        p.add_argument("exercise", metavar="EXERCÍCIO", help="por exemplo, m01.e01")
    projects = add_command(group, "project", "lê o que um projeto deixou numa pasta, e o julga")
    group = add_commands(projects)
    declare_m04(add_command(group, "m04", "projeto 3: um modelo de linguagem pequeno"))
    declare_m05(add_command(group, "m05", "projeto 4: treinar em um corpus específico"))
    declare_m06(add_command(group, "m06", "projeto 5: LoRA para uma tarefa especializada"))
    hint.add_argument("--level", type=up_to(3), default=1, help="qual das três dicas (padrão: 1)")
    solution.add_argument("--anyway", action="store_true", help="mesmo sem ter resolvido")


def declare_m04(p):
    calls(p, project_m04_command, json=True)
    p.add_argument("folder", metavar="PASTA", help="pasta do projeto, com um treino em cada pasta dela")
    p.add_argument(
        "--memory", type=size, help="o orçamento, antes de treinar: a memória de um treino, como 600MB ou 1.5GB"
    )
    p.add_argument("--minutes", type=up_to(100_000), help="e os minutos que os passos dele podem levar")
    p.add_argument("--test", action="store_true", help="conta a nota do melhor treino no teste: uma vez, no fim")


def declare_m05(p):
    calls(p, project_m05_command, json=True)
    p.add_argument("folder", metavar="PASTA", help="pasta do projeto, com o corpus dividido em partes/")
    general = "escreve o plano, antes de treinar: o treino do modelo geral, de que se parte e que é preciso vencer"
    p.add_argument("--general", metavar="PASTA", help=general)
    p.add_argument("--test", action="store_true", help="conta a nota do melhor treino no teste: uma vez, no fim")


def declare_m06(p):
    calls(p, project_m06_command, json=True)
    p.add_argument("folder", metavar="PASTA", help="pasta do projeto, com um treino em cada pasta dela")
    p.add_argument("--base", metavar="PASTA", help="escreve o plano, antes de adaptar: o treino que se adapta")
    corpus = "e os textos com rótulos, um .tsv ou .jsonl, que o plano divide em partes/ (padrão: resenhas, geradas)"
    p.add_argument("--corpus", metavar="ARQUIVO", help=corpus)
    p.add_argument("--test", action="store_true", help="conta a nota do melhor LoRA no teste: uma vez, no fim")
