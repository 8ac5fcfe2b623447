"""Rows that each want some of the numbers of a node, gathered into one array.

Shapes: B rows, n numbers of a node.
"""

from __future__ import annotations

import numpy as np


def chosen_first(wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the places [B, most] of what each row of [B, n] wants, and which of them it does.

    A row that wants fewer than the most of any is filled up with places that it does not want.
    """
    most = int(wanted.sum(axis=1).max(initial=0))
    places = np.argsort(~wanted, axis=1, kind="stable")[:, :most]
    return places, np.take_along_axis(wanted, places, axis=1)
