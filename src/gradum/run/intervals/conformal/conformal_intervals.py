"""Conformal intervals for numbers: split conformal with one judge, CV+ with several.

A judge k is a model with the scores r_i = |t_i| (`Located.deviations`) of rows that it has not
learned from. For a new row it gives m_k, s⁻_k and s⁺_k; so each of its scores has an upper end u_i
= m_k + r_i s⁺_k and a lower end l_i = m_k − r_i s⁻_k. With the weights w_i of the scores, their sum
W, and the weight w_∞ of the new row,

    upper = least u with Σ_{u_i ≤ u} w_i ≥ (1 − α)(W + w_∞),   ∞ if W is less than that,

and the lower end is its mirror image. With a single judge, this is split conformal prediction; with
the judges of a cross-validation, it is CV+. Without weights, the right-hand side is (1 − α)(n + 1).

Sources: Vovk, Gammerman, Shafer, Algorithmic Learning in a Random World (Springer, 2005); Barber,
Candès, Ramdas, Tibshirani, Predictive inference with the jackknife+ (Annals of Statistics 49,
2021). For weights: Tibshirani, Barber, Candès, Ramdas, Conformal prediction under covariate shift
(NeurIPS, 2019); for groups: Lee, Barber, Willett, Distribution-free inference with hierarchical
data (arXiv 2306.06342, 2023).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradum.run.intervals.conformal.score_list import ScoreList, wanted_mass
from gradum.rungs.located import Located

HALVINGS = 30
"""Bisections of the range between the judges' own ends; they leave a billionth of it."""


def conformal_intervals(
    scores: Sequence[ScoreList], located: Sequence[Located], coverage: float, newcomer: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return the lower and the upper ends (m,) of the intervals of m new rows.

    Parameters
    ----------
    scores : sequence of ScoreList
        The scores of each judge's rows.
    located : sequence of Located
        What each judge says of the new rows, all on one scale.
    coverage : float
        1 − α.
    newcomer : float
        The weight of a new row.
    """
    judges = [
        (ranked, expected)
        for ranked, expected in zip(scores, located, strict=True)
        if ranked.total > 0
    ]
    rows = len(located[0].centre)
    total = sum(ranked.total for ranked, _ in judges)
    wanted = wanted_mass(coverage, total, newcomer)
    if wanted > total:
        return np.full(rows, -np.inf), np.full(rows, np.inf)
    mirrored = [(ranked, expected.mirrored()) for ranked, expected in judges]
    return -least_ends(mirrored, wanted, total), least_ends(judges, wanted, total)


def least_ends(
    judges: Sequence[tuple[ScoreList, Located]], wanted: float, total: float
) -> np.ndarray:
    """Return the least values (m,) up to which ends of the wanted weight lie, out of W in all.

    Each judge's own end for this share is found in its sorted list. Up to the greatest of these
    ends, all judges together have the wanted weight; below the least, they lack it; in between, the
    value is found by bisection on the weight that lies below. The returned value always has enough
    weight.
    """
    ends = np.stack([expected.at(ranked.quantile(wanted / total)) for ranked, expected in judges])
    short, enough = ends.min(axis=0), ends.max(axis=0)
    if len(judges) == 1:
        return enough
    for _ in range(HALVINGS):
        middle = short + (enough - short) / 2
        mass = sum(ranked.up_to(expected.deviations(middle)) for ranked, expected in judges)
        suffices = mass >= wanted
        enough = np.where(suffices, middle, enough)
        short = np.where(suffices, short, middle)
    return enough
