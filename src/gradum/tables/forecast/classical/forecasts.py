"""The classical forecasts of windows, each made from values up to its origin alone.

A pass over a series begins anew with each block of the grid, and an origin looks at its own block
and the one before. So a forecast is the same however much more of the series a table or a model's
file has.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from gradum.tables.forecast.classical.smoothing import smoothed
from gradum.tables.forecast.classical.theta import theta

BLOCK, SEASONS = 500, 4

LABELS = {
    "drift": "drift forecast",
    "smoothing": "smoothed forecast",
    "theta": "Theta forecast",
}
"""What each forecast is called in the name of its column, by the name of its rung."""


def block(season: int) -> int:
    """Return how many stamps a block has."""
    return max(BLOCK, SEASONS * season)


@dataclass(frozen=True, eq=False)
class Segments:
    """What W windows may look at: two blocks of their series each."""

    values: np.ndarray
    """Of shape (P, 2 block), NaN where nothing is known."""
    rows: np.ndarray
    """Of shape (W,). The segment of each window."""
    origins: np.ndarray
    """Of shape (W,). The position of each origin in it; nothing after it is looked at."""

    @classmethod
    def of(
        cls, values: np.ndarray, first: int, season: int, series: np.ndarray, origins: np.ndarray
    ) -> Segments:
        """Cut the segments out of values (S, T), which begin at a place of the grid.

        Parameters
        ----------
        values : ndarray of shape (S, T)
        first : int
            The place of the first value.
        season : int
        series, origins : ndarray of shape (W,)
            The series of each window, and the place of its origin.
        """
        length = block(season)
        begins = (origins // length - 1) * length
        pairs, rows = np.unique(np.column_stack([series, begins]), axis=0, return_inverse=True)
        places = pairs[:, 1:] - first + np.arange(2 * length)[None, :]
        there = (places >= 0) & (places < values.shape[1])
        found = values[pairs[:, :1], np.clip(places, 0, values.shape[1] - 1)]
        return cls(np.where(there, found, np.nan), rows.reshape(-1), origins - begins)

    def forecast(self, rung: str, season: int, horizon: int) -> np.ndarray:
        """Return the forecasts (W, H) of a rung; NaN where there are too few values."""
        made = {
            "drift": drift,
            "smoothing": partial(smoothed, season=season),
            "theta": partial(theta, season=season),
        }[rung]
        return made(self.values, horizon=horizon, series=self.rows, origins=self.origins)


def drift(values: np.ndarray, horizon: int, series: np.ndarray, origins: np.ndarray) -> np.ndarray:
    """Return forecasts (W, H) on the line through the first value and that at the origin.

    y[o] + h (y[o] − y[f]) / (o − f), f being the first position that has a value.
    """
    first = np.isfinite(values).argmax(1)[series]
    begun, last = values[series, first], values[series, origins]
    with np.errstate(all="ignore"):
        slope = (last - begun) / (origins - first)
    return last[:, None] + np.arange(1, horizon + 1)[None, :] * slope[:, None]
