"""Draw every picture of the lessons: `python -m tinyllm.course.pictures`, from any folder.

With the folder of a trained run, measure first what the pictures show of a trained model.
"""

import sys

from tinyllm.course.catalog import course_folder
from tinyllm.course.pictures import m01
from tinyllm.train import run as runs


def main(arguments):
    folder = course_folder() / "exercises" / m01.FOLDER
    for run in arguments:
        m01.measure(folder, runs.open_run(run))
    for name in m01.PICTURES:
        m01.draw(folder, name)
        print(folder / f"{name}.svg")


if __name__ == "__main__":
    main(sys.argv[1:])
