"""The rows that a rung is fitted on: a design, its target, its weights, groups and times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from gradum.core.losses import Loss, learned_loss
from gradum.core.models.input_layer import ROWS_AT_ONCE, InputLayer
from gradum.rungs.balance import ClassWeight, balance
from gradum.rungs.target_scale import TargetScale
from gradum.rungs.teacher import Teacher
from gradum.tables.encode import Unencoded
from gradum.tables.kinds.design import Design


@dataclass(frozen=True)
class Rows:
    """Everything that training needs to know of n rows."""

    design: Design | Unencoded
    """The encoded columns, or what they are encoded from."""
    target: np.ndarray
    """Of shape (n,). float64 numbers, or int64 codes 0 .. K-1."""
    weight: np.ndarray
    """Of shape (n,). float64 above 0: sample weight, times class weight where classes are
    balanced."""
    classes: int | None
    """K; None for regression."""
    groups: np.ndarray | None = None
    time: np.ndarray | None = None
    """Of shape (n,). For inner splits that keep groups together or put the past before the
    future."""
    class_weight: ClassWeight | None = None
    """The factor in ``weight`` that is due to the class [K]; None if classes are not balanced."""
    teacher: Teacher | None = None
    """Another model of these rows, which a pack may learn from."""
    monotone: Mapping[str, int] = field(default_factory=dict)
    """Numeric columns, and whether a model's answer must never fall (1) or never rise (-1) as the
    column rises."""
    exposure: np.ndarray | None = None
    """Of shape (n,). How many units each target is a mean of; a factor of the weight too."""
    loss: Loss | None = None
    """What is learned by, if it was asked for; else the first loss for such a target."""
    until: np.ndarray | None = None
    """Of shape (n,). When the outcome of each row is known, in the form of ``time``. Inner splits
    then hold out stretches of time, and learn from what was over before each and what began after
    it."""

    def __len__(self) -> int:
        return len(self.target)

    def take(self, rows: np.ndarray) -> Rows:
        """Return the given rows, in that order."""
        return Rows(
            self.design.take(rows),
            self.target[rows],
            self.weight[rows],
            self.classes,
            None if self.groups is None else self.groups[rows],
            None if self.time is None else self.time[rows],
            self.class_weight,
            None if self.teacher is None else self.teacher.take(rows),
            self.monotone,
            None if self.exposure is None else self.exposure[rows],
            self.loss,
            None if self.until is None else self.until[rows],
        )

    def learned_by(self, metric: str | None = None) -> Loss:
        """Return the loss to learn by; if none was asked for, the ``metric`` may choose it."""
        return self.loss or learned_loss(self.classes, metric)

    def scale(self, *, log: bool, metric: str | None = None) -> TargetScale | None:
        """Return the scale on which the target is learned; None for classes."""
        if self.classes is not None:
            return None
        return TargetScale.of(self.learned_by(metric), self.target, self.weight, log=log)

    @property
    def directions(self) -> np.ndarray:
        """The direction of each dense column (d,): 1 or -1, or 0 if it has none."""
        features = self.design.layout.dense
        return np.array(
            [
                self.monotone.get(feature.source, 0) if feature.traits.is_quantity else 0
                for feature in features
            ],
            np.float32,
        )

    def balanced(self) -> Rows:
        """Return the rows with weights under which every class weighs the same."""
        assert self.classes is not None
        return self.weighed(balance(np.bincount(self.target, self.weight, self.classes)))

    def weighed(self, by_class: Sequence[float] | np.ndarray) -> Rows:
        """Return the rows with each row's weight multiplied by that of its class [K]."""
        factor = np.asarray(by_class, np.float64)
        weight = self.weight * factor[self.target]
        teacher = self.teacher and self.teacher.weighed(factor)
        return replace(self, weight=weight, class_weight=tuple(factor.tolist()), teacher=teacher)


def expanded(layer: InputLayer, rows: Rows) -> dict[str, Any]:
    """Return n rows as an input layer expands them, without any other copy of the rows."""
    stretches = rows.design.blocks(ROWS_AT_ONCE)
    return layer.expand((stretch.arrays for stretch in stretches), len(rows))
