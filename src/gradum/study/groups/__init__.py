"""Scores by the groups of a column, each held against all other rows."""
