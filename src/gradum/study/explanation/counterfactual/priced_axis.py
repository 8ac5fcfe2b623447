"""Axes along which moves have a price, and the places that a search tries on them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from gradum.fitting.fitted import Fitted
from gradum.study.explanation.counterfactual.unit import Unit, unit_of
from gradum.tables.kinds.axis import Axis, place_of

DIGITS = 4  # of a move: so many significant ones are as fine as anybody asks for


@dataclass(frozen=True)
class PricedAxis:
    """A column's axis, and what moves along it cost.

    Parameters
    ----------
    axis : Axis
    unit : Unit
        Of the moves.
    seen : ndarray
        Places of background rows, each once, rising.
    """

    axis: Axis
    unit: Unit
    seen: np.ndarray

    @classmethod
    def of(cls, axis: Axis, background: pl.Series) -> PricedAxis:
        """Measure a column on background rows."""
        seen = np.array([place_of(value) for value in background.drop_nulls()], np.float64)
        return cls(axis, unit_of(seen, axis.low, axis.high), np.unique(seen))

    def value(self, place: float) -> Any:
        """Return the number, or the date and time, of a place."""
        return self.axis.value(place)

    def cost(self, start: float, place: Any) -> Any:
        """Return what a move costs, of one place or of several."""
        return np.abs(place - start) / self.unit.size

    @property
    def step_cost(self) -> float:
        """Return what the least move costs; 0 where there is none."""
        decimals = self.axis.decimals
        return 0.0 if decimals is None else 10.0**-decimals / self.unit.size

    def grid(self, start: float, most: int) -> np.ndarray:
        """Return about so many places within the range that are possible values, rising.

        If the range has no more possible values, all of them are returned; otherwise those of
        background rows at even ranks, and the ends of the range.
        """
        low, high, decimals = self.axis.low, self.axis.high, self.axis.decimals
        count = math.inf if decimals is None else (high - low) * 10.0**decimals
        if count <= most:
            inner = self._between(low, high, start, decimals or 0, most)
        else:
            inner = self.seen[(self.seen > low) & (self.seen < high)]
            ranks = np.linspace(0, len(inner) - 1, min(most, len(inner)))
            inner = inner[np.round(ranks).astype(int)]
        places = np.concatenate([inner, [low, high]])
        if self.axis.dates:
            places = start + np.trunc(places - start)
            places = places[(places >= low) & (places <= high)]
        places = np.unique(places[~np.isin(places, self.axis.never)])
        return places[places != start]

    def within(self, start: float, reach: float, most: int) -> np.ndarray:
        """Return about so many places of the range that cost at most ``reach``, evenly apart.

        They are possible values, as many on either side of ``start``, and the ends of the range.
        """
        low, high, far = self.axis.low, self.axis.high, reach * self.unit.size
        ends = (max(low, start - far), min(high, start + far))
        sides = [self.between(start, end, start, most // 2) for end in ends if end != start]
        if not self.axis.dates:
            sides.append(np.array([end for end in (low, high) if end in ends]))
        places = np.unique(np.concatenate([np.zeros(0), *sides]))
        places = places[(places >= low) & (places <= high) & ~np.isin(places, self.axis.never)]
        return places[places != start]

    def between(self, near: float, far: float, start: float, most: int) -> np.ndarray:
        """Return up to so many possible values strictly between two, those near ``near`` first.

        Their moves from ``start`` have up to `DIGITS` significant digits.
        """
        decimals = DIGITS - 1 - math.floor(math.log10(abs(far - start)))
        if self.axis.decimals is not None:
            decimals = min(self.axis.decimals, decimals)
        low, high = min(near, far), max(near, far)
        places = self._between(low, high, start, 0 if self.axis.dates else decimals, most)
        places = places[~np.isin(places, self.axis.never)]
        return places if near < far else places[::-1]

    def _between(
        self, low: float, high: float, start: float, decimals: int, most: int
    ) -> np.ndarray:
        """Return multiples of 10^-decimals between two places, dates by whole days."""
        origin = start if self.axis.dates else 0.0
        scale = 10.0**decimals
        first = math.floor((low - origin) * scale)
        last = math.ceil((high - origin) * scale)
        inside = last - first - 1
        if inside < 1:
            return np.zeros(0)
        steps = first + 1 + np.unique(np.round(np.linspace(0, inside - 1, min(most, inside))))
        places = origin + (steps / scale if decimals > 0 else steps * 10.0**-decimals)
        return places[(places > low) & (places < high)]


def priced_axes(fitted: Fitted, background: pl.DataFrame) -> dict[str, PricedAxis]:
    """Return the axis of every column that has one, its moves priced by background rows."""
    axes = fitted.encoder.axes(fitted.schema.features)
    return {name: PricedAxis.of(axis, background[name]) for name, axis in axes.items()}
