"""Series: gradum's linear model beside aeon's MiniRocket with a ridge classifier.

``python -m benchmarks series FOLDER [SEEDS] [SETS]``. FOLDER holds files ``series/NAME.npz`` with
``x_train``, ``y_train``, ``x_test`` and ``y_test`` (x of rows × channels × readings); the sets of
equal length that aeon's package ships come with them. aeon works in an environment of its own
(`peers`). The first fit of each side, which compiles, does not count.
"""

from __future__ import annotations


def main(*arguments: str) -> None:
    """Run the command; its imports stay out of the process of aeon."""
    from benchmarks.series.command import main as command

    command(*arguments)
