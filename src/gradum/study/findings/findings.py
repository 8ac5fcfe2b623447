"""Everything found out about a run besides its scores, as one value that is kept as JSON."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import structs

from gradum.errors import SpecError
from gradum.forks import refuse_after_fork
from gradum.messages import say
from gradum.run.judging.by_class import ClassScores
from gradum.run.options.option_table import OPTIONS, flag
from gradum.run.run import Run
from gradum.run.spec.spec import ReportSpec
from gradum.rungs.context import ALONE, Context
from gradum.rungs.registry import KINDS
from gradum.scores.metrics import METRICS
from gradum.solvers.threads import threads_for, turn
from gradum.study.coverage.coverage import Coverage, coverage, without_few_rows
from gradum.study.evidence import Evidence
from gradum.study.explanation.judged import JudgedExplanation, explain_judged, without_judged_rows
from gradum.study.explanation.surrogate import Surrogate, surrogate
from gradum.study.findings.confusion import Confusion, confusion
from gradum.study.findings.forecast import ForecastFinding, forecast
from gradum.study.findings.growth import Growth, growth
from gradum.study.findings.importance import Importance, importance
from gradum.study.findings.log_odds import LogOdds, log_odds
from gradum.study.findings.net_benefit import NetBenefit, net_benefit
from gradum.study.findings.ranking import Lift, RankingCurve, judged_curves, lift
from gradum.study.findings.refits import Refits, refits
from gradum.study.findings.reliability import Reliability, reliability
from gradum.study.findings.residuals import Residuals, residuals
from gradum.study.findings.segments import Segments, segments
from gradum.study.findings.threshold import Threshold, threshold
from gradum.study.findings.threshold_table import ThresholdTable, judged_table
from gradum.study.findings.worst import WorstRow, worst_rows
from gradum.study.inference.regression import Regression, regression_table, without_influential
from gradum.study.profile import ColumnProfile, profile
from gradum.study.uncertainty import Coefficients, main_coefficients
from gradum.waiting import tell

MOST_FEATURES = 40  # for a row that is shown
OF_ROWS = {"worst": (), "surrogate": None}  # findings that name single rows, or levels of few rows
ASKED_FOR_BY = {
    "segments": "slices",
    "threshold": "cost",
    "growth": "learning_curve",
    "refits": "refit_count",
}
"""The finding that a field of the `ReportSpec` asks for."""


class Findings(msgspec.Struct, frozen=True):
    """Everything that the judged rows show about the rung in use.

    Each finding is described in its module; None where it does not apply, or was not asked for.
    """

    rung: str
    """The rung in use."""
    rows: int
    """The number of judged rows looked at."""
    sample: str
    """A sentence where these are a sample of the judged rows; otherwise empty."""
    columns: tuple[ColumnProfile, ...]
    """The contents of the table's columns."""
    reliability: Reliability
    importance: Importance
    segments: Segments
    growth: Growth
    coefficients: Coefficients | None = None
    regression: Regression | None = None
    confusion: Confusion | None = None
    by_class: tuple[ClassScores, ...] = ()
    ranking: tuple[RankingCurve, ...] = ()
    lift: Lift | None = None
    thresholds: ThresholdTable | None = None
    residuals: Residuals | None = None
    threshold: Threshold | None = None
    worst: tuple[WorstRow, ...] = ()
    explanation: JudgedExplanation | None = None
    surrogate: Surrogate | None = None
    coverage: Coverage | None = None
    predictions: int = 0
    """The number of their predictions behind confusion, curves, thresholds, gain and the scores of
    classes: more than the rows where several folds predicted a row. All else uses the mean
    prediction of a row."""
    forecast: ForecastFinding | None = None
    log_odds: LogOdds | None = None
    net_benefit: NetBenefit | None = None
    refits: Refits | None = None

    def __post_init__(self) -> None:
        """Refuse names that no report could look up, as a file may have been written by hand."""
        if self.rung not in KINDS:
            raise ValueError(f"there is no rung {self.rung!r}")
        for found in map(self.found, self.__struct_fields__):
            metric = getattr(found, "metric", None)
            if metric is not None and metric not in METRICS:
                raise ValueError(f"there is no metric {metric!r}")

    def found(self, name: str) -> Any:
        """Return the result of one finding; None if it belongs to another task or was left out."""
        return getattr(self, name, None)


