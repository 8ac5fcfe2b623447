"""The outcome of a verification."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

Verdict = Literal["proved", "refuted", "not decided"]
Stage = Literal["attack", "interval", "crown", "search"]

VERDICTS: tuple[Verdict, ...] = ("proved", "not decided", "refuted")
"""From good to bad."""
STAGES: tuple[Stage, ...] = ("attack", "interval", "crown", "search")
"""In the order in which they are tried."""


def gravest(verdicts: Iterable[Verdict]) -> Verdict:
    """Return "refuted" if any is, else "not decided" if any is, else "proved"."""
    return max((VERDICTS[0], *verdicts), key=VERDICTS.index)


def latest(stages: Iterable[Stage]) -> Stage:
    """Return the stage, of one at least, that is tried after all others."""
    return max(stages, key=STAGES.index)


@dataclass(frozen=True, eq=False)
class VerificationOutcome:
    """Whether a network has a property.

    Parameters
    ----------
    verdict : str
        "proved", "refuted" or "not decided".
    stage : str
        What decided, or was the last to be tried: "attack", "interval" (arithmetic), "crown"
        (linear bounds of the whole box, or an attack from the corners that they lead to) or
        "search" (branch and bound).
    certified : float
        The share of the domain's volume in which there is certainly no unsafe output. Inputs that
        are fixed do not count; levels of a group count alike. A box that was divided by a unit
        counts as open as a whole while one of its parts is open.
    boxes : int
        How many boxes were bounded.
    seconds : float
        Of wall time.
    x, y : ndarray, optional
        The counterexample and its output, where refuted.
    """

    verdict: Verdict
    stage: Stage
    certified: float
    boxes: int
    seconds: float
    x: np.ndarray | None = None
    y: np.ndarray | None = None
