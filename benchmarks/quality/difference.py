"""Differences between methods: Friedman's test of mean ranks, and Nemenyi's critical difference.

Demšar, J. (2006). Statistical comparisons of classifiers over multiple data sets. Journal of
Machine Learning Research 7, 1–30; sections 3.2.1 and 3.2.2.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import f, studentized_range

ALPHA = 0.05


@dataclass(frozen=True)
class Friedman:
    """Iman and Davenport's form of Friedman's test.

    Attributes
    ----------
    statistic : float
        F = (N − 1) χ² / (N (k − 1) − χ²), with χ² = 12 N / (k (k + 1)) (Σ R² − k (k + 1)² / 4) for
        k methods with mean ranks R over N sets.
    freedom : tuple of int
        k − 1 and (k − 1)(N − 1).
    p : float
        The probability of an F at least this large if all methods are alike.
    """

    statistic: float
    freedom: tuple[int, int]
    p: float


def friedman(ranks: np.ndarray) -> Friedman | None:
    """Test whether methods are alike; None for fewer than two methods or two sets.

    Parameters
    ----------
    ranks : array (k methods × N sets)
    """
    methods, sets = ranks.shape
    if methods < 2 or sets < 2:
        return None
    squares = np.sum(ranks.mean(axis=1) ** 2) - methods * (methods + 1) ** 2 / 4
    chi_square = 12 * sets / (methods * (methods + 1)) * squares
    rest = sets * (methods - 1) - chi_square  # 0 if all sets rank the methods alike
    statistic = (sets - 1) * chi_square / rest if rest > 1e-9 * sets else math.inf
    freedom = (methods - 1, (methods - 1) * (sets - 1))
    return Friedman(float(statistic), freedom, float(f.sf(statistic, *freedom)))


def critical_difference(methods: int, sets: int, alpha: float = ALPHA) -> float:
    """Return how far apart two mean ranks must be: q √(k (k + 1) / (6 N)).

    q is the 1 − α quantile of the studentised range of k groups with infinite degrees of freedom,
    divided by √2.
    """
    q = studentized_range.ppf(1 - alpha, methods, math.inf) / math.sqrt(2)
    return float(q * math.sqrt(methods * (methods + 1) / (6 * sets)))


def alike(mean_ranks: Sequence[float], least: float) -> list[tuple[int, int]]:
    """Return the longest runs of methods whose mean ranks differ by less than ``least``.

    Parameters
    ----------
    mean_ranks : sequence of float
        In order.
    least : float
        The critical difference.

    Returns
    -------
    list of (int, int)
        Places of the first and the last method of each run of two or more.
    """
    lasts = [
        max(place for place, rank in enumerate(mean_ranks) if place >= first and rank - own < least)
        for first, own in enumerate(mean_ranks)
    ]
    starts = [-1, *lasts]
    return [
        (first, last)
        for first, (before, last) in enumerate(itertools.pairwise(starts))
        if last > max(first, before)
    ]
