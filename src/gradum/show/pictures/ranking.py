"""ROC and precision–recall curves, and the gain and lift of a class."""

from __future__ import annotations

from collections.abc import Callable

import altair as alt

from gradum.messages import say
from gradum.run.fitted import Fitted
from gradum.scores.figures import figure, percent, with_interval
from gradum.scores.interval import Interval
from gradum.show.pictures.picture import (
    COLOURS,
    DASHES,
    FIRST,
    Chart,
    Picture,
    bounds,
    data,
    diagonal,
    legend_of,
    limits,
    quantitative,
    tooltips,
)
from gradum.show.words.long_names import told_apart
from gradum.study.findings.findings import Findings
from gradum.study.findings.ranking import Lift, RankingCurve, Top

MOST_SAID = 4  # classes in a sentence


def pictures_of(findings: Findings, fitted: Fitted) -> list[Picture]:
    """Draw the findings on classes that can be ranked, and on the gain for one of two classes."""
    gain = [] if findings.lift is None else [gain_curve(findings.lift)]
    return [*ranking(findings.ranking), *gain]


def ranking(curves: tuple[RankingCurve, ...]) -> list[Picture]:
    """Draw both curves of every class; nothing if no class can be ranked."""
    return [_roc(curves), _precision_recall(curves)] if curves else []


def _roc(curves: tuple[RankingCurve, ...]) -> Picture:
    rows = [
        {"class": name, "false": false, "true": true, "threshold": at, "order": place}
        for name, curve in zip(_names(curves), curves, strict=True)
        for place, (false, true, at) in enumerate(curve.roc)
    ]
    lines = _lines(rows, "false", say("false-positive rate"), "true", say("true-positive rate"))
    return Picture(
        "roc",
        say("ROC curve"),
        (diagonal() + lines).properties(width="container", height=300),
        say(
            "Area under the curve: {areas}. Chance is 0.5.",
            areas=_each(curves, lambda curve: curve.auc),
        ),
        say(
            "Each point is a threshold: across, the share of other rows that are taken for the "
            "class by mistake; upwards, the share of the class that is found."
        ),
        (say("class"), "AUC", say("from"), say("to")),
        tuple((curve.label, *limits(curve.auc)) for curve in curves),
    )


def _precision_recall(curves: tuple[RankingCurve, ...]) -> Picture:
    rows = [
        {"class": name, "recall": recall, "precision": precision, "threshold": at, "order": k}
        for name, curve in zip(_names(curves), curves, strict=True)
        for k, (recall, precision, at) in enumerate(curve.precision_recall)
    ]
    chance = Chart(
        data(
            [
                {"class": name, "prevalence": curve.prevalence}
                for name, curve in zip(_names(curves), curves, strict=True)
            ]
        )
    ).mark_rule(strokeDash=[2, 3], strokeWidth=1.5)
    lines = _lines(rows, "recall", say("recall"), "precision", say("precision"))
    level = chance.encode(y=alt.Y("prevalence:Q"), color=_colour(curves))
    return Picture(
        "precision-recall",
        say("Precision and recall"),
        (level + lines).properties(width="container", height=300),
        say(
            "Average precision: {averages}. By chance it would be the prevalence: {prevalences}.",
            averages=_each(curves, lambda curve: curve.average_precision),
            prevalences=_some([_of_class(curve, f"{curve.prevalence:.3g}") for curve in curves]),
        ),
        say("Dotted lines are prevalences: the precision of a ranking by chance."),
        (say("class"), say("average precision"), say("from"), say("to"), say("prevalence")),
        tuple(
            (curve.label, *limits(curve.average_precision), f"{curve.prevalence:.3g}")
            for curve in curves
        ),
    )


def _lines(rows: list[dict], x: str, x_title: str, y: str, y_title: str) -> alt.Chart:
    labels = list(dict.fromkeys(row["class"] for row in rows))
    legend = None if len(labels) == 1 else legend_of(labels)
    chosen = alt.selection_point(fields=["class"], bind="legend")
    chart = (
        Chart(data(rows))
        .mark_line(interpolate="linear")
        .encode(
            x=alt.X(**quantitative(x, x_title, domain=[0, 1])),
            y=alt.Y(**quantitative(y, y_title, domain=[0, 1])),
            order=alt.Order("order:Q"),
            color=alt.Color(
                "class:N", title=None, scale=alt.Scale(domain=labels, range=COLOURS), legend=legend
            ),
            strokeDash=alt.StrokeDash(
                "class:N", title=None, legend=legend, scale=alt.Scale(domain=labels, range=DASHES)
            ),
            opacity=alt.OpacityValue(**alt.condition(chosen, alt.value(1.0), alt.value(0.15))),
            tooltip=tooltips("class:N", f"{x}:Q", f"{y}:Q", "threshold:Q"),
        )
    )
    return chart.add_params(chosen)


def _colour(curves: tuple[RankingCurve, ...]) -> alt.Color:
    return alt.Color("class:N", scale=alt.Scale(domain=_names(curves), range=COLOURS))


def _names(curves: tuple[RankingCurve, ...]) -> list[str]:
    return told_apart([curve.label for curve in curves])


def _each(curves: tuple[RankingCurve, ...], score: Callable[[RankingCurve], Interval]) -> str:
    return _some([_of_class(curve, with_interval(score(curve))) for curve in curves])


def _of_class(curve: RankingCurve, figures: str) -> str:
    return say("{label}: {figures}", label=curve.label, figures=figures)


def _some(parts: list[str]) -> str:
    """Name the first few; the table below has all."""
    named, more = say("; ").join(parts[:MOST_SAID]), len(parts) - MOST_SAID
    return say("{named} and {more} more", named=named, more=more) if more > 0 else named


def gain_curve(lift: Lift) -> Picture:
    """Draw the share of the class that is found against the share of rows looked at."""
    ends = [{"share": at, "value": at, "low": at, "high": at, "lift": 1.0} for at in (0.0, 1.0)]
    tops = [{"share": top.share, **bounds(top.gain), "lift": top.lift.value} for top in lift.tops]
    rows = [ends[0], *tops, ends[1]]
    base = Chart(data(rows)).encode(
        x=alt.X(
            **quantitative("share", say("share of the rows, highest first"), domain=[0, 1]),
            axis=alt.Axis(format="%"),
        ),
        tooltip=tooltips("share:Q", "value:Q", "low:Q", "high:Q", "lift:Q"),
    )
    axis = alt.Y(
        **quantitative("low", say("share of the class found"), domain=[0, 1]),
        axis=alt.Axis(format="%"),
    )
    chart = (
        diagonal()
        + base.mark_area(color=FIRST, opacity=0.15).encode(y=axis, y2=alt.Y2("high:Q"))
        + base.mark_line(color=FIRST, point=True).encode(y=alt.Y("value:Q"))
    )
    return Picture(
        "gain",
        say("Gain and lift: {class_}", class_=lift.positive),
        chart.properties(width="container", height=300),
        lift.sentence,
        say(
            "The band is the 95% interval; the dashed line is for rows looked at in random order. "
            "Lift is the share found divided by the share looked at."
        ),
        (
            say("rows looked at"),
            say("found"),
            say("from"),
            say("to"),
            say("lift"),
            say("from"),
            say("to"),
        ),
        tuple(_row(top) for top in lift.tops),
    )


def _row(top: Top) -> tuple[str, ...]:
    gain = [percent(share, decimals=1) for share in (top.gain.value, top.gain.low, top.gain.high)]
    lift = [figure(ratio, digits=3) for ratio in (top.lift.value, top.lift.low, top.lift.high)]
    return (percent(top.share), *gain, *lift)
