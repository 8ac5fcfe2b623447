"""Six shifts of real tables: the rows of a fit, and later rows in chunks of at least 500."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from gradum.randomness import stream

MOST_ROWS = 8_000
CHUNK_ROWS = 2_500


@dataclass(frozen=True, eq=False)
class Shift:
    """A table, its target of two classes, and how its rows are divided.

    ``divide`` returns the rows of the fit and the chunks, as places.
    """

    name: str
    file: str
    target: str
    divide: Callable[[pl.DataFrame, np.random.Generator], tuple[np.ndarray, list[np.ndarray]]]
    prepare: Callable[[pl.DataFrame], pl.DataFrame] = lambda frame: frame

    def draw(self, folder: Path, seed: int) -> tuple[pl.DataFrame, Iterator[pl.DataFrame]]:
        """Draw the rows of a fit, and chunks of later ones."""
        rng = stream(seed, "expected", self.name)
        frame = self.prepare(pl.read_parquet(folder / self.file))
        source, chunks = self.divide(frame, rng)
        drawn = [
            np.sort(rng.permutation(rows)[:most])
            for rows, most in [(source, MOST_ROWS), *((chunk, CHUNK_ROWS) for chunk in chunks)]
        ]
        return frame[drawn[0]], (frame[rows] for rows in drawn[1:])


def _in_order(frame: pl.DataFrame, rng: np.random.Generator) -> tuple[np.ndarray, list[np.ndarray]]:
    """Fit to the first 60% of the rows; the others follow in three chunks."""
    rows = np.arange(len(frame))
    first = int(0.6 * len(rows))
    return rows[:first], np.array_split(rows[first:], 3)


def _by_month(frame: pl.DataFrame, rng: np.random.Generator) -> tuple[np.ndarray, list[np.ndarray]]:
    """Fit to January to June; three chunks of two months each follow."""
    month = frame["month"].cast(pl.Float64).to_numpy()
    chunks = [np.flatnonzero((month >= first) & (month < first + 2)) for first in (7, 9, 11)]
    return np.flatnonzero(month <= 6), chunks


def _by_latitude(
    frame: pl.DataFrame, rng: np.random.Generator
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Fit to the north of California; the south is new."""
    north = (frame["latitude"] >= 36).to_numpy()
    return np.flatnonzero(north), [np.flatnonzero(~north)]


def _by_country(
    frame: pl.DataFrame, rng: np.random.Generator
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Fit to people born in the United States; all others are new."""
    home = (frame["native-country"] == "United-States").fill_null(False).to_numpy()
    return np.flatnonzero(home), [np.flatnonzero(~home)]


def _reweighted(*columns: str) -> Callable:
    """Draw without replacement: new with probability 1 / (1 + e^(1 − 2 Σ z)) of standard scores z.

    The draw depends only on the columns: the target depends on them as before.
    """

    def divide(
        frame: pl.DataFrame, rng: np.random.Generator
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        values = [frame[column].cast(pl.Float64) for column in columns]
        filled = [value.fill_null(value.median()).to_numpy() for value in values]
        scores = sum((value - value.mean()) / value.std() for value in filled)
        is_new = rng.random(len(frame)) < 1 / (1 + np.exp(1 - 2 * scores))
        return np.flatnonzero(~is_new), [np.flatnonzero(is_new)]

    return divide


def _dear(frame: pl.DataFrame) -> pl.DataFrame:
    """Turn the values of houses into two classes: above and below the median."""
    value = pl.col("median_house_value")
    return frame.with_columns(
        pl.when(value > value.median()).then(1).otherwise(0).alias(value.meta.output_name())
    )


SHIFTS = (
    Shift("bank marketing, in order", "bank_marketing.parquet", "deposit", _in_order),
    Shift("flights, by month", "nyc_flights_delay.parquet", "late15", _by_month),
    Shift(
        "California, north and south",
        "california_housing.parquet",
        "median_house_value",
        _by_latitude,
        _dear,
    ),
    Shift("adult, by country", "adult.parquet", "income", _by_country),
    Shift(
        "adult, by age and education",
        "adult.parquet",
        "income",
        _reweighted("age", "educational-num"),
    ),
    Shift("credit, by income", "credit_scoring_es.parquet", "Status", _reweighted("Income")),
)
