"""Rows binned by their predictions, and sums within the bins under resampling."""

from __future__ import annotations

import numpy as np

from gradum.margins import LAST_DIGITS, distinct
from gradum.study.evidence import Evidence
from gradum.study.resampling import places_to_redraw, redrawn

MOST_BINS = 10
FEWEST_ROWS = 20
FEWEST_GROUPS = 10


def equal_count_bins(values: np.ndarray) -> np.ndarray:
    """Divide n values into `MOST_BINS` ranges with about equally many rows.

    There are fewer ranges where a bin would have less than `FEWEST_ROWS`. Equal values stay
    together, in the bin of their middle one; a bin that then holds less than a quarter of an even
    share is joined to the next.

    Returns
    -------
    ndarray of shape (n,)
        Codes 0 .. k-1 by rising value; every code occurs.
    """
    rows = len(values)
    bins = int(np.clip(rows // FEWEST_ROWS, 1, MOST_BINS))
    order, tie = np.argsort(values, kind="stable"), np.empty(rows, np.intp)
    tie[order] = distinct(values[order], equal=LAST_DIGITS)
    size = np.bincount(tie)
    bin_of_tie = np.floor((np.cumsum(size) - size / 2) * bins / rows).astype(np.intp)
    joined = _join_small(np.bincount(bin_of_tie, size, minlength=bins), rows / bins / 4)
    return joined[bin_of_tie][tie]


def _join_small(sizes: np.ndarray, least: float) -> np.ndarray:
    """Join neighbouring bins until each holds ``least``; return the new bin of each."""
    numbers, number, held = [], 0, 0.0
    for size in sizes:
        if held >= least:
            number, held = number + 1, 0.0
        numbers.append(number)
        held += size
    last = number - 1 if held < least and number else number
    return np.minimum(numbers, last)


def groups_within(codes: np.ndarray, groups: np.ndarray | None) -> np.ndarray:
    """Count the groups with rows in each of k bins, (k,), or the rows if there are no groups.

    A test of fewer than `FEWEST_GROUPS` groups shows nothing: resamples of so few vary too little.
    """
    if groups is None:
        return np.bincount(codes)
    span = groups.max() + 1
    return np.bincount(np.unique(codes * span + groups) // span)


def bin_sums(codes: np.ndarray, weight: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Sum the weights of n rows within k bins, and the weights times each of v values.

    Parameters
    ----------
    codes, weight : ndarray of shape (n,)
        The bins, 0 .. k-1. Each occurs, and Σ w within each is above 0.
    values : ndarray of shape (v, n)

    Returns
    -------
    ndarray of shape (1 + v, k)
    """
    return np.array(
        [np.bincount(codes, weight * factor) for factor in (np.ones(len(codes)), *values)]
    )


def redrawn_sums(
    evidence: Evidence, codes: np.ndarray, values: np.ndarray, study: str
) -> np.ndarray:
    """Compute the `bin_sums` of resamples.

    Parameters
    ----------
    evidence : Evidence
        n rows.
    codes, values : ndarray of shape (n,), (v, n)
        As in `bin_sums`.
    study : str
        Names the stream of random numbers.

    Returns
    -------
    ndarray of shape (1 + B, 1 + v, k)
        The sums of the rows at `places_to_redraw`, then those of their B resamples.
    """
    places = places_to_redraw(evidence, study)
    places = places[np.argsort(codes[places], kind="stable")]
    # With rows in the order of their bins, each bin's sum is one run through memory.
    held, starts = np.unique(codes[places], return_index=True)
    factors = [np.ones(len(places)), *values[:, places]]
    blocks = []
    for weights in redrawn(evidence, places, study):
        sums = np.zeros((len(weights), len(factors), codes.max() + 1))
        for index, factor in enumerate(factors):
            sums[:, index, held] = np.add.reduceat(weights * factor, starts, axis=1)
        blocks.append(sums)
    return np.concatenate(blocks)
