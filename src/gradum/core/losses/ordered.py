"""The loss of ordered classes: a cumulative link model with the logistic link.

P. McCullagh, Regression models for ordinal data, JRSS B 42 (1980). Its negative log-likelihood is
convex: J. Pratt, Concavity of the log likelihood, JASA 76 (1981).

Shapes: n rows, K classes in their order, K logits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import scipy.special

from gradum.core.losses.arrays import array_module
from gradum.core.losses.checks import check_shapes, check_values
from gradum.core.losses.log_loss import LEAST_SHARE
from gradum.core.losses.loss import Link, Loss
from gradum.messages import say

LEAST_GAP = 2.5e-4
"""Two thresholds nearer than this count as this far apart; between them, no class has more than a
row of 16,000. From there the loss is a straight line, and so stays finite and convex."""

STEEPEST = 1.0 / np.expm1(LEAST_GAP)
HIGHEST = -np.log(-np.expm1(-LEAST_GAP))


@dataclass(frozen=True)
class Ordered(Loss):
    """−log P(y), where P(y > k) = σ(f − θ_k) for one score f and K − 1 rising thresholds θ.

    The logits are sums of the cumulative log-odds: a_k = Σ_{j<k} (f − θ_j), up to a number that all
    have in common, so that z_k = a_{k+1} − a_k = f − θ_k. All slopes of a model's logits by its
    inputs lie along one line, which `tied` holds them to; its intercepts are free, and place the
    thresholds. For the class y between two thresholds,

        −log P(y) = log(1 + e^{−z_{y−1}}) + log(1 + e^{z_y}) − log(1 − e^{−(z_{y−1} − z_y)}),

    in which nothing cancels; the lowest class has only the second term, the highest only the first.
    The greatest logit is that of the median class.
    """

    name: ClassVar[str] = "ordered"
    link: ClassVar[Link] = "logit"
    smooth: ClassVar[bool] = True
    one_score: ClassVar[bool] = True
    judged_by: ClassVar[str] = "log_loss"

    @property
    def own_metric(self) -> str:
        """The mean rank error."""
        return "mean_rank_error"

    def outputs(self, classes: int | None = None) -> int:
        """Return K, at least 3."""
        return max(classes or 3, 3)

    def steps(self, outputs: int) -> np.ndarray:
        """Return how much each logit rises with the score, [K]: by 1 more than the one before."""
        return np.arange(outputs) - (outputs - 1) / 2

    def check_target(self, target: np.ndarray) -> None:
        """Refuse all but class codes."""
        valid = np.asarray(target) >= 0
        if not np.issubdtype(np.asarray(target).dtype, np.integer):
            valid = np.zeros(len(target), bool)
        check_values(target, valid, say("class codes from 0 up"), say("Give one class code a row."))

    def value(self, logits: Any, target: Any) -> Any:
        """Return −log P(y) of each example: logits [n, K], target [n] → [n].

        Raises
        ------
        ShapeError
            The shapes do not match; both are named.
        """
        xp = array_module(logits, target)
        return xp.where(_share(logits, target, xp), _losses(logits, xp), 0.0).sum(axis=1)

    def inverse_link(self, logits: np.ndarray) -> np.ndarray:
        """Return the probability of every class, [n, K]; rows sum to 1."""
        above = logits[:, 1:] - logits[:, :-1]
        gap = np.maximum(above[:, :-1] - above[:, 1:], LEAST_GAP)
        reached, left = scipy.special.expit(above), scipy.special.expit(-above)
        between = reached[:, :-1] * left[:, 1:] * (1.0 - np.exp(-gap))
        shares = np.concatenate([left[:, :1], between, reached[:, -1:]], axis=1)
        return shares / shares.sum(axis=1, keepdims=True)

    def gradient(self, logits: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return d value / d logits, float64 [n, K]."""
        logits = np.asarray(logits, np.float64)
        share = np.asarray(_share(logits, np.asarray(target), np), np.float64)
        above, gap = _above_and_gap(logits)
        closing = share[:, 1:-1] * _slope(gap)
        slope = -share[:, 1:] * scipy.special.expit(-above)
        slope += share[:, :-1] * scipy.special.expit(above)
        slope[:, :-1] += closing
        slope[:, 1:] -= closing
        return _of_differences(slope)

    def hessian(self, logits: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return d² value / d logits², float64 [n, K, K]."""
        logits = np.asarray(logits, np.float64)
        share = np.asarray(_share(logits, np.asarray(target), np), np.float64)
        above, gap = _above_and_gap(logits)
        bend = share[:, 1:-1] * _curvature(gap)
        rows, places = np.zeros((len(logits), *above.shape[1:] * 2)), np.arange(above.shape[1])
        both = scipy.special.expit(above) * scipy.special.expit(-above)
        rows[:, places, places] = (share[:, 1:] + share[:, :-1]) * both
        rows[:, places[:-1], places[:-1]] += bend
        rows[:, places[1:], places[1:]] += bend
        rows[:, places[:-1], places[1:]] -= bend
        rows[:, places[1:], places[:-1]] -= bend
        half = _of_differences(rows.reshape(-1, above.shape[1])).reshape(*rows.shape[:2], -1)
        return _of_differences(half.swapaxes(1, 2).reshape(-1, above.shape[1])).reshape(
            len(logits), logits.shape[1], logits.shape[1]
        )

    def conjugate(self, slope: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return sup over a of slope·a − value(a, target), [n], for class codes.

        With u and v the slopes by the log-odds below and above the class, their signs turned so
        that both are at least 0, the shares above the class's two thresholds differ at the maximum
        by P = √(1 + 4uv) − u − v.
        """
        check_shapes(slope, target)
        outputs = slope.shape[1]
        by_odds = np.cumsum(slope[:, ::-1], axis=1)[:, ::-1]  # [n, K]; the first must be 0
        rows, inner = np.arange(len(slope)), (target > 0) & (target < outputs - 1)
        u = np.where(target > 0, -by_odds[rows, target], 0.0)
        v = np.where(target < outputs - 1, by_odds[rows, np.minimum(target + 1, outputs - 1)], 0.0)
        own = np.arange(outputs) - target[:, None]
        others = np.where((own == 0) & (target > 0)[:, None] | (own == 1), 0.0, by_odds)
        still = np.abs(others).max(axis=1) < 1e-9
        value = np.where(inner, _conjugate_between(u, v), _entropy(u) + _entropy(v))
        return np.where(still, value, np.inf)

    def start(self, target: np.ndarray, weight: np.ndarray, outputs: int) -> np.ndarray:
        """Return the logits of the classes' shares, kept away from 0."""
        share = np.maximum(np.bincount(target, weight, minlength=outputs), LEAST_SHARE)
        reached = np.cumsum(share[::-1])[::-1]
        odds = np.log(reached[1:]) - np.log(np.cumsum(share)[:-1])
        logits = np.append(0.0, np.cumsum(odds))
        return logits - logits.mean()

    def tied(self, weight: Any) -> Any:
        """Return the nearest slopes [..., K] that all lie along `steps`."""
        steps = self.steps(weight.shape[-1]).astype(weight.dtype)
        return (weight @ steps)[..., None] * (steps / (steps @ steps))

    @property
    def slope_formula(self) -> str:
        """The slopes by the log-odds z above the threshold below y and above y, g apart."""
        return "−σ(−z) − 1/(e^g − 1), σ(z) + 1/(e^g − 1)"

    def formula(self, outputs: int) -> str:
        """Return −log P(y), by the log-odds of the two thresholds beside y."""
        return "−log(1/(1 + e^(a_{y−1} − a_y)) − 1/(1 + e^(a_y − a_{y+1})))"


def _share(logits: Any, target: Any, xp: Any) -> Any:
    """Return which class each row has, Booleans [n, K]."""
    check_shapes(logits, target)
    # Select by comparison: the derivative of indexing is a scatter, which is slow on CPUs.
    return target[:, None] == xp.arange(logits.shape[1])[None, :]


def _losses(logits: Any, xp: Any) -> Any:
    """Return −log P(k) of every class, [n, K]."""
    above = logits[:, 1:] - logits[:, :-1]
    gap = above[:, :-1] - above[:, 1:]
    nothing = xp.zeros_like(logits[:, :1])
    below = xp.concatenate([nothing, xp.logaddexp(0.0, -above)], axis=1)
    beyond = xp.concatenate([xp.logaddexp(0.0, above), nothing], axis=1)
    apart = xp.maximum(gap, LEAST_GAP)
    between = -xp.log(-xp.expm1(-apart)) + STEEPEST * (apart - gap)
    return below + beyond + xp.concatenate([nothing, between, nothing], axis=1)


def _above_and_gap(logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the log-odds z [n, K − 1] of being above each threshold, and their gaps [n, K − 2]."""
    above = np.diff(logits, axis=1)
    return above, above[:, :-1] - above[:, 1:]


def _slope(gap: np.ndarray) -> np.ndarray:
    """Return d/dg of −log(1 − e^{−g})."""
    with np.errstate(over="ignore"):
        return -1.0 / np.expm1(np.maximum(gap, LEAST_GAP))


def _curvature(gap: np.ndarray) -> np.ndarray:
    """Return d²/dg² of −log(1 − e^{−g}); 0 where the loss is a straight line."""
    apart = np.maximum(gap, LEAST_GAP)
    return np.where(gap < LEAST_GAP, 0.0, np.exp(-apart) / np.square(np.expm1(-apart)))


def _of_differences(slope: np.ndarray) -> np.ndarray:
    """Return slopes [n, K] by logits, from those [n, K − 1] by their differences."""
    nothing = np.zeros_like(slope[:, :1])
    return np.concatenate([nothing, slope], axis=1) - np.concatenate([slope, nothing], axis=1)


def _entropy(share: np.ndarray) -> np.ndarray:
    """Return p·log p + (1 − p)·log(1 − p), the conjugate of log(1 + eᶻ); else infinite."""
    inside = (share >= 0) & (share <= 1)
    p = np.where(inside, share, 0.5)
    value = scipy.special.xlogy(p, p) + scipy.special.xlogy(1 - p, 1 - p)
    return np.where(inside, value, np.inf)


def _conjugate_between(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Return the conjugate of a class between two thresholds."""
    xlogy = scipy.special.xlogy
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        root = np.sqrt(1.0 + 4.0 * u * v)
        left = 2.0 * u * (1.0 + u - v) / (1.0 + 2.0 * u + root)  # 1 − A, below the upper odds
        over = 2.0 * v * (1.0 + v - u) / (1.0 + 2.0 * v + root)  # B, above the class
        share = (1.0 - np.square(u - v)) / (root + u + v)  # A − B
        gap = np.log1p(-left) - np.log(left) - np.log(over) + np.log1p(-over)
        curved = xlogy(u, left) - xlogy(u, 1 - left) + xlogy(v, over) - xlogy(v, 1 - over)
        curved += np.log(share)
    straight = _entropy(u - STEEPEST) + _entropy(v - STEEPEST) - HIGHEST - STEEPEST * LEAST_GAP
    inside = (u >= 0) & (v >= 0) & (np.abs(u - v) < 1) & ~(gap < LEAST_GAP)
    return np.where(inside, curved, straight)
