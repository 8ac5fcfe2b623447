"""The quantile (pinball) loss, for one level or for many that never cross."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from gradum.core.losses.arrays import array_module
from gradum.core.losses.checks import check_shapes
from gradum.core.losses.loss import Link, Loss
from gradum.errors import SpecError
from gradum.messages import say


@dataclass(frozen=True)
class Quantile(Loss):
    """The quantile loss, the mean over levels τ of max(τ·e, (τ − 1)·e), for e = y − q_τ.

    Its best constant is the τ-quantile of the target (Koenker and Bassett, Econometrica 46,
    1978). There is one output per level. Predictions never cross: ``inverse_link`` sorts those of a
    row, which never raises the loss and keeps the fit convex (Chernozhukov, Fernández-Val and
    Galichon, Econometrica 78, 2010).

    Parameters
    ----------
    levels : float or tuple of float
        τ, each between 0 and 1, rising; 0.5 is the median.

    Raises
    ------
    SpecError
        A level is not between 0 and 1, or the levels do not rise.
    """

    name: ClassVar[str] = "quantile"
    link: ClassVar[Link] = "identity"
    smooth: ClassVar[bool] = False
    homogeneous: ClassVar[bool] = True
    judged_by: ClassVar[str] = "pinball"
    slope_formula: ClassVar[str] = "(1[y < ŷ] − τ)/k"

    levels: tuple[float, ...] = (0.5,)

    def __post_init__(self) -> None:
        object.__setattr__(self, "levels", tuple(np.atleast_1d(self.levels).tolist()))
        inside = all(isinstance(t, float) and 0.0 < t < 1.0 for t in self.levels)
        if not (self.levels and inside and sorted(set(self.levels)) == list(self.levels)):
            raise SpecError(
                "The quantile levels are {levels}.",
                "Give rising numbers between 0 and 1, such as (0.1, 0.5, 0.9).",
                levels=self.levels,
            )

    def outputs(self, classes: int | None = None) -> int:
        """Return the number of levels."""
        return len(self.levels)

    def value(self, logits: Any, target: Any) -> Any:
        """Return the mean loss over levels: logits [n, k], target [n] → [n].

        Raises
        ------
        ShapeError
            The shapes are not [n, k] and [n], where k is the number of levels.
        """
        check_shapes(logits, target, outputs=len(self.levels))
        xp = array_module(logits, target)
        error = target[:, None] - logits
        levels = np.array(self.levels, logits.dtype)
        return xp.maximum(levels * error, (levels - 1.0) * error).mean(axis=1)

    def inverse_link(self, logits: np.ndarray) -> np.ndarray:
        """Return the quantiles, rising along each row: [n, k], or [n] for one level."""
        quantiles = np.sort(logits, axis=1)
        return quantiles[:, 0] if len(self.levels) == 1 else quantiles

    def gradient(self, logits: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return (1[y < q] − τ)/k, with ½ at the kink, float64 [n, k]."""
        check_shapes(logits, target, outputs=len(self.levels))
        over = np.asarray(logits, np.float64) - np.asarray(target, np.float64)[:, None]
        return (np.heaviside(over, 0.5) - np.array(self.levels)) / len(self.levels)

    def hessian(self, logits: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return 0, float64 [n, k, k]."""
        check_shapes(logits, target, outputs=len(self.levels))
        return np.zeros((len(target), len(self.levels), len(self.levels)))

    def conjugate(self, slope: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return Σ a·y for slopes a [n, k] within [−τ/k, (1 − τ)/k]."""
        over = slope * len(self.levels) + np.array(self.levels)  # rounding must not exclude an end
        inside = ((over >= -1e-14) & (over <= 1.0 + 1e-14)).all(axis=1)
        return np.where(inside, slope.sum(axis=1) * target, np.inf)

    @property
    def pinball(self) -> tuple[tuple[float, float], ...]:
        """Every level, with a weight of 1/k."""
        return tuple((1.0 / len(self.levels), level) for level in self.levels)

    def at_levels(self, levels: Sequence[float]) -> Quantile:
        """Return the loss of these levels."""
        return Quantile(tuple(levels))

    def at(self, *numbers: float) -> Quantile:
        """Return the loss of these levels."""
        return Quantile(numbers)

    def constant(self, target: np.ndarray, weight: np.ndarray) -> float:
        """Return the quantile of the middle level."""
        level = self.levels[len(self.levels) // 2]
        return float(np.quantile(target, level, weights=weight, method="inverted_cdf"))

    def formula(self, outputs: int) -> str:
        """Return the mean over levels."""
        return say("mean over τ of max(τ(y − ŷ), (τ − 1)(y − ŷ))")

    @property
    def symbols(self) -> Mapping[str, Any]:
        """The levels τ."""
        return {"τ": self.levels}
