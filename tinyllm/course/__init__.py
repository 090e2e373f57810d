"""The course: its exercises, how an answer is judged, and the commands that guide a learner."""


def mine(**options):
    """`with course.mine():` runs the library with the learner's pieces: see tinyllm/course/swap.py."""
    from tinyllm.course import swap  # on demand: it imports every piece that can be replaced

    return swap.mine(**options)
