"""The picture of project 4: trainings on a specific corpus, beside their adversaries, and what they forget.

    python -m tinyllm.course.pictures.m05_project projeto_4

measures every checkpoint that is left of the runs of a project, for the picture of the lesson.
"""

import argparse
from pathlib import Path

from tinyllm import storage
from tinyllm.course.pictures.drawing import BLUE, GREY, ORANGE
from tinyllm.course.projects import m05
from tinyllm.course.projects.language import flops, runs_in, worth_on
from tinyllm.course.projects.m05_measures import adversaries, first, texts_of
from tinyllm.course.syllabus import course_folder
from tinyllm.plot import INK, SOFT
from tinyllm.say import decimal, thousands
from tinyllm.train import checkpoint
from tinyllm.train import run as runs

PLACE = "exercises/m05_treinamento/imagens/corpus-especifico.json"
TICKS = (0.1, 0.2, 0.3, 0.5, 1, 2, 4, 8)
COLORS = {"scratch": ORANGE, "general": BLUE}
ADVERSARIES = {"general": "o modelo geral, como está", "bigram": "bigrama", "compressor": "compressor"}


def measured(folder):
    """What stands in the file of the picture, of a project."""
    project = m05.open_project(Path(folder))
    domain, general = first(project.parts["validation"]), first(texts_of(project.base, "validation"))
    found = {
        "adversaries": adversaries(project.parts, "validation", project.base, project.model),
        "general": worth_on(general, project.base, project.model)["bits_per_byte"],
    }
    return found | {"runs": [points_of(runs.open_run(path), domain, general) for path in runs_in(folder)]}


def points_of(run, domain, general):
    """Of a run its beginning, and bits per byte on both kinds of texts at each checkpoint."""
    points, model, config = [], run.new_model(), run.model_config
    for step in sorted(map(checkpoint.step_of, checkpoint.newest_first(run.checkpoints))):
        checkpoint.load(run.checkpoints, model=model, made_with=run.made_with(), step=step, warn=print)
        bits = {name: worth_on(texts, run, model)["bits_per_byte"]
                for name, texts in (("domain", domain), ("general", general))}  # fmt: skip
        points.append({"steps": step, "flops": flops(config, run.training, step), **bits})
        print(points[-1], flush=True)
    beginning = "general" if run.start.exists() else "scratch"
    return {"beginning": beginning, "layers": config.layers, "width": config.width, "points": points}


def corpus(figure, found):
    """Bits per byte on the corpus against TFLOP, a line for each run and one across for each adversary; and on the
    general model's texts against those on the corpus, as the training goes on."""
    left, right = figure.subplots(1, 2, width_ratios=(1.35, 1))
    for name, bits in found["adversaries"].items():
        left.axhline(bits, color=GREY, linestyle="--", linewidth=1)
        left.text(0.015, bits * 1.04, f"{ADVERSARIES[name]}: {decimal(bits)}", color=SOFT, fontsize=9,
                  transform=left.get_yaxis_transform())  # fmt: skip
    for run in found["runs"]:
        color, points = COLORS[run["beginning"]], run["points"]
        label = f"{m05.BEGINNINGS[run['beginning']]}, {run['layers']} × {run['width']}"
        look = {"color": color, "linewidth": 2, "marker": "o", "markersize": 4, "label": label}
        left.loglog([p["flops"] / 1e12 for p in points], [p["domain"] for p in points], **look)
        right.loglog([p["domain"] for p in points], [p["general"] for p in points], **look)
        for point, place, side in ((points[0], (7, 3), "left"), (points[-1], (-7, -3), "right")):
            right.annotate(f"passo {thousands(point['steps'])}", (point["domain"], point["general"]), color=color,
                           fontsize=8.5, xytext=place, textcoords="offset points", ha=side)  # fmt: skip
    whole = (found["adversaries"]["general"], found["general"])
    right.plot(*whole, marker="*", markersize=12, color=INK, linestyle="none")
    right.annotate("o modelo geral", whole, fontsize=9, xytext=(-8, 8), textcoords="offset points", ha="right")
    for axis in (left.xaxis, left.yaxis, right.xaxis, right.yaxis):
        axis.set_ticks(TICKS, [f"{tick:g}".replace(".", ",") for tick in TICKS])
    for axes in (left, right):
        axes.minorticks_off()
    left.set(xlabel="TFLOP do treino", ylabel="bits por byte, na validação das receitas", xlim=(0.1, 8))
    right.set(xlabel="bits por byte, nas receitas", ylabel="bits por byte, nos contos", xlim=(0.04, 9), ylim=(0.25, 12))
    left.legend(frameon=False, fontsize=9.5, loc="lower left")


PICTURES = {"corpus-especifico": (corpus, 10.5, 4.2)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder")
    storage.save_json(course_folder() / PLACE, measured(parser.parse_args().folder))


if __name__ == "__main__":
    main()
