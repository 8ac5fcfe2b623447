"""Rows that a model was trained on, found among other rows by hashes of their values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl

from gradum.messages import say, say_plural
from gradum.tables.split import BLOCK_ROWS

CHANCE_ERRORS = 3.0


@dataclass(frozen=True)
class RunRows:
    """The rows of a run's table, as 8 bytes a row whatever they hold."""

    columns: tuple[str, ...]
    """The columns whose values count."""
    learned: np.ndarray
    """Of shape (m,). Hashes of the distinct rows that the model learned from, rising."""
    held_out: np.ndarray
    """Of shape (h,). Hashes of the rows that were only judged."""
    repeating: float
    """The share of the rows learned from that equal another of them; in a table of few columns,
    many do by chance."""

    @classmethod
    def of(
        cls, columns: tuple[str, ...], blocks: Iterable[tuple[np.ndarray, np.ndarray]]
    ) -> RunRows:
        """Collect, block by block, the hashes of the rows, and which rows were learned from."""
        hashes, learned = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
        known, counts = np.unique(hashes[learned], return_counts=True)
        repeating = counts[counts > 1].sum() / max(counts.sum(), 1)
        return cls(columns, known, np.unique(hashes[~learned]), float(repeating))

    def among(self, frame: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """Return which rows of a frame were learned from, and which others were held out (n,).

        The frame is typed as `tables.check` leaves it. No row counts as learned from if no larger
        share of rows matches than repeats another among the rows learned from.
        """
        if not set(self.columns) <= set(frame.columns):
            return np.zeros(len(frame), bool), np.zeros(len(frame), bool)
        return self.among_hashed(row_hashes(frame.select(self.columns)))

    def among_hashed(self, hashes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Do what `among` does for rows of which only the hashes (n,) are at hand."""
        rows = len(hashes)
        learned = np.isin(hashes, self.learned)
        held_out = np.isin(hashes, self.held_out) & ~learned
        if not self.exceed_chance(int(np.count_nonzero(learned)), rows):
            learned = np.zeros(rows, bool)
        return learned, held_out

    def exceed_chance(self, count: int, rows: int) -> bool:
        """Whether a larger share of rows matches than repeats another in the run's own table."""
        expected = self.repeating * rows
        return count > expected + CHANCE_ERRORS * np.sqrt(expected)


def row_hashes(frame: pl.DataFrame) -> np.ndarray:
    """Hash each row (n,), uint64; rows that are equal in every column, as float32, hash alike."""
    hashes = np.empty(len(frame), np.uint64)
    floats = pl.col(pl.Float64).cast(pl.Float32)
    for start in range(0, len(frame), BLOCK_ROWS):
        part = slice(start, start + BLOCK_ROWS)
        # NaN counts as missing; -0 is 0.
        block = frame[part].with_columns(floats).with_columns(pl.col(pl.Float32) + 0.0)
        hashes[part] = block.fill_nan(None).hash_rows().to_numpy()
    return hashes


def trained_on_sentence(count: int, rows: int, *, scored: bool) -> str:
    """Say how many of the rows the model was trained on, and how that affects their scores."""
    total = say_plural("{count:,} row", "{count:,} rows", rows)
    which = say(
        "{trained:,} of {rows} are rows that the model was trained on", trained=count, rows=total
    )
    if count == rows:
        which = say("All {rows} are rows that the model was trained on", rows=total)
    if not scored:
        return say("{rows}: predictions of them are better than those of new rows.", rows=which)
    if count == rows:
        return say(
            "{rows}: the scores say how well it remembers, not how well it predicts.", rows=which
        )
    return say("{rows}: they make the scores too good.", rows=which)
