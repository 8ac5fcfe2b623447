"""A gradient held against central differences of what it is the gradient of."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from gradum.core import Params
from gradum.randomness import stream

MOST_ENTRIES = 2_000
"""Of a network with more parameters so many are drawn for the check."""

STEP = float(np.cbrt(np.finfo(np.float64).eps))
"""h of a central difference, for a parameter of size 1: its two errors are then about equal."""

TOLERANCE = 1e-6


@dataclass(frozen=True)
class Check:
    """The gradient against central differences, (L(θ + h) − L(θ − h)) / 2h, entry by entry.

    Parameters
    ----------
    entries, of : int
        Entries compared, and entries there are.
    largest : float
        The largest disagreement.
    where : (str, tuple of int)
        The parameter and the position where that is: ``("W1", (0, 2))``.
    by_hand, by_difference : float
        The two numbers there.
    tolerance : float
        The disagreement that rounding explains.
    kinks : int
        Entries with a kink within h, where slopes left and right differ and the gradient is
        between them; these are not counted as disagreements.
    blunt : int
        Entries where the quotient of the width 2h is as far from that of h as the gradient is,
        so that it decides nothing; these are not counted either.
    """

    entries: int
    of: int
    largest: float
    where: tuple[str, tuple[int, ...]]
    by_hand: float
    by_difference: float
    tolerance: float
    kinks: int = 0
    blunt: int = 0

    @property
    def compared(self) -> int:
        """Return how many entries the difference quotients decide on."""
        return self.entries - self.kinks - self.blunt

    @property
    def passed(self) -> bool:
        """Whether no entry disagrees by more than rounding explains."""
        return self.largest <= self.tolerance


def check_gradient(
    value: Callable[[Params], float], params: Params, gradient: Params, *, seed: int = 0
) -> Check:
    """Hold every entry of a gradient, or `MOST_ENTRIES` drawn ones, against central differences.

    Parameters
    ----------
    value : callable
        Parameters → the objective L.
    params, gradient : dict
        Where, and dL/dθ there, in float64.
    seed : int
        Decides which entries are drawn.
    """
    params = copy.deepcopy(params)  # moved in place below, and back
    arrays, slopes = _named(params), _named(gradient)
    entries = [(name, at) for name, array in arrays.items() for at in np.ndindex(array.shape)]
    count = len(entries)
    if count > MOST_ENTRIES:
        drawn = stream(seed, "study", "explain_step").choice(count, MOST_ENTRIES, replace=False)
        entries = [entries[place] for place in np.sort(drawn)]
    here, kinks, blunt = value(params), 0, 0
    steepest = max(float(np.abs(slope).max(initial=0.0)) for slope in slopes.values())
    tolerance = TOLERANCE * max(1.0, abs(here), steepest)
    worst = Check(len(entries), count, -1.0, entries[0], 0.0, 0.0, tolerance)
    for name, at in entries:
        slope = float(slopes[name][at])
        left, right = _one_sided(value, params, arrays[name], at, here, STEP)
        central = (left + right) / 2.0
        gap = abs(slope - central)
        # Left and right differ by h·L″ where L is smooth, and by more than that only at a kink.
        smooth = abs(right - left) <= 1e3 * STEP * max(1.0, steepest)
        if gap > tolerance and not smooth and min(left, right) <= slope <= max(left, right):
            kinks += 1
            continue
        if not gap <= tolerance:
            wider = sum(_one_sided(value, params, arrays[name], at, here, 2.0 * STEP)) / 2.0
            # The quotient's error grows with h², so that of h is a third of what lies between.
            if not np.isfinite(central) or abs(wider - central) >= gap:
                blunt += 1
                continue
        if not gap <= worst.largest:
            worst = replace(
                worst, largest=gap, where=(name, at), by_hand=slope, by_difference=central
            )
    return replace(worst, largest=max(worst.largest, 0.0), kinks=kinks, blunt=blunt)


def _one_sided(
    value: Callable[[Params], float],
    params: Params,
    array: np.ndarray,
    at: tuple[int, ...],
    here: float,
    step: float,
) -> tuple[float, float]:
    """Return the difference quotients to the left and to the right of one parameter."""
    kept = float(array[at])
    h = step * max(1.0, abs(kept))
    array[at] = kept + h
    above = value(params)
    array[at] = kept - h
    below = value(params)
    array[at] = kept
    return (here - below) / h, (above - here) / h


def _named(params: Params) -> dict[str, np.ndarray]:
    """Name every array as formulas do: W1, b1, W2 …, and E for the embedding table."""
    arrays = {}
    for level, layer in enumerate(params["layers"], start=1):
        arrays[f"W{level}"] = layer["weight"]
        if "bias" in layer:
            arrays[f"b{level}"] = layer["bias"]
    if "embedding" in params:
        arrays["E"] = params["embedding"]
    return arrays
