"""The projects of the course: one file each, which judges what a learner's project leaves."""
