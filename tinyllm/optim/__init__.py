"""Optimisers: what to do with a gradient."""
