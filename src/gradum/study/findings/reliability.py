"""Reliability: predicted against observed values in bins."""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import NormalDist

import msgspec
import numpy as np

from gradum.messages import say, sentences
from gradum.rungs.rung import Prediction
from gradum.scores.figures import figures_apart, in_unit, percent, percent_with_interval
from gradum.scores.interval import Interval, wilson
from gradum.scores.weighting import ratio
from gradum.study.evidence import Evidence
from gradum.study.findings.miscalibration import Gap, shown_by
from gradum.study.prediction_bins import (
    FEWEST_GROUPS,
    FEWEST_ROWS,
    bin_sums,
    equal_count_bins,
    groups_within,
    redrawn_sums,
)
from gradum.study.resampling import around

Z95 = NormalDist().inv_cdf(0.975)


class ReliabilityBin(msgspec.Struct, frozen=True):
    """Rows whose predictions are close to each other."""

    predicted: float
    """Mean predicted probability, or mean predicted number."""
    observed: Interval
    """Share of rows of the class, or mean of the target, with a 95% interval."""
    rows: int


class Reliability(msgspec.Struct, frozen=True):
    """A reliability curve."""

    label: str
    """The class whose probability is looked at; "the predicted class" for more than two classes;
    the target's name for a number."""
    bins: tuple[ReliabilityBin, ...]
    """In order of rising prediction."""
    calibration_in_the_large: Interval
    """Mean prediction − mean observation."""
    sentence: str
    """What the curve shows, in plain words: too high or too low, too sure of itself or not sure
    enough, off in places, or none of these."""
    miscalibrated: bool | None = None
    """Whether the curve shows a miscalibration; None in files of versions that did not write it."""
    tested: bool = True
    """Whether there were enough rows to tell; files of earlier versions do not say."""
    p_value: float | None = None
    """The p-value under a calibrated model, corrected for all tests of the curve; None in files of
    versions that did not write it."""
    comparisons: int = 1
    """The factor by which the p-value of the calibration in the large was multiplied for this."""
    error: float | None = None
    """The standard error that was used to test the calibration in the large."""
    thresholds: tuple[Reliability, ...] = ()
    """For ordered classes, the curve of P(y > k) for each class k but the highest, lowest first."""

    @property
    def shown(self) -> bool:
        """Whether a miscalibration is shown, which the verdict must then name."""
        if self.miscalibrated is None:
            return not self.sentence.startswith(NOTHING_SHOWN)
        return self.miscalibrated


FEWEST_OF_EACH = 10
MEDIAN = 0.5
NOTHING_SHOWN = ("Too few rows", "No miscalibration")  # how these sentences begin in old files


