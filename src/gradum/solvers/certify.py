"""The certificate of a linear model's answer, measured anew at the answer in float64.

It holds the norm of the objective's gradient (of the smallest subgradient where an L1 term has a
kink), and the bound from `duality`, if any, on how far the objective is above its minimum.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import scipy.linalg

from gradum.core import Params, Problem
from gradum.core.models.input_blocks import numbers_in, take
from gradum.core.models.network import ROWS_AT_ONCE
from gradum.solvers.duality import DualRows, duality_gap, may_be_bounded
from gradum.solvers.linear_model import LinearModel, Point
from gradum.solvers.matrix import Columns
from gradum.solvers.rows_to_learn import Data
from gradum.solvers.solution import Certificate


def certify(
    model: LinearModel, point: Point, l1: Any, l2: Any, *, bounds_gap: bool = True, **known: Any
) -> Certificate:
    """Return the certificate of a linear model at a point; ``known`` are further fields.

    The point's gradient is converted to the units of X; l1 and l2 are a number or [D].
    """
    gap = _gap(model, point, l1, l2) if bounds_gap else None
    return certificate(model, point, l1, l2, gap, **known)


def certify_dual(
    model: LinearModel, point: Point, slope: np.ndarray, l1: Any, l2: Any, **known: Any
) -> Certificate:
    """Return the certificate for a loss with kinks, whose derivatives [n, k] the solver chose."""
    gap = _gap(model, point, l1, l2, slope)
    return _certificate(point.objective, model.columns.shape[1], duality_gap=gap, **known)


def certify_rows(params: Params, problem: Problem, data: Data, **known: Any) -> Certificate:
    """Return the certificate of a linear network from rows in any dtype, a few at a time."""
    layer = {name: np.asarray(v, np.float64) for name, v in params["layers"][0].items()}
    l1, l2 = problem.penalty.strengths(data.columns)
    weight, loss = layer["weight"], problem.loss
    share = data.unit_weight() / data.rows
    bounded = may_be_bounded(loss, (data.rows, len(weight)), weight.shape[1], l1 + l2 == 0)
    chosen = _chosen(l1 + l2 == 0) if bounded else np.zeros((len(weight), 0))
    unpriced = np.ones((data.rows, chosen.shape[1] + ("bias" in layer)))
    logits, squares = np.empty((data.rows, weight.shape[1])), np.zeros(len(weight))
    for part, columns in _blocks(data):
        logits[part] = columns @ weight + layer.get("bias", 0.0)
        unpriced[part, : chosen.shape[1]] = columns @ chosen
        squares += columns.squares(share[part])

    def transposed(left: np.ndarray) -> np.ndarray:
        total = np.zeros((len(weight), left.shape[1]))
        for part, columns in _blocks(data):
            total += columns.transpose_product(left[part])
        return total

    rows = DualRows(loss, data.target, share, unpriced, transposed, np.sqrt(squares))
    objective = float(share @ loss.value(logits, data.target))
    objective += float((l1 @ np.abs(weight) + 0.5 * l2 @ weight**2).sum())
    gap = duality_gap(rows, logits, weight, l1, l2, objective) if bounded else None
    norm = None
    if loss.smooth:
        slope = share[:, None] * loss.gradient(logits, data.target)
        level = slope.sum(axis=0) if "bias" in layer else []
        norm = _norm(least_subgradient(transposed(slope), weight, l1, l2), level)
    return _certificate(objective, len(weight), gradient_norm=norm, duality_gap=gap, **known)


def certificate(
    model: LinearModel, point: Point, l1: Any, l2: Any, gap: float | None, **known: Any
) -> Certificate:
    """Return the certificate for a smooth loss at a point whose duality gap is known."""
    l1, l2 = _spread(l1, l2, model)
    columns, level = model.columns, point.gradient[-1]
    fall = point.gradient[:-1] - model.strengths(0.0, l2).l2[:-1] * point.values[:-1]
    fall = columns.scale[:, None] * fall + np.outer(columns.origin + columns.centre, level)
    slope = least_subgradient(fall, _weight(model, point), l1, l2, model.signs)
    norm = _norm(slope, level if model.fit_intercept else [])
    return _certificate(point.objective, len(fall), gradient_norm=norm, duality_gap=gap, **known)


def least_subgradient(
    slope: np.ndarray,
    weight: np.ndarray,
    l1: np.ndarray,
    l2: np.ndarray,
    signs: np.ndarray | None = None,
) -> np.ndarray:
    """Return the smallest member of slope + ∂(l1·|w| + l2·½w²), [D, k].

    Where w = 0, the penalty's slope may be anything within ±l1, and cancels as much as it can. The
    bound of a w that is held to one sign does the same without limit on its side. The result is 0
    throughout if and only if w is optimal.

    Parameters
    ----------
    slope, weight : ndarray of shape (D, k)
        The data term's derivative, and w.
    l1, l2 : ndarray of shape (D,)
    signs : ndarray of shape (D,), optional
        The sign that w is held to; 0 if both are allowed.
    """
    signs = np.zeros_like(l1) if signs is None else signs
    l1, smooth = l1[:, None], slope + l2[:, None] * weight
    if not (l1.any() or signs.any()):
        return smooth
    at_kink = np.sign(smooth) * np.maximum(np.abs(smooth) - l1, 0.0)
    at_kink = np.where(signs[:, None] * smooth > 0.0, 0.0, at_kink)
    return np.where(weight == 0.0, at_kink, smooth + l1 * np.sign(weight))


def _certificate(objective: float, columns: int, **known: Any) -> Certificate:
    return Certificate(kind="stationary", objective=objective, columns=columns, **known)


def _norm(slope: np.ndarray, level: Any) -> float:
    # BLAS's norm does not square, so that diverged values do not overflow.
    return float(scipy.linalg.norm(np.append(slope, level), check_finite=False))


def _gap(
    model: LinearModel, point: Point, l1: Any, l2: Any, slope: np.ndarray | None = None
) -> float | None:
    l1, l2 = _spread(l1, l2, model)
    columns, free = model.columns, l1 + l2 == 0
    if not may_be_bounded(model.loss, columns.shape, model.outputs, free):
        return None
    unpriced = columns @ _chosen(free)
    if model.fit_intercept:
        unpriced = np.column_stack([unpriced, np.ones(len(model))])

    def transposed(left: np.ndarray) -> np.ndarray:
        return columns.scale[:, None] * columns.transpose_product(left)

    size = columns.scale * columns.alive
    rows = DualRows(model.loss, model.target, model.weight, unpriced, transposed, size)
    weight = _weight(model, point)
    return duality_gap(rows, point.logits, weight, l1, l2, point.objective, slope, model.signs)


def _chosen(free: np.ndarray) -> np.ndarray:
    """Return the matrix [D, f] that selects the unpenalised columns."""
    picked = np.flatnonzero(free)
    chosen = np.zeros((len(free), len(picked)))
    chosen[picked, np.arange(len(picked))] = 1.0
    return chosen


def _weight(model: LinearModel, point: Point) -> np.ndarray:
    """Return W, in the units of X."""
    return model.params(point.values)["layers"][0]["weight"]


def _spread(l1: Any, l2: Any, model: LinearModel) -> tuple[np.ndarray, np.ndarray]:
    width = model.columns.shape[1]
    return np.full(width, l1, np.float64), np.full(width, l2, np.float64)


def _blocks(data: Data) -> Iterator[tuple[slice, Columns]]:
    """Yield the rows a few at a time, in float64."""
    for start in range(0, data.rows, ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        yield part, Columns.of(*numbers_in(take(data.inputs, part)))
