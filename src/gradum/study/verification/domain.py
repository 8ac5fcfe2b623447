"""Where inputs may lie, and which outputs are unsafe there.

Shapes: N points, d inputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gradum.core.bounds.box import Box
from gradum.core.bounds.property import Case, Polyhedron
from gradum.errors import PropertyError
from gradum.messages import say


@dataclass(frozen=True, eq=False)
class Form:
    """What inputs can be at all, besides lying in a box.

    Parameters
    ----------
    whole : ndarray of bool [d]
        Which inputs are whole numbers.
    implied : tuple of (int, int, float)
        Places of an input that is 0 or 1 and of another one, and the value that the other has where
        the first is 1, whole or not.
    tried : ndarray [d]
        The only value of an input at which counterexamples are looked for; NaN where any may be. A
        proof is of all of them.
    """

    whole: np.ndarray
    implied: tuple[tuple[int, int, float], ...]
    tried: np.ndarray

    def given(self, x: np.ndarray) -> np.ndarray:
        """Return points [N, d] of this form that are near."""
        x = np.where(self.whole, np.rint(x), x)
        x = np.where(np.isnan(self.tried), x, self.tried)
        for flag, place, value in self.implied:
            x[:, place] = np.where(x[:, flag] == 1, value, x[:, place])
        return x

    def narrowed(self, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the least boxes [B, d] that hold all of this form in others; low > high if none.

        An input that may have a value that is implied is not rounded.
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

    Parameters
    ----------
    low, high : ndarray [d]
        low ≤ x ≤ high, all finite.
    unsafe : tuple of Polyhedron
        An output is unsafe if it belongs to one of them.
    groups : tuple of ndarray of int
        Places of inputs of which exactly one is 1 and the others are 0. Of a level that is allowed
        the box reaches to 1, of another it ends at 0.
    thresholds : tuple of (int, ndarray)
        Places of inputs, and where each had best be divided: where the first layer bends.
    precision : type
        Numbers that inputs are given in, ``numpy.float64`` or ``numpy.float32``: a counterexample
        is made of such numbers where the box has any.
    form : Form, optional
        What inputs can be besides; a proof is of inputs of this form.

    Raises
    ------
    PropertyError
        No input lies in it.
    """

    low: np.ndarray
    high: np.ndarray
    unsafe: tuple[Polyhedron, ...]
    groups: tuple[np.ndarray, ...] = ()
    thresholds: tuple[tuple[int, np.ndarray], ...] = ()
    precision: type[np.floating] = np.float64
    form: Form | None = None

    def __post_init__(self) -> None:
        levels = all((self.high[places] >= 1).any() for places in self.groups)
        if not levels or not np.all(self.low <= self.high):
            raise PropertyError(say("No input lies in the region."))

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
        if self.form is not None and not np.array_equal(self.form.given(x[None])[0], x):
            return False
        one_hot = all(
            np.isin(x[places], (0.0, 1.0)).all() and x[places].sum() == 1 for places in self.groups
        )
        case = Case(self.low, self.high, self.unsafe)
        return one_hot and bool(np.isfinite(y).all()) and case.is_violated(x, y)

    def given(self, x: np.ndarray) -> np.ndarray:
        """Return points [N, d] in numbers of the precision, within the box where it has any.

        They are of the domain's form.
        """
        with np.errstate(over="ignore"):  # what is too large for the precision is infinite
            near = x.astype(self.precision)
        up = np.nextafter(near, self.precision(np.inf))
        down = np.nextafter(near, self.precision(-np.inf))
        near = np.where(near < self.low, up, np.where(near > self.high, down, near))
        near = near.astype(np.float64)
        near = np.where((near >= self.low) & (near <= self.high), near, x)
        return near if self.form is None else self.form.given(near)

    def least(self, slopes: np.ndarray, box: Box) -> np.ndarray:
        """Return where on each box a linear form of such slopes is least, all [B, d]."""
        points = np.where(slopes > 0, box.low, box.high)
        return self.one_hot(points, self.least_levels(slopes, box))

    def least_levels(self, slopes: np.ndarray, box: Box) -> list[np.ndarray]:
        """Return the level [B] of each group, among those left, whose slope is least."""
        return [
            np.where(box.high[:, places] > 0, slopes[:, places], np.inf).argmin(axis=1)
            for places in self.groups
        ]

    def one_hot(self, x: np.ndarray, chosen: list[np.ndarray]) -> np.ndarray:
        """Put the inputs of each group of points [N, d] at one of its levels, an array [N] each."""
        x = x.copy()
        rows = np.arange(len(x))
        for places, level in zip(self.groups, chosen, strict=True):
            x[:, places] = 0.0
            x[rows, places[level]] = 1.0
        return x


def settled(domain: Domain, low: np.ndarray, high: np.ndarray) -> tuple[Box, np.ndarray]:
    """Bring boxes [B, d] in line with groups and form: what is left, and where nothing is.

    A level that the box does not reach to 1 is out; the only one that is left is in, and so is one
    that the box keeps above 0, which puts the others out.

    Returns
    -------
    Box [B, d]
    ndarray [B] of bool
        Where a group has no level left, or an input no value: no input of the domain lies in such a
        box.
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
