"""Commands of the course: a learner's way through the exercises."""

from tinyllm.commands.machine import doctor_command
from tinyllm.course import catalog, guide
from tinyllm.course.compare import compare
from tinyllm.parser import add_command


def list_command(arguments):
    """mostra os exercícios e o que vem a seguir"""
    folder = catalog.course_folder()
    guide.show(folder, catalog.read_exercises(folder), as_json=arguments.json)


def test_command(arguments):
    """testa um exercício"""
    return guide.test(*chosen(arguments))


def watch_command(arguments):
    """testa cada exercício quando o seu arquivo é salvo"""
    folder = catalog.course_folder()
    guide.watch(folder, catalog.read_exercises(folder))


def hint_command(arguments):
    """dá uma dica"""
    guide.hint(*chosen(arguments), arguments.level)


def solution_command(arguments):
    """mostra a solução"""
    guide.solution(*chosen(arguments), anyway=arguments.anyway)


def compare_command(arguments):
    """põe lado a lado a sua versão, a solução e a biblioteca"""
    compare(*chosen(arguments), as_json=arguments.json)


def reset_command(arguments):
    """põe o exercício de volta no começo e guarda o que havia"""
    guide.reset(*chosen(arguments))


def chosen(arguments):
    """(the checkout, the exercise named on the command line)."""
    folder = catalog.course_folder()
    return folder, catalog.find(catalog.read_exercises(folder), arguments.exercise)


def add_commands(commands):
    p = add_command(
        commands, "course", list_command, json=True, help="o curso: onde estou, o que vem a seguir, testar, dicas"
    )
    actions = p.add_subparsers(title="comandos", metavar="COMANDO")
    add_command(actions, "list", list_command, json=True)
    add_command(actions, "watch", watch_command)
    add_command(actions, "doctor", doctor_command, json=True)
    for name, function in (
        ("test", test_command), ("hint", hint_command), ("solution", solution_command), ("compare", compare_command),
        ("reset", reset_command),
    ):  # fmt: skip
        p = add_command(actions, name, function, json=name == "compare")
        p.add_argument("exercise", metavar="EXERCÍCIO", help="por exemplo, m01.e01")
        if name == "hint":
            p.add_argument("--level", type=int, choices=(1, 2, 3), default=1, help="qual das três dicas (padrão: 1)")
        if name == "solution":
            p.add_argument("--anyway", action="store_true", help="mesmo sem ter resolvido")
