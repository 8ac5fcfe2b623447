"""Elo ratings by `bencheval`, TabArena's own engine, among the methods of a single ranking.

A rating is a Bradley–Terry strength on the scale of 400 log₁₀, fitted to the winners on each split,
with equal weight for every table. Only differences of ratings have meaning, and only among these
methods on these tables.
"""

from __future__ import annotations

import math

import pandas as pd

from benchmarks.quality.paired import Estimate
from benchmarks.quality.ranks import Ranking

BASE, SAMPLES = 1_000, 200  # the reference's rating, and bootstrap samples of tables
FEWEST_TABLES = 8  # with fewer, some method may always win or lose and then has no rating


def elo(ranking: Ranking, reference: str) -> dict[str, Estimate]:
    """Rate the methods of a ranking, with 95% intervals.

    Empty for a single method, for fewer than `FEWEST_TABLES`, or if bencheval is not installed.
    """
    if len(ranking.methods) < 2 or len(ranking.sets) < FEWEST_TABLES:
        return {}
    try:
        from bencheval.evaluator import BenchmarkEvaluator
    except ImportError:
        return {}
    fits = pd.DataFrame(
        [
            {"method": fit.method, "task": fit.set, "seed": fit.seed, "metric_error": fit.loss}
            for fit in ranking.outcomes
        ]
    )
    rated = BenchmarkEvaluator(seed_column="seed", columns_to_agg_extra=None).compute_elo(
        fits.replace(math.inf, 1e9),  # a method that failed loses, and ties with others that failed
        calibration_framework=reference,
        calibration_elo=BASE,
        BOOTSTRAP_ROUNDS=SAMPLES,
        round_decimals=None,
    )
    return {
        str(method): Estimate(row["elo"], row["elo"] - row["elo-"], row["elo"] + row["elo+"])
        for method, row in rated.iterrows()
    }
