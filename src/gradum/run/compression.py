"""A record of a distillation: the sizes tried, and error, bytes and time before and after."""

from __future__ import annotations

import sys

import msgspec

from gradum.messages import say, sentences
from gradum.scores.figures import figure, percent
from gradum.scores.interval import Interval
from gradum.scores.metrics import METRICS


class Trial(msgspec.Struct, frozen=True):
    """A size that was tried, and by how much the error was expected to grow: 0.01 is 1%."""

    rung: str
    size: str
    expected: float


class Compression(msgspec.Struct, frozen=True):
    """A model distilled from a larger one.

    Pairs hold the larger model's figure, then that of the smaller one.
    """

    of: str
    """The fingerprint of the larger model."""
    taught_by: str
    """What the larger model is, in words."""
    rung: str
    size: str
    """What the smaller model is, and how large."""
    budget: float
    """By how much the error was allowed to grow."""
    metric: str
    """The error."""
    rows: int
    """How many rows judged both."""
    errors: tuple[Interval, Interval]
    difference: Interval
    """The smaller model's error minus the larger one's, on the same resamples."""
    bytes: tuple[int, int]
    """What the weights take."""
    microseconds: tuple[float, float]
    """What a row takes when all judged rows are answered, its encoding included."""
    changed: float | None
    """The share of judged rows whose predicted class differs; None for numbers."""
    trials: tuple[Trial, ...]
    """The sizes that were tried, smallest first; ``size`` is the first that was expected to keep
    the budget, or the nearest of all."""

    @property
    def keeps_budget(self) -> bool:
        """Whether the error grew by no more than was allowed, on the rows that judged."""
        return self.growth[0] <= self.budget

    @property
    def growth(self) -> tuple[float, float, float]:
        """By how much the error grew, relative to the larger model's, and its interval."""
        whole = max(self.errors[0].value, sys.float_info.min)  # of a model that never errs
        difference = self.difference
        return difference.value / whole, difference.low / whole, difference.high / whole

    @property
    def sentence(self) -> str:
        """What was lost and gained, in words."""
        growth, low, high = (100 * share for share in self.growth)
        lost = say(
            "This model, {size}, was distilled from {teacher} {of}. On the {rows:,} rows that "
            "judged both, its {metric} is {smaller} instead of {larger}: {growth:+.1f}%, with 95% "
            "confidence {low:+.1f}% to {high:+.1f}%.",
            size=self.size,
            teacher=self.taught_by,
            of=self.of,
            rows=self.rows,
            metric=METRICS[self.metric].words,
            smaller=figure(self.errors[1].value),
            larger=figure(self.errors[0].value),
            growth=growth,
            low=low,
            high=high,
        )
        gained = say(
            "Its weights take {small:,.0f} kB instead of {large:,.0f} kB, and a row takes {quick} "
            "µs instead of {slow} µs.",
            small=self.bytes[1] / 1000,
            large=self.bytes[0] / 1000,
            quick=figure(self.microseconds[1]),
            slow=figure(self.microseconds[0]),
        )
        if self.changed is None:
            return sentences([lost, gained])
        changed = say(
            "It predicts another class for {share} of the rows.",
            share=percent(self.changed, decimals=1),
        )
        return sentences([lost, changed, gained])
