"""Whole predictive distributions for numbers: conformal predictive systems.

A judge k is a model with the signed deviations t_i (`Located.deviations`) of rows that it has not
learned from, with the weights w_i and their sum W over all judges. For a new row it gives m_k, s⁻_k
and s⁺_k, from which a target y would deviate by t_k(y). With the new row's own weight w_∞,

    F(y) = (Σ_k Σ_{t_i ≤ t_k(y)} w_i + w_∞ / 2) / (W + w_∞).

If n judged rows are exchangeable with the new one and judged by one model, F(y) at the true target
is uniform up to 1 / (n + 1). Half the new row's weight lies beyond the smallest value and half
beyond the largest: for probabilities that small, quantiles are infinite. Means and scores leave
this weight out, and are those of the values that the judged rows give.

Sources: Vovk, Shen, Manokhin, Xie, Nonparametric predictive distributions based on conformal
prediction (Machine Learning 108, 2019); Gneiting, Raftery, Strictly proper scoring rules,
prediction, and estimation (JASA 102, 2007) for the CRPS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from gradum.errors import ShapeError, SpecError
from gradum.run.intervals.conformal.conformal_intervals import least_ends
from gradum.run.intervals.conformal.score_list import ScoreList, wanted_mass
from gradum.rungs.located import Located

NUMBERS_AT_ONCE = 2**22
"""The most values in a block, rows times judged rows: 32 MB."""


@dataclass(frozen=True, eq=False)
class PredictiveSystem:
    """The distributions of m rows that are based on the same judged rows."""

    scores: Sequence[ScoreList]
    """The signed deviations of each judge's rows."""
    located: Sequence[Located]
    """What each judge says of the m rows, all on one scale."""
    newcomer: float
    """w_∞, the weight of a new row."""

    @property
    def total(self) -> float:
        """W, the weight of all scores."""
        return sum(ranked.total for ranked in self.scores)

    def cumulative(self, values: np.ndarray) -> np.ndarray:
        """Return F (m,) at values (m,) on the judges' scale."""
        mass = np.zeros(len(values))
        for ranked, expected in self._judges():
            mass += ranked.up_to(expected.deviations(values))
        return (mass + self.newcomer / 2) / (self.total + self.newcomer)

    def quantile(self, level: float) -> np.ndarray:
        """Return the least values (m,) at which F reaches a level."""
        wanted = wanted_mass(level, self.total, self.newcomer) - self.newcomer / 2
        if not 0 < wanted <= self.total:
            rows = len(self.located[0].centre)
            return np.full(rows, -np.inf if wanted <= 0 else np.inf)
        return least_ends(list(self._judges()), wanted, self.total)

    def blocks(self) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Yield rows, their values in rising order (b, n), and the values' shares (b, n)."""
        judges = list(self._judges())
        values = sum(len(ranked) for ranked, _ in judges)
        share = np.concatenate([np.diff(ranked.mass) for ranked, _ in judges]) / self.total
        rows, step = len(self.located[0].centre), max(1, NUMBERS_AT_ONCE // max(values, 1))
        for at in range(0, rows, step):
            part = np.arange(at, min(at + step, rows))
            block = np.concatenate(
                [expected.take(part).at_each(ranked.score) for ranked, expected in judges], axis=1
            )
            shares = np.broadcast_to(share, block.shape)
            if len(judges) > 1:
                order = np.argsort(block, axis=1, kind="stable")
                block, shares = np.take_along_axis(block, order, axis=1), share[order]
            yield part, block, shares

    def _judges(self) -> Iterator[tuple[ScoreList, Located]]:
        pairs = zip(self.scores, self.located, strict=True)
        return ((ranked, expected) for ranked, expected in pairs if len(ranked))


@dataclass(frozen=True, eq=False)
class Distribution:
    """A distribution for the target of each of n rows."""

    systems: Sequence[tuple[np.ndarray, PredictiveSystem]]
    """Positions of rows, and the system of these rows."""
    rows: int
    """n."""
    forward: Callable[[np.ndarray], np.ndarray]
    inverse: Callable[[np.ndarray], np.ndarray]
    """From the target's units to the scale of the systems, and back: a logarithm or the
    identity."""

    def __len__(self) -> int:
        return self.rows

    def quantile(self, levels: ArrayLike) -> np.ndarray:
        """Return the smallest values up to which the target lies with given probabilities.

        Parameters
        ----------
        levels : float or array of shape (q,)
            Between 0 and 1.

        Returns
        -------
        ndarray of shape (n, q)
            In the target's units. Infinite for probabilities that the judged rows are too few to
            tell: those beyond half a row in n + 1.

        Raises
        ------
        SpecError
            A level is not between 0 and 1.
        """
        wanted = np.atleast_1d(np.asarray(levels, np.float64))
        for level in wanted.ravel().tolist():
            check_level(level)
        values = np.empty((self.rows, len(wanted)))
        for rows, system in self.systems:
            for column, level in enumerate(wanted.tolist()):
                values[rows, column] = system.quantile(level)
        return self.inverse(values)

    def interval(self, coverage: float = 0.9) -> np.ndarray:
        """Return the interval (n, 2) that leaves out equal probabilities below and above.

        `Model.predict_interval` differs: its intervals reach as far on both sides of the prediction
        as the errors of the judged rows did, with both sides taken together.

        Raises
        ------
        SpecError
            The coverage is not between 0 and 1.
        """
        check_level(coverage)
        return self.quantile([(1 - coverage) / 2, (1 + coverage) / 2])

    def cumulative(self, values: ArrayLike) -> np.ndarray:
        """Return the probability (n,) of a target up to a value, one for all rows or for each.

        Raises
        ------
        ShapeError
            There are neither one nor n values.
        """
        scaled = self._scaled(values)
        probability = np.empty(self.rows)
        for rows, system in self.systems:
            probability[rows] = system.cumulative(scaled[rows])
        return probability

    def beyond(self, threshold: ArrayLike) -> np.ndarray:
        """Return the probability (n,) of a target above a threshold, one for all or for each row.

        Raises
        ------
        ShapeError
            There are neither one nor n thresholds.
        """
        return 1 - self.cumulative(threshold)

    @property
    def mean(self) -> np.ndarray:
        """The mean of each row's distribution (n,)."""
        means = np.empty(self.rows)
        for rows, values, share in self._blocks():
            means[rows] = (share * values).sum(axis=1)
        return means

    def crps(self, target: ArrayLike) -> np.ndarray:
        """Return the continuous ranked probability score (n,) of known targets (n,).

        ∫ (F(z) − 1{y ≤ z})² dz = E|Z − y| − ½ E|Z − Z'|, in the target's units; lower is better.
        For a single value it is the absolute error.

        Raises
        ------
        ShapeError
            There are neither one nor n targets.
        """
        true, scores = self._by_row(target), np.empty(self.rows)
        for rows, values, share in self._blocks():
            away = values - true[rows, None]
            below = np.cumsum(share, axis=1)
            scores[rows] = (share * (np.abs(away) - (2 * below - share - 1) * away)).sum(axis=1)
        return scores

    def _blocks(self) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        for rows, system in self.systems:
            for part, values, share in system.blocks():
                yield rows[part], self.inverse(values), share

    def _by_row(self, values: ArrayLike) -> np.ndarray:
        given = np.asarray(values, np.float64)
        if given.shape not in ((), (1,), (self.rows,)):
            raise ShapeError(
                "{values:,} values are given for {rows:,} rows.",
                "Give one for all rows, or one a row.",
                values=given.size,
                rows=self.rows,
            )
        return np.broadcast_to(given, self.rows)

    def _scaled(self, values: ArrayLike) -> np.ndarray:
        with np.errstate(divide="ignore", invalid="ignore"):
            scaled = self.forward(self._by_row(values))
        # The logarithm of a value that is not above 0: no target of such a model is that small.
        return np.where(np.isnan(scaled), -np.inf, scaled)


def check_level(level: float) -> None:
    """Refuse a level that is not between 0 and 1.

    Raises
    ------
    SpecError
    """
    if not 0 < level < 1:
        raise SpecError(
            "A probability of {level:g} has no quantile.",
            "Give probabilities between 0 and 1, such as 0.1 and 0.9.",
            level=level,
        )
