"""The spec of the linear rung."""

from __future__ import annotations

from gradum.rungs.number_ranges import AtLeastTwo, Factor, FromNone, refuse_beyond_ranges
from gradum.rungs.rung_spec import Settings


class LinearSpec(Settings, frozen=True):
    """How the linear rung is fitted.

    For n training rows, the penalties tried are ``alpha = s / n`` for each strength s, strongest
    first. The data term of the objective is a mean, so a constant amount of prior belief weighs s /
    n.
    """

    strengths: tuple[Factor, ...] = (1e4, 3e3, 1e3, 300, 100, 30, 10, 3, 1, 0.3, 0.1, 0.01, 0.001)
    folds: AtLeastTwo = 5
    folds_up_to_rows: FromNone = 10_000

    def __post_init__(self) -> None:
        """Refuse numbers that no fit can use."""
        refuse_beyond_ranges(self)
