"""Benchmarks: separate commands, whose figures are ratios of both sides measured in one run."""
