"""The mini-batches of a pack: rows are drawn for each member, and gathered for a chunk of steps.

Shapes: S steps of a chunk, M members, B rows of a batch, n rows of each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from gradum.rungs.pack.inputs import PackInputs
from gradum.rungs.pack.lessons import Lessons
from gradum.rungs.pack.program import PackBatches


class Draw(NamedTuple):
    """What was drawn for a chunk of steps.

    ``rows`` [S, M, B] are those that each member learns from, ``rate`` [S] is the factor of all
    learning rates, and ``seed`` [S] that of what is left out.
    """

    rows: np.ndarray
    rate: np.ndarray
    seed: np.ndarray

    def of(self, members: slice) -> Draw:
        """Return what was drawn for some members."""
        return self._replace(rows=self.rows[:, members])


@dataclass(frozen=True)
class Batching:
    """All rows, from which batches are taken.

    Parameters
    ----------
    inputs : PackInputs
    lessons : Lessons
    weight : ndarray of shape (n,)
        The rows' weights, 1 on average.
    """

    inputs: PackInputs
    lessons: Lessons
    weight: np.ndarray

    def batches(self, draw: Draw, members: slice) -> PackBatches:
        """Return the batches of what was drawn for some members."""
        dense, codes = self.padded(draw.rows)
        target = self.lessons.of(draw.rows, members)
        return PackBatches(dense, codes, target, self.weight[draw.rows], draw.rate, draw.seed)

    def padded(self, rows: np.ndarray) -> tuple[Any, Any]:
        """Return rows [..., n] as the padded network takes them."""
        return self.inputs.padded(rows)
