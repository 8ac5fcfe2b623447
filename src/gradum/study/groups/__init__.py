"""Scores by the groups of a column, each compared with all other rows."""
