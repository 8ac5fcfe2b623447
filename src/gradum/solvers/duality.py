"""The duality gap: a bound at any iterate on a linear model's objective above its minimum.

For P(W, b) = Σ wᵢ·loss(zᵢ, yᵢ) + Σ_j R_j(W_j), zᵢ = xᵢ W + b and Σ w = 1, take any slopes A, one
row for each row of X, and let V = −Xᵀ (w A). If V is 0 for everything without a price (the
intercept, for which V is −Σ w A, and the free columns), Fenchel's inequality gives

    P(W, b) − min P ≤ Σᵢ wᵢ [loss(zᵢ) + loss*(aᵢ) − aᵢ·zᵢ] + Σ_j [R_j(W_j) + R_j*(V_j) − W_j·V_j].

R_j* is the conjugate of the column's price, max(|v| − l1, 0)² / (2 l2); with only an L1 term it is
finite only for |v| ≤ l1, and A is shrunk until that holds. If W_j is held to one sign, R_j* is 0
for V_j of the other sign, which W_j cannot follow. V is made 0 where it must be:

- For a smooth loss, the intercept and the free columns are first brought to their own minimum by
  Newton's method, while the rest of W is kept. There A, the loss's own derivatives, meets the
  requirement, and the rows add nothing. The fall of the objective on the way is added; by
  convexity, it is at most the slope at the start of the way times its length.
- For a loss with kinks, A is projected onto the allowed slopes, and shrunk into the range of the
  loss's derivatives.

If this is impossible, there is no bound. Sums are known up to their rounding: within it, V_j is
assumed to be where the bound is worst.

Source: Boyd and Vandenberghe, Convex Optimization (2004), sections 3.3 and 5.1; Fercoq, Gramfort
and Salmon, "Mind the duality gap" (ICML 2015).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gradum.core.losses import Loss
from gradum.margins import EPSILON, TIMES, of_sums

LARGEST_FREE = 5e7  # entries of the columns without a price up to which they are stored densely
MOST_FREE = 3000  # coefficients without a price whose Hessian is formed
MOST_STEPS = 100
ENTRIES_AT_ONCE = 2_000_000  # in the columns without a price times the outputs
SHORTEST = 1e-12  # of a full step
FARTHEST = 5.0  # in logits, the longest step if the link is curved
FEWER = 0.9  # of the slope along a step may remain, reversed, beyond the minimum


@dataclass(frozen=True)
class DualRows:
    """What the bound needs from n rows."""

    loss: Loss
    target: np.ndarray
    """Of shape (n,) or (n, k)."""
    weight: np.ndarray
    """Of shape (n,). Of sum 1."""
    free: np.ndarray
    """Of shape (n, f). The columns without a price, including a column of ones if there is an
    intercept."""
    transposed: Callable[[np.ndarray], np.ndarray]
    """Maps [n, k] to Xᵀ times it, [D, k]. If there is an intercept, the columns may be centred
    anywhere."""
    size: np.ndarray
    """Of shape (D,). The root mean squares of these columns."""

    def slope(self, logits: np.ndarray) -> np.ndarray:
        """Return A, the loss's derivatives [n, k]."""
        return self.loss.gradient(logits, self.target)

    def pull(self, slope: np.ndarray) -> np.ndarray:
        """Return the gradient [f, k] for the coefficients without a price, given slopes."""
        return self.free.T @ (self.weight[:, None] * slope)

    def of_sums(self, slope: np.ndarray) -> float:
        """Return how well Σ w A x is known, given A and a column x of mean square 1."""
        return of_sums(len(slope)) * self._mean_size(slope)

    def rounding(self, logits: np.ndarray, slope: np.ndarray) -> float:
        """Return the same, including the rounding of the logits that A belongs to."""
        nearby = self.slope(logits + TIMES * EPSILON * np.abs(logits))
        return self._mean_size(nearby - slope) + self.of_sums(slope)

    def is_still(self, pull: np.ndarray, rounding: float) -> bool:
        """Whether a pull is 0 up to rounding."""
        sizes = np.sqrt(np.einsum("i,ij,ij->j", self.weight, self.free, self.free))
        return bool((np.abs(pull) <= TIMES * rounding * sizes[:, None]).all())

    def curvature(self, logits: np.ndarray, bend: Callable[..., np.ndarray]) -> np.ndarray:
        """Return the Hessian [f k, f k] of the mean loss for the coefficients without a price."""
        if logits.shape[1] > 1:
            return self._softmax_curvature(self.loss.inverse_link(logits))
        second = self.weight * bend(logits, self.target)[:, 0, 0]
        return self.free.T @ (second[:, None] * self.free)

    def _softmax_curvature(self, probability: np.ndarray) -> np.ndarray:
        """Return Σ w (diag(p) − p pᵀ) ⊗ x xᵀ, without a matrix for each row."""
        outputs, width = probability.shape[1], self.free.shape[1]
        total = np.zeros((width * outputs,) * 2)
        diagonal = np.einsum("fkgk->fgk", total.reshape(width, outputs, width, outputs))  # a view
        rows = max(1, ENTRIES_AT_ONCE // max(width * outputs, 1))
        for start in range(0, len(probability), rows):
            part = slice(start, start + rows)
            columns, weight = self.free[part], self.weight[part, None]
            shares = columns[:, :, None] * probability[part, None, :]
            flat = shares.reshape(len(columns), -1)
            total -= flat.T @ (weight * flat)
            diagonal += ((weight * columns).T @ flat).reshape(diagonal.shape)
        return total

    def _mean_size(self, values: np.ndarray) -> float:
        return float(np.sqrt(np.einsum("i,ij,ij->", self.weight, values, values)))


def may_be_bounded(loss: Loss, shape: tuple[int, int], outputs: int, free: np.ndarray) -> bool:
    """Whether X, of ``shape`` [n, D], has enough prices; ``free`` [D] marks columns without one."""
    few = free.sum() * max(shape) <= LARGEST_FREE and free.sum() * outputs <= MOST_FREE
    return bool(few and not (loss.smooth and free.all()))


def duality_gap(
    rows: DualRows,
    logits: np.ndarray,
    coefficients: np.ndarray,
    l1: np.ndarray,
    l2: np.ndarray,
    objective: float,
    slope: np.ndarray | None = None,
    signs: np.ndarray | None = None,
) -> float | None:
    """Return a bound on P − min P at a point, or None if there is none.

    Parameters
    ----------
    logits : ndarray of shape (n, k)
        The point's logits.
    coefficients : ndarray of shape (D, k)
        W.
    l1, l2 : ndarray of shape (D,)
        Strengths of the penalty.
    objective : float
        P at the point. No loss and no price is below 0, so the gap cannot be larger than P.
    slope : ndarray of shape (n, k), optional
        Slopes that a solver chose, for a loss with kinks; the loss's own derivatives if not given.
    signs : ndarray of shape (D,), optional
        The sign that a column's coefficients are held to; 0 if either is allowed.
    """
    priced, signs = l1 + l2 > 0, np.zeros(len(l1)) if signs is None else signs
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        if rows.loss.smooth:
            candidate = _at_rest(rows, logits)
        else:
            candidate = _balanced(rows, logits, rows.slope(logits) if slope is None else slope)
        if candidate is None:
            return None
        fallen, there, slope, rounding = candidate
        fall = rows.transposed(rows.weight[:, None] * slope)[priced]
        doubt = TIMES * rounding * rows.size[priced]
        shrink, apart = _columns_apart(
            fall, doubt, coefficients[priced], l1[priced], l2[priced], signs[priced]
        )
        exact = rows.loss.smooth and shrink == 1.0
        gap = fallen + apart + (0.0 if exact else _rows_apart(rows, there, shrink * slope))
    return min(gap, objective * (1.0 + TIMES * EPSILON)) if np.isfinite(gap) else None


def columns_apart(
    fall: np.ndarray, doubt: np.ndarray, coefficients: np.ndarray, l2: np.ndarray
) -> float:
    """Return Σ_j [R_j(W_j) + R_j*(V_j) − W_j·V_j] for an L2 penalty on all columns.

    ``fall`` is −V, [D, k], whose numbers are known to within ``doubt``, [D].
    """
    nothing = np.zeros_like(l2)
    return _columns_apart(fall, doubt, coefficients, nothing, l2, nothing)[1]


def _columns_apart(
    fall: np.ndarray,
    doubt: np.ndarray,
    coefficients: np.ndarray,
    l1: np.ndarray,
    l2: np.ndarray,
    signs: np.ndarray,
) -> tuple[float, float]:
    """Return the factor that shrinks V into the conjugate's range, and the columns' part."""
    l1, l2, doubt, signs = l1[:, None], l2[:, None], doubt[:, None], signs[:, None]
    capped = (l1 > 0) & (l2 == 0)
    over = np.divide(np.abs(fall) + doubt, l1, out=np.zeros_like(fall), where=capped)
    shrink = 1.0 / max(float(over.max(initial=0.0)), 1.0)

    def apart(v: np.ndarray) -> np.ndarray:
        # (l2 w − u)² / 2 l2 + l1 |w| − w (v − u), where u is the part of v beyond l1: this is R +
        # R* − w v without a difference of large numbers.
        follows = (l2 > 0) & (signs * v >= 0)
        beyond = np.where(follows, np.sign(v) * np.maximum(np.abs(v) - l1, 0.0), 0.0)
        squares = np.square(l2 * coefficients - beyond)
        curved = np.divide(squares, 2.0 * l2, out=np.zeros_like(v), where=l2 > 0)
        return curved + np.maximum(l1 * np.abs(coefficients) - coefficients * (v - beyond), 0.0)

    # It is convex in v, and so largest at an end.
    ends = [apart(-shrink * (fall + side * doubt)) for side in (-1.0, 1.0)]
    return shrink, float(np.maximum(*ends).sum())


def _rows_apart(rows: DualRows, logits: np.ndarray, slope: np.ndarray) -> float:
    """Return Σ w [loss(z) + loss*(a) − a·z], each row at least 0, plus what rounding may add."""
    value = rows.loss.value(logits, rows.target)
    conjugate = rows.loss.conjugate(slope, rows.target)
    product = (slope * logits).sum(axis=1)
    size = np.abs(value) + np.abs(conjugate) + np.abs(slope * logits).sum(axis=1)
    apart = np.maximum(value + conjugate - product, 0.0)
    counts = rows.weight > 0
    return float(rows.weight[counts] @ (apart + TIMES * EPSILON * size)[counts])


def _at_rest(
    rows: DualRows, logits: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray, float] | None:
    """Minimise over everything without a price; return None if Newton's method fails.

    Returns the largest possible fall of the objective, the logits there, A, and how well sums are
    known.
    """
    start, slope = logits, rows.slope(logits)
    first = pull = rows.pull(slope)
    rounding = rows.rounding(logits, slope)
    way = np.zeros_like(pull)
    for _ in range(MOST_STEPS):
        if rows.is_still(pull, rounding):
            break
        step = _step(rows, logits, pull)
        if step is None:
            return None
        way += step
        logits = start + rows.free @ way
        slope = rows.slope(logits)
        pull, rounding = rows.pull(slope), rows.rounding(logits, slope)
    else:
        return None
    if not way.any():
        return 0.0, logits, slope, rounding
    by_slope = float(-np.sum(first * way)) + TIMES * rounding * float(np.abs(way).sum())
    before, after = (rows.loss.value(outputs, rows.target) for outputs in (start, logits))
    size = float(rows.weight @ np.maximum(np.abs(before), np.abs(after)))
    by_value = float(rows.weight @ (before - after)) + of_sums(len(slope)) * size
    return max(min(by_slope, by_value), 0.0), logits, slope, rounding


def _step(rows: DualRows, logits: np.ndarray, pull: np.ndarray) -> np.ndarray | None:
    """Return a descending step [f, k] by the Hessian or else by a parabola above the loss."""
    # After a step into the flat ends of a curved link, no curvature would lead back.
    farthest = np.inf if rows.loss.link == "identity" else FARTHEST
    loss = rows.loss
    for bend in (loss.hessian, loss.majorant) if loss.majorises else (loss.hessian,):
        curvature = rows.curvature(logits, bend)
        if not np.isfinite(curvature).all():
            continue
        step = -np.linalg.lstsq(curvature, pull.ravel(), rcond=1e-13)[0].reshape(pull.shape)
        downhill = -float(np.sum(step * pull))
        change = rows.free @ step
        length = min(1.0, farthest / max(float(np.abs(change).max()), EPSILON))
        while downhill > 0.0 and length > SHORTEST:
            # Beyond the minimum along the step, the slope is reversed; a little beyond is
            # acceptable.
            left = rows.pull(rows.slope(logits + length * change))
            if float(np.sum(step * left)) <= FEWER * downhill:
                return length * step
            length /= 2
    return None


def _balanced(
    rows: DualRows, logits: np.ndarray, slope: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray, float] | None:
    """Project slopes so that they pull no coefficient without a price; return as `_at_rest`."""
    slope = np.where(rows.weight[:, None] > 0, slope, 0.0)
    rounding = rows.of_sums(slope)
    gram = rows.free.T @ (rows.weight[:, None] * rows.free)
    for _ in range(3 if rows.free.shape[1] else 0):  # again, for what rounding left over
        step = np.linalg.lstsq(gram, rows.pull(slope), rcond=1e-13)[0]
        slope -= np.where(rows.weight[:, None] > 0, rows.free @ step, 0.0)
    far = np.full_like(slope, np.finfo(np.float64).max)
    low, high = rows.slope(-far), rows.slope(far)  # all derivatives of the loss lie between these
    beyond = np.maximum(slope / high, slope / low).max(initial=1.0)
    slope = slope / beyond
    if not rows.is_still(rows.pull(slope), rounding):
        return None
    return 0.0, logits, slope, rounding
