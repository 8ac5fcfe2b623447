"""Linear forms of a node's numbers.

Shapes: B boxes, r forms, n numbers of a node.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


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
