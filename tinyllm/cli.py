"""The command line: a function per command, its options derived from the config dataclasses."""

import argparse
import contextlib
import dataclasses
import errno
import os
import shlex
import sys
from pathlib import Path

from tinyllm import __version__, console, doctor, quickstart
from tinyllm.bench import kernels, report, training
from tinyllm.compare import SETTINGS, STEPS, TEXTS, compare_models
from tinyllm.config import add_options, add_options_of_one, from_dict, given_options, option_of
from tinyllm.course import catalog
from tinyllm.course import commands as course
from tinyllm.course.compare import compare
from tinyllm.course.swap import mine
from tinyllm.data import corpora
from tinyllm.errors import UsageError
from tinyllm.estimate_report import show_estimate
from tinyllm.infer.generate import generate, until
from tinyllm.infer.sample import SampleConfig, sampler
from tinyllm.models.catalog import MODELS, name_of
from tinyllm.parser import add_command, add_group, new_parser, positive, sentence, up_to
from tinyllm.profile import Profile
from tinyllm.text import bpe
from tinyllm.train import run as runs
from tinyllm.train.loop import TrainConfig


def main(argv=None):
    """Run a command. Returns its exit status: 0, 2 for a mistake of the caller, 130 when Ctrl-C ended it."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    parser = build_parser()
    arguments = parser.parse_args(argv)
    if "command" not in arguments:
        parser.print_help()
        return 0
    try:
        return arguments.command(arguments) or 0
    except BrokenPipeError:  # whoever read the output has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (UsageError, OSError, MemoryError) as error:
        print(f"{arguments.name}: error: {explain(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"{arguments.name}: stopped", file=sys.stderr)
        return 130
    except Exception as error:
        where = traceback_line(error)
        print(f"{arguments.name}: internal error: {type(error).__name__}: {error} ({where}); "
              "please report it", file=sys.stderr)  # fmt: skip
        return 1


def explain(error):
    """One line about an error that is the caller's or the machine's: what, where, and what to do."""
    if isinstance(error, MemoryError):
        return "out of memory; lower --batch, --context or --width"
    if isinstance(error, OSError):
        mends = {
            errno.ENOSPC: "free some space and go on with --resume; what was saved before is intact",
            errno.EACCES: "choose a place you may write to",
            errno.EEXIST: "a file stands there; choose another place",
            errno.ENOENT: "check the path",
            errno.EISDIR: "give a file, not a folder",
            errno.ENOTDIR: "a file stands where a folder should be; choose another place",
        }
        where = f"{error.filename}: " if error.filename else ""
        mend = mends.get(error.errno)
        return f"{where}{error.strerror or error}" + (f"; {mend}" if mend else "")
    return " ".join(str(error).split())


def traceback_line(error):
    """The file and line where an error arose."""
    step = error.__traceback__
    while step.tb_next:
        step = step.tb_next
    return f"{Path(step.tb_frame.f_code.co_filename).name}:{step.tb_lineno}"


MINE = "usa, no lugar das peças da biblioteca, as suas que estão certas"
COURSE_ACTIONS = {
    "list": "mostra os exercícios e o que vem a seguir",
    "test": "testa um exercício",
    "watch": "testa cada exercício quando o seu arquivo é salvo",
    "hint": "dá uma dica",
    "solution": "mostra a solução",
    "compare": "põe lado a lado a sua versão, a solução e a biblioteca",
    "reset": "põe o exercício de volta no começo e guarda o que havia",
}

# ------------------------------------------------------------------------------------------------------------ commands


def quickstart_command(arguments):
    """do texto ao modelo que escreve, em cerca de dois minutos"""
    return quickstart.quickstart(
        arguments.out, steps=arguments.steps, texts=arguments.texts, seed=arguments.seed, as_json=arguments.json
    )


def train_command(arguments):
    """treina um modelo, ou continua um treino"""
    with mine() if arguments.mine else contextlib.nullcontext():
        return train_or_resume(arguments)


def train_or_resume(arguments):
    if arguments.resume:
        run = resumed(arguments)
        console.announce(run.model_config, run.training)
    else:
        data, model, training = (
            from_dict(kind, given_options(arguments, kind))
            for kind in (runs.DataConfig, chosen_model(arguments), TrainConfig)
        )
        console.announce(model, training)
        run = runs.create(arguments.out, data, model, training, say=lambda stage: console.tell(f"Preparando {stage}…"))
    console.compile_kernels(run.model_config)
    profile = Profile() if arguments.profile else None
    status = console.train_showing(run, as_json=arguments.json, profile=profile)
    if status == 0:
        folder = shlex.quote(str(run.folder))
        console.tell(f'pronto; para ler o que ele escreve: tinyllm generate {folder} --prompt "Era uma vez"')
    return status


def chosen_model(arguments):
    """The class of configuration of the model to train. Raises UsageError for an option that only others have."""
    name = arguments.model if "model" in arguments else "gpt"
    kind = MODELS[name].config
    given = {option for other, _ in MODELS.values() for option in given_options(arguments, other)}
    foreign = sorted(given - given_options(arguments, kind).keys())
    if foreign:
        raise UsageError(
            f"the model {name} has no {', '.join(map(option_of, foreign))}; leave it out or choose another --model"
        )
    return kind


def resumed(arguments):
    """The run to go on with: as it was recorded, but for the number of steps."""
    kinds = (runs.DataConfig, TrainConfig, *(kind for kind, _ in MODELS.values()))
    given = {name for kind in kinds for name in given_options(arguments, kind)} | ({"model"} & vars(arguments).keys())
    if given - {"steps"}:
        names = ", ".join(map(option_of, sorted(given - {"steps"})))
        raise UsageError(
            f"{names} cannot change in a run that is resumed, only --steps can; leave it out or begin a new run"
        )
    run = runs.open_run(arguments.resume)
    if "steps" in arguments and arguments.steps != run.training.steps:
        run.training = from_dict(TrainConfig, {**dataclasses.asdict(run.training), "steps": arguments.steps})
        runs.save_config(run)
    return run


def estimate_command(arguments):
    """diz quanta memória um modelo pede, e o maior lote que cabe"""
    stored, training = {}, {}
    if arguments.run:
        if "model" in arguments:
            raise UsageError(f"--model cannot change in the run {arguments.run}; leave out one of the two")
        run = runs.open_run(arguments.run)
        arguments.model = name_of(run.model_config)
        stored, training = dataclasses.asdict(run.model_config), dataclasses.asdict(run.training)
    kind = chosen_model(arguments)
    model = from_dict(kind, {**stored, **given_options(arguments, kind)})
    training = from_dict(TrainConfig, {**training, **given_options(arguments, TrainConfig)})
    with mine() if arguments.mine else contextlib.nullcontext():
        show_estimate(model, training, tokens=arguments.tokens, as_json=arguments.json)


def compare_command(arguments):
    """treina vários modelos no mesmo texto e os põe lado a lado"""
    return compare_models(
        arguments.models or list(SETTINGS), arguments.out, steps=arguments.steps, texts=arguments.texts,
        seed=arguments.seed, picture=arguments.plot, as_json=arguments.json,
    )  # fmt: skip


def generate_command(arguments):
    """escreve a continuação de um texto"""
    with mine() if arguments.mine else contextlib.nullcontext():
        generate_texts(arguments)


def generate_texts(arguments):
    run = runs.open_run(arguments.run)
    model = run.trained_model(warn=console.tell)
    config = from_dict(SampleConfig, given_options(arguments, SampleConfig))
    for number in range(arguments.count):
        choose = sampler(dataclasses.replace(config, seed=config.seed + number))
        prompt = [run.end_id, *run.tokenizer.encode(arguments.prompt)]
        ids = generate(model, prompt, choose=choose, max_tokens=arguments.max_tokens, stop_id=run.end_id)
        pieces = until(run.tokenizer.stream(ids), arguments.stop)
        if arguments.json:
            text = "".join(pieces)
            console.emit({"prompt": arguments.prompt, "text": text, "seed": config.seed + number})
            continue
        print(arguments.prompt, end="", flush=True)
        for piece in pieces:
            print(piece, end="", flush=True)
        print("\n" if number + 1 < arguments.count else "")


def tokenizer_train_command(arguments):
    """treina um tokenizador BPE sobre arquivos de texto"""
    texts = [read_text(path) for path in arguments.files]
    tokenizer = bpe.train(texts, arguments.vocab_size, special_tokens=(runs.END,))
    tokenizer.save(arguments.out)
    if arguments.json:
        console.emit({"vocab_size": tokenizer.vocab_size, "out": arguments.out})
    else:
        print(f"{arguments.out}: {console.thousands(tokenizer.vocab_size)} tokens")


def tokenizer_encode_command(arguments):
    """mostra os tokens de um texto"""
    tokenizer = bpe.load(find_tokenizer(arguments.tokenizer))
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


def tokenizer_decode_command(arguments):
    """mostra o texto de uma lista de tokens"""
    text = bpe.load(find_tokenizer(arguments.tokenizer)).decode(arguments.ids)
    if arguments.json:
        console.emit({"text": text})
    else:
        print(text)


def data_generate_command(arguments):
    """gera um corpus em português"""
    texts = corpora.CORPORA[arguments.corpus](arguments.count, split=arguments.split, seed=arguments.seed)
    if arguments.out is None:
        for text in texts:
            print(text, end="\n\n")
        return
    with open(arguments.out, "w", encoding="utf-8") as file:
        for text in texts:
            file.write(text + "\n\n")
    console.tell(f"{arguments.out}: {console.thousands(arguments.count)} textos")


def bench_train_command(arguments):
    """mede o treino: tokens por segundo, memória, comparação com o PyTorch"""
    report.bench_training(
        arguments.case or list(training.CASES), against=arguments.against, workers=arguments.workers,
        races=arguments.races, steps=arguments.steps, as_json=arguments.json,
    )  # fmt: skip


def bench_kernels_command(arguments):
    """mede cada rotina compilada, ao lado da mesma conta em NumPy ou no PyTorch"""
    names = arguments.case or list(kernels.KERNELS)
    report.bench_kernels(
        names, against=arguments.against, races=arguments.races, steps=arguments.steps, as_json=arguments.json
    )


def course_command(arguments):
    """o curso: onde estou, o que vem a seguir, testar, dicas"""
    folder = catalog.course_folder()
    exercises = catalog.read_exercises(folder)
    action = arguments.action
    if action == "list":
        return course.show(folder, exercises, as_json=arguments.json)
    if action == "watch":
        return course.watch(folder, exercises)
    exercise = catalog.find(exercises, arguments.exercise)
    if action == "hint":
        return course.hint(folder, exercise, arguments.level)
    if action == "compare":
        return compare(folder, exercise, as_json=arguments.json)
    if action == "solution":
        return course.solution(folder, exercise, anyway=arguments.anyway)
    return {"test": course.test, "reset": course.reset}[action](folder, exercise)


def doctor_command(arguments):
    """examina esta máquina: o que há, o que falta, o que fazer"""
    found = doctor.examine()
    if arguments.json:
        console.emit({name: {"found": what, "mend": mend} for name, what, mend in found})
        return
    for name, what, mend in found:
        print(f"{'!' if mend else '✓'} {name + ':':22} {what}" + (f"\n    → {mend}" if mend else ""))


def read_text(path):
    """The text of a UTF-8 file, or of the standard input for "-"."""
    if path == "-":
        return sys.stdin.read()
    try:
        return Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 at byte {error.start}; convert it, for example with iconv") from None


def find_tokenizer(path):
    """The tokenizer.json of a path that may also be the folder of a run."""
    return Path(path) / "tokenizer.json" if Path(path).is_dir() else Path(path)


# -------------------------------------------------------------------------------------------------------------- options


def build_parser():
    """The parser of every command. Each sets `command`, the function to call, and `name`."""
    about = "tinyllm: um modelo de linguagem construído do zero."
    parser = new_parser(
        argparse.ArgumentParser, prog="tinyllm", description=about, epilog="Comece por: tinyllm quickstart"
    )
    parser.add_argument("--version", action="version", version=f"tinyllm {__version__}", help="mostra a versão")
    commands = parser.add_subparsers(title="comandos", metavar="COMANDO")

    p = add_command(commands, "quickstart", quickstart_command, json=True)
    p.add_argument("--out", default="runs/quickstart", help="pasta do treino (padrão: runs/quickstart)")
    p.add_argument("--steps", type=positive, default=quickstart.STEPS, help=f"passos (padrão: {quickstart.STEPS})")
    p.add_argument(
        "--texts", type=positive, default=quickstart.TEXTS, help=f"contos gerados (padrão: {quickstart.TEXTS})"
    )
    p.add_argument("--seed", type=int, default=0, help="semente de todo o acaso (padrão: 0)")

    p = add_command(commands, "train", train_command, json=True)
    place = p.add_mutually_exclusive_group(required=True)
    place.add_argument("--out", help="pasta do novo treino")
    place.add_argument("--resume", metavar="PASTA", help="continua o treino desta pasta, do último checkpoint")
    p.add_argument("--profile", action="store_true", help="mostra, no fim, quanto tempo levou cada operação")
    p.add_argument("--mine", action="store_true", help=MINE)
    p.add_argument("--model", choices=list(MODELS), default=argparse.SUPPRESS, help="qual modelo (padrão: gpt)")
    add_options(p, runs.DataConfig)
    add_options_of_one(p, {name: kind for name, (kind, _) in MODELS.items()})
    add_options(p, TrainConfig)

    p = add_command(commands, "estimate", estimate_command, json=True)
    p.add_argument("run", metavar="PASTA", nargs="?", help="pasta de um treino (padrão: um modelo novo)")
    for name, help in (
        ("batch", f"quantas janelas por lote (padrão: {TrainConfig.batch}, ou o do treino)"),
        ("accumulate", "quantos lotes por passo (padrão: 1, ou o do treino)"),
        ("workers", "quantas threads (padrão: uma por núcleo, ou as do treino)"),
    ):
        p.add_argument(f"--{name}", type=int, metavar="N", default=argparse.SUPPRESS, help=help)
    p.add_argument("--tokens", type=positive, metavar="N", help="tokens do KV cache (padrão: o contexto)")
    p.add_argument("--mine", action="store_true", help=MINE)
    p.add_argument("--model", choices=list(MODELS), default=argparse.SUPPRESS, help="qual modelo (padrão: gpt)")
    add_options_of_one(p, {name: kind for name, (kind, _) in MODELS.items()})

    p = add_command(commands, "compare", compare_command, json=True)
    p.add_argument("models", nargs="*", metavar="MODELO", help=f"quais: {', '.join(SETTINGS)} (padrão: todos)")
    p.add_argument("--out", default="runs/compare", help="pasta dos treinos (padrão: runs/compare)")
    p.add_argument("--steps", type=positive, default=STEPS, help=f"passos de cada um (padrão: {STEPS})")
    p.add_argument("--texts", type=positive, default=TEXTS, help=f"contos gerados (padrão: {TEXTS})")
    p.add_argument("--seed", type=int, default=0, help="semente de todo o acaso (padrão: 0)")
    p.add_argument("--plot", metavar="ARQUIVO", help="desenha as curvas neste arquivo, .svg ou .png")

    p = add_command(commands, "generate", generate_command, json=True)
    p.add_argument("run", metavar="PASTA", help="pasta de um treino")
    p.add_argument("--prompt", default="", help="começo do texto (padrão: nenhum)")
    p.add_argument("--max-tokens", type=positive, default=300, help="o maior número de tokens (padrão: 300)")
    p.add_argument("--stop", action="append", default=[], help="para antes deste texto (pode ser repetido)")
    p.add_argument("--count", type=positive, default=1, help="quantos textos (padrão: 1)")
    p.add_argument("--mine", action="store_true", help=MINE)
    add_options(p, SampleConfig)

    group = add_group(commands, "tokenizer", "treina e usa tokenizadores BPE")
    p = add_command(group, "train", tokenizer_train_command, json=True)
    p.add_argument("files", nargs="+", metavar="ARQUIVO", help='arquivos de texto em UTF-8; "-" lê a entrada')
    p.add_argument("--vocab-size", type=positive, default=4096, help="tamanho do vocabulário (padrão: 4096)")
    p.add_argument("--out", default="tokenizer.json", help="arquivo a escrever (padrão: tokenizer.json)")
    p = add_command(group, "encode", tokenizer_encode_command, json=True)
    p.add_argument("tokenizer", metavar="TOKENIZADOR", help="um tokenizer.json, ou a pasta de um treino")
    p.add_argument("text", metavar="TEXTO")
    p = add_command(group, "decode", tokenizer_decode_command, json=True)
    p.add_argument("tokenizer", metavar="TOKENIZADOR", help="um tokenizer.json, ou a pasta de um treino")
    p.add_argument("ids", metavar="ID", nargs="+", type=int)

    group = add_group(commands, "data", "gera os corpora do curso")
    p = add_command(group, "generate", data_generate_command)
    p.add_argument("corpus", choices=sorted(corpora.CORPORA), help="qual corpus")
    p.add_argument("--count", type=positive, default=10, help="quantos textos (padrão: 10)")
    p.add_argument("--split", choices=runs.SPLITS, default="train", help="de qual divisão (padrão: train)")
    p.add_argument("--seed", type=int, default=0, help="semente (padrão: 0)")
    p.add_argument("--out", help="arquivo a escrever (padrão: a tela)")

    p = add_command(commands, "course", course_command, json=True)
    p.set_defaults(action="list")
    actions = p.add_subparsers(title="comandos", metavar="COMANDO")
    for name, help in COURSE_ACTIONS.items():
        p = new_parser(actions.add_parser, name, help=help, description=sentence(help))
        p.set_defaults(action=name, name=p.prog)
        if name in ("list", "compare"):
            p.add_argument("--json", action="store_true", help="escreve JSON")
        if name not in ("list", "watch"):
            p.add_argument("exercise", metavar="EXERCÍCIO", help="por exemplo, m01.e01")
        if name == "hint":
            p.add_argument("--level", type=int, choices=(1, 2, 3), default=1, help="qual das três dicas (padrão: 1)")
        if name == "solution":
            p.add_argument("--anyway", action="store_true", help="mesmo sem ter resolvido")

    add_command(commands, "doctor", doctor_command, json=True)

    group = add_group(commands, "bench", "mede o que esta máquina consegue, em corridas lado a lado")
    p = add_command(group, "train", bench_train_command, json=True)
    p.add_argument("--against", choices=list(training.PEERS), help="com quem comparar (padrão: torch, se instalado)")
    p.add_argument("--case", action="append", choices=list(training.CASES), help="só este tamanho (pode ser repetido)")
    p.add_argument("--steps", type=up_to(10_000), default=20, help="passos de cada corrida (padrão: 20)")
    p.add_argument("--workers", type=positive, default=0, help="quantas threads (padrão: uma por núcleo)")
    p.add_argument("--races", type=up_to(100), default=3, help="quantas corridas (padrão: 3)")
    p = add_command(group, "kernels", bench_kernels_command, json=True)
    p.add_argument("--against", choices=list(kernels.PEERS), help="com quem comparar (padrão: numpy)")
    p.add_argument("--case", action="append", choices=list(kernels.KERNELS), help="só esta rotina (pode ser repetido)")
    p.add_argument("--steps", type=up_to(10_000), default=10, help="medidas em cada corrida (padrão: 10)")
    p.add_argument("--races", type=up_to(100), default=3, help="quantas corridas (padrão: 3)")
    return parser
