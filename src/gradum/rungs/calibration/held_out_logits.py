"""Logits of rows that a model has not learned from, and the calibration that suits them best.

If a model errs on none of a few rows, calibration would make it as confident as possible, and the
first mistake would cost dearly. So labels are smoothed as if one more row, like the others,
belonged to all classes equally: t' = (1 − ε) t + ε / K with ε = 1 / n. (J. Platt, "Probabilistic
outputs for support vector machines", 1999, smooths them in this way too, class by class.)

Shapes: n rows, K classes, k logits (1 for two classes, K for more), p parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.optimize

from gradum.core.losses import Loss
from gradum.core.losses.log_loss import LogLoss
from gradum.rungs.rows import Rows
from gradum.solvers.threads import threads_for

LOG_LOSS = LogLoss()
MOST_STEPS = 1_000
STEEPEST = 1e-8  # the search ends at gradients below this


@dataclass(frozen=True, eq=False)
class HeldOutLogits:
    """What a model says of n rows that it has not learned from."""

    logits: np.ndarray
    """Of shape (n, k)."""
    target: np.ndarray
    """Of shape (n,). Codes 0 .. K-1."""
    weight: np.ndarray
    """Of shape (n,). Above 0."""
    groups: np.ndarray | None = None
    time: np.ndarray | None = None
    """Of shape (n,). What keeps rows together, or orders them, when they are divided into folds."""
    loss: Loss = LOG_LOSS
    """What the logits are of."""

    @classmethod
    def of(
        cls, logits: np.ndarray, rows: Rows, places: np.ndarray | slice = slice(None)
    ) -> HeldOutLogits:
        """Take what the model says of the rows at some places; all rows if no places are given."""
        return cls(
            logits.astype(np.float64),
            rows.target[places],
            rows.weight[places],
            None if rows.groups is None else rows.groups[places],
            None if rows.time is None else rows.time[places],
            rows.learned_by() if rows.learned_by().one_score else LOG_LOSS,
        )

    def __len__(self) -> int:
        return len(self.target)

    @property
    def classes(self) -> int:
        """K."""
        return max(2, self.logits.shape[1])

    @property
    def one_row(self) -> float:
        """ε: the weight of one row, 1 / n, where n is (Σ w)² / Σ w²; at most ½."""
        return min(float(np.square(self.weight).sum() / self.weight.sum() ** 2), 0.5)

    def take(self, rows: np.ndarray) -> HeldOutLogits:
        """Return some of the rows."""
        return HeldOutLogits(
            self.logits[rows],
            self.target[rows],
            self.weight[rows],
            None if self.groups is None else self.groups[rows],
            None if self.time is None else self.time[rows],
            self.loss,
        )

    def losses(self, logits: np.ndarray) -> np.ndarray:
        """Return the log loss (n,) of other logits (n, k) of the same rows."""
        return np.asarray(self.loss.value(logits, self.target))

    def minimum(
        self,
        logits: Callable[[np.ndarray], np.ndarray],
        adjoint: Callable[[np.ndarray], np.ndarray],
        one_row: float,
        penalty: np.ndarray,
        bounds: Sequence[tuple[float | None, float | None]] | None = None,
    ) -> np.ndarray:
        """Return the parameters θ (p,) that minimise Σ w ℓ(z(θ)) / Σ w + Σ λ θ² within bounds.

        ℓ is the log loss of labels smoothed by ε. L-BFGS-B starts from θ = 0; the problem is
        convex, because z(θ) is affine.

        Parameters
        ----------
        logits : callable
            z, from θ (p,) to logits (n, k).
        adjoint : callable
            From the slopes of the loss by the logits (n, k) to its slopes by θ (p,).
        one_row : float
            ε.
        penalty : ndarray of shape (p,)
            λ.
        bounds : sequence of pairs, optional
            The least and greatest value of each parameter.
        """
        share, smoothed = self.weight / self.weight.sum(), self._smoothed(one_row)

        def objective(theta: np.ndarray) -> tuple[float, np.ndarray]:
            losses, slopes = smoothed(logits(theta))
            slopes *= share[:, None]
            value = share @ losses + penalty @ theta**2
            return float(value), adjoint(slopes) + 2 * penalty * theta

        with threads_for(*self.logits.shape):
            optimum = scipy.optimize.minimize(
                objective,
                np.zeros(len(penalty)),
                jac=True,
                method="L-BFGS-B",
                bounds=bounds,
                options={"maxiter": MOST_STEPS, "gtol": STEEPEST, "ftol": 0.0},
            )
        return optimum.x

    def _smoothed(self, one_row: float) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
        """Return what gives the losses of labels smoothed by ε, and their slopes by the logits."""
        outputs = self.logits.shape[1]
        if not self.loss.one_score:
            target = LogLoss(one_row).smoothed(self.target, outputs)
            return lambda logits: self.loss.value_and_gradient(logits, target)
        every = [np.full(len(self), code) for code in range(outputs)]

        def of_codes(logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            losses, slopes = self.loss.value_and_gradient(logits, self.target)
            others = [self.loss.value_and_gradient(logits, codes) for codes in every]
            return (
                (1 - one_row) * losses + one_row * np.mean([loss for loss, _ in others], axis=0),
                (1 - one_row) * slopes + one_row * np.mean([slope for _, slope in others], axis=0),
            )

        return of_codes
