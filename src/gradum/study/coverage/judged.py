"""The intervals and sets of judged rows: each row's from the scores of the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class JudgedIntervals:
    """What the intervals or sets of n judged rows are.

    Parameters
    ----------
    rows : ndarray of shape (n,)
        Positions of the rows among all of the run.
    covered : boolean ndarray of shape (n,)
        Whether the target is within.
    strata : ndarray of shape (n,)
        Which rows share a threshold.
    width : ndarray of shape (n,) or None
        Of intervals, in units of the target; perhaps infinite. None for classes.
    predicted : ndarray of shape (n,) or None
        Their middle, or the index of the likeliest class.
    size : ndarray of shape (n,) or None
        How many classes a set holds; None for numbers.
    """

    rows: np.ndarray
    covered: np.ndarray
    strata: np.ndarray
    predicted: np.ndarray
    width: np.ndarray | None = None
    size: np.ndarray | None = None
