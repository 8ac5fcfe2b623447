"""Lines of a trust report: what each demands and finds, its power, and the shared error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import Literal

import msgspec
import numpy as np
from msgspec import structs
from scipy.special import betainc

from gradum.errors import GradumError
from gradum.messages import marked, say, say_plural, sentences
from gradum.scores.figures import figure, percent
from gradum.study.shortfall import holm

Status = Literal["held", "failed", "not checked"]

STATUSES: dict[Status, str] = {
    "held": marked("held"),
    "failed": marked("failed"),
    "not checked": marked("not checked"),
}
"""The statuses in words, in the order in which they are counted."""

POWER = 0.8

Unit = Literal["points", "deviations", "metric"]
UNITS: dict[Unit, str] = {
    "points": marked("{gap} points"),
    "deviations": marked("{gap} of a standard deviation"),
    "metric": marked("{gap}"),
}

FOUND = 3.5
"""Standard errors from the demanded share down to one that a test can just distinguish, about."""


class Check(msgspec.Struct, frozen=True):
    """A demand on a model that was checked against findings, or could not be checked."""

    name: str
    """The part and the line, such as "scores.baseline"."""
    title: str
    """The demand, in words."""
    status: Status
    reason: str
    """The reason, in whole sentences."""
    about: str = ""
    """The column or metric that the line is about, if a demand has several lines."""
    value: float | None = None
    limit: float | None = None
    """What was found and what was demanded; None where either is not a number."""
    figure: str = ""
    threshold: str = ""
    """The same for people; empty if nothing was checked."""
    remedy: str = ""
    """How to check a line that was not checked; empty for other lines."""
    required: bool = False
    """Whether the line counts as failed if it was not checked."""
    p_value: float | None = None
    """For a line that chance may fail: the probability of this finding, or a worse one, if there
    were no gap, corrected for all comparisons within the line. None for all other lines."""
    adjusted_p: float | None = None
    """The same, also corrected for all lines of the report that chance may fail (Holm)."""
    gauge: Gauge | None = None
    """What such a line can find; None if it is unknown."""
    detectable: float | None = None
    """The gap that the line would find with 80% probability."""
    power: str = ""
    """The same for people."""

    @property
    def fails(self) -> bool:
        """Whether this line makes the report fail."""
        return self.status == "failed" or (self.required and self.status == "not checked")

    @property
    def part(self) -> str:
        """The part of the report that the line belongs to."""
        return self.name.partition(".")[0]

    def tested(self, p_value: float, gauge: Gauge | None = None) -> Check:
        """Return the line as one that chance may fail, judged so far only by its finding.

        `settled` lets it hold if chance explains the finding.
        """
        return structs.replace(self, p_value=p_value, gauge=gauge)


@dataclass(frozen=True)
class Obstacle:
    """Why a demand cannot be checked, and what would help."""

    reason: str
    """The reason, in whole sentences."""
    remedy: str = ""
    """What would help; empty if nothing does."""

    @classmethod
    def of(cls, error: GradumError) -> Obstacle:
        """Take reason and remedy from an error."""
        return cls(error.message, error.remedy)


@dataclass(frozen=True)
class Line:
    """A demand that a part of the report makes."""

    name: str
    """The part and the line, as in `Check` and in ``require``."""
    title: str
    """`marked`; it is translated when the check is made."""

    def judged(
        self,
        holds: bool,
        reason: str,
        *,
        figure: str,
        threshold: str,
        value: float | None = None,
        limit: float | None = None,
        about: str = "",
    ) -> Check:
        """Return the line for a demand that was checked."""
        return Check(
            self.name,
            say(self.title),
            "held" if holds else "failed",
            reason,
            about,
            value,
            limit,
            figure,
            threshold,
        )

    def not_checked(self, reason: str, remedy: str = "", *, about: str = "") -> Check:
        """Return the line for a demand that could not be checked, or that nobody made."""
        return Check(self.name, say(self.title), "not checked", reason, about, remedy=remedy)

    def blocked(self, obstacle: Obstacle, *, about: str = "") -> Check:
        """Return the line for a demand that an obstacle keeps from being checked."""
        return self.not_checked(obstacle.reason, obstacle.remedy, about=about)


class Gauge(msgspec.Struct, frozen=True):
    """The estimate that a line tests."""

    finds: str
    """`marked`: what the line would find, with its ``{gap}`` and ``{where}``."""
    unit: Unit
    """The unit of the gap: hundredths of a share, standard deviations, or a metric's own unit."""
    standard_error: float
    """The standard error of the gap, in shares, deviations or the metric's unit."""
    comparisons: float
    """The number by which the line divides its level: its comparisons, doubled if both sides
    count."""
    allowed: float = 0.0
    """The gap that is still no failure."""
    beyond: bool = False
    """Whether the line tests for a gap larger than ``allowed``, rather than for any gap."""
    where: str = ""
    """The group or the metric that has the gap."""

    def detectable(self, level: float) -> float:
        """Return the gap that fails the line in `POWER` of cases at a level, for a normal estimate.

        This is (z₁ + z₂) SE, with z₁ and z₂ the normal quantiles of 1 − level / comparisons and of
        the power. It must also lie beyond ``allowed``, by z₂ SE if the test is for any gap.
        """
        normal = NormalDist()
        reach = normal.inv_cdf(POWER) * self.standard_error
        shown = normal.inv_cdf(1.0 - level / self.comparisons) * self.standard_error + reach
        return self.allowed + shown if self.beyond else max(shown, self.allowed + reach)

    def in_words(self, gap: float) -> str:
        """Say what gap the line would find."""
        number = {
            "points": figure(100 * gap, digits=2),
            "deviations": percent(gap),
            "metric": figure(gap, digits=2),
        }[self.unit]
        return say(self.finds, gap=say(UNITS[self.unit], gap=number), where=self.where)