def refuse_absent(asked: ReportSpec) -> None:
    """Refuse an option that asks for a finding which this installation of gradum lacks.

    Raises
    ------
    SpecError
    """
    for finding, field in ASKED_FOR_BY.items():
        if getattr(asked, field) and finding not in Findings.__struct_fields__:
            option = next(n for n, entry in OPTIONS.items() if entry.field == f"report.{field}")
            raise SpecError(
                "--{option} has no effect, as this gradum is without {finding}.",
                "Leave --{option} out, or install all of gradum.",
                option=flag(option),
                finding=finding,
            )


@turn()
def examine(run: Run, context: Context = ALONE) -> Findings:
    """Study a run's judged rows; the `ReportSpec` in the run's spec says what is asked for.

    Raises
    ------
    SpecError
        A slice names no column, or a cost is given for a task without a threshold.
    """
    refuse_after_fork()
    widest = max(max(rung.network.widths) for rung in run.fitted.rungs.values())
    with threads_for(len(run.dataset), widest):
        found = _examined(run, context)
    return found if run.fitted.spec.report.rows else without_rows(found)


def _examined(run: Run, context: Context) -> Findings:
    """Return all findings, also those of single rows."""
    assert run.fitted.judgement is not None
    spec, evidence, each = run.fitted.spec.report, Evidence.of(run), Evidence.of_each(run)
    metric = run.fitted.judgement.verdict.metric
    regression = evidence.task == "regression"
    sample = (
        say(
            "Drawn from a random {drawn:,} of the {rows:,} judged rows.",
            drawn=len(evidence),
            rows=evidence.judged,
        )
        if len(evidence) < evidence.judged
        else ""
    )
    tell(say("report: which columns matter"))
    important = importance(run)
    ranked = [each.column for each in important.columns]
    foremost = list(dict.fromkeys([*ranked, *evidence.features]))[:MOST_FEATURES]
    found = Findings(
        rung=evidence.rung,
        rows=len(evidence),
        sample=sample,
        columns=profile(run.dataset, rows=spec.rows),
        reliability=reliability(evidence, run.fitted.judgement.held_out_from),
        importance=important,
        segments=segments(evidence, spec.slices, metric),
        growth=growth(run, context, asked=spec.learning_curve),
        coefficients=main_coefficients(run),
        regression=regression_table(run),
        confusion=None if regression else confusion(each),
        by_class=run.fitted.judgement.by_class,
        lift=lift(each) if evidence.task == "binary" else None,
        thresholds=judged_table(each, run.fitted.judgement) if evidence.task == "binary" else None,
        ranking=() if regression else judged_curves(each, run.fitted.judgement),
        residuals=residuals(evidence.in_own_unit(), each.in_own_unit()) if regression else None,
        threshold=threshold(evidence, spec.cost) if spec.cost else None,
        worst=worst_rows(evidence, foremost),
        surrogate=surrogate(run) if spec.explain else None,
        coverage=coverage(run, evidence, spec.slices),
        predictions=len(each),
        forecast=forecast(run, evidence),
        log_odds=log_odds(evidence) if evidence.task == "binary" else None,
        net_benefit=net_benefit(evidence) if evidence.task == "binary" else None,
        refits=refits(run, spec.refit_count, context) if spec.refit_count else None,
    )
    if spec.explain and not context.stop():
        tell(say("report: why it answers so"))
        worst = [each.row for each in found.found("worst") or ()]
        explanation = explain_judged(run, evidence, foremost, worst)
        found = structs.replace(found, explanation=explanation)
    return found


def without_rows(findings: Findings) -> Findings:
    """Return these findings without any single row of the table.

    The tree's rules and the coverage of rare levels are dropped too, since they name levels of few
    rows.
    """
    changed = {
        "regression": findings.regression and without_influential(findings.regression),
        "explanation": findings.explanation and without_judged_rows(findings.explanation),
        "coverage": findings.coverage and without_few_rows(findings.coverage),
    }
    if residuals := findings.found("residuals"):
        changed["residuals"] = structs.replace(residuals, points=())
    if refitted := findings.found("refits"):
        changed["refits"] = structs.replace(refitted, by_row={})
    emptied = {name: empty for name, empty in OF_ROWS.items() if findings.found(name)}
    return structs.replace(findings, **changed, **emptied)
