"""A test of whether the error rate is above a bound as labels come in, valid at every row.

Of t rows in order, k are errors. For a tilt λ > 0 and a rate m,

    E_λ(m) = exp(λ k) / (1 − m + m exp(λ))ᵗ

is a product over rows of 1 + b (ℓ − m), with ℓ = 1 for an error, else 0, and the bet
b = (exp(λ) − 1) / (1 − m + m exp(λ)), which is below 1/m. Let p_s be the probability of an error at
row s, given all earlier rows. Then E_λ of the mean (p_1 + … + p_t) / t is at most a martingale that
starts at 1, because ln(1 − p + p exp(λ)) is concave in p. So is the mean E of several E_λ. By
Ville's inequality, E ever reaches 1/α with probability at most α, however many looks are taken, and
even if the rate drifts.

Sources: J. Ville, Étude critique de la notion de collectif, 1939; S. Howard and others,
Time-uniform, nonparametric, nonasymptotic confidence sequences, 2021; I. Waudby-Smith and
A. Ramdas, Estimating means of bounded random variables by betting, 2023.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from msgspec import structs
from scipy.special import betaincinv

from gradum.errors import SpecError
from gradum.messages import listed, say, say_plural, sentences
from gradum.scores.figures import figure, percent
from gradum.study.watch.sequential_test import (
    POWER,
    ErrorAlarm,
    ErrorBound,
    ErrorCount,
    Look,
    SequentialTest,
    Unjudged,
)
from gradum.tables.wording import SHOWN_NAMES, and_more

MOST_LOOKS = 500

DOUBLINGS = np.arange(-7, 3)
TILTS = 2.0**DOUBLINGS
"""The tilts λ: an error's odds are exp(λ) times those at m, from 1.008 to 55."""

SHARES = 2.0 ** -np.abs(DOUBLINGS + 1.0) / np.sum(2.0 ** -np.abs(DOUBLINGS + 1.0))
"""The weight of each tilt in E: greatest for odds of 1.65 times, and halved at each doubling."""

ROUNDING = 1e-9  # the amount by which ln E must exceed its threshold
BLOCK = 2**15
HALVINGS = 60


@dataclass(frozen=True, eq=False)
class Labelled:
    """The rows of a table that have labels, in the order in which they are tested."""

    source: str
    labels: str
    """The table, and its column of labels."""
    wrong: np.ndarray
    """Of shape (n,). Which predictions are errors."""
    numbers: np.ndarray
    """Of shape (n,). The rows' numbers in the table, from 1."""
    unjudged: Unjudged
    notes: tuple[str, ...] = ()
    """Notes on the rows and their order."""


def follow(labelled: Labelled, before: ErrorCount, notes: tuple[str, ...] = ()) -> SequentialTest:
    """Continue a test with the rows of a table; ``notes`` are about the bound.

    Raises
    ------
    SpecError
        No row has a label.
    """
    count = len(labelled.wrong)
    if not count:
        raise SpecError(
            "No row of {source} has a label in column {labels!r}.",
            "Give rows whose outcome is known.",
            source=labelled.source,
            labels=labelled.labels,
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
        found_from(after.rows, bound.at_most, bound.level, POWER),
    )
    sentences = (*_sequence_sentences(test), *labelled.notes, *notes)
    return structs.replace(test, sentences=tuple(filter(None, sentences)))


def _course(
    rows: np.ndarray, errors: np.ndarray, logs: np.ndarray, alarm: int | None, alpha: float
) -> tuple[Look, ...]:
    """Look at up to `MOST_LOOKS` rows, including that of an alarm and the last one."""
    places = np.linspace(0, len(rows) - 1, min(len(rows), MOST_LOOKS - 1)).round().astype(int)
    if alarm is not None:
        places = np.union1d(places, alarm)
    low, high = bounds(rows[places], errors[places], alpha)
    evidence = logs[places] / np.log(10)
    columns = (rows[places], errors[places], low, high, evidence)
    return tuple(Look(*look) for look in zip(*(values.tolist() for values in columns), strict=True))


def log_evidence(rows: np.ndarray, errors: np.ndarray, rate: float | np.ndarray) -> np.ndarray:
    """Return ln E for a rate m, or for a rate per pair, after t rows with k errors.

    Parameters
    ----------
    rows, errors : ndarray of shape (n,)
        t and k.
    rate : float or ndarray of shape (n,)
        m in [0, 1].
    """
    rates = np.broadcast_to(np.asarray(rate, float), rows.shape)
    logs = np.empty(len(rows))
    for start in range(0, len(rows), BLOCK):
        part = slice(start, start + BLOCK)
        growth = np.log1p(rates[part, None] * np.expm1(TILTS))
        terms = errors[part, None] * TILTS - rows[part, None] * growth
        largest = terms.max(axis=1)
        logs[part] = largest + np.log(np.exp(terms - largest[:, None]) @ SHARES)
    return logs


def reaches(log_values: np.ndarray, alpha: float) -> np.ndarray:
    """Return whether E has reached 1/α, given ln E (n,)."""
    return log_values >= -np.log(alpha) + ROUNDING


