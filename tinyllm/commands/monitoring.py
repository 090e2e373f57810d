"""Commands that show how trainings went."""

from tinyllm.parser import calls
from tinyllm.plot import COLORS
from tinyllm.show.report import report


def report_command(arguments):
    report(arguments.runs, arguments.out, as_json=arguments.json)


def declare_report(p):
    calls(p, report_command, json=True)
    p.add_argument("runs", metavar="PASTA", nargs="+", help=f"pasta de um treino; até {len(COLORS)}, lado a lado")
    p.add_argument("--out", metavar="ARQUIVO", default="report.html", help="a página (padrão: report.html)")
