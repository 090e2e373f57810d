"""A training before the eyes of a person: what it will take, how far it is, and a Ctrl-C that loses nothing."""

import contextlib
import dataclasses
import functools
import shlex
import signal
import sys
import time

import numpy as np

from tinyllm.backend.kernels import numba_version
from tinyllm.backend.machine import IN_MEMORY, file_system, physical_memory
from tinyllm.errors import Stopped, UsageError
from tinyllm.memory import estimate, offload
from tinyllm.memory.offload import recomputed
from tinyllm.models import catalog
from tinyllm.optim import catalog as optimizers
from tinyllm.parallel.comm import current_comm
from tinyllm.parallel.layout import Layout
from tinyllm.parallel.nccl import on_gpus
from tinyllm.parallel.plan import SHARED, memory_of_ranks
from tinyllm.say import bar, counted, decimal, duration, emit, megabytes, percent, tell, thousands
from tinyllm.show.curve import LossCurve
from tinyllm.show.estimate import size
from tinyllm.train import run as runs
from tinyllm.train.loop import TrainConfig, train

SKIPPED = {  # why a step was
    "loss": "a perda não é um número finito",
    "gradient": "o gradiente não é finito",
    "spike": "a perda, {}, saltou muito acima das anteriores",
}
CURRICULA = {"length": "mais curtos", "difficulty": "mais fáceis"}  # the texts that come first
ONE_RANK = Layout()
WARM = 10  # steps, after which the time that is left can be told
BAR = "{desc}{percentage:3.0f}% {bar} {n_fmt}/{total_fmt} passos · {elapsed} · faltam {remaining}{postfix}"


class Stop:
    """Whether a training shall stop at a good moment, and the signal that asked for it. A second Ctrl-C stops at once.

    It is a context, in which it hears Ctrl-C, SIGTERM, and SIGHUP of a terminal that closes.
    """

    def __init__(self):
        self.number, self.error, self.before = None, None, {}

    def __call__(self):
        return self.number is not None

    def __enter__(self):
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)  # Windows has no SIGHUP
            if number and signal.getsignal(number) is not signal.SIG_IGN:  # as nohup asks
                self.before[number] = signal.signal(number, self.remember)
        return self

    def __exit__(self, *exception):
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def remember(self, number, frame):
        if self() and number == signal.SIGINT:
            raise Stopped(number)
        self.number = number
        tell("\nparando depois deste passo; Ctrl-C outra vez para parar já")

    @contextlib.contextmanager
    def if_unwritten(self):
        """Stop too if what stands in this block cannot be written: its reader has gone, or the disk is full."""
        try:
            yield
        except OSError as error:
            self.number, self.error = getattr(signal, "SIGPIPE", 13), error


