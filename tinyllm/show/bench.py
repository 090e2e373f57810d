"""What `tinyllm bench` shows: a few lines per case for a person, one JSON object per case for a script."""

import importlib.util
import tempfile

from tinyllm.backend.kernels import numba_version
from tinyllm.backend.machine import IN_MEMORY, file_system
from tinyllm.bench import bpe, finetuning, int8, kernels, memory, nf4, training
from tinyllm.errors import UsageError
from tinyllm.say import counted, decimal, emit, megabytes, tell, thousands

NAMES = {
    "torch": "PyTorch", "torch-compile": "torch.compile", "one-worker": "uma thread", "numpy": "sem compilar",
    "bandwidth": "só ler", "float32": "float32",
}  # fmt: skip


def bench_training(cases, *, against, workers, races, steps, as_json):
    """Race the training cases and show each when it is done.

    Raises UsageError if PyTorch's side of one is asked for and not there.
    """
    alone = [case for case in cases if training.model_of(case) not in training.TWINS]
    if alone and against and against.startswith("torch"):
        raise UsageError(f"--against {against} has no {alone[0]}, only {', '.join(training.TWINS)}; choose another")
    against = "none" if alone and not against else choose_peer(against, otherwise="none")
    for case in cases:
        announce(f"{case}: {counted(races, 'rodada')} de {counted(steps, 'passo')}", against)
        found = race(training.bench, case, against=against, workers=workers, races=races, steps=steps)
        (emit if as_json else show_training)(found)


def bench_kernels(names, *, against, races, steps, as_json):
    """Race the kernels and show each when it is done."""
    against = choose_peer(against or "numpy", otherwise="numpy")
    announce(f"uma thread, ida e volta, {counted(races, 'rodada')} de {counted(steps, 'vez', 'vezes')}", against)
    for name in names:
        found = race(kernels.bench, name, against=against, races=races, steps=steps)
        (emit if as_json else show_kernel)(found)


def bench_memory(ways, *, workers, steps, as_json):
    """Measure each way to save memory beside plain training, QLoRA beside full fine-tuning; show it when it is done."""
    sizes = f"{counted(memory.CONFIG.layers, 'bloco')}, contexto de {counted(memory.CONFIG.context, 'token')}"
    announce(f"GPT de {sizes}: {counted(steps, 'passo')} de cada lado", "none")
    place = tempfile.gettempdir()
    if (kind := file_system(place)) in IN_MEMORY and any("offload" in memory.WAYS.get(way, ()) for way in ways):
        tell(f"Aviso: {place} está em {kind}, que é memória e não disco: o que fica lá custa menos do que custaria num "
             "disco; dê a pasta de um em TMPDIR.")  # fmt: skip
    for way in ways:
        if way in finetuning.CASES:
            found = finetuning.bench(way, steps=steps)
            (emit if as_json else show_finetuning)(found)
        else:
            found = memory.bench(way, workers=workers, steps=steps)
            (emit if as_json else show_memory)(found)


def bench_bpe(cases, *, against, megabytes, workers, races, as_json):
    """Race the tokenizer and show each case when it is done; then, for the longest words, how long they take."""
    if against != "none" and importlib.util.find_spec(against) is None:
        raise UsageError(f"--against {against} needs it: pip install {against}, or choose --against none")
    tell(f"Gerando {megabytes} MB de texto…")
    for case in cases:
        announce(f"{case}: {counted(races, 'rodada')} de {counted(bpe.CASES[case], 'vez', 'vezes')}", against)
        found = bpe.bench(case, against=against, megabytes=megabytes, workers=workers, races=races)
        (emit if as_json else show_bpe)(found)
    seconds = bpe.bench_adversarial()
    if as_json:
        emit({"case": "one-word", "seconds": seconds})
    else:
        times = ", ".join(f"{name}: {decimal(value)} s" for name, value in seconds.items())
        print(f"  codificar 1 MB que é uma palavra só, de  {times}")


def bench_int8(cases, *, against, group, workers, races, steps, as_json):
    """Race the products of a token and show each case when it is done."""
    for case in cases:
        announce(f"{case}: {counted(races, 'rodada')} de {counted(steps, 'vez', 'vezes')}", against)
        options = {"group": group, "workers": workers, "races": races, "steps": steps}
        found = int8.bench(case, against=against, **options)
        (emit if as_json else show_int8)(found)


def bench_nf4(cases, *, against, workers, races, steps, as_json):
    """Race the products with NF4 codes and show each case when it is done."""
    for case in cases:
        announce(f"{case}: {counted(races, 'rodada')} de {counted(steps, 'vez', 'vezes')}", against)
        found = nf4.bench(case, against=against, workers=workers, races=races, steps=steps)
        (emit if as_json else show_kernel)(found)


def choose_peer(against, *, otherwise):
    """The peer asked for; if none was, PyTorch where it is installed. Raises UsageError if it is asked for in vain."""
    installed = importlib.util.find_spec("torch") is not None
    if against and against.startswith("torch") and not installed:
        raise UsageError(f"--against {against} needs PyTorch: pip install torch, or choose --against {otherwise}")
    if not against and not installed:
        tell("O PyTorch não está instalado: sem ele não há com quem comparar (pip install torch).")
    return against or ("torch" if installed else otherwise)


def announce(what, against):
    tell(what + (f", ao lado de: {NAMES[against]}" if against in NAMES else ""))
    if numba_version() is None:
        tell("Sem o Numba nada é compilado: estas medidas são as do NumPy sozinho (pip install numba).")


