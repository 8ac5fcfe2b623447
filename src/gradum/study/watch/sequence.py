"""Errors as labels come in: whether their rate is above a bound, told at any row, however often."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np
from msgspec import structs

from gradum.errors import SpecError
from gradum.fitting.reference.judged_errors import JudgedErrors
from gradum.messages import listed, say, say_plural, sentences
from gradum.scores.figures import figure, percent
from gradum.study.watch.e_process import bounds, log_evidence, reaches
from gradum.study.watch.taken import TakenTable
from gradum.tables.wording import SHOWN_NAMES, and_more

ALPHA = 0.05
MOST_LOOKS = 500


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
    tables : tuple of TakenTable
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
    tables: tuple[TakenTable, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what no test has counted: a file may come from anybody."""
        bound = self.bound
        if not (0 <= self.errors <= self.rows and 0 < bound.at_most <= 1 and 0 < bound.level < 1):
            raise ValueError(say("it counts more errors than rows, or tests no rate"))


class Look(msgspec.Struct, frozen=True):
    """What was known after some rows.

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
    sentences: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Labelled:
    """The rows of a table that have labels, in the order in which they are tested.

    Parameters
    ----------
    source, labels : str
        The table, and its column of labels.
    wrong : ndarray of shape (n,)
        Which predictions are errors.
    numbers : ndarray of shape (n,)
        The rows' numbers in the table, from 1.
    unjudged : Unjudged
    notes : tuple of str
        What is to be said of the rows and their order.
    """

    source: str
    labels: str
    wrong: np.ndarray
    numbers: np.ndarray
    unjudged: Unjudged
    notes: tuple[str, ...] = ()


def follow(labelled: Labelled, before: ErrorCount, notes: tuple[str, ...] = ()) -> SequentialTest:
    """Carry a test on with the rows of a table; ``notes`` are on the bound.

    Raises
    ------
    SpecError
        No row has a label.
    """
    count = len(labelled.wrong)
    if not count:
        raise SpecError(
            say(
                "No row of {source} has a label in column {labels!r}.",
                source=labelled.source,
                labels=labelled.labels,
            ),
            say("Give rows whose outcome is known."),
        )
    bound = before.bound
    rows = before.rows + np.arange(1, count + 1)
    errors = before.errors + np.cumsum(labelled.wrong)
    logs = log_evidence(rows, errors, bound.at_most)
    alarm, place = None, None
    if before.alarm is not None:
        alarm = ErrorAlarm(before.alarm, None)
    elif (reached := reaches(logs, bound.level)).any():
        place = int(reached.argmax())
        alarm = ErrorAlarm(int(rows[place]), int(labelled.numbers[place]))
    after = structs.replace(
        before,
        rows=int(rows[-1]),
        errors=int(errors[-1]),
        alarm=None if alarm is None else alarm.rows,
    )
    test = SequentialTest(
        labelled.source,
        labelled.labels,
        bound,
        after,
        before.rows,
        labelled.unjudged,
        alarm,
        _course(rows, errors, logs, place, bound.alpha),
    )
    said = (*_sentences(test), *labelled.notes, *notes)
    return structs.replace(test, sentences=tuple(filter(None, said)))


def _course(
    rows: np.ndarray, errors: np.ndarray, logs: np.ndarray, alarm: int | None, alpha: float
) -> tuple[Look, ...]:
    """Look at up to `MOST_LOOKS` of the rows, the place of an alarm and the last among them."""
    places = np.linspace(0, len(rows) - 1, min(len(rows), MOST_LOOKS - 1)).round().astype(int)
    if alarm is not None:
        places = np.union1d(places, alarm)
    low, high = bounds(rows[places], errors[places], alpha)
    evidence = logs[places] / np.log(10)
    columns = (rows[places], errors[places], low, high, evidence)
    return tuple(Look(*look) for look in zip(*(values.tolist() for values in columns), strict=True))


def _sentences(test: SequentialTest) -> list[str]:
    """Say what was found, what is tested, how sure that is, and which rows are not in it."""
    said = [_finding(test), _rate(test), _what_is_tested(test.bound), _claim(test.bound)]
    unjudged = test.unjudged
    if unjudged.unknown:
        said.append(_unknown(unjudged.unknown))
    if unjudged.without_label:
        said.append(
            say_plural(
                "{count:,} row without a label is skipped.",
                "{count:,} rows without a label are skipped.",
                unjudged.without_label,
            )
        )
    if unjudged.left_out:
        said.append(
            say_plural(
                "{count:,} row of a class that the run left out as too rare is skipped.",
                "{count:,} rows of classes that the run left out as too rare are skipped.",
                unjudged.left_out,
            )
        )
    return said


def _finding(test: SequentialTest) -> str:
    at_most = percent(test.bound.at_most, decimals=1)
    if test.alarm is None:
        return say(
            "No alarm: {rows} with labels do not show that the rate of errors is above {rate}.",
            rows=say_plural("{count:,} row", "{count:,} rows", test.count.rows),
            rate=at_most,
        )
    if test.alarm.row is None:
        return say(
            "The rate of errors is above {rate}: an earlier table showed it, after {rows:,} rows "
            "with labels.",
            rate=at_most,
            rows=test.alarm.rows,
        )
    return say(
        "The rate of errors is above {rate}: row {row:,} of {source} showed it, after {rows:,} "
        "rows with labels.",
        rate=at_most,
        row=test.alarm.row,
        source=test.source,
        rows=test.alarm.rows,
    )


def _rate(test: SequentialTest) -> str:
    last = test.course[-1]
    values = {
        "errors": last.errors,
        "rows": last.rows,
        "rate": percent(last.errors / last.rows, decimals=1),
        "low": percent(last.low, decimals=1),
        "high": percent(last.high, decimals=1),
        "certainty": percent(1.0 - test.bound.alpha),
        "earlier": test.earlier,
    }
    if test.earlier:
        return say(
            "So far {errors:,} of {rows:,} predictions were errors, {earlier:,} of these rows in "
            "earlier tables: {rate}, and between {low} and {high} with {certainty} certainty at "
            "all rows at once.",
            **values,
        )
    return say(
        "So far {errors:,} of {rows:,} predictions were errors: {rate}, and between {low} and "
        "{high} with {certainty} certainty at all rows at once.",
        **values,
    )


def _what_is_tested(bound: ErrorBound) -> str:
    said = []
    if bound.judged is not None:
        said.append(
            say(
                "The bound of {bound} is the highest rate that the judged rows leave possible with "
                "{certainty} certainty: {errors:,} of {rows:,} predictions of them were errors.",
                bound=percent(bound.at_most, decimals=1),
                certainty=percent(1.0 - (bound.alpha - bound.level), decimals=1),
                errors=bound.judged.errors,
                rows=bound.judged.rows,
            )
        )
    if bound.beyond is not None and bound.judged is not None:
        said.append(
            say(
                "An error is a prediction farther than {beyond} from its label, as {share} of the "
                "judged rows were.",
                beyond=figure(bound.beyond),
                share=percent(bound.judged.rate, decimals=1),
            )
        )
    elif bound.beyond is not None:
        said.append(
            say(
                "An error is a prediction farther than {beyond} from its label.",
                beyond=figure(bound.beyond),
            )
        )
    return sentences(said)


def _claim(bound: ErrorBound) -> str:
    values = {
        "alpha": percent(bound.alpha, decimals=1),
        "half": percent(bound.level, decimals=1),
    }
    if bound.judged is None:
        return say(
            "While the mean rate stays at most there, an alarm is ever raised with a probability "
            "of at most {alpha}, after however many looks. That errors become fewer is not tested.",
            **values,
        )
    return say(
        "While the mean rate stays at most at that of the judged rows, an alarm is ever raised "
        "with a probability of at most {alpha}, after however many looks: {half} for the bound, "
        "and as much for the new rows. That errors become fewer is not tested.",
        **values,
    )


def _unknown(counts: dict[str, int]) -> str:
    rows = sum(counts.values())
    named = [f"{label!r} ({count:,})" for label, count in list(counts.items())[:SHOWN_NAMES]]
    labels = and_more(listed(named), len(counts) - len(named))
    return say_plural(
        "{count:,} row has a label that training never saw, and counts as an error: {labels}.",
        "{count:,} rows have labels that training never saw, and count as errors: {labels}.",
        rows,
        labels=labels,
    )
