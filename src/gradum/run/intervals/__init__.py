"""Intervals, sets and distributions of a model: judged rows are scored, new rows get answers.

The mathematics lies in `gradum.run.intervals.conformal`.
"""
