"""Commands on corpora: fetch them, clean them, drop what repeats, split them, and pack them into tokens."""

import contextlib
import functools
from pathlib import Path
from urllib.parse import urlsplit

from tinyllm import config as configs
from tinyllm import console, storage
from tinyllm.commands.training import MINE
from tinyllm.course.swap import mine
from tinyllm.data import clean, corpora, dataset, dedup, download, sources, split, texts
from tinyllm.errors import UsageError
from tinyllm.parser import add_command, positive
from tinyllm.text import files
from tinyllm.train import run as runs

STEPS = {
    "unicode": "acentos compostos (NFC), fins de linha",
    "invisible": "caracteres invisíveis",
    "html": "HTML",
    "gutenberg": "avisos do Projeto Gutenberg",
    "wrapped": "linhas quebradas no meio do parágrafo",
    "spaces": "espaços e linhas vazias",
    "menus": "menus",
    "repeats": "linhas repetidas em seguida",
    "cut": "longos demais: cortados",
}
REASONS = {
    "short": "curtos demais",
    "symbols": "símbolos demais",
    "digits": "algarismos demais",
    "repeated": "linhas repetidas demais",
    "language": "não parecem português",
}


def with_pieces(command):
    """The command, which runs with the learner's pieces if --mine is given."""

    @functools.wraps(command)
    def with_or_without(arguments):
        with mine() if arguments.mine else contextlib.nullcontext():
            return command(arguments)

    return with_or_without


@with_pieces
def clean_command(arguments):
    """limpa textos e páginas HTML, e conta o que mudou e o que saiu"""
    found = texts.find_files(arguments.files, clean.SUFFIXES)
    config = clean.CleanConfig(**configs.given_options(arguments, clean.CleanConfig))
    report = clean.Report()
    documents = (text for file in found for text in clean.documents(file, whole=arguments.whole))
    texts.write_texts(arguments.out, clean.clean(documents, config, report))
    if arguments.json:
        console.emit(vars(report) | {"out": arguments.out})
        return
    print(f"{arguments.out}: {console.counted(report.kept, 'texto')}, "
          f"{console.thousands(report.characters_kept)} caracteres "
          f"(de {console.counted(report.read, 'texto')}, {console.thousands(report.characters_read)})")  # fmt: skip
    show_counts("mudaram", report.changed, STEPS)
    show_counts("saíram", report.dropped, REASONS)


def show_counts(title, counts, words):
    for name, count in counts.items():
        if count:
            print(f"  {title}: {console.thousands(count):>9}  {words[name]}")


@with_pieces
def dedup_command(arguments):
    """tira os textos repetidos e os quase repetidos (MinHash)"""
    report = dedup.Report()
    kept = dedup.dedup(read_all(arguments.files), threshold=arguments.threshold, report=report, seed=arguments.seed)
    texts.write_texts(arguments.out, kept)
    if arguments.json:
        console.emit(vars(report) | {"out": arguments.out})
        return
    print(f"{arguments.out}: {console.counted(report.kept, 'texto')} de {console.thousands(report.read)}")
    show_counts("saíram", {"equal": report.equal, "near": report.near}, {"equal": "iguais", "near": "quase iguais"})


@with_pieces
def split_command(arguments):
    """divide textos em treino, validação e teste, sem que um texto de uma parte se pareça com um de outra"""
    report, folder = split.Report(), Path(arguments.out)
    if folder.exists():
        raise UsageError(f"{folder} exists; choose another folder for the parts")
    grouped = (
        (file.name if arguments.by_file else None, text)
        for file in texts.find_files(arguments.files)
        for text in texts.read_texts(file)
    )
    with storage.aside(folder) as temporary, contextlib.ExitStack() as stack:
        temporary.mkdir()
        out = {
            name: stack.enter_context(open(temporary / f"{name}.txt", "w", encoding="utf-8", newline="\n"))
            for name in split.SPLITS
        }
        for name, text in split.split(
            grouped, held_out=arguments.held_out, threshold=arguments.threshold, report=report
        ):
            out[name].write(text + "\n\n")
        stack.close()
        if empty := [name for name, count in report.kept.items() if not count]:
            raise UsageError(
                f"{' and '.join(empty)} got none of the {report.read} texts; give more, or raise --held-out"
            )
    if arguments.json:
        console.emit(vars(report) | {"out": arguments.out})
        return
    for name, count in report.kept.items():
        print(f"{folder / name}.txt: {console.counted(count, 'texto')}")
    show_counts("saíram", {"leaks": report.leaks}, {"leaks": "pareciam-se com textos de outra parte"})


def pack_command(arguments):
    """transforma textos em tokens, num arquivo que se lê sem carregá-lo na memória"""
    tokenizer = files.load(arguments.tokenizer)
    rows = dataset.encoded(tokenizer, read_all(arguments.files), end_id=tokenizer.special_id(runs.END))
    count = dataset.write_tokens(arguments.out, rows, vocab_size=tokenizer.vocab_size)
    if arguments.json:
        console.emit({"tokens": count, "bytes": Path(arguments.out).stat().st_size, "out": arguments.out})
    else:
        size = console.megabytes(Path(arguments.out).stat().st_size)
        print(f"{arguments.out}: {console.counted(count, 'token')}, {size}")