class Family(msgspec.Struct, frozen=True):
    """The lines of a report that chance may fail."""

    error: float
    """The share of reports on a correct model, for rows without shift, in which any line may
    fail."""
    lines: int
    """How many lines were tested."""
    power: float = POWER
    """The probability with which each line finds its ``detectable`` gap."""

    @property
    def sentence(self) -> str:
        """How often a line fails by chance."""
        if not self.lines:
            return say("No line was tested that can fail by chance.")
        return say_plural(
            "{count} line is a test and can fail by chance: with a correct model, on rows like "
            "those it learned from, it fails in at most {error} of reports.",
            "{count} lines are tests and can fail by chance: with a correct model, on rows like "
            "those it learned from, at least one of them fails in at most {error} of reports.",
            self.lines,
            error=percent(self.error, decimals=1),
        )

    @property
    def method(self) -> str:
        """The meaning of a failed test, and of one that holds; empty if nothing was tested."""
        if not self.lines:
            return ""
        return sentences(
            (
                say(
                    "A test fails only if the gap found is larger than allowed and larger than "
                    "chance explains at that error rate; gaps smaller than those below may go "
                    "unseen."
                ),
                say("The p-values of all tests are adjusted together, by Holm's procedure."),
            )
        )


def settled(checks: Sequence[Check], error: float) -> tuple[list[Check], Family]:
    """Let tested lines hold if chance explains the gap, and add what each would find.

    The p-values of all m tested lines are adjusted together (Holm): whatever their dependence, if
    there is no gap, the probability that any of them is at most ``error`` is at most ``error``.
    What a line would find is computed at the level error / m, which every line has at least.

    Parameters
    ----------
    checks : sequence of Check
        The checks of a whole report.
    """
    places = [place for place, check in enumerate(checks) if check.p_value is not None]
    settled = list(checks)
    adjusted = holm(np.array([checks[place].p_value for place in places], float))
    family = Family(error, len(places))
    for place, p_value in zip(places, adjusted.tolist(), strict=True):
        settled[place] = _settled(checks[place], p_value, family)
    return settled, family


def _settled(check: Check, adjusted: float, family: Family) -> Check:
    beyond, shown = check.status == "failed", adjusted <= family.error
    gap = None if check.gauge is None else check.gauge.detectable(family.error / family.lines)
    return structs.replace(
        check,
        status="failed" if beyond and shown else "held",
        reason=sentences((check.reason, _remark(check, family, beyond=beyond, shown=shown))),
        adjusted_p=adjusted,
        detectable=gap,
        power="" if check.gauge is None or gap is None else check.gauge.in_words(gap),
    )


def _remark(check: Check, family: Family, *, beyond: bool, shown: bool) -> str:
    """Say why a line holds although there is a gap; empty for other lines."""
    if shown and not beyond:
        return say("This gap is shown, but small.")
    if shown or not beyond:
        return ""
    if (check.p_value or 0.0) > family.error:
        return say("Chance explains as much as was found; more rows would tell.")
    return say(
        "By itself this gap would be beyond chance; among the {lines} tests of this report it is "
        "not, and more rows would tell.",
        lines=family.lines,
    )


def at_most(covered: float, rows: float, share: float) -> float:
    """Return P(X ≤ x) for a binomial X with m rows and share q: I(m − x, x + 1; 1 − q)."""
    return 1.0 if covered >= rows else float(betainc(rows - covered, covered + 1.0, 1.0 - share))


def share_error(share: float, rows: float) -> float:
    """Return the standard error of a share just far enough below ``share`` to be found."""
    error = sqrt(share * (1 - share) / rows)
    lower = max(share - FOUND * error, 0.5) if share > 0.5 else share
    return sqrt(lower * (1 - lower) / rows)
