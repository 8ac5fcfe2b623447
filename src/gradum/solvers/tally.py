"""The count of steps and epochs, and the mean loss of each."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gradum.solvers.batches import Chunk
from gradum.solvers.chunk import Info

FAR_ABOVE = 1e3
"""A loss so many times that of a fresh model's first step has not come from learning."""


@dataclass
class Tally:
    """Counts steps and epochs, and averages the losses of each."""

    epoch: int
    step: int
    steps_per_epoch: int
    chunk_loss: float = math.nan
    first_loss: float = math.nan
    gradient_norm: float = math.nan
    finite: bool = True
    _loss: float = 0.0

    def epochs(self, info: Info, chunk: Chunk) -> Iterator[float]:
        """Count a chunk's steps; yield the training loss of each epoch that it completes.

        An epoch's loss is the mean over its batches, each by its share of the rows. A step
        whose loss was not finite was not taken, and does not count.
        """
        steps = int(info.steps) - (not info.finite)
        losses = info.losses[:steps].astype(np.float64)
        self.finite = bool(info.finite)
        if steps:
            self.gradient_norm, self.chunk_loss = float(info.gradient_norm), float(losses.mean())
        if math.isnan(self.first_loss) and steps:
            self.first_loss = float(losses[0])
        for part in (losses * chunk.share[:steps]).tolist():
            self._loss += part
            self.step += 1
            if self.step % self.steps_per_epoch == 0:
                self.epoch += 1
                loss, self._loss = self._loss, 0.0
                yield loss

    @property
    def grown(self) -> bool:
        """Whether the loss is far above that of the first step, however finite."""
        return self.chunk_loss > FAR_ABOVE * self.first_loss
