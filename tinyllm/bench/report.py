"""What `tinyllm bench` shows: a few lines per case for a person, one JSON object per case for a script."""

import importlib.util

from tinyllm.bench import kernels, training
from tinyllm.console import decimal, emit, megabytes, tell, thousands
from tinyllm.errors import UsageError

NAMES = {"torch": "PyTorch", "torch-compile": "torch.compile", "one-worker": "uma thread", "numpy": "só NumPy"}


def choose_peer(against, *, otherwise):
    """The peer asked for; if none was, PyTorch where it is installed. Raises UsageError if it is asked for in vain."""
    installed = importlib.util.find_spec("torch") is not None
    if against and against.startswith("torch") and not installed:
        raise UsageError(f"--against {against} needs PyTorch: pip install torch, or choose --against {otherwise}")
    if not against and not installed:
        tell("O PyTorch não está instalado: sem ele não há com quem comparar (pip install torch).")
    return against or ("torch" if installed else otherwise)


def bench_training(cases, *, against, workers, races, steps, as_json):
    """Race the training cases and show each when it is done."""
    against = choose_peer(against, otherwise="none")
    for case in cases:
        tell(f"{case}: {races} corridas de {steps} passos" + (f", contra {NAMES[against]}" if against in NAMES else ""))
        found = training.bench(case, against=against, workers=workers, races=races, steps=steps)
        if as_json:
            emit(found)
        else:
            show_training(found)


def show_training(found):
    peer = NAMES.get(found["against"])
    for side, name in (("ours", "tinyllm"), ("peer", peer)):
        if found[side]:
            speed, peak = thousands(round(found["tokens_per_second"][side])), found["peak_bytes"][side]
            memory = f", pico de {megabytes(peak)}" if peak else ""
            print(f"  {name:14} {speed:>8} tokens/s   {seconds(found[side])} por passo{memory}")
    if peer:
        print(f"  {'razão':14} {times(found['ratio'])}" + memory_ratio(found["peak_bytes"]))
    share, speed = decimal(100 * found["gemm_share"], 0), thousands(round(found["gemm_flops"] / 1e9))
    print(f"  {'produtos':14} {share} % do que esta máquina alcança só multiplicando matrizes ({speed} GFLOP/s)")
    if "loss_difference" in found:
        print(f"  {'perdas':14} a maior diferença em {training.COMPARED} passos é {found['loss_difference']:.0e}")
    if "scaling_share" in found:
        print(f"  {'escala':14} {decimal(100 * found['scaling_share'], 0)} % da escala dos produtos sozinhos, "
              f"que é de {decimal(found['gemm_scaling'])} vezes")  # fmt: skip


def bench_kernels(names, *, against, races, as_json):
    """Race the kernels and show each."""
    against = against or "numpy"
    choose_peer(against, otherwise="numpy")
    for found in kernels.bench(names, against=against, races=races):
        if as_json:
            emit(found)
            continue
        line = f"  {found['case']:22} {seconds(found['ours'])}"
        if found["ratio"]:
            line += f"   {NAMES[against]} {seconds(found['peer'])}   razão {times(found['ratio'])}"
        print(line, flush=True)


def seconds(spread):
    """A spread of times: "12,3 ms (12,0 a 13,1)"."""
    low, middle, high = (
        decimal(1e3 * spread[part], 2 if spread["median"] < 0.01 else 1) for part in ("min", "median", "max")
    )
    return f"{middle} ms ({low} a {high})"


def times(spread):
    """A spread of ratios: "1,50 (1,48 a 1,53)"."""
    low, middle, high = (decimal(spread[part]) for part in ("min", "median", "max"))
    return f"{middle} ({low} a {high}); acima de 1, ganha o tinyllm"


def memory_ratio(peaks):
    return (
        f"; memória: {decimal(peaks['ours'] / peaks['peer'])} vezes a dele" if peaks["ours"] and peaks["peer"] else ""
    )
