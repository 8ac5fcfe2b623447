"""Methods ranked over sets: mean ranks, wins, errors over the best, seconds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from benchmarks.quality.outcomes import Key, Outcome
from gradum.errors import SpecError

LEAST_ERROR = 1e-6  # what a smaller error counts as where errors are divided


@dataclass(frozen=True)
class Ranking:
    """Methods in the order of their mean rank, on the sets and seeds that all were tried on.

    Attributes
    ----------
    errors : array (methods × sets)
        Means over seeds; infinite where a fit failed.
    failures : list of int
        Fits of each method that failed.
    seconds : list of float
        The median over a method's fits of seconds per 1,000 training rows; NaN if none is known.
    outcomes : list of Outcome
        What was ranked.
    """

    methods: list[str]
    sets: list[str]
    errors: np.ndarray
    failures: list[int]
    seconds: list[float]
    outcomes: list[Outcome]

    @property
    def fits(self) -> int:
        """How many pairs of set and seed there are."""
        return len(self.outcomes) // len(self.methods)

    @property
    def ranks(self) -> np.ndarray:
        """Of every method on every set, 1 the best; those that tie share the mean of their ranks.

        So methods that failed share the last ranks.
        """
        return rankdata(self.errors, axis=0)

    @property
    def mean_ranks(self) -> np.ndarray:
        """Of every method."""
        return self.ranks.mean(axis=1)

    @property
    def wins(self) -> list[int]:
        """Sets on which a method is better than all others."""
        return (self.ranks == 1).sum(axis=1).tolist()

    @property
    def ratios(self) -> list[float]:
        """The geometric mean of each method's error over the best, where it did not fail."""
        best = np.maximum(self.errors.min(axis=0), LEAST_ERROR)
        found = []
        for errors in self.errors:
            there = np.isfinite(errors)
            logs = np.log(np.maximum(errors[there], LEAST_ERROR) / best[there])
            found.append(float(np.exp(logs.mean())) if there.any() else float("nan"))
        return found


def rank(
    outcomes: Mapping[Key, Outcome],
    methods: list[str],
    sets: Collection[str] | None = None,
    seeds: Collection[int] | None = None,
) -> Ranking:
    """Rank methods, where all of them were tried: on some sets and seeds, or wherever that is.

    Raises
    ------
    SpecError
        There is no set and seed that all were tried on.
    """
    tried = [
        {(name, seed) for each, name, seed in outcomes if each == method} for method in methods
    ]
    pairs = sorted(
        (name, seed)
        for name, seed in set.intersection(*tried)
        if (sets is None or name in sets) and (seeds is None or seed in seeds)
    )
    if not pairs:
        raise SpecError(
            f"There is no set and seed on which all of {', '.join(methods)} were tried.",
            "Run them, or name fewer by --methods.",
        )
    names = list(dict.fromkeys(name for name, _ in pairs))
    fits = [[outcomes[method, *pair] for pair in pairs] for method in methods]
    errors = np.array([[_mean_loss(each, name) for name in names] for each in fits])
    order = np.argsort(rankdata(errors, axis=0).mean(axis=1), kind="stable")
    return Ranking(
        [methods[place] for place in order],
        names,
        errors[order],
        [sum(not np.isfinite(each.loss) for each in fits[place]) for place in order],
        [_seconds(fits[place]) for place in order],
        [each for place in order for each in fits[place]],
    )


def _mean_loss(fits: list[Outcome], name: str) -> float:
    return float(np.mean([each.loss for each in fits if each.set == name]))


def _seconds(fits: list[Outcome]) -> float:
    known = [1000 * each.fit_s / each.n for each in fits if each.fit_s is not None and each.n]
    return float(np.median(known)) if known else float("nan")
