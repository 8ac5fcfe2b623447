"""Whether predictions mean what they say: predicted against observed, by bins."""

from __future__ import annotations

import msgspec

from gradum.scores.bootstrap import Interval
from gradum.study.evidence import Evidence


class ReliabilityBin(msgspec.Struct, frozen=True):
    """Rows whose predictions are close to each other.

    Parameters
    ----------
    predicted : float
        Mean predicted probability, or predicted number.
    observed : Interval
        Share of rows of the class, or mean of the target, with its interval.
    rows : int
    """

    predicted: float
    observed: Interval
    rows: int


class Reliability(msgspec.Struct, frozen=True):
    """A reliability curve.

    Parameters
    ----------
    label : str
        The class whose probability is looked at; "the predicted class" for more than two
        classes; the target's name for a number.
    bins : tuple of ReliabilityBin
        By rising prediction.
    calibration_in_the_large : Interval
        Mean prediction - mean observation.
    sentence : str
        What the curve shows, in plain words: too sure of itself, not sure enough, or neither
        shown.
    """

    label: str
    bins: tuple[ReliabilityBin, ...]
    calibration_in_the_large: Interval
    sentence: str


def reliability(evidence: Evidence) -> Reliability:
    """Bin the judged rows by prediction and compare with what was observed."""
    raise NotImplementedError
