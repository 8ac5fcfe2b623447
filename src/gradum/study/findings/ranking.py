"""Rankings by the probability of a class: ROC, precision–recall, gain and lift."""

from __future__ import annotations

from dataclasses import astuple

import msgspec
import numpy as np
from msgspec import structs

from gradum.messages import say
from gradum.run.judging.judgement import Judgement
from gradum.scores.bootstrap import scheme_basis
from gradum.scores.figures import figure, percent, percent_with_interval
from gradum.scores.interval import Interval
from gradum.study.evidence import Evidence
from gradum.study.findings.threshold_sweep import Sweep, thinned
from gradum.study.resampling import places_to_redraw, redrawn, share_around

MOST_POINTS = 200
MOST_CLASSES = 8
STEPS_REDRAWN = 600

TOPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
SAID = TOPS.index(0.1)
LIFT_STEPS_REDRAWN = 2000


class RankingCurve(msgspec.Struct, frozen=True):
    """One class against the rest."""

    label: str
    """The class: the second of two, or each of several."""
    prevalence: float
    """The class's weighted share of the judged rows, the precision of a random ranking."""
    auc: Interval
    average_precision: Interval
    """As `scores.metrics` defines them."""
    roc: tuple[tuple[float, float, float], ...]
    """False-positive rate, true-positive rate, threshold, from (0, 0) to (1, 1); at most
    `MOST_POINTS` points that keep the shape. No row reaches the first threshold."""
    precision_recall: tuple[tuple[float, float, float], ...]
    """Recall, precision, threshold, by rising recall; at most `MOST_POINTS` points. The first, at
    recall 0, has the precision of the highest-ranking rows."""


def ranking_curves(evidence: Evidence) -> tuple[RankingCurve, ...]:
    """Compute the curves of the second of two classes, or of the `MOST_CLASSES` commonest.

    The commonest comes first. A class is left out if its curves are undefined, because all rows or
    none belong to it, among the judged rows or among those that the intervals are drawn from. These
    are at most `resampling.ROWS_FOR_INTERVALS` rows, passed in at most `STEPS_REDRAWN` steps, which
    changes the width of an interval by less than a hundredth.
    """
    probability = evidence.prediction.shares
    codes, scheme = _commonest(evidence), evidence.resamples("ranking").scheme
    curves = []
    for code, drawn in zip(codes, _redrawn_areas(evidence, codes), strict=True):
        sweep = Sweep.of(probability[:, code], evidence.target == code)
        true, false = sweep.passed(evidence.weight[None, :])
        values = [float(area[0]) for area in areas(true, false)]
        if np.isnan(values).any():
            continue
        positive = evidence.target == code
        basis = scheme_basis([positive, ~positive], scheme)
        auc, average_precision = (
            share_around(value, draws, basis, basis.rows / 2)
            for value, draws in zip(values, drawn, strict=True)
        )
        curve = RankingCurve(
            label=evidence.classes[code],
            prevalence=float(true[0, -1] / evidence.weight.sum()),
            auc=auc,
            average_precision=average_precision,
            roc=_points(false[0] / false[0, -1], true[0] / true[0, -1], sweep.thresholds),
            precision_recall=_precision_recall(true[0], false[0], sweep.thresholds),
        )
        curves.append(curve)
    return tuple(curves)


def judged_curves(evidence: Evidence, judgement: Judgement) -> tuple[RankingCurve, ...]:
    """Compute the curves; a single curve has the judge's intervals for the same scores.

    The scores of several classes, or on a sample of the rows, are not the same.
    """
    curves = ranking_curves(evidence)
    test = judgement.scores[judgement.verdict.used]["test"]
    if (
        len(curves) != 1
        or "auc" not in test
        or not np.isclose(test["auc"].value, curves[0].auc.value)
    ):
        return curves
    return (
        structs.replace(curves[0], auc=test["auc"], average_precision=test["average_precision"]),
    )


