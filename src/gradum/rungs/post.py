"""Steps after the logits, as data: in order, saved with the model that they belong to.

A step takes logits (n, k) and returns new ones. A new one is a struct with a tag that can do what
`PostStep` says, and a member of `AnyPostStep`; ways to calibrate are listed in
`gradum.rungs.calibration`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, ClassVar

import msgspec
import numpy as np

from gradum.core.bounds import Affine, Operation
from gradum.messages import say
from gradum.rungs.balance import ClassWeight, shift
from gradum.rungs.calibration import WAYS, PostStep


class PriorShift(msgspec.Struct, frozen=True, tag="prior-shift"):
    """Undo the class weights under which a model learned; see `gradum.rungs.balance`."""

    class_weight: tuple[float, ...]
    """w, the factor of the rows of each class [K]."""

    title: ClassVar[str] = ""
    decides: ClassVar[bool] = False  # labels stay those of equally common classes
    calibrates: ClassVar[bool] = False
    keeps_order: ClassVar[bool] = True

    def __call__(self, logits: np.ndarray) -> np.ndarray:
        """Return the logits (n, k) for classes that are as common as in the table."""
        return logits - shift(self.class_weight, logits.shape[1])

    def operation(self, outputs: int) -> Operation:
        """Return it as an operation of a graph, on logits [k]."""
        return Affine(np.eye(outputs), -shift(self.class_weight, outputs), roundings=1)

    def is_sound(self, outputs: int) -> bool:
        """Whether there is a weight above 0 for each class that has a logit."""
        weight = np.array(self.class_weight)
        whole = len(weight) == (2 if outputs == 1 else outputs)
        return whole and bool((np.isfinite(weight) & (weight > 0)).all())


if TYPE_CHECKING:
    AnyPostStep = PostStep
else:
    AnyPostStep = reduce(or_, WAYS, PriorShift)
"""Any step that a file of a model may hold."""


def steps_for(
    class_weight: ClassWeight | None, calibration: Sequence[PostStep] = ()
) -> tuple[PostStep, ...]:
    """Return the steps that follow the logits of a model that learned under class weights.

    Its calibration was found under these weights too, and so comes before they are undone.
    """
    shifts = () if class_weight is None else (PriorShift(tuple(class_weight)),)
    return (*calibration, *shifts)


def calibrated_in_words(model: str, calibration: Sequence[PostStep]) -> tuple[str, ...]:
    """Return the sentence that says which steps calibrate a model; empty if there are none."""
    return tuple(
        say(
            "Probabilities of {model} are calibrated on rows that it had not learned from "
            "({step}).",
            model=model,
            step=say(step.title),
        )
        for step in calibration
    )
