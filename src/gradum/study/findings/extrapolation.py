"""Extrapolation of a learning curve: a power law through losses at growing numbers of rows.

C. Cortes et al., Learning curves: asymptotic values and rate of convergence, NIPS 1993; T. Viering
and M. Loog, The shape of learning curves: a review, 2023.
"""

from __future__ import annotations

import numpy as np

EXPONENTS = np.linspace(0.2, 1.0, 9)
"""How fast a loss may approach its end: as n^-1, like least squares of a true model, or slower."""


def doubled(
    losses: np.ndarray,
    samples: np.ndarray,
    sizes: np.ndarray,
    *,
    error: float,
    least: float,
    rng: np.random.Generator,
) -> tuple[float, np.ndarray]:
    """Return how twice the rows of the last size would change the loss: a value and B draws.

    For each exponent c the curve s(n) = a + b n^-c with b ≥ 0 is fitted by least squares with
    weights (n / n_last)²; the misfit is the weighted sum of squares. c has the likelihood

        exp(-misfit / (2 σ²)),        σ² = error² + least misfit / (p - 2).

    The value is the mean change under this likelihood. In each resample, c is drawn from it, and a
    normal error of variance σ² is added to the change.

    Parameters
    ----------
    losses : ndarray of shape (p,)
        Lower is better.
    samples : ndarray of shape (p, B)
        The losses on B resamples.
    sizes : ndarray of shape (p,)
        Numbers of rows, growing.
    error : float
        Standard error of the last loss, from chance in judging and in training.
    least : float
        The best possible loss, which no forecast falls below.
    rng : numpy.random.Generator
        Draws exponents and errors.
    """
    relative = sizes / sizes[-1]
    changes, misfits = _by_exponent(losses[:, None], relative)
    variance = error**2 + float(misfits.min()) / (len(sizes) - 2)
    change = np.sum(_likelihood(misfits, variance) * changes)
    changes, misfits = _by_exponent(samples, relative)
    likelihood = _likelihood(misfits, variance)
    below = likelihood.cumsum(axis=0) < rng.random(samples.shape[1])
    drawn = np.minimum(below.sum(axis=0), len(EXPONENTS) - 1)
    draws = changes[drawn, np.arange(len(drawn))]
    draws += np.sqrt(variance) * rng.standard_normal(len(drawn))
    return max(float(change), least - float(losses[-1])), np.maximum(draws, least - samples[-1])


def _by_exponent(losses: np.ndarray, relative: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the change and the misfit under each exponent, (c, B) each."""
    laws = [_power_law(losses, relative, exponent) for exponent in EXPONENTS]
    changes, misfits = (np.array(values) for values in zip(*laws, strict=True))
    return changes, misfits


def _likelihood(misfits: np.ndarray, variance: float) -> np.ndarray:
    """Return how likely each exponent is (c, B), summing to 1."""
    variance = max(variance, np.finfo(np.float64).tiny)
    likelihood = np.exp((misfits.min(axis=0) - misfits) / (2.0 * variance))
    return likelihood / likelihood.sum(axis=0)


def _power_law(
    losses: np.ndarray, relative: np.ndarray, exponent: float
) -> tuple[np.ndarray, np.ndarray]:
    """Fit b n^-c to losses (p, B) at shares of rows; return its change at twice all, and misfit."""
    weight = relative**2
    share = weight / weight.sum()
    curve = relative**-exponent
    curve -= share @ curve
    centred = losses - share @ losses
    slope = np.maximum((share * curve) @ centred / (share @ curve**2), 0.0)
    misfit = weight @ (centred - curve[:, None] * slope) ** 2
    return slope * (2.0**-exponent - 1.0), misfit
