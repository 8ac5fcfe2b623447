"""Tests of equivalence and non-inferiority: as good as another model, within a margin."""

from __future__ import annotations

import math
from dataclasses import replace

import msgspec
import numpy as np
from scipy.special import ndtri

from gradum.errors import SpecError
from gradum.messages import listed, marked, say
from gradum.scores.bootstrap import Resamples, sampled
from gradum.scores.figures import figure, percent
from gradum.scores.interval import Interval, Sampled
from gradum.scores.metrics import METRICS, metrics_for
from gradum.scores.outcome import Outcome

ERROR, POWER = 0.05, 0.8
"""How often a claim may be wrong, and how often the needed rows show a claim that is true."""

EQUAL = marked(
    "Equally good: neither is worse than the other by more than {margin} in {metric}, with 95% "
    "certainty."
)
FIRST_IS_AS_GOOD = marked(
    "The first is as good as the second: it is not worse by more than {margin} in {metric}, with "
    "95% certainty. Whether the second is as good as the first is not shown."
)
SECOND_IS_AS_GOOD = marked(
    "The second is as good as the first: it is not worse by more than {margin} in {metric}, with "
    "95% certainty. Whether the first is as good as the second is not shown."
)
FIRST_IS_WORSE = marked(
    "The first is worse than the second by more than {margin} in {metric}, with 95% certainty."
)
SECOND_IS_WORSE = marked(
    "The second is worse than the first by more than {margin} in {metric}, with 95% certainty."
)
NOTHING_SHOWN = marked(
    "Of neither is it shown that it is as good as the other within {margin} in {metric}."
)


class Margin(msgspec.Struct, frozen=True):
    """By how much a score may be worse."""

    size: float
    """In the units of the metric, or as a share of the other model's score."""
    is_share: bool

    @classmethod
    def read(cls, text: str) -> Margin:
        """Read ``"1%"``, a share of the other model's score, or ``"0.01"``, in the metric's units.

        Raises
        ------
        SpecError
            It is neither, or not above 0; or a share is not below 100%.
        """
        number = text.strip()
        is_share = number.endswith("%")
        try:
            size = float(number.removesuffix("%")) / (100 if is_share else 1)
        except ValueError:
            size = math.nan
        if not (0 < size < (1 if is_share else math.inf)):
            raise SpecError(
                "The margin {text!r} cannot be used.",
                "Give a share of the score, such as 1%, or a number above 0, such as 0.01.",
                text=text,
            )
        return cls(size, is_share)

    @property
    def words(self) -> str:
        """The margin as people write it."""
        if not self.is_share:
            return figure(self.size)
        return percent(self.size, decimals=0 if self.size * 100 % 1 < 1e-9 else 1)


class AsGood(msgspec.Struct, frozen=True):
    """Whether each of two models is as good as the other within a margin."""

    metric: str
    margin: Margin
    excess: tuple[Interval, Interval]
    """By how much more than allowed the first is worse than the second, and the second than the
    first, with two-sided 90% intervals: where one ends below 0, that model is as good, which is
    claimed of a model that is not in 5% of samples at most."""
    rows: int
    """How many rows were judged."""
    needed: float | None
    """Of how many rows both claims would be shown in 80% of samples, if the two models are equally
    good. None if both are shown, one model is worse, or no interval is known."""

    @property
    def shown(self) -> tuple[bool, bool]:
        """Whether the first, and whether the second, is as good as the other."""
        return self.excess[0].high < 0, self.excess[1].high < 0

    @property
    def worse(self) -> tuple[bool, bool]:
        """Whether the first, and whether the second, is worse by more than the margin."""
        return self.excess[0].low > 0, self.excess[1].low > 0

    @property
    def sentence(self) -> str:
        """What is shown, in words."""
        return say(self._template, margin=self.margin.words, metric=METRICS[self.metric].words)

    @property
    def _template(self) -> str:
        if any(self.worse):
            return FIRST_IS_WORSE if self.worse[0] else SECOND_IS_WORSE
        match self.shown:
            case True, True:
                return EQUAL
            case True, False:
                return FIRST_IS_AS_GOOD
            case False, True:
                return SECOND_IS_AS_GOOD
        return NOTHING_SHOWN

    @property
    def advice(self) -> str:
        """How many rows would show both claims; empty where both are shown."""
        if self.needed is None or self.needed <= self.rows:
            return ""
        return say(
            "If the two are equally good, some {needed} judged rows would show it, with a "
            "chance of 80%; {rows:,} were judged.",
            needed=figure(self.needed, digits=2),
            rows=self.rows,
        )


