"""Resamples for the studies that look at every row: few enough, of few enough rows, to be quick."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from gradum.scores.interval import Basis, Interval, Sampled, Shares, interval, of_shares
from gradum.study.evidence import Evidence

ROWS_FOR_INTERVALS = 40_000
RESAMPLES = 250


def places_to_redraw(evidence: Evidence, study: str) -> np.ndarray:
    """Choose all of the rows, or `ROWS_FOR_INTERVALS` at random: beyond, they only cost time.

    The intervals are then those of the sample, wider than all rows would make them.
    """
    rows = len(evidence)
    if rows <= ROWS_FOR_INTERVALS:
        return np.arange(rows)
    chosen = evidence.rng(f"{study} rows").choice(rows, ROWS_FOR_INTERVALS, replace=False)
    return np.sort(chosen)


def redrawn(evidence: Evidence, places: np.ndarray, study: str) -> Iterator[np.ndarray]:
    """Weigh the rows at m places as they are, then as each resample of the judge draws them.

    Parameters
    ----------
    evidence : Evidence
    places : ndarray of shape (m,)
        In the order that the weights are wanted in.
    study : str
        Names the stream of random numbers.

    Yields
    ------
    ndarray of shape (b, m)
        Weights; of the first array, the first line is the rows' own.
    """
    weight = evidence.weight[places]
    yield weight[None, :]
    resamples = evidence.resamples(study, places)
    for counts in replace(resamples, count=min(resamples.count, RESAMPLES)):
        counts *= weight
        yield counts


def around(value: float, drawn: np.ndarray) -> Interval:
    """Give a value of all rows the spread of its resampled values.

    Parameters
    ----------
    value : float
        Of all rows.
    drawn : ndarray of shape (1 + B,)
        The value of the sampled rows, then of their resamples; they are moved so that the first
        is ``value``.
    """
    return interval(value, drawn[1:] + (value - drawn[0]))


def share_around(value: float, drawn: np.ndarray, basis: Basis, rows: float) -> Interval:
    """Give a share of all rows its interval, as the judge does.

    Parameters
    ----------
    value, drawn : float, ndarray of shape (1 + B,)
        As of `around`.
    basis : Basis
        The rows that the share speaks of.
    rows : float
        How many of them it rests on.
    """
    draws = drawn[1:] + (value - drawn[0])
    shares = Shares(np.array([value]), draws[:, None], np.array([rows]))
    return of_shares(Sampled(value, draws, basis, shares=shares))
