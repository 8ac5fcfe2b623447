"""The width of intervals of numbers, beside other libraries.

``python -m benchmarks intervals FOLDER [SEEDS]``, with a folder of tables as that of
`benchmarks.quality.sets`. On each table of numbers of its suite, a pack with split conformal
intervals stands beside conformalised quantile regression (MAPIE, of LightGBM) and a quantile
forest. These work in an environment of their own (`peers`).
"""

from __future__ import annotations


def main(*arguments: str) -> None:
    """Run the command; its imports stay out of the processes of other libraries."""
    from benchmarks.intervals.command import main as command

    command(*arguments)
