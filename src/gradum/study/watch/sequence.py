"""Errors as labels come in: a test of whether their rate is above a bound, valid at every row.

Of t rows in their order, k are errors. For a tilt λ > 0 and a rate m,

    E_λ(m) = exp(λ k) / (1 − m + m exp(λ))ᵗ

is a product over rows of 1 + b (ℓ − m), with ℓ = 1 for an error, else 0, and the bet
b = (exp(λ) − 1) / (1 − m + m exp(λ)), which is below 1/m. Let the chance of an error at row s,
given all rows before, be p_s. Then E_λ of the mean (p_1 + … + p_t) / t is at most a martingale that
begins at 1, because ln(1 − p + p exp(λ)) is concave in p. So is the mean E of several E_λ, and by
Ville's inequality E ever reaches 1/α with probability at most α: however many looks are taken, and
even where the rate drifts.

Sources: J. Ville, Étude critique de la notion de collectif, 1939; S. Howard and others,
Time-uniform, nonparametric, nonasymptotic confidence sequences, 2021; I. Waudby-Smith and
A. Ramdas, Estimating means of bounded random variables by betting, 2023.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from msgspec import structs
from scipy.special import betaincinv

from gradum.errors import SpecError
from gradum.messages import say
from gradum.study.watch.sequence_wording import sequence_sentences
from gradum.study.watch.sequential_test import (
    POWER,
    ErrorAlarm,
    ErrorCount,
    Look,
    SequentialTest,
    Unjudged,
)

MOST_LOOKS = 500

DOUBLINGS = np.arange(-7, 3)
TILTS = 2.0**DOUBLINGS
"""λ: an error's odds of exp(λ) times those at m, 1.008 to 55."""

SHARES = 2.0 ** -np.abs(DOUBLINGS + 1.0) / np.sum(2.0 ** -np.abs(DOUBLINGS + 1.0))
"""Of each tilt in E: most of odds of 1.65 times, and half with each doubling away from it."""

ROUNDING = 1e-9  # by which ln E must be above its threshold
BLOCK = 2**15
HALVINGS = 60


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
        found_from(after.rows, bound.at_most, bound.level, POWER),
    )
    sentences = (*sequence_sentences(test), *labelled.notes, *notes)
    return structs.replace(test, sentences=tuple(filter(None, sentences)))


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


def log_evidence(rows: np.ndarray, errors: np.ndarray, rate: float | np.ndarray) -> np.ndarray:
    """Return ln E of a rate m, or of one for each pair, after t rows with k errors.

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
    """Return where E has reached 1/α, given ln E (n,)."""
    return log_values >= -np.log(alpha) + ROUNDING


def found_from(rows: int, rate: float, alpha: float, power: float) -> float | None:
    """Return the least constant rate that t rows show to be above m with a probability, or more.

    E rises with the errors: it reaches 1/α at the t-th row from some c errors on, and of
    independent rows of a rate p, I_p(c, t − c + 1) is the chance of so many. The rate at which
    that is ``power`` is returned, None where not even errors alone would do. The test also looks
    at every row before, so that its power there is a little higher.

    Parameters
    ----------
    rows : int
        t.
    rate : float
        m in (0, 1].
    alpha, power : float
    """
    low, high = 0, rows + 1  # E stays below 1/α at the first, and reaches it from the second on
    while high - low > 1:
        middle = (low + high) // 2
        counts = np.array([rows]), np.array([middle])
        low, high = (
            (low, middle) if reaches(log_evidence(*counts, rate), alpha)[0] else (middle, high)
        )
    return None if high > rows else float(betaincinv(high, rows - high + 1, power))


def bounds(rows: np.ndarray, errors: np.ndarray, alpha: float) -> tuple[np.ndarray, np.ndarray]:
    """Return between which rates the mean rate of the rows so far lies, at all looks at once.

    Each side fails at some look with probability at most α/2. The lower bound is the least rate
    whose E stays below 2/α; the upper one is the same of rows that are no errors.

    Returns
    -------
    low, high : ndarray of shape (n,)
    """
    return _lower(rows, errors, alpha / 2), 1.0 - _lower(rows, rows - errors, alpha / 2)


def _lower(rows: np.ndarray, errors: np.ndarray, alpha: float) -> np.ndarray:
    """Bisect for the rate at which E, which falls as the rate rises, is 1/α; 0 if it is below."""
    low, high = np.zeros(len(rows)), np.ones(len(rows))
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        above = reaches(log_evidence(rows, errors, middle), alpha)
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return low
