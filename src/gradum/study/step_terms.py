"""The largest numbers of a worked step: terms of a sum, and entries of a matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradum.margins import EQUAL, falling

MOST_TERMS = 8
"""The number of terms of a sum that are written out; the others are combined into one number."""


@dataclass(frozen=True, eq=False)
class SumTerms:
    """Σ_i left_i · right_i with its largest terms written out."""

    places: tuple[int, ...]
    """The indices i of the terms written out, the largest product first."""
    left: np.ndarray
    right: np.ndarray
    """The factors of these terms."""
    left_out: int
    """How many terms are not written out."""
    rest: float
    """The sum of the terms left out."""
    total: float
    """The whole sum."""


def largest_terms(left: np.ndarray, right: np.ndarray, most: int = MOST_TERMS) -> SumTerms:
    """Choose the terms of Σ_i left_i · right_i that are largest in size, never a term that is 0."""
    products = left * right
    places = [place for (place,) in largest_entries(products, most) if products[place] != 0]
    total = float(left @ right)
    rest = float(np.delete(products, places).sum())
    return SumTerms(
        tuple(places), left[places], right[places], len(products) - len(places), rest, total
    )


def largest_entries(values: np.ndarray, most: int) -> list[tuple[int, ...]]:
    """Return the positions of the entries that are largest in size; ties go to the first."""
    sizes = np.abs(values).ravel()
    near = _candidates(sizes, most)
    order = near[falling(sizes[near])][:most]
    return [tuple(map(int, np.unravel_index(place, values.shape))) for place in order]


def _candidates(sizes: np.ndarray, most: int) -> np.ndarray:
    """Return rising positions that include the largest, as sorting a whole large matrix is slow."""
    if len(sizes) <= most:
        return np.arange(len(sizes))
    least = np.partition(sizes, -most)[-most]
    if least == 0:
        return np.union1d(np.flatnonzero(sizes), np.arange(most))
    return np.flatnonzero(sizes >= least * (1 - EQUAL))


def influence(numbers: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return |z_i| · ‖W_i‖ [in]: how far each number [in] moves the sums by weights [in, out]."""
    return np.abs(numbers) * np.linalg.norm(weight, axis=1)
