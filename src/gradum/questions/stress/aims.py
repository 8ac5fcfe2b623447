"""The aims of an attack on many rows at once: another class, or a number far from the answer.

Each row may have several aims, which are tried side by side. An aim measures how far predictions
have come, and whether the answer of a row has changed. A change must exceed the rounding of float32
sums, so that a copy has the same answer among others and alone.

Shapes: p aims, m copies, K classes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import numpy as np

from gradum.margins import falling
from gradum.questions.counterfactual.aim import (
    MARGIN_OF_CLASSES,
    MARGIN_OF_NUMBERS,
    TINY,
    deciding,
)
from gradum.rungs.rung import Prediction, Rung

MOST_CLASSES = 2
"""The number of classes that each row aims at: the likeliest besides the present one."""


class AimProgress(NamedTuple):
    """How far copies have come: ``lead`` (m,), and whether answers have changed (m,)."""

    lead: np.ndarray
    changed: np.ndarray


class Aims(Protocol):
    """The answers that an attack tries to reach, aim by aim."""

    @property
    def rows(self) -> np.ndarray:
        """The row of each aim (p,)."""
        ...

    def progress(self, prediction: Prediction, aims: np.ndarray) -> AimProgress:
        """Return how far the predictions of copies have come towards their aims (m,)."""
        ...

    def holds(self, prediction: Prediction, aims: np.ndarray) -> np.ndarray:
        """Return whether answers have changed (m,), judged by the answers alone."""
        ...

    def take(self, aims: np.ndarray) -> Aims:
        """Return some of the aims, or the same ones several times (m,)."""
        ...


@dataclass(frozen=True, eq=False)
class ClassAims:
    """Other classes than the present ones (p,)."""

    rows: np.ndarray
    present: np.ndarray
    wanted: np.ndarray

    @classmethod
    def of(cls, prediction: Prediction) -> ClassAims:
        """Let each row aim at the likeliest of the other classes."""
        others = deciding(prediction).copy()
        rows = np.arange(len(others))
        others[rows, prediction.value] = -1.0
        count = min(MOST_CLASSES, others.shape[1] - 1)
        order = np.array([falling(row)[:count] for row in others])
        return cls(np.repeat(rows, count), np.repeat(prediction.value, count), order.ravel())

    def progress(self, prediction: Prediction, aims: np.ndarray) -> AimProgress:
        """Return log p of the wanted class less the largest other, and which answers changed."""
        logs = np.log(np.maximum(deciding(prediction), TINY))
        copies = np.arange(len(logs))
        wanted = logs[copies, self.wanted[aims]]
        present = logs[copies, self.present[aims]]
        without = logs.copy()
        without[copies, self.present[aims]] = -np.inf
        margin = without.max(axis=1) - present - MARGIN_OF_CLASSES
        without[copies, self.wanted[aims]] = -np.inf
        rival = np.maximum(present, without.max(axis=1))
        return AimProgress(wanted - rival - MARGIN_OF_CLASSES, margin >= 0)

    def holds(self, prediction: Prediction, aims: np.ndarray) -> np.ndarray:
        """Return whether another class is predicted (m,)."""
        return prediction.value != self.present[aims]

    def take(self, aims: np.ndarray) -> ClassAims:
        """Return some of the aims, or the same ones several times (m,)."""
        return ClassAims(self.rows[aims], self.present[aims], self.wanted[aims])


@dataclass(frozen=True, eq=False)
class NumberAims:
    """Numbers ``far`` above (``way`` 1) or below (``way`` −1) the present ones (p,)."""

    rows: np.ndarray
    present: np.ndarray
    way: np.ndarray
    far: float

    @classmethod
    def of(cls, prediction: Prediction, far: float) -> NumberAims:
        """Let each row aim both upward and downward."""
        rows = np.arange(len(prediction.middle))
        way = np.tile([1.0, -1.0], len(rows))
        return cls(np.repeat(rows, 2), np.repeat(prediction.middle, 2), way, far)

    def progress(self, prediction: Prediction, aims: np.ndarray) -> AimProgress:
        """Return how far beyond ``far`` copies are, and whether they changed in any direction."""
        moved = prediction.middle - self.present[aims]
        far = self.far * (1 + MARGIN_OF_NUMBERS)
        return AimProgress(self.way[aims] * moved - far, np.abs(moved) >= far)

    def holds(self, prediction: Prediction, aims: np.ndarray) -> np.ndarray:
        """Return whether the number has moved that far (m,)."""
        return np.abs(prediction.middle - self.present[aims]) >= self.far

    def take(self, aims: np.ndarray) -> NumberAims:
        """Return some of the aims, or the same ones several times (m,)."""
        return replace(self, rows=self.rows[aims], present=self.present[aims], way=self.way[aims])


def far_of(rung: Rung, share: float) -> float:
    """Return how far a number must move, as a share of the range of the training target."""
    assert rung.target_scale is not None
    return share * (rung.target_scale.high - rung.target_scale.low)
