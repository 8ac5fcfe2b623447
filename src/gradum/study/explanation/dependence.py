"""Partial dependence (PD) and accumulated local effects (ALE) of one column.

PD is the mean answer once all background rows have the same value of the column (J. H. Friedman,
Greedy function approximation: a gradient boosting machine, 2001). With f_b(x) the answer for
background row b once its value is x, which is the row's ICE curve (A. Goldstein and others,
Peeking inside the black box, 2015),

    PD(x) = (1/B) Σ_b f_b(x).

Rows differ in the height of their curves, which says nothing of the column. So the standard error
is paired: it is that of the curve's shape, which is PD(x) less its own mean over the g values,

    s(x)² = Var_b(f_b(x) − (1/g) Σ_x' f_b(x')) / B.

PD also asks what is answered for rows that there are none like, such as a small flat with nine
rooms. ALE looks at the column where its rows are, and so tells apart columns that go together.
D. W. Apley and J. Zhu, Visualizing the effects of predictor variables in black box supervised
learning models, Journal of the Royal Statistical Society B, 2020; first order. In bin j, from
z_{j−1} to z_j, lie n_j background rows, of n that have a value. Each is moved from one edge to the
other, with all its other columns as they are:

    d_j = (1/n_j) Σ_{b in bin j} (f_b(z_j) − f_b(z_{j−1})),        g(z_j) = d_1 + … + d_j.

g runs straight between edges and level beyond them, and is centred:

    ALE = g − Σ_j (n_j/n) (g(z_{j−1}) + g(z_j))/2.

ALE(x) = Σ_j a_j(x) d_j, and the bins hold different rows, so that its variance is
Σ_j a_j(x)² s_j²/n_j, with s_j² the variance of the differences in bin j.

Shapes: g values, B background rows, n of them with a value, K bins, k answers, M members.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Dependence:
    """The partial dependence on one column at the values of a grid.

    Parameters
    ----------
    values : ndarray (g, k)
        PD, in the unit of the answers.
    error : ndarray (g, k)
        Standard error of the curve's shape, from the scatter of B background rows; NaN of one.
    spread : ndarray (g, k)
        Standard deviation of the curve's shape over the members of a pack; NaN of one network.
    """

    values: np.ndarray
    error: np.ndarray
    spread: np.ndarray

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
    """Return the standard deviation along an axis; NaN of one value."""
    if values.shape[axis] < 2:
        return np.full(np.delete(values.shape, axis), np.nan)
    return values.std(axis=axis, ddof=1)


@dataclass(frozen=True)
class Accumulated:
    """The accumulated local effects of one column at some values.

    Parameters
    ----------
    values : ndarray (g, k)
        ALE, in the unit of the answers; their mean over the rows is 0. NaN where there is none: of
        levels, and where a value is missing.
    error : ndarray (g, k)
        Standard error, from the scatter of the differences within the bins; NaN where a bin has one
        row.
    """

    values: np.ndarray
    error: np.ndarray

    @classmethod
    def of(
        cls, points: np.ndarray, edges: np.ndarray, bins: np.ndarray, steps: np.ndarray
    ) -> Accumulated:
        """Add up differences, bin after bin.

        Parameters
        ----------
        points : ndarray (g,)
            Where ALE is asked for; NaN for what is no number.
        edges : ndarray (K + 1,)
        bins : ndarray of int (n,)
            The bin of each row, from 0; each occurs.
        steps : ndarray (n, k)
            f_b(z_j) − f_b(z_{j−1}).
        """
        rows = np.bincount(bins, minlength=max(len(edges) - 1, 0))[:, None]
        mean = _sums(bins, steps, len(rows)) / rows
        squares = _sums(bins, (steps - mean[bins]) ** 2, len(rows))
        with np.errstate(invalid="ignore"):  # 0 / 0: of one row no variance is known
            variance = squares / (rows - 1) / rows
        passed = _passed_of(points, edges)
        # Of n_j rows in bin j, half of its own step lies below their middle, and all steps before.
        at_edges = _passed_of(edges, edges)
        middle = (at_edges[1:] + at_edges[:-1]) / 2
        factors = passed - (rows[:, 0] / max(len(bins), 1)) @ middle
        nowhere = np.where(np.isnan(points), np.nan, 0.0)[:, None]
        return cls(factors @ mean + nowhere, np.sqrt(factors**2 @ variance) + nowhere)


def bins_of(numbers: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the bin of each number (n,), from 0: (z₀, z₁], (z₁, z₂], …, the first with z₀."""
    return np.maximum(np.searchsorted(edges, numbers) - 1, 0)


def _passed_of(points: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return which share of each bin lies below each point (g, K); NaN for no number."""
    low, width = edges[:-1], np.diff(edges)
    return np.clip((points[:, None] - low) / width, 0.0, 1.0)


def _sums(bins: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    """Sum values (n, k) within bins: (K, k)."""
    sums = np.zeros((count, values.shape[1]))
    np.add.at(sums, bins, values)
    return sums
