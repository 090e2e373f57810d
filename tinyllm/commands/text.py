"""Commands on text: tokenizers and corpora."""

import contextlib
import json
import sys
from pathlib import Path

from tinyllm import console
from tinyllm.backend import cores
from tinyllm.commands import data
from tinyllm.commands.training import MINE
from tinyllm.data import corpora
from tinyllm.data import texts as text_files
from tinyllm.errors import UsageError
from tinyllm.evaluate import tokenization
from tinyllm.parser import add_command, add_group, positive
from tinyllm.text import bpe, files, words
from tinyllm.text.pretokenize import PATTERNS
from tinyllm.train import run as runs


@data.with_pieces
def tokenizer_train_command(arguments):
    """treina um tokenizador sobre arquivos de texto"""
    if arguments.pattern and arguments.kind != "bpe":
        raise UsageError(f"a tokenizer of kind {arguments.kind} has no --pattern; leave it out")
    with contextlib.ExitStack() as stack:
        opened = [stack.enter_context(open_binary(path)) for path in arguments.files]
        opened = stack.enter_context(console.reading_bar(opened, disable=arguments.json))
        if arguments.kind == "bpe":
            tokenizer = bpe.train_files(
                opened,
                arguments.vocab_size,
                special_tokens=(runs.END,),
                pattern=arguments.pattern or "gpt2",
                workers=cores(),
                progress=stack.enter_context(console.merges_bar(disable=arguments.json)),
            )
        else:
            chunks = (chunk for file in opened for chunk in words.only_utf8(file.name, words.chunks_of_file(file)))
            texts = (text for chunk in chunks for text in chunk.texts())
            tokenizer = files.train(arguments.kind, texts, arguments.vocab_size, special_tokens=(runs.END,))
    tokenizer.save(arguments.out)
    if arguments.json:
        console.emit({"vocab_size": tokenizer.vocab_size, "out": arguments.out})
    else:
        print(f"{arguments.out}: {console.thousands(tokenizer.vocab_size)} tokens")


@data.with_pieces
def tokenizer_encode_command(arguments):
    """mostra os tokens de um texto"""
    tokenizer = files.load(arguments.tokenizer)
    ids = tokenizer.encode(arguments.text).tolist()
    pieces = [tokenizer.decode([i]) for i in ids]
    if arguments.json:
        console.emit({"ids": ids, "pieces": pieces})
        return
    print(" ".join(map(str, ids)))
    print("│".join(pieces))
    size = len(arguments.text.encode("utf-8", "replace"))
    console.tell(
        f"{len(ids)} tokens, {size} bytes" + (f": {console.decimal(size / len(ids))} bytes por token" if ids else "")
    )


@data.with_pieces
def tokenizer_decode_command(arguments):
    """mostra o texto de uma lista de tokens"""
    text = files.load(arguments.tokenizer).decode(arguments.ids)
    if arguments.json:
        console.emit({"text": text})
    else:
        print(text)


@data.with_pieces
def tokenizer_convert_command(arguments):
    """passa um tokenizador de um formato para outro"""
    tokenizer = files.load(arguments.source, pattern=arguments.pattern, special_tokens=arguments.special)
    files.save(tokenizer, arguments.out)
    if arguments.json:
        console.emit({"vocab_size": tokenizer.vocab_size, "out": arguments.out})
    else:
        print(f"{arguments.out}: {console.thousands(tokenizer.vocab_size)} tokens")


LIBRARY = "a biblioteca"  # how the tokenizer that it trains for a comparison is called


def tokenizer_measure_command(arguments):
    """mede um tokenizador em textos que ele não viu, ao lado de outros"""
    tokenizers = {str(name): tokenization.find(name) for name in (arguments.tokenizer, *arguments.against)}
    tokenizer = tokenizers[arguments.tokenizer]
    if arguments.corpus:
        with contextlib.ExitStack() as stack:
            opened = [stack.enter_context(open_binary(path)) for path in arguments.corpus]
            bar = stack.enter_context(console.merges_bar(disable=arguments.json))
            tokenizers[LIBRARY] = tokenization.train_alike(tokenizer, opened, progress=bar)
    documents = [text for path in text_files.find_files(arguments.texts)
                 for text in text_files.read_texts(path)]  # fmt: skip
    fits = {name: tokenization.fit(other, documents) for name, other in tokenizers.items()}
    if arguments.json:
        for name, fit in fits.items():
            console.emit({"tokenizer": name, "vocab_size": tokenizers[name].vocab_size, **fit._asdict()})
    else:
        show_fits(fits, tokenizers)
    right = LIBRARY not in tokenizers or show_merges(tokenizer, tokenizers[LIBRARY], as_json=arguments.json)
    return 0 if right and fits[arguments.tokenizer].whole else 1


def show_fits(fits, tokenizers):
    width = max(map(len, fits))
    titles = f"{'vocabulário':>13}{'bytes/token':>13}{'tokens/palavra':>16}{'cobertura':>11}  volta igual"
    print(f"{'':{width}}{titles}")
    for name, fit in fits.items():
        figures = f"{console.decimal(fit.bytes_per_token):>13}{console.decimal(fit.tokens_per_word):>16}"
        size, coverage = console.thousands(tokenizers[name].vocab_size), console.decimal(100 * fit.coverage, 1)
        print(f"{name:{width}}{size:>13}{figures}{coverage:>9} %  {'sim' if fit.whole else 'não'}")


