"""From the predicted logarithm of a target to the mean of the target: the smearing factor.

The exponential of a mean is not the mean of the exponential: with t = log y, its prediction f and
the residual e = t - f,

    E[y | f] = exp(f) E[exp(e) | f].

If residuals spread equally for all f, the last factor is a single number (N. Duan, "Smearing
estimate", JASA 78, 1983). It is estimated as Σ y / Σ exp(f), with which the predictions have the
mean of the targets. Duan's mean of exp(e) tends to the same number, but is too small where f has
learned some of the noise: residuals are then smaller, while exp(f) is as large as before.

A test checks whether residuals spread equally, against the alternative that e² depends on f or f²
(H. White, Econometrica 48, 1980, in its short form), by n R², which no kurtosis of the residuals
misleads (R. Koenker, Journal of Econometrics 17, 1981). If they do not, the factor depends on the
prediction: it is computed for bins of rows with similar f, and interpolated between them. Where it
would fall so fast that exp(f) times the factor fell too, it is raised until this product stays
level: a prediction never falls as its logarithm rises.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import msgspec
import numpy as np
from scipy.special import chdtrc

from gradum.margins import of_sums
from gradum.messages import marked, say
from gradum.scores.figures import figure
from gradum.tables.wording import first_upper

LEVEL = 0.01
BINS, FEWEST_IN_BIN = 10, 50

HELD_OUT, TRAINING = marked("on held-out rows"), marked("on training rows")


def factor_of(predicted: np.ndarray, true: np.ndarray, weight: np.ndarray) -> float:
    """Return Σ w y / Σ w exp(f) for predicted and true logarithms and weights (n,)."""
    most = predicted.max()
    return float((weight @ np.exp(true - most)) / (weight @ np.exp(predicted - most)))


class ResidualSpread(msgspec.Struct, frozen=True):
    """How the residuals of the logarithm spread about its prediction f."""

    p: float
    """The p-value of the test of equal spread."""
    where: str
    """The rows that these residuals come from, in words."""
    at: tuple[float, ...] = ()
    factors: tuple[float, ...] = ()
    """The smearing factor by prediction, at rising f; empty if one factor is right for all, or if
    rows are too few to tell it."""

    @classmethod
    def of(
        cls, predicted: np.ndarray, true: np.ndarray, weight: np.ndarray, where: str
    ) -> ResidualSpread:
        """Measure the spread from predicted and true logarithms and weights (n,)."""
        p = equal_spread(predicted, true - predicted, weight)
        if p >= LEVEL:
            return cls(p, where)
        return cls(p, where, *_by_prediction(predicted, true, weight))

    @property
    def factor(self) -> Callable[[np.ndarray], np.ndarray] | None:
        """The smearing factor of predicted logarithms (n,); None if it does not depend on them."""
        if not self.at:
            return None
        return lambda predicted: np.exp(np.interp(predicted, self.at, np.log(self.factors)))

    @property
    def rises(self) -> bool:
        """Whether exp(f) times the factor at f never falls, except by rounding."""
        at, logs = np.array(self.at), np.log(self.factors)
        size = max(np.abs(at).max(initial=1.0), np.abs(logs).max(initial=0.0))
        return bool((np.diff(at + logs) >= -of_sums(8) * size).all())

    @property
    def is_sound(self) -> bool:
        """Whether the factors are finite and above 0, at rising predictions."""
        rising = all(low < high for low, high in pairwise(self.at))
        finite = bool(np.isfinite((self.p, *self.at, *self.factors)).all())
        return (
            finite
            and rising
            and len(self.at) == len(self.factors)
            and min(self.factors, default=1) > 0
        )

    def sentence(self, title: str, factor: float) -> str:
        """Say what a rung's smearing factor is, and what the test of its assumption found."""
        title = first_upper(title)
        p = "p < 0.001" if self.p < 1e-3 else f"p = {self.p:.2g}"
        test = say("(White's test {where}, {p})", where=say(self.where), p=p)
        if self.at:
            low, high = (figure(factor) for factor in (self.factors[0], self.factors[-1]))
            return say(
                "{title}: residuals of the logarithm do not spread equally {test}. So "
                "the smearing factor follows the prediction, from {low} for the lowest "
                "to {high} for the highest.",
                title=title,
                test=test,
                low=low,
                high=high,
            )
        one = figure(factor)
        if self.p < LEVEL:
            return say(
                "{title}: one smearing factor, {factor}, brings all predictions back, though "
                "residuals of the logarithm do not spread equally {test}: rows are too few for a "
                "factor that follows the prediction.",
                title=title,
                factor=one,
                test=test,
            )
        return say(
            "{title}: one smearing factor, {factor}, brings all predictions back; residuals of the "
            "logarithm are not shown to spread unequally {test}.",
            title=title,
            factor=one,
            test=test,
        )


def equal_spread(predicted: np.ndarray, residual: np.ndarray, weight: np.ndarray) -> float:
    """Return the p-value of equal spread: how often e² seems to depend on f as much by chance.

    With u = e² - mean e² and z = (f, f²) without their means, all weighted, the statistic is
    s' V⁻¹ s with s = Σ w u z and V = mean u² · Σ w² z z', chi-squared with 2 degrees of freedom;
    under equal weights that is n R².
    """
    weight = weight / weight.sum()
    f = predicted - weight @ predicted
    f = f / max(float(np.abs(f).max()), np.finfo(float).tiny)
    z = np.column_stack([f, f**2])
    z = z - weight @ z
    u = residual**2 - weight @ residual**2
    if not (u @ u > 0 and z.any()):
        return 1.0
    spread = (weight @ u**2) * ((weight**2)[:, None] * z).T @ z
    score = (weight * u) @ z
    statistic = float(score @ np.linalg.pinv(spread, hermitian=True) @ score)
    return float(chdtrc(np.linalg.matrix_rank(spread, hermitian=True), statistic))


def _by_prediction(
    predicted: np.ndarray, true: np.ndarray, weight: np.ndarray
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the mean f and the factor of rows with similar f, in bins of equal weight."""
    bins = min(BINS, len(predicted) // FEWEST_IN_BIN)
    if bins < 2:
        return (), ()
    inner = np.arange(1, bins) / bins
    edges = np.quantile(predicted, inner, weights=weight, method="inverted_cdf")
    bin_of = np.searchsorted(np.unique(edges), predicted)  # equal predictions stay together
    inside = [np.flatnonzero(bin_of == place) for place in np.unique(bin_of)]
    if len(inside) < 2:
        return (), ()
    at = [np.average(predicted[rows], weights=weight[rows]) for rows in inside]
    factors = [factor_of(predicted[rows], true[rows], weight[rows]) for rows in inside]
    levels = np.array(at) + np.log(factors)
    raised = np.maximum.accumulate(levels) - levels
    return tuple(map(float, at)), tuple((np.array(factors) * np.exp(raised)).tolist())
