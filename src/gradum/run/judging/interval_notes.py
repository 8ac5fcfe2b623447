"""Notes on the intervals of scores: why one is missing, or is likely to be too short."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter

import numpy as np

from gradum.messages import listed, say, say_plural
from gradum.scores.bootstrap import scheme_basis
from gradum.scores.figures import rows_figure
from gradum.scores.interval import FEWEST_ROWS, Basis
from gradum.scores.metrics import DEFAULT_METRIC, METRICS, metrics_for
from gradum.scores.of_numbers import squared_errors
from gradum.scores.outcome import Outcome
from gradum.scores.schemes import ONE, Scheme

FEW_INDEPENDENT = 30
FEW_OF_MANY = 0.04
"""The tail is long if a smaller share of the rows than this holds half of the squared error.

With normal errors, 13% of the rows hold it; with Laplace errors 7%, and below 4% in fewer than one
of a hundred samples; with Student errors of three degrees of freedom, whose squares have no
variance, 4%.
"""


def cautions(
    outcome: Outcome, scheme: Scheme, classes: Sequence[object], numbers: np.ndarray
) -> tuple[str, ...]:
    """Say why there is no interval, or why one may be too short.

    Parameters
    ----------
    outcome : Outcome
        The outcome of the judged rows, by the rung in use.
    scheme : Scheme
        How the rows are resampled.
    classes : sequence
        The labels; empty for a number.
    numbers : ndarray of shape (n,)
        The number of each row, which is the same if a row was predicted several times.
    """
    of_rows, of_classes = (
        scheme_basis(METRICS[name].kinds(outcome), scheme)
        for name in (DEFAULT_METRIC[outcome.task], "macro_f1")
    )
    return tuple(
        note
        for note in (
            _without_interval(outcome, scheme, classes, of_rows, of_classes),
            _few_predicted(outcome, scheme, classes, of_classes),
            _few_independent(scheme, of_rows),
            "" if outcome.classes else _long_tail(outcome, numbers),
        )
        if note
    )


def _without_interval(
    outcome: Outcome, scheme: Scheme, classes: Sequence[object], of_rows: Basis, of_classes: Basis
) -> str:
    if of_rows.suffices and of_classes.suffices:
        return ""
    cause = _cause(outcome, scheme, classes, min(of_rows, of_classes, key=_size))
    if of_rows.suffices:
        titles = [metric.words for metric in metrics_for(outcome) if metric.by_class]
        return say(
            "No intervals of {metrics} and others that rest on single classes: {cause} are too "
            "few to say how sure a score is.",
            metrics=listed(titles[:3]),
            cause=cause,
        )
    return say(
        "No intervals: {cause} are too few to say how sure a score is. No model is called better "
        "than another.",
        cause=cause,
    )


def _size(basis: Basis) -> tuple[float, float]:
    return basis.rows, basis.independent


def _cause(outcome: Outcome, scheme: Scheme, classes: Sequence[object], least: Basis) -> str:
    if not classes:
        judged = say("judged rows")
    else:
        rarest = int(np.bincount(outcome.target, minlength=len(classes)).argmin())
        judged = say("judged rows that are {label!r}", label=classes[rarest])
    if least.rows < FEWEST_ROWS:
        return say(
            "there are {rows} {judged}, and fewer than {fewest}",
            rows=least.rows,
            judged=judged,
            fewest=FEWEST_ROWS,
        )
    return say(
        "the {judged} amount to {independent} {drawn}, and fewer than {fewest}",
        judged=judged,
        independent=int(least.independent),
        drawn=say(ONE[scheme.what] if int(least.independent) == 1 else scheme.what),
        fewest=least.fewest,
    )


def _few_predicted(
    outcome: Outcome, scheme: Scheme, classes: Sequence[object], of_classes: Basis
) -> str:
    """Say if precision has no interval, although other scores of single classes have one."""
    if not classes or not of_classes.suffices:
        return ""
    metric = METRICS["precision" if outcome.task == "binary" else "macro_precision"]
    labels = classes[1:] if metric.of_second else classes
    counts = [scheme_basis([kind], scheme).rows for kind in metric.kinds(outcome)]
    rows, label = min(zip(counts, labels, strict=True), key=itemgetter(0))
    if not 0 < rows < FEWEST_ROWS:
        return ""
    return say(
        "No interval of {metric}: only {rows} judged rows are predicted as {label!r}, and it takes "
        "at least {fewest}.",
        metric=metric.words,
        rows=rows_figure(rows),
        label=label,
        fewest=FEWEST_ROWS,
    )


def _few_independent(scheme: Scheme, of_rows: Basis) -> str:
    if of_rows.rows <= of_rows.independent or of_rows.independent >= FEW_INDEPENDENT:
        return ""
    if not of_rows.suffices:
        return ""
    return say(
        "The intervals rest on {independent} {drawn}: with fewer than {fewest}, they are rough "
        "and often too short.",
        independent=int(of_rows.independent),
        drawn=say(scheme.what),
        fewest=FEW_INDEPENDENT,
    )


def _long_tail(outcome: Outcome, numbers: np.ndarray) -> str:
    """Say if a few rows carry most of the squared error."""
    _, place = np.unique(numbers, return_inverse=True)
    of_rows = np.bincount(place, weights=squared_errors(outcome) * outcome.weights)
    if len(of_rows) < FEWEST_ROWS:
        return ""
    squares = np.sort(of_rows)[::-1]
    total = squares.sum()
    if not total > 0:
        return ""
    rows = int(np.searchsorted(np.cumsum(squares), total / 2)) + 1
    if rows >= FEW_OF_MANY * len(squares):
        return ""
    return say_plural(
        "Half of the squared error comes from {count:,} of {rows:,} rows. Rarer and larger "
        "errors are then still to come, so the intervals of {metrics} are too short: judge by "
        "--metric mae as well, and look at the worst predictions.",
        "Half of the squared error comes from {count:,} of {rows:,} rows. Rarer and larger "
        "errors are then still to come, so the intervals of {metrics} are too short: judge by "
        "--metric mae as well, and look at the worst predictions.",
        rows,
        rows=len(squares),
        metrics=listed([METRICS[name].words for name in ("rmse", "r2")], "and"),
    )
