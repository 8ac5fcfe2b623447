"""The part on explanations: how exactly the effects of the columns are known."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from gradum.api.trust.examined import ExaminedModel
from gradum.api.trust.part import PartThresholds, TrustPart
from gradum.messages import marked, say
from gradum.scores.figures import figure, percent
from gradum.show.document.trust_section import PartFinding
from gradum.show.pictures.contributions import contribution_bars
from gradum.study.explanation.overall import Overall
from gradum.study.trust import Check, Line

ERROR = Line("explanations.error", marked("Explanations are exact enough"))


class ExplanationThresholds(PartThresholds, frozen=True):
    """Thresholds of Shapley values."""

    most_error: Annotated[
        float,
        Meta(
            ge=0,
            description=marked(
                "Half the width of the 95% interval of the most important column's mean "
                "contribution, divided by that contribution (a ratio). The interval allows for "
                "the rows and the orders of columns that were drawn. If the ratio is above one "
                "half, it is not known whether the column has a small or a large effect."
            ),
        ),
    ] = 0.5


def _of_model(examined: ExaminedModel, thresholds: ExplanationThresholds) -> PartFinding:
    findings = examined.model.findings
    if findings is None:
        return PartFinding([ERROR.blocked(examined.no_judged_rows)])
    if findings.explanation is None:
        unexplained = ERROR.not_checked(
            say("The fit explained no rows: it was told not to, or its model only guesses."),
            say("Fit again without --no-explain."),
        )
        return PartFinding([unexplained])
    explanation = findings.explanation.overall
    sentences = [
        say(
            "Shapley values of {rows:,} judged rows, each against {background:,} rows that its "
            "model learned from. They add up to the answer, but this says nothing about their "
            "error, which is estimated from how much they vary. They describe the model, not "
            "causes.",
            rows=explanation.rows,
            background=explanation.background,
        )
    ]
    return PartFinding(
        [_exact_enough(explanation, thresholds)],
        sentences,
        (),
        [contribution_bars(explanation)],
        {
            "scale": explanation.scale,
            "rows": explanation.rows,
            "columns": explanation.frame.to_dicts(),
        },
    )


def _exact_enough(explanation: Overall, thresholds: ExplanationThresholds) -> Check:
    if not explanation.columns or not explanation.columns[0].size.value > 0:
        return ERROR.not_checked(say("No column moves any answer."))
    first, most = explanation.columns[0], thresholds.most_error
    size = first.size
    error = max(size.high - size.value, size.value - size.low) / size.value
    return ERROR.judged(
        bool(error <= most),
        say(
            "{column!r} moves the answers most, by {size} on average, give or take {error}.",
            column=first.column,
            size=figure(size.value),
            error=figure(error * size.value, digits=2),
        ),
        figure=percent(error, decimals=1),
        threshold=say("at most {most}", most=percent(most, decimals=1)),
        value=float(error),
        limit=most,
    )


PART = TrustPart(
    "explanations",
    marked("Are explanations exact enough?"),
    (ERROR,),
    _of_model,
    thresholds=ExplanationThresholds,
)
