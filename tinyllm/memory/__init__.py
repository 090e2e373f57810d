"""Memory: what a model and its training need."""
