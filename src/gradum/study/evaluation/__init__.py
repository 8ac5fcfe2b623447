"""Evaluation: scores on new rows next to those of a run, and comparisons of runs."""
