"""The findings of a watch, as plain values: in JSON, each field by its name."""

from __future__ import annotations

from typing import Literal

import msgspec

from gradum.study.groups.groups import Groups
from gradum.study.watch.expectation import Expectation
from gradum.study.watch.sequential_test import SequentialTest

AlarmKind = Literal["column", "answers", "joint", "score", "sequence"]


class WatchAlarm(msgspec.Struct, frozen=True):
    """A reason to look at a model again.

    ``column`` is the column concerned, None where it is none of them.
    """

    kind: AlarmKind
    sentence: str
    column: str | None = None


class DriftEffect(msgspec.Struct, frozen=True):
    """The effect of a column's drift on the answers for new rows.

    An answer is held against the answer for the same row with the column mapped back to the
    distribution that was learned from: each value to the value of the same rank, as many levels
    redrawn as have moved.

    Parameters
    ----------
    answer : str
        Of what: a class, or the target.
    mean, absolute : float
        The mean change of an answer, and of its size: in the target's unit, or of a probability.
    share : float
        ``absolute`` over the standard deviation of the answers.
    harmless : bool
        Whether it is below `effect.HARMLESS` of that deviation.
    """

    answer: str
    mean: float
    absolute: float
    share: float
    harmless: bool

    @property
    def unused(self) -> bool:
        """Whether no answer changes at all."""
        return self.absolute == 0


class Median(msgspec.Struct, frozen=True):
    """Of numbers, dates (microseconds since 1970) and lengths of texts.

    ``shift`` is how far it has moved, in standard deviations of the reference.
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
    """The share of rows without a value; ``p`` is None where no row lacks one."""

    reference: float
    new: float
    p: float | None


class UnseenLevels(msgspec.Struct, frozen=True):
    """Rows of levels that the model does not know, the commonest of these, and how many are.

    ``p`` is that of so many rows, or more, where the reference lets expect ``expected``.
    """

    rows: int
    levels: tuple[str, ...]
    count: int
    expected: float
    p: float


class ColumnWatch(msgspec.Struct, frozen=True):
    """A column of new rows against the reference's.

    Parameters
    ----------
    column, kind : str
    size : float
        The Kolmogorov–Smirnov distance of numbers, dates and lengths of texts, at the quantiles
        that are known; the total variation of levels.
    least_size : float
        The least size that so many rows could show, at 5%.
    p : float
        Of the values being from the same distribution.
    psi : float
        The population stability index.
    median : Median or None
    level : LevelShare or None
    missing : MissingShare
    unseen : UnseenLevels or None
        None where every level is known.
    counts, reference_counts : tuple of int
        Rows between the reference's quantiles, or of its named levels and of buckets of the others.
    places : tuple
        The quantiles, or the named levels.
    drifted : bool
        Whether any of these is beyond chance, all tests of the watch being counted
        (Benjamini and Hochberg, 5%).
    effect : DriftEffect or None
        Of a column that has drifted; None of the others, and of texts.
    sentence : str
    """

    column: str
    kind: str
    size: float
    least_size: float
    p: float
    psi: float
    median: Median | None
    level: LevelShare | None
    missing: MissingShare
    unseen: UnseenLevels | None
    counts: tuple[int, ...]
    reference_counts: tuple[int, ...]
    places: tuple[float, ...] | tuple[str, ...]
    drifted: bool = False
    effect: DriftEffect | None = None
    sentence: str = ""

    @property
    def tests(self) -> dict[str, float]:
        """The p-value of each test that was made: of "values", "missing" ones, "unseen" levels."""
        made = {"values": self.p, "missing": self.missing.p}
        made["unseen"] = None if self.unseen is None else self.unseen.p
        return {name: p for name, p in made.items() if p is not None}

    @property
    def alarming(self) -> bool:
        """Whether it has drifted, and is not known to be harmless."""
        return self.drifted and not (self.effect is not None and self.effect.harmless)


class AnswersWatch(msgspec.Struct, frozen=True):
    """The answers for new rows against those for the rows that judged the model.

    Parameters
    ----------
    answer : str
        The target, or the class whose probability has moved most.
    rows : int
        New rows whose answers were looked at.
    size, least_size : float
        The Kolmogorov–Smirnov distance, as of columns.
    p : float or None
        None where the judged rows were answered by other fits than the one that is kept.
    median, reference_median : float
    places : tuple of float
        The quantiles that are known.
    counts, reference_counts : tuple of int
        Rows between the reference's quantiles.
    """

    answer: str
    rows: int
    reference_rows: int
    size: float
    least_size: float
    p: float | None
    median: float
    reference_median: float
    places: tuple[float, ...]
    counts: tuple[int, ...]
    reference_counts: tuple[int, ...]
    drifted: bool = False
    sentence: str = ""


class JointWatch(msgspec.Struct, frozen=True):
    """Whether a classifier can tell new rows from the reference's, by all columns together.

    Parameters
    ----------
    auc : float
        The area under the ROC curve on rows that it had not learned from: 0.5 where it cannot.
    least_auc : float
        The least area that so many rows could show, at 5%.
    p : float
    rows, reference_rows : int
        That were looked at.
    columns : tuple of (str, float)
        Where it can, the columns that tell them apart most, and what the area loses without each.
    """

    auc: float
    least_auc: float
    p: float
    rows: int
    reference_rows: int
    columns: tuple[tuple[str, float], ...]
    drifted: bool = False
    sentence: str = ""


class Watched(msgspec.Struct, frozen=True):
    """The findings of a watch.

    Parameters
    ----------
    target, rung : str
    rows, reference_rows : int
    alarms : tuple of WatchAlarm
        None where the model holds, as far as the rows can show.
    tests : int
        The tests that were counted together.
    p : float or None
        The probability that any of them finds so much, were all rows alike; None where none was
        made.
    columns : tuple of ColumnWatch
        Those that alarm first, then those whose drift is harmless; the larger first of each.
    answers : AnswersWatch or None
    joint : JointWatch or None
        None where no reference rows are at hand.
    expected_score : Expectation or None
        What is expected without labels; None where no judged rows are at hand.
    stream, groups : Struct or None
        What labels show in their order, and by group.
    notes : tuple of str
        What else is to be known of the rows, and what was not looked at and why.
    """

    target: str
    rung: str
    rows: int
    reference_rows: int
    alarms: tuple[WatchAlarm, ...]
    tests: int
    columns: tuple[ColumnWatch, ...]
    answers: AnswersWatch | None = None
    joint: JointWatch | None = None
    expected_score: Expectation | None = None
    stream: SequentialTest | None = None
    groups: Groups | None = None
    notes: tuple[str, ...] = ()
    p: float | None = None