def race(bench, case, *, against, **options):
    """bench(case, ...), telling how to do without PyTorch if that is what failed."""
    try:
        return bench(case, against=against, **options)
    except UsageError as error:
        hint = "; without PyTorch: --against none" if against.startswith("torch") else ""
        raise UsageError(f"{error}{hint}") from None


def show_training(found):
    peer, against_torch = NAMES.get(found["against"]), found["against"].startswith("torch")
    for side, name in (("ours", "tinyllm"), ("peer", peer)):
        if found[side]:
            speed, peak = thousands(round(found["tokens_per_second"][side])), found["peak_bytes"][side]
            memory = f", pico de {megabytes(peak)}" if peak else ""
            print(f"  {name:14} {speed:>8} tokens/s   {milliseconds(found[side])} por passo{memory}")
    if peer:
        mine, theirs = found["peak_bytes"]["ours"], found["peak_bytes"]["peer"]
        memory = f"; memória: {decimal(mine / theirs)} da outra" if mine and theirs else ""
        winner = "; acima de 1, o tinyllm é mais rápido" if against_torch else ""
        print(f"  {'razão':14} {ratios(found['ratio'])}{winner}{memory}")
    share, speed = decimal(100 * found["gemm_share"], 0), thousands(round(found["gemm_flops"] / 1e9))
    print(
        f"  {'aproveitamento':14} {share} % da velocidade com que esta máquina só multiplica matrizes ({speed} GFLOP/s)"
    )
    if against_torch:
        print(f"  {'perdas':14} iguais: em {counted(found['compared'], 'passo')} diferem no máximo em "
              f"{found['loss_difference']:.0e}")  # fmt: skip
    if "scaling_share" in found:
        part, threads = decimal(100 * found["scaling_share"], 0), counted(found["workers"], "thread")
        print(f"  {'escala':14} com {threads}, multiplicar matrizes fica {decimal(found['gemm_scaling'])} vezes mais "
              f"rápido; o treino ganha {part} % disso")  # fmt: skip


def show_bpe(found):
    for side in ("ours", "peer"):
        if found[side]:
            name = "tinyllm" if side == "ours" else found["against"]
            peak, speed = found["peak_bytes"][side], decimal(found["megabytes_per_second"][side], 1)
            memory = f", pico de {megabytes(peak)}" if peak else ""
            print(f"  {name:14} {speed:>6} MB/s   {milliseconds(found[side])}{memory}")
    print(f"  {'compilar':14} {decimal(found['compile_seconds'], 1)} s à parte (ou carregar o que já foi compilado)")
    if found["ratio"]:
        print(f"  {'razão':14} {ratios(found['ratio'])}; acima de 1, o tinyllm é mais rápido")
        if found["case"].startswith("train"):
            print(f"  {'fusões':14} iguais até a de número {thousands(found['same'])}, de {thousands(bpe.MERGES)}")
        else:
            print(f"  {'resultado':14} {'igual' if found['same'] else 'DIFERENTE'}")


def show_int8(found):
    speed, threads = decimal(found["bytes_per_second"] / 1e9, 1), counted(found["workers"], "thread")
    print(f"  {'tinyllm':14} {milliseconds(found['ours'])} por token, {speed} GB/s, {threads}")
    if found["ratio"]:
        print(f"  {NAMES[found['against']]:14} {milliseconds(found['peer'])}   razão {ratios(found['ratio'])}")


def show_kernel(found):
    line = f"  {found['case']:22} {milliseconds(found['ours'])}"
    if found["ratio"]:
        line += f"   {NAMES[found['against']]}: {milliseconds(found['peer'])}   razão {ratios(found['ratio'])}"
    print(line, flush=True)


def show_memory(found):
    plain, saving = (megabytes(found["bytes"][side]) for side in ("plain", "saving"))
    share, ratio = decimal(100 * found["bytes_share"], 0), ratios(found["time_ratio"])
    print(f"  {found['case']:14} {saving:>7} de {plain} de ativações e gradientes ({share} %); "
          f"{milliseconds(found['seconds']['saving'])} por passo, {ratio} vezes o tempo", flush=True)  # fmt: skip


def show_finetuning(found):
    measured, estimated = ([megabytes(found[of][side]) if found[of][side] else "?" for side in ("ours", "peer")]
                           for of in ("peak_bytes", "estimated_bytes"))  # fmt: skip
    share = f" ({decimal(100 * found['peak_share'], 0)} %)" if found["peak_share"] else ""
    print(f"  {found['case']:14} pico de {measured[0]}, de {measured[1]} do fine-tuning completo{share}; estimados: "
          f"{estimated[0]} e {estimated[1]}; {duration(found['seconds']['ours'])} por passo, ao lado de "
          f"{duration(found['seconds']['peer'])}", flush=True)  # fmt: skip


def duration(spread):
    """A spread of seconds: "12,3 s (12,0 a 13,1)", or in milliseconds if it is short."""
    if spread["median"] < 1:
        return milliseconds(spread)
    low, middle, high = (decimal(spread[part], 1) for part in ("min", "median", "max"))
    return f"{middle} s ({low} a {high})"


def milliseconds(spread):
    """A spread of seconds: "12,3 ms (12,0 a 13,1)"."""
    digits = 2 if spread["median"] < 0.01 else 1
    low, middle, high = (decimal(1e3 * spread[part], digits) for part in ("min", "median", "max"))
    return f"{middle} ms ({low} a {high})"


def ratios(spread):
    """A spread of ratios: "1,50 (1,48 a 1,53)"."""
    low, middle, high = (decimal(spread[part]) for part in ("min", "median", "max"))
    return f"{middle} ({low} a {high})"
