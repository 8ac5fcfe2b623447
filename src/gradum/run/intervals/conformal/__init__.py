"""Intervals and sets with a stated guarantee: conformal prediction from judged rows."""
