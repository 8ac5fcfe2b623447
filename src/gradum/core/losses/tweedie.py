"""The Tweedie loss, for amounts of which many are 0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from gradum.core.losses.arrays import array_module
from gradum.core.losses.checks import check_shapes
from gradum.core.losses.deviance import LARGEST_LOGIT, Deviance, exponential, mean_of
from gradum.errors import SpecError
from gradum.messages import say

BISECTIONS = 60


@dataclass(frozen=True)
class Tweedie(Deviance):
    """Half the Tweedie deviance for a mean e^z and a variance that is its power p, 1 < p < 2.

    y·e^((1−p)z)/(p−1) + e^((2−p)z)/(2−p) − y^(2−p)/((p−1)(2−p)), which is 0 where e^z = y. The law
    is a sum of a Poisson number of gamma amounts: p near 1 is close to counts, p near 2 to amounts
    without zeros. B. Jørgensen, The Theory of Dispersion Models (1997), chapter 4.

    Parameters
    ----------
    power : float
        p.

    Raises
    ------
    SpecError
        p is not between 1 and 2.
    """

    name: ClassVar[str] = "tweedie"
    slope_formula: ClassVar[str] = "e^((2−p)a) − y·e^((1−p)a)"

    power: float = 1.5

    def __post_init__(self) -> None:
        if not 1.0 < self.power < 2.0:
            raise SpecError(
                "Tweedie's power is {power!r}.",
                "Give a number between 1 and 2; for 1 use poisson, for 2 use gamma.",
                power=self.power,
            )

    @property
    def valid(self) -> tuple[str, str]:
        """That they are at least 0."""
        return say("amounts, at least 0"), say("Use squared_error for other numbers.")

    def value(self, logits: Any, target: Any) -> Any:
        """Return half the deviance of each example: logits [n, 1], target [n] → [n].

        Raises
        ------
        ShapeError
            The shapes are not [n, 1] and [n]; both are named.
        """
        check_shapes(logits, target, outputs=1)
        xp, logit, (rise, fall) = array_module(logits, target), logits[:, 0], self._rates
        least = xp.where(target > 0, xp.where(target > 0, target, 1) ** fall, 0.0) / (rise * fall)
        return target * exponential(-rise * logit) / rise + exponential(fall * logit) / fall - least

    def gradient(self, logits: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return e^((2−p)z) − y·e^((1−p)z), float64 [n, 1]."""
        check_shapes(logits, target, outputs=1)
        logits, (rise, fall) = np.asarray(logits, np.float64), self._rates
        target = np.asarray(target, np.float64)[:, None]
        return mean_of(fall * logits) - target * mean_of(-rise * logits)

    def hessian(self, logits: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return (2−p)·e^((2−p)z) + (p−1)·y·e^((1−p)z), float64 [n, 1, 1]."""
        check_shapes(logits, target, outputs=1)
        logits, (rise, fall) = np.asarray(logits, np.float64), self._rates
        target = np.asarray(target, np.float64)[:, None]
        growing = np.where(fall * logits <= LARGEST_LOGIT, fall * mean_of(fall * logits), 0.0)
        falling = np.where(-rise * logits <= LARGEST_LOGIT, rise * mean_of(-rise * logits), 0.0)
        return (growing + target * falling)[:, :, None]

    def conjugate(self, slope: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return a·z − value(z) at the z whose gradient is the slope a, found by bisection.

        It is infinite for a slope that is negative where y = 0.
        """
        a, target = slope[:, 0], np.asarray(target, np.float64)
        low, high = np.full(len(a), -LARGEST_LOGIT), np.full(len(a), LARGEST_LOGIT)
        for _ in range(BISECTIONS):
            middle = (low + high) / 2.0
            below = self.gradient(middle[:, None], target)[:, 0] < a
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        z = ((low + high) / 2.0)[:, None]
        value = a * z[:, 0] - self.value(z, target)
        return np.where((target > 0) | (a >= 0), value, np.inf)

    def at(self, *numbers: float) -> Tweedie:
        """Return the loss of this power."""
        return Tweedie(*numbers)

    def formula(self, outputs: int) -> str:
        """Return half the deviance, in the logit a."""
        return "y·e^((1−p)a)/(p−1) + e^((2−p)a)/(2−p) − y^(2−p)/((p−1)(2−p))"

    @property
    def symbols(self) -> Mapping[str, Any]:
        """The power p."""
        return {"p": self.power}

    @property
    def _rates(self) -> tuple[float, float]:
        """Return p − 1 and 2 − p."""
        return self.power - 1.0, 2.0 - self.power
