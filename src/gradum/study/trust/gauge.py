"""The power of a line of a trust report: the least gap it would find, by its standard error."""

from __future__ import annotations

from statistics import NormalDist
from typing import Literal

import msgspec

from gradum.messages import marked, say
from gradum.scores.figures import figure, percent

POWER = 0.8

Unit = Literal["points", "deviations", "metric"]
UNITS: dict[Unit, str] = {
    "points": marked("{gap} points"),
    "deviations": marked("{gap} of a standard deviation"),
    "metric": marked("{gap}"),
}


class Gauge(msgspec.Struct, frozen=True):
    """The estimate that a line tests.

    Parameters
    ----------
    finds : str
        `marked`: what the line would find, with its ``{gap}`` and ``{where}``.
    unit : {"points", "deviations", "metric"}
        Of the gap: hundredths of a share, standard deviations, or a metric's own.
    standard_error : float
        Of the gap, in shares, deviations or the metric's unit.
    comparisons : float
        By how many the line divides its level: what it compares, twice where both sides count.
    allowed : float
        The gap that is no failure.
    beyond : bool
        Whether the test is that the gap is larger than ``allowed``; else that there is any.
    where : str
        The group or the metric that the gap is of.
    """

    finds: str
    unit: Unit
    standard_error: float
    comparisons: float
    allowed: float = 0.0
    beyond: bool = False
    where: str = ""

    def detectable(self, level: float) -> float:
        """Return the gap that fails the line in `POWER` of cases at a level, of a normal estimate.

        (z₁ + z₂) SE with z₁ and z₂ the normal quantiles of 1 − level / comparisons and of the
        power; it also has to lie ``allowed`` away, by z₂ SE where the test is of any gap.
        """
        normal = NormalDist()
        reach = normal.inv_cdf(POWER) * self.standard_error
        shown = normal.inv_cdf(1.0 - level / self.comparisons) * self.standard_error + reach
        return self.allowed + shown if self.beyond else max(shown, self.allowed + reach)

    def in_words(self, gap: float) -> str:
        """Say what the line would find."""
        number = {
            "points": figure(100 * gap, digits=2),
            "deviations": percent(gap),
            "metric": figure(gap, digits=2),
        }[self.unit]
        return say(self.finds, gap=say(UNITS[self.unit], gap=number), where=self.where)