def reliability(evidence: Evidence, learned: int | None = None) -> Reliability:
    """Bin the judged rows by prediction, and compare with the observations.

    For two classes, the probability of the second is compared with its share. For more classes, the
    probability of the predicted class is compared with the share of rows where it is true. For a
    number, the predicted is compared with the actual value; for a quantile, its level with the
    share of targets up to it; of a forecast, how far both are from repeating the last season, in
    the target's unit. Means and shares are weighted; the bins are `equal_count_bins`.

    Intervals come from resamples of groups, of time or of rows, in which the shares of the classes
    vary. Intervals of shares are always Wilson's, as `_share_intervals` says, so that none has zero
    width because a bin holds only rows of one kind.

    The sentence rests on the calibration in the large, the slope of the observed on the predicted
    (both after D. Cox, Two further applications of a model for binary regression, 1958; here
    without logarithms) and each bin, tested as `miscalibration.shown_by` says. The tests need
    `FEWEST_OF_EACH` rows of each kind, expected or observed, or `FEWEST_ROWS` numbers.

    A model of the right form still has errors from the n rows that it learned from: its mean
    prediction errs by σ/√n, while m judged rows determine their mean to σ/√m. Where n is given as
    ``learned``, standard errors of tests are therefore multiplied by √(1 + m/n). It is not given
    for a cross-validation, in which every row judges and is learned from, so that errors of the
    mean cancel.
    """
    level, evidence = evidence.in_own_unit(), evidence.in_own_unit(change=True)
    label, predicted, observed = _sides(evidence)
    codes = equal_count_bins(predicted)
    if quantile := _level(evidence):  # of a quantile, the share of targets up to it is compared
        label = say("the share of targets up to the prediction")
        observed, predicted = (
            (observed <= predicted).astype(np.float64),
            np.full_like(predicted, quantile),
        )
    values = np.stack([predicted, observed])
    whole = _Calibration.of(bin_sums(codes, evidence.weight, values)[None])
    drawn = _Calibration.of(redrawn_sums(evidence, codes, values, "reliability"))
    large = around(float(whole.large[0]), drawn.large)
    slope = around(float(whole.slope[0]), drawn.slope)
    pairs = zip(whole.observed[0].tolist(), drawn.observed.T, strict=True)
    means = [around(value, each) for value, each in pairs]
    if evidence.classes:
        means = _share_intervals(means, evidence, codes)
        if observed.min() == observed.max():
            large = _of_one_kind(evidence, whole)
    columns = whole.predicted[0].tolist(), means, np.bincount(codes).tolist()
    bins = tuple(ReliabilityBin(*each) for each in zip(*columns, strict=True))
    gaps = _gaps(evidence, codes, predicted, bins, large, slope)
    mean = float(whole.mean_predicted[0])
    if evidence.schema.forecast is not None and not quantile:
        mean = float(np.average(level.prediction.value, weights=level.weight))
    widened = 1.0 if learned is None else float(np.sqrt(1 + len(evidence) / learned))
    said = shown_by(evidence.task, label, mean, *gaps, widened)
    if quantile and said.tested and not said.miscalibrated:
        said = said._replace(sentence=_quantile_holds(quantile, large))
    if said.miscalibrated and not large.low <= 0 <= large.high:
        shown = _of_quantile(level, quantile, large) if quantile else said.sentence
        remedy = "" if evidence.schema.forecast is None else _after_a_change()
        said = said._replace(sentence=sentences([shown, remedy]))
    return Reliability(label, bins, large, *said, _at_thresholds(evidence, learned))


def _shares(quantile: float, large: Interval) -> dict[str, str]:
    low, high = quantile - large.high, quantile - large.low
    share = Interval(quantile - large.value, low, high, large.standard_error)
    return {"share": percent_with_interval(share), "wanted": percent(quantile)}


def _quantile_holds(quantile: float, large: Interval) -> str:
    return say(
        "No miscalibration shown: {share} of actual values lie below the prediction, where "
        "{wanted} should.",
        **_shares(quantile, large),
    )


def _of_quantile(level: Evidence, quantile: float, large: Interval) -> str:
    """Say that predictions of a quantile are too low or too high; ``large`` is τ − the share below.

    Of a median, how far they are off on average is in the target's unit.
    """
    values = _shares(quantile, large)
    shown = (
        say(
            "Predicts too low: {share} of actual values lie below, where {wanted} should.", **values
        )
        if large.value > 0
        else say(
            "Predicts too high: {share} of actual values lie below, where {wanted} should.",
            **values,
        )
    )
    if quantile != MEDIAN:
        return shown
    unit = "" if level.schema.target is None else level.schema.target_unit
    predicted, actual = (
        in_unit(each, unit)
        for each in figures_apart(
            np.average(level.prediction.value, weights=level.weight),
            np.average(level.target, weights=level.weight),
        )
    )
    means = say(
        "Predictions are {predicted} on average, actual values {observed}.",
        predicted=predicted,
        observed=actual,
    )
    return sentences([shown, means])


def _after_a_change() -> str:
    """Say what to do about forecasts that are off on average.

    Of 8 tables whose trend bends a fifth before the end, the bias was shown in all. A fit on all
    rows had it afterwards too (4.3 before, 4.0 after); one on the later half had none (0.0), and
    errors smaller by a fifth. On 24 tables without a bend, that half did as well as all rows.
    """
    return say(
        "The model in use has learned from these values too. If the series have changed their "
        "level or trend, fit again on the later half of the history: that has forgotten what was "
        "before."
    )


