"""A loss that gradum does not have, as whoever adds one would write it."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy.special import xlog1py

from gradum.core.losses import Loss, check_shapes
from gradum.core.losses.arrays import array_module
from gradum.core.losses.loss import Link


@dataclass(frozen=True)
class LogCosh(Loss):
    """log cosh(ŷ − y): half the squared error for small errors, the absolute one for large."""

    name: ClassVar[str] = "log_cosh"
    link: ClassVar[Link] = "identity"
    smooth: ClassVar[bool] = True
    strictly_convex: ClassVar[bool] = True

    def value(self, logits: Any, target: Any) -> Any:
        check_shapes(logits, target, outputs=1)
        xp = array_module(logits, target)
        # e^|r| overflows; a difference of small numbers near 0 would lose its digits.
        size = xp.abs(logits[:, 0] - target)
        near = xp.log1p(2.0 * xp.sinh(xp.minimum(size, 1.0) / 2.0) ** 2)
        return xp.where(size < 1.0, near, size + xp.log1p(xp.exp(-2.0 * size)) - np.log(2.0))

    def inverse_link(self, logits: np.ndarray) -> np.ndarray:
        return np.asarray(logits)[:, 0]

    def gradient(self, logits: np.ndarray, target: np.ndarray) -> np.ndarray:
        return np.tanh(self._error(logits, target))

    def hessian(self, logits: np.ndarray, target: np.ndarray) -> np.ndarray:
        size = np.minimum(np.abs(self._error(logits, target)), 300.0)
        return (np.cosh(size) ** -2)[:, :, None]

    def largest_curvature(self, outputs: int) -> float:
        return 1.0

    def conjugate(self, slope: np.ndarray, target: np.ndarray) -> np.ndarray:
        a = np.clip(slope[:, 0], -1.0, 1.0)
        value = (xlog1py(1.0 + a, a) + xlog1py(1.0 - a, -a)) / 2.0 + a * target
        return np.where(np.abs(slope[:, 0]) <= 1.0, value, np.inf)

    def formula(self, outputs: int) -> str:
        return "log cosh(ŷ − y)"

    @property
    def slope_formula(self) -> str:
        return "tanh(ŷ − y)"

    @staticmethod
    def _error(logits: np.ndarray, target: np.ndarray) -> np.ndarray:
        check_shapes(logits, target, outputs=1)
        return np.asarray(logits, np.float64) - np.asarray(target, np.float64)[:, None]
