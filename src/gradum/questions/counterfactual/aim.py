"""The aim of a counterfactual: another class, or a number.

An aim measures how far predictions have come: their lead. From 0 on, the aim is reached by more
than float32 rounding could undo, so that a row has the same answer among others and alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from gradum.errors import SpecError
from gradum.messages import listed
from gradum.run.fitted import Fitted
from gradum.rungs.rung import Prediction
from gradum.tables.wording import SHOWN_NAMES, quoted, value_text

MARGIN_OF_CLASSES = 1e-4  # in log-odds
MARGIN_OF_NUMBERS = 1e-4  # of the distance to it
ROUNDING = 1e-6  # for a number
TINY = np.finfo(np.float64).tiny


class Aim(Protocol):
    """An answer that a counterfactual of one row is to reach."""

    def lead(self, prediction: Prediction) -> np.ndarray:
        """Return how far beyond the aim predictions are (n,): below 0 where they fall short."""
        ...

    def reached(self, prediction: Prediction) -> np.ndarray:
        """Return whether the answers are the wanted ones (n,)."""
        ...


@dataclass(frozen=True)
class ClassAim:
    """One of some classes, as decided by `predict`, by whatever rule it uses."""

    wanted: tuple[int, ...]
    """Their positions among the classes."""

    def lead(self, prediction: Prediction) -> np.ndarray:
        """Return max log p over wanted classes minus max log p over the others, minus a margin."""
        logs = np.log(np.maximum(deciding(prediction), TINY))
        wanted = np.isin(np.arange(logs.shape[1]), self.wanted)
        return logs[:, wanted].max(axis=1) - logs[:, ~wanted].max(axis=1) - MARGIN_OF_CLASSES

    def reached(self, prediction: Prediction) -> np.ndarray:
        """Return whether the predicted class is wanted."""
        return np.isin(prediction.value, self.wanted)


def deciding(prediction: Prediction) -> np.ndarray:
    """Return the probabilities (n, K), the greatest of which decides."""
    probability = prediction.probability if prediction.balanced is None else prediction.balanced
    assert probability is not None
    return probability


@dataclass(frozen=True)
class NumberAim:
    """At least a number above the present answer, or at most a number below it."""

    number: float
    present: float

    def lead(self, prediction: Prediction) -> np.ndarray:
        """Return how far predictions lie beyond the number, less a margin, in the target's unit."""
        way = self.number - self.present
        margin = MARGIN_OF_NUMBERS * abs(way) + ROUNDING * abs(self.number)
        return np.sign(way) * (prediction.value - self.number) - margin

    def reached(self, prediction: Prediction) -> np.ndarray:
        """Return whether the number is reached."""
        return np.sign(self.number - self.present) * (prediction.value - self.number) >= 0


def wanted_of(fitted: Fitted, towards: Any) -> int | float | None:
    """Return the requested class's position, or the requested number; None for any other class.

    Raises
    ------
    SpecError
        There is no such class, the value is not a number, or none is given where one is needed.
    """
    if fitted.classes:
        if towards is None:
            return None
        for place, label in enumerate(fitted.classes):
            if label == towards or str(label) == str(towards):
                return place
        raise SpecError(
            "{towards!r} is no class of this model.",
            "Choose {classes}.",
            towards=towards,
            classes=quoted(fitted.classes, SHOWN_NAMES),
        )
    if towards is None:
        raise SpecError(
            "The target is a number: which one is to be reached?",
            "Give it with --towards NUMBER, in Python towards=….",
        )
    try:
        number = float(towards)
    except (TypeError, ValueError):
        number = np.nan
    if not np.isfinite(number):
        raise SpecError(
            "{towards!r} is no number that an answer can reach.",
            "Give a number in the unit of the target.",
            towards=towards,
        )
    return number


def aim_of(fitted: Fitted, wanted: int | float | None, present: Prediction, row: int) -> Aim:
    """Return the aim of a row, given its present prediction.

    Raises
    ------
    SpecError
        The row has that answer already.
    """
    answer = present.value[0]
    if not fitted.classes:
        number = float(wanted or 0.0)
        if number == answer:
            raise SpecError(
                "Row {row} is answered {answer} already.",
                "Give a number above or below it.",
                row=row,
                answer=value_text(number),
            )
        return NumberAim(number, float(answer))
    if wanted == answer:
        label = repr(fitted.classes[int(answer)])
        others = [repr(name) for place, name in enumerate(fitted.classes) if place != answer]
        raise SpecError(
            "Row {row} is answered {answer} already.",
            "Choose {classes}.",
            row=row,
            answer=label,
            classes=listed(others[:SHOWN_NAMES], "or"),
        )
    places = range(len(fitted.classes)) if wanted is None else (int(wanted),)
    return ClassAim(tuple(place for place in places if place != answer))
