"""`tinyllm estimate`: what training a model takes, the largest batch that fits, and what using it takes, as tables."""

import dataclasses

from tinyllm.backend.machine import physical_memory
from tinyllm.errors import UsageError
from tinyllm.memory import estimate
from tinyllm.models import catalog
from tinyllm.optim.adamw import AdamW
from tinyllm.say import counted, emit, megabytes, percent, thousands

WAYS = {  # name: its title, and what it changes of a plan
    "float32": ("float32", {}),
    "float32_recompute": ("recomputando", {"recompute": 1}),
    "float32_offload": ("e em disco", {"offload": "all"}),
    "mixed": ("mista*", {"precision": "mixed"}),
    "mixed_recompute": ("mista recomp.*", {"precision": "mixed", "recompute": 1}),
}
COLUMNS = 5  # of the tables
GPUS = (4, 6, 16)  # GB
PARTS = {
    "weights": "pesos",
    "gradients": "gradientes",
    "optimiser": "otimizador",
    "copies": "cópias dos gradientes",
    "activations": "ativações",
    "logits": "logits",
    "process": "Python e as rotinas",
    "total": "no auge",
    "elsewhere": "em disco",
}
WEIGHTS = {"float32": "float32", "float16": "float16*", "int8": "int8", "int4": "int4", "nf4": "nf4"}


def show_estimate(
    config, training, *, optimizer=AdamW, tokens=None, classify=False, compared=0, tuned=None, as_json=False
):
    """Print the tables, or one JSON object, of a model that learns a language, or to classify, or a language as a
    teacher says, with so many of whose tokens each position is `compared`. Of a fine-tuning `tuned(config, plan)` is
    the estimate.Training.

    Raises UsageError for more `tokens` (the context by default) than fit.
    """
    tokens = tokens or config.context
    if tokens > config.context and not catalog.architecture_of(config).endless:
        raise UsageError(
            f"{tokens} tokens do not fit in a context of {config.context}; raise --context or lower --tokens"
        )
    plan = estimate.plan_of(training, optimizer, classify=classify, compared=compared)._replace(on_gpu=False)
    plain = plan._replace(recompute=0, offload="none", precision="float32")
    estimated = tuned or estimate.training
    ways = {way: of_way for way, of_way in WAYS.items() if not (tuned and "offload" in of_way[1])}  # not estimated
    plans = {way: plain._replace(**changes) for way, (_, changes) in ways.items()}
    titles = {way: title for way, (title, _) in ways.items()}
    if plan != plain:
        plans, titles = {"asked": plan} | plans, {"asked": "como pedido"} | titles
    trainings = {way: estimated(config, each) for way, each in plans.items()}
    batches = {device: {"bytes": memory} | {
        way: estimate.largest_batch(config, each._replace(**changes), memory, estimated) for way, each in plans.items()
    } for device, memory, changes in devices()}  # fmt: skip
    uses = {
        precision: estimate.inference(config, tokens=tokens, precision=precision, classify=classify)
        for precision in WEIGHTS
    }
    learned = trainings["float32"].parameters
    parameters = (estimate.body_parameters if classify else estimate.parameters)(config)
    if as_json:
        emit({
            "model": {"architecture": catalog.name_of(config), **dataclasses.asdict(config)},
            "parameters": parameters, **({"learned": learned} if tuned else {}),
            "batch": plan.batch, "workers": plan.workers, "accumulate": plan.accumulate, "tokens": tokens,
            "training": {way: sizes._asdict() for way, sizes in trainings.items()},
            "largest_batch": batches,
            "inference": {precision: sizes._asdict() for precision, sizes in uses.items()},
        })  # fmt: skip
        return
    size = f"{counted(config.layers, 'bloco')} de largura {thousands(config.width)}"
    print(f"{catalog.name_of(config).upper()} de {size}, {counted(parameters, 'parâmetro')}, "
          f"contexto de {counted(config.context, 'token')}.")  # fmt: skip
    if tuned:
        rest = "; o resto só é lido" if learned < parameters else ""
        print(f"Aprende {thousands(learned)} ({percent(learned / parameters)}){rest}.")
    titles = dict(list(titles.items())[:COLUMNS])
    show_training(trainings, plan, config, titles)
    show_batches(batches, titles)
    show_use(uses, tokens, None if classify else memory_of(config))
    print("\n* estimativa; ainda não medida aqui")


