"""The certificate of a linear model's answer, measured once more at the answer, in float64.

For the objective P(W, b) = Σ wᵢ·loss(zᵢ, yᵢ) + Σ_j R_j(W_j), zᵢ = xᵢ W + b and Σ w = 1, let A be
the losses' derivatives, row i being d loss / d zᵢ, and V = −Xᵀ (w A). Fenchel's inequality bounds
how far P is above its minimum, whatever that is:

    P − min P  ≤  Σ_j [R_j(W_j) + R_j*(V_j) − W_j·V_j]  +  b·Σ w A,

R_j* being the conjugate of the column's price: max(|v| − l1, 0)² / (2 l2) with an L2 term.
With an L1 term alone it is finite only for |v| ≤ l1, so A is shrunk until it is, and the loss's
own conjugate pays for the difference. A column without a price has no such bound: its
part is its slope times its size, as the intercept's is, and 0 at the optimum.

Source: Boyd and Vandenberghe, Convex Optimization (2004), sections 3.3 and 5.1; Fercoq, Gramfort
and Salmon, "Mind the duality gap" (ICML 2015).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg

from gradum.core import Params, Problem
from gradum.core.models.network import ROWS_AT_ONCE
from gradum.solvers.data import Data
from gradum.solvers.linear_model import LinearModel, Point
from gradum.solvers.matrix import Columns, Layer
from gradum.solvers.solution import Certificate


def certify(model: LinearModel, point: Point, l1: Any, l2: Any, **known: Any) -> Certificate:
    """Return the certificate of a linear model at a point; ``known`` are further fields.

    The point's gradient is turned into the units of X; l1 and l2 are a number or [D].
    """
    columns = model.columns
    layer = model.params(point.values)["layers"][0]
    level = point.gradient[-1]
    fall = point.gradient[:-1] - model.strengths(0.0, l2).l2[:-1] * point.values[:-1]
    fall = columns.scale[:, None] * fall + np.outer(columns.origin + columns.centre, level)

    def conjugate(shrink: float) -> float:
        slope = shrink * model.loss.gradient(point.logits, model.target)
        return float(model.weight @ model.loss.conjugate(slope, model.target))

    return _Proof(layer, *_spread(l1, l2, layer), fall, level, point.objective).certificate(
        conjugate, **known
    )


def certify_dual(
    model: LinearModel, point: Point, slope: np.ndarray, l1: Any, l2: Any, **known: Any
) -> Certificate:
    """Return the certificate of a loss with kinks, whose derivatives [n, k] the solver chose."""
    layer = model.params(point.values)["layers"][0]
    weighed = model.weight[:, None] * slope
    fall = model.columns.given.transpose_product(weighed)

    def conjugate(shrink: float) -> float:
        return float(model.weight @ model.loss.conjugate(shrink * slope, model.target))

    proof = _Proof(layer, *_spread(l1, l2, layer), fall, weighed.sum(axis=0), point.objective)
    return proof.certificate(conjugate, smooth=False, **known)


def certify_rows(params: Params, problem: Problem, data: Data, **known: Any) -> Certificate:
    """Return the certificate of a linear network, from rows in any dtype, a few at a time."""
    layer = {name: np.asarray(v, np.float64) for name, v in params["layers"][0].items()}
    l1, l2 = problem.penalty.strengths(data.columns)
    weight, loss = layer["weight"], problem.loss
    fall, level, mean = np.zeros_like(weight), np.zeros(weight.shape[1]), 0.0
    for columns, target, share in _blocks(data):
        logits = columns @ weight + layer.get("bias", 0.0)
        slope = share[:, None] * loss.gradient(logits, target)
        fall += columns.transpose_product(slope)
        level += slope.sum(axis=0)
        mean += float(share @ loss.value(logits, target))

    def conjugate(shrink: float) -> float:
        total = 0.0
        for columns, target, share in _blocks(data):
            logits = columns @ weight + layer.get("bias", 0.0)
            slope = shrink * loss.gradient(logits, target)
            total += float(share @ loss.conjugate(slope, target))
        return total

    objective = mean + float((l1 @ np.abs(weight) + 0.5 * l2 @ weight**2).sum())
    proof = _Proof(layer, l1, l2, fall, level, objective)
    return proof.certificate(conjugate, smooth=loss.smooth, **known)


def least_subgradient(
    slope: np.ndarray, weight: np.ndarray, l1: np.ndarray, l2: np.ndarray
) -> np.ndarray:
    """Return the smallest member of slope + ∂(l1·|w| + l2·½w²), [D, k].

    Where w = 0 the penalty's slope is anything within ±l1, and takes up what it can; the
    result is 0 throughout exactly where w is optimal.

    Parameters
    ----------
    slope, weight : ndarray of shape (D, k)
        The data term's derivative, and w.
    l1, l2 : ndarray of shape (D,)
    """
    l1, smooth = l1[:, None], slope + l2[:, None] * weight
    if not l1.any():
        return smooth
    at_kink = np.sign(smooth) * np.maximum(np.abs(smooth) - l1, 0.0)
    return np.where(weight == 0.0, at_kink, smooth + l1 * np.sign(weight))


@dataclass(frozen=True)
class _Proof:
    """What the bound is made of; ``fall`` is Xᵀ (w A), −V, and ``level`` is Σ w A."""

    layer: Layer
    l1: np.ndarray
    l2: np.ndarray
    fall: np.ndarray
    level: np.ndarray
    objective: float

    def certificate(
        self, conjugate: Callable[[float], float], *, smooth: bool = True, **known: Any
    ) -> Certificate:
        """``conjugate`` gives the mean conjugate of the loss at a multiple of A."""
        return Certificate(
            kind="stationary",
            gradient_norm=self._gradient_norm() if smooth else None,
            duality_gap=self._duality_gap(conjugate, smooth),
            objective=self.objective,
            columns=len(self.fall),
            **known,
        )

    def _gradient_norm(self) -> float:
        slope = least_subgradient(self.fall, self.layer["weight"], self.l1, self.l2)
        level = self.level if "bias" in self.layer else []
        # BLAS's norm does not square, so that what has diverged does not overflow.
        return float(scipy.linalg.norm(np.append(slope, level), check_finite=False))

    def _duality_gap(self, conjugate: Callable[[float], float], smooth: bool) -> float | None:
        weight, l1, l2 = self.layer["weight"], self.l1[:, None], self.l2[:, None]
        if smooth and not (l1 + l2).any():
            return None  # nothing bounds how far away the minimum is
        capped = (self.l1 > 0) & (self.l2 == 0)
        over = np.abs(self.fall[capped]) / l1[capped]
        shrink = 1.0 / max(over.max(initial=0.0), 1.0)
        fall = shrink * self.fall
        bent = np.maximum(np.abs(fall) - l1, 0.0) ** 2
        dual = np.divide(bent, 2.0 * l2, out=np.zeros_like(fall), where=l2 > 0)
        free = np.broadcast_to(l1 + l2 == 0, weight.shape)
        loose = float(np.abs(fall * weight)[free].sum())
        loose += float(np.abs(shrink * self.level * self.layer.get("bias", 0.0)).sum())
        if smooth and shrink == 1.0:
            # Where A is the loss's own slope, loss and conjugate cancel in closed form.
            price = l1 * np.abs(weight) + 0.5 * l2 * weight**2
            paired = np.where(free, 0.0, price + dual + fall * weight)
            return max(float(paired.sum()), 0.0) + loose
        return max(self.objective + conjugate(shrink) + float(dual.sum()), 0.0) + loose


def _spread(l1: Any, l2: Any, layer: Layer) -> tuple[np.ndarray, np.ndarray]:
    width = len(layer["weight"])
    return np.full(width, l1, np.float64), np.full(width, l2, np.float64)


def _blocks(data: Data) -> Iterator[tuple[Columns, np.ndarray, np.ndarray]]:
    """Yield the rows a few at a time, in float64, their weights of sum 1 over all rows."""
    weight = data.unit_weight() / data.rows
    for start in range(0, data.rows, ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        inputs = {name: values[part] for name, values in data.inputs.items()}
        columns = Columns.of(inputs["dense"].astype(np.float64), inputs.get("sparse"))
        yield columns, data.target[part], weight[part]
