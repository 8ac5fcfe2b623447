"""Expected scores of new rows without labels: plain values, and their sentences."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np

from gradum.messages import say
from gradum.scores.figures import figure
from gradum.scores.metrics import METRICS

FEWEST_JUDGED = 100
ALIKE = 0.85
"""The share of judged rows that must be like the new ones; otherwise intervals are too narrow.

Rows of the same population have a share of 0.97. For a logistic model on 800 judged rows, 0.84 is
left if three columns move by half a standard deviation, and 0.52 if they move by one.
"""


class ExpectedScore(msgspec.Struct, frozen=True):
    """One expected score of new rows, before their labels are known."""

    metric: str
    value: float
    low: float
    high: float
    """The expected score, and the ends between which it lies in 95% of cases."""
    standard_error: float
    judged: float
    """The score of the judged rows."""
    worse_p: float | None
    """The p-value for not being worse than on the judged rows; None if it is not known."""


class Expectation(msgspec.Struct, frozen=True):
    """What to expect for new rows without labels."""

    scores: tuple[ExpectedScore, ...]
    """The score for the run's metric first; metrics that some draws leave undefined are left
    out."""
    rows: int
    judged_rows: int
    """The numbers of new and judged rows that this rests on."""
    alike: float
    """How many judged rows would give as much information if all of them were like the new ones."""
    by_columns: bool
    """Whether rows were compared by their columns, rather than by the answers alone."""
    telling_rows: tuple[int, ...]
    """Positions, from 0, of the new rows whose labels would tell most about the score."""
    labels_to_halve: int
    """How many labels of randomly drawn new rows would halve the interval of the first score."""
    worse: bool = False
    """Whether the first score is expected to be worse beyond chance, corrected for all tests."""
    sentences: tuple[str, ...] = ()

    @property
    def worse_p(self) -> float | None:
        """The p-value for the first score not being worse than that of the judged rows."""
        return self.scores[0].worse_p if self.scores else None

    def numbered(self, numbers: np.ndarray) -> Expectation:
        """Replace positions in the drawn rows by positions in the table (n,), from 0."""
        rows = tuple(numbers[list(self.telling_rows)].tolist())
        return msgspec.structs.replace(self, telling_rows=rows)


def expectation_sentences(expectation: Expectation, *, dependent: bool) -> Iterator[str]:
    """Say what is expected, and what this rests on.

    ``dependent`` says whether rows belong together, in groups or in time.
    """
    if expectation.scores:
        first = expectation.scores[0]
        yield say(
            "Even without labels, the {metric} of these rows can be estimated: {value} ({low} to "
            "{high}); on the judged rows it was {judged}.",
            metric=METRICS[first.metric].words,
            value=figure(first.value),
            low=figure(first.low),
            high=figure(first.high),
            judged=figure(first.judged),
        )
    yield say(
        "This holds if the target depends on the columns as it did on the judged rows; a change "
        "of that relation cannot be seen without labels."
    )
    if not expectation.by_columns:
        yield say(
            "Rows were compared only by their answers, because the columns of the judged rows "
            "are not available."
        )
    if dependent:
        yield say(
            "The interval treats rows as independent: rows that belong together, in groups or in "
            "time, tell less, so it may be too narrow."
        )
    if expectation.alike < max(FEWEST_JUDGED, ALIKE * expectation.judged_rows):
        yield say(
            "Not all judged rows are like these: all {judged:,} tell only as much as {alike:,.0f} "
            "such rows would. The interval is then too narrow, and the true score may lie outside "
            "of it.",
            judged=expectation.judged_rows,
            alike=expectation.alike,
        )
