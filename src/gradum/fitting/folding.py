"""Folds where groups or points in time may be too few for as many as one would like."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np

from gradum.errors import SpecError
from gradum.tables.split import folds


def folds_up_to(most: int, rows: int, **options: Any) -> list[np.ndarray]:
    """Divide n rows ``most`` ways, or fewer where groups or times are few.

    Returns
    -------
    list of ndarray of shape (n,)
        As `folds` with the same options; empty if not even two folds can be made.
    """
    for k in range(most, 1, -1):
        with suppress(SpecError):
            return folds(rows, k, **options)
    return []
