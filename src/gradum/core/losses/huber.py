"""Huber's loss: squared for small errors, absolute for large ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from gradum.core.losses.arrays import array_module
from gradum.core.losses.checks import check_shapes
from gradum.core.losses.loss import Link, Loss
from gradum.errors import SpecError
from gradum.messages import say

BISECTIONS = 60


@dataclass(frozen=True)
class Huber(Loss):
    """Huber's loss, r² for |r| ≤ δ and 2δ|r| − δ² beyond, for the error r = ŷ − y.

    The slope at an outlier is at most 2δ. This is twice the textbook's form, so that it equals the
    squared error for small r; scikit-learn's ``HuberRegressor`` uses the same scale. P. J. Huber,
    Annals of Mathematical Statistics 35, 1964.

    Parameters
    ----------
    delta : float
        δ > 0, in the target's unit; errors up to δ are squared.

    Raises
    ------
    SpecError
        δ is not a positive number.
    """

    name: ClassVar[str] = "huber"
    link: ClassVar[Link] = "identity"
    smooth: ClassVar[bool] = True
    majorises: ClassVar[bool] = True
    judged_by: ClassVar[str] = "mae"

    delta: float = 1.0

    def __post_init__(self) -> None:
        if not 0.0 < self.delta < np.inf:
            raise SpecError(
                "Huber's delta is {delta!r}.", "Give a number above 0.", delta=self.delta
            )

    def value(self, logits: Any, target: Any) -> Any:
        """Return the loss of each example: logits [n, 1], target [n] → [n].

        Raises
        ------
        ShapeError
            The shapes are not [n, 1] and [n]; both are named.
        """
        check_shapes(logits, target, outputs=1)
        size = array_module(logits, target).abs(logits[:, 0] - target)
        # min(r, δ)·(2r − min(r, δ)) covers both branches, and squares no large number.
        squared = array_module(size).minimum(size, self.delta)
        return squared * (2.0 * size - squared)

    def gradient(self, logits: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return 2r, held within ±2δ, float64 [n, 1]."""
        error = self._error(logits, target)
        return 2.0 * np.clip(error, -self.delta, self.delta)

    def hessian(self, logits: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return 2 for |r| ≤ δ and 0 beyond, float64 [n, 1, 1]."""
        return 2.0 * (np.abs(self._error(logits, target)) <= self.delta)[:, :, None]

    def majorant(self, logits: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return 2·min(1, δ/|r|), float64 [n, 1, 1], the curvature of a parabola above the loss.

        The parabola touches the loss at r. Unlike the Hessian, its curvature is never 0. These are
        the weights of iteratively reweighted least squares.
        """
        size = np.abs(self._error(logits, target))
        return (2.0 * self.delta / np.maximum(size, self.delta))[:, :, None]

    def start(self, target: np.ndarray, weight: np.ndarray, outputs: int) -> np.ndarray:
        """Return the median: a few large values can move the mean far from the optimum."""
        return np.full(outputs, np.median(target))

    def largest_curvature(self, outputs: int) -> float:
        """Return 2, the curvature within δ."""
        return 2.0

    def conjugate(self, slope: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return a²/4 + a·y for slopes a [n, 1] within ±2δ."""
        a = slope[:, 0]
        return np.where(np.abs(a) <= 2.0 * self.delta, a**2 / 4.0 + a * target, np.inf)

    def constant(self, target: np.ndarray, weight: np.ndarray) -> float:
        """Return Huber's location, at which the weighted slopes sum to 0, by bisection."""
        low, high = float(target.min()), float(target.max())
        for _ in range(BISECTIONS):
            middle = (low + high) / 2.0
            slopes = self.gradient(np.full((len(target), 1), middle), target)[:, 0]
            low, high = (middle, high) if weight @ slopes < 0 else (low, middle)
        return (low + high) / 2.0

    def at(self, *numbers: float) -> Huber:
        """Return the loss of this δ."""
        return Huber(*numbers)

    def formula(self, outputs: int) -> str:
        """Return both branches, in r = ŷ − y."""
        return say("r² for |r| ≤ δ, else 2δ|r| − δ²;  r = ŷ − y")

    @property
    def slope_formula(self) -> str:
        """Twice the error r, held within ±2δ."""
        return say("2r, held within ±2δ")

    @property
    def symbols(self) -> Mapping[str, Any]:
        """δ, the size of the largest error that is squared."""
        return {"δ": self.delta}

    @staticmethod
    def _error(logits: np.ndarray, target: np.ndarray) -> np.ndarray:
        check_shapes(logits, target, outputs=1)
        return np.asarray(logits, np.float64) - np.asarray(target, np.float64)[:, None]