def _at_thresholds(evidence: Evidence, learned: int | None) -> tuple[Reliability, ...]:
    """Judge P(y > k) at each threshold of ordered classes as the probability of two classes.

    A threshold with all rows on one side is left out.
    """
    loss, probability, curves = evidence.truth.loss, evidence.prediction.probability, []
    if loss is None or not loss.one_score or probability is None:
        return ()
    for code, label in enumerate(evidence.classes[:-1]):
        beyond = (evidence.truth.target > code).astype(np.int64)
        if not np.ptp(beyond[evidence.rows]):
            continue
        share = probability[:, code + 1 :].sum(axis=1)
        names = say("{label} or below", label=label), say("above {label}", label=label)
        truth = replace(evidence.truth, task="binary", target=beyond, classes=names, loss=None)
        prediction = Prediction.of_classes(np.column_stack([1.0 - share, share]))
        curves.append(reliability(replace(evidence, truth=truth, prediction=prediction), learned))
    return tuple(curves)


def _sides(evidence: Evidence) -> tuple[str, np.ndarray, np.ndarray]:
    """Return the name of what is predicted, and the predictions and observations, (n,) each."""
    probability, target = evidence.prediction.probability, evidence.target
    if probability is None:
        name = evidence.schema.learned_target.name
        if evidence.schema.forecast is not None:
            name = say("{target}, less the last season's", target=name)
        return name, evidence.prediction.value, target
    if evidence.task == "binary":
        return evidence.classes[1], probability[:, 1], (target == 1).astype(np.float64)
    right = evidence.prediction.value == target
    return say("the predicted class"), probability.max(axis=1), right.astype(np.float64)


def _level(evidence: Evidence) -> float | None:
    """Return the level of the quantile that is predicted; None where it is a mean or a class."""
    loss = evidence.truth.loss
    return loss.quantiles[0] if loss is not None and loss.quantiles else None


@dataclass(frozen=True, eq=False)
class _Calibration:
    """Means and sums within k bins, for S weightings of the rows."""

    predicted: np.ndarray
    observed: np.ndarray
    """Of shape (S, k). Means within the bins; NaN for a bin without rows."""
    mean_predicted: np.ndarray
    mean_observed: np.ndarray
    """Of shape (S,). Means over all rows."""
    slope: np.ndarray
    """Of shape (S,). Slope of the bins' observed means on their predicted means by weighted least
    squares; 1 if calibrated, NaN with a single bin."""

    @classmethod
    def of(cls, sums: np.ndarray) -> _Calibration:
        """Take the weights and the weighted sums of predictions and observations: (S, 3, k)."""
        weight, total = sums[:, 0], sums[:, 0].sum(axis=1)
        predicted, observed = ratio(sums[:, 1], weight), ratio(sums[:, 2], weight)
        mean_predicted, mean_observed = (sums[:, side].sum(axis=1) / total for side in (1, 2))
        off = np.nan_to_num(predicted - mean_predicted[:, None])
        rise = np.nan_to_num(observed - mean_observed[:, None])
        spread = (weight * off**2).sum(axis=1)
        spread[spread <= 1e-12 * total * mean_predicted**2] = 0.0  # single bin, and rounding
        slope = ratio((weight * off * rise).sum(axis=1), spread)
        return cls(predicted, observed, mean_predicted, mean_observed, slope)

    @property
    def large(self) -> np.ndarray:
        """Mean prediction − mean observation (S,)."""
        return self.mean_predicted - self.mean_observed


def _of_one_kind(evidence: Evidence, whole: _Calibration) -> Interval:
    """Give the calibration in the large an interval if all outcomes are the same."""
    predicted, observed = float(whole.mean_predicted[0]), float(whole.mean_observed[0])
    unknown = Interval(observed, np.nan, np.nan, 0.0)
    (share,) = _share_intervals([unknown], evidence, np.zeros(len(evidence), np.intp))
    low, high = predicted - share.high, predicted - share.low
    return Interval(predicted - observed, low, high, share.standard_error)


