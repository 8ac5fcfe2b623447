"""Coverage by group against the nominal line, and widths of intervals or sizes of sets."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from gradum.messages import say
from gradum.scores.figures import figure, percent
from gradum.show.pictures.picture import (
    FIRST,
    INK,
    SECOND,
    AnyChart,
    Chart,
    Picture,
    bounds,
    by,
    data,
    quantitative,
    tooltips,
)
from gradum.show.words.long_names import told_apart
from gradum.study.coverage.coverage import Coverage, SetSize, Widths
from gradum.study.coverage.covered_groups import SHORT, GroupCoverage

MOST_GROUPS = 20


def coverage_pictures(found: Coverage, target: str) -> list[Picture]:
    """Draw all available coverage findings."""
    pictures = [_groups(found)] if found.groups else []
    if found.widths is not None:
        pictures.append(_widths(found.widths, target))
    if found.sizes:
        pictures.append(_sizes(found.sizes))
    return pictures


def _groups(found: Coverage) -> Picture:
    """Draw the covered share of each group, the strongest evidence of a shortfall first."""
    shown = found.groups[:MOST_GROUPS]
    labels = [
        say("{column}: {values}", column=group.column, values=group.values) for group in shown
    ]
    return Picture(
        "coverage",
        say("Coverage by group"),
        _intervals(labels, shown, found.nominal),
        found.sentence,
        _caption(found, len(shown)),
        (
            say("group"),
            say("rows"),
            say("covered"),
            say("from"),
            say("to"),
            say("p, adjusted for all groups"),
            say("finding"),
        ),
        tuple(_group(label, group) for label, group in zip(labels, shown, strict=True)),
    )


def _intervals(labels: Sequence[str], groups: Sequence[GroupCoverage], nominal: float) -> AnyChart:
    """Draw the interval of each group's share, and a dashed line at the coverage asked for."""
    rows = [
        {
            "segment": label,
            "label": short,
            "place": place,
            "rows": group.rows,
            "finding": say(group.finding),
            "colour": SECOND if group.finding == SHORT else FIRST,
            **bounds(group.share),
        }
        for place, (label, short, group) in enumerate(
            zip(labels, told_apart(labels), groups, strict=True)
        )
    ]
    shares = {"value": ".1%", "low": ".1%", "high": ".1%"}
    base = Chart(data(rows)).encode(
        y=alt.Y("label:N", sort=by("place"), title=None),
        color=alt.Color("colour:N", scale=None),
        tooltip=tooltips(
            "segment:N", "rows:Q", "value:Q", "low:Q", "high:Q", "finding:N", **shares
        ),
    )
    axis = alt.X(**quantitative("low", say("share of the rows covered")), axis=alt.Axis(format="%"))
    line = Chart(data([{"at": nominal}])).mark_rule(color=INK, strokeDash=[4, 4], strokeWidth=1.5)
    chart = (
        line.encode(x=alt.X("at:Q"))
        + base.mark_rule(strokeWidth=2).encode(x=axis, x2=alt.X2("high:Q"))
        + base.mark_point().encode(x=alt.X("value:Q"))
    )
    return chart.properties(width="container", height=26 * len(rows) + 20)


def _caption(found: Coverage, shown: int) -> str:
    if shown == len(found.groups):
        return say(
            "The dashed line is {nominal}; each solid line is the 95% interval of a group's share.",
            nominal=percent(found.nominal),
        )
    return say(
        "The dashed line is {nominal}; each solid line is the 95% interval of a group's share. "
        "Of {groups:,} groups, those with the strongest evidence of a shortfall are shown.",
        nominal=percent(found.nominal),
        groups=len(found.groups),
    )


def _group(label: str, group: GroupCoverage) -> tuple[str, ...]:
    shares = (group.share.value, group.share.low, group.share.high)
    return (
        label,
        f"{group.rows:,}",
        *(percent(share, decimals=1) for share in shares),
        figure(group.p_value, digits=2),
        say(group.finding),
    )


def _widths(widths: Widths, target: str) -> Picture:
    rows = [
        {"predicted": at.predicted, "low": at.low, "middle": at.median, "high": at.high}
        for at in widths.by_prediction
    ]
    base = Chart(data(rows)).encode(x=alt.X(**quantitative("predicted", say("predicted"))))
    axis = alt.Y(**quantitative("low", say("width of the interval"), zero=True))
    chart = base.mark_area(color=FIRST, opacity=0.2).encode(
        y=axis, y2=alt.Y2("high:Q")
    ) + base.mark_line(color=FIRST, point=True).encode(
        y=alt.Y("middle:Q"), tooltip=tooltips("predicted:Q", "low:Q", "middle:Q", "high:Q")
    )
    return Picture(
        "widths",
        say("Widths of the intervals: {target}", target=target),
        chart.properties(width="container", height=240),
        say(
            "The intervals are {mean} wide on average; half of them are wider than {median}.",
            mean=figure(widths.mean, digits=3),
            median=figure(widths.median, digits=3),
        ),
        say(
            "The rows are divided into ten equal parts by prediction: the line is the median "
            "width in each part, the band holds 80% of its widths."
        ),
        (say("predicted"), "10%", say("median"), "90%", say("covered")),
        tuple(
            (
                *(figure(value) for value in (at.predicted, at.low, at.median, at.high)),
                percent(at.covered, decimals=1),
            )
            for at in widths.by_prediction
        ),
    )


def _sizes(sizes: tuple[SetSize, ...]) -> Picture:
    rows = [{"class": f"{size.classes}", "share": size.share, "rows": size.rows} for size in sizes]
    chart = (
        Chart(data(rows))
        .mark_bar(color=FIRST, opacity=0.75)
        .encode(
            x=alt.X(
                "class:N", sort=None, title=say("classes in the set"), axis=alt.Axis(labelAngle=0)
            ),
            y=alt.Y("share:Q", title=say("share of rows"), axis=alt.Axis(format="%")),
            tooltip=tooltips("share:Q", "rows:Q", share=".1%"),
        )
    )
    one = sum(size.share for size in sizes if size.classes == 1)
    mean = sum(size.classes * size.share for size in sizes)
    return Picture(
        "set-sizes",
        say("Sizes of the sets"),
        chart.properties(width="container", height=200),
        say(
            "{share} of the sets hold a single class; on average, a set holds {mean}.",
            share=percent(one),
            mean=figure(mean, digits=3),
        ),
        "",
        (say("classes in the set"), say("rows"), say("share of rows")),
        tuple(
            (f"{size.classes}", f"{size.rows:,}", percent(size.share, decimals=1)) for size in sizes
        ),
    )
