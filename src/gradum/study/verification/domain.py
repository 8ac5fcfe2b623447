"""The domain of inputs, its unsafe outputs, and the outcome of a verification.

Shapes: N points, B boxes, d inputs, k outputs, p polyhedra, r constraints of all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from gradum.core.bounds.box import Box
from gradum.core.bounds.property import Case, Polyhedron
from gradum.errors import PropertyError

Verdict = Literal["proved", "refuted", "not decided"]
Stage = Literal["attack", "interval", "crown", "search"]

VERDICTS: tuple[Verdict, ...] = ("proved", "not decided", "refuted")
"""Verdicts from good to bad."""
STAGES: tuple[Stage, ...] = ("attack", "interval", "crown", "search")
"""Stages in the order in which they are tried."""


@dataclass(frozen=True, eq=False)
class InputForm:
    """The values that inputs can have within a box: whole numbers, and values implied by others."""

    whole: np.ndarray
    """Booleans of shape [d]. Which inputs are whole numbers."""
    implied: tuple[tuple[int, int, float], ...]
    """The position of an input that is 0 or 1, the position of another input, and the value of the
    other where the first is 1. That value need not be whole."""
    tried: np.ndarray
    """Of shape [d]. The only value of an input at which counterexamples are sought; NaN if all
    values are tried. A proof covers all values."""

    def snapped(self, x: np.ndarray) -> np.ndarray:
        """Return points [N, d] of this form near other points."""
        x = np.where(self.whole, np.rint(x), x)
        x = np.where(np.isnan(self.tried), x, self.tried)
        for flag, place, value in self.implied:
            x[:, place] = np.where(x[:, flag] == 1, value, x[:, place])
        return x

    def narrowed(self, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the smallest boxes [B, d] that hold all points of this form in other boxes.

        If there is no such point, low > high. An input whose value may be implied is not rounded.
        """
        whole = np.broadcast_to(self.whole, low.shape).copy()
        for flag, place, _ in self.implied:
            whole[:, place] &= high[:, flag] < 1
        low, high = np.where(whole, np.ceil(low), low), np.where(whole, np.floor(high), high)
        for flag, place, value in self.implied:
            certain = low[:, flag] == 1
            low[:, place] = np.where(certain, np.maximum(low[:, place], value), low[:, place])
            high[:, place] = np.where(certain, np.minimum(high[:, place], value), high[:, place])
        return low, high


@dataclass(frozen=True, eq=False)
class Domain:
    """A box of inputs, some of which may stand for the levels of a column.

    Raises
    ------
    PropertyError
        The domain is empty.
    """

    low: np.ndarray
    high: np.ndarray
    """Of shape [d]. low ≤ x ≤ high, all finite."""
    unsafe: tuple[Polyhedron, ...]
    """An output is unsafe if it belongs to one of these."""
    groups: tuple[np.ndarray, ...] = ()
    """Positions of inputs of which exactly one is 1 and the others are 0. The box of a level
    reaches to 1 if the level is allowed, and ends at 0 otherwise."""
    thresholds: tuple[tuple[int, np.ndarray], ...] = ()
    """Positions of inputs, and the values at which each is best divided: where the first layer
    bends."""
    precision: type[np.floating] = np.float64
    """The type of the network's inputs, ``numpy.float64`` or ``numpy.float32``: a counterexample
    consists of such numbers if the box contains any."""
    form: InputForm | None = None
    """Further restrictions on the inputs' values; a proof covers only inputs of this form."""

    def __post_init__(self) -> None:
        levels = all((self.high[places] >= 1).any() for places in self.groups)
        if not levels or not np.all(self.low <= self.high):
            raise PropertyError("No input lies in the region.")

    @classmethod
    def of_case(cls, case: Case, precision: type[np.floating] = np.float64) -> Domain:
        """Return the box of a case with its unsafe outputs."""
        return cls(case.low, case.high, case.unsafe, precision=precision)

    @property
    def box(self) -> Box:
        """The box, [1, d]."""
        return Box(self.low[None], self.high[None])

    @cached_property
    def grouped(self) -> np.ndarray:
        """Whether each input [d] belongs to a group."""
        grouped = np.zeros(len(self.low), bool)
        for places in self.groups:
            grouped[places] = True
        return grouped

    @property
    def whole(self) -> np.ndarray:
        """Which inputs [d] are whole numbers."""
        return np.zeros(len(self.low), bool) if self.form is None else self.form.whole

    def is_violated(self, x: np.ndarray, y: np.ndarray) -> bool:
        """Return whether x [d] lies in the domain and its output y [k] is finite and unsafe."""
        if self.form is not None and not np.array_equal(self.form.snapped(x[None])[0], x):
            return False
        one_hot = all(
            np.isin(x[places], (0.0, 1.0)).all() and x[places].sum() == 1 for places in self.groups
        )
        case = Case(self.low, self.high, self.unsafe)
        return one_hot and bool(np.isfinite(y).all()) and case.is_violated(x, y)

    def snapped(self, x: np.ndarray) -> np.ndarray:
        """Return points [N, d] of the precision and the form, within the box if it has any."""
        with np.errstate(over="ignore"):  # numbers too large for the precision become infinite
            near = x.astype(self.precision)
        up = np.nextafter(near, self.precision(np.inf))
        down = np.nextafter(near, self.precision(-np.inf))
        near = np.where(near < self.low, up, np.where(near > self.high, down, near))
        near = near.astype(np.float64)
        near = np.where((near >= self.low) & (near <= self.high), near, x)
        return near if self.form is None else self.form.snapped(near)

    def least(self, slopes: np.ndarray, box: Box) -> np.ndarray:
        """Return the point [B, d] of each box at which a linear form with these slopes is least."""
        points = np.where(slopes > 0, box.low, box.high)
        return self.one_hot(points, self.least_levels(slopes, box))

    def least_levels(self, slopes: np.ndarray, box: Box) -> list[np.ndarray]:
        """Return the level [B] of each group, among the remaining ones, whose slope is least."""
        return [
            np.where(box.high[:, places] > 0, slopes[:, places], np.inf).argmin(axis=1)
            for places in self.groups
        ]

    def one_hot(self, x: np.ndarray, chosen: list[np.ndarray]) -> np.ndarray:
        """Set each group of points [N, d] to its chosen level, given as an array [N] per group."""
        x = x.copy()
        rows = np.arange(len(x))
        for places, level in zip(self.groups, chosen, strict=True):
            x[:, places] = 0.0
            x[rows, places[level]] = 1.0
        return x