def memory_of(config):
    """The name of what a model keeps of a text that it has read: a state is what does not grow."""
    of_one, of_two = (catalog.architecture_of(config).cache(config, tokens) for tokens in (1, 2))
    return (of_one or None) and ("estado" if of_one == of_two else "KV cache")


def devices():
    """(name, bytes, what it changes of a plan) of each place to train."""
    for gigabytes in GPUS:
        yield f"gpu_{gigabytes}gb", gigabytes << 30, {"on_gpu": True, "workers": 1}
    if memory := physical_memory():
        yield "this_machine", memory, {}


def show_training(trainings, plan, config, titles):
    threads = counted(plan.workers, "thread")
    print(
        f"\nPara treinar aqui com lotes de {thousands(plan.batch)} × {counted(config.context, 'token')} e {threads}\n"
    )
    print(row("", titles.values()))
    away = any(sizes.elsewhere for sizes in trainings.values())
    for part, title in PARTS.items():
        if away or part != "elsewhere":
            print(row(title, (size(getattr(trainings[way], part)) for way in titles)))
    print("\n  Cada parte está no seu maior tamanho. O auge é menor do que a soma: quando chegam as cópias")
    print("  dos gradientes, as ativações já se foram. Recomputar (--recompute 1) é guardar só a entrada de")
    if away:
        print("  cada bloco e fazer o resto outra vez na volta. Em disco (--offload all) ficam também essas")
        print("  entradas, o otimizador e os pesos dos blocos, que só vêm um bloco de cada vez; com uma GPU, em")
        print("  vez do disco, a memória da máquina. Mista é calcular em 16 bits e atualizar em 32.")
    else:
        print("  cada bloco e fazer o resto outra vez na volta. Mista é calcular em 16 bits e atualizar em 32.")


def show_batches(batches, titles):
    print("\nO maior lote que cabe\n")
    print(row("", titles.values()))
    for device, found in batches.items():
        gigabytes = found["bytes"] >> 30
        title = f"esta máquina ({size(found['bytes'])})" if device == "this_machine" else f"GPU de {gigabytes} GB*"
        print(row(title, (thousands(found[way]) for way in titles)))
    if not all(found[way] for found in batches.values() for way in titles):
        print("\n  0: nem um lote de 1 cabe; diminua --layers, --width, --context ou --vocab-size.")


def show_use(uses, tokens, kept):
    print(f"\nPara {'gerar' if kept else 'ler'} um texto de {counted(tokens, 'token')}, sem contar o programa\n")
    print(use_row("", WEIGHTS.values()))
    for part, title in (("weights", "pesos"), *([("cache", kept)] if kept else []), ("total", "ao todo")):
        print(use_row(title, (size(getattr(sizes, part)) for sizes in uses.values())))
    print("\n  Em int8, cada 64 pesos têm uma escala em float32; em int4, uma em float16; em nf4, uma de 8 bits.")
    print("  De 4 bits são só as camadas lineares: em int4 os embeddings são de 8 bits, e em nf4 de float32.")
    if kept == "KV cache":
        print("  Enquanto cresce, o KV cache reserva até o dobro.")


def use_row(title, cells):
    return f"  {title:10}" + "".join(f"{cell:>14}" for cell in cells)


def row(title, cells):
    return f"  {title:23}" + "".join(f"{cell:>15}" for cell in cells)


def size(count):
    """Bytes as text, from KB to as many TB as there are."""
    if count < 1 << 20:
        return f"{-(-count >> 10)} KB"
    return megabytes(count) if count < 1 << 40 else f"{thousands(count >> 40)} TB"
