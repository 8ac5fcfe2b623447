"""The rows that were predicted worst, to be looked at one by one."""

from __future__ import annotations

import msgspec

from gradum.study.evidence import Evidence


class WorstRow(msgspec.Struct, frozen=True):
    """One row of the table.

    Parameters
    ----------
    row : int
        Its number in the table, from 1.
    target, prediction : str
        In the table's own words.
    surprise : str
        "probability 0.002 of the true class", or the residual in the target's unit.
    values : dict of str to str
        Every feature as text; "–" where missing.
    """

    row: int
    target: str
    prediction: str
    surprise: str
    values: dict[str, str]


MOST_WORST = 20


def worst_rows(evidence: Evidence) -> tuple[WorstRow, ...]:
    """Return the `MOST_WORST` rows of the greatest loss, worst first."""
    raise NotImplementedError
