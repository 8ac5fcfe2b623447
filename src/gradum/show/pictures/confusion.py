"""The confusion matrix."""

from __future__ import annotations

import altair as alt
from rich.cells import cell_len

from gradum.messages import say, sentences
from gradum.run.fitted import Fitted
from gradum.scores.figures import rows_figure
from gradum.show.pictures.picture import (
    FIRST,
    INK,
    SECOND,
    AnyChart,
    Chart,
    Picture,
    by,
    data,
    quantitative,
    tooltips,
)
from gradum.show.words.long_names import told_apart
from gradum.study.findings.confusion import Confusion
from gradum.study.findings.findings import Findings

WRITTEN_UP_TO = 30  # classes; with more, numbers in the cells would overlap
WIDE_FROM = 9  # classes that need the whole width of the page
LONGEST_LABEL = 24  # columns of a terminal
LEVEL_UP_TO = 40  # columns of all labels that fit side by side


def pictures_of(findings: Findings, fitted: Fitted) -> list[Picture]:
    """Draw the findings about classes."""
    return [] if findings.confusion is None else [confusion_matrix(findings.confusion)]


def confusion_matrix(confusion: Confusion) -> Picture:
    """Draw rows by true and predicted class; with more than 30 classes, the worst pairs."""
    if len(confusion.labels) > WRITTEN_UP_TO:
        chart = _worst_pairs(confusion)
        caption = say("The pairs of classes that are confused most.")
    else:
        chart = _matrix(confusion)
        caption = say(
            "What is right is blue, what is wrong orange; the stronger the colour, the larger the "
            "share of the rows of that true class."
        )
    parts = ""
    if any(count % 1 for line in confusion.counts for count in line):
        parts = say(
            "Each row was predicted several times; each prediction counts as a fraction of its row."
        )
    order = confusion.labels
    right = sum(confusion.counts[k][k] for k in range(len(order)))
    rows = sum(map(sum, confusion.counts))
    agreement = say(
        "{right} of {rows} rows are on the diagonal, where prediction and truth agree.",
        right=rows_figure(right),
        rows=rows_figure(rows),
    )
    mistakes = say("; ").join(
        say(
            "{true} taken for {predicted}: {count}",
            true=true,
            predicted=predicted,
            count=rows_figure(count),
        )
        for true, predicted, count in confusion.mistaken[:3]
    )
    frequent = say("Most frequent mistakes: {mistakes}.", mistakes=mistakes) if mistakes else ""
    return Picture(
        "confusion",
        say("Confusion matrix"),
        chart,
        sentences([agreement, frequent]),
        sentences([caption, parts, confusion.others]),
        (say("true \\ predicted"), *order),
        tuple(
            (true, *map(rows_figure, line))
            for true, line in zip(order, confusion.counts, strict=True)
        ),
        wide=len(order) >= WIDE_FROM,
    )


def _matrix(confusion: Confusion) -> AnyChart:
    names = told_apart(confusion.labels, LONGEST_LABEL)
    cells = [
        {
            "true": names[row],
            "predicted": names[column],
            "rows": count,
            "share": count / max(sum(line), 1),
            "row": row,
            "column": column,
            "colour": FIRST if row == column else SECOND,
        }
        for row, line in enumerate(confusion.counts)
        for column, count in enumerate(line)
    ]
    level = sum(cell_len(name) + 2 for name in names) <= LEVEL_UP_TO
    base = Chart(data(cells)).encode(
        x=alt.X(
            "predicted:N",
            sort=by("column"),
            title=say("predicted"),
            axis=alt.Axis(labelAngle=0 if level else -40, labelOverlap=False),
        ),
        y=alt.Y("true:N", sort=by("row"), title=say("true"), axis=alt.Axis(labelOverlap=False)),
        tooltip=tooltips("true:N", "predicted:N", "rows:Q", "share:Q", share=".1%"),
    )
    shade = alt.Opacity("share:Q", scale=alt.Scale(domain=[0, 1], range=[0, 0.65]), legend=None)
    chart: AnyChart = base.mark_rect(stroke=None).encode(
        opacity=shade, color=alt.Color("colour:N", scale=None)
    )
    # In cells too narrow for them, as on a phone, numbers are smaller.
    most = max(len(f"{count:,}") for line in confusion.counts for count in line)
    size = alt.expr(f"max(7, min(12, 1.5 * width / {len(names)} / {most}))")
    written = base.transform_filter("datum.rows > 0").mark_text(color=INK, fontSize=size)
    written = written.encode(text=alt.Text("rows:Q", format=",.1~f"))
    height = min((24 if len(names) >= WIDE_FROM else 28) * len(names) + 90, 900)
    return alt.layer(chart, written).properties(width="container", height=height)


def _worst_pairs(confusion: Confusion) -> AnyChart:
    rows = [
        {
            "pair": say("{true} taken for {predicted}", true=true, predicted=predicted),
            "rows": count,
            "place": place,
        }
        for place, (true, predicted, count) in enumerate(confusion.mistaken)
    ]
    for row, label in zip(rows, told_apart([row["pair"] for row in rows], 60), strict=True):
        row["pair"] = label
    return (
        Chart(data(rows))
        .mark_bar()
        .encode(
            x=alt.X(**quantitative("rows", say("rows"), zero=True)),
            y=alt.Y("pair:N", sort=by("place"), title=None, axis=alt.Axis(labelLimit=480)),
            tooltip=tooltips("pair:N", "rows:Q"),
        )
        .properties(width="container", height=24 * len(rows) + 40)
    )
