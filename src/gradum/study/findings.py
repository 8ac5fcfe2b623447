"""Everything that is found out about a run besides its scores: one value, kept as JSON."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from gradum.fitting.run import Run
from gradum.study.confusion import Confusion, confusion
from gradum.study.evidence import Evidence
from gradum.study.growth import Growth, growth
from gradum.study.importance import Importance, importance
from gradum.study.profile import ColumnProfile, profile
from gradum.study.ranking import RankingCurve, ranking_curves
from gradum.study.reliability import Reliability, reliability
from gradum.study.residuals import Residuals, residuals
from gradum.study.segments import Segments, segments
from gradum.study.threshold import Threshold, threshold
from gradum.study.worst import WorstRow, worst_rows


class Findings(msgspec.Struct, frozen=True):
    """What the judged rows show of the rung in use.

    Parameters
    ----------
    rung : str
        The rung in use.
    rows : int
        Judged rows looked at.
    sample : str
        A sentence where these are a sample of the judged rows; else empty.
    columns : tuple of ColumnProfile
        What the table's columns hold.
    others
        Each as its own module says; None where it does not apply, or was not asked for.
    """

    rung: str
    rows: int
    sample: str
    columns: tuple[ColumnProfile, ...]
    reliability: Reliability
    importance: Importance
    segments: Segments
    growth: Growth
    confusion: Confusion | None = None
    ranking: tuple[RankingCurve, ...] = ()
    residuals: Residuals | None = None
    threshold: Threshold | None = None
    worst: tuple[WorstRow, ...] = ()


def examine(run: Run, *, stop: Callable[[], bool] = lambda: False) -> Findings:
    """Study a run's judged rows; its spec's `ReportSpec` says what is asked for.

    Raises
    ------
    SpecError
        A slice names no column, or a cost is given for a task that has no threshold.
    """
    assert run.fitted.judgement is not None
    spec, evidence = run.fitted.spec.report, Evidence.of(run)
    metric = run.fitted.judgement.verdict.metric
    regression = evidence.task == "regression"
    sample = (
        f"Drawn from a random {len(evidence):,} of the {evidence.judged:,} judged rows."
        if len(evidence) < evidence.judged
        else ""
    )
    return Findings(
        rung=evidence.rung,
        rows=len(evidence),
        sample=sample,
        columns=profile(run.dataset, rows=spec.rows),
        reliability=reliability(evidence),
        importance=importance(run),
        segments=segments(evidence, spec.slices, metric),
        growth=growth(run, asked=spec.learning_curve, stop=stop),
        confusion=None if regression else confusion(evidence),
        ranking=() if regression else ranking_curves(evidence),
        residuals=residuals(evidence) if regression else None,
        threshold=threshold(evidence, spec.cost) if spec.cost else None,
        worst=worst_rows(evidence) if spec.rows else (),
    )
