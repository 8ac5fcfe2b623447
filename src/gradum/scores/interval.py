"""95% intervals of scores, designed for few rows, rare classes and long tails.

Resamples show how much a score varies; how that becomes an interval depends on the score. Each
interval uses Student's quantile for the number of independent rows, groups or stretches of time
that it rests on. `python -m benchmarks coverage` measures how often they hold; docs/accuracy.md has
the result.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, replace
from typing import Any

import numpy as np
from scipy.special import ndtr, stdtrit

LEVEL = 0.95
NORMAL_95 = 1.959963984540054  # half a 95% interval in standard errors, for many rows
UNKNOWN = ("value", "low", "high", "standard_error")
FEWEST_ROWS = 10
MOST_TIMES = 2.0  # as a multiple of Student's quantile
NO_SPREAD = 1e-9  # of its size; a share's smaller standard error is rounding


@dataclass(frozen=True)
class Interval:
    """A value, the interval around it and its standard error.

    The bounds are NaN if too little is known for an interval. All three are NaN if the value is
    undefined, such as the precision of a class that is never predicted.
    """

    value: float
    low: float
    high: float
    standard_error: float

    @property
    def known(self) -> bool:
        """Whether there is an interval."""
        return not (np.isnan(self.low) or np.isnan(self.high))

    def __eq__(self, other: object) -> bool:
        """Whether all is equal; unknown numbers are equal to each other."""
        return isinstance(other, Interval) and self._comparable() == other._comparable()

    def __hash__(self) -> int:
        return hash(self._comparable())

    def _comparable(self) -> tuple[float | None, ...]:
        # NaN is not equal to itself.
        return tuple(None if np.isnan(number) else number for number in astuple(self))


def with_unknown_bounds(content: Any) -> Any:
    """Turn unknown bounds of each `Interval` back into NaN, in content decoded from JSON.

    JSON has no NaN and writes null, which becomes None. ``content`` is changed in place.
    """
    pending = [content]
    while pending:
        value = pending.pop()
        if isinstance(value, list):
            pending.extend(value)
        elif isinstance(value, dict):
            pending.extend(value.values())
            if "standard_error" in value:
                value.update({name: np.nan for name in UNKNOWN if value.get(name, 0) is None})
    return content


@dataclass(frozen=True)
class Basis:
    """What an interval rests on: the rows of the rarest kind that the score compares."""

    rows: float
    """How many there are; a row with only some of its predictions (from several folds) counts as a
    part of a row."""
    independent: float
    """How many independently drawn things hold them: the rows, their groups or stretches of
    time."""
    fewest: int = FEWEST_ROWS
    """How many of these an interval needs."""

    @property
    def suffices(self) -> bool:
        """Whether an interval can be trusted; resampling cannot make up for too few rows."""
        return self.rows >= FEWEST_ROWS and self.independent >= self.fewest

    def least(self, other: Basis) -> Basis:
        """Return what a comparison rests on: the smaller counts of the two."""
        return Basis(
            min(self.rows, other.rows),
            min(self.independent, other.independent),
            max(self.fewest, other.fewest),
        )

    def quantile(self, level: float = LEVEL) -> float:
        """Student's quantile at (1 + level) / 2, with ``independent`` − 1 degrees of freedom."""
        return float(stdtrit(max(self.independent - 1.0, 1.0), (1.0 + level) / 2))


@dataclass(frozen=True, eq=False)
class Shares:
    """The shares in [0, 1], one per class, whose mean is a score."""

    value: np.ndarray
    """Of shape (K,). NaN for a class that no row has."""
    draws: np.ndarray
    """Of shape (B, K). On the resamples."""
    rows: np.ndarray
    """Of shape (K,). How many rows each share is based on, for shares that no resample changes."""


@dataclass(frozen=True, eq=False)
class Sampled:
    """A score, and its values on resamples of the rows."""

    value: float
    draws: np.ndarray
    """Of shape (B,). On the resamples; NaN where they leave it undefined."""
    basis: Basis
    spread: np.ndarray | None = None
    """Of shape (B,). For a mean of row losses: their coefficient of variation on each resample, as
    a multiple of that on the rows themselves."""
    shares: Shares | None = None
    """For a mean of shares."""


def student(value: float, draws: np.ndarray, basis: Basis, level: float = LEVEL) -> Interval:
    """Return value ∓ t SE, for differences, whose distribution is nearly symmetric.

    SE is the standard deviation of the B ``draws``. Bounds are NaN if the basis does not suffice.
    """
    error = standard_error(draws)
    if not basis.suffices:
        return Interval(value, np.nan, np.nan, error)
    half = basis.quantile(level) * error
    return Interval(value, value - half, value + half, error)


