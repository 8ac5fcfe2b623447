"""Findings made by hand, for tests of how they are shown."""

from gradum.run.judging.by_class import ClassScores
from gradum.scores.interval import Interval
from gradum.study.explanation.explain import Contribution, RowExplanation
from gradum.study.explanation.interactions import Interaction, Interactions
from gradum.study.explanation.judged import JudgedExplanation, JudgedRow
from gradum.study.explanation.overall import ColumnOverall, Direction, LevelContribution, Overall
from gradum.study.findings.confusion import Confusion
from gradum.study.findings.findings import Findings
from gradum.study.findings.growth import Growth
from gradum.study.findings.importance import ColumnImportance, Importance
from gradum.study.findings.ranking import Lift, RankingCurve, Top
from gradum.study.findings.reliability import Reliability, ReliabilityBin
from gradum.study.findings.residuals import Residuals
from gradum.study.findings.segments import Segment, Segments
from gradum.study.findings.threshold import Threshold
from gradum.study.findings.threshold_table import AtThreshold, ThresholdTable
from gradum.study.findings.worst import WorstRow
from gradum.study.profile import ColumnProfile
from gradum.study.uncertainty import CoefficientInterval, Coefficients, Estimate


def around(value, width=0.02):
    """An interval about a value."""
    return Interval(value, value - width, value + width, width / 2)


def segment(column, values, score, finding="no difference shown"):
    return Segment(column, values, 80, around(score), around(score - 0.3), 0.4, finding)


def explained(scale, answer, targets, shares):
    """Explanations of judged rows, of which the first was predicted worst."""
    rows = tuple(
        RowExplanation(
            17 + k,
            answer,
            scale,
            0.9,
            0.5,
            (
                Contribution("size", "81", 0.3, 0.02),
                Contribution("12 other columns", "", 0.2, 0.04),
                Contribution("colour", "'red'", -0.1, None),
            ),
        )
        for k in range(len(targets))
    )
    judged = tuple(map(JudgedRow, targets, rows, shares))
    return JudgedExplanation(
        240,
        12,
        Overall(
            scale,
            answer,
            1 if answer is None else 2,
            60,
            32,
            (
                ColumnOverall(
                    "size",
                    around(0.2),
                    Direction(around(0.8, 0.1), "rises"),
                    (),
                    (-0.3, 0.1, 0.1, 0.3),
                    (0.1, 0.5, None, 0.9),
                ),
                ColumnOverall("12 other columns", around(0.1), None, (), (-0.1, 0.1), (None,) * 2),
                ColumnOverall(
                    "colour",
                    around(0.05),
                    None,
                    (LevelContribution("red", 30, around(-0.05)),),
                    (-0.1, 0.1),
                    (None,) * 2,
                ),
            ),
        ),
        Interactions((Interaction(("size", "colour"), around(0.015, 0.01)),), 3, 15, 32, False),
        judged[:1],
        judged[1:],
    )


COMMON = {
    "rows": 240,
    "sample": "",
    "columns": (
        ColumnProfile("size", 0.0, ("22.4", "50.1", "81"), (("20 to 40", 0.2), ("40 to 60", 0.8))),
        ColumnProfile("colour", 0.1, (), (("red", 0.5), ("green", 0.3), ("blue", 0.2))),
    ),
    "importance": Importance(
        "log_loss",
        (ColumnImportance("size", around(0.31)), ColumnImportance("city", around(0.001))),
        rows=240,
        repeats=5,
        screened=3,
    ),
    "segments": Segments(
        "log_loss",
        {"colour": (segment("colour", "red", 0.31), segment("colour", "blue", 0.42))},
        (segment("city", "city 07", 0.71, "weaker than the rest"),),
        tried=31,
    ),
    "growth": Growth(
        "log_loss",
        ((120, around(0.42)), (240, around(0.38)), (480, around(0.35)), (960, around(0.33))),
        1920,
        around(0.32, 0.04),
        around(-0.01, 0.03),
        "Twice the rows would lower the log loss from 0.33 to about 0.32 [0.28, 0.36].",
    ),
    "coefficients": Coefficients(
        (
            CoefficientInterval(
                "size", "size", "yes", Estimate(0.12, 0.1, 0.14), Estimate(1.2, 1.0, 1.4)
            ),
            CoefficientInterval(
                "colour = red",
                "colour",
                "yes",
                Estimate(0.8, None, None),
                Estimate(0.8, None, None),
            ),
        ),
        7,
        "Intervals are about the penalised estimate.",
    ),
    "worst": (
        WorstRow(17, "yes", "no", "probability 0.002 of the true class", {"size": "81"}),
        WorstRow(4, "no", "yes", "probability 0.011 of the true class", {"size": "22.4"}),
    ),
}

