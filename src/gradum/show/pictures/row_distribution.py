"""The distribution of one row's target: probabilities by value, interval and prediction."""

from __future__ import annotations

import altair as alt
import numpy as np

from gradum.messages import say
from gradum.scores.figures import figure
from gradum.show.pictures.picture import (
    FIRST,
    INK,
    SECOND,
    Chart,
    Picture,
    data,
    quantitative,
    tooltips,
)
from gradum.study.row_distribution import COVERAGE, RowDistribution


def distribution_picture(expected: RowDistribution, target: str) -> Picture:
    """Draw the probability of each range of values, the interval below it, and the prediction."""
    rows = [{"low": low, "high": high, "share": share} for low, high, share in expected.bins]
    left, right = rows[0]["low"], rows[-1]["high"]
    bars = (
        Chart(data(rows))
        .mark_bar(color=FIRST, opacity=0.6)
        .encode(
            x=alt.X(**quantitative("low", target)),
            x2=alt.X2("high:Q"),
            y=alt.Y("share:Q", title=say("probability"), axis=alt.Axis(format="%")),
            y2=alt.Y2Datum(0),
            tooltip=tooltips("low:Q", "high:Q", "share:Q", share=".1%"),
        )
    )
    # An unknown end lies outside the drawing.
    ends = {"low": max(expected.low, left), "high": min(expected.high, right)}
    interval = (
        Chart(data([ends]))
        .mark_rule(color=INK, strokeWidth=5, opacity=0.8)
        .encode(x=alt.X("low:Q"), x2=alt.X2("high:Q"), y=alt.YDatum(0))
    )
    prediction = (
        Chart(data([{"predicted": expected.prediction}]))
        .mark_rule(color=SECOND, strokeWidth=2)
        .encode(x=alt.X("predicted:Q"), tooltip=tooltips("predicted:Q"))
    )
    return Picture(
        "distribution",
        say("The distribution of {target}", target=target),
        (bars + interval + prediction).properties(width="container", height=220),
        in_words(expected, target),
        say(
            "Bars are probabilities; the outermost hold all that lies further out. The thick line "
            "is the {coverage:.0%} interval, the thin one the prediction.",
            coverage=COVERAGE,
        ),
        (say("probability"), say("at most")),
        tuple((f"{level:.0%}", _end(value)) for level, value in expected.quantiles),
    )


def in_words(expected: RowDistribution, target: str) -> str:
    """Say where the target is expected."""
    median = dict(expected.quantiles)[0.5]
    if not np.isfinite([expected.low, expected.high]).all():
        return say(
            "Too few rows judged the model for a {coverage:.0%} interval of {target}; the median "
            "is {median}.",
            coverage=COVERAGE,
            target=target,
            median=_end(median),
        )
    return say(
        "With a probability of {coverage:.0%}, {target} is between {low} and {high}; the median is "
        "{median}.",
        coverage=COVERAGE,
        target=target,
        low=figure(expected.low),
        high=figure(expected.high),
        median=figure(median),
    )


def _end(value: float) -> str:
    return figure(value) if np.isfinite(value) else say("not known")
