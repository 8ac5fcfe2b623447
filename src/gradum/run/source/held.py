"""The second pass over a large table: what is learned from goes to disk, what judges to memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from gradum.run.source.parting import Parting
from gradum.run.source.survey import blocks
from gradum.rungs.context import Context
from gradum.rungs.spool import Spool, Totals
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