def of_size(sampled: Sampled) -> Interval:
    """Return the interval of a mean loss, which is positive with a long tail, on a log scale.

    ln v − q₊ SE/v .. ln v + q₋ SE/v, where q₊ and q₋ are the 97.5% quantiles of the studentised
    resamples ±(ln vᵇ − ln v) / (SE/v · sᵇ), with sᵇ their ``spread``, but at least Student's
    quantile, and at most `MOST_TIMES` of it: if a handful of rows makes up the loss, resamples
    without any of them have almost no spread. Source: P. Hall, The Bootstrap and Edgeworth
    Expansion, 1992, 3.10. Without studentising, the mean of squares distributed like Student's with
    three degrees of freedom is above the interval in 23% of samples of 200 instead of 16%. Beyond
    twice Student's quantile, intervals get many times longer, and contain the truth in at most 1.5%
    more samples.
    """
    value, error = sampled.value, standard_error(sampled.draws)
    if not sampled.basis.suffices:
        return Interval(value, np.nan, np.nan, error)
    if not value > 0:
        return Interval(value, value, value, error)
    above = below = sampled.basis.quantile()
    relative = error / value
    if sampled.spread is not None and relative > NO_SPREAD:
        with np.errstate(divide="ignore", invalid="ignore"):
            draws = np.log(sampled.draws / value) / (relative * sampled.spread)
        draws = draws[np.isfinite(draws)]
        if len(draws):
            low, high = np.quantile(draws, [(1.0 - LEVEL) / 2, (1.0 + LEVEL) / 2]).tolist()
            most = MOST_TIMES * above
            below, above = min(max(below, high), most), min(max(above, -low), most)
    with np.errstate(over="ignore"):  # then the bound is infinite
        low, high = (value * np.exp(margin * relative) for margin in (-below, above))
    return Interval(value, float(low), float(high), error)


def of_unexplained(sampled: Sampled) -> Interval:
    """Return the interval of 1 − a size: in R², the size is a mean loss by another."""
    size = of_size(Sampled(1.0 - sampled.value, 1.0 - sampled.draws, sampled.basis, sampled.spread))
    if not size.known:
        return Interval(sampled.value, np.nan, np.nan, size.standard_error)
    return Interval(sampled.value, 1.0 - size.high, 1.0 - size.low, size.standard_error)


def of_shares(sampled: Sampled) -> Interval:
    """Return the interval of a mean of K shares, combined from Wilson's interval for each.

    The resamples give the effective number of rows of a share s, s (1 − s) / SE²; if they show no
    error, all its rows count. If l and u are the distances from the shares to Wilson's bounds and R
    the correlations of the resamples, the mean lies √(lᵀRl) / K above the lower and √(uᵀRu) / K
    below the upper bound. Sources: E. Wilson, Probable inference, 1927; effective rows: E. Korn and
    B. Graubard, Confidence intervals for proportions with small expected number of positive counts,
    1998; sums: G. Zou and A. Donner, Construction of confidence limits about effect measures, 2008.
    """
    value, error = sampled.value, standard_error(sampled.draws)
    assert sampled.shares is not None
    known = ~np.isnan(sampled.shares.value)
    if not sampled.basis.suffices or not known.any():
        return Interval(value, np.nan, np.nan, error)
    shares, draws = sampled.shares.value[known], sampled.shares.draws[:, known]
    off = np.nan_to_num(draws - np.nanmean(draws, axis=0))
    errors = np.sqrt((off**2).sum(axis=0) / max(len(draws) - 1, 1))
    rows = sampled.shares.rows[known]
    varies = errors > NO_SPREAD
    rows = np.where(varies, shares * (1 - shares) / np.where(varies, errors, 1.0) ** 2, rows)
    # A share of 0 or 1 whose resamples vary only by rounding, or whose rows all have little weight.
    rows = np.where(rows > 0, rows, sampled.shares.rows[known])
    bounds = [
        wilson(*counts, sampled.basis.quantile()) for counts in zip(shares, rows, strict=True)
    ]
    correlation = np.divide(
        off.T @ off / max(len(draws) - 1, 1),
        np.outer(errors, errors),
        out=np.eye(len(shares)),
        where=np.outer(varies, varies),
    )
    below, above = np.abs(np.array(bounds).T - shares)
    below, above = (
        float(np.sqrt(max(side @ correlation @ side, 0.0)) / len(shares)) for side in (below, above)
    )
    return Interval(value, max(value - below, 0.0), min(value + above, 1.0), error)


