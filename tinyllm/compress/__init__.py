"""Compression: models whose weights take fewer bytes."""
