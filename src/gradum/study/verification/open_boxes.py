"""The boxes that are still open.

Shapes: N boxes, d inputs, m units.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradum.core.bounds import Box


@dataclass(frozen=True, eq=False)
class OpenBoxes:
    """Boxes of inputs that are neither excluded nor given up.

    Parameters
    ----------
    box : Box [N, d]
        Their ends.
    phases : ndarray [N, m] of int8
        Of the units, in `Phases`.
    share : ndarray [N]
        Of the domain's volume. If a box was divided by a unit, both parts have its whole share.
    lack : ndarray [N]
        How far the bounds of the box that it was part of were from excluding the worst polyhedron.
    margin : ndarray [N]
        How far the best tried point of that box was from an unsafe output.
    """

    box: Box
    phases: np.ndarray
    share: np.ndarray
    lack: np.ndarray
    margin: np.ndarray

    @classmethod
    def whole(cls, box: Box, units: int) -> OpenBoxes:
        """Return the one box of a domain, of which nothing is known."""
        nothing = np.full(1, np.inf)
        return cls(box, np.zeros((1, units), np.int8), np.ones(1), nothing, nothing)

    def __len__(self) -> int:
        """How many there are."""
        return len(self.share)

    def chosen(self, which: np.ndarray) -> OpenBoxes:
        """Return some of them, by a mask or by places."""
        box = Box(self.box.low[which], self.box.high[which])
        others = (self.phases, self.share, self.lack, self.margin)
        return OpenBoxes(box, *(part[which] for part in others))

    def first(self, count: int) -> tuple[OpenBoxes, OpenBoxes]:
        """Return up to ``count`` boxes, half of them worst, half nearest; and the others."""
        if count >= len(self):
            return self, self.chosen(np.zeros(0, int))
        nearest = np.argpartition(self.margin, count // 2)
        near, others = np.split(nearest, [count // 2])
        worst = others[np.argpartition(-self.lack[others], count - count // 2)]
        worst, others = np.split(worst, [count - count // 2])
        return self.chosen(np.concatenate([near, worst])), self.chosen(others)

    def joined(self, others: OpenBoxes) -> OpenBoxes:
        """Return these and others."""
        box = Box(*(np.concatenate(ends) for ends in zip(self.box, others.box, strict=True)))
        pairs = (
            (self.phases, others.phases),
            (self.share, others.share),
            (self.lack, others.lack),
            (self.margin, others.margin),
        )
        return OpenBoxes(box, *map(np.concatenate, pairs))
