"""A test of an error rate, as plain values: the bound, the count, and the findings."""

from __future__ import annotations

import msgspec

from gradum.errors import SpecError
from gradum.messages import say
from gradum.run.reference.judged_errors import JudgedErrors
from gradum.study.watch.counted_table import CountedTable

ALPHA = 0.05
POWER = 0.8
"""The probability with which a test finds a rate that it is reported to find."""


class ErrorBound(msgspec.Struct, frozen=True):
    """The error rate that is tested, and the certainty of the test."""

    at_most: float
    """The rate m, in (0, 1]."""
    alpha: float
    """The largest probability of ever raising an alarm although the rate is no higher than that of
    the judged rows, or than the given rate."""
    level: float
    """The part of α that the rows with labels use: all of it if the rate was given; half if it is
    the highest rate that judged rows leave possible, which uses the other half."""
    beyond: float | None
    """For numbers, an error is a prediction farther than this from its label, in the label's
    unit."""
    judged: JudgedErrors | None
    """The errors that the rate is taken from; None if it was given."""

    @classmethod
    def given(cls, at_most: float, beyond: float | None, alpha: float = ALPHA) -> ErrorBound:
        """Test a given rate.

        Raises
        ------
        SpecError
            The rate is not between 0 and 1.
        """
        if not 0 < at_most < 1:
            raise SpecError(
                "A rate of errors of {rate} cannot be tested.",
                "Give one between 0 and 1, such as 0.1.",
                rate=at_most,
            )
        return cls(at_most, alpha, alpha, beyond, None)

    @classmethod
    def of_judged(cls, judged: JudgedErrors, alpha: float = ALPHA) -> ErrorBound:
        """Test the highest rate that errors among the judged rows leave possible."""
        half = alpha / 2
        return cls(judged.highest_rate(half), alpha, half, judged.beyond, judged)


class ErrorCount(msgspec.Struct, frozen=True):
    """The state of a test: all that is needed to continue it with more rows.

    Raises
    ------
    ValueError
        There are more errors than rows, or the rate is not valid.
    """

    fingerprint: str
    """The fingerprint of the model."""
    bound: ErrorBound
    rows: int = 0
    errors: int = 0
    """The numbers of rows with labels and of errors, in all tables so far."""
    alarm: int | None = None
    """The number of rows after which there was an alarm."""
    tables: tuple[CountedTable, ...] = ()
    """The tables that were counted."""

    def __post_init__(self) -> None:
        """Refuse counts that no test can have made, as a file may come from anybody."""
        bound = self.bound
        if not (0 <= self.errors <= self.rows and 0 < bound.at_most <= 1 and 0 < bound.level < 1):
            raise ValueError(say("it counts more errors than rows, or tests no rate"))


class Look(msgspec.Struct, frozen=True):
    """The state of a test after some rows."""

    rows: int
    errors: int
    low: float
    high: float
    """Bounds of the mean error rate so far, with 95% certainty at all looks at once."""
    evidence: float
    """log₁₀ E against the bound; an alarm is raised where it reaches log₁₀ (1 / level)."""


class ErrorAlarm(msgspec.Struct, frozen=True):
    """The moment at which the rate was shown to be above the bound."""

    rows: int
    """How many rows with labels there had been in all tables."""
    row: int | None
    """The number in this table, from 1, of the last of these rows; None if it was in an earlier
    table."""


class Unjudged(msgspec.Struct, frozen=True):
    """Rows of the table without a label, or with a label that the model cannot predict."""

    without_label: int = 0
    """Rows without a label, which are skipped."""
    left_out: int = 0
    """Rows of classes that the run left out as too rare. They are skipped, since no judged row has
    these classes."""
    unknown: dict[str, int] = {}
    """Label that training never saw -> number of rows, which count as errors."""


class SequentialTest(msgspec.Struct, frozen=True):
    """Whether the error rate is above a bound, by the rows in their order."""

    source: str
    labels: str
    """The table, and its column of labels."""
    bound: ErrorBound
    count: ErrorCount
    """The count after the last row."""
    earlier: int
    """The number of rows of earlier tables, from a saved state."""
    unjudged: Unjudged
    alarm: ErrorAlarm | None
    course: tuple[Look, ...]
    """Looks at up to 500 evenly spaced rows of this table, including that of the alarm."""
    found_from: float | None = None
    """The least rate that this many rows with labels find with a probability of `POWER`; None if
    they find none."""
    sentences: tuple[str, ...] = ()
    """What was found, the most important first."""
