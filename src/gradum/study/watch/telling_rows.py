"""The new rows whose labels would tell most of the score, and how many labels would do."""

from __future__ import annotations

import numpy as np

from gradum.margins import falling

MOST_ROWS = 20


def telling_rows(order: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Choose up to 20 of n rows, those first of which the score hangs most.

    Parameters
    ----------
    order : ndarray of shape (n,)
        By which rows are alike: what was said of them.
    spread : ndarray of shape (n,)
        The standard deviation of a row's loss times its weight. To label rows in proportion to it
        estimates a mean loss best (J. Neyman, JRSS 97, 1934).

    Returns
    -------
    ndarray of shape (k,)
        Places. The rows in that order are cut into 20 stretches of equal spread; of each, the row
        of the greatest is taken, so that the rows are not all alike.
    """
    if not spread.sum() > 0:
        return np.zeros(0, np.intp)
    ordered = np.argsort(order, kind="stable")
    passed = np.cumsum(spread[ordered])
    stretch = np.minimum((passed - spread[ordered] / 2) / passed[-1] * MOST_ROWS, MOST_ROWS - 1)
    best: dict[int, int] = {}
    for place, number in zip(ordered.tolist(), stretch.astype(int).tolist(), strict=True):
        if number not in best or spread[place] > spread[best[number]]:
            best[number] = place
    chosen = np.array([place for place in best.values() if spread[place] > 0], np.intp)
    return chosen[falling(spread[chosen])]


def labels_to_halve(standard_error: float, of_one_row: float, rows: int) -> int:
    """Return how many labels of rows drawn by chance give half of a standard error.

    The error of a score of k of n rows, as an estimate of that of all, is τ √(1/k − 1/n), where
    τ is that of one row: k = 1 / (SE² / 4τ² + 1/n). All n where that is not fewer.
    """
    if not (standard_error > 0 and of_one_row > 0):
        return rows
    return int(min(np.ceil(1 / ((standard_error / of_one_row) ** 2 / 4 + 1 / rows)), rows))