def _gaps(
    evidence: Evidence,
    codes: np.ndarray,
    predicted: np.ndarray,
    bins: tuple[ReliabilityBin, ...],
    large: Interval,
    slope: Interval,
) -> tuple[Gap, Gap | None, list[Gap]]:
    """Put the calibration in the large, the slope and each bin next to their calibrated values.

    If calibrated, Σ w y has variance V = Σ w² p (1 − p) within a bin. So the calibration in the
    large has the standard error √ΣV / Σw, a bin √V / Σw, and the slope √Σc²V / Σc²w, where c is how
    far the bin's prediction is from the mean. There is no slope for "the predicted class".
    """
    *of_bins, of_all = _freedom(evidence, codes, bins)
    weight, means = np.bincount(codes, evidence.weight), np.array([b.predicted for b in bins])
    noise = np.zeros(len(bins))
    if evidence.classes:
        noise = np.bincount(codes, evidence.weight**2 * predicted * (1 - predicted))
    errors = (np.sqrt(noise) / weight).tolist()
    in_bins = [
        Gap(each.observed, each.predicted, error, *enough)
        for each, error, enough in zip(bins, errors, of_bins, strict=True)
    ]
    in_the_large = Gap(large, 0.0, float(np.sqrt(noise.sum()) / weight.sum()), *of_all)
    squares = (means - weight @ means / weight.sum()) ** 2  # may underflow to 0
    if evidence.task == "multiclass" or len(bins) == 1 or not squares.any():
        return in_the_large, None, in_bins
    error = float(np.sqrt(squares @ noise) / (squares @ weight))
    return in_the_large, Gap(slope, 1.0, error, *of_all), in_bins


def _freedom(
    evidence: Evidence, codes: np.ndarray, bins: tuple[ReliabilityBin, ...]
) -> list[tuple[int, bool]]:
    """Return degrees of freedom, and whether they suffice, for each bin and, last, for all rows."""
    rows = np.array([each.rows for each in bins])
    expected = rows * [each.predicted for each in bins]
    found = rows * [each.observed.value for each in bins]
    of_bins, of_all = (groups_within(each, evidence.groups) for each in (codes, 0 * codes))
    independent = np.append(of_bins, of_all)
    rows, expected, found = (np.append(each, each.sum()) for each in (rows, expected, found))
    enough = independent >= FEWEST_GROUPS
    if evidence.classes:
        of_class, of_others = np.maximum(expected, found), np.maximum(rows - expected, rows - found)
        enough &= np.minimum(of_class, of_others) >= FEWEST_OF_EACH
    else:
        enough &= rows >= FEWEST_ROWS
    return list(zip((independent - 1).tolist(), enough.tolist(), strict=True))


def _share_intervals(
    shares: list[Interval], evidence: Evidence, codes: np.ndarray
) -> list[Interval]:
    """Turn resampled intervals of shares within k bins into Wilson intervals.

    Percentile intervals are too short where a bin holds few rows of one kind, and have no width
    where it holds none. So the resamples give only the number of independent rows: the one with
    their standard error, s (1 − s) / SE², but at most the (Σw)² / Σw² that the weights allow. Where
    they show no error, the number is (ΣW)² / ΣW² with W the weight of a group, as if all rows of a
    group were one.

    Parameters
    ----------
    shares : list of Interval
        With standard errors from resamples.
    evidence : Evidence
        n rows.
    codes : ndarray of shape (n,)
        The bins, 0 .. k-1.
    """
    rows = groups = _effective(codes, evidence.weight)
    if evidence.groups is not None:
        span = evidence.groups.max() + 1
        pairs, place = np.unique(codes * span + evidence.groups, return_inverse=True)
        groups = _effective(pairs // span, np.bincount(place, evidence.weight))
    intervals = []
    for share, most, fewest in zip(shares, rows.tolist(), groups.tolist(), strict=True):
        s, error = share.value, share.standard_error
        independent = min(most, s * (1 - s) / error**2) if error > 1e-9 else fewest
        low, high = wilson(s, independent, Z95)
        intervals.append(Interval(s, low, high, (high - low) / (2 * Z95)))
    return intervals


def _effective(codes: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return np.bincount(codes, weight) ** 2 / np.bincount(codes, weight**2)
