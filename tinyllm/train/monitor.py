"""The monitor of a training: what the run tells of its steps, and when.

It writes the files of `log.py`, of which `tinyllm report` makes a page. A sample is a function of the seed of the run
and of the step: a training that is resumed writes the same ones.
"""

import math
import platform
from dataclasses import dataclass

import numpy as np

import tinyllm
from tinyllm.backend import kernels, machine, threads
from tinyllm.config import Config, option
from tinyllm.errors import UsageError
from tinyllm.infer.fill import continued_by_gaps
from tinyllm.infer.generate import generate
from tinyllm.infer.sample import SampleConfig, Sampler
from tinyllm.nn.module import load_weights
from tinyllm.train import checkpoint, log, trackers
from tinyllm.train.statistics import Statistics

SAMPLE_TOKENS = 150


@dataclass(frozen=True)
class MonitorConfig(Config):
    """What to tell of a training, beside the loss of each step, and what to keep of it."""

    title = "acompanhamento"
    sample_every: int = option(0, "passos entre amostras do que o modelo escreve; 0: nenhuma", at_least=0)
    sample_prompt: str = option("Era uma vez", "começo do texto de cada amostra")
    statistics_every: int = option(
        0,
        "passos entre medidas de pesos, gradientes, atualizações e ativações, camada por camada; 0: nenhuma",
        at_least=0,
    )
    tensorboard: bool = option(False, "conta os números também ao TensorBoard (pip install tensorboard)")
    wandb: bool = option(False, "conta os números também ao Weights & Biases (pip install wandb)")
    keep_last: int = option(checkpoint.KEPT, "quantos checkpoints guardar, os mais novos", at_least=1)
    keep_best: bool = option(False, "guarda também o checkpoint de menor perda de validação")
    save_in_background: bool = option(
        False, "grava os checkpoints enquanto o treino continua; pede memória para uma cópia dos pesos e do otimizador"
    )


def check_monitor(run, ranks=1):
    """Raise UsageError for a run that is to give samples of its texts, and whose model writes none, or cannot begin;
    for one that would copy into memory what it keeps elsewhere; and for statistics of what several ranks share."""
    asked, offload = run.monitor, run.training.offload
    for name in ("save_in_background", "statistics_every"):
        value = getattr(asked, name)
        if value and offload != "none":
            raise UsageError(f"{name}={value} copies into memory what offload={offload} keeps elsewhere; leave one out")
    if asked.statistics_every and run.training.precision != "float32":
        raise UsageError(
            f"statistics_every={asked.statistics_every} measures float32, not precision={run.training.precision}; "
            "leave one out"
        )
    if asked.statistics_every and ranks > 1:
        raise UsageError(
            f"statistics_every={asked.statistics_every} measures a model in one process, and there are {ranks}; leave "
            "it out, or give 0"
        )
    if not run.monitor.sample_every:
        return
    if not run.writes:
        raise UsageError(
            f"sample_every={run.monitor.sample_every} asks for texts, and this model writes none; leave it out"
        )
    count, context = len(run.task.beginning(run, run.monitor.sample_prompt)), run.model_config.context
    if count > context:
        raise UsageError(
            f"the sample_prompt of {count} tokens does not fit in a context of {context}; shorten it, or raise context"
        )


class Monitor:
    """Who tells of the steps of a run; of several ranks one writes, and knows which validation was the best.

    It is a context, at whose end all is told.
    """

    def __init__(self, run, *, writes=True):
        self.run, self.writes, self.validations, self.statistics = run, writes, {}, None
        self.trackers = []

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for tracker in self.trackers:
            tracker.close()

    @property
    def best(self):
        """The step of the lowest loss on the validation texts, None before there is any."""
        return min(self.validations, key=self.validations.get, default=None)

    def add(self, name, values):
        """Write down a line in one of the files, and let trackers know the numbers of the steps."""
        if self.writes:
            log.add(self.run.folder, name, values)
        for tracker in self.trackers if name == log.STEPS else ():
            numbers = {
                name: value for name, value in values.items() if name != "step" and isinstance(value, int | float)
            }
            tracker.add(values["step"], numbers)

    def begin(self, step, beside):
        """Take note of what was told up to a step, begin to tell trackers, and write down on what the training goes on,
        and what is to be told `beside` that, if it is new."""
        self.trackers = [kind(self.run, step) for kind in trackers.asked_for(self.run.monitor)]
        self.validations = log.validations(self.run.folder, warn=lambda problem: None)
        here, path = environment(self.run.training) | beside, self.run.folder / log.ENVIRONMENT
        before = [{**line, "step": step} for line in log.read(path, warn=lambda problem: None)]
        if [{"step": step, **here}] != before[-1:]:
            self.add(log.ENVIRONMENT, {"step": step, **here})

    def watched(self, model, step, profile):
        """What is to record the steps of a model after `step`: the statistics and a profile, as far as asked for."""
        if every := self.run.monitor.statistics_every:
            self.statistics = Statistics(model, every=every, step=step, profile=profile)
        return self.statistics or profile

    def tell_step(self, report):
        memory = machine.memory_in_use(self.run.training.device)
        self.add(log.STEPS, {**report.as_line(), "memory": memory})
        if self.statistics and self.statistics.found:
            self.add(log.STATISTICS, {"step": report.step, **self.statistics.found})

    def tell_validation(self, step, loss):
        self.add(log.STEPS, {"step": step, "validation_loss": loss, "peak_memory": machine.peak_memory()})
        if math.isfinite(loss):
            self.validations[step] = loss

    def tell_sample(self, step, model, ranks=None):
        """Write down what the model writes, at the steps that have a sample. All that have a part of it must call."""
        every, prompt = self.run.monitor.sample_every, self.run.monitor.sample_prompt
        if not every or step % every:
            return
        if ranks:
            arrays = ranks.weights()
            if self.writes:
                load_weights(model := self.run.new_model(), arrays)
        if self.writes:
            self.add(log.SAMPLES, {"step": step, "prompt": prompt, "text": sample(self.run, model, prompt, step)})


def sample(run, model, prompt, step):
    """The text that a model writes at a step, after the prompt."""
    seed = int(np.random.SeedSequence([run.training.seed, step]).generate_state(1)[0])
    choose = Sampler(SampleConfig(seed=seed))
    ids = continuation(run, model, prompt, choose=choose, max_tokens=SAMPLE_TOKENS)
    return "".join(run.tokenizer.stream(ids))


def continuation(run, model, prompt, **how):
    """The ids that follow a prompt, chosen one by one."""
    return continued(run, model, run.task.beginning(run, prompt), **how)


def continued(run, model, ids, **how):
    """The ids that follow those of a beginning; who fills gaps is given one at the end, again and again."""
    if run.fills:
        return continued_by_gaps(model, run.task.objective(run), ids, **how)
    return generate(model, ids, stop_id=run.end_id, **how)


def environment(training):
    """On what a training runs: the machine, and the versions of what computes."""
    cupy, gpu, *_ = machine.find_gpu() if training.device == "gpu" else (None, None)
    return {
        "tinyllm": tinyllm.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "numba": kernels.numba_version(),
        "blas": ", ".join(f"{name} {version}" for name, version, _ in machine.describe_blas()),
        "system": f"{platform.system()} {platform.release()}",
        "processor": machine.processor_name() or platform.machine(),
        "cores": threads.cores(),
        "threads": training.threads,
        "memory": machine.physical_memory(),
        **({"cupy": cupy, "gpu": gpu} if gpu else {}),
    }
