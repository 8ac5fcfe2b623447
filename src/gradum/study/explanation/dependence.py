"""Partial dependence (PD) and accumulated local effects (ALE) of one column.

PD is the mean answer once all background rows have the same value of the column (J. H. Friedman,
Greedy function approximation: a gradient boosting machine, 2001). With f_b(x) the answer for
background row b when its value is set to x, the row's ICE curve (A. Goldstein and others, Peeking
inside the black box, 2015),

    PD(x) = (1/B) Σ_b f_b(x).

Rows differ in the height of their curves, which says nothing about the column. So the standard
error is paired: it is that of the curve's shape, PD(x) less its own mean over the g values,

    s(x)² = Var_b(f_b(x) − (1/g) Σ_x' f_b(x')) / B.

PD also asks about rows unlike any real one, such as a small flat with nine rooms. ALE looks at the
column only where there are rows, and so separates columns that vary together. D. W. Apley and J.
Zhu, Visualizing the effects of predictor variables in black box supervised learning models, Journal
of the Royal Statistical Society B, 2020; first order. Bin j, from z_{j−1} to z_j, holds n_j of the
n background rows that have a value. Each is moved from one edge to the other, with all its other
columns unchanged:

    d_j = (1/n_j) Σ_{b in bin j} (f_b(z_j) − f_b(z_{j−1})),        g(z_j) = d_1 + … + d_j.

g is straight between edges and constant beyond them, and is centred:

    ALE = g − Σ_j (n_j/n) (g(z_{j−1}) + g(z_j))/2.

ALE(x) = Σ_j a_j(x) d_j, and the bins hold different rows, so its variance is Σ_j a_j(x)² s_j²/n_j,
with s_j² the variance of the differences in bin j.

Shapes: g values, B background rows, n of them with a value, K bins, k answers, M members.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Dependence:
    """The partial dependence on one column at the values of a grid."""

    values: np.ndarray
    """Of shape (g, k). PD, in the unit of the answers."""
    error: np.ndarray
    """Of shape (g, k). Standard error of the curve's shape, from the scatter of B background rows;
    NaN for one row."""
    spread: np.ndarray
    """Of shape (g, k). Standard deviation of the curve's shape over the members of a pack; NaN for
    one network."""

    @classmethod
    def of(cls, curves: np.ndarray, members: np.ndarray) -> Dependence:
        """Average the curves (g, B, k) of background rows; ``members`` (M, g, k) are means."""
        shapes = curves - curves.mean(axis=0)
        of_members = members - members.mean(axis=1, keepdims=True)
        return cls(
            curves.mean(axis=1),
            _deviation(shapes, 1) / np.sqrt(curves.shape[1]),
            _deviation(of_members, 0),
        )


def _deviation(values: np.ndarray, axis: int) -> np.ndarray:
    """Return the standard deviation along an axis; NaN for one value."""
    if values.shape[axis] < 2:
        return np.full(np.delete(values.shape, axis), np.nan)
    return values.std(axis=axis, ddof=1)


@dataclass(frozen=True)
class Accumulated:
    """The accumulated local effects of one column at some values."""

    values: np.ndarray
    """Of shape (g, k). ALE, in the unit of the answers, with a mean of 0 over the rows. NaN for
    levels and for missing values, which have no ALE."""
    error: np.ndarray
    """Of shape (g, k). Standard error, from the scatter of the differences within the bins; NaN
    where a bin has one row."""

    @classmethod
    def of(
        cls, points: np.ndarray, edges: np.ndarray, bins: np.ndarray, steps: np.ndarray
    ) -> Accumulated:
        """Add up differences, bin after bin.

        Parameters
        ----------
        points : ndarray (g,)
            Where ALE is wanted; NaN for what is not a number.
        edges : ndarray (K + 1,)
        bins : ndarray of int (n,)
            The bin of each row, from 0; every bin occurs.
        steps : ndarray (n, k)
            f_b(z_j) − f_b(z_{j−1}).
        """
        rows = np.bincount(bins, minlength=max(len(edges) - 1, 0))[:, None]
        mean = _sums(bins, steps, len(rows)) / rows
        squares = _sums(bins, (steps - mean[bins]) ** 2, len(rows))
        with np.errstate(invalid="ignore"):  # 0 / 0: one row has no variance
            variance = squares / (rows - 1) / rows
        passed = _passed_of(points, edges)
        # The middle of the n_j rows in bin j lies above all earlier steps and half of its own.
        at_edges = _passed_of(edges, edges)
        middle = (at_edges[1:] + at_edges[:-1]) / 2
        factors = passed - (rows[:, 0] / max(len(bins), 1)) @ middle
        nowhere = np.where(np.isnan(points), np.nan, 0.0)[:, None]
        return cls(factors @ mean + nowhere, np.sqrt(factors**2 @ variance) + nowhere)


def bins_of(numbers: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the bin of each number (n,), from 0, among [z₀, z₁], (z₁, z₂], …."""
    return np.maximum(np.searchsorted(edges, numbers) - 1, 0)


def _passed_of(points: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the share of each bin below each point (g, K); NaN for a point that is NaN."""
    low, width = edges[:-1], np.diff(edges)
    return np.clip((points[:, None] - low) / width, 0.0, 1.0)


def _sums(bins: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    """Sum values (n, k) within bins: (K, k)."""
    sums = np.zeros((count, values.shape[1]))
    np.add.at(sums, bins, values)
    return sums
