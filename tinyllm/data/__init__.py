"""Data: corpora, splits and batches. Needs nothing of the library but the ground floor."""
