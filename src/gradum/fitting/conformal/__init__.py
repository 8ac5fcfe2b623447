"""Intervals and sets with a stated guarantee."""
