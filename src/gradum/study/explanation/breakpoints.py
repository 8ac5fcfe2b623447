"""One row's curve over a numeric column, known exactly from the points where it bends.

A column x enters as its scaled and clipped coordinate t. A network without waves and without a
smooth activation consists of straight pieces along t: ramps begin and end, and units switch where
their sums cross 0. So the breakpoints determine the whole curve. Between two of them, numbers are
straight in t (or their logarithms, if the model learned those), and probabilities of classes follow
from straight logits.

Shapes: p breakpoints, k answers, M members.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from gradum.core.models.input_blocks import numbers_in
from gradum.core.models.input_layer import InputLayer
from gradum.core.models.opened import FirstLayer
from gradum.margins import EQUAL
from gradum.study.explanation.scale import Answer
from gradum.study.first_layer import Opened

SECTIONS = 8  # of a piece, so that any curve within each is nearly a parabola


@dataclass(frozen=True, eq=False)
class ExactCurve:
    """The answers for one row at every value of a column."""

    coordinates: np.ndarray
    """Of shape (p,). t of the breakpoints and of the cuts between them, rising; the first and the
    last are the ends of the curve."""
    logits: np.ndarray
    """Of shape (M, p, k). Logits of the members at the breakpoints."""
    layers: FirstLayer
    """Combines the members' logits."""
    answer: Answer
    """From logits to answers."""
    input_layer: InputLayer
    """Scales the column."""
    column: int
    """The column's place in the dense block."""

    @cached_property
    def values(self) -> np.ndarray:
        """The column's values at the breakpoints (p,), in its own unit."""
        return self.input_layer.raw(self.column, self.coordinates)

    @cached_property
    def answers(self) -> np.ndarray:
        """The answers at the breakpoints (p, k)."""
        return self.answer(self.layers.together(self.logits))

    def at(self, values: np.ndarray) -> np.ndarray:
        """Return the answers (n, k) at values of the column within the curve's ends."""
        return self._at(self.input_layer.place(self.column, values))

    @cached_property
    def error(self) -> np.ndarray:
        """How far, at most, answers within a piece lie beyond those at both of its ends: (k,).

        This uses the parabola through both ends and the answer half-way. It is 0 for numbers, whose
        extremes are at breakpoints; for classes it is what remains after pieces are cut.
        """
        low, high = self.answers[:-1], self.answers[1:]
        halfway = self._at(_halves(self.coordinates))
        curvature, slope = 2 * (low - 2 * halfway + high), 4 * halfway - 3 * low - high
        with np.errstate(divide="ignore", invalid="ignore"):  # for straight pieces
            vertex = -slope / (2 * curvature)
        peak = low + vertex * slope / 2
        beyond = np.maximum(peak - np.maximum(low, high), np.minimum(low, high) - peak)
        return np.where((vertex > 0) & (vertex < 1), beyond, 0.0).max(axis=0, initial=0.0)

    def cut(self) -> ExactCurve:
        """Return the curve with each piece cut in `SECTIONS`, if answers curve between its ends."""
        straight = (self.answers[:-1] + self.answers[1:]) / 2
        off = np.abs(self._at(_halves(self.coordinates)) - straight)
        if (off <= EQUAL * np.abs(self.answers).max()).all():
            return self
        pieces = len(self.coordinates) - 1
        places = np.linspace(0, pieces, SECTIONS * pieces + 1)
        coordinates = np.interp(places, np.arange(pieces + 1), self.coordinates)
        return replace(self, coordinates=coordinates, logits=self._logits_at(coordinates))

    def _at(self, coordinates: np.ndarray) -> np.ndarray:
        return self.answer(self.layers.together(self._logits_at(coordinates)))

    def _logits_at(self, coordinates: np.ndarray) -> np.ndarray:
        """Return the members' logits (M, n, k), straight between those at breakpoints."""
        known = self.coordinates
        after = np.clip(np.searchsorted(known, coordinates, side="right"), 1, len(known) - 1)
        share = (coordinates - known[after - 1]) / (known[after] - known[after - 1])
        share = np.clip(share, 0.0, 1.0)[:, None]
        return (1 - share) * self.logits[:, after - 1] + share * self.logits[:, after]


def exact_curve(
    opened: Opened, answer: Answer, column: str, row: int, ends: tuple[int, int]
) -> ExactCurve | None:
    """Follow one row from one value of a column to another.

    Parameters
    ----------
    opened : Opened
        A rung opened on rows.
    ends : tuple of int
        Rows that hold the lower and the upper value, neither missing.

    Returns
    -------
    ExactCurve or None
        None if the rung has waves or a smooth activation, if it does not see the column or cannot
        tell its ends apart, or if the column is not numeric: a date has several coordinates.
    """
    place, input_layer = opened.place_of_number(column), opened.rung.input_layer
    if place is None or input_layer is None:
        return None
    dense, _ = numbers_in(opened.inputs)
    low, high = dense[list(ends), place].astype(np.float64)
    layers = opened.on_the_way(column, row, ends)
    pieces = layers.pieces() if low < high else None
    if pieces is None:
        return None
    shares, logits = pieces
    coordinates = low + shares * (high - low)
    return ExactCurve(coordinates, logits, layers, answer, input_layer, place).cut()


def _halves(places: np.ndarray) -> np.ndarray:
    return places[:-1] + np.diff(places) / 2
