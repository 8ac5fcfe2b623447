"""Precision, recall, F1 and the share flagged for one of two classes, by threshold."""

from __future__ import annotations

import msgspec
import numpy as np
from msgspec import structs

from gradum.run.judging.by_class import ClassScores
from gradum.run.judging.judgement import Judgement
from gradum.scores.bootstrap import scheme_basis
from gradum.scores.interval import Interval
from gradum.scores.weighting import ratio
from gradum.study.evidence import Evidence
from gradum.study.resampling import places_to_redraw, redrawn, share_around

THRESHOLDS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)


class AtThreshold(msgspec.Struct, frozen=True):
    """The results of predicting the class where its probability is at least ``threshold``."""

    threshold: float
    flagged: float
    """Weighted share of the rows that are then predicted as the class, the flagged rows."""
    precision: Interval | None
    """Share of the flagged rows that belong to the class; None if there are none."""
    recall: Interval
    """Share of the class's rows that are flagged."""
    f1: Interval
    """2·hits / (rows of the class + rows flagged)."""

    def agrees(self, judged: ClassScores) -> bool:
        """Whether the class predictions of the models that judged score the same."""
        return self.precision is not None and all(
            np.isclose(mine.value, theirs.value)
            for mine, theirs in (
                (self.precision, judged.precision),
                (self.recall, judged.recall),
                (self.f1, judged.f1),
            )
        )

    def as_judged(self, judged: ClassScores) -> AtThreshold:
        """Return the same with the judge's intervals, where they belong to the same scores."""
        if not self.agrees(judged):
            return self
        return structs.replace(self, precision=judged.precision, recall=judged.recall, f1=judged.f1)


class ThresholdTable(msgspec.Struct, frozen=True):
    """The second of two classes by threshold."""

    positive: str
    """The class."""
    prevalence: float
    """The class's weighted share of the judged rows."""
    usual: float
    """The threshold that `predict` uses."""
    rows: tuple[AtThreshold, ...]
    """In order of rising threshold: `THRESHOLDS`, and the usual one."""

    @property
    def at_usual(self) -> AtThreshold:
        """The row of the usual threshold."""
        return next(each for each in self.rows if each.threshold == self.usual)


def threshold_table(evidence: Evidence) -> ThresholdTable | None:
    """Count what each threshold finds on the judged rows; None if they all have one class.

    Intervals come from the judge's resamples of rows, groups or time.
    """
    score, positive = evidence.prediction.shares[:, 1], evidence.target == 1
    if positive.all() or not positive.any():
        return None
    thresholds = np.unique([*THRESHOLDS, evidence.threshold])
    own = _Shares.of(score, positive, evidence.weight[None, :], thresholds)
    places = places_to_redraw(evidence, "threshold table")
    blocks = [
        _Shares.of(score[places], positive[places], weights, thresholds)
        for weights in redrawn(evidence, places, "threshold table")
    ]
    scheme = evidence.resamples("threshold table").scheme
    of_class = scheme_basis([positive], scheme)
    rows = []
    for place, at in enumerate(thresholds.tolist()):
        flagged = score >= at
        of_flagged = scheme_basis([flagged], scheme) if flagged.any() else of_class
        bases = {"precision": of_flagged, "recall": of_class, "f1": of_class}
        found = {
            name: share_around(
                float(getattr(own, name)[0, place]),
                np.concatenate([getattr(block, name)[:, place] for block in blocks]),
                basis,
                float(max(basis.rows, 1)),
            )
            for name, basis in bases.items()
            if name != "precision" or flagged.any()
        }
        rows.append(
            AtThreshold(
                at,
                float(own.flagged[0, place]),
                found.get("precision"),
                found["recall"],
                found["f1"],
            )
        )
    prevalence = float(np.average(positive, weights=evidence.weight))
    return ThresholdTable(evidence.classes[1], prevalence, evidence.threshold, tuple(rows))


def judged_table(evidence: Evidence, judgement: Judgement) -> ThresholdTable | None:
    """Count the same, with the judge's intervals for the scores at the usual threshold."""
    table = threshold_table(evidence)
    if table is None or len(judgement.by_class) < 2:
        return table
    judged = table.at_usual.as_judged(judgement.by_class[1])
    rows = (judged if each.threshold == table.usual else each for each in table.rows)
    return structs.replace(table, rows=tuple(rows))


class _Shares(msgspec.Struct, frozen=True):
    """Shares under b weightings at T thresholds, each (b, T)."""

    flagged: np.ndarray
    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray

    @classmethod
    def of(
        cls, score: np.ndarray, positive: np.ndarray, weights: np.ndarray, thresholds: np.ndarray
    ) -> _Shares:
        """Sum the weights (b, n) of the rows at or above each threshold."""
        above = (score[:, None] >= thresholds).astype(np.float64)
        flagged = np.einsum("bn,nt->bt", weights, above, optimize=False)
        hits = np.einsum("bn,nt->bt", weights, above * positive[:, None], optimize=False)
        total = weights.sum(axis=1, keepdims=True)
        of_class = (weights * positive).sum(axis=1, keepdims=True)
        return cls(
            ratio(flagged, total),
            ratio(hits, flagged),
            ratio(hits, of_class),
            ratio(2.0 * hits, of_class + flagged),
        )
