"""Linear forms of a node's numbers, and the lines that a function is put between.

Shapes: B boxes, r forms, n numbers of a node.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Lines(NamedTuple):
    """A line below and a line above a function, each with slopes and intercepts [B, n].

    They touch it at the places ``lower_touch`` and ``upper_touch``, but for rounding.
    """

    lower_slope: np.ndarray
    lower_intercept: np.ndarray
    lower_touch: np.ndarray
    upper_slope: np.ndarray
    upper_intercept: np.ndarray
    upper_touch: np.ndarray


class Slopes(NamedTuple):
    """Slopes [B, n] of a line below and a line above a function."""

    lower: np.ndarray
    upper: np.ndarray


class Pulled(NamedTuple):
    """Linear forms A z of a node, pulled back to its parents.

    A z ≥ Σ A_p z_p + constant − radius for all that the parents can be, exactly: ``radius`` covers
    rounding. Where the lines below and above are parallel, A z ≤ Σ A_p z_p + constant + radius too.
    """

    coefficients: list[np.ndarray]
    constant: np.ndarray
    radius: np.ndarray


def against(forms: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return A z [B, r] of linear forms A [B or 1, r, n] and numbers z [B or 1, n]."""
    return np.matmul(forms, z[..., None])[..., 0]


def chosen_first(wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the places [B, most] of the numbers that each row of [B, n] wants, in order.

    Rows that want fewer than ``most`` are filled up with other places; the second array [B, most]
    tells which places are wanted.
    """
    most = int(wanted.sum(axis=1).max(initial=0))
    places = np.argsort(~wanted, axis=1, kind="stable")[:, :most]
    return places, np.take_along_axis(wanted, places, axis=1)
