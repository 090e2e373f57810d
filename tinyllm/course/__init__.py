"""The course: its exercises, how an answer is judged, and the commands that guide a learner."""
