"""Training: the loop, its checkpoints, and the folder a run leaves."""
