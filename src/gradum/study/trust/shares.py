"""Shares of rows held against the least that is asked: how likely so few are, and their error."""

from __future__ import annotations

from math import sqrt

from scipy.special import betainc

FOUND = 3.5
"""How many standard errors lie between what is asked and what can just be found, about."""


def at_most(covered: float, rows: float, share: float) -> float:
    """Return P(X ≤ x) of a binomial X of m rows and a share q: I(m − x, x + 1; 1 − q)."""
    return 1.0 if covered >= rows else float(betainc(rows - covered, covered + 1.0, 1.0 - share))


def share_error(share: float, rows: float) -> float:
    """Return the standard error of a share of rows so far below ``share`` as can just be found."""
    error = sqrt(share * (1 - share) / rows)
    lower = max(share - FOUND * error, 0.5) if share > 0.5 else share
    return sqrt(lower * (1 - lower) / rows)
