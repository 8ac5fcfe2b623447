"""Rungs and rivals side by side, with the score that the verdict compares and its intervals."""

from __future__ import annotations

import altair as alt

from gradum.messages import say, sentences
from gradum.run.judging.judgement import Judgement, defined
from gradum.rungs.registry import KINDS
from gradum.scores.figures import with_interval
from gradum.scores.interval import Interval
from gradum.scores.metrics import METRICS, Metric
from gradum.show.pictures.axis_range import axis_range_of
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
from gradum.show.words.score_rows import compared_title


def ladder(judgement: Judgement) -> Picture:
    """Draw the test score of each rung, and of each rival in another colour, and its interval."""
    metric = METRICS[judgement.verdict.metric]
    rungs = {say(KINDS[name].title): score for name, score in judgement.compared.items()}
    scores = {**rungs, **_rivals(judgement)}
    values = [score.value for score in scores.values()]
    reach = axis_range_of(
        [*values, *(end for score in scores.values() for end in (score.low, score.high))]
    )
    domain = [min(reach.low, *values), max(reach.high, *values)]
    rows = [
        {
            "rung": name,
            "place": place,
            "colour": FIRST if name in rungs else SECOND,
            **bounds(score),
        }
        for place, (name, score) in enumerate(scores.items())
    ]
    base = Chart(data(rows)).encode(
        y=alt.Y("rung:N", title=None, sort=by("place")), color=alt.Color("colour:N", scale=None)
    )
    axis = alt.X(**quantitative("low", _axis_title(metric), domain=domain, nice=True))
    chart = base.mark_rule(strokeWidth=2, clip=True).encode(
        x=axis, x2=alt.X2("high:Q")
    ) + base.mark_point().encode(
        x=alt.X("value:Q"), tooltip=tooltips("rung:N", "value:Q", "low:Q", "high:Q")
    )
    return Picture(
        "ladder",
        say("The models and their scores"),
        chart.properties(width="container", height=36 * len(rows)),
        say(
            "{metric} on test rows: {scores}.",
            metric=compared_title(judgement, metric.name),
            scores=say("; ").join(
                say("{rung} {score}", rung=name, score=with_interval(score))
                for name, score in scores.items()
            ),
        ),
        sentences(
            [
                say(
                    "Points are scores on rows that no model has learned from; lines are 95% "
                    "intervals. A difference can be certain although the intervals overlap: both "
                    "models saw the same rows, and the verdict compares them row by row."
                ),
                say("Rivals are orange.") if len(scores) > len(rungs) else "",
            ]
        ),
        (say("model"), compared_title(judgement, metric.name), say("from"), say("to")),
        tuple((name, *limits(score)) for name, score in scores.items()),
    )


def _rivals(judgement: Judgement) -> dict[str, Interval]:
    """Return the score of each rival that has one by the metric of the verdict."""
    scores = {rival.name: rival.scores for rival in judgement.rivals}
    return defined(scores, judgement.verdict.metric)


def _axis_title(metric: Metric) -> str:
    if metric.greater_is_better:
        return say("{metric} on test rows (more is better)", metric=metric.words)
    return say("{metric} on test rows (less is better)", metric=metric.words)
