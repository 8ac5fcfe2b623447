"""Intervals and sets with a stated guarantee: conformal prediction from the rows that judged."""