def announce(
    config, training, optimizer, *, labels=0, compared=0, folder=".", layout=ONE_RANK, neighbours=1, tuned=None
):
    """Say what is about to be trained, and the memory it takes. Raises UsageError if the machine has less.

    `labels` are those that a classifier tells; there are none where a language is learned. With so many tokens of a
    teacher each position is `compared`. `folder` is that of the run. Of the ranks of the `layout` so many are on this
    machine, `neighbours`. Of a fine-tuning `tuned(plan)` is the estimate.Training of what it takes.
    """
    how, name = {"classify": labels > 0, "compared": compared}, catalog.name_of(config)
    plan = estimate.plan_of(training, optimizers.kind_of(optimizer), **how)
    parameters = (estimate.body_parameters if labels else estimate.parameters)(config) + labels * (config.width + 1)
    shape = f"{counted(config.layers, 'bloco')} de largura {config.width}, {counted(parameters, 'parâmetro')}"
    tell(f"Modelo: {name.upper()} de {shape}, contexto de {counted(config.context, 'token')}.")
    if training.curriculum != "none":
        first, last = CURRICULA[training.curriculum], thousands(training.steps_of_curriculum)
        share = percent(training.curriculum_start)
        tell(f"Currículo: no começo, {share} dos textos, os {first}; todos depois do passo {last}.")
    available = None if plan.on_gpu else physical_memory()
    if layout.ranks == 1:
        needed = announce_memory(tuned or functools.partial(estimate.training, config), plan, available)
    else:
        of_one = announce_memory_of_ranks(config, training, plan.optimizer, layout, available)
        needed = neighbours * (of_one - SHARED) + SHARED
    if plan.offload != "none" and not plan.on_gpu and (kind := file_system(folder)) in IN_MEMORY:
        tell(f"Aviso: {folder} está em {kind}, que é memória e não disco: ali --offload não poupa nada; use a pasta de "
             "um disco.")  # fmt: skip
    if available and needed > available and (layout.ranks == 1 or plan.offload == "none"):
        more = "" if plan.offload == "all" else ", or give --offload all"
        of_model = "" if tuned else f", context={config.context} or width={config.width}"
        of_model += ", or give --recompute 1" if tuned and not plan.recompute else ""
        raise UsageError(
            f"training needs about {needed >> 20} MB and this machine has {available >> 20} MB; "
            f"lower batch={training.batch}{of_model}{more}"
        )


def announce_memory(estimated, plan, available):
    """Say what training under a plan, as `estimated(plan)` has it, takes of the available memory. Returns it."""
    needed = estimated(plan)
    of_machine = f" (esta máquina tem {megabytes(available)})" if available else ""
    tell(f"Memória para treinar: cerca de {megabytes(needed.total)}{of_machine}; {counted(plan.workers, 'thread')}.")
    if plan.precision == "mixed":
        on_cpu = (
            "" if plan.on_gpu else " Numa CPU isto é muito mais lento do que float32: serve para ver como funciona."
        )
        tell(f"Precisão mista: contas em float16, e pesos também em float32, que são os que aprendem.{on_cpu}")
    if recomputed(plan.recompute, plan.offload) or needed.elsewhere:
        plain = estimated(plan._replace(recompute=0, offload="none"))
        place = "na memória da máquina" if plan.on_gpu else "em disco"
        moved = f"; o que fica {place} ocupa {size(needed.elsewhere)}" if needed.elsewhere else ""
        tell(f"Sem poupar memória seriam {megabytes(plain.total)}{moved}. O resultado é o mesmo; leva mais tempo.")
    return needed.total


def announce_memory_of_ranks(config, training, optimizer, layout, available):
    """The same of one of the ranks of a layout, the fullest."""
    needed = memory_of_ranks(config, training, optimizer, layout).total
    of_machine = f" (esta máquina tem {megabytes(available)})" if available else ""
    tell(f"Memória para treinar: cerca de {megabytes(needed)} em cada um dos {thousands(layout.ranks)} processos"
         f"{of_machine}, que se arrumam em {layout}.")  # fmt: skip
    return needed


def compile_kernels(run):
    """Run every compiled routine of a run once, on a tiny model: a new machine compiles them, later it loads them."""
    if numba_version() is None:
        tell("Sem o Numba as rotinas não são compiladas: tudo funciona, porém devagar (pip install numba).")
        return
    tell("Compilando as rotinas de cálculo (só na primeira vez leva alguns segundos)…")
    began = time.perf_counter()
    tiny = {"context": 4, "layers": 1, "decoder_layers": 1, "heads": 1, "kv_heads": 1, "width": 4, "hidden": 4}
    changes = {name: tiny[name] for name in tiny.keys() & vars(run.model_config).keys()}
    config = dataclasses.replace(run.model_config, **changes)
    training = TrainConfig(steps=1, workers=1, **run.training.softened)
    model = run.task.new_model(config, rng=np.random.default_rng(0))
    optimizer = optimizers.new_optimizer(run.optimizer_config, model.named_parameters())
    loss = run.task.how(run, model).get("loss")
    for _ in train(model, [run.task.tiny_batch(config)], optimizer, config=training, loss=loss):
        tell(f"…prontas em {decimal(time.perf_counter() - began, 1)} s.")