def show_merges(tokenizer, library, *, as_json):
    """Say whether a tokenizer has the merges that the library learned from the same text; give whether it has."""
    same, count = tokenization.same_merges(tokenizer, library), len(library.merges)
    equal = same == count == len(tokenizer.merges)
    if as_json:
        console.emit({"same_merges": same, "merges": len(tokenizer.merges), "library_merges": count})
    elif equal:
        print(f"\nfusões: as {console.thousands(count)} são as que a biblioteca aprende do mesmo texto")
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


def data_generate_command(arguments):
    """gera um corpus em português"""
    records = generated(arguments)
    if arguments.out is None:
        for record in records:
            print(record, end="")
        return
    with open(arguments.out, "w", encoding="utf-8") as file:
        file.writelines(records)
    console.tell(f"{arguments.out}: {console.thousands(arguments.count)} textos")


def generated(arguments):
    """A corpus as it is written: an empty line after each text, or text, tab and label, or one JSON object a line."""
    request = {"split": arguments.split, "seed": arguments.seed}
    texts = corpora.CORPORA[arguments.corpus](arguments.count, **request)
    names, make = corpora.PAIRS.get(arguments.corpus, (("text",), None))
    if arguments.json or Path(arguments.out or "").suffix == ".jsonl":
        records = make(arguments.count, **request) if make else ((text,) for text in texts)
        return (json.dumps(dict(zip(names, record, strict=True)), ensure_ascii=False) + "\n" for record in records)
    if "label" in names:
        return (f"{text}\t{label}\n" for text, label in make(arguments.count, **request))
    return (text + "\n\n" for text in texts)


def open_binary(path):
    """A file, or the standard input for "-", as a context."""
    return contextlib.nullcontext(sys.stdin.buffer) if path == "-" else open(path, "rb")


def add_commands(commands):
    group = add_group(commands, "tokenizer", "treina, usa e converte tokenizadores")
    p = add_command(group, "train", tokenizer_train_command, json=True)
    p.add_argument("files", nargs="+", metavar="ARQUIVO", help='arquivos de texto em UTF-8; "-" lê a entrada')
    p.add_argument("--vocab-size", type=positive, default=4096, help="tamanho do vocabulário (padrão: 4096)")
    p.add_argument("--kind", choices=files.KINDS, default="bpe", help="de que tipo (padrão: bpe)")
    p.add_argument("--pattern", choices=list(PATTERNS), help="o corte em palavras do BPE (padrão: gpt2)")
    p.add_argument("--out", default="tokenizer.json", help="arquivo a escrever (padrão: tokenizer.json)")
    p.add_argument("--mine", action="store_true", help=MINE)
    p = add_command(group, "encode", tokenizer_encode_command, json=True)
    p.add_argument("tokenizer", metavar="TOKENIZADOR", help="um tokenizer.json, ou a pasta de um treino")
    p.add_argument("text", metavar="TEXTO")
    p.add_argument("--mine", action="store_true", help=MINE)
    p = add_command(group, "decode", tokenizer_decode_command, json=True)
    p.add_argument("tokenizer", metavar="TOKENIZADOR", help="um tokenizer.json, ou a pasta de um treino")
    p.add_argument("ids", metavar="ID", nargs="+", type=int)
    p.add_argument("--mine", action="store_true", help=MINE)
    p = add_command(group, "convert", tokenizer_convert_command, json=True)
    source = "um .json, um .tiktoken ou uma pasta com vocab.json e merges.txt"
    p.add_argument("source", metavar="ENTRADA", help=source)
    p.add_argument("out", metavar="SAÍDA", help="o que escrever: NOME.json, NOME.tiktoken ou uma pasta nova")
    pattern = "o corte em palavras, que só um .json diz por si mesmo (padrão: gpt2)"
    p.add_argument("--pattern", choices=list(PATTERNS), help=pattern)
    special = "um token especial, que só um .json diz por si mesmo; no .tiktoken, TEXTO=ID se não for o próximo"
    p.add_argument("--special", metavar="TEXTO", action="append", default=[], help=special)
    p.add_argument("--mine", action="store_true", help=MINE)

    p = add_command(group, "measure", tokenizer_measure_command, json=True)
    p.add_argument("tokenizer", metavar="TOKENIZADOR", help="um tokenizer.json, um .tiktoken ou a pasta de um treino")
    texts_help = "textos em que medir, que o tokenizador não tenha visto: arquivos, ou pastas com arquivos .txt"
    p.add_argument("texts", nargs="+", metavar="TEXTO", help=texts_help)
    against = "outro tokenizador: um arquivo, ou um nome do tiktoken, como gpt2 (pode ser repetido)"
    p.add_argument("--against", metavar="OUTRO", action="append", default=[], help=against)
    corpus = "o texto do treino: confere se as fusões são as que a biblioteca aprende dele (pode ser repetido)"
    p.add_argument("--corpus", metavar="ARQUIVO", action="append", default=[], help=corpus)

    group = add_group(commands, "data", "gera, baixa, limpa, divide e empacota textos")
    p = add_command(group, "generate", data_generate_command, json=True)
    p.add_argument("corpus", choices=sorted(corpora.CORPORA), help="qual corpus")
    p.add_argument("--count", type=positive, default=10, help="quantos textos (padrão: 10)")
    p.add_argument("--split", choices=runs.SPLITS, default="train", help="de qual divisão (padrão: train)")
    p.add_argument("--seed", type=int, default=0, help="semente (padrão: 0)")
    p.add_argument("--out", help="arquivo a escrever (padrão: a tela)")
    data.add_commands(group)
