"""Residuals of numeric predictions, and actual against predicted values."""

from __future__ import annotations

from statistics import NormalDist

import msgspec
import numpy as np

from gradum.messages import say, sentences
from gradum.scores.figures import figure, figures_apart
from gradum.scores.interval import Interval
from gradum.scores.of_numbers import absolute_errors, median_absolute_error
from gradum.scores.weighting import Weighting, ratio
from gradum.study.evidence import Evidence
from gradum.study.finding_words import said
from gradum.study.prediction_bins import (
    FEWEST_GROUPS,
    FEWEST_ROWS,
    bin_sums,
    equal_count_bins,
    groups_within,
    redrawn_sums,
)
from gradum.study.resampling import around


class Residuals(msgspec.Struct, frozen=True):
    """Residuals: actual − predicted, in the target's unit. Shares and quantiles are weighted."""

    points: tuple[tuple[float, float, int], ...]
    """Predicted, actual, row number: all judged rows, or `MOST_POINTS` drawn at random."""
    drawn: int
    """Number of rows that the points were drawn from."""
    histogram: tuple[tuple[float, float, float], ...]
    """Low edge, high edge, weighted share of the rows with a residual in between; the outermost
    bins include the tails. There are `HISTOGRAM_BINS` bins of equal width between the 1% and the
    99% quantile, or a single one if these are equal."""
    quantiles: dict[str, float]
    """The "5%", "25%", "50%", "75%", "95%" of the residuals."""
    within: tuple[tuple[float, float], ...]
    """Half-width, and the share of predictions whose |residual| is at most that: at the median,
    which is the score of that name, and at the 90% quantile."""
    spread: tuple[tuple[float, float, float, float], ...]
    """For tenths by prediction, from `equal_count_bins`: the mean prediction, and the 10%, 50% and
    90% quantiles of the residuals, which show bias and unequal spread."""
    sentence: str
    """What the residuals show, in plain words."""


MOST_POINTS = 1500
HISTOGRAM_BINS = 30
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
LEVEL = 0.05


def residuals(evidence: Evidence, each: Evidence | None = None) -> Residuals:
    """Study actual − predicted on the judged rows; ``within`` uses each of their predictions.

    The quantile at q is the smallest value that at least a share q of the weight does not exceed.
    The sentence names the tenth of greatest bias, and the tenths of greatest and least spread, if
    tests show these at 5% divided by the number of tenths, or of pairs of tenths.
    """
    predicted, weight = evidence.prediction.value, evidence.weight
    residual = evidence.target - predicted
    codes = equal_count_bins(predicted)
    quantiles = _quantiles(residual, weight, QUANTILES)
    spread = []
    for tenth in range(codes.max() + 1):
        rows = codes == tenth
        level = float(np.average(predicted[rows], weights=weight[rows]))
        low, middle, high = _quantiles(residual[rows], weight[rows], (0.1, 0.5, 0.9))
        spread.append((level, low, middle, high))
    return Residuals(
        points=_points(evidence),
        drawn=len(evidence),
        histogram=_histogram(residual, weight),
        quantiles={f"{q:.0%}": value for q, value in zip(QUANTILES, quantiles, strict=True)},
        within=_within(each or evidence),
        spread=tuple(spread),
        sentence=_sentence(evidence, codes, residual, spread),
    )


def _quantiles(values: np.ndarray, weight: np.ndarray, shares: tuple[float, ...]) -> list[float]:
    return np.quantile(values, shares, weights=weight, method="inverted_cdf").tolist()


def _within(each: Evidence) -> tuple[tuple[float, float], ...]:
    size = absolute_errors(each.outcome)
    half = float(median_absolute_error(Weighting(each.outcome, each.outcome.weights[None, :]))[0])
    widths = (half, *_quantiles(size, each.weight, (0.9,)))
    return tuple((width, float(np.average(size <= width, weights=each.weight))) for width in widths)


