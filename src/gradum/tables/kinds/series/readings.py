"""The readings of one series: taken out of lists, arrays and texts, with gaps, then without them.

Shapes: c channels of T readings.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.exceptions import ComplexWarning

from gradum.messages import say
from gradum.tables.grids.cell import Grid
from gradum.tables.grids.opening import CannotOpen

FEWEST = 8  # readings, on average, of a column that holds series
MOST_READINGS = 16_384  # that are kept of a channel
MOST_CHANNELS = 64
LARGEST = float(np.finfo(np.float32).max)
LIST = re.compile(r"\s*[\[(].*[\])]\s*", re.DOTALL)
BETWEEN = re.compile(r"\s*[,;|]\s*|\s+")
GAP = re.compile(r"\b(nan|none|null|na)\b", re.IGNORECASE)


class TooManyChannels(CannotOpen):
    """Readings of more channels than a series may have."""


def readings_of(value: Any) -> np.ndarray:
    """Return the readings of a value, float32 (c, T); NaN is a gap.

    Of a table of readings, the shorter side is the channels.

    Raises
    ------
    CannotOpen
        It holds no numbers, or too many channels.
    """
    value = _of_text(value) if isinstance(value, str) else value
    value = value.to_list() if isinstance(value, pl.Series) else value
    readings = _table(value)
    with np.errstate(invalid="ignore"):
        readings[~(np.abs(readings) <= LARGEST)] = np.nan
    known = np.flatnonzero(~np.isnan(readings).all(axis=0))
    if not len(known):
        raise CannotOpen(say("no readings"))
    if len(readings) > MOST_CHANNELS:
        raise TooManyChannels(
            say("{count} channels, more than {most}", count=len(readings), most=MOST_CHANNELS)
        )
    return _shortened(readings[:, : known[-1] + 1]).astype(np.float32)


def holds_series(values: Sequence[Any]) -> bool:
    """Whether nearly all values are series, `FEWEST` readings long on average."""
    lengths, others = [], 0
    for value in values:
        try:
            lengths.append(readings_of(value).shape[1])
        except TooManyChannels:  # series all the same, of which nothing is read
            lengths.append(FEWEST)
        except CannotOpen:
            others += 1
            if others > 0.1 * len(values):  # every column of texts is asked
                return False
    return bool(lengths) and float(np.mean(lengths)) >= FEWEST


def as_grid(readings: np.ndarray) -> Grid:
    """Return readings as a grid of bytes, four a reading."""
    return Grid(np.ascontiguousarray(readings, "<f4").view(np.uint8).reshape(*readings.shape, 4))


def of_grid(grid: Grid) -> np.ndarray:
    """Return the readings (c, T) of a grid of bytes; what is no number is a gap."""
    readings = np.ascontiguousarray(grid.pixels).view("<f4")[:, :, 0]
    return np.where(np.isfinite(readings), readings, np.float32(np.nan))


def without_gaps(readings: np.ndarray) -> np.ndarray:
    """Return readings whose gaps lie on straight lines between their neighbours, float64.

    Before the first reading and after the last it stays; a channel without any is 0.
    """
    filled, times = readings.astype(np.float64), np.arange(readings.shape[1])
    gaps = np.isnan(filled)
    for channel in np.flatnonzero(gaps.any(axis=1)):
        known = np.flatnonzero(~gaps[channel])
        between = np.interp(times, known, filled[channel, known]) if len(known) else 0.0
        filled[channel] = between
    return filled


def stretched(readings: np.ndarray, length: int) -> np.ndarray:
    """Return a series (c, T) at another length, straight between its readings."""
    if readings.shape[1] == length:
        return readings
    at = np.linspace(0, readings.shape[1] - 1, length)
    times = np.arange(readings.shape[1])
    return np.stack([np.interp(at, times, channel) for channel in readings]).astype(np.float32)


def _of_text(text: str) -> Any:
    if not LIST.fullmatch(text):
        parts = BETWEEN.split(text.strip())
        return [part or "nan" for part in parts] if len(parts) >= FEWEST else None
    plain = GAP.sub("null", text.strip().replace("(", "[").replace(")", "]"))
    try:
        return json.loads(plain)
    except RecursionError:
        return None
    except ValueError:  # as NumPy writes an array: without commas
        return BETWEEN.split(plain.strip("[] \n"))


def _table(value: Any) -> np.ndarray:
    """Return the numbers of a value (c, T), float64, as many of each channel."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "iufb" and value.ndim in (1, 2):
        readings = np.atleast_2d(value).astype(np.float64)
    else:
        rows = _rows(value)
        readings = np.full((len(rows), max(map(len, rows), default=0)), np.nan)
        for row, of in zip(rows, readings, strict=True):
            of[: len(row)] = row
    return readings.T if len(readings) > readings.shape[1] else readings


def _rows(value: Any) -> list[np.ndarray]:
    """Return a list of numbers as one row, and a list of such lists as several, float64."""
    try:
        if not isinstance(value, list | tuple | np.ndarray) or np.ndim(value[:1]) > 2:
            raise CannotOpen(say("no list of numbers"))
        nested = [each for each in value if isinstance(each, list | tuple | np.ndarray)]
        rows = [value] if not nested else list(value)
        with warnings.catch_warnings(action="error", category=ComplexWarning):
            return [np.array([] if row is None else row, np.float64).reshape(-1) for row in rows]
    except (ComplexWarning, OverflowError, TypeError, ValueError) as error:
        if isinstance(error, CannotOpen):
            raise
        raise CannotOpen(say("no list of numbers")) from error


def _shortened(readings: np.ndarray) -> np.ndarray:
    """Return the means of as many neighbours as bring a long series to `MOST_READINGS`."""
    length = readings.shape[1]
    if length <= MOST_READINGS:
        return readings
    step = -(-length // MOST_READINGS)
    starts = np.arange(0, length, step)
    sums = np.add.reduceat(np.nan_to_num(readings), starts, axis=1)
    counts = np.add.reduceat(~np.isnan(readings), starts, axis=1, dtype=float)
    return sums / np.where(counts > 0, counts, np.nan)


def typical_sizes(series: Sequence[np.ndarray]) -> tuple[float, ...]:
    """Return the root mean square of each channel, each series counting alike; 1 where all is 0."""
    squares = np.mean([np.square(each).mean(axis=1) for each in series], axis=0)
    return tuple(np.where(squares > 0, np.sqrt(squares), 1.0).tolist())
