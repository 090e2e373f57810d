"""Commands on tokenizers: train one, use it, convert it, measure it."""

import contextlib
import sys

from tinyllm import say, storage
from tinyllm.backend.threads import cores
from tinyllm.commands.pieces import add_mine, with_pieces
from tinyllm.data import texts as text_files
from tinyllm.errors import UsageError
from tinyllm.evaluate import tokenization
from tinyllm.parser import add_command, add_commands, positive, whole
from tinyllm.text import bpe, files
from tinyllm.text.pretokenize import PATTERNS
from tinyllm.train import run as runs


@with_pieces
def train_command(arguments):
    if arguments.pattern and arguments.kind != "bpe":
        raise UsageError(f"a tokenizer of kind {arguments.kind} has no --pattern; leave it out")
    text_files.ending_of(arguments.out, ".json")  # another form is for `convert`, which is told the special tokens
    storage.claim(arguments.out, [0 if path == "-" else path for path in arguments.files])
    with contextlib.ExitStack() as stack:
        opened = opened_in(stack, arguments.files)
        opened = stack.enter_context(say.reading_bar(opened, disable=arguments.json))
        if arguments.kind == "bpe":
            tokenizer = bpe.train_files(
                opened,
                arguments.vocab_size,
                special_tokens=(runs.END,),
                pattern=arguments.pattern or "gpt2",
                workers=cores(),
                progress=stack.enter_context(say.merges_bar(disable=arguments.json)),
            )
        else:
            texts = (text for file in opened for text in text_files.texts_in(file, file.name))
            tokenizer = files.train(arguments.kind, texts, arguments.vocab_size, special_tokens=(runs.END,))
    tokenizer.save(arguments.out)
    if arguments.json:
        say.emit({"vocab_size": tokenizer.vocab_size, "out": arguments.out})
    else:
        print(f"{arguments.out}: {say.counted(tokenizer.vocab_size, 'token')}")


@with_pieces
def encode_command(arguments):
    tokenizer = files.load(arguments.tokenizer)
    ids = tokenizer.encode(arguments.text).tolist()
    pieces = [tokenizer.decode([i]) for i in ids]
    if arguments.json:
        say.emit({"ids": ids, "pieces": pieces})
        return
    print(" ".join(map(str, ids)))
    print("│".join(pieces))
    size = len(arguments.text.encode("utf-8", "replace"))
    say.tell(
        f"{say.counted(len(ids), 'token')}, {say.counted(size, 'byte')}"
        + (f": {say.decimal(size / len(ids))} bytes por token" if ids else "")
    )


@with_pieces
def decode_command(arguments):
    text = files.load(arguments.tokenizer).decode(arguments.ids)
    if arguments.json:
        say.emit({"text": text})
    else:
        print(text)


@with_pieces
def convert_command(arguments):
    storage.claim(arguments.out, [arguments.source])
    tokenizer = files.load(arguments.source, pattern=arguments.pattern, special_tokens=arguments.special)
    files.save(tokenizer, arguments.out)
    if arguments.json:
        say.emit({"vocab_size": tokenizer.vocab_size, "out": arguments.out})
    else:
        print(f"{arguments.out}: {say.counted(tokenizer.vocab_size, 'token')}")


LIBRARY = "a biblioteca"  # how the tokenizer that it trains for a comparison is called


def measure_command(arguments):
    tokenizers = {str(name): tokenization.find(name) for name in (arguments.tokenizer, *arguments.against)}
    tokenizer = tokenizers[arguments.tokenizer]
    if arguments.corpus:
        with contextlib.ExitStack() as stack:
            opened = opened_in(stack, arguments.corpus)
            bar = stack.enter_context(say.merges_bar(disable=arguments.json))
            tokenizers[LIBRARY] = tokenization.train_alike(tokenizer, opened, progress=bar)
    documents = [text for path in text_files.find_files(arguments.texts)
                 for text in text_files.read_texts(path)]  # fmt: skip
    fits = {name: tokenization.fit(other, documents) for name, other in tokenizers.items()}
    if arguments.json:
        for name, fit in fits.items():
            say.emit({"tokenizer": name, "vocab_size": tokenizers[name].vocab_size, **fit._asdict()})
    else:
        show_fits(fits, tokenizers)
    right = LIBRARY not in tokenizers or show_merges(tokenizer, tokenizers[LIBRARY], as_json=arguments.json)
    return 0 if right and fits[arguments.tokenizer].whole else 1


def show_fits(fits, tokenizers):
    width = max(map(len, fits))
    titles = f"{'vocabulário':>13}{'bytes/token':>13}{'tokens/palavra':>16}{'cobertura':>11}  volta igual"
    print(f"{'':{width}}{titles}")
    for name, fit in fits.items():
        figures = f"{say.decimal(fit.bytes_per_token):>13}{say.decimal(fit.tokens_per_word):>16}"
        size, coverage = say.thousands(tokenizers[name].vocab_size), say.decimal(100 * fit.coverage, 1)
        print(f"{name:{width}}{size:>13}{figures}{coverage:>9} %  {'sim' if fit.whole else 'não'}")


