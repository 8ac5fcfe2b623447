"""The distribution of one row's target, as a few numbers for a chart."""

from __future__ import annotations

import msgspec
import numpy as np

from gradum.run.intervals.conformal.distribution import Distribution

COVERAGE = 0.9
"""The coverage of the interval."""
LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
DRAWN = (0.01, 0.99)
"""The bins lie between these quantiles; the outermost also hold everything beyond."""
BINS = 30


class RowDistribution(msgspec.Struct, frozen=True):
    """A row's predictive distribution."""

    prediction: float
    """The model's prediction."""
    low: float
    high: float
    """The row's interval, as from `Model.predict_interval`; infinite with too few judged rows."""
    quantiles: tuple[tuple[float, float], ...]
    """A probability, and the value that the target stays below with that probability."""
    bins: tuple[tuple[float, float, float], ...]
    """Lower end, upper end, and the probability of a target in between."""


def row_distribution(
    distribution: Distribution, prediction: float, interval: np.ndarray
) -> RowDistribution | None:
    """Summarise the distribution of a single row, given its interval (2,).

    None if there are too few judged rows, or all lead to the same value.
    """
    levels = np.linspace(*DRAWN, 99)
    values = distribution.quantile(levels)[0]
    known = values[np.isfinite(values)]
    if not len(known) or not known[0] < known[-1]:
        return None
    edges = np.linspace(known[0], known[-1], BINS + 1)
    below = [float(distribution.cumulative(edge)[0]) for edge in edges[1:-1]]
    shares = np.diff([0.0, *below, 1.0])
    low, high = interval.tolist()
    quantiles = distribution.quantile(LEVELS)[0].tolist()
    return RowDistribution(
        prediction,
        low,
        high,
        tuple(zip(LEVELS, quantiles, strict=True)),
        tuple(zip(edges[:-1].tolist(), edges[1:].tolist(), shares.tolist(), strict=True)),
    )
