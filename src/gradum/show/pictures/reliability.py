"""The reliability curve: predicted against observed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import altair as alt
import numpy as np

from gradum.messages import say, sentences
from gradum.run.fitted import Fitted
from gradum.rungs.post import calibrated_in_words
from gradum.rungs.registry import KINDS
from gradum.scores.figures import figure
from gradum.show.pictures.axis_range import axis_range_of
from gradum.show.pictures.picture import (
    FIRST,
    Chart,
    Picture,
    bounds,
    data,
    diagonal,
    limits,
    quantitative,
    tooltips,
)
from gradum.study.findings.findings import Findings
from gradum.study.findings.reliability import Reliability

HALF = 0.5
"""Where no probability, predicted or observed, is higher, the axis ends at the highest."""


def pictures_of(findings: Findings, fitted: Fitted) -> list[Picture]:
    """Draw the finding, and say how the rung in use was calibrated."""
    assert fitted.schema.target is not None
    calibrated = calibrated_in_words(say(KINDS[fitted.used].in_words), fitted.rung().calibration)
    number = fitted.schema.target.task == "regression"
    if (log_odds := findings.found("log_odds")) is not None:
        calibrated = [*calibrated, log_odds.sentence]
    bins = findings.reliability.bins
    if len(bins) > 1 and len({each.predicted for each in bins}) == 1:
        return []  # of a quantile, whose predicted share is one number
    curves = enumerate(findings.reliability.thresholds, 1)
    return [
        reliability_curve(findings.reliability, calibrated, number=number),
        *(
            replace(reliability_curve(curve, number=False), name=f"reliability-{place}")
            for place, curve in curves
        ),
    ]


def reliability_curve(
    reliability: Reliability, calibrated: Iterable[str] = (), *, number: bool
) -> Picture:
    """Draw the observed share or mean in each bin of predictions, with its interval.

    ``calibrated`` are sentences on how the model was calibrated, if it was.
    """
    rows = [
        {"predicted": bin_.predicted, **bounds(bin_.observed, "observed"), "rows": bin_.rows}
        for bin_ in reliability.bins
    ]
    expected = say("predicted mean") if number else say("predicted probability")
    observed = say("observed mean") if number else say("observed share")
    reach = axis_range_of(row["observed"] for row in rows)
    near = [row for row in rows if reach.held(row["observed"]) == row["observed"]]
    numbers = [row[name] for row in near for name in ("predicted", "observed", "low", "high")]
    ends = [np.nanmin(numbers), np.nanmax(numbers)] if number else [0, 1]
    if not number and max(numbers) < HALF:
        ends = [0, max(numbers)]
    base = Chart(data(rows)).encode(
        x=alt.X(**quantitative("predicted", expected, domain=ends, nice=True)),
        tooltip=tooltips("predicted:Q", "observed:Q", "low:Q", "high:Q", "rows:Q"),
    )
    axis = alt.Y(**quantitative("low", observed, domain=ends, nice=True))
    chart = (
        diagonal(ends)
        + base.mark_area(color=FIRST, opacity=0.15, clip=True).encode(y=axis, y2=alt.Y2("high:Q"))
        + base.mark_rule(color=FIRST, strokeWidth=2, clip=True).encode(y=axis, y2=alt.Y2("high:Q"))
        + base.mark_line(color=FIRST, point=True, clip=True).encode(y=alt.Y("observed:Q"))
    )
    return Picture(
        "reliability",
        say("Reliability: {label}", label=reliability.label),
        chart.properties(width="container", height=300),
        reliability.sentence,
        sentences(
            [
                say(
                    "On the dashed line, predictions equal what was observed; lines and band are "
                    "95% intervals of what was observed in rows with similar predictions."
                ),
                reach.sentence,
                *calibrated,
            ]
        ),
        (expected, observed, say("from"), say("to"), say("rows")),
        tuple(
            (figure(bin_.predicted), *limits(bin_.observed), f"{bin_.rows:,}")
            for bin_ in reliability.bins
        ),
    )
