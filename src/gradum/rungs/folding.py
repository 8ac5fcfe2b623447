"""Folds where groups or points in time may be too few for as many folds as asked for."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np

from gradum.errors import SpecError
from gradum.rungs.rows import Rows
from gradum.tables.split import Part, folds

Walk = tuple[np.ndarray, np.ndarray]
"""Positions of the rows to learn from, and of the rows held out."""


def folds_up_to(most: int, rows: int, **options: Any) -> list[np.ndarray]:
    """Divide n rows into ``most`` folds, or fewer where groups or times are few.

    Returns
    -------
    list of ndarray of shape (n,)
        What `folds` returns with the same options; empty if not even two folds can be made.
    """
    for k in range(most, 1, -1):
        with suppress(SpecError):
            return folds(rows, k, **options)
    return []


def walks_up_to(
    most: int, rows: Rows, validation: np.ndarray, rng: np.random.Generator
) -> list[Walk]:
    """Hold out each of up to ``most`` folds of the rows in turn, as the whole run splits them.

    Rows that know when their outcome is known are held out by stretches of time. Where not even two
    folds can be made, the rows marked by ``validation`` (n,) are held out.
    """
    walks = [] if rows.until is None else stretches(most, rows.time, rows.until)
    if walks:
        return walks
    labels = None if rows.classes is None else rows.target
    walks = walks_of(most, len(rows), labels=labels, groups=rows.groups, time=rows.time, rng=rng)
    return walks or [held_out(validation)]


def stretches(most: int, time: np.ndarray | None, until: np.ndarray) -> list[Walk]:
    """Hold out each of ``most`` stretches of time in turn, and learn from what is apart from it.

    A row is apart if its outcome was known before the stretch began, or if it began after every
    outcome of the stretch was known: hv-block cross-validation (Racine, Journal of Econometrics 99,
    2000). Unlike folds whose past alone is learned from, all learn from nearly all rows.

    Parameters
    ----------
    time, until : ndarray of shape (n,)
        When rows begin and when their outcomes are known, in one form.

    Returns
    -------
    list
        Empty if there are fewer times than stretches, or outcomes last so long that a stretch would
        leave less than half of the rows.
    """
    assert time is not None  # outcomes are known later than a time
    moments, moment = np.unique(time, return_inverse=True)
    if len(moments) < most:
        return []
    walks = []
    for stretch in np.array_split(np.arange(len(moments)), most):
        held = (moment >= stretch[0]) & (moment <= stretch[-1])
        apart = (until < time[held].min()) | (time > until[held].max())
        walks.append((np.flatnonzero(apart), np.flatnonzero(held)))
    return walks if min(len(learned) for learned, _ in walks) >= len(time) / 2 else []


def walks_of(most: int, rows: int, **options: Any) -> list[Walk]:
    """Hold out each of up to ``most`` folds of n rows in turn, and learn from all other rows.

    The options are those of `folds`, which divides the rows. The list is empty if not even two
    folds can be made.
    """
    parts = folds_up_to(most, rows, validation=0.0, **options)
    return [
        (np.flatnonzero(part == Part.TRAIN), np.flatnonzero(part == Part.TEST)) for part in parts
    ]


def held_out(validation: np.ndarray) -> Walk:
    """Learn from the rows that ``validation`` (n,) does not mark."""
    return np.flatnonzero(~validation), np.flatnonzero(validation)
