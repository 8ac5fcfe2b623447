"""Benchmarks: separate commands, whose figures are ratios of two sides measured in one run."""
