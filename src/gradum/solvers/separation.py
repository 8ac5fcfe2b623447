"""Separation: if columns separate a class without error, logistic regression has no optimum.

Class c is separated from the others if some combination β of the columns and an intercept has

    xᵢ·β ≥ 0 for the rows of c,   xᵢ·β ≤ 0 for all others,   and not 0 for all:

along β the likelihood rises without end. A linear programme looks for the β that separates most in
standard units; then columns are left out one by one as long as the others separate.

Sources: Albert and Anderson, Biometrika 71 (1984); Konis, "Linear programming algorithms for
detecting separated data in binary logistic regression models" (Oxford, 2007).
"""

from __future__ import annotations

import numpy as np
import scipy.optimize

from gradum.margins import EPSILON, TIMES
from gradum.solvers.linear_model import LinearModel

MOST_ENTRIES = 5_000_000  # in the columns, up to which a linear programme is solved
MATTERS = 1e-6
MOST_TRIED = 40  # columns that are left out one by one


def separating_columns(model: LinearModel) -> tuple[int, ...] | None:
    """Return the columns that separate a class, in order; empty if there are too many rows.

    None means that certainly nothing separates two classes: a fit only came close to it.

    A single column that separates is found by sorting. Otherwise the linear programme finds a
    combination.
    """
    columns = model.columns
    rows, width = columns.shape
    if rows * max(width, 1) > MOST_ENTRIES or model.target.ndim != 1:
        return ()
    dense, codes = columns.to_dense(), np.asarray(model.target)
    classes = [1] if model.outputs == 1 else range(model.outputs)
    separating: set[int] = set()
    for code in classes:
        inside = codes == code
        if inside.all() or not inside.any():
            continue
        alone = [
            j for j in np.flatnonzero(columns.alive).tolist() if _separates(dense[:, j], inside)
        ]
        separating.update(alone or _combination(dense, inside, fit_intercept=model.fit_intercept))
    if not separating and model.outputs == 1:
        return None
    return tuple(sorted(separating))


def _separates(values: np.ndarray, chosen: np.ndarray) -> bool:
    """Whether a threshold splits the chosen rows from the others, allowing ties at the threshold.

    Values that overlap only in the last digits are tied: only a nearly infinite coefficient could
    separate them.
    """
    inside, outside = values[chosen], values[~chosen]
    last = TIMES * EPSILON * np.abs(values).max()
    above = inside.min() >= outside.max() - last and inside.max() > outside.min() + last
    below = inside.max() <= outside.min() + last and inside.min() < outside.max() - last
    return bool(above or below)


def _combination(dense: np.ndarray, inside: np.ndarray, *, fit_intercept: bool) -> list[int]:
    """Return columns that separate together, each of which is needed."""
    signs = np.where(inside, 1.0, -1.0)[:, None]
    signed = np.hstack([dense * signs, signs * float(fit_intercept)])
    weight = np.abs(_separating_weight(signed))[:-1]
    if not weight.any():
        return []
    kept = list(range(len(weight)))
    if len(kept) > MOST_TRIED:
        kept = np.flatnonzero(weight > MATTERS).tolist()
    if len(kept) > MOST_TRIED:
        return kept
    # Later columns are left out first, so that the first of several duplicates is named: which one
    # the programme picks depends on the last bits.
    for column in reversed(list(kept)):
        others = [j for j in kept if j != column]
        if others and _separating_weight(signed[:, [*others, -1]]).any():
            kept = others
    return kept


def _separating_weight(signed: np.ndarray) -> np.ndarray:
    """Maximise mean(signed @ β) subject to signed @ β ≥ 0, |β| ≤ 1; β is 0 if nothing separates."""
    width = signed.shape[1]
    result = scipy.optimize.linprog(
        -signed.mean(axis=0),
        A_ub=-signed,
        b_ub=np.zeros(len(signed)),
        bounds=(-1.0, 1.0),
        method="highs",
    )
    if result.x is None or -result.fun <= MATTERS:
        return np.zeros(width)
    return result.x
