"""`tinyllm quantize`: a run whose weights are int8, and what that saves and costs."""

import shlex

from tinyllm.compress.int8 import bytes_of
from tinyllm.evaluate.metrics import perplexity
from tinyllm.say import decimal, emit, percent, tell, thousands
from tinyllm.train import int8_run


def quantize_run(run, folder, config, *, as_json):
    """Make the run in int8 in `folder`, measure both on the validation texts, and show the figures.

    Raises UsageError as `int8_run.create_int8` does.
    """
    int8_run.check(run, folder)
    before = figures(run, run.trained_model(warn=tell))
    made = int8_run.create_int8(run, folder, config, warn=tell)
    after = figures(made, made.trained_model(warn=tell))
    if as_json:
        emit({
            "run": str(folder), "group": config.group, "share": after["bytes"] / before["bytes"],
            **{name: {"before": before[name], "after": after[name]} for name in before},
        })  # fmt: skip
        return
    print(f"{'':22}{'antes':>12}{'em int8':>12}")
    rows = [("pesos, em KB", [thousands(-(-each["bytes"] // 1024)) for each in (before, after)])]
    rows += [("perda de validação", [decimal(each["validation_loss"], 4) for each in (before, after)])]
    if not run.task.classifies:
        rows += [("perplexidade", [decimal(perplexity(each["validation_loss"]), 3) for each in (before, after)])]
    for title, cells in rows:
        print(f"  {title:20}" + "".join(f"{cell:>12}" for cell in cells))
    tell(f"pronto: {percent(after['bytes'] / before['bytes'])} do tamanho, em {shlex.quote(str(folder))}")


def figures(run, model):
    return {"bytes": bytes_of(model), "validation_loss": run.mean_loss(model, "validation")}
