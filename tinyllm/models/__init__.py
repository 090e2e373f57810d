"""Models: one file per architecture, each Config, Block, Model, top to bottom."""
