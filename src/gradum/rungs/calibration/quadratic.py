"""Quadratic scaling of two classes: bends the log-odds where a model errs to one side.

E. Berta, D. Holzmüller, M. I. Jordan and F. Bach, "Structured matrix scaling for multi-class
calibration", 2025, present it beside the scaling for more classes.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec
import numpy as np

from gradum.core.bounds import BentScale, Operation
from gradum.messages import marked
from gradum.rungs.calibration.held_out_logits import HeldOutLogits
from gradum.rungs.calibration.temperature import TemperatureScaling

FEWEST_OF_A_CLASS = 50
LEAST_SLOPE = 0.05  # of the log-odds after temperature scaling, so that rows keep their order


class QuadraticScaling(msgspec.Struct, frozen=True, tag="quadratic"):
    """Bend one logit: z' = c + ∫₀ᶻ s(t) dt, whose slope s changes linearly.

    Between l and h, s(t) = s_l + (s_h − s_l) (t − l) / (h − l), so z' is a polynomial of degree 2:
    a z² + b z plus a constant, with a = (s_h − s_l) / 2 (h − l) and b = s_l − 2 a l. Outside, the
    slope stays what it is at that end. Both slopes are above 0, so z' rises everywhere, and rows
    keep their order.
    """

    low: float
    high: float
    """l < h: the range of the logits that it was fitted on."""
    slope_low: float
    slope_high: float
    """s_l and s_h."""
    intercept: float
    """c, the log-odds of a row whose logit is 0."""

    title: ClassVar[str] = marked("quadratic scaling")
    decides: ClassVar[bool] = True
    calibrates: ClassVar[bool] = True
    keeps_order: ClassVar[bool] = True
    class_weight: ClassVar[None] = None

    def __call__(self, logits: np.ndarray) -> np.ndarray:
        """Return logits (n, 1)."""
        rising = _rising(logits, self.low, self.high)
        return self.intercept + self.slope_low * (logits - rising) + self.slope_high * rising

    def operation(self, outputs: int) -> Operation:
        """Return it as an operation of a graph, on the one logit."""
        return BentScale(self.low, self.high, self.slope_low, self.slope_high, self.intercept)

    @classmethod
    def suits(cls, held_out: HeldOutLogits) -> bool:
        """Whether there are two classes, each with enough rows, and logits that differ."""
        if np.bincount(held_out.target, minlength=2).min() < FEWEST_OF_A_CLASS:
            return False
        return held_out.logits.shape[1] == 1 and bool(np.ptp(held_out.logits) > 0)

    @classmethod
    def fit(cls, held_out: HeldOutLogits, one_row: float) -> QuadraticScaling:
        """Return the scaling of least mean log loss + 2 ε (c² + (s_l − 1)² + (s_h − 1)²).

        The slopes in this penalty are those after temperature scaling, as in structured matrix
        scaling.
        """
        temperature = TemperatureScaling.fit(held_out, one_row)
        logits = temperature(held_out.logits)
        low, high = float(logits.min()), float(logits.max())
        rising = _rising(logits, low, high)
        features = np.concatenate([np.ones_like(logits), logits - rising, rising], axis=1)
        level, below, above = held_out.minimum(
            lambda theta: logits + features @ theta[:, None],
            lambda slopes: features.T @ slopes[:, 0],
            one_row,
            penalty=np.full(3, 2 * one_row),
            bounds=[(None, None), *[(LEAST_SLOPE - 1, None)] * 2],
        ).tolist()
        by = temperature.temperature
        return cls(low * by, high * by, (1 + below) / by, (1 + above) / by, level)

    def is_sound(self, outputs: int) -> bool:
        """Whether finite logits (n, 1) stay finite and keep their order."""
        numbers = np.array(msgspec.structs.astuple(self))
        finite = bool((np.abs(numbers) < 1e50).all()) and max(self.slope_low, self.slope_high) < 1e6
        rises = self.low < self.high and min(self.slope_low, self.slope_high) > 0
        return outputs == 1 and finite and rises


def _rising(logits: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return ∫₀ᶻ r(t) dt of logits z, where r is 0 below l, 1 above h, and linear between."""

    def until(logit: np.ndarray | float) -> np.ndarray:
        inside = np.clip(logit, low, high) - low
        return inside * (inside / (high - low)) / 2 + np.maximum(np.subtract(logit, high), 0.0)

    return until(logits) - until(0.0)
