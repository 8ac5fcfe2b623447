"""Scores of predicted classes that have an order: how many ranks they are off.

A class's rank is its place in the order, 0 .. K-1.
"""

from __future__ import annotations

import numpy as np

from gradum.scores.outcome import Outcome
from gradum.scores.weighting import Weighting

EXACT = 1e-12  # a smaller mean square is rounding


def mean_rank_error(rows: Weighting) -> np.ndarray:
    """Mean absolute rank error: Σ w |rank predicted − rank of the class| / Σ w."""
    return rows.mean(rank_errors(rows.outcome))


def quadratic_kappa(rows: Weighting) -> np.ndarray:
    """Quadratic-weighted κ: 1 − E(t − p)² / (E t² + E p² − 2 E t · E p) for the ranks t and p.

    The divisor is the mean square if t and p were independent. The score is 0 if one class is
    predicted throughout, and NaN if all rows are also of it. Source: J. Cohen, Weighted kappa,
    Psychological Bulletin 70 (1968).
    """
    target = rows.outcome.target.astype(np.float64)
    predicted = rows.outcome.predicted.astype(np.float64)
    square, level = rows.mean(predicted**2), rows.mean(predicted)
    chance = rows.mean(target**2) + square - 2.0 * rows.mean(target) * level
    chance = np.where(chance > EXACT, chance, np.nan)
    together = 2.0 * (rows.mean(target * predicted) - rows.mean(target) * level)
    return np.clip(np.where(square - level**2 > EXACT, together, 0.0) / chance, -1.0, 1.0)


def kappa_as_share(rows: Weighting) -> np.ndarray:
    """(1 + κ) / 2, which lies in [0, 1]: (B, 1)."""
    return (1.0 + quadratic_kappa(rows))[:, None] / 2


def rank_errors(outcome: Outcome) -> np.ndarray:
    """|rank predicted − rank of the class| of each row (n,)."""
    return np.abs(outcome.predicted - outcome.target).astype(np.float64)