def settled(domain: Domain, low: np.ndarray, high: np.ndarray) -> tuple[Box, np.ndarray]:
    """Narrow boxes [B, d] to what groups and form allow, and return which boxes become empty.

    A level whose box does not reach 1 is ruled out. The only remaining level is certain; so is a
    level that the box keeps above 0, and it rules out the others.

    Returns
    -------
    Box [B, d]
    ndarray [B] of bool
        Where a group has no level left, or an input no value, so that the box has no point of the
        domain.
    """
    low, high = low.copy(), high.copy()
    empty = np.zeros(len(low), bool)
    for places in domain.groups:
        left, certain = high[:, places] >= 1, low[:, places] > 0
        left &= certain | ~certain.any(axis=1, keepdims=True)
        count = left.sum(axis=1)
        empty |= (count == 0) | (certain.sum(axis=1) > 1)
        high[:, places] = left
        low[:, places] = left & (count == 1)[:, None]
    if domain.form is not None:
        low, high = domain.form.narrowed(low, high)
        empty |= (low > high).any(axis=1)
    return Box(low, high), empty


@dataclass(frozen=True, eq=False)
class Constraints:
    """Outputs with C y ≤ c, polyhedron by polyhedron."""

    coefficients: np.ndarray
    """Of shape [r, k]. C."""
    limits: np.ndarray
    """Of shape [r]. c."""
    starts: np.ndarray
    """Of shape [p]. The first row of each polyhedron."""

    @classmethod
    def of(cls, unsafe: Sequence[Polyhedron], outputs: int) -> Constraints:
        """Stack the rows of polyhedra; one without rows gets 0 y ≤ 0, which always holds."""
        nothing = Polyhedron(np.zeros((1, outputs)), np.zeros(1))
        filled = [polyhedron if len(polyhedron.limits) else nothing for polyhedron in unsafe]
        counts = [len(polyhedron.limits) for polyhedron in filled]
        return cls(
            np.concatenate([polyhedron.coefficients for polyhedron in filled]),
            np.concatenate([polyhedron.limits for polyhedron in filled]),
            np.cumsum([0, *counts[:-1]]),
        )

    @property
    def owners(self) -> np.ndarray:
        """The polyhedron that each row belongs to, [r]."""
        counts = np.diff([*self.starts, len(self.limits)])
        return np.repeat(np.arange(len(self.starts)), counts)

    def margins(self, y: np.ndarray) -> np.ndarray:
        """Return max (C y − c) [N, p] for each polyhedron: 0 or less if y belongs to it."""
        return np.maximum.reduceat(self.excess(y), self.starts, axis=1)

    def excess(self, y: np.ndarray) -> np.ndarray:
        """Return C y − c [N, r]."""
        return y @ self.coefficients.T - self.limits

    def lacks(self, lower: np.ndarray) -> np.ndarray:
        """Return how much [B, p] the lower bounds [B, r] of C y lack to exclude each polyhedron.

        If the lack is negative, a row's bound is above its limit, and the polyhedron is excluded.
        """
        return np.minimum.reduceat(self.limits - lower, self.starts, axis=1)

    def nearest_row(self, lower: np.ndarray, polyhedron: np.ndarray) -> np.ndarray:
        """Return which row [B] of a polyhedron [B] lacks least."""
        lacks = np.where(self.owners == polyhedron[:, None], self.limits - lower, np.inf)
        return lacks.argmin(axis=1)


def gravest(verdicts: Iterable[Verdict]) -> Verdict:
    """Return "refuted" if any verdict is, else "not decided" if any is, else "proved"."""
    return max((VERDICTS[0], *verdicts), key=VERDICTS.index)


def latest(stages: Iterable[Stage]) -> Stage:
    """Return the last of one or more stages, in the order in which they are tried."""
    return max(stages, key=STAGES.index)


@dataclass(frozen=True, eq=False)
class VerificationOutcome:
    """The verdict on a property of a network."""

    verdict: Verdict
    """One of "proved", "refuted" or "not decided"."""
    stage: Stage
    """What decided, or was tried last: "attack", "interval" (arithmetic), "crown" (linear bounds of
    the whole box, or an attack from the corners that these lead to) or "search" (branch and
    bound)."""
    certified: float
    """The share of the domain's volume that certainly has no unsafe output. Fixed inputs do not
    count; levels of a group count equally. A box that was divided by a unit counts as entirely open
    while one of its parts is open."""
    boxes: int
    """How many boxes were bounded."""
    seconds: float
    """Wall time."""
    x: np.ndarray | None = None
    y: np.ndarray | None = None
    """The counterexample and its output, if refuted."""
