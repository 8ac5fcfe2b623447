"""Notes on the intervals of scores: why one is missing, or is likely to be too short."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradum.scores.bootstrap import basis
from gradum.scores.interval import FEWEST_ROWS, Basis
from gradum.scores.metrics import METRICS, metrics_of, squared_errors
from gradum.scores.outcome import Outcome
from gradum.scores.schemes import Scheme
from gradum.tables.wording import counted

FEW_INDEPENDENT = 30
FEW_OF_MANY = 0.04
"""Share of the rows that holds half of the squared error where its tail is long.

Of normal errors 13% of the rows hold it, of Laplace's 7%, and below 4% in fewer than one of a
hundred samples; of Student's with three degrees of freedom, whose squares have no variance, 4%.
"""


def cautions(outcome: Outcome, scheme: Scheme, classes: Sequence[object]) -> tuple[str, ...]:
    """Say why there is no interval, or why one may be too short.

    Parameters
    ----------
    outcome : Outcome
        Of the judged rows, by the rung in use.
    scheme : Scheme
        How they are resampled.
    classes : sequence
        The labels; empty for a number.
    """
    of_rows, of_classes = (basis(outcome, scheme, by_class=each) for each in (False, True))
    return tuple(
        said
        for said in (
            _without_interval(outcome, scheme, classes, of_rows, of_classes),
            _few_independent(scheme, of_rows),
            _long_tail(outcome),
        )
        if said
    )


def _without_interval(
    outcome: Outcome,
    scheme: Scheme,
    classes: Sequence[object],
    of_rows: Basis,
    of_classes: Basis,
) -> str:
    if of_rows.suffices and of_classes.suffices:
        return ""
    cause = _cause(outcome, scheme, classes, min(of_rows, of_classes, key=_size))
    which, verdict = "", " No rung is called better than another."
    if of_rows.suffices:
        titles = [metric.words for metric in metrics_of(outcome.task) if metric.by_class]
        which, verdict = f" of {', '.join(titles[:3])} and others that rest on single classes", ""
    return f"No intervals{which}: {cause} say too little of how sure a score is.{verdict}"


def _size(basis: Basis) -> tuple[int, float]:
    return basis.rows, basis.independent


def _cause(outcome: Outcome, scheme: Scheme, classes: Sequence[object], least: Basis) -> str:
    judged = "judged rows"
    if classes:
        rarest = np.bincount(outcome.target, minlength=len(classes)).argmin()
        judged = f"judged rows that are {classes[int(rarest)]!r}"
    if least.rows < FEWEST_ROWS:
        return f"there are {least.rows} {judged}, and fewer than {FEWEST_ROWS}"
    independent = f"{int(least.independent)} independent {scheme.what}"
    return f"the {judged} amount to {independent}, and fewer than {least.fewest}"


def _few_independent(scheme: Scheme, of_rows: Basis) -> str:
    if of_rows.rows <= of_rows.independent or of_rows.independent >= FEW_INDEPENDENT:
        return ""
    if not of_rows.suffices:
        return ""
    return (
        f"The intervals rest on {int(of_rows.independent)} independent {scheme.what}: "
        f"of fewer than {FEW_INDEPENDENT} they are rough, and often too short."
    )


def _long_tail(outcome: Outcome) -> str:
    """Say so where a few rows carry most of the squared error."""
    if outcome.classes or len(outcome) < FEWEST_ROWS:
        return ""
    squares = np.sort(squared_errors(outcome) * outcome.weights)[::-1]
    total = squares.sum()
    if not total > 0:
        return ""
    rows = int(np.searchsorted(np.cumsum(squares), total / 2)) + 1
    if rows >= FEW_OF_MANY * len(outcome):
        return ""
    names = " and ".join(METRICS[name].words for name in ("rmse", "r2"))
    return (
        f"Half of the squared error lies in {counted(rows, 'row')} of {len(outcome):,}. With so "
        f"long a tail the intervals of {names} are too short, as rarer and larger errors are yet "
        "to come: judge by --metric mae as well, and look at the worst predictions."
    )
