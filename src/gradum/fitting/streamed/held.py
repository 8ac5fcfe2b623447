"""The second pass over a large table: what is learned from goes to disk, what judges to memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from gradum.fitting.context import Context
from gradum.fitting.streamed.parting import Parting
from gradum.fitting.streamed.spool import Spool
from gradum.fitting.streamed.survey import blocks
from gradum.fitting.target_scale import TargetScale
from gradum.tables.check import target_values
from gradum.tables.encode import Encoder
from gradum.tables.schema import Schema
from gradum.tables.sources.stream import Stream
from gradum.tables.split import UNUSED, Part


@dataclass(frozen=True)
class Held:
    """Rows in memory: all that judge or stop a fit, and a sample of those that are learned from.

    ``parts`` (n,) and ``numbers`` (n,) go with the rows of ``frame``; ``totals`` are of all rows
    that are learned from.
    """

    frame: pl.DataFrame
    numbers: np.ndarray
    parts: np.ndarray
    totals: Totals


class Totals:
    """Weights, targets and their squares summed up over the training rows.

    Parameters
    ----------
    classes : int
        K; 0 for a regression.
    log : bool
        Whether the logarithm of the target is learned.
    """

    def __init__(self, classes: int, *, log: bool) -> None:
        self._log = log
        self._by_class = np.zeros(classes)
        self._sums = np.zeros(3)  # of weight, weight · (t − origin), weight · (t − origin)²
        self._origin: float | None = None
        self._low, self._high, self._rows = np.inf, -np.inf, 0

    def add(self, target: np.ndarray, weight: np.ndarray) -> None:
        """Add rows."""
        self._rows += len(target)
        if len(self._by_class):
            self._by_class += np.bincount(target, weight, len(self._by_class))
            return
        if not len(target):
            return
        self._low = min(self._low, float(target.min()))
        self._high = max(self._high, float(target.max()))
        learned = np.log(target) if self._log else target
        if self._origin is None:
            self._origin = float(learned.mean())  # near the mean: nothing cancels
        moved = learned - self._origin
        self._sums += [weight.sum(), weight @ moved, weight @ moved**2]

    @property
    def by_class(self) -> np.ndarray:
        """Weight of each class (K,), of mean 1 a row."""
        return self._by_class * (self._rows / self._by_class.sum())

    @property
    def scale(self) -> TargetScale:
        """The scale of a regression's target, as `TargetScale.fit` has it of rows in memory."""
        total, first, second = self._sums
        mean = first / total
        deviation = float(np.sqrt(max(second / total - mean**2, 0.0)))
        centre = float((self._origin or 0.0) + mean)
        return TargetScale(centre, deviation or 1.0, self._low, self._high, self._log)


def divide(
    stream: Stream,
    schema: Schema,
    encoder: Encoder,
    parting: Parting,
    spool: Spool,
    *,
    totals: Totals,
    also: tuple[str, ...],
    context: Context,
) -> Held:
    """Pass over all rows once: training rows are encoded into the spool, the others returned.

    Parameters
    ----------
    totals : Totals
        To be added to.
    also : tuple of str
        Columns that are wanted of the rows in memory though no model uses them.

    Raises
    ------
    DiskError
        The disk is full.
    """
    frames: list[pl.DataFrame] = []
    numbers: list[np.ndarray] = []
    parts: list[np.ndarray] = []
    for block in blocks(stream, schema, parting, also):
        train = block.parts == Part.TRAIN
        target = target_values(block.checked)[train]
        weight = block.weight[train]
        totals.add(target, weight)
        spool.write(encoder.transform(block.checked.frame.filter(train)), target, weight)
        held = (block.parts != UNUSED) & (~train | parting.in_sample(block.numbers))
        frames.append(block.checked.frame.filter(held))
        numbers.append(block.numbers[held])
        parts.append(block.parts[held])
        if context.stop():
            break
    return Held(pl.concat(frames), np.concatenate(numbers), np.concatenate(parts), totals)
