"""Absolute error; its best constant is the median."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from gradum.core.losses.arrays import array_module
from gradum.core.losses.checks import check_shapes
from gradum.core.losses.loss import Link, Loss
from gradum.messages import say


@dataclass(frozen=True)
class AbsoluteError(Loss):
    """Absolute error, |ŷ − y|: least absolute deviations (Laplace, 1786).

    It has a kink at ŷ = y and no curvature elsewhere; the interior-point solver handles it as it
    is.
    """

    name: ClassVar[str] = "absolute_error"
    link: ClassVar[Link] = "identity"
    smooth: ClassVar[bool] = False
    homogeneous: ClassVar[bool] = True
    judged_by: ClassVar[str] = "mae"
    chosen_by: ClassVar[tuple[str, ...]] = ("mae",)

    def value(self, logits: Any, target: Any) -> Any:
        """Return |ŷ − y| of each example: logits [n, 1], target [n] → [n].

        Raises
        ------
        ShapeError
            The shapes are not [n, 1] and [n]; both are named.
        """
        check_shapes(logits, target, outputs=1)
        return array_module(logits, target).abs(logits[:, 0] - target)

    def gradient(self, logits: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return the sign of ŷ − y, 0 at the kink, float64 [n, 1]."""
        check_shapes(logits, target, outputs=1)
        return np.sign(np.asarray(logits, np.float64) - np.asarray(target, np.float64)[:, None])

    def hessian(self, logits: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return 0, float64 [n, 1, 1]."""
        check_shapes(logits, target, outputs=1)
        return np.zeros((len(target), 1, 1))

    def conjugate(self, slope: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return a·y for slopes a [n, 1] within [−1, 1]."""
        return np.where(np.abs(slope[:, 0]) <= 1.0, slope[:, 0] * target, np.inf)

    def constant(self, target: np.ndarray, weight: np.ndarray) -> float:
        """Return the median."""
        return float(np.quantile(target, 0.5, weights=weight, method="inverted_cdf"))

    @property
    def pinball(self) -> tuple[tuple[float, float], ...]:
        """Twice the pinball loss of the median."""
        return ((2.0, 0.5),)

    def formula(self, outputs: int) -> str:
        """Return |ŷ − y|."""
        return "|ŷ − y|"

    @property
    def slope_formula(self) -> str:
        """The sign of the error."""
        return say("sign(ŷ − y), 0 at 0")
