"""The command that makes one file of a run, and says what such a file holds."""

from pathlib import Path

from tinyllm import storage
from tinyllm.errors import UsageError
from tinyllm.parser import calls
from tinyllm.show.package import pack, show_package
from tinyllm.train import run as runs


def package_command(arguments):
    asked = [name for name in ("out", "card", "license", "best") if getattr(arguments, name)]
    if Path(arguments.run).is_file():
        if asked:
            raise UsageError(f"{arguments.run} is a package already; leave out --{asked[0]} to see what it holds")
        show_package(arguments.run, as_json=arguments.json)
        return
    run = runs.open_run(arguments.run)
    if not arguments.out:
        raise UsageError(f"where to? say it, as --out {run.folder.name}.safetensors")
    texts = {name: text_of(getattr(arguments, name)) for name in ("card", "license")}
    pack(run, arguments.out, best=arguments.best, as_json=arguments.json, **texts)


def text_of(path):
    """The text of a file, None for None. Raises UsageError for one with nothing in it."""
    text = path and storage.read_text(path)
    if path and not text.strip():
        raise UsageError(f"{path} is empty; write in it what it should say, or leave it out")
    return text


def declare_package(p):
    calls(p, package_command, json=True)
    p.add_argument("run", metavar="PASTA", help="pasta de um treino, de que se faz um pacote; de um pacote, mostra-o")
    p.add_argument("--out", metavar="ARQUIVO", help="o pacote, um arquivo .safetensors")
    p.add_argument("--card", metavar="ARQUIVO", help="a ficha do modelo, em Markdown (padrão: uma que é feita aqui)")
    p.add_argument("--license", metavar="ARQUIVO", help="o texto da licença dos pesos (padrão: nenhuma)")
    better = "usa o checkpoint de menor perda de validação, em vez do mais novo (ver train --keep-best)"
    p.add_argument("--best", action="store_true", help=better)