def areas(true: np.ndarray, false: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute AUC and average precision from the weights passed after each of T steps.

    With T the passed weight of the class, F that of the other classes, and P and N their totals,

        AUC = Σ (Fₜ − Fₜ₋₁)(Tₜ + Tₜ₋₁) / 2PN,    AP = Σ (Tₜ − Tₜ₋₁) Tₜ / (Tₜ + Fₜ) / P.

    Parameters
    ----------
    true, false : ndarray of shape (b, T + 1)

    Returns
    -------
    tuple of ndarray of shape (b,)
        NaN where P or N is 0.
    """
    positives, negatives = true[:, -1], false[:, -1]
    defined = (positives > 0) & (negatives > 0)
    positives, negatives = (np.where(defined, total, np.nan) for total in (positives, negatives))
    pairs = np.einsum("bt,bt->b", np.diff(false), true[:, 1:] + true[:, :-1]) / 2
    precisions = np.einsum("bt,bt->b", np.diff(true), _precision(true, false)[:, 1:])
    return pairs / (positives * negatives), precisions / positives


def _precision(true: np.ndarray, false: np.ndarray) -> np.ndarray:
    passed = true + false
    return np.divide(true, passed, out=np.zeros_like(passed), where=passed > 0)


def _commonest(evidence: Evidence) -> list[int]:
    if evidence.task == "binary":
        return [1]
    shares = np.bincount(evidence.target, evidence.weight, minlength=len(evidence.classes))
    return np.argsort(-shares, kind="stable")[:MOST_CLASSES].tolist()


def _redrawn_areas(evidence: Evidence, codes: list[int]) -> np.ndarray:
    """Compute both areas of each class on the sampled rows and their resamples: (classes, 2, B)."""
    probability = evidence.prediction.shares
    places = places_to_redraw(evidence, "ranking")
    target = evidence.target[places]
    sweeps = [Sweep.of(probability[places, k], target == k, STEPS_REDRAWN) for k in codes]
    blocks = [
        np.array([areas(*sweep.passed(weights)) for sweep in sweeps])
        for weights in redrawn(evidence, places, "ranking")
    ]
    return np.concatenate(blocks, axis=2)


def _precision_recall(
    true: np.ndarray, false: np.ndarray, thresholds: np.ndarray
) -> tuple[tuple[float, float, float], ...]:
    precision = _precision(true[None, :], false[None, :])[0]
    precision[0] = precision[1]
    return _points(true / true[-1], precision, thresholds)


def _points(
    x: np.ndarray, y: np.ndarray, thresholds: np.ndarray
) -> tuple[tuple[float, float, float], ...]:
    kept = thinned(x, y, MOST_POINTS)
    return tuple(zip(x[kept].tolist(), y[kept].tolist(), thresholds[kept].tolist(), strict=True))


class Top(msgspec.Struct, frozen=True):
    """The rows ranked highest by the probability of the class."""

    share: float
    """These rows' share of the weight of all rows."""
    gain: Interval
    """The share of the class that is among these rows."""
    lift: Interval
    """gain / share: how many times more than by chance."""


class Lift(msgspec.Struct, frozen=True):
    """Gain and lift of the second of two classes."""

    positive: str
    """The class."""
    prevalence: float
    """The class's weighted share of the judged rows. Times the lift, it is the precision among the
    top."""
    tops: tuple[Top, ...]
    """In order of rising share, at the shares `TOPS`."""
    sentence: str
    """The contents of the top tenth."""


def lift(evidence: Evidence) -> Lift | None:
    """Go down the ranking of the judged rows; None if they all have one class.

    Where a share ends among rows of equal probability, these count partially, as they would on
    average in a random order. Intervals are Wilson's, from the judge's resamples.
    """
    score, positive = evidence.prediction.shares[:, 1], evidence.target == 1
    if positive.all() or not positive.any():
        return None
    gains = _gains(Sweep.of(score, positive), evidence.weight[None, :])[0]
    places = places_to_redraw(evidence, "lift")
    sweep = Sweep.of(score[places], positive[places], LIFT_STEPS_REDRAWN)
    drawn = np.concatenate(
        [_gains(sweep, weights) for weights in redrawn(evidence, places, "lift")]
    )
    basis = scheme_basis([positive, ~positive], evidence.resamples("lift").scheme)
    tops = tuple(
        _top(share, share_around(float(gain), draws, basis, basis.rows / 2))
        for share, gain, draws in zip(TOPS, gains, drawn.T, strict=True)
    )
    label = evidence.classes[1]
    prevalence = float(np.average(positive, weights=evidence.weight))
    return Lift(label, prevalence, tops, _sentence(tops[SAID], label))


def _gains(sweep: Sweep, weights: np.ndarray) -> np.ndarray:
    """Return the share of the class within each of the `TOPS`, under weights (b, n): (b, tops)."""
    true, false = sweep.passed(weights)
    passed = true + false
    wanted = np.array(TOPS) * passed[:, -1:]
    gained = [np.interp(*line) for line in zip(wanted, passed, true, strict=True)]
    return np.array(gained) / np.where(true[:, -1:] > 0, true[:, -1:], np.nan)


def _top(share: float, gain: Interval) -> Top:
    return Top(share, gain, Interval(*(value / share for value in astuple(gain))))


def _sentence(top: Top, label: str) -> str:
    return say(
        "The {share} of the rows that rank highest hold {gain} of those that are {label!r}: {lift} "
        "times as many as chance would.",
        share=percent(top.share),
        gain=percent_with_interval(top.gain),
        label=label,
        lift=figure(top.lift.value, digits=2),
    )