def of_signed_shares(sampled: Sampled) -> Interval:
    """Return the interval of 2 s − 1 in [−1, 1], from that of the share s (`of_shares`)."""
    halved = replace(sampled, value=(1.0 + sampled.value) / 2, draws=(1.0 + sampled.draws) / 2)
    share = of_shares(halved)
    low, high = (2.0 * end - 1.0 for end in (share.low, share.high))
    return Interval(sampled.value, low, high, 2.0 * share.standard_error)


def of_greatest_share(sampled: Sampled) -> Interval:
    """Return the interval of the greatest of many shares, which is optimistic: the rows chose it.

    Resamples exceed the value, on average by b, just as the value exceeds the truth, but by less:
    they choose among thresholds that the rows have already narrowed down. So the lower end is that
    of a share (`of_shares`) of value − 2b, and the upper end that of the value. With b instead of
    2b, intervals for two classes of 40 and 60 rows lay above the truth in 7% of samples instead of
    2.5%. Two samples without a difference reach √(−ln 0.025 / n), for two classes of n rows each,
    in one case of forty; up to this value there may be no difference at all, and the lower end is
    0. Source of the correction: B. Efron and R. Tibshirani, An Introduction to the Bootstrap, 1993,
    10.2.
    """
    about = of_shares(sampled)
    assert sampled.shares is not None
    excess = max(float(np.nanmean(sampled.draws)) - sampled.value, 0.0) if about.known else 0.0
    if not excess > 0:
        return about
    truth = max(sampled.value - 2.0 * excess, 0.0)
    moved = replace(sampled.shares, value=np.array([truth]))
    low = of_shares(replace(sampled, value=truth, shares=moved)).low
    if sampled.value <= np.sqrt(-np.log((1.0 - LEVEL) / 2) / sampled.basis.independent):
        low = 0.0
    return replace(about, low=min(low, about.low))


def of_median(sampled: Sampled) -> Interval:
    """Return the interval of a median: the resamples' quantiles at Φ(∓t), t Student's quantile."""
    value, error = sampled.value, standard_error(sampled.draws)
    draws = sampled.draws[~np.isnan(sampled.draws)]
    if not sampled.basis.suffices or not len(draws):
        return Interval(value, np.nan, np.nan, error)
    above = float(ndtr(sampled.basis.quantile()))
    low, high = np.quantile(draws, [1.0 - above, above]).tolist()
    return Interval(value, min(low, value), max(high, value), error)


def interval(value: float, resampled_values: np.ndarray, level: float = LEVEL) -> Interval:
    """Summarise B resampled values: the quantiles (1 ∓ level) / 2 and the standard deviation.

    This is for values that are neither scores nor differences of scores. The interval contains the
    value. Resamples that leave the value undefined (NaN) are ignored; if all do, the bounds are
    NaN.
    """
    defined = resampled_values[~np.isnan(resampled_values)]
    if not len(defined):
        return Interval(value, np.nan, np.nan, np.nan)
    low, high = np.quantile(defined, [(1.0 - level) / 2, (1.0 + level) / 2]).tolist()
    return Interval(value, min(low, value), max(high, value), standard_error(defined))


def wilson(share: float, rows: float, z: float) -> tuple[float, float]:
    """Return the ends of Wilson's interval for a share s in n independent rows.

    They are (s + z²/2n ∓ z √(s (1 − s)/n + z²/4n²)) / (1 + z²/n). Source: E. Wilson, Probable
    inference, the law of succession, and statistical inference, 1927.
    """
    centre = share + z**2 / (2 * rows)
    half = z * (share * (1 - share) / rows + z**2 / (4 * rows**2)) ** 0.5
    scale = 1 + z**2 / rows
    # Where no row counts, or every row, the end is exact: else rounding would leave 6e-18 there.
    low = max((centre - half) / scale, 0.0) if share > 0 else 0.0
    return low, min((centre + half) / scale, 1.0) if share < 1 else 1.0


def effective_rows(share: float, error: float, most: float) -> float:
    """Return the effective number of independent rows of a share s, at most ``most``.

    It is s (1 − s) / SE², or ``most`` if there is no error. Source: E. Korn and B. Graubard,
    Confidence intervals for proportions with small expected number of positive counts, 1998.
    """
    rows = share * (1 - share) / error**2 if error > NO_SPREAD else 0.0
    return min(rows, most) if rows > 0 else most


def standard_error(draws: np.ndarray) -> float:
    """Return the standard deviation of the defined ones of B draws; NaN if none is defined."""
    defined = draws[~np.isnan(draws)]
    if not len(defined):
        return np.nan
    return float(defined.std(ddof=1)) if len(defined) > 1 else 0.0
