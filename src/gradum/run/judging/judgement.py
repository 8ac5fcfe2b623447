"""The judgement of rungs on rows with known targets: scores with intervals, and the verdict."""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np

from gradum.messages import marked
from gradum.run.alarm import Alarm
from gradum.run.judging.by_class import ClassScores
from gradum.run.judging.verdict import Standing, Verdict
from gradum.run.split_check import SplitCheck
from gradum.rungs.names import BASELINE
from gradum.scores.interval import Interval
from gradum.tables.doubt import Doubt

KEPT_ON_ALL = marked("the model that is kept is fitted on all rows")
"""What is said of a cross-validation, where the kept model is fitted on all rows."""

Scores = dict[str, dict[str, dict[str, Interval]]]
"""rung -> part -> metric -> interval."""


class Judgement(msgspec.Struct, frozen=True):
    """How good each rung is, and how that was found out."""

    how: str
    """The rows that judged, in words."""
    rows: dict[str, int]
    """Part -> number of rows behind its scores."""
    scores: Scores
    """Rung -> part -> metric -> value with its 95% bootstrap interval. A metric that is undefined
    for every rung is left out; if it is undefined for some rungs, their value is NaN."""
    prevalence: dict[str, float]
    """Class -> its share of the judging rows; empty for regression. An average precision is to be
    compared with this share."""
    verdict: Verdict
    """Which rung is used and which is enough."""
    fit_check: str
    """One sentence on over- or underfitting; empty if no training rows were scored."""
    notes: tuple[str, ...] = ()
    """What else a reader must know about the rows."""
    alarms: tuple[Alarm, ...] = ()
    """What makes the scores mean less than they say."""
    interrupted: bool = False
    """Whether the run was stopped before it was done."""
    headline: tuple[str, ...] = ()
    """A few sentences in the reader's words; see `gradum.run.judging.headline`."""
    by_class: tuple[ClassScores, ...] = ()
    """Precision, recall and F1 of each class by the rung in use; empty for regression."""
    rivals: tuple[Standing, ...] = ()
    """Estimators of other libraries, judged on the same rows."""
    folds: int = 0
    """The folds of the cross-validation that judged; 0 if rows were held out."""
    cut_short: tuple[str, ...] = ()
    """The rungs with a fit that the time limit ended before it was done."""
    split: SplitCheck | None = None
    """What was found about a split by time or by group; None in files of earlier versions."""
    doubts: tuple[Doubt, ...] = ()
    """What a reader should check about the rows; the schema has those about columns."""
    unit: str = ""
    """The unit or currency of a numeric target, such as kg; empty if none is known."""
    from_naive: Literal["", "series", "scaled"] = ""
    """What is judged. "": rows are predicted. "series": one series is forecast, and its baseline is
    the seasonal naive forecast; "scaled": several, whose errors are multiples of their usual
    changes."""
    own_units: dict[str, dict[str, Interval]] = {}
    """Rung or rival -> metric -> its score on the test rows in the target's own unit, where errors
    are scored in multiples of each series' usual change."""
    loss: str = ""
    """The loss that models learned by, if it was asked for; empty if it was not."""

    @property
    def kept_on_all(self) -> bool:
        """Whether the kept model is fitted on all rows, including those that judged."""
        # Files of earlier versions say so in words, and in English.
        return self.folds > 0 or KEPT_ON_ALL in self.how

    @property
    def compared(self) -> dict[str, Interval]:
        """The score of each rung that the verdict compares: the rungs whose score is defined."""
        scores = {rung: parts["test"] for rung, parts in self.scores.items()}
        return defined(scores, self.verdict.metric)

    @property
    def no_model_helps(self) -> bool:
        """Whether the verdict is to use no model, as none does better than guessing."""
        return self.verdict.used == BASELINE and len(self.compared) > 1

    @property
    def held_out_from(self) -> int | None:
        """How many rows the judging model learned from; None for the many of a cross-validation.

        Folds of a forecast follow each other, so that errors of their means do not cancel: they
        count as one model.
        """
        chained = bool(self.from_naive)
        return self.rows.get("train") if chained or not self.folds else None


def defined(scores: dict[str, dict[str, Interval]], metric: str) -> dict[str, Interval]:
    """Return the score of each rung that has one by a metric, given all scores."""
    return {
        rung: of_rung[metric]
        for rung, of_rung in scores.items()
        if metric in of_rung and not np.isnan(of_rung[metric].value)
    }
