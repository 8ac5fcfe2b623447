"""Evaluation: scores on new rows, beside those of a run, and runs beside each other."""
