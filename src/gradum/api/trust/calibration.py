"""The part on calibration: whether probabilities and predicted numbers mean what they say."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np
from msgspec import Meta

from gradum.api.trust.examined import ExaminedModel, ExaminedPredictions
from gradum.api.trust.part import PartThresholds, TrustPart
from gradum.messages import marked, say
from gradum.questions.rows.groups import judged_evidence
from gradum.rungs.names import BASELINE
from gradum.rungs.post import calibrated_in_words
from gradum.rungs.registry import KINDS
from gradum.scores.figures import figure, percent
from gradum.show.document.trust_section import PartFinding
from gradum.show.pictures.reliability import reliability_curve
from gradum.study.evidence import Evidence
from gradum.study.findings.reliability import Reliability, reliability
from gradum.study.trust import Check, Gauge, Line, Obstacle

JUDGED = Line("calibration.judged", marked("No systematic error is shown on judged rows"))
TABLE = Line("calibration.table", marked("No systematic error is shown on new rows"))
OFF = marked("all predictions too high, or too low, by {gap}")


class CalibrationThresholds(PartThresholds, frozen=True):
    """Thresholds of predicted probabilities and numbers."""

    most_gap: Annotated[
        float,
        Meta(
            ge=0,
            description=marked(
                "How far predictions may lie from what is observed, on average over bins of "
                "similar predictions, where tests show that they differ: for classes, a "
                "difference of probabilities; for numbers, a share of the target's standard "
                "deviation. Five points seldom change a decision, and with many rows smaller gaps "
                "are shown, too. With 0, any gap that is shown fails."
            ),
        ),
    ] = 0.05


def _of_model(examined: ExaminedModel, thresholds: CalibrationThresholds) -> PartFinding:
    model, fitted = examined.model, examined.model.fitted
    checks, pictures, details = [], [], {}
    number = model.task == "regression"
    steps = calibrated_in_words(say(KINDS[fitted.used].in_words), fitted.rung().calibration)
    findings = model.findings
    if findings is None:
        checks.append(JUDGED.blocked(examined.no_judged_rows))
    else:
        curve = findings.reliability
        if curve.tested and curve.p_value is None:  # in files of versions that did not store it
            judgement = fitted.judgement
            learned = None if judgement is None else judgement.held_out_from
            curve = reliability(judged_evidence(model), learned)
        checks.append(calibrated(JUDGED, curve, _unit_of_model(examined), thresholds))
        pictures.append(reliability_curve(curve, steps, number=number))
        details["judged"] = curve
    rows = examined.new_rows
    if isinstance(rows, Obstacle):
        checks.append(TABLE.blocked(rows))
    else:
        curve = reliability(rows, examined.learned)
        unit = _spread(rows) if number else None
        checks.append(calibrated(TABLE, curve, unit, thresholds))
        picture = reliability_curve(curve, number=number)
        title = say("{title}, on new rows", title=picture.title)
        pictures.append(replace(picture, name="reliability-table", title=title))
        details["table"] = curve
    return PartFinding(checks, (), (), pictures, details)


def _unit_of_model(examined: ExaminedModel) -> float | None:
    """Return the unit of gaps of numbers: the error of guessing the mean; None if unknown."""
    judgement = examined.model.fitted.judgement
    if examined.model.task != "regression" or judgement is None:
        return None
    scores = judgement.scores.get(BASELINE, {}).get("test", {})
    scores = judgement.own_units.get(BASELINE, scores)
    return scores["rmse"].value if "rmse" in scores else None


def _spread(evidence: Evidence) -> float:
    """Return the weighted standard deviation of the rows' target."""
    evidence = evidence.in_own_unit(change=True)
    weight, target = evidence.weight, evidence.target.astype(np.float64)
    mean = np.average(target, weights=weight)
    return float(np.sqrt(np.average((target - mean) ** 2, weights=weight)))


def mean_gap(curve: Reliability) -> float:
    """Return the mean over rows of the distance between their bin's prediction and observation.

    Σ_b n_b |observed_b − predicted_b| / Σ_b n_b: for classes, this is the expected calibration
    error over bins of equally many rows.
    """
    rows = np.array([bin_.rows for bin_ in curve.bins], float)
    gaps = np.array([abs(bin_.observed.value - bin_.predicted) for bin_ in curve.bins])
    return float(rows @ gaps / rows.sum())


def calibrated(
    line: Line, curve: Reliability, unit: float | None, thresholds: CalibrationThresholds
) -> Check:
    """Fail if tests show a miscalibration and the mean gap is above what is allowed."""
    if not curve.tested or curve.p_value is None or curve.error is None:
        return line.not_checked(curve.sentence, say("Judge on more rows."))
    gap, most = mean_gap(curve), thresholds.most_gap
    share = gap / unit if unit else gap
    text = percent if unit else figure
    check = line.judged(
        share <= most,
        curve.sentence,
        figure=(
            say(
                "a mean gap of {gap}, {share} of the target's deviation",
                gap=figure(gap, digits=2),
                share=percent(share, decimals=1),
            )
            if unit
            else say("a mean gap of {gap}", gap=figure(gap, digits=2))
        ),
        threshold=say("none shown above {most}", most=text(most)),
        value=share,
        limit=most,
    )
    of_unit, sides = curve.error / (unit or 1.0), 2 * curve.comparisons
    gauge = Gauge(OFF, "deviations" if unit else "points", of_unit, sides, most)
    return check.tested(curve.p_value, gauge)


def _of_predictions(
    examined: ExaminedPredictions, thresholds: CalibrationThresholds
) -> PartFinding:
    unknown = examined.unknown
    later = TABLE.blocked(unknown)
    if examined.only_ranked:
        why = examined.no_probabilities
        return PartFinding([JUDGED.blocked(why), later])
    number = examined.evidence.task == "regression"
    curve = reliability(examined.evidence)
    unit = _spread(examined.evidence) if number else None
    checks = [calibrated(JUDGED, curve, unit, thresholds), later]
    picture = reliability_curve(curve, number=number)
    return PartFinding(checks, (), (), [picture], {"judged": curve})


PART = TrustPart(
    "calibration",
    marked("Is it right on average?"),
    (JUDGED, TABLE),
    _of_model,
    _of_predictions,
    CalibrationThresholds,
)
