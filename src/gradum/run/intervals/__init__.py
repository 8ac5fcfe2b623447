"""Intervals, sets and distributions of a model: judged rows are scored, new rows answered by them.

The mathematics lies in `gradum.run.conformal`.
"""
