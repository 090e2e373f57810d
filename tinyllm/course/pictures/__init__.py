"""The pictures of the lessons, drawn by programs: `python -m tinyllm.course.pictures` draws them all again.

What was measured, a curve or the attention of a trained model, is kept as JSON beside its picture.
"""
