"""tinyllm: a large language model built from scratch, to be read, completed and run on the hardware at hand."""

__version__ = "0.1.0"
