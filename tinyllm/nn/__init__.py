"""Layers: objects that own parameters and are called on Tensors."""
