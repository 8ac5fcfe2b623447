"""What a numeric prediction leaves: actual against predicted, and the residuals."""

from __future__ import annotations

import msgspec

from gradum.study.evidence import Evidence


class Residuals(msgspec.Struct, frozen=True):
    """Residuals are actual - predicted, in the target's unit.

    Parameters
    ----------
    points : tuple of (float, float, int)
        Predicted, actual, row number: all judged rows, or `MOST_POINTS` drawn at random.
    drawn : int
        Number of rows that the points were drawn from.
    histogram : tuple of (float, float, float)
        Low edge, high edge, weighted share of the rows with a residual in between; the outermost
        bins take the tails.
    quantiles : dict of str to float
        "5%", "25%", "50%", "75%", "95%" of the residuals.
    within : tuple of (float, float)
        Half-width, share of the rows whose |residual| is at most that: at the median and at the
        90% point.
    spread : tuple of (float, float, float, float)
        By tenths of the prediction: mean predicted, and the 10%, 50% and 90% quantile of the
        residuals there, which shows bias and unequal spread.
    sentence : str
        What they show in plain words.
    """

    points: tuple[tuple[float, float, int], ...]
    drawn: int
    histogram: tuple[tuple[float, float, float], ...]
    quantiles: dict[str, float]
    within: tuple[tuple[float, float], ...]
    spread: tuple[tuple[float, float, float, float], ...]
    sentence: str


MOST_POINTS = 1500


def residuals(evidence: Evidence) -> Residuals:
    """Look at actual - predicted on the judged rows."""
    raise NotImplementedError
