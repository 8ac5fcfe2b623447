"""A few rows at once, each with the bits that it has alone.

A product of several rows takes its sums in another order than that of one row, so that last bits
would depend on who else is asked. Up to `FEW_ROWS` rows are therefore multiplied one by one, while
the weights stay in cache; all else is done for all of them at once.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gradum.core.models.input_blocks import Inputs, take

FEW_ROWS = 16


def are_few(rows: int) -> bool:
    """Whether each of so many rows has the bits that it has alone."""
    return 0 < rows <= FEW_ROWS


def one_by_one(forward: Callable[[Inputs], np.ndarray], inputs: Inputs) -> np.ndarray:
    """Return the logits [n, k] of a forward function; of a few rows, each as if it were alone."""
    rows = len(inputs["dense"])
    if rows == 1 or not are_few(rows):
        return forward(inputs)
    return np.concatenate([forward(take(inputs, slice(k, k + 1))) for k in range(rows)])


def product(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return x W for a few rows x [..., n, d] and W [..., d, h]."""
    return (x[..., None, :] @ weight[..., None, :, :])[..., 0, :]
