"""The intervals and sets of judged rows: each row's from the scores of the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradum.fitting.conformal.guarantee import Name


@dataclass(frozen=True, eq=False)
class JudgedIntervals:
    """What the intervals or sets of n judged rows are.

    Parameters
    ----------
    guarantee : str
        The name of what is promised of new rows.
    rows : ndarray of shape (n,)
        Positions of the rows among all of the run, rising.
    covered : boolean ndarray of shape (n,)
        Whether the target is within.
    strata : ndarray of shape (n,)
        Which rows share a threshold.
    predicted : ndarray of shape (n,)
        The middle of each interval, or the place of the likeliest class.
    width : ndarray of shape (n,) or None
        Of intervals, in units of the target; perhaps infinite. None for classes.
    size : ndarray of shape (n,) or None
        How many classes each set holds; None for numbers.
    """

    guarantee: Name
    rows: np.ndarray
    covered: np.ndarray
    strata: np.ndarray
    predicted: np.ndarray
    width: np.ndarray | None = None
    size: np.ndarray | None = None
