"""The command that examines trained runs."""

from tinyllm.commands.pieces import add_mine, with_pieces
from tinyllm.evaluate.suites import SUITES
from tinyllm.evaluate.suites.suite import Choices
from tinyllm.parser import calls, seed, whole
from tinyllm.plot import COLORS
from tinyllm.show.evaluation import evaluate_runs

EXAMPLES = Choices().examples


@with_pieces
def evaluate_command(arguments):
    how = Choices(arguments.examples, arguments.seed, arguments.shots, arguments.file)
    evaluate_runs(arguments.runs, arguments.suite, how, html=arguments.html, as_json=arguments.json)


def declare_evaluate(p):
    calls(p, evaluate_command, json=True)
    p.add_argument("runs", metavar="PASTA", nargs="+", help=f"pasta de um treino; até {len(COLORS)}, lado a lado")
    p.add_argument(
        "--suite", action="append", default=[], choices=list(SUITES), metavar="NOME",
        help=f"o que medir; pode vir várias vezes: {', '.join(SUITES)} (padrão: o que serve ao treino, sem rede)",
    )  # fmt: skip
    examples = (
        f"quantos exemplos gerar, ou tomar do teste do treino (padrão: {EXAMPLES}); de um conjunto publicado, todos"
    )
    p.add_argument("--examples", type=whole(20, 10**6), metavar="N", default=EXAMPLES, help=examples)
    p.add_argument("--seed", type=seed, default=0, help="semente dos exemplos e dos intervalos (padrão: 0)")
    shots = "de instructions, quantos exemplos dar antes de cada pergunta a quem não aprendeu a responder (padrão: 0)"
    p.add_argument("--shots", type=whole(0, 100), metavar="N", default=0, help=shots)
    p.add_argument(
        "--file", metavar="ARQUIVO",
        help="o arquivo de um conjunto publicado, na sua forma (padrão: o que tinyllm data download deixou aqui)",
    )  # fmt: skip
    p.add_argument("--html", metavar="ARQUIVO", help="escreve também uma página, com figuras e exemplos de erros")
    add_mine(p)
