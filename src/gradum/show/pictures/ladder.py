"""The rungs side by side: the score that the verdict compares, with intervals."""

from __future__ import annotations

import altair as alt

from gradum.fitting.judgement import Judgement
from gradum.fitting.spec import TITLES
from gradum.scores.figures import with_interval
from gradum.scores.metrics import METRICS
from gradum.show.pictures.picture import (
    FIRST,
    Picture,
    bounds,
    data,
    limits,
    quantitative,
    tooltips,
)


def ladder(judgement: Judgement) -> Picture:
    """Draw each rung's test score and its interval."""
    metric = METRICS[judgement.verdict.metric]
    scores = {
        TITLES[name]: parts["test"][judgement.verdict.metric]
        for name, parts in judgement.scores.items()
    }
    rows = [{"rung": rung, **bounds(score)} for rung, score in scores.items()]
    base = alt.Chart(data(rows)).encode(y=alt.Y("rung:N", title=None, sort=list(scores)))
    better = "more" if metric.greater_is_better else "less"
    axis = alt.X(**quantitative("low", f"{metric.words} on test rows ({better} is better)"))
    chart = base.mark_rule(color=FIRST, strokeWidth=2).encode(
        x=axis, x2=alt.X2("high:Q")
    ) + base.mark_point().encode(
        x=alt.X("value:Q"), tooltip=tooltips("rung:N", "value:Q", "low:Q", "high:Q")
    )
    return Picture(
        "ladder",
        "The ladder",
        chart.properties(width="container", height=36 * len(rows)),
        f"{metric.title} on test rows: "
        + "; ".join(f"{rung} {with_interval(score)}" for rung, score in scores.items())
        + ".",
        "Points are scores on rows that no rung has learned from, lines 95% intervals. They may "
        "overlap and the difference still be sure: both rungs saw the same rows, and the verdict "
        "compares them row by row.",
        ("rung", metric.title, "from", "to"),
        tuple((rung, *limits(score)) for rung, score in scores.items()),
    )
