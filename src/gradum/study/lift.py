"""Gain and lift: how many of a class are among the rows that rank highest."""

from __future__ import annotations

from dataclasses import astuple

import msgspec
import numpy as np

from gradum.messages import say
from gradum.scores.bootstrap import scheme_basis
from gradum.scores.figures import figure, percent, percent_with_interval
from gradum.scores.interval import Basis, Interval, Sampled, Shares, of_shares
from gradum.study.evidence import Evidence
from gradum.study.resampling import places_to_redraw, redrawn
from gradum.study.threshold_sweep import Sweep

TOPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
SAID = TOPS.index(0.1)
STEPS_REDRAWN = 2000


class Top(msgspec.Struct, frozen=True):
    """The rows that rank highest by the probability of the class.

    Parameters
    ----------
    share : float
        Their share of the weight of all rows.
    gain : Interval
        The share of the class that is among them.
    lift : Interval
        gain / share: how many times as many as by chance.
    """

    share: float
    gain: Interval
    lift: Interval


class Lift(msgspec.Struct, frozen=True):
    """Gain and lift of the second of two classes.

    Parameters
    ----------
    positive : str
        The class.
    prevalence : float
        Its weighted share of the judged rows; times the lift it is the precision among the top.
    tops : tuple of Top
        By rising share: `TOPS`.
    sentence : str
        What the top tenth holds.
    """

    positive: str
    prevalence: float
    tops: tuple[Top, ...]
    sentence: str


def lift(evidence: Evidence) -> Lift | None:
    """Go down the ranking of the judged rows; None where they are of one class.

    Where a share ends among rows of equal probability, these count in part, as they would in a
    random order on average. Intervals are Wilson's, by the judge's resamples.
    """
    assert evidence.prediction.probability is not None
    score, positive = evidence.prediction.probability[:, 1], evidence.target == 1
    if positive.all() or not positive.any():
        return None
    gains = _gains(Sweep.of(score, positive), evidence.weight[None, :])[0]
    places = places_to_redraw(evidence, "lift")
    sweep = Sweep.of(score[places], positive[places], STEPS_REDRAWN)
    drawn = np.concatenate(
        [_gains(sweep, weights) for weights in redrawn(evidence, places, "lift")]
    )
    drawn += gains - drawn[0]  # where a sample is looked at, or steps
    basis = scheme_basis([positive, ~positive], evidence.resamples("lift").scheme)
    tops = tuple(
        _top(share, float(gain), draws, basis)
        for share, gain, draws in zip(TOPS, gains, drawn[1:].T, strict=True)
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


def _top(share: float, gain: float, draws: np.ndarray, basis: Basis) -> Top:
    shares = Shares(np.array([gain]), draws[:, None], np.array([basis.rows / 2]))
    interval = of_shares(Sampled(gain, draws, basis, shares=shares))
    times = Interval(*(value / share for value in astuple(interval)))
    return Top(share, interval, times)


def _sentence(top: Top, label: str) -> str:
    return say(
        "The {share} of the rows that rank highest hold {gain} of those that are {label!r}: {lift} "
        "times as many as chance would.",
        share=percent(top.share),
        gain=percent_with_interval(top.gain),
        label=label,
        lift=figure(top.lift.value, digits=2),
    )
