"""Thresholds for new rows in order of time, each from the outcomes of earlier rows."""

from __future__ import annotations

import numpy as np

from gradum.run.intervals.conformal.adaptive import (
    SCALE_OF_CLASSES,
    SCALE_OF_NUMBERS,
    ScoreTransform,
    Tracker,
)
from gradum.run.intervals.conformal.guarantee import JudgedScores
from gradum.run.intervals.judged_scores import score
from gradum.rungs.rung import Rung
from gradum.tables.check.check import Checked
from gradum.tables.check.role_values import exposure_values, target_values, time_values
from gradum.tables.encode import Encoder, Unencoded


def scale_of(rung: Rung) -> ScoreTransform:
    """Return the scale on which a rung's scores are tracked."""
    return SCALE_OF_CLASSES if rung.target_scale is None else SCALE_OF_NUMBERS


def tracker_of(scores: JudgedScores, among: np.ndarray, rung: Rung, coverage: float) -> Tracker:
    """Return the tracker in its state after the judged rows of a mask (n,)."""
    assert scores.moment is not None
    tracked = scale_of(rung).onto(scores.by_rung[rung.name][among])
    return Tracker.warmed_up(tracked, scores.moment[among], 1.0 - coverage)


def outcomes(checked: Checked, rung: Rung, encoder: Encoder) -> tuple[np.ndarray, np.ndarray]:
    """Return the scores of rows (n,), NaN without a target, and their times (n,).

    A table without the column of the target, or of the time, has no outcomes to learn from.

    Raises
    ------
    ColumnError
        There are outcomes, but a row has no time.
    TargetError
        A label was never seen in training.
    """
    frame, schema = checked.frame, checked.schema
    nothing = np.full(len(frame), np.nan), np.zeros(len(frame))
    if schema.learned_target.name not in frame.columns or schema.time not in frame.columns:
        return nothing
    target = target_values(checked)
    known = np.flatnonzero(np.isfinite(target) if target.dtype.kind == "f" else target >= 0)
    if not len(known):
        return nothing
    time, scores = time_values(checked), nothing[0]
    assert time is not None
    exposure = exposure_values(checked)
    scores[known] = score(
        rung,
        Unencoded(encoder, frame, known),
        target[known],
        None if exposure is None else exposure[known],
    )
    return scores, time
