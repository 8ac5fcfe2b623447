"""Nearest neighbours among rows: coordinates, distances, and names for messages."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from gradum.messages import marked, say
from gradum.run.dataset import Dataset
from gradum.tables.columns import Column
from gradum.tables.kinds import KINDS

GROUPED = marked("Rows seem to belong to groups, so the scores are too good for rows of new groups")
"""What two alarms about groups say in few words."""


def stretch(
    frame: pl.DataFrame, columns: tuple[Column, ...], most: int, rng: np.random.Generator
) -> np.ndarray:
    """Return up to ``most`` rows that are consecutive along a random direction.

    Similar rows stay together, while a random sample would separate them.
    """
    if len(frame) <= most:
        return np.arange(len(frame))
    along = np.zeros(len(frame), np.float32)
    for column in columns:
        for axis in axes(frame[column.name], column.kind):
            along += np.float32(rng.normal()) * axis
    start = int(rng.integers(len(frame) - most + 1))
    return np.sort(np.argsort(along, kind="stable")[start : start + most])


def axes(values: pl.Series, kind: str) -> Iterator[np.ndarray]:
    """Yield coordinates (n,) in which different rows are about √2 standard deviations apart.

    Numbers are standardised, and their tails are drawn in; a level has a random place in a cube.
    """
    places = KINDS[kind].places(values)
    if places is not None:
        yield from places.astype(np.float32).T
        return
    if not KINDS[kind].is_ordered:
        for seed in range(3):
            hashed = values.hash(seed).to_numpy() >> np.uint64(40)
            yield hashed.astype(np.float32) * np.float32(2.0**-23) - 1  # -1 .. 1
        return
    given = numbers(values)
    missing = np.isnan(given)
    present = given[~missing]
    centre, deviation = (present.mean(), present.std()) if len(present) else (0.0, 0.0)
    standard = (given - centre) / (deviation or 1.0)
    yield np.arcsinh(np.where(missing, 0.0, standard)).astype(np.float32)
    if missing.any():
        yield missing.astype(np.float32)


def numbers(values: pl.Series) -> np.ndarray:
    """Return numbers, dates or booleans (n,) as float64, NaN where missing."""
    return values.to_physical().cast(pl.Float64).fill_null(np.nan).to_numpy()


def nearest(a: np.ndarray, b: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the k < n rows of b (n, d) nearest to each row of a (q, d), and distances: (q, k)."""
    square = (b**2).sum(axis=1) - 2 * a @ b.T
    near = np.argpartition(square, k, axis=1)[:, :k]
    # The product above loses digits where rows are near: these distances are computed anew.
    distance = np.sqrt(((a[:, None] - b[near]).astype(np.float64) ** 2).sum(axis=2))
    order = np.argsort(distance, axis=1, kind="stable")
    return np.take_along_axis(near, order, 1), np.take_along_axis(distance, order, 1)


def disagreement(dataset: Dataset, rows: np.ndarray, others: np.ndarray) -> float:
    """Return how often the classes of pairs differ, or how far their numbers differ on average."""
    one, other = dataset.target[rows], dataset.target[others]
    return float(np.mean(one != other if dataset.classes else np.abs(one - other)))


def row_name(dataset: Dataset, row: int) -> str:
    """Return "row 17", counted from 1 in the file that the row came from."""
    number = int(dataset.numbers[row]) + 1
    if row >= dataset.own_rows:
        return say("row {row:,} of the test file", row=number)
    return say("row {row:,}", row=number)