def read_all(paths):
    return (text for file in texts.find_files(paths) for text in texts.read_texts(file))


def download_command(arguments):
    """baixa um corpus público, pelo nome ou pelo endereço"""
    source = sources.SOURCES.get(arguments.source)
    if source is None and "://" not in arguments.source:
        raise UsageError(
            f"no source is called {arguments.source}; give an https address or one of {', '.join(sources.SOURCES)}"
        )
    url = source.url if source else arguments.source
    out = Path(arguments.out or (source.file if source else Path(urlsplit(url).path).name or "download"))
    if out.exists():
        raise UsageError(f"{out} exists; remove it, or choose another place with --out")
    limit = arguments.limit * sources.MEGABYTE if arguments.limit else 2 * source.size if source else 100_000_000
    if source:
        console.tell(f"{source.title}\n{source.licence}; {source.note}\n{url}")
    with console.bytes_bar(disable=arguments.json) as progress:
        download.download(url, out, limit=limit, sha256=arguments.sha256, progress=progress)
    if arguments.json:
        console.emit({"out": str(out), "bytes": out.stat().st_size, "sha256": storage.sha256(out)})
    else:
        print(f"{out}: {console.thousands(out.stat().st_size)} bytes, SHA-256 {storage.sha256(out)}")


def list_command(arguments):
    """mostra os corpora que se podem gerar e baixar"""
    if arguments.json:
        for name in corpora.CORPORA:
            console.emit({"name": name, "kind": "generated"})
        for name, source in sources.SOURCES.items():
            console.emit({"name": name, "kind": "download", **source._asdict()})
        return
    print("Gerados aqui mesmo (tinyllm data generate NOME):")
    print(f"  {', '.join(corpora.CORPORA)}")
    print("\nPúblicos (tinyllm data download NOME):")
    for name, source in sources.SOURCES.items():
        size = f"{console.decimal(source.size / sources.MEGABYTE, 1 if source.size < 10**7 else 0)} MB"
        print(f"  {name:16}{size:>9}  {source.title}\n{'':27}{source.licence}; {source.note}")


def add_commands(group):
    inputs = {"nargs": "+", "metavar": "ENTRADA", "help": "arquivos, ou pastas com arquivos .txt"}
    add_command(group, "list", list_command, json=True)
    p = add_command(group, "download", download_command, json=True)
    p.add_argument("source", metavar="NOME", help="um nome de tinyllm data list, ou um endereço https")
    p.add_argument("--out", metavar="ARQUIVO", help="arquivo a escrever (padrão: o nome do corpus, nesta pasta)")
    limit = "não baixa mais que isso (padrão: o dobro do tamanho conhecido; 100 MB de um endereço)"
    p.add_argument("--limit", type=positive, metavar="MB", help=limit)
    p.add_argument("--sha256", metavar="HEX", help="confere o arquivo com esta soma")
    p = add_command(group, "clean", clean_command, json=True)
    p.add_argument("files", **inputs | {"help": "arquivos, ou pastas com arquivos .txt e .html"})
    p.add_argument(
        "--out", required=True, metavar="ARQUIVO", help="arquivo a escrever, uma linha vazia entre os textos"
    )
    whole = "cada arquivo é um texto só, como já são livros e páginas HTML; sem isto, uma linha vazia separa os textos"
    p.add_argument("--whole", action="store_true", help=whole)
    p.add_argument("--mine", action="store_true", help=MINE)
    configs.add_options(p, clean.CleanConfig)
    p = add_command(group, "dedup", dedup_command, json=True)
    p.add_argument("files", **inputs)
    p.add_argument("--out", required=True, metavar="ARQUIVO", help="arquivo a escrever")
    threshold = "semelhança (Jaccard) a partir da qual um texto sai (padrão: 0.8; 1: só os iguais)"
    p.add_argument("--threshold", type=float, default=0.8, metavar="X", help=threshold)
    p.add_argument("--seed", type=int, default=0, metavar="N", help="semente do MinHash (padrão: 0)")
    p.add_argument("--mine", action="store_true", help=MINE)
    p = add_command(group, "split", split_command, json=True)
    p.add_argument("files", **inputs)
    p.add_argument("--out", required=True, metavar="PASTA", help="pasta a criar, com um arquivo para cada parte")
    held_out = "parte dos textos que vai para a validação, e outra igual para o teste (padrão: 0.05)"
    p.add_argument("--held-out", type=float, default=0.05, metavar="X", help=held_out)
    threshold = "semelhança (Jaccard) a partir da qual dois textos ficam juntos (padrão: 0.5)"
    p.add_argument("--threshold", type=float, default=0.5, metavar="X", help=threshold)
    p.add_argument("--by-file", action="store_true", help="os textos de um mesmo arquivo ficam na mesma parte")
    p.add_argument("--mine", action="store_true", help=MINE)
    p = add_command(group, "pack", pack_command, json=True)
    p.add_argument("tokenizer", metavar="TOKENIZADOR", help="um tokenizer.json, ou a pasta de um treino")
    p.add_argument("files", **inputs)
    p.add_argument("--out", required=True, metavar="ARQUIVO", help="arquivo .npy a escrever")
