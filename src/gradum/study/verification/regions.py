"""The boxes that are still open, worst first.

Shapes: N boxes, d inputs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradum.core.bounds import Box


@dataclass(frozen=True, eq=False)
class Regions:
    """Boxes of inputs.

    Parameters
    ----------
    box : Box [N, d]
        Their ends.
    share : ndarray [N]
        Of the domain's volume.
    lack : ndarray [N]
        How far the bound of the box that each was divided from was from excluding the worst of its
        polyhedra.
    """

    box: Box
    share: np.ndarray
    lack: np.ndarray

    def __len__(self) -> int:
        """How many there are."""
        return len(self.share)

    def chosen(self, which: np.ndarray) -> Regions:
        """Return some of them, by a mask or by places."""
        box = Box(self.box.low[which], self.box.high[which])
        return Regions(box, self.share[which], self.lack[which])

    def worst(self, count: int) -> tuple[Regions, Regions]:
        """Return so many that lack most, and the others."""
        if count >= len(self):
            return self, self.chosen(np.zeros(0, int))
        order = np.argpartition(-self.lack, count)
        return self.chosen(order[:count]), self.chosen(order[count:])

    def joined(self, others: Regions) -> Regions:
        """Return these and others."""
        box = Box(*(np.concatenate(ends) for ends in zip(self.box, others.box, strict=True)))
        return Regions(
            box,
            np.concatenate([self.share, others.share]),
            np.concatenate([self.lack, others.lack]),
        )
