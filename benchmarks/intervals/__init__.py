"""The width of intervals for numbers, compared with other libraries.

``python -m benchmarks intervals FOLDER [SEEDS]``, with a folder of tables as in
`benchmarks.quality.sets`. On each table of its suite with a number as the target, a pack with split
conformal intervals is compared with conformalised quantile regression (MAPIE on LightGBM) and a
quantile forest. The latter two work in an environment of their own (`peers`).
"""

from __future__ import annotations


def main(*arguments: str) -> None:
    """Run the command; its imports stay out of the processes of other libraries."""
    from benchmarks.intervals.command import main as command

    command(*arguments)