def show_merges(tokenizer, library, *, as_json):
    """Say whether a tokenizer has the merges that the library learned from the same text; give whether it has."""
    same, count = tokenization.same_merges(tokenizer, library), len(library.merges)
    equal = same == count == len(tokenizer.merges)
    if as_json:
        say.emit({"same_merges": same, "merges": len(tokenizer.merges), "library_merges": count})
    elif equal:
        print(f"\nfusões: as {say.thousands(count)} são as que a biblioteca aprende do mesmo texto")
    else:
        print(f"\nfusões: até a {same}ª, as mesmas da biblioteca; na {same + 1}ª, {merge_of(tokenizer, same)} "
              f"aqui e {merge_of(library, same)} na biblioteca")  # fmt: skip
    return equal


def merge_of(tokenizer, number):
    """A merge as a person reads it."""
    if number >= len(tokenizer.merges):
        return "nenhuma"
    left, right = (tokenizer.vocabulary[token].decode(errors="replace") for token in tokenizer.merges[number])
    return f"{left!r} + {right!r}"


def opened_in(stack, paths):
    """Files and folders -> list of binary files, which the stack closes; "-" is the standard input."""
    found = text_files.find_files(path for path in paths if path != "-")
    return [*(stack.enter_context(path.open("rb")) for path in found), *([sys.stdin.buffer] if "-" in paths else [])]


def declare_tokenizer(parser):
    group = add_commands(parser)
    p = add_command(group, "train", "treina um tokenizador sobre arquivos de texto", train_command, json=True)
    p.add_argument(
        "files", nargs="+", metavar="ENTRADA", help='arquivos em UTF-8, ou pastas com arquivos .txt; "-" lê a entrada'
    )
    p.add_argument("--vocab-size", type=positive, default=4096, help="tamanho do vocabulário (padrão: 4096)")
    p.add_argument("--kind", choices=files.KINDS, default="bpe", help="de que tipo (padrão: bpe)")
    p.add_argument("--pattern", choices=list(PATTERNS), help="o corte em palavras do BPE (padrão: gpt2)")
    p.add_argument(
        "--out",
        metavar="ARQUIVO",
        default="tokenizer.json",
        help="arquivo .json a escrever (padrão: tokenizer.json)",
    )
    add_mine(p)
    p = add_command(group, "encode", "mostra os tokens de um texto", encode_command, json=True)
    p.add_argument("tokenizer", metavar="TOKENIZADOR", help="um tokenizer.json, ou a pasta de um treino")
    p.add_argument("text", metavar="TEXTO", help="o texto")
    add_mine(p)
    p = add_command(group, "decode", "mostra o texto de uma lista de tokens", decode_command, json=True)
    p.add_argument("tokenizer", metavar="TOKENIZADOR", help="um tokenizer.json, ou a pasta de um treino")
    p.add_argument("ids", metavar="ID", nargs="+", type=whole(0, 2**31 - 1), help="o número de um token")
    add_mine(p)
    p = add_command(group, "convert", "passa um tokenizador de um formato para outro", convert_command, json=True)
    source = "um .json, um .tiktoken ou uma pasta com vocab.json e merges.txt"
    p.add_argument("source", metavar="ENTRADA", help=source)
    p.add_argument("out", metavar="SAÍDA", help="o que escrever: NOME.json, NOME.tiktoken ou uma pasta nova")
    pattern = "o corte em palavras, que só um .json diz por si mesmo (padrão: gpt2)"
    p.add_argument("--pattern", choices=list(PATTERNS), help=pattern)
    special = "um token especial, que só um .json diz por si mesmo; no .tiktoken, TEXTO=ID se não for o próximo"
    p.add_argument("--special", metavar="TEXTO", action="append", default=[], help=special)
    add_mine(p)

    p = add_command(
        group, "measure", "mede um tokenizador em textos que ele não viu, ao lado de outros", measure_command, json=True
    )
    p.add_argument("tokenizer", metavar="TOKENIZADOR", help="um tokenizer.json, um .tiktoken ou a pasta de um treino")
    texts_help = "textos em que medir, que o tokenizador não tenha visto: arquivos, ou pastas com arquivos .txt"
    p.add_argument("texts", nargs="+", metavar="TEXTO", help=texts_help)
    against = "outro tokenizador: um arquivo, ou um nome do tiktoken, como gpt2 (pode ser repetido)"
    p.add_argument("--against", metavar="OUTRO", action="append", default=[], help=against)
    corpus = "o texto do treino: confere se as fusões são as que a biblioteca aprende dele (pode ser repetido)"
    p.add_argument("--corpus", metavar="ARQUIVO", action="append", default=[], help=corpus)
