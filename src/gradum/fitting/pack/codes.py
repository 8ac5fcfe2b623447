"""Where the codes of a numeric column lie: steps, ramps or waves, drawn for one member.

Shapes: n rows, T codes. A code is clip(slope (z - shift), 0, 1) or cos(2π slope (z - shift)).
"""

from __future__ import annotations

import numpy as np
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

LEAF_ROWS = 10  # the fewest on either side of a threshold
TREE_ROWS = 10_000  # more do not move a threshold of the first thirty

Codes = tuple[np.ndarray, np.ndarray]
"""``shift`` and ``slope`` [T]; slope 0 for codes that are not needed, which are constant then."""


def steps(
    column: np.ndarray,
    target: np.ndarray,
    weight: np.ndarray,
    *,
    most: int,
    classes: bool,
    seed: int,
) -> Codes:
    """Put steps at the thresholds by which a tree of this column alone tells the target apart.

    A step rises between the two neighbouring values that its threshold separates.
    """
    tree = (DecisionTreeClassifier if classes else DecisionTreeRegressor)(
        max_leaf_nodes=most + 1, min_samples_leaf=LEAF_ROWS, random_state=seed
    )
    tree.fit(column[:, None], target, sample_weight=weight)
    inner = tree.tree_.feature >= 0
    thresholds = np.unique(tree.tree_.threshold[inner])[:most]
    values = np.unique(column)
    above = np.clip(np.searchsorted(values, thresholds, side="right"), 1, len(values) - 1)
    return _between(values[above - 1], values[above], most)


def ramps(column: np.ndarray, *, most: int, rng: np.random.Generator) -> Codes:
    """Put ramps between quantiles that are jittered by half their distance."""
    values = np.unique(column)
    knots = values
    if len(values) > most + 1:
        places = np.arange(most + 1) + rng.uniform(-0.5, 0.5, most + 1)
        knots = np.unique(np.quantile(column, np.clip(places / most, 0, 1)))
    return _between(knots[:-1], knots[1:], most)


def waves(*, most: int, frequency: float, rng: np.random.Generator) -> Codes:
    """Draw waves: frequencies N(0, frequency²), phases uniform."""
    slope = rng.normal(0.0, frequency, most)
    slope = np.where(np.abs(slope) < 1e-6, 1e-6, slope)
    return -rng.uniform(-0.5, 0.5, most) / slope, slope


def _between(low: np.ndarray, high: np.ndarray, most: int) -> Codes:
    shift, slope = np.zeros(most), np.zeros(most)
    shift[: len(low)], slope[: len(low)] = low, 1.0 / (high - low)
    return shift, slope
