"""A test of a rate of errors, as plain values: the bound, the count, and what was found."""

from __future__ import annotations

import msgspec

from gradum.errors import SpecError
from gradum.messages import say
from gradum.run.reference.judged_errors import JudgedErrors
from gradum.study.watch.counted_table import CountedTable

ALPHA = 0.05
POWER = 0.8
"""The probability with which a test finds a rate that it is said to find."""


class ErrorBound(msgspec.Struct, frozen=True):
    """The rate of errors that is tested, and with what certainty.

    Parameters
    ----------
    at_most : float
        The rate m, in (0, 1].
    alpha : float
        The probability, at most, of ever raising an alarm although the rate is no higher than that
        of the judged rows, or than the rate that was given.
    level : float
        The part of α that the rows with labels use: all of it where the rate was given; half where
        it is the highest that judged rows leave possible, which takes the other half.
    beyond : float or None
        Of numbers, an error is a prediction farther than this from its label, in its unit.
    judged : JudgedErrors or None
        What the rate is taken from; None where it was given.
    """

    at_most: float
    alpha: float
    level: float
    beyond: float | None
    judged: JudgedErrors | None

    @classmethod
    def given(cls, at_most: float, beyond: float | None, alpha: float = ALPHA) -> ErrorBound:
        """Test a rate that was asked for.

        Raises
        ------
        SpecError
            It is no rate between 0 and 1.
        """
        if not 0 < at_most < 1:
            raise SpecError(
                say("A rate of errors of {rate} cannot be tested.", rate=at_most),
                say("Give one between 0 and 1, such as 0.1."),
            )
        return cls(at_most, alpha, alpha, beyond, None)

    @classmethod
    def of_judged(cls, judged: JudgedErrors, alpha: float = ALPHA) -> ErrorBound:
        """Test the highest rate that errors among the judged rows leave possible."""
        half = alpha / 2
        return cls(judged.highest_rate(half), alpha, half, judged.beyond, judged)


class ErrorCount(msgspec.Struct, frozen=True):
    """A test so far: all that is needed to carry it on with more rows.

    Parameters
    ----------
    fingerprint : str
        Of the model.
    bound : ErrorBound
    rows, errors : int
        With labels, of all tables so far.
    alarm : int or None
        After how many rows there was an alarm.
    tables : tuple of CountedTable
        What they were counted in.

    Raises
    ------
    ValueError
        There are more errors than rows, or the rate is none.
    """

    fingerprint: str
    bound: ErrorBound
    rows: int = 0
    errors: int = 0
    alarm: int | None = None
    tables: tuple[CountedTable, ...] = ()

    def __post_init__(self) -> None:
        """Refuse counts that no test can have made: a file may come from anybody."""
        bound = self.bound
        if not (0 <= self.errors <= self.rows and 0 < bound.at_most <= 1 and 0 < bound.level < 1):
            raise ValueError(say("it counts more errors than rows, or tests no rate"))


class Look(msgspec.Struct, frozen=True):
    """The state of a test after some rows.

    Parameters
    ----------
    rows, errors : int
    low, high : float
        Between which the mean rate of errors so far lies: with 95% certainty at all looks at once.
    evidence : float
        log₁₀ E against the bound; an alarm is raised where it reaches log₁₀ (1 / level).
    """

    rows: int
    errors: int
    low: float
    high: float
    evidence: float


class ErrorAlarm(msgspec.Struct, frozen=True):
    """When it was shown that the rate is above the bound.

    Parameters
    ----------
    rows : int
        How many rows with labels there had been, of all tables.
    row : int or None
        The number of the last of them in this table, from 1; None in an earlier one.
    """

    rows: int
    row: int | None


class Unjudged(msgspec.Struct, frozen=True):
    """Rows of the table that have no label, or one that the model cannot predict.

    Parameters
    ----------
    without_label : int
        Skipped.
    left_out : int
        Of classes that the run left out as too rare: skipped, since no judged row is of them.
    unknown : dict of str to int
        Label that training never saw -> rows, which count as errors.
    """

    without_label: int = 0
    left_out: int = 0
    unknown: dict[str, int] = {}


class SequentialTest(msgspec.Struct, frozen=True):
    """Whether the rate of errors is above a bound, by the rows in their order.

    Parameters
    ----------
    source, labels : str
        The table, and its column of labels.
    bound : ErrorBound
    count : ErrorCount
        After the last row.
    earlier : int
        Rows of earlier tables, which a state brought.
    unjudged : Unjudged
    alarm : ErrorAlarm or None
    course : tuple of Look
        At up to 500 rows of this table, evenly spread, that of the alarm among them.
    found_from : float or None
        The least rate that so many rows with labels find with a probability of `POWER`; None
        where they find none.
    sentences : tuple of str
        What was found, the most important first.
    """

    source: str
    labels: str
    bound: ErrorBound
    count: ErrorCount
    earlier: int
    unjudged: Unjudged
    alarm: ErrorAlarm | None
    course: tuple[Look, ...]
    found_from: float | None = None
    sentences: tuple[str, ...] = ()
