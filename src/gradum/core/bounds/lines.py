"""Lines that a function is put between.

Shapes: B boxes, n numbers.
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
