"""Wilson intervals of shares in few rows of unequal weight, perhaps alike in groups."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from gradum.scores.interval import Interval, wilson
from gradum.study.evidence import Evidence

Z95 = NormalDist().inv_cdf(0.975)


def share_intervals(
    shares: list[Interval], evidence: Evidence, codes: np.ndarray
) -> list[Interval]:
    """Turn resampled intervals of shares within k bins into Wilson's.

    Percentiles of resamples are too short where a bin holds few rows of one kind, and have no
    width where it holds none. So the resamples give only the number of independent rows: the one
    with their standard error, s (1 − s) / SE², but at most what the weights leave, (Σw)² / Σw².
    Where they show no error, it is (ΣW)² / ΣW² with W the weight of a group, as if all rows of a
    group were one.

    Parameters
    ----------
    shares : list of Interval
        With the standard errors by resamples.
    evidence : Evidence
        n rows.
    codes : ndarray of shape (n,)
        The bins, 0 .. k-1.
    """
    rows = groups = _effective(codes, evidence.weight)
    if evidence.groups is not None:
        span = evidence.groups.max() + 1
        pairs, place = np.unique(codes * span + evidence.groups, return_inverse=True)
        groups = _effective(pairs // span, np.bincount(place, evidence.weight))
    intervals = []
    for share, most, fewest in zip(shares, rows.tolist(), groups.tolist(), strict=True):
        s, error = share.value, share.standard_error
        independent = min(most, s * (1 - s) / error**2) if error > 1e-9 else fewest
        low, high = wilson(s, independent, Z95)
        intervals.append(Interval(s, low, high, (high - low) / (2 * Z95)))
    return intervals


def _effective(codes: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return np.bincount(codes, weight) ** 2 / np.bincount(codes, weight**2)