def as_good(
    first: Outcome, second: Outcome, metric: str, margin: Margin, resamples: Resamples
) -> AsGood:
    """Test of each model whether it is worse than the other by less than the margin.

    The first is as good as the second if the upper bound of sign · (first − second) − allowed is
    below 0, at one-sided 95%, with sign = 1 where less is better and −1 where more is; allowed is
    the margin, or that share of the second's score. All three are resampled together. Both claims
    make an equivalence: each is wrong in 5% of samples at most, and so is both together. Source:
    D. J. Schuirmann, Journal of Pharmacokinetics and Biopharmaceutics 15, 1987 (two one-sided
    tests).

    Parameters
    ----------
    first, second : Outcome
        Of the same rows.

    Raises
    ------
    SpecError
        The metric is not one of the task, or is infinite or undefined for a model; or a share is
        asked for of a score that is not above 0.
    """
    known = [each.name for each in metrics_for(first)]
    if metric not in known:
        raise SpecError(
            "There is no metric {metric!r} of this target.",
            "Give --metric (metric) {names}.",
            metric=metric,
            names=listed(known, "or"),
        )
    one, two = (each[metric] for each in sampled([first, second], resamples, [metric]))
    for side in (one, two):
        _refuse_score(side.value, metric, margin)
    excess = _excess(one, two, metric, margin), _excess(two, one, metric, margin)
    return AsGood(metric, margin, excess, len(first), _needed(one, two, excess, margin, len(first)))


def _refuse_score(value: float, metric: str, margin: Margin) -> None:
    if not np.isfinite(value):
        raise SpecError(
            "A model's {metric} is not a finite number.",
            "Name another --metric (metric).",
            metric=METRICS[metric].words,
        )
    if margin.is_share and not value > 0:
        raise SpecError(
            "A model's {metric} is {value}, and a share of it is no margin.",
            "Give a margin in the units of the score, such as 0.01.",
            metric=METRICS[metric].words,
            value=figure(value),
        )


def _excess(one: Sampled, other: Sampled, metric: str, margin: Margin) -> Interval:
    """Return by how much more than allowed ``one`` is worse than ``other``, with a 90% interval."""
    sign = METRICS[metric].sign
    share = sign * margin.size if margin.is_share else 0.0
    allowed = replace(other, value=other.value * (1 + share), draws=other.draws * (1 + share))
    worse = METRICS[metric].difference(one, allowed, 1 - 2 * ERROR)
    low, high = sorted((sign * worse.low, sign * worse.high))
    moved = 0.0 if margin.is_share else margin.size
    return Interval(sign * worse.value - moved, low - moved, high - moved, worse.standard_error)


def _needed(
    one: Sampled, two: Sampled, excess: tuple[Interval, Interval], margin: Margin, rows: int
) -> float | None:
    """Return the rows of which both claims are shown in 80% of samples of equally good models.

    Both upper bounds have to be below 0: n (z₀.₉₅ + z₀.₉)² (SE / allowed)².
    """
    decided = all(each.high < 0 for each in excess) or any(each.low > 0 for each in excess)
    if decided or not all(each.known for each in excess):
        return None
    allowed = margin.size * (min(one.value, two.value) if margin.is_share else 1.0)
    error = max(each.standard_error for each in excess)
    return rows * ((ndtri(1 - ERROR) + ndtri((1 + POWER) / 2)) * error / allowed) ** 2
