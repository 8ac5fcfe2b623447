"""What every step after the logits can do, and every way to calibrate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Protocol, Self

import numpy as np

from gradum.core.bounds import Operation
from gradum.rungs.calibration.held_out_logits import HeldOutLogits


class PostStep(Protocol):
    """A step that may follow the logits."""

    title: ClassVar[str]
    """Its name."""
    decides: ClassVar[bool]
    """Whether labels are chosen by its result."""
    calibrates: ClassVar[bool]
    """Whether it makes probabilities mean what they say."""
    keeps_order: ClassVar[bool]
    """Whether the new logit of two classes rises with the old one."""

    @property
    def class_weight(self) -> Sequence[float] | None:
        """The class weights that it undoes, if any [K]."""
        ...

    def __call__(self, logits: np.ndarray) -> np.ndarray:
        """Return new logits (n, k)."""
        ...

    def operation(self, outputs: int) -> Operation:
        """Return it as an operation of a graph, on logits [k]."""
        ...

    def is_sound(self, outputs: int) -> bool:
        """Whether its numbers make sense for so many logits, and finite ones stay finite."""
        ...


class Calibration(PostStep, Protocol):
    """A step that is fitted on rows that the model has not learned from."""

    class_weight: ClassVar[None]
    """A calibration undoes no weights."""

    @classmethod
    def suits(cls, held_out: HeldOutLogits) -> bool:
        """Whether these rows can determine it."""
        ...

    @classmethod
    def fit(cls, held_out: HeldOutLogits, one_row: float) -> Self:
        """Return the step of least penalised log loss, for labels smoothed by ε = ``one_row``."""
        ...
