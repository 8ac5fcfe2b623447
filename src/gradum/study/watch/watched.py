"""The findings of a watch as plain values; in JSON, each field has its name."""

from __future__ import annotations

from typing import Literal

import msgspec

from gradum.study.groups.groups import Groups
from gradum.study.watch.expectation import Expectation
from gradum.study.watch.sequential_test import SequentialTest

AlarmKind = Literal["column", "answers", "joint", "score", "sequence"]


class WatchAlarm(msgspec.Struct, frozen=True):
    """A reason to look at a model again.

    ``column`` is the column concerned, or None if there is no single one.
    """

    kind: AlarmKind
    sentence: str
    column: str | None = None


class DriftEffect(msgspec.Struct, frozen=True):
    """The effect of a column's drift on the answers for new rows.

    Each answer is compared with the answer for the same row after the column is mapped back to the
    learned distribution: each value to the value of the same rank, and as many levels redrawn as
    have moved.
    """

    answer: str
    """The answer's name: a class, or the target."""
    mean: float
    absolute: float
    """The mean change of an answer, and the mean size of the change, in the target's unit or as a
    probability."""
    share: float
    """``absolute`` over the standard deviation of the answers."""
    harmless: bool
    """Whether ``share`` is below `effect.HARMLESS`."""

    @property
    def unused(self) -> bool:
        """Whether no answer changes at all."""
        return self.absolute == 0


class Median(msgspec.Struct, frozen=True):
    """Medians of numbers, dates (microseconds since 1970) and lengths of texts.

    ``shift`` is how far the median has moved, in standard deviations of the reference.
    """

    reference: float
    new: float
    shift: float


class LevelShare(msgspec.Struct, frozen=True):
    """The named level whose share of the rows has moved most."""

    level: str
    reference: float
    new: float


class MissingShare(msgspec.Struct, frozen=True):
    """The share of rows without a value; ``p`` is None if no row lacks one."""

    reference: float
    new: float
    p: float | None


class UnseenLevels(msgspec.Struct, frozen=True):
    """Rows of levels that the model does not know, the commonest of these levels, and their number.

    ``p`` is the p-value of at least this many rows if the reference leads one to expect
    ``expected``.
    """

    rows: int
    levels: tuple[str, ...]
    count: int
    expected: float
    p: float


class ColumnWatch(msgspec.Struct, frozen=True):
    """A column of new rows compared with the reference's."""

    column: str
    kind: str
    size: float
    """The Kolmogorov–Smirnov distance for numbers, dates and lengths of texts, at the known
    quantiles; the total variation for levels."""
    least_size: float
    """The least size that this many rows could show, at 5%."""
    p: float
    """The p-value for the values coming from the same distribution."""
    psi: float
    """The population stability index."""
    median: Median | None
    level: LevelShare | None
    missing: MissingShare
    unseen: UnseenLevels | None
    """None if every level is known."""
    counts: tuple[int, ...]
    reference_counts: tuple[int, ...]
    """The numbers of rows between the reference's quantiles, or with its named levels and in
    buckets of other levels."""
    places: tuple[float, ...] | tuple[str, ...]
    """The quantiles, or the named levels."""
    drifted: bool = False
    """Whether any of these is beyond chance, corrected for all tests of the watch (Benjamini and
    Hochberg, 5%)."""
    effect: DriftEffect | None = None
    """For a column that has drifted; None for other columns, and for texts."""
    sentence: str = ""
    below: tuple[float, ...] = ()
    above: tuple[float, ...] = ()
    """The new values less than the first quantile, and those greater than the last, at evenly
    spaced ranks; the last of them is the greatest."""

    @property
    def tests(self) -> dict[str, float]:
        """The p-value of each test that was made: "values", "missing" values, "unseen" levels."""
        made = {"values": self.p, "missing": self.missing.p}
        made["unseen"] = None if self.unseen is None else self.unseen.p
        return {name: p for name, p in made.items() if p is not None}

    @property
    def alarming(self) -> bool:
        """Whether the column has drifted, and the drift is not known to be harmless."""
        return self.drifted and not (self.effect is not None and self.effect.harmless)


class AnswersWatch(msgspec.Struct, frozen=True):
    """The answers for new rows compared with those for the judged rows."""

    answer: str
    """The target, or the class whose probability has moved most."""
    rows: int
    """The number of new rows whose answers were looked at."""
    reference_rows: int
    size: float
    least_size: float
    """The Kolmogorov–Smirnov distance, as for columns."""
    p: float | None
    """None if the judged rows were predicted by other fits than the one that is kept."""
    median: float
    reference_median: float
    places: tuple[float, ...]
    """The known quantiles."""
    counts: tuple[int, ...]
    reference_counts: tuple[int, ...]
    """The numbers of rows between the reference's quantiles."""
    drifted: bool = False
    sentence: str = ""
    below: tuple[float, ...] = ()
    above: tuple[float, ...] = ()
    """The new answers beyond the quantiles, as for columns."""


class JointWatch(msgspec.Struct, frozen=True):
    """Whether a classifier can tell new rows from the reference's, by all columns together."""

    auc: float
    """The area under the ROC curve on rows that it had not learned from; 0.5 if it cannot."""
    least_auc: float
    """The least area that this many rows could show, at 5%."""
    p: float
    rows: int
    reference_rows: int
    """The numbers of rows that were looked at."""
    columns: tuple[tuple[str, float], ...]
    """If it can, the columns that tell rows apart most, and how much the area loses without
    each."""
    drifted: bool = False
    sentence: str = ""


class Watched(msgspec.Struct, frozen=True):
    """The findings of a watch."""

    target: str
    rung: str
    rows: int
    reference_rows: int
    alarms: tuple[WatchAlarm, ...]
    """Empty if the model holds, as far as the rows can show."""
    tests: int
    """The number of tests that were corrected together."""
    columns: tuple[ColumnWatch, ...]
    """Columns that alarm first, then columns with harmless drift, the larger first in each."""
    answers: AnswersWatch | None = None
    joint: JointWatch | None = None
    """None if no reference rows are at hand."""
    expected_score: Expectation | None = None
    """The expected score without labels; None if no judged rows are at hand."""
    stream: SequentialTest | None = None
    groups: Groups | None = None
    """What labels show, in their order and by group."""
    notes: tuple[str, ...] = ()
    """What else to know about the rows, and what was not looked at and why."""
    p: float | None = None
    """The probability that any of them would find this much if all rows were alike; None if there
    were no tests."""
