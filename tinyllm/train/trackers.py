"""Programs of others that draw what a training tells while it goes on: TensorBoard, and Weights & Biases.

Each is an extra, imported when it is asked for, and is given every number of the log. What a run has told of steps that
are taken again, after a crash, the reader forgets (TensorBoard) or draws twice (Weights & Biases).
"""

import hashlib
import importlib
import time

from tinyllm.config import to_dict
from tinyllm.say import tell

PROJECT = "tinyllm"
PATIENCE = 30  # seconds that a server may take to answer


class TensorBoard:
    """Writes what `tensorboard --logdir` shows, into the folder `tensorboard` of a run."""

    package = "tensorboard"

    def __init__(self, run, step):
        from tensorboard.compat.proto.event_pb2 import Event, SessionLog
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        self.Event, self.Summary = Event, Summary
        self.writer = EventFileWriter(str(run.folder / "tensorboard"))
        self.write(step + 1, session_log=SessionLog(status=SessionLog.START))  # who reads forgets that step, and later

    def add(self, step, numbers):
        values = [self.Summary.Value(tag=name, simple_value=number) for name, number in numbers.items()]
        self.write(step, summary=self.Summary(value=values))

    def write(self, step, **what):
        self.writer.add_event(self.Event(wall_time=time.time(), step=step, **what))

    def close(self):
        self.writer.close()


class WeightsAndBiases:
    """Tells wandb.ai or, without an account or a network, the folder `wandb` of a run, for `wandb sync`."""

    package = "wandb"

    def __init__(self, run, step):
        import wandb

        folder = run.folder.resolve()
        how = {
            "project": PROJECT,
            "name": folder.name,
            "id": hashlib.sha256(str(folder).encode("utf-8", "surrogateescape")).hexdigest()[:16],
            "resume": "allow",  # the same folder is the same run
            "dir": str(folder),
            "config": {**to_dict(run.data), **to_dict(run.model_config), **to_dict(run.training)},
            "settings": wandb.Settings(silent=True, console="off", init_timeout=PATIENCE),
        }
        online = wandb.setup().settings.mode == "online"
        known = online and wandb.login(prompt=False, verify=False)
        try:
            self.session = wandb.init(mode="offline" if online and not known else None, **how)
        except wandb.errors.CommError:
            tell(f"o wandb.ai não responde; o que se conta fica em {run.folder / 'wandb'} (depois: wandb sync)")
            self.session = wandb.init(mode="offline", **how)
        self.session.define_metric("*", step_metric="step")

    def add(self, step, numbers):
        self.session.log({"step": step, **numbers})

    def close(self):
        self.session.finish()


TRACKERS = {"tensorboard": TensorBoard, "wandb": WeightsAndBiases}  # by the names of their options


def asked_for(config):
    """The kinds of tracker that a MonitorConfig asks for. Raises ModuleNotFoundError for a package that is missing."""
    kinds = [kind for name, kind in TRACKERS.items() if getattr(config, name)]
    for kind in kinds:
        importlib.import_module(kind.package)
    return kinds
