"""Commands that race: how fast this machine trains and tokenizes, beside others on the same work."""

from tinyllm.bench import bpe, finetuning, int8, kernels, memory, nf4, training
from tinyllm.compress.int8 import Int8Config
from tinyllm.config import add_options, from_dict, given_options
from tinyllm.models.catalog import MODELS
from tinyllm.parser import add_command, add_commands, up_to
from tinyllm.show.bench import bench_bpe, bench_int8, bench_kernels, bench_memory, bench_nf4, bench_training

MEMORY = [*memory.WAYS, *finetuning.CASES]


def train_command(arguments):
    bench_training(
        arguments.case or training.cases_of(arguments.model), against=arguments.against, workers=arguments.workers,
        races=arguments.races, steps=arguments.steps, as_json=arguments.json,
    )  # fmt: skip


def kernels_command(arguments):
    names = arguments.case or list(kernels.KERNELS)
    bench_kernels(
        names, against=arguments.against, races=arguments.races, steps=arguments.steps, as_json=arguments.json
    )


def memory_command(arguments):
    bench_memory(arguments.case or MEMORY, workers=arguments.workers, steps=arguments.steps, as_json=arguments.json)


def bpe_command(arguments):
    bench_bpe(
        arguments.case or list(bpe.CASES), against=arguments.against, megabytes=arguments.megabytes,
        workers=arguments.workers, races=arguments.races, as_json=arguments.json,
    )  # fmt: skip


def int8_command(arguments):
    group = from_dict(Int8Config, given_options(arguments, Int8Config)).group
    bench_int8(
        arguments.case or list(int8.CASES), against=arguments.against, group=group, workers=arguments.workers,
        races=arguments.races, steps=arguments.steps, as_json=arguments.json,
    )  # fmt: skip


def nf4_command(arguments):
    bench_nf4(
        arguments.case or list(nf4.CASES), against=arguments.against, workers=arguments.workers,
        races=arguments.races, steps=arguments.steps, as_json=arguments.json,
    )  # fmt: skip


def declare_bench(parser):
    group = add_commands(parser)
    p = add_command(
        group, "train", "mede o treino: tokens por segundo, memória, comparação com o PyTorch", train_command, json=True
    )
    p.add_argument("--against", choices=list(training.PEERS), help="com quem comparar (padrão: torch, se instalado)")
    p.add_argument("--model", choices=list(MODELS), default="gpt", help="os tamanhos deste modelo (padrão: gpt)")
    p.add_argument("--case", action="append", choices=list(training.CASES), help="só este tamanho (pode ser repetido)")
    p.add_argument("--steps", type=up_to(10_000), default=20, help="passos de cada rodada (padrão: 20)")
    p.add_argument("--workers", type=up_to(1024), default=0, help="quantas threads (padrão: uma por núcleo)")
    p.add_argument("--races", type=up_to(100), default=3, help="quantas rodadas (padrão: 3)")
    p = add_command(
        group,
        "kernels",
        "mede cada rotina compilada, ao lado da mesma conta em NumPy ou no PyTorch",
        kernels_command,
        json=True,
    )
    p.add_argument("--against", choices=list(kernels.PEERS), help="com quem comparar (padrão: numpy)")
    p.add_argument("--case", action="append", choices=list(kernels.KERNELS), help="só esta rotina (pode ser repetido)")
    p.add_argument("--steps", type=up_to(10_000), default=10, help="medidas em cada rodada (padrão: 10)")
    p.add_argument("--races", type=up_to(100), default=3, help="quantas rodadas (padrão: 3)")
    p = add_command(
        group,
        "memory",
        "mede o que poupa memória no treino: quanto resta, e quanto tempo custa",
        memory_command,
        json=True,
    )
    p.add_argument("--case", action="append", choices=MEMORY, help="só este modo (pode ser repetido)")
    p.add_argument("--steps", type=up_to(10_000), default=5, help="passos de cada lado (padrão: 5)")
    p.add_argument("--workers", type=up_to(1024), default=0, help="quantas threads (padrão: uma por núcleo)")
    p = add_command(
        group,
        "bpe",
        "mede o tokenizador: treinar, codificar, cortar em palavras, ao lado de outros",
        bpe_command,
        json=True,
    )
    p.add_argument("--against", choices=bpe.PEERS, default="none", help="com quem comparar (padrão: com ninguém)")
    p.add_argument("--case", action="append", choices=list(bpe.CASES), help="só este trabalho (pode ser repetido)")
    p.add_argument("--megabytes", type=up_to(10_000), default=100, help="quanto texto gerar (padrão: 100)")
    p.add_argument("--workers", type=up_to(1024), default=0, help="threads para treinar (padrão: uma por núcleo)")
    p.add_argument("--races", type=up_to(100), default=3, help="quantas rodadas (padrão: 3)")
    p = add_command(
        group,
        "int8",
        "mede o que um token custa a um modelo em int8, ao lado de só ler os pesos, ou do float32",
        int8_command,
        json=True,
    )
    p.add_argument("--against", choices=list(int8.PEERS), default="bandwidth", help="ao lado de quê (padrão: só ler)")
    p.add_argument("--case", action="append", choices=list(int8.CASES), help="só este tamanho (pode ser repetido)")
    p.add_argument("--workers", type=up_to(1024), default=0, help="quantas threads (padrão: uma por núcleo)")
    p.add_argument("--steps", type=up_to(10_000), default=10, help="medidas em cada rodada (padrão: 10)")
    p.add_argument("--races", type=up_to(100), default=3, help="quantas rodadas (padrão: 3)")
    add_options(p, Int8Config)
    p = add_command(
        group,
        "nf4",
        "mede o produto por uma matriz em NF4, num lote de treino e num token, ao lado do float32",
        nf4_command,
        json=True,
    )
    p.add_argument("--against", choices=list(nf4.PEERS), default="float32", help="ao lado de quê (padrão: float32)")
    p.add_argument("--case", action="append", choices=list(nf4.CASES), help="só este tamanho (pode ser repetido)")
    p.add_argument("--workers", type=up_to(1024), default=0, help="quantas threads (padrão: uma por núcleo)")
    p.add_argument("--steps", type=up_to(10_000), default=10, help="medidas em cada rodada (padrão: 10)")
    p.add_argument("--races", type=up_to(100), default=3, help="quantas rodadas (padrão: 3)")
