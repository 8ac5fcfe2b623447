"""Paired differences: intervals of one model's score minus another's on the same rows."""

from __future__ import annotations

from collections.abc import Sequence

from gradum.scores.bootstrap import Resamples, resampled, scheme_basis
from gradum.scores.interval import LEVEL, Interval, Sampled
from gradum.scores.metrics import METRICS, score
from gradum.scores.outcome import Outcome


def paired_difference(
    a: Outcome, b: Outcome, metric: str, resamples: Resamples, level: float = LEVEL
) -> Interval:
    """Give metric(a) − metric(b) Student's interval, both taken on the same resamples.

    What the two share, above all which rows are hard, cancels, so the interval is far narrower
    than the two intervals side by side suggest.
    """
    return paired_differences([a], b, metric, resamples, level)[0]


def paired_differences(
    outcomes: Sequence[Outcome],
    reference: Outcome,
    metric: str,
    resamples: Resamples,
    level: float = LEVEL,
) -> list[Interval]:
    """Give metric(outcome) − metric(reference) of each outcome, in one pass over the resamples."""
    together = [*outcomes, reference]
    *samples, base = (
        Sampled(
            score(outcome)[metric],
            draws,
            scheme_basis(METRICS[metric].kinds(outcome), resamples.scheme),
        )
        for outcome, draws in zip(
            together, resampled(together, resamples, [metric])[metric], strict=True
        )
    )
    return [METRICS[metric].difference(sample, base, level) for sample in samples]
