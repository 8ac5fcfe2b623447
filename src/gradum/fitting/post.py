"""Steps after the logits, as data: in order, saved with the model that they belong to.

A step takes logits (n, k) and returns others. A new kind, such as a calibration, is one more struct
with a tag and these attributes, and one more member of `PostStep`.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gradum.fitting.balance import ClassWeight, shift


class PriorShift(msgspec.Struct, frozen=True, tag="prior-shift"):
    """Take out the class weights under which a model learned; see `gradum.fitting.balance`.

    Parameters
    ----------
    class_weight : tuple of float
        w, the factor of the rows of each class [K].
    """

    class_weight: tuple[float, ...]

    @property
    def decides(self) -> bool:
        """Never: labels stay those of a world in which all classes are equally common."""
        return False

    def __call__(self, logits: np.ndarray) -> np.ndarray:
        """Return logits (n, k) of classes as common as in the table."""
        return logits - shift(self.class_weight, logits.shape[1])


PostStep = PriorShift
"""Whatever may follow the logits; ``decides`` says whether labels are chosen by its result."""


def steps_for(class_weight: ClassWeight | None) -> tuple[PostStep, ...]:
    """Return the steps that follow the logits of a model that learned under class weights."""
    return () if class_weight is None else (PriorShift(tuple(class_weight)),)