def train_showing(
    run, *, model=None, as_json=False, profile=None, detect=False, layout=None, curve=False,
    on_report=lambda report, model: None,
):  # fmt: skip
    """Train a run to its end before the eyes of a person. Returns the exit status: 0, or 128 + N after signal N.

    `model` is that of `run.new_model()`, if it has been made already. If a `curve` is asked for, a terminal shows that
    of the loss after each validation. If the output cannot be written the training stops too, as by SIGPIPE.
    """
    model, start, comm = model or run.new_model(), runs.steps_done(run), current_comm.get()
    seconds, skipped, began = 0.0, 0, time.perf_counter()
    drawing = LossCurve(run, start) if curve and sys.stderr.isatty() and not as_json else None
    if run.training.device == "gpu" and comm.size > 1:
        comm = on_gpus(comm)
    again = f"tinyllm {f'launch -n {comm.size} ' if comm.size > 1 else ''}train --resume {shlex.quote(str(run.folder))}"
    with Stop() as stop:
        try:
            how = {"profile": profile, "detect": detect, "comm": comm, "layout": layout}
            reports = runs.fit(run, model, stop=stop, warn=tell, **how)
            shown = {"total": run.training.steps, "start": start, "as_json": as_json, "curve": drawing}
            for report, _ in follow(reports, stop, **shown):
                seconds += report.seconds
                skipped += report.skipped is not None
                on_report(report, model)
        except OSError as error:
            error.add_note(f"what was saved before is intact; go on with: {again}")
            raise
    threads = min(run.training.threads_of(comm), run.training.batch)  # more have no share of the batch
    if profile and not stop.error:
        show_profile(profile, steps=report.step - start, seconds=seconds, workers=threads, as_json=as_json)
    show_cost(model, run.training, threads * (time.perf_counter() - began))
    if skipped:
        tell(f"{counted(skipped, 'passo foi pulado', 'passos foram pulados')}; log.jsonl diz quais, e por quê.")
    if report.step < run.training.steps:
        tell(f"\nParado no passo {report.step}, que está salvo. Para continuar: {again}")
    if stop.error and not isinstance(stop.error, BrokenPipeError):
        raise stop.error
    return 0 if report.step == run.training.steps else 128 + comm.exchange(stop.number or 0, max)


def show_cost(model, training, elapsed):
    """Say how much of so many seconds of threads went into saving memory."""
    spent = offload.seconds(model)
    if not spent:
        return
    parts = [f"{percent(spent['again'] / elapsed)} do tempo foram para calcular os blocos outra vez"]
    if training.offload != "none":
        parts.append(
            f"{percent(spent['moved'] / elapsed)} para levar e trazer pesos, gradientes e o que entra nos blocos"
        )
    tell(f"O que custou poupar memória: {', '.join(parts)}.")


TITLES = {
    "drop": "dropout",
    "recompute": "recomputar e trazer",
    "sum_gradients": "soma dos gradientes",
    "clip_gradients": "corte do gradiente",
    "Average": "média dos pesos",
}


