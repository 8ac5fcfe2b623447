"""Scores by segment of the table: the slices that were asked for, and the weakest ones found."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from gradum.scores.bootstrap import Interval
from gradum.study.evidence import Evidence


class Segment(msgspec.Struct, frozen=True):
    """The judged rows with one value, or one range of values, of a column.

    Parameters
    ----------
    column : str
    values : str
        "female", "34 to 51", "missing".
    rows : int
    score : Interval
        The verdict's metric within the segment.
    difference : Interval or None
        That score minus the score of all other judged rows.
    baseline : float or None
        The target's mean, or the share of the second or commonest class, in the segment: a
        segment may be weak because its target is harder, not because the model is worse.
    finding : str
        "weaker than the rest", "stronger than the rest", "no difference shown", "too few rows
        to say".
    """

    column: str
    values: str
    rows: int
    score: Interval
    difference: Interval | None
    baseline: float | None
    finding: str


class Segments(msgspec.Struct, frozen=True):
    """Scores by segment.

    Parameters
    ----------
    metric : str
    slices : dict of str to tuple of Segment
        Column asked for -> its segments.
    weakest : tuple of Segment
        The weakest segments of any column, worst first, whose difference stays on one side of
        zero after correction for the number of segments tried.
    tried : int
        How many segments were tried to find them.
    """

    metric: str
    slices: dict[str, tuple[Segment, ...]]
    weakest: tuple[Segment, ...]
    tried: int


def segments(evidence: Evidence, slices: Sequence[str], metric: str) -> Segments:
    """Score the judged rows by segment.

    Raises
    ------
    SpecError
        A slice names a column that is not in the table; the nearest names are given.
    """
    raise NotImplementedError
