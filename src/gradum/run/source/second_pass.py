"""The second pass over a large table: rows learned from go to disk, rows that judge to memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from gradum.run.source.row_parts import Parting
from gradum.run.source.survey import blocks
from gradum.rungs.context import Context
from gradum.rungs.spool import Spool, Totals
from gradum.tables.encode import Encoder
from gradum.tables.role_values import target_values
from gradum.tables.schema import Schema
from gradum.tables.sources.stream import Stream
from gradum.tables.split import UNUSED, Part


@dataclass(frozen=True)
class Held:
    """Rows in memory: all rows that judge or stop a fit, and a sample of the rows learned from.

    ``parts`` (n,) and ``numbers`` (n,) belong to the rows of ``frame``; ``totals`` are sums over
    all rows that are learned from.
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
    """Pass over all rows once: encode the training rows into the spool, and return the others.

    Parameters
    ----------
    totals : Totals
        The totals to which the training rows are added.
    also : tuple of str
        Columns that are wanted for the rows in memory although no model uses them.

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