CLASSES = Findings(
    rung="mlp",
    reliability=Reliability(
        "yes",
        tuple(ReliabilityBin(p, around(p + 0.03, 0.06), 24) for p in (0.05, 0.3, 0.5, 0.7, 0.95)),
        around(0.01),
        "No miscalibration is shown.",
    ),
    confusion=Confusion(("no", "yes"), ((100, 21), (18, 101)), (("no", "yes", 21),)),
    ranking=(
        RankingCurve(
            "yes",
            0.496,
            around(0.91),
            around(0.9),
            ((0.0, 0.0, 1.0), (0.1, 0.7, 0.6), (0.3, 0.9, 0.4), (1.0, 1.0, 0.0)),
            ((0.0, 1.0, 1.0), (0.7, 0.9, 0.6), (0.9, 0.7, 0.4), (1.0, 0.496, 0.0)),
        ),
    ),
    by_class=(
        ClassScores("no", 121, 118, around(0.847), around(0.826), around(0.837)),
        ClassScores("yes", 119, 122, around(0.828), around(0.849), around(0.838)),
    ),
    lift=Lift(
        "yes",
        0.496,
        (Top(0.1, around(0.2), around(2.0)), Top(0.5, around(0.8), around(1.6))),
        "The 10% of the rows that rank highest hold 20% of those that are 'yes'.",
    ),
    thresholds=ThresholdTable(
        "yes",
        0.496,
        0.5,
        (
            AtThreshold(0.5, 0.508, around(0.828), around(0.849), around(0.838)),
            AtThreshold(0.95, 0.0, None, around(0.02), around(0.03)),
        ),
    ),
    threshold=Threshold(
        "yes",
        "no",
        1.0,
        5.0,
        around(0.17, 0.05),
        around(0.21),
        around(0.34),
        around(0.13),
        1 / 6,
        {"true positives": 115, "false positives": 40, "true negatives": 81, "false negatives": 4},
        tuple((k / 20, 0.2 + abs(k / 20 - 0.17)) for k in range(21)),
        "Predict yes from probability 0.17 on: a row then costs 0.21 on average.",
    ),
    explanation=explained("probability", "yes", ("no", "yes", "no"), (None,) * 3),
    **COMMON,
)

NUMBERS = Findings(
    rung="linear",
    reliability=Reliability(
        "amount",
        tuple(ReliabilityBin(p, around(p, 1.0), 24) for p in (5.0, 15.0, 25.0)),
        around(0.1),
        "No miscalibration is shown.",
    ),
    residuals=Residuals(
        tuple((float(k), k + (-1.0) ** k, k + 1) for k in range(40)),
        240,
        ((-2.0, -1.0, 0.25), (-1.0, 1.0, 0.5), (1.0, 2.0, 0.25)),
        {"5%": -1.0, "25%": -0.9, "50%": 0.0, "75%": 0.9, "95%": 1.0},
        ((0.9, 0.5), (1.0, 0.9)),
        tuple((10.0 * k, -1.0, 0.0, 1.0) for k in range(10)),
        "No bias by prediction is shown.",
    ),
    explanation=explained("target", None, ("12.5", "3", "40"), (None, 0.1, 0.9)),
    **COMMON,
)
