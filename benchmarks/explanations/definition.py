"""Shapley values by definition, from the worths of all coalitions."""

from __future__ import annotations

from math import comb

import numpy as np


def shapley_values(worths: np.ndarray) -> np.ndarray:
    """Return φ (d, …) of a game by the worths v (2^d, …) of its coalitions.

    Bit i of a coalition's number says whether player i is in it.

        φ_i = Σ_{S ∌ i} |S|! (d − |S| − 1)! / d! (v(S ∪ {i}) − v(S))
    """
    d = len(worths).bit_length() - 1
    numbers = np.arange(2**d)
    size = np.bitwise_count(numbers)
    share = np.array([1.0 / (d * comb(d - 1, s)) for s in range(d)])
    values = []
    for i in range(d):
        without = numbers[numbers >> i & 1 == 0]
        gains = worths[without + 2**i] - worths[without]
        values.append(np.tensordot(share[size[without]], gains, axes=1))
    return np.array(values)
