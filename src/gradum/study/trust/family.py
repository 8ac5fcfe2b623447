"""Lines that chance may fail share one error: Holm's procedure over all lines of a report."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from msgspec import structs

from gradum.messages import say, say_plural, sentences
from gradum.scores.figures import percent
from gradum.study.coverage.shortfall import holm
from gradum.study.trust.check import Check
from gradum.study.trust.gauge import POWER


class Family(msgspec.Struct, frozen=True):
    """The lines of a report that chance may fail.

    Parameters
    ----------
    error : float
        The share of reports of a correct model, on rows without shift, in which any may fail.
    lines : int
        How many were tested.
    power : float
        The probability with which each finds its ``detectable`` gap.
    """

    error: float
    lines: int
    power: float = POWER

    @property
    def sentence(self) -> str:
        """What a failed line means, and a line that holds."""
        if not self.lines:
            return say("No line was tested that chance may fail.")
        return sentences(
            (
                say_plural(
                    "{count} line is a test, which chance may fail: of a correct model, on rows "
                    "without shift, in at most {error} of reports.",
                    "{count} lines are tests, which chance may fail: of a correct model, on rows "
                    "without shift, any of them does in at most {error} of reports (Holm).",
                    self.lines,
                    error=percent(self.error, decimals=1),
                ),
                say(
                    "A test fails where a gap is beyond chance at that error and the gap found is "
                    "larger than what is allowed; smaller gaps than those below may go unseen."
                ),
            )
        )


def settled(checks: Sequence[Check], error: float) -> tuple[list[Check], Family]:
    """Let tested lines hold that chance explains, and say what each would find.

    The p-values of all m tested lines are adjusted together (Holm): whatever their dependence, if
    there is no gap, any of them is at most ``error`` with at most that probability. What a line
    would find is given at the level error / m, which it is sure to have.

    Parameters
    ----------
    checks : sequence of Check
        Of a whole report.
    error : float
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
    """Say why a line holds though there is a gap; nothing of other lines."""
    if shown and not beyond:
        return say("That is shown, and small.")
    if shown or not beyond:
        return ""
    if (check.p_value or 0.0) > family.error:
        return say("Chance explains as much as was found; more rows would tell.")
    return say(
        "Alone that would be beyond chance; among the {lines} tests of this report it is not, and "
        "more rows would tell.",
        lines=family.lines,
    )
