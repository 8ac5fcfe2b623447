"""The confusion matrix."""

from __future__ import annotations

import altair as alt

from gradum.show.pictures.picture import FIRST, INK, AnyChart, Picture, by, data, tooltips
from gradum.study.confusion import Confusion

WRITTEN_UP_TO = 12  # classes; beyond, numbers in the cells would overlap
LEVEL_UP_TO = 5  # classes whose labels stand side by side


def confusion_matrix(found: Confusion) -> Picture:
    """Draw rows by true and predicted class; the shade is the share of the true class."""
    totals = [max(sum(line), 1) for line in found.counts]
    cells = [
        {
            "true": true,
            "predicted": predicted,
            "rows": count,
            "share": count / total,
            "row": row,
            "column": column,
        }
        for row, (true, line, total) in enumerate(
            zip(found.labels, found.counts, totals, strict=True)
        )
        for column, (predicted, count) in enumerate(zip(found.labels, line, strict=True))
    ]
    order = list(found.labels)
    few = len(order) <= LEVEL_UP_TO
    base = alt.Chart(data(cells)).encode(
        x=alt.X(
            "predicted:N",
            sort=by("column"),
            title="predicted",
            axis=alt.Axis(labelAngle=0 if few else -40),
        ),
        y=alt.Y("true:N", sort=by("row"), title="true"),
        tooltip=tooltips("true:N", "predicted:N", "rows:Q", alt.Tooltip("share:Q", format=".1%")),
    )
    shade = alt.Opacity("share:Q", scale=alt.Scale(domain=[0, 1], range=[0, 0.65]), legend=None)
    chart: AnyChart = base.mark_rect(color=FIRST, stroke=None).encode(opacity=shade)
    if len(order) <= WRITTEN_UP_TO:
        written = base.mark_text(color=INK).encode(text=alt.Text("rows:Q", format=","))
        chart = alt.layer(chart, written)
    right = sum(found.counts[k][k] for k in range(len(order)))
    rows = sum(map(sum, found.counts))
    mistakes = "; ".join(f"{a} taken for {b}: {count:,}" for a, b, count in found.mistaken[:3])
    said = f"{right:,} of {rows:,} rows are on the diagonal, where prediction and truth agree."
    return Picture(
        "confusion",
        "Confusion matrix",
        chart.properties(width="container", height=min(28 * len(order) + 90, 620)),
        f"{said} Most frequent mistakes: {mistakes}." if mistakes else said,
        f"The shade is the share of the true class. {found.others}".strip(),
        ("true \\ predicted", *order),
        tuple(
            (true, *(f"{count:,}" for count in line))
            for true, line in zip(order, found.counts, strict=True)
        ),
    )
