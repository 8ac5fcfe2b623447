"""Which columns tell a class apart without error, so that logistic regression has no optimum.

Class c is separated from the others if some combination β of the columns and an intercept has

    xᵢ·β ≥ 0 for the rows of c,   xᵢ·β ≤ 0 for all others,   and not 0 for all:

along β the likelihood rises for ever. A linear programme looks for the β that separates most
in standard units, and leaves out every column that it can do without.

Sources: Albert and Anderson, Biometrika 71 (1984); Konis, "Linear programming algorithms for
detecting separated data in binary logistic regression models" (Oxford, 2007).
"""

from __future__ import annotations

import numpy as np
import scipy.optimize

from gradum.solvers.linear_model import LinearModel

MOST_ENTRIES = 5_000_000  # of the columns, for which a linear programme is solved
MATTERS = 1e-6
PRICE = 1e-3  # of a coefficient, in separation: of several sets of columns the smallest is named


def separating_columns(model: LinearModel) -> tuple[int, ...]:
    """Return the columns that separate a class, in their order; none where there are too many rows.

    A column that does it alone is found by sorting. Else the linear programme finds a combination.
    """
    columns = model.columns
    rows, width = columns.shape
    if rows * max(width, 1) > MOST_ENTRIES or model.target.ndim != 1:
        return ()
    dense, codes = columns.to_dense(), np.asarray(model.target)
    classes = [1] if model.outputs == 1 else range(model.outputs)
    found: set[int] = set()
    for code in classes:
        own = codes == code
        if own.all() or not own.any():
            continue
        alone = [j for j in np.flatnonzero(columns.alive).tolist() if _separates(dense[:, j], own)]
        found.update(alone or _combination(dense, own, fit_intercept=model.fit_intercept))
    return tuple(sorted(found))


def _separates(values: np.ndarray, own: np.ndarray) -> bool:
    """Whether a threshold splits own rows from others, ties at the threshold allowed."""
    inside, outside = values[own], values[~own]
    above = inside.min() >= outside.max() and inside.max() > outside.min()
    return bool(above or (inside.max() <= outside.min() and inside.min() < outside.max()))


def _combination(dense: np.ndarray, own: np.ndarray, *, fit_intercept: bool) -> list[int]:
    """Maximise Σ sᵢ xᵢ·β − price·‖β‖₁ over sᵢ xᵢ·β ≥ 0, |β| ≤ 1, for the signs s of the rows."""
    rows, width = dense.shape
    signed = dense * np.where(own, 1.0, -1.0)[:, None]
    signs = np.where(own, 1.0, -1.0)[:, None] * float(fit_intercept)
    gain = np.append(signed.mean(axis=0), signs.mean())
    price = np.append(np.full(width, PRICE), 0.0)
    both = np.hstack([signed, signs])
    result = scipy.optimize.linprog(
        np.concatenate([price - gain, price + gain]),
        A_ub=np.hstack([-both, both]),
        b_ub=np.zeros(rows),
        bounds=(0.0, 1.0),
        method="highs",
    )
    if result.x is None:
        return []
    weight = result.x[: width + 1] - result.x[width + 1 :]
    return np.flatnonzero(np.abs(weight[:width]) > MATTERS).tolist()
