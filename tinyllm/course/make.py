"""Makes anew what has its source elsewhere: the exercises from the solutions, the notebooks from lessons and exercises.

    python -m tinyllm.course.make

An exercise that a learner has begun is kept aside first, as `tinyllm course reset` does.
"""

import argparse

from tinyllm.course import guide, notebook, syllabus
from tinyllm.course.progress import untouched


def main():
    argparse.ArgumentParser(description=__doc__.partition("\n")[0]).parse_args()
    folder = syllabus.course_folder()
    exercises = syllabus.read_exercises(folder)
    for exercise in exercises:
        if not untouched(folder, exercise):
            guide.reset(folder, exercise)
    for module in sorted({exercise.place.parent.name for exercise in exercises}):
        notebook.write_notebook(folder, module, exercises)


if __name__ == "__main__":
    main()
