"""Temperature scaling: all logits divided by one number.

C. Guo et al., "On calibration of modern neural networks", ICML 2017.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec
import numpy as np

from gradum.core.bounds import Affine, Operation
from gradum.messages import marked
from gradum.rungs.calibration.held_out_logits import HeldOutLogits

MOST = 5.0  # the most that logits are sharpened or softened; few rows suggest more only by chance


class TemperatureScaling(msgspec.Struct, frozen=True, tag="temperature"):
    """Divide logits by a temperature: z' = z / T."""

    temperature: float
    """T > 0; if it is above 1, the model was overconfident."""

    title: ClassVar[str] = marked("temperature scaling")
    decides: ClassVar[bool] = True
    calibrates: ClassVar[bool] = True
    keeps_order: ClassVar[bool] = True
    class_weight: ClassVar[None] = None

    def __call__(self, logits: np.ndarray) -> np.ndarray:
        """Return logits (n, k)."""
        return logits / self.temperature

    def operation(self, outputs: int) -> Operation:
        """Return it as an operation of a graph, on logits [k]."""
        return Affine(np.eye(outputs) / self.temperature, np.zeros(outputs), roundings=1)

    @classmethod
    def suits(cls, held_out: HeldOutLogits) -> bool:
        """Whether these rows can determine it: any rows can."""
        return True

    @classmethod
    def fit(cls, held_out: HeldOutLogits, one_row: float) -> TemperatureScaling:
        """Return the temperature of least log loss, for labels smoothed by ε; it has no penalty."""
        logits = held_out.logits
        factor = held_out.minimum(
            lambda theta: (1 + theta[0]) * logits,
            lambda slopes: np.array([(slopes * logits).sum()]),
            one_row,
            penalty=np.zeros(1),
            bounds=[(1 / MOST - 1, MOST - 1)],
        )
        return cls(float(1 / (1 + factor[0])))

    def is_sound(self, outputs: int) -> bool:
        """Whether all finite logits (n, k) stay finite."""
        return 1e-6 < self.temperature < 1e6