def _points(evidence: Evidence) -> tuple[tuple[float, float, int], ...]:
    rows = np.arange(len(evidence))
    if len(rows) > MOST_POINTS:
        rows = np.sort(evidence.rng("residuals points").choice(rows, MOST_POINTS, replace=False))
    columns = evidence.prediction.value[rows], evidence.target[rows], evidence.numbers[rows]
    return tuple(zip(*(column.tolist() for column in columns), strict=True))


def _histogram(residual: np.ndarray, weight: np.ndarray) -> tuple[tuple[float, float, float], ...]:
    low, high = _quantiles(residual, weight, (0.01, 0.99))
    if low == high:
        return ((low, high, 1.0),)
    edges = np.linspace(low, high, HISTOGRAM_BINS + 1)
    shares, _ = np.histogram(np.clip(residual, low, high), edges, weights=weight / weight.sum())
    return tuple(zip(edges[:-1].tolist(), edges[1:].tolist(), shares.tolist(), strict=True))


def _sentence(
    evidence: Evidence,
    codes: np.ndarray,
    residual: np.ndarray,
    spread: list[tuple[float, float, float, float]],
) -> str:
    groups = groups_within(codes, evidence.groups)
    told = np.flatnonzero((np.bincount(codes) >= FEWEST_ROWS) & (groups >= FEWEST_GROUPS))
    if not len(told):
        return say("There are too few rows, or groups of them, to compare levels of prediction.")
    medians = np.array([middle for _, _, middle, _ in spread])
    values = np.stack([residual, np.abs(residual - medians[codes])])
    whole = bin_sums(codes, evidence.weight, values)[None]
    drawn = redrawn_sums(evidence, codes, values, "residuals")
    means, drawn_means = (ratio(sums[:, 1:], sums[:, :1])[..., told] for sums in (whole, drawn))
    levels = [figure(spread[code][0]) for code in told]
    bias = _bias(levels, means[0, 0], drawn_means[:, 0])
    return sentences([bias, _unequal(levels, means[0, 1], drawn_means[:, 1])])


def _bias(levels: list[str], mean: np.ndarray, drawn: np.ndarray) -> str:
    """Name the level whose mean residual is most standard errors from 0, if that is enough."""
    means = [around(value, each) for value, each in zip(mean.tolist(), drawn.T, strict=True)]
    shown = [_errors(each, len(means)) for each in means]
    if not any(shown):
        return say("No bias is shown, whether predictions are small or large.")
    worst = int(np.argmax(shown))
    found, level = means[worst], levels[worst]
    if found.value >= 0:
        return say(
            "Where it predicts about {level}, actual values are {bias} higher on average.",
            level=level,
            bias=said(found),
        )
    below = Interval(-found.value, -found.high, -found.low, found.standard_error)
    return say(
        "Where it predicts about {level}, actual values are {bias} lower on average.",
        level=level,
        bias=said(below),
    )


def _unequal(levels: list[str], mean: np.ndarray, drawn: np.ndarray) -> str:
    """Compare the levels with the greatest and least mean deviation from their median."""
    if len(levels) > 1:
        most, least = int(mean.argmax()), int(mean.argmin())
        gap = around(float(mean[most] - mean[least]), drawn[:, most] - drawn[:, least])
        if _errors(gap, len(levels) * (len(levels) - 1) // 2):
            wide, narrow = figures_apart(mean[most], mean[least])
            return say(
                "Residuals spread more where it predicts about {level} than where it predicts "
                "about {other}: by {most} against {least} on average.",
                level=levels[most],
                other=levels[least],
                most=wide,
                least=narrow,
            )
    return say("The spread of the residuals shows no difference.")


def _errors(found: Interval, tests: int) -> float:
    """Return how many standard errors an interval is from 0, if one of several tests shows it."""
    z = NormalDist().inv_cdf(1 - LEVEL / 2 / tests)
    shown = not found.low <= 0 <= found.high and abs(found.value) > z * found.standard_error > 0
    return abs(found.value) / found.standard_error if shown else 0.0
