"""Scores by group, as plain values: in JSON, each field by its name."""

from __future__ import annotations

import msgspec

from gradum.scores.interval import Interval
from gradum.study.finding_words import NO_DIFFERENCE, TOO_FEW_ROWS, UNDEFINED

UNMARKED = (NO_DIFFERENCE, TOO_FEW_ROWS, UNDEFINED)
"""Findings that claim no difference."""


class GroupScore(msgspec.Struct, frozen=True):
    """A measure in one group.

    Parameters
    ----------
    value : float or None
        None where the rows of the group leave it undefined, such as the AUC of a single class.
    interval : Interval or None
        95%, of this group alone; None where it has too few rows.
    difference : Interval or None
        The value less that of all other rows. With 95% certainty the intervals of all groups and
        measures hold at once.
    finding : str
        "weaker than the rest", "stronger than the rest"; of a rate "higher than the rest",
        "lower than the rest"; "no difference shown", "too few rows to say", "undefined".
    p_value : float or None
        The probability of so large a difference, were there none; all groups of the column are
        counted, by this measure alone. None where there is no difference to test.
    """

    value: float | None
    interval: Interval | None
    difference: Interval | None
    finding: str
    p_value: float | None = None


class Group(msgspec.Struct, frozen=True):
    """The judged rows with one value, or one range of values, of a column.

    Parameters
    ----------
    column, values : str
    rows : int
    scores : dict of str to GroupScore
        By measure.
    """

    column: str
    values: str
    rows: int
    scores: dict[str, GroupScore]


class GroupGap(msgspec.Struct, frozen=True):
    """How far the rates of a column's groups lie apart: the highest less the lowest.

    Parameters
    ----------
    column, measure : str
    value : float
        Of the groups with enough rows.
    low, high : float
        95%, from intervals of all of these groups that hold at once.
    """

    column: str
    measure: str
    value: float
    low: float
    high: float


class Groups(msgspec.Struct, frozen=True):
    """Scores by group.

    Parameters
    ----------
    measures : tuple of str
        The metric first; of two classes the rates as well.
    rows : int
        Judged.
    selected : str or None
        The second of two classes.
    groups : tuple of Group
        Column by column.
    gaps : tuple of GroupGap
        Of rates and other shares, in columns with at least two groups of enough rows.
    sentences : tuple of str
        What was found, and what the intervals mean.
    """

    measures: tuple[str, ...]
    rows: int
    selected: str | None
    groups: tuple[Group, ...]
    gaps: tuple[GroupGap, ...]
    sentences: tuple[str, ...]

    @property
    def flagged(self) -> tuple[tuple[Group, str], ...]:
        """The groups that differ from the rest, each with a measure by which it does."""
        return tuple(
            (group, measure)
            for group in self.groups
            for measure, score in group.scores.items()
            if score.finding not in UNMARKED
        )
