"""Conformal sets of classes: split conformal with one judge, CV+ with several.

The score of a judged row is r_i = 1 − p(y_i), where p(y_i) is the probability of its class y_i by
the judge that has not learned from the row. A class y is in the set of a new row if

    Σ_{r_i < 1 − p_k(i)(y)} w_i < (1 − α)(W + w_∞),

where k(i) is the judge of row i: if not too many judged rows conform better than y would. With a
single judge, this is the least ambiguous set, {y : p(y) ≥ 1 − q}.

Sources: Sadinle, Lei, Wasserman, Least ambiguous set-valued classifiers with bounded error levels,
JASA 114 (2019); Romano, Sesia, Candès, Classification with valid and adaptive coverage (NeurIPS,
2020), for CV+ of classes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradum.run.intervals.conformal.score_list import ScoreList, wanted_mass


def conforming_classes(
    scores: Sequence[ScoreList],
    probability: Sequence[np.ndarray],
    coverage: float,
    newcomer: float = 1.0,
) -> np.ndarray:
    """Return which classes (m, K) are in each row's set, which may be empty.

    Parameters
    ----------
    scores : sequence of ScoreList
        The scores of each judge's rows.
    probability : sequence of ndarray of shape (m, K)
        The probabilities that each judge gives the classes of m new rows.
    coverage : float
        1 − α.
    newcomer : float
        The weight of a new row.
    """
    wanted = wanted_mass(coverage, sum(ranked.total for ranked in scores), newcomer)
    better = sum(
        ranked.below(1 - shares) for ranked, shares in zip(scores, probability, strict=True)
    )
    return np.asarray(better < wanted)


def with_predicted(chosen: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Return sets (m, K) that also hold each row's predicted class (m,), so that none is empty."""
    whole = chosen.copy()
    whole[np.arange(len(whole)), predicted] = True
    return whole
