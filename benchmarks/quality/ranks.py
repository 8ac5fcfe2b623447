"""Methods ranked over sets at each size: mean ranks, failures, CPU seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from benchmarks.quality.outcomes import Key, Outcome
from gradum.errors import SpecError


@dataclass(frozen=True)
class Ranking:
    """Methods in the order of their mean rank, on the sets and seeds on which all were tried.

    Attributes
    ----------
    rows : int
        Training rows at most.
    errors : array (methods × sets)
        Means over seeds; infinite if a fit failed.
    failures : list of int
        The number of failed fits of each method.
    seconds : list of float
        CPU seconds per 1,000 training rows, as the median over a method's fits; NaN if not known.
    outcomes : list of Outcome
        The ranked outcomes.
    tried : sequence of Outcome
        All fits of these methods at this size, including those on which others were not tried.
    """

    rows: int
    methods: list[str]
    sets: list[str]
    errors: np.ndarray
    failures: list[int]
    seconds: list[float]
    outcomes: list[Outcome]
    tried: Sequence[Outcome]

    @property
    def fits(self) -> int:
        """How many pairs of set and seed there are."""
        return len(self.outcomes) // len(self.methods)

    @property
    def ranks(self) -> np.ndarray:
        """The ranks of every method on every set, 1 the best; tied methods share their mean rank.

        So methods that failed share the last ranks.
        """
        return rankdata(self.errors, axis=0)

    @property
    def mean_ranks(self) -> np.ndarray:
        """The mean rank of every method."""
        return self.ranks.mean(axis=1)


def rank(outcomes: Mapping[Key, Outcome], methods: Sequence[str]) -> list[Ranking]:
    """Rank methods at each size of training rows, on the sets and seeds on which all were tried.

    The outcomes are of one kind of split. At each size, methods that were never tried are left out.

    Raises
    ------
    SpecError
        At some size, there is no set and seed on which all were tried; or there is no size.
    """
    by_size: dict[int, list[Outcome]] = {}
    for key, outcome in sorted(outcomes.items()):
        if key.method in methods:
            by_size.setdefault(key.rows, []).append(outcome)
    if not by_size:
        raise SpecError(
            f"There is no fit of {', '.join(methods)} in the results.",
            "Run them, or name others by --methods, --sets, --seeds, --rows or --split.",
        )
    return [_ranking(by_size[rows], methods) for rows in sorted(by_size)]


def _ranking(tried: Sequence[Outcome], methods: Sequence[str]) -> Ranking:
    by_method: dict[str, dict[tuple[str, int], Outcome]] = {}
    for outcome in tried:
        by_method.setdefault(outcome.method, {})[outcome.set, outcome.seed] = outcome
    methods = [method for method in methods if method in by_method]
    pairs = sorted(set.intersection(*(set(fits) for fits in by_method.values())))
    if not pairs:
        raise SpecError(
            f"There is no set and seed on which all of {', '.join(methods)} were tried with "
            f"{tried[0].rows:,} training rows.",
            "Run them, or name fewer by --methods.",
        )
    names = list(dict.fromkeys(name for name, _ in pairs))
    fits = [[by_method[method][pair] for pair in pairs] for method in methods]
    errors = np.array([[_mean_loss(fit, name) for name in names] for fit in fits])
    order = np.argsort(rankdata(errors, axis=0).mean(axis=1), kind="stable")
    return Ranking(
        tried[0].rows,
        [methods[place] for place in order],
        names,
        errors[order],
        [sum(not np.isfinite(fit.loss) for fit in fits[place]) for place in order],
        [_seconds(fits[place]) for place in order],
        [fit for place in order for fit in fits[place]],
        tried,
    )


def _mean_loss(fits: list[Outcome], name: str) -> float:
    return float(np.mean([fit.loss for fit in fits if fit.set == name]))


def _seconds(fits: list[Outcome]) -> float:
    known = [1000 * fit.cpu_s / fit.n for fit in fits if fit.cpu_s is not None and fit.n]
    return float(np.median(known)) if known else float("nan")
