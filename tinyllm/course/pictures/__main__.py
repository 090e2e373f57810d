"""Draw every picture of the lessons: `python -m tinyllm.course.pictures`, from any folder.

With the folder of a trained run, measure first what the pictures of module 1 show of a trained model.
"""

import sys

from tinyllm.course.pictures import drawing, m01, m03, m04, m05, m06
from tinyllm.course.syllabus import course_folder
from tinyllm.train import run as runs


def main(arguments):
    exercises = course_folder() / "exercises"
    for run in arguments:
        m01.measure(exercises / m01.FOLDER, runs.open_run(run))
    for module in (m01, m03, m04, m05, m06):
        for name in module.PICTURES:
            drawing.draw(module, exercises / module.FOLDER, name)
            print(exercises / module.FOLDER / f"{name}.svg")


if __name__ == "__main__":
    main(sys.argv[1:])
