"""How sure it is that one model scores differently from another on the same rows."""

from __future__ import annotations

from collections.abc import Sequence

from gradum.scores.bootstrap import Interval, Resamples, interval, resampled
from gradum.scores.metrics import score
from gradum.scores.outcome import Outcome


def paired_difference(
    a: Outcome, b: Outcome, metric: str, resamples: Resamples, level: float = 0.95
) -> Interval:
    """Give metric(a) − metric(b) its percentile interval, both taken on the same resamples.

    What the two share, above all which rows are hard, cancels, so the interval is far narrower
    than the two intervals side by side suggest.
    """
    return paired_differences([a], b, metric, resamples, level)[0]


def paired_differences(
    outcomes: Sequence[Outcome],
    reference: Outcome,
    metric: str,
    resamples: Resamples,
    level: float = 0.95,
) -> list[Interval]:
    """Give metric(outcome) − metric(reference) of each outcome, in one pass over the resamples."""
    *values, base = resampled([*outcomes, reference], resamples, [metric])[metric]
    return [
        interval(score(outcome)[metric] - score(reference)[metric], value - base, level)
        for outcome, value in zip(outcomes, values, strict=True)
    ]
