"""Commands on corpora: fetch them, clean them, drop what repeats, split them, and pack them into tokens."""

import contextlib
import itertools
import json
from pathlib import Path
from urllib.parse import urlsplit

from tinyllm import config as configs
from tinyllm import say, storage
from tinyllm.commands.pieces import add_mine, with_pieces
from tinyllm.data import clean, corpora, dataset, dedup, download, sources, split, texts
from tinyllm.errors import UsageError
from tinyllm.parser import add_command, add_commands, positive, seed, share
from tinyllm.text import files
from tinyllm.train import run as runs

STEPS = {
    "html": "HTML",
    "unicode": "acentos compostos (NFC), fins de linha",
    "invisible": "caracteres invisíveis",
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


@with_pieces
def clean_command(arguments):
    texts.ending_of(arguments.out, ".txt")
    found = texts.find_files(arguments.files, clean.SUFFIXES)
    storage.claim(arguments.out, found)
    config = clean.CleanConfig(**configs.given_options(arguments, clean.CleanConfig))
    report = clean.CleanReport()
    documents = (text for file in found for text in clean.documents(file, whole=arguments.whole))
    texts.write_texts(arguments.out, clean.clean(documents, config, report))
    if arguments.json:
        say.emit(vars(report) | {"out": arguments.out})
        return
    print(f"{arguments.out}: {say.counted(report.kept, 'texto')}, "
          f"{say.counted(report.characters_kept, 'caractere')} "
          f"(de {say.counted(report.read, 'texto')}, {say.thousands(report.characters_read)})")  # fmt: skip
    show_counts("mudaram", report.changed, STEPS)
    show_counts("saíram", report.dropped, REASONS)


def show_counts(title, counts, words):
    for name, count in counts.items():
        if count:
            print(f"  {title}: {say.thousands(count):>9}  {words[name]}")


@with_pieces
def dedup_command(arguments):
    texts.ending_of(arguments.out, ".txt")
    report, found = dedup.DedupReport(), texts.find_files(arguments.files)
    storage.claim(arguments.out, found)
    kept = dedup.dedup(read_all(found), threshold=arguments.threshold, report=report, seed=arguments.seed)
    texts.write_texts(arguments.out, kept)
    if arguments.json:
        say.emit(vars(report) | {"out": arguments.out})
        return
    print(f"{arguments.out}: {say.counted(report.kept, 'texto')} de {say.thousands(report.read)}")
    show_counts("saíram", {"equal": report.equal, "near": report.near}, {"equal": "iguais", "near": "quase iguais"})


@with_pieces
def split_command(arguments):
    report, folder = split.SplitReport(), storage.claim_folder(arguments.out)
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
        say.emit(vars(report) | {"out": arguments.out})
        return
    for name, count in report.kept.items():
        print(f"{folder / name}.txt: {say.counted(count, 'texto')}")
    show_counts("saíram", {"leaks": report.leaks}, {"leaks": "pareciam-se com textos de outra parte"})


@with_pieces
def pack_command(arguments):
    texts.ending_of(arguments.out, ".npy")
    tokenizer, found = files.load(arguments.tokenizer), texts.find_files(arguments.files)
    storage.claim(arguments.out, [arguments.tokenizer, *found])
    whole = read_all(found)
    if (first := next(whole, None)) is None:
        raise UsageError(f"there is no text in {arguments.files[0]}; give a file with texts")
    rows = dataset.encoded(tokenizer, itertools.chain([first], whole), end_id=tokenizer.special_id(runs.END))
    count = dataset.write_tokens(arguments.out, rows, vocab_size=tokenizer.vocab_size)
    if arguments.json:
        say.emit({"tokens": count, "bytes": Path(arguments.out).stat().st_size, "out": arguments.out})
    else:
        size = say.megabytes(Path(arguments.out).stat().st_size)
        print(f"{arguments.out}: {say.counted(count, 'token')}, {size}")


def read_all(found):
    return (text for file in found for text in texts.read_texts(file))


def generate_command(arguments):
    records = generated(arguments)
    if arguments.out is None:
        for record in records:
            print(record, end="")
        return
    storage.claim(arguments.out)
    with storage.aside(arguments.out) as temporary, open(temporary, "w", encoding="utf-8") as file:
        file.writelines(records)
    if arguments.json:
        say.emit({"texts": arguments.count, "bytes": Path(arguments.out).stat().st_size, "out": arguments.out})
    else:
        say.tell(f"{arguments.out}: {say.counted(arguments.count, 'texto')}")


def generated(arguments):
    """A corpus as it is written: an empty line after each text, or text, tab and label, or one JSON object a line.

    The name of the file says which; on the screen, and in a file without an ending, --json does.
    """
    request = {"split": arguments.split, "seed": arguments.seed}
    names, make = corpora.PAIRS.get(arguments.corpus, (("text",), None))
    form = texts.ending_of(arguments.out or "", ".tsv" if "label" in names else ".txt", ".jsonl")
    stories = corpora.CORPORA[arguments.corpus](arguments.count, **request)
    if form == ".jsonl" or (arguments.json and form not in (".tsv", ".txt")):
        records = make(arguments.count, **request) if make else ((text,) for text in stories)
        return (json.dumps(dict(zip(names, record, strict=True)), ensure_ascii=False) + "\n" for record in records)
    if "label" in names:
        return (f"{text}\t{label}\n" for text, label in make(arguments.count, **request))
    return (text + "\n\n" for text in stories)


def download_command(arguments):
    source = sources.SOURCES.get(arguments.source)
    if source is None and "://" not in arguments.source:
        raise UsageError(
            f"no source is called {arguments.source}; give an https address or one of {', '.join(sources.SOURCES)}"
        )
    url = source.url if source else arguments.source
    download.check_url(url)
    out = arguments.out
    if out is None:
        out = source.file if source else Path(urlsplit(url).path).name or "download"
    storage.claim(out)
    out = Path(out)
    if out.exists():
        raise UsageError(f"{out} exists; choose another place with --out")
    limit = arguments.limit * sources.MEGABYTE if arguments.limit else 2 * source.size if source else 100_000_000
    if source:
        say.tell(f"{source.title}\n{source.licence}; {source.note}\n{url}")
    with say.bytes_bar(disable=arguments.json) as progress:
        download.download(url, out, limit=limit, sha256=arguments.sha256, progress=progress)
    if arguments.json:
        say.emit({"out": str(out), "bytes": out.stat().st_size, "sha256": storage.sha256(out)})
    else:
        print(f"{out}: {say.counted(out.stat().st_size, 'byte')}, SHA-256 {storage.sha256(out)}")


def list_command(arguments):
    if arguments.json:
        for name in corpora.CORPORA:
            say.emit({"name": name, "kind": "generated"})
        for name, source in sources.SOURCES.items():
            say.emit({"name": name, "kind": "download", **source._asdict()})
        return
    print("Gerados aqui mesmo (tinyllm data generate NOME):")
    print(f"  {', '.join(corpora.CORPORA)}")
    print("\nPúblicos (tinyllm data download NOME):")
    for name, source in sources.SOURCES.items():
        size = f"{say.decimal(source.size / sources.MEGABYTE, 1 if source.size < 10**7 else 0)} MB"
        print(f"  {name:16}{size:>9}  {source.title}\n{'':27}{source.licence}; {source.note}")


def declare_data(parser):
    group = add_commands(parser)
    inputs = {"nargs": "+", "metavar": "ENTRADA", "help": "arquivos, ou pastas com arquivos .txt"}
    p = add_command(group, "generate", "gera um corpus em português", generate_command, json=True)
    p.add_argument("corpus", choices=sorted(corpora.CORPORA), help="qual corpus")
    p.add_argument("--count", type=positive, default=10, help="quantos textos (padrão: 10)")
    p.add_argument("--split", choices=split.SPLITS, default="train", help="de qual divisão (padrão: train)")
    p.add_argument("--seed", type=seed, default=0, help="semente (padrão: 0)")
    p.add_argument("--out", metavar="ARQUIVO", help="arquivo a escrever (padrão: a tela)")
    add_command(group, "list", "mostra os corpora que se podem gerar e baixar", list_command, json=True)
    p = add_command(
        group, "download", "baixa um corpus público, pelo nome ou pelo endereço", download_command, json=True
    )
    p.add_argument("source", metavar="NOME", help="um nome de tinyllm data list, ou um endereço https")
    p.add_argument("--out", metavar="ARQUIVO", help="arquivo a escrever (padrão: o nome do corpus, nesta pasta)")
    limit = "não baixa mais que isso (padrão: o dobro do tamanho conhecido; 100 MB de um endereço)"
    p.add_argument("--limit", type=positive, metavar="MB", help=limit)
    p.add_argument("--sha256", metavar="HEX", help="confere o arquivo com esta soma")
    p = add_command(
        group, "clean", "limpa textos e páginas HTML, e conta o que mudou e o que saiu", clean_command, json=True
    )
    p.add_argument("files", **inputs | {"help": "arquivos, ou pastas com arquivos .txt e .html"})
    p.add_argument(
        "--out", required=True, metavar="ARQUIVO", help="arquivo a escrever, uma linha vazia entre os textos"
    )
    whole = "cada arquivo é um texto só, como já são livros e páginas HTML; sem isto, uma linha vazia separa os textos"
    p.add_argument("--whole", action="store_true", help=whole)
    add_mine(p)
    configs.add_options(p, clean.CleanConfig)
    p = add_command(group, "dedup", "tira os textos repetidos e os quase repetidos (MinHash)", dedup_command, json=True)
    p.add_argument("files", **inputs)
    p.add_argument("--out", required=True, metavar="ARQUIVO", help="arquivo a escrever")
    threshold = "semelhança (Jaccard) a partir da qual um texto sai (padrão: 0.8; 1: só os iguais)"
    p.add_argument("--threshold", type=share(at_most=1), default=0.8, help=threshold)
    p.add_argument("--seed", type=seed, default=0, help="semente do MinHash (padrão: 0)")
    add_mine(p)
    p = add_command(
        group,
        "split",
        "divide textos em treino, validação e teste, sem que um texto de uma parte se pareça com um de outra",
        split_command,
        json=True,
    )
    p.add_argument("files", **inputs)
    p.add_argument("--out", required=True, metavar="PASTA", help="pasta a criar, com um arquivo para cada parte")
    held_out = "parte dos textos que vai para a validação, e outra igual para o teste (padrão: 0.05)"
    p.add_argument("--held-out", type=share(below=0.5), default=0.05, help=held_out)
    threshold = "semelhança (Jaccard) a partir da qual dois textos ficam juntos (padrão: 0.5)"
    p.add_argument("--threshold", type=share(at_most=1), default=0.5, help=threshold)
    p.add_argument("--by-file", action="store_true", help="os textos de um mesmo arquivo ficam na mesma parte")
    add_mine(p)
    p = add_command(
        group,
        "pack",
        "transforma textos em tokens, num arquivo que se lê sem carregá-lo na memória",
        pack_command,
        json=True,
    )
    p.add_argument("tokenizer", metavar="TOKENIZADOR", help="um tokenizer.json, ou a pasta de um treino")
    p.add_argument("files", **inputs)
    p.add_argument("--out", required=True, metavar="ARQUIVO", help="arquivo .npy a escrever")
    add_mine(p)
