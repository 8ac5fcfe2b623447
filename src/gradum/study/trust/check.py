"""One line of a trust report: what was checked, what was found, what was asked, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec
from msgspec import structs

from gradum.errors import GradumError
from gradum.messages import marked, say
from gradum.study.trust.gauge import Gauge

Status = Literal["held", "failed", "not checked"]

STATUSES: dict[Status, str] = {
    "held": marked("held"),
    "failed": marked("failed"),
    "not checked": marked("not checked"),
}
"""In words, in the order in which they are counted."""


class Check(msgspec.Struct, frozen=True):
    """A demand on a model that was held against what was found, or could not be.

    Parameters
    ----------
    name : str
        The part and the line, such as "scores.baseline".
    title : str
        What is demanded, in words.
    status : {"held", "failed", "not checked"}
    reason : str
        Why, in whole sentences.
    about : str
        The column or metric that the line is about, where a demand has several lines.
    value, limit : float or None
        What was found and what was asked for; None where either is no number.
    figure, threshold : str
        The same for people; empty where nothing was checked.
    remedy : str
        How to check what was not checked; empty for the others.
    required : bool
        Whether the line counts as failed when it was not checked.
    p_value : float or None
        Of a line that chance may fail: the probability of what was found, or worse, were there no
        gap; whatever the line itself compares is counted. None of all other lines.
    adjusted_p : float or None
        The same, all lines of the report that chance may fail being counted as well (Holm).
    gauge : Gauge or None
        What such a line can find; None where it is unknown.
    detectable : float or None
        The gap that it would find with 80% probability.
    power : str
        The same for people.
    """

    name: str
    title: str
    status: Status
    reason: str
    about: str = ""
    value: float | None = None
    limit: float | None = None
    figure: str = ""
    threshold: str = ""
    remedy: str = ""
    required: bool = False
    p_value: float | None = None
    adjusted_p: float | None = None
    gauge: Gauge | None = None
    detectable: float | None = None
    power: str = ""

    @property
    def fails(self) -> bool:
        """Whether the report fails by this line."""
        return self.status == "failed" or (self.required and self.status == "not checked")

    @property
    def part(self) -> str:
        """The part of the report that the line belongs to."""
        return self.name.partition(".")[0]

    def tested(self, p_value: float, gauge: Gauge | None = None) -> Check:
        """Return the line as one that chance may fail, judged by what was found alone so far.

        `family.settled` lets it hold if chance explains that.
        """
        return structs.replace(self, p_value=p_value, gauge=gauge)


@dataclass(frozen=True)
class Obstacle:
    """Why a demand cannot be checked, and what would help.

    Parameters
    ----------
    reason : str
        In whole sentences.
    remedy : str
        Empty where nothing helps.
    """

    reason: str
    remedy: str = ""

    @classmethod
    def of(cls, error: GradumError) -> Obstacle:
        """Take both from an error."""
        return cls(error.message, error.remedy)


@dataclass(frozen=True)
class Line:
    """A demand that a part of the report makes.

    Parameters
    ----------
    name : str
        The part and the line, as `Check` has them and as ``require`` names them.
    title : str
        `marked`; it is said when the check is made.
    """

    name: str
    title: str

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
        """Return the line of a demand that was checked."""
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
        """Return the line of a demand that could not be checked, or that nobody made."""
        return Check(self.name, say(self.title), "not checked", reason, about, remedy=remedy)

    def blocked(self, obstacle: Obstacle, *, about: str = "") -> Check:
        """Return the line of a demand that an obstacle keeps from being checked."""
        return self.not_checked(obstacle.reason, obstacle.remedy, about=about)
