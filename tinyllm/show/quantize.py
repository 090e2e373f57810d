"""`tinyllm quantize`: a run whose weights are int8 or nf4, and what that saves and costs."""

import shlex

from tinyllm.compress import formats
from tinyllm.compress.quantized import bytes_of
from tinyllm.config import to_dict
from tinyllm.evaluate.metrics import perplexity
from tinyllm.say import decimal, emit, percent, tell, thousands
from tinyllm.train import quantized_run


def quantize_run(run, folder, config, *, as_json):
    """Make the quantised run in `folder`, measure both on the validation texts, and show the figures.

    Raises UsageError as `quantized_run.create_quantized` does.
    """
    quantized_run.check(run, folder)
    before = figures(run, run.trained_model(warn=tell))
    made = quantized_run.create_quantized(run, folder, config, warn=tell)
    after = figures(made, made.trained_model(warn=tell))
    name = formats.name_of(config)
    if as_json:
        emit({
            "run": str(folder), "format": name, **to_dict(config), "share": after["bytes"] / before["bytes"],
            **{name: {"before": before[name], "after": after[name]} for name in before},
        })  # fmt: skip
        return
    print(f"{'':22}{'antes':>12}{'em ' + name:>12}")
    rows = [("pesos, em KB", [thousands(-(-each["bytes"] // 1024)) for each in (before, after)])]
    rows += [("perda de validação", [decimal(each["validation_loss"], 4) for each in (before, after)])]
    if not run.task.classifies:
        rows += [("perplexidade", [decimal(perplexity(each["validation_loss"]), 3) for each in (before, after)])]
    for title, cells in rows:
        print(f"  {title:20}" + "".join(f"{cell:>12}" for cell in cells))
    tell(f"pronto: {percent(after['bytes'] / before['bytes'])} do tamanho, em {shlex.quote(str(folder))}")


def figures(run, model):
    return {"bytes": bytes_of(model), "validation_loss": run.mean_loss(model, "validation")}
