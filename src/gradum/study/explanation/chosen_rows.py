"""Judged rows that are explained: some drawn by chance, the worst, and a few typical ones."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradum.margins import falling
from gradum.study.evidence import Evidence

MOST_TYPICAL = 4
SHARES = (0.1, 0.5, 0.9)  # of the predicted numbers, below which typical ones lie


def drawn(evidence: Evidence, most: int) -> np.ndarray:
    """Return the places of up to ``most`` judged rows, the likelier the more they weigh, rising."""
    count = min(most, len(evidence))
    weight = evidence.weight / evidence.weight.sum()
    rng = evidence.rng("explained rows")
    return np.sort(rng.choice(len(evidence), count, replace=False, p=weight))


def typical(evidence: Evidence) -> dict[int, float | None]:
    """Return the places of typical rows.

    Of each class, the commonest first, the row of middle probability among those rightly predicted
    as it, `MOST_TYPICAL` in all. Of numbers, the rows whose predictions lie above the `SHARES` of
    all, each with its share.
    """
    if evidence.classes:
        return dict.fromkeys(_of_classes(evidence))
    rising = falling(-evidence.prediction.middle)
    return {int(rising[round(share * (len(rising) - 1))]): share for share in SHARES}


def _of_classes(evidence: Evidence) -> Iterator[int]:
    probability = evidence.prediction.probability
    assert probability is not None
    counts = np.bincount(evidence.target, minlength=len(evidence.classes))
    for code in np.argsort(-counts, kind="stable")[:MOST_TYPICAL]:
        right = np.flatnonzero((evidence.target == code) & (evidence.prediction.value == code))
        if len(right):
            order = falling(probability[right, code])
            yield int(right[order[len(order) // 2]])