def show_profile(profile, *, steps, seconds, workers, as_json=False):
    """Show where the time of the steps went: milliseconds of each step, which the workers spend side by side."""
    per_step = {
        (name, way): 1e3 * spent / steps / (1 if way == "update" else workers)
        for (name, way), spent in profile.seconds.items()
    }
    whole = 1e3 * seconds / steps
    if as_json:
        parts = [{"name": name, "direction": way, "ms_per_step": ms} for (name, way), ms in per_step.items()]
        emit({"steps": steps, "ms_per_step": whole, "profile": parts})
        return
    tell(f"\nOnde foi o tempo: {decimal(whole, 1)} ms por passo, {counted(workers, 'thread')} lado a lado\n")
    tell(f"  {'operação':24}{'ida':>10}{'volta':>10}{'parte':>8}{'vezes':>8}")
    names = {name for name, way in per_step if way != "update"}
    for name in sorted(names, key=lambda name: -per_step[name, "forward"] - per_step.get((name, "backward"), 0.0)):
        there, back = per_step[name, "forward"], per_step.get((name, "backward"), 0.0)
        calls = profile.calls[name, "forward"] / steps
        share = decimal(100 * (there + back) / whole, 1)
        tell(f"  {TITLES.get(name, name):24}{decimal(there):>10}{decimal(back):>10}{share:>7}%{calls:>8.0f}")
    for name in (name for name, way in per_step if way == "update"):
        title, ms = TITLES.get(name, name), per_step[name, "update"]  # an optimiser goes by its own name
        tell(f"  {title:24}{decimal(ms):>20}{decimal(100 * ms / whole, 1):>7}%")
    rest = whole - sum(per_step.values())
    tell(f"  {'Python, espera e resto':24}{decimal(rest):>20}{decimal(100 * rest / whole, 1):>7}%")


def first_anomaly(anomaly):
    """What there is to say of the first NaN or infinity of a step."""
    kind = {"NaN": "NaN", "Inf": "infinito", "-Inf": "menos infinito"}[anomaly.kind]
    way = {"forward": "ida", "backward": "volta"}[anomaly.direction]
    verb = "chegou a" if anomaly.given else "saiu de"
    place = f"em {anomaly.layer}" if anomaly.layer else "no próprio modelo"
    return f"o primeiro {kind} {verb} {anomaly.operation}, na {way}, {place}"


def follow(reports, stop, *, total, start=0, as_json=False, curve=None):
    """Show the progress of `fit`: a bar on a terminal, else a line per validation; or every report as JSON.

    After WARM steps a line says how long the rest will take, and after each validation a LossCurve, if there is one, is
    drawn. Yields the reports again, so that the caller can act between steps.
    """
    speed, marks, first = None, " ━" if sys.stderr.isatty() else None, []
    with bar(total=total, initial=start, bar_format=BAR, ascii=marks, disable=as_json) as shown:
        for report, validation in reports:
            now = report.tokens / report.seconds
            speed = now if speed is None else 0.9 * speed + 0.1 * now
            if report.skipped and not as_json:
                shown.clear()
                why = SKIPPED[report.skipped].format(decimal(report.loss, 3))
                if report.scale and report.skipped != "spike":
                    why += f" com a perda vezes {thousands(round(report.scale))}, e a escala cai à metade"
                tell(f"  passo {report.step} pulado, e os pesos ficam como estavam: {why}")
            if report.anomaly and not as_json:
                shown.clear()
                tell(f"  passo {report.step}: {first_anomaly(report.anomaly)}")
            if as_json:
                with stop.if_unwritten():
                    emit({**report.as_line(), "validation_loss": validation})
            elif shown.disable and (validation is not None or report.step == start + 1):
                measured = f", validação {decimal(validation, 3)}" if validation is not None else ""
                measured += f", {thousands(round(speed))} tokens/s"
                tell(f"  passo {report.step}/{total}: perda {decimal(report.loss, 3)}{measured}")
            if curve:
                curve.add(report)
                if validation is not None:
                    shown.clear()
                    tell("\n".join(curve.drawn()))
            if len(first) < WARM:
                first.append(report.seconds)
                if len(first) == WARM < total - start and not as_json:
                    shown.clear()
                    tell(f"  faltam cerca de {duration((total - report.step) * np.median(first))}")
            shown.set_postfix_str(
                f"perda {decimal(report.loss, 3)} · {thousands(round(speed))} tokens/s", refresh=False
            )
            shown.update()
            yield report, validation
