"""The training loop: a generator of one report per step; stopping, saving and printing are up to the caller."""

import contextlib
import functools
import itertools
import time
from dataclasses import dataclass
from typing import NamedTuple

from tinyllm.backend.machine import keep_freed_memory
from tinyllm.backend.threads import cores
from tinyllm.config import Config, option
from tinyllm.errors import UsageError
from tinyllm.memory import offload
from tinyllm.optim import schedule
from tinyllm.parallel.data import ONE_RANK
from tinyllm.parallel.workers import rows
from tinyllm.train.anomaly import Anomaly, Watch
from tinyllm.train.guard import Guard
from tinyllm.train.step import take_step


@dataclass(frozen=True)
class TrainConfig(Config):
    """How to train: for how long, on how much at once, at which rate."""

    title = "treino"
    steps: int = option(1000, "quantos passos ao todo", at_least=1, at_most=10**8 - 1)
    batch: int = option(8, "quantas janelas de texto por passo e por acumulação", at_least=1)
    accumulate: int = option(1, "quantos lotes somar antes de cada passo", at_least=1)
    learning_rate: float = option(4e-3, "a maior taxa de aprendizado", above=0)
    floor: float = option(0.1, "a menor taxa, como fração da maior", at_least=0, at_most=1)
    warmup: int = option(40, "passos até chegar à maior taxa", at_least=0, at_most=10**8)
    decay_steps: int = option(
        0, "passo em que a taxa chega à menor; 0: o maior entre --steps e 1000", at_least=0, at_most=10**8
    )
    schedule: str = option(
        "cosine",
        "como a taxa desce depois do aquecimento: em meio cosseno, em linha reta (linear), só na última quinta parte "
        "(wsd) ou nunca (constant)",
        choices=tuple(schedule.SCHEDULES),
    )
    layer_decay: float = option(
        1.0, "por quanto se multiplica a taxa de um bloco para o que está abaixo; 1: têm todos a mesma",
        above=0, at_most=1,
    )  # fmt: skip
    clip: float = option(1.0, "o maior comprimento do gradiente", above=0)
    workers: int = option(0, "threads que dividem o lote; 0: uma por núcleo, ou uma na GPU", at_least=0, at_most=1024)
    device: str = option("cpu", "cpu, ou gpu com o CuPy instalado", choices=("cpu", "gpu"))
    recompute: int = option(
        0, "de cada tantos blocos um só guarda a entrada, e na volta calcula o resto outra vez; 0: nenhum", at_least=0
    )
    offload: str = option(
        "none",
        "o que fica em disco ou, com a GPU, na memória da máquina: nada, o otimizador, o que entra em cada bloco, os "
        "pesos dos blocos e seus gradientes, ou tudo; os três últimos recalculam todos os blocos",
        choices=tuple(offload.PARTS),
    )
    precision: str = option(
        "float32",
        "float32, ou float16: contas e ativações em float16, com pesos também em float32 e a perda escalada "
        "(para GPUs; numa CPU é bem mais lento)",
        choices=("float32", "float16"),
    )
    ema: float = option(
        0.0,
        "quanto da média dos pesos fica a cada passo, como 0.999: com essa média o modelo é medido na validação e, "
        "depois, escreve; 0: sem média",
        at_least=0,
        below=1,
    )
    label_smoothing: float = option(
        0.0, "quanto do alvo se divide por todos os tokens, como 0.1; só na perda do treino", at_least=0, below=1
    )
    z_loss: float = option(
        0.0,
        "quanto pesa o quadrado de log Z, para os logits não crescerem, como 1e-4; só na perda do treino",
        at_least=0,
    )
    curriculum: str = option(
        "none",
        "começa pelos textos mais curtos (length) ou pelos que um modelo pequeno, treinado antes, adivinha melhor "
        "(difficulty); none: todos desde o começo",
        choices=("none", "length", "difficulty"),
    )
    curriculum_steps: int = option(
        0, "com --curriculum, em quantos passos entram todos os textos; 0: na metade de --steps",
        at_least=0, at_most=10**8,
    )  # fmt: skip
    curriculum_start: float = option(
        0.1, "com --curriculum, que fração dos textos está em jogo no começo", above=0, at_most=1
    )
    skip_spikes: bool = option(False, "pula também um passo cuja perda salta muito acima das anteriores")
    seed: int = option(0, "semente de todo o acaso", at_least=0, at_most=2**32 - 1)

    @property
    def softened(self):
        """{option: value} of the loss that is trained by, where they differ from those of the plain one."""
        options = {"label_smoothing": self.label_smoothing, "z_loss": self.z_loss}
        return {name: value for name, value in options.items() if value}

    @property
    def threads(self):
        """How many threads share the batch: so many as were asked for; else one for each core, or one for a GPU."""
        return self.workers or (1 if self.device == "gpu" else cores())

    def threads_of(self, comm):
        """How many threads a rank has, if so many share the batch over all ranks: 1 at least."""
        return max(1, self.threads // comm.size)

    @property
    def steps_of_curriculum(self):
        """How many steps pass before all texts are in play."""
        return 0 if self.curriculum == "none" else self.curriculum_steps or -(-self.steps // 2)

    @property
    def last_decay_step(self):
        """The step at which the learning rate reaches its floor. A short run is the beginning of one of 1000 steps."""
        return self.decay_steps or max(self.steps, 1000)


class Report(NamedTuple):
    """What a step did. `step` counts from 1; `loss` is in nats, `tokens` are those of the first array of each batch,
    padding included, `seconds` is the time of this step alone; `skipped` says why the weights stayed as they were, if
    they did: "loss" or "gradient" was no finite number, or the loss was a "spike". `scale` is what the loss was
    multiplied by in mixed precision, and `anomaly` the first NaN or infinity, if somebody looked for it."""

    step: int
    loss: float
    gradient_norm: float
    learning_rate: float
    tokens: int
    seconds: float
    skipped: str | None = None
    scale: float | None = None
    anomaly: Anomaly | None = None

    def as_line(self):
        """What the log says of it: the fields that all steps have, and of the others those that say something."""
        values = self._asdict() | {"anomaly": self.anomaly and self.anomaly._asdict()}
        return {name: value for name, value in values.items() if value is not None}


def train(
    model, batches, optimizer, *, config, loss=None, weigh=rows, ranks=ONE_RANK, guard=None, average=None,
    detect=False, start=0, profile=None,
):  # fmt: skip
    """Train from step `start` to `config.steps`, yielding a Report after each.

    `batches` yields what the loss takes, a tuple of arrays with B rows each, and must begin with batch number
    `start * config.accumulate`. If no other loss is given it is `model.loss`, softened as the config says. If it is a
    weighted mean, `weigh(*arrays)` gives the sum of the weights of some rows, so that the steps are the same however
    these are shared out. Of several ranks (`ranks`) each has its own model and optimiser, the same at first, is given
    all batches and takes its share of their rows. The `guard` of a training that goes on remembers what was skipped
    before, and its `average` the mean of the weights. `detect` looks for the first NaN or infinity in every operation,
    which takes long; of a step that such a number is to blame for it is looked for anyway. A `profile` records where
    the time of the steps goes. Raises UsageError if the optimiser lacks what the model learns or the ranks learn
    different things, if all that a step sees weighs 0, and if too many steps in a row were skipped.
    """
    learned, moved = dict(model.named_parameters()), set(optimizer.parameters.values())
    for name, parameter in learned.items():
        if parameter not in moved:
            raise UsageError(
                f"the model learns {name}, but the optimiser does not move it; make the optimiser when the model is "
                "as it is to be trained, or freeze what is not to be learned"
            )
    guard = guard or Guard(spikes=config.skip_spikes)
    own = functools.partial(model.loss, **config.softened) if config.softened else model.loss
    how = {"loss": loss or own, "weigh": weigh, "guard": guard, "average": average}
    how |= {"watch": Watch(model, always=detect)}
    keep_freed_memory()
    batches = iter(batches)
    with ranks.workers(config.threads) as workers:
        for step in range(start, config.steps):
            began = time.perf_counter()
            parts = list(itertools.islice(batches, config.accumulate))
            if len(parts) < config.accumulate:
                raise UsageError(f"the batches end before step {step + 1} of {config.steps}; give more, or lower steps")
            with profile.recording() if profile else contextlib.nullcontext():
                done = take_step(workers, ranks, optimizer, parts, config=config, step=step, **how)
            seconds, tokens = time.perf_counter() - began, sum(ids.size for ids, *_ in parts)
            yield Report(step=step + 1, tokens=tokens, seconds=seconds, **done._asdict())
