"""Scores by segment."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from gradum.messages import listed, say
from gradum.run.fitted import Fitted
from gradum.scores.figures import figure
from gradum.scores.metrics import METRICS
from gradum.show.pictures.picture import (
    FIRST,
    SECOND,
    Chart,
    Picture,
    bounds,
    by,
    data,
    limits,
    quantitative,
    tooltips,
)
from gradum.show.words.long_names import told_apart
from gradum.study.finding_words import WEAKER
from gradum.study.findings.findings import Findings
from gradum.study.findings.segments import Segment, Segments


def pictures_of(findings: Findings, fitted: Fitted) -> list[Picture]:
    """Draw the weakest segments, if any are shown to be weak, then the requested ones."""
    found = findings.segments
    return [*([weakest(found)] if found.weakest else []), *slices(found)]


def slices(segments: Segments) -> list[Picture]:
    """Draw the segments of every requested column."""
    return [
        _segments(
            of_column,
            f"slice-{number}",
            say("By {column}", column=column),
            segments.metric,
            whole=False,
        )
        for number, (column, of_column) in enumerate(segments.slices.items(), 1)
        if of_column
    ]


def weakest(segments: Segments) -> Picture:
    """Draw the weakest segments."""
    return _segments(
        segments.weakest, "weakest", say("The weakest segments"), segments.metric, whole=True
    )


def _segments(
    segments: Sequence[Segment], name: str, title: str, metric: str, *, whole: bool
) -> Picture:
    labels = [
        say("{column}: {values}", column=segment.column, values=segment.values)
        if whole
        else segment.values
        for segment in segments
    ]
    weak = [segment.finding == WEAKER for segment in segments]
    rows = [
        {
            "segment": label,
            "label": short,
            "place": place,
            "rows": segment.rows,
            "finding": say(segment.finding),
            **bounds(segment.score),
        }
        for place, (label, short, segment) in enumerate(
            zip(labels, told_apart(labels), segments, strict=True)
        )
    ]
    score = METRICS[metric].words
    findings = sorted({segment.finding for segment in segments})
    colour = alt.Color(
        "finding:N",
        title=None,
        legend=alt.Legend() if any(weak) and not all(weak) else None,
        scale=alt.Scale(
            domain=[say(finding) for finding in findings],
            range=[SECOND if finding == WEAKER else FIRST for finding in findings],
        ),
    )
    base = Chart(data(rows)).encode(
        y=alt.Y("label:N", sort=by("place"), title=None),
        color=colour,
        tooltip=tooltips("segment:N", "rows:Q", "value:Q", "low:Q", "high:Q", "finding:N"),
    )
    chart = base.mark_rule(strokeWidth=2).encode(
        x=alt.X(**quantitative("low", say("{metric} within the segment", metric=score))),
        x2=alt.X2("high:Q"),
    ) + base.mark_point().encode(x=alt.X("value:Q"))
    weaker = [label for label, is_weak in zip(labels, weak, strict=True) if is_weak]
    return Picture(
        name,
        title,
        chart.properties(width="container", height=30 * len(rows) + 20),
        say("Weaker than the rest: {segments}.", segments=listed(weaker))
        if weaker
        else say("No segment is shown to be weaker."),
        "",
        (
            say("segment"),
            say("rows"),
            score,
            say("from"),
            say("to"),
            say("against the rest"),
            say("target there"),
            say("finding"),
        ),
        tuple(
            (
                label,
                f"{segment.rows:,}",
                *limits(segment.score),
                figure(segment.difference.value, sign=True) if segment.difference else "–",
                figure(segment.baseline),
                say(segment.finding),
            )
            for label, segment in zip(labels, segments, strict=True)
        ),
    )
