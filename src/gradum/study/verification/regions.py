"""The boxes that are still open.

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
    margin : ndarray [N]
        How far the best point of that box that was tried was from an unsafe output.
    """

    box: Box
    share: np.ndarray
    lack: np.ndarray
    margin: np.ndarray

    @classmethod
    def whole(cls, box: Box) -> Regions:
        """Return the one box of a domain, of which nothing is known."""
        return cls(box, np.ones(1), np.full(1, np.inf), np.full(1, np.inf))

    def __len__(self) -> int:
        """How many there are."""
        return len(self.share)

    def chosen(self, which: np.ndarray) -> Regions:
        """Return some of them, by a mask or by places."""
        box = Box(self.box.low[which], self.box.high[which])
        return Regions(box, self.share[which], self.lack[which], self.margin[which])

    def first(self, count: int) -> tuple[Regions, Regions]:
        """Return so many, and the others: half of them lack most, half came nearest."""
        if count >= len(self):
            return self, self.chosen(np.zeros(0, int))
        nearest = np.argpartition(self.margin, count // 2)
        near, others = np.split(nearest, [count // 2])
        worst = others[np.argpartition(-self.lack[others], count - count // 2)]
        worst, others = np.split(worst, [count - count // 2])
        return self.chosen(np.concatenate([near, worst])), self.chosen(others)

    def joined(self, others: Regions) -> Regions:
        """Return these and others."""
        box = Box(*(np.concatenate(ends) for ends in zip(self.box, others.box, strict=True)))
        return Regions(
            box,
            np.concatenate([self.share, others.share]),
            np.concatenate([self.lack, others.lack]),
            np.concatenate([self.margin, others.margin]),
        )
