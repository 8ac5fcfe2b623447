"""The drift of a column, or of the answers: the reference's rows next to the new rows."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np

from gradum.messages import say
from gradum.run.fitted import Fitted
from gradum.scores.figures import figure, percent
from gradum.show.pictures.picture import FIRST, SECOND, Picture, data, quantitative, tooltips
from gradum.study.watch.watched import AnswersWatch, ColumnWatch
from gradum.tables.kinds import KINDS, Kind
from gradum.tables.wording import shortened

MOST_LEVELS = 12


def column_picture(name: str, column: ColumnWatch) -> Picture:
    """Draw the distribution functions of numbers, or the shares of levels."""
    title = say("{column}: learned from, and new", column=shortened(column.column))
    if column.level is not None:
        return _levels(name, title, column)
    places = [float(place) for place in column.places]
    kind = KINDS[column.kind]
    return _functions(
        name, title, places, column.reference_counts, column.counts, column.sentence, kind=kind
    )


def answers_picture(answers: AnswersWatch, fitted: Fitted) -> Picture:
    """Draw the distribution functions of answers."""
    title = say("predicted {target}", target=shortened(fitted.spec.target))
    if fitted.classes:
        title = say("probability of {label}", label=repr(shortened(answers.answer)))
    places, before, now = answers.places, answers.reference_counts, answers.counts
    description = answers.sentence or say("It is not shown that the answers have moved.")
    return _functions("answers", title, places, before, now, description, kind=None)


def _functions(
    name: str,
    title: str,
    places: Sequence[float],
    before: Sequence[int],
    now: Sequence[int],
    description: str,
    *,
    kind: Kind | None,
) -> Picture:
    """Draw, for both kinds of rows, the shares with at most each value."""
    shares = [np.cumsum(counts)[:-1] / max(sum(counts), 1) for counts in (before, now)]
    kinds = [say("learned from"), say("new")]
    stored = kind.stored_per_millisecond if kind else 0.0
    at = [place / stored for place in places] if stored else list(places)
    rows = [
        {"value": value, "share": float(share), "what": kind}
        for kind, of_kind in zip(kinds, shares, strict=True)
        for value, share in zip(at, of_kind, strict=True)
    ]
    x = alt.X(**quantitative("value", say("value")))
    if kind and stored:
        axis = alt.Axis(format=kind.axis_format)
        x = alt.X("value:T", title=say("value"), scale=alt.Scale(type="utc"), axis=axis)
    chart = (
        alt.Chart(data(rows))
        .mark_line(interpolate="step-after", strokeWidth=2)
        .encode(
            x=x,
            y=alt.Y("share:Q", title=say("share of rows up to it"), axis=alt.Axis(format="%")),
            color=_colours(kinds),
            strokeDash=alt.StrokeDash("what:N", sort=kinds, legend=None),
            tooltip=tooltips("what:N", "value:Q", "share:Q", share=".1%"),
        )
        .properties(width="container", height=220)
    )
    written = [(kind and kind.written(value)) or figure(value) for value in places]
    table = [
        (value, percent(one, decimals=1), percent(other, decimals=1))
        for value, one, other in zip(written, *shares, strict=True)
    ]
    caption = say("The share of rows with at most each value, at the quantiles that are known.")
    return Picture(name, title, chart, description, caption, (say("value"), *kinds), table)


def _levels(name: str, title: str, column: ColumnWatch) -> Picture:
    """Draw the shares of the named levels, the commonest first."""
    named = [str(place) for place in column.places]
    shares = [
        np.array(counts) / max(sum(counts), 1)
        for counts in (column.reference_counts, column.counts)
    ]
    kinds = [say("learned from"), say("new")]
    labels = [shortened(level) for level in named[:MOST_LEVELS]]
    columns = [list(of_kind[: len(labels)]) for of_kind in shares]
    labels.append(say("other"))
    for of_kind, whole in zip(columns, shares, strict=True):
        of_kind.append(whole[len(labels) - 1 :].sum())
    rows = [
        {"value": label, "place": place, "share": float(share), "what": kind}
        for kind, of_kind in zip(kinds, columns, strict=True)
        for place, (label, share) in enumerate(zip(labels, of_kind, strict=True))
    ]
    chart = (
        alt.Chart(data(rows))
        .mark_bar()
        .encode(
            y=alt.Y("value:N", title=None, sort=alt.EncodingSortField("place", op="min")),
            yOffset=alt.YOffset("what:N", sort=kinds),
            x=alt.X("share:Q", title=say("share of rows"), axis=alt.Axis(format="%")),
            color=_colours(kinds),
            tooltip=tooltips("value:N", "what:N", "share:Q", share=".1%"),
        )
        .properties(width="container", height=alt.Step(13))
    )
    table = [
        (label, percent(float(one), decimals=1), percent(float(other), decimals=1))
        for label, one, other in zip(labels, *columns, strict=True)
    ]
    return Picture(name, title, chart, column.sentence, "", (say("level"), *kinds), table)


def _colours(kinds: Sequence[str]) -> alt.Color:
    return alt.Color(
        "what:N",
        title=None,
        sort=list(kinds),
        scale=alt.Scale(domain=list(kinds), range=[FIRST, SECOND]),
    )
