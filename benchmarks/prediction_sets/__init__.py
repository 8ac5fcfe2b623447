"""The size of prediction sets compared with MAPIE's on LightGBM, at equal coverage.

`python -m benchmarks prediction_sets FOLDER [EFFORT] [SEEDS] [SETS]`: tables and splits are those
of `benchmarks.quality`, at most 5,000 rows to fit and judge by. Both sides learn from the same
three quarters of these, take their thresholds from the same last quarter, and answer for the same
held-out rows. Sizes are compared both at exactly 90% of the held-out rows covered, interpolated
between the nearest nominal coverages, and as each side answers when asked for 90%.
"""

from __future__ import annotations


def main(*arguments: str) -> None:
    """Run the command; its imports stay out of the processes of other libraries."""
    from benchmarks.prediction_sets.command import main as command

    command(*arguments)
