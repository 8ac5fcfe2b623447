"""Calibration intercept and slope: the outcomes of two classes regressed on predicted log-odds.

D. Cox, Two further applications of a model for binary regression (Biometrika 45), 1958; D. Miller
and others, Validation of probabilistic predictions (Medical Decision Making 13), 1993.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit, logit

from gradum.scores.outcome import Outcome
from gradum.scores.weighting import Weighting, ratio

SMALLEST = 1e-7
"""Probabilities nearer to 0 or 1 count as this far away; that is the last digit of float32."""
MOST_STEPS = 50
FARTHEST = 30.0  # of a log-odds per step of the predicted ones: the classes are separated


def calibration_slope(rows: Weighting) -> np.ndarray:
    """Return b of logit P(y = 1) = a + b logit p (B,): 1 if calibrated, below 1 if too sure."""
    return _estimated(rows, free=True)[1]


def calibration_intercept(rows: Weighting) -> np.ndarray:
    """Return a of logit P(y = 1) = a + logit p (B,): 0 if calibrated, above 0 if p is too low."""
    return _estimated(rows, free=False)[0]


def fisher_errors(outcome: Outcome) -> tuple[float, float]:
    """Return the standard errors of intercept and slope by the law that was fitted.

    They are the roots of H⁻¹ (Σ w² μ (1 − μ) x xᵀ) H⁻¹, with x = (1, logit p) or 1 alone.
    """
    errors = []
    for free in (False, True):
        a, b = _maximum(outcome, free)
        z, w = _log_odds(outcome), outcome.weights
        x = np.stack([np.ones_like(z), z])[: 1 + free]
        mean = expit(a + b * z)
        curved = mean * (1 - mean)
        inverse = np.linalg.inv((x * w * curved) @ x.T)
        errors.append(float(np.sqrt((inverse @ (x * w**2 * curved) @ x.T @ inverse)[-1, -1])))
    return errors[0], errors[1]


def _estimated(rows: Weighting, *, free: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return intercepts and slopes under B weightings of the rows, one Newton step from their own.

    Rows with their own weights have the maximum likelihood itself. NaN if it has no maximum, or if
    a weighting leaves one class only.
    """
    outcome = rows.outcome
    a, b = _maximum(outcome, free)
    z, y = _log_odds(outcome), outcome.target == 1
    mean = expit(a + b * z)
    slack, curved = y - mean, mean * (1 - mean)
    sums = [slack, curved, slack * z, curved * z, curved * z**2]
    s0, h0, s1, h1, h2 = np.einsum("bi,ki->kb", rows.weights, np.stack(sums))
    if not free:
        return a + ratio(s0, h0), np.ones(len(s0))
    determinant = h0 * h2 - h1**2
    enough = np.where(determinant > 1e-9 * h0 * h2, determinant, 0.0)
    return a + ratio(h2 * s0 - h1 * s1, enough), b + ratio(h0 * s1 - h1 * s0, enough)


def _maximum(outcome: Outcome, free: bool) -> tuple[float, float]:
    """Return the intercept and the slope of greatest likelihood; NaN if there is none."""
    z, y, w = _log_odds(outcome), outcome.target == 1, outcome.weights
    x = np.stack([np.ones_like(z), z])[: 1 + free]
    place = np.zeros(1 + free)
    if y.all() or not y.any() or (free and np.ptp(z) == 0):
        return np.nan, np.nan
    for _ in range(MOST_STEPS):
        mean = expit(place @ x + (0 if free else z))
        step = np.linalg.lstsq((x * w * mean * (1 - mean)) @ x.T, (x * w) @ (y - mean))[0]
        place = place + step * min(1.0, 2.0 / np.abs(step * np.abs(x).max(axis=1)).max(initial=1.0))
        if np.abs(step).max() < 1e-10 * (1 + np.abs(place).max()):
            return float(place[0]), float(place[1]) if free else 1.0
        if np.abs(place).max() > FARTHEST:
            break
    return np.nan, np.nan


def _log_odds(outcome: Outcome) -> np.ndarray:
    assert outcome.probability is not None
    return logit(outcome.probability[:, 1].astype(np.float64).clip(SMALLEST, 1 - SMALLEST))
