"""Commands on text: tokenizers and corpora."""

import contextlib
import json
import sys

from tinyllm import console
from tinyllm.backend import cores
from tinyllm.commands import data
from tinyllm.commands.training import MINE
from tinyllm.data import corpora
from tinyllm.errors import UsageError
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
    """A corpus as it is written: an empty line after each text, or label, tab and text, or one JSON object a line."""
    request = {"split": arguments.split, "seed": arguments.seed}
    texts = corpora.CORPORA[arguments.corpus](arguments.count, **request)
    names, make = corpora.PAIRS.get(arguments.corpus, (("text",), None))
    if arguments.json:
        records = make(arguments.count, **request) if make else ((text,) for text in texts)
        return (json.dumps(dict(zip(names, record, strict=True)), ensure_ascii=False) + "\n" for record in records)
    if "label" in names:
        return (f"{label}\t{text}\n" for text, label in make(arguments.count, **request))
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

    group = add_group(commands, "data", "gera, baixa, limpa, divide e empacota textos")
    p = add_command(group, "generate", data_generate_command, json=True)
    p.add_argument("corpus", choices=sorted(corpora.CORPORA), help="qual corpus")
    p.add_argument("--count", type=positive, default=10, help="quantos textos (padrão: 10)")
    p.add_argument("--split", choices=runs.SPLITS, default="train", help="de qual divisão (padrão: train)")
    p.add_argument("--seed", type=int, default=0, help="semente (padrão: 0)")
    p.add_argument("--out", help="arquivo a escrever (padrão: a tela)")
    data.add_commands(group)