def found_from(rows: int, rate: float, alpha: float, power: float) -> float | None:
    """Return the least constant rate that t rows show to be above m with at least a given power.

    E rises with the errors: it reaches 1/α at the t-th row from some number c of errors on. For
    independent rows with rate p, the probability of at least c errors is I_p(c, t − c + 1). The
    rate at which this is ``power`` is returned, or None if even errors alone would not suffice. The
    test also looks at every earlier row, so its power at that rate is slightly higher.

    Parameters
    ----------
    rows : int
        t.
    rate : float
        m in (0, 1].
    """
    low, high = 0, rows + 1  # E is below 1/α at the first, and reaches it from the second on
    while high - low > 1:
        middle = (low + high) // 2
        counts = np.array([rows]), np.array([middle])
        low, high = (
            (low, middle) if reaches(log_evidence(*counts, rate), alpha)[0] else (middle, high)
        )
    return None if high > rows else float(betaincinv(high, rows - high + 1, power))


def bounds(rows: np.ndarray, errors: np.ndarray, alpha: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the bounds of the mean rate of the rows so far, valid at all looks at once.

    Each side fails at some look with probability at most α/2. The lower bound is the least rate
    whose E stays below 2/α; the upper bound is the same for rows that are not errors.

    Returns
    -------
    low, high : ndarray of shape (n,)
    """
    return _lower(rows, errors, alpha / 2), 1.0 - _lower(rows, rows - errors, alpha / 2)


def _lower(rows: np.ndarray, errors: np.ndarray, alpha: float) -> np.ndarray:
    """Bisect for the rate at which E, which falls as the rate rises, is 1/α; 0 if E is below."""
    low, high = np.zeros(len(rows)), np.ones(len(rows))
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        above = reaches(log_evidence(rows, errors, middle), alpha)
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return low


def _sequence_sentences(test: SequentialTest) -> Iterator[str]:
    """Say what was found, what is tested, how sure this is, and which rows are left out."""
    yield _finding(test)
    yield _rate(test)
    yield sentences(_tested(test.bound))
    if test.alarm is None:
        yield sentences(_power(test))
    yield _claim(test.bound)
    unjudged = test.unjudged
    if unjudged.unknown:
        yield _unknown(unjudged.unknown)
    if unjudged.without_label:
        yield say_plural(
            "{count:,} row without a label is skipped.",
            "{count:,} rows without a label are skipped.",
            unjudged.without_label,
        )
    if unjudged.left_out:
        yield say_plural(
            "{count:,} row of a class that the run left out as too rare is skipped.",
            "{count:,} rows of classes that the run left out as too rare are skipped.",
            unjudged.left_out,
        )


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


def _tested(bound: ErrorBound) -> Iterator[str]:
    """Say which rate is tested, and what an error is."""
    if bound.judged is not None:
        yield say(
            "The bound of {bound} is the highest rate that the judged rows leave possible with "
            "{certainty} certainty: {errors:,} of {rows:,} predictions of them were errors.",
            bound=percent(bound.at_most, decimals=1),
            certainty=percent(1.0 - (bound.alpha - bound.level), decimals=1),
            errors=bound.judged.errors,
            rows=bound.judged.rows,
        )
    if bound.beyond is not None and bound.judged is not None:
        yield say(
            "An error is a prediction farther than {beyond} from its label, as {share} of the "
            "judged rows were.",
            beyond=figure(bound.beyond),
            share=percent(bound.judged.rate, decimals=1),
        )
    elif bound.beyond is not None:
        yield say(
            "An error is a prediction farther than {beyond} from its label.",
            beyond=figure(bound.beyond),
        )


def _power(test: SequentialTest) -> Iterator[str]:
    """Say which rate this many labels find, and which rate no number of labels finds."""
    bound, judged, found = test.bound, test.bound.judged, test.found_from
    values = {
        "rows": test.count.rows,
        "rate": percent(found or 0.0, decimals=1),
        "share": percent(POWER),
        "judged": percent(judged.rate if judged else 0.0, decimals=1),
        "bound": percent(bound.at_most, decimals=1),
    }
    if found is None:
        yield say("No rate of errors is high enough to be shown by {rows:,} labels.", **values)
    elif judged is None:
        yield say(
            "With {rows:,} labels a rate of {rate} or more is found with a probability of {share}; "
            "one closer to {bound} may well be missed.",
            **values,
        )
    else:
        yield say(
            "With {rows:,} labels, the smallest rise that is found with a probability of {share} "
            "is from {judged}, the rate of the judged rows, to {rate}.",
            **values,
        )
    if judged is not None:
        yield say(
            "However many labels come, a rise to {bound} or less is not found: with so few judged "
            "rows, the rate may have been as high before. --at-most tests a lower rate.",
            **values,
        )


def _claim(bound: ErrorBound) -> str:
    values = {"alpha": percent(bound.alpha, decimals=1), "half": percent(bound.level, decimals=1)}
    if bound.judged is None:
        return say(
            "While the mean rate stays at or below the tested rate, the probability that an alarm "
            "is ever raised is at most {alpha}, however often one looks. Whether errors become "
            "fewer is not tested.",
            **values,
        )
    return say(
        "While the mean rate stays at or below that of the judged rows, the probability that an "
        "alarm is ever raised is at most {alpha}, however often one looks: {half} for the bound, "
        "and as much for the new rows. Whether errors become fewer is not tested.",
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
