"""The rungs side by side, with the score that the verdict compares and its intervals."""

from __future__ import annotations

import altair as alt

from gradum.messages import say
from gradum.run.judging.judgement import Judgement
from gradum.rungs.registry import KINDS
from gradum.scores.figures import with_interval
from gradum.scores.metrics import METRICS, Metric
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
    scores = {say(KINDS[name].title): score for name, score in judgement.compared.items()}
    rows = [{"rung": rung, **bounds(score)} for rung, score in scores.items()]
    base = alt.Chart(data(rows)).encode(y=alt.Y("rung:N", title=None, sort=list(scores)))
    axis = alt.X(**quantitative("low", _axis_title(metric)))
    chart = base.mark_rule(color=FIRST, strokeWidth=2).encode(
        x=axis, x2=alt.X2("high:Q")
    ) + base.mark_point().encode(
        x=alt.X("value:Q"), tooltip=tooltips("rung:N", "value:Q", "low:Q", "high:Q")
    )
    return Picture(
        "ladder",
        say("The ladder"),
        chart.properties(width="container", height=36 * len(rows)),
        say(
            "{metric} on test rows: {scores}.",
            metric=say(metric.title),
            scores=say("; ").join(
                say("{rung} {score}", rung=rung, score=with_interval(score))
                for rung, score in scores.items()
            ),
        ),
        say(
            "Points are scores on rows that no model has learned from; lines are 95% intervals. A "
            "difference can be certain although the intervals overlap: both models saw the same "
            "rows, and the verdict compares them row by row."
        ),
        (say("model"), say(metric.title), say("from"), say("to")),
        tuple((rung, *limits(score)) for rung, score in scores.items()),
    )


def _axis_title(metric: Metric) -> str:
    if metric.greater_is_better:
        return say("{metric} on test rows (more is better)", metric=metric.words)
    return say("{metric} on test rows (less is better)", metric=metric.words)
