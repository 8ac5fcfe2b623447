"""Rows that each want some of the numbers of a node, gathered into one array.

Shapes: B rows, n numbers of a node.
"""

from __future__ import annotations

import numpy as np


def chosen_first(wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the places [B, most] of the numbers that each row of [B, n] wants, in order.

    Rows that want fewer than ``most`` are filled up with other places; the second array [B, most]
    tells which places are wanted.
    """
    most = int(wanted.sum(axis=1).max(initial=0))
    places = np.argsort(~wanted, axis=1, kind="stable")[:, :most]
    return places, np.take_along_axis(wanted, places, axis=1)
