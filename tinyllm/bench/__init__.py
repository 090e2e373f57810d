"""Benchmarks: what this machine can do, and how it compares, as ratios of two sides that ran in turn."""
