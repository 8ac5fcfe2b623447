"""The level of a coded column that all other levels are compared with: the commonest."""

from __future__ import annotations

import numpy as np

from gradum.margins import first_greatest
from gradum.messages import marked, say
from gradum.tables.kinds.design import CodedColumn

OTHER = marked("(other)")


def compared_levels(
    codes: np.ndarray, column: CodedColumn, weight: np.ndarray
) -> tuple[list[int], int]:
    """Return the occurring codes besides the reference, with no level last, and the reference.

    Parameters
    ----------
    codes : ndarray of shape (n,)
        From 0 to L, for a column of L levels.
    weight : ndarray of shape (n,)
        Above 0.
    """
    count = len(column.levels) + 1
    totals = np.bincount(codes, weight, minlength=count)
    reference = int(first_greatest(totals))
    return [code for code in (*range(1, count), 0) if totals[code] and code != reference], reference


def level_name(column: CodedColumn, code: int) -> str:
    """Return the name of a code's level, ``(other)`` for code 0."""
    return (say(OTHER), *column.levels)[code]
