"""The part of a row, derived from its number alone, so that no list of all rows is kept.

The judging and the stopping rows of a large table are as many as judge well, not a share of the
table, so that they can be held in memory; so can a sample of the training rows, for the studies.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
import polars as pl

from gradum.run.spec.spec import Spec
from gradum.tables.sources.stream import row_bytes
from gradum.tables.split import UNUSED, Part

MOST_TEST, MOST_VALIDATION, MOST_SAMPLED = 100_000, 50_000, 100_000
FEWEST_HELD = 2_000
HELD_CELL = 128  # most bytes that a value of a held row, or a class's share for it, takes
HELD_COPIES = 4  # of the row as it was read: texts may be long
HELD_SHARE = 0.25  # of the memory allowed


@dataclass(frozen=True)
class Parting:
    """The parts of a table's rows."""

    seed: int
    test: float
    validation: float
    """Shares of all rows."""
    sampled: float
    """Share of the training rows that are also held in memory."""
    until: tuple[float, float] | None = None
    """The last times of training and of validation; None if rows are drawn at random."""
    late_validation: float = 1.0
    late_test: float = 1.0
    """Shares that are drawn from the rows in the windows of validation and test."""

    @classmethod
    def of(
        cls,
        spec: Spec,
        rows: int,
        row_bytes: float,
        memory: int,
        times: np.ndarray | None,
        *,
        judging: bool = True,
    ) -> Parting:
        """Choose the shares for a table of so many rows.

        Parameters
        ----------
        spec : Spec
        rows : int
        row_bytes : float
            The bytes that a held row takes, as `held_row` estimates them.
        memory : int
            The bytes that the run may take.
        times : ndarray or None
            The times of a sample of the rows, if the past is to train.
        judging : bool
            Whether some of the rows judge; none do if there is a test file.
        """
        judged = spec.split.test if judging else 0.0
        held = MOST_TEST + MOST_VALIDATION + MOST_SAMPLED
        room = max(HELD_SHARE * memory / row_bytes, FEWEST_HELD)
        scale = min(1.0, room / held) / max(rows, 1)
        test = min(judged, scale * MOST_TEST)
        validation = min(spec.split.validation * (1.0 - test), scale * MOST_VALIDATION)
        sampled = min(1.0, scale * MOST_SAMPLED)
        if times is None:
            return cls(spec.seed, test, validation, sampled)
        kept = 1.0 - judged
        last = np.quantile(times, [kept * (1.0 - spec.split.validation), kept])
        return cls(
            spec.seed,
            test,
            validation,
            sampled,
            until=(float(last[0]), float(last[1])),
            late_validation=min(1.0, validation / (kept * spec.split.validation)),
            late_test=min(1.0, test / max(judged, 1e-12)),
        )

    def parts(
        self, numbers: np.ndarray, groups: pl.Series | None, times: np.ndarray | None
    ) -> np.ndarray:
        """Return the part of each row (n,), a `Part` or UNUSED.

        Parameters
        ----------
        numbers : ndarray of shape (n,)
            The rows' places in the table.
        groups : Series or None
            All rows of a group have the same part.
        times : ndarray of shape (n,) or None
            The times of the rows: validation follows training, and test follows validation.
        """
        if groups is None:
            chance = _uniform(numbers.astype(np.uint64), self.seed, "part")
        else:
            keys = groups.cast(pl.String).hash(_salt(self.seed, "group")).to_numpy()
            chance = _uniform(keys, self.seed, "part")
        if self.until is None or times is None:
            parts = np.full(len(numbers), Part.TRAIN, np.int8)
            parts[chance < self.test + self.validation] = Part.VALIDATION
            parts[chance < self.test] = Part.TEST
            return parts
        window = np.searchsorted(self.until, times, side="left")
        parts = np.array([Part.TRAIN, Part.VALIDATION, Part.TEST], np.int8)[window]
        # Of the later rows, as many are drawn as judge well; the others are not used.
        parts[chance >= np.array([1.0, self.late_validation, self.late_test])[window]] = UNUSED
        return parts

    def in_sample(self, numbers: np.ndarray) -> np.ndarray:
        """Return which training rows are also held in memory (n,)."""
        return _uniform(numbers.astype(np.uint64), self.seed, "sample") < self.sampled


def held_row(sample: pl.DataFrame, classes: int) -> float:
    """Return the bytes that a row takes while it is held in memory and judged."""
    return HELD_CELL * (sample.width + classes) + HELD_COPIES * row_bytes(sample)


def _salt(seed: int, name: str) -> int:
    return (seed * 0x9E3779B97F4A7C15 + zlib.crc32(name.encode())) % 2**64


def _uniform(keys: np.ndarray, seed: int, name: str) -> np.ndarray:
    """Return a number in [0, 1) for each key: the same key, seed and name give the same number.

    This is SplitMix64 (Steele, Lea & Flood, OOPSLA 2014), whose output passes the usual tests.
    """
    x = keys + np.uint64(_salt(seed, name))
    x += np.uint64(0x9E3779B97F4A7C15)
    x ^= x >> np.uint64(30)
    x *= np.uint64(0xBF58476D1CE4E5B9)
    x ^= x >> np.uint64(27)
    x *= np.uint64(0x94D049BB133111EB)
    x ^= x >> np.uint64(31)
    return (x >> np.uint64(11)).astype(np.float64) * 2.0**-53
