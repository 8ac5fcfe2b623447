"""A gradient compared with central differences of its objective."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from gradum.core import Params
from gradum.randomness import stream

MOST_ENTRIES = 2_000
"""For a network with more parameters, this many are drawn for the check."""

STEP = float(np.cbrt(np.finfo(np.float64).eps))
"""The h of a central difference, for a parameter of size 1; its two errors are then about equal."""

TOLERANCE = 1e-6


@dataclass(frozen=True)
class GradientCheck:
    """The gradient compared, by entry, with central differences (L(θ + h) − L(θ − h)) / 2h."""

    entries: int
    of: int
    """The number of compared entries, and of all entries."""
    largest: float
    """The largest disagreement."""
    where: tuple[str, tuple[int, ...]]
    """The parameter and the position of the largest disagreement: ``("W1", (0, 2))``."""
    by_hand: float
    by_difference: float
    """The two numbers there."""
    tolerance: float
    """The disagreement that rounding explains."""
    kinks: int = 0
    """Entries with a kink within h, where slopes left and right differ and the gradient is between
    them; they do not count as disagreements."""
    blunt: int = 0
    """Entries where the quotient of width 2h is as far from that of width h as the gradient is, so
    that it decides nothing; they do not count either."""

    @property
    def compared(self) -> int:
        """Return how many entries the difference quotients decide."""
        return self.entries - self.kinks - self.blunt

    @property
    def passed(self) -> bool:
        """Whether no entry disagrees by more than rounding explains."""
        return self.largest <= self.tolerance


@dataclass(frozen=True)
class Compared:
    """One entry of a gradient next to its central difference."""

    by_hand: float
    by_difference: float
    """The slope that the chain rule gives, and (L(θ + h) − L(θ − h)) / 2h."""
    verdict: Literal["agree", "disagree", "kink", "blunt"]
    """``agree`` or ``disagree``; ``kink`` where slopes left and right differ and the gradient is
    between them; ``blunt`` where the quotient itself is too uncertain to decide."""

    @property
    def gap(self) -> float:
        """Return the difference of the two slopes."""
        return abs(self.by_hand - self.by_difference)


class Differences:
    """Central differences of an objective, entry by entry, next to its gradient by hand.

    Parameters
    ----------
    value : callable
        Parameters → the objective L.
    params, gradient : dict
        The point θ, and dL/dθ there, in float64.
    """

    def __init__(self, value: Callable[[Params], float], params: Params, gradient: Params) -> None:
        self._value, self._params = value, copy.deepcopy(params)  # moved in place, then restored
        self._arrays, self._slopes = _named(self._params), _named(gradient)
        self._here = value(params)
        slopes = self._slopes.values()
        self._steepest = max(float(np.abs(slope).max(initial=0.0)) for slope in slopes)
        self.tolerance = TOLERANCE * max(1.0, abs(self._here), self._steepest)

    @property
    def entries(self) -> list[tuple[str, tuple[int, ...]]]:
        """Name every entry: the parameter and the position in it, ``("W1", (0, 2))``."""
        return [
            (name, at) for name, array in self._arrays.items() for at in np.ndindex(array.shape)
        ]

    def compare(self, name: str, at: tuple[int, ...]) -> Compared:
        """Compare one entry of the gradient with its central difference."""
        slope = float(self._slopes[name][at])
        left, right = self._one_sided(self._arrays[name], at, STEP)
        central = (left + right) / 2.0
        gap = abs(slope - central)
        # Left and right differ by h·L″ where L is smooth, and by more than that only at a kink.
        smooth = abs(right - left) <= 1e3 * STEP * max(1.0, self._steepest)
        if gap <= self.tolerance:
            return Compared(slope, central, "agree")
        if not smooth and min(left, right) <= slope <= max(left, right):
            return Compared(slope, central, "kink")
        wider = sum(self._one_sided(self._arrays[name], at, 2.0 * STEP)) / 2.0
        # The quotient's error grows with h², so at h it is a third of the gap between the two.
        if not np.isfinite(central) or abs(wider - central) >= gap:
            return Compared(slope, central, "blunt")
        return Compared(slope, central, "disagree")

    def _one_sided(
        self, array: np.ndarray, at: tuple[int, ...], step: float
    ) -> tuple[float, float]:
        """Return the difference quotients to the left and to the right of one parameter."""
        kept = float(array[at])
        h = step * max(1.0, abs(kept))
        array[at] = kept + h
        above = self._value(self._params)
        array[at] = kept - h
        below = self._value(self._params)
        array[at] = kept
        return (self._here - below) / h, (above - self._here) / h


def check_gradient(differences: Differences, *, seed: int = 0) -> GradientCheck:
    """Compare every entry of a gradient, or `MOST_ENTRIES` drawn ones, with central differences.

    Parameters
    ----------
    differences : Differences
        The gradient and its objective.
    seed : int
        Decides which entries are drawn.
    """
    entries = differences.entries
    count = len(entries)
    if count > MOST_ENTRIES:
        drawn = stream(seed, "study", "explain_step").choice(count, MOST_ENTRIES, replace=False)
        entries = [entries[place] for place in np.sort(drawn)]
    undecided = {"kink": 0, "blunt": 0}
    worst = GradientCheck(len(entries), count, -1.0, entries[0], 0.0, 0.0, differences.tolerance)
    for name, at in entries:
        compared = differences.compare(name, at)
        if compared.verdict in undecided:
            undecided[compared.verdict] += 1
        elif not compared.gap <= worst.largest:
            worst = replace(
                worst,
                largest=compared.gap,
                where=(name, at),
                by_hand=compared.by_hand,
                by_difference=compared.by_difference,
            )
    largest = max(worst.largest, 0.0)
    return replace(worst, largest=largest, kinks=undecided["kink"], blunt=undecided["blunt"])


def _named(params: Params) -> dict[str, np.ndarray]:
    """Name every array as in formulas: W1, b1, W2 …, and E for the embedding table."""
    arrays = {}
    for level, layer in enumerate(params["layers"], start=1):
        arrays[f"W{level}"] = layer["weight"]
        if "bias" in layer:
            arrays[f"b{level}"] = layer["bias"]
    if "embedding" in params:
        arrays["E"] = params["embedding"]
    return arrays
