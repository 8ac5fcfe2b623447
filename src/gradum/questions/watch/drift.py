"""The drift of a column, or of the answers: the reference's rows next to the new rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import altair as alt
import numpy as np

from gradum.messages import say, sentences
from gradum.run.fitted import Fitted
from gradum.scores.figures import percent
from gradum.show.pictures.axis_range import AxisRange, axis_range_of
from gradum.show.pictures.picture import (
    FAINT,
    FIRST,
    SECOND,
    Chart,
    Picture,
    data,
    quantitative,
    tooltips,
)
from gradum.show.words.long_names import told_apart
from gradum.study.watch.watched import AnswersWatch, ColumnWatch
from gradum.tables.kinds import KINDS, Kind
from gradum.tables.wording import number, shortened

MOST_LEVELS = 12


def column_picture(name: str, column: ColumnWatch) -> Picture:
    """Draw the distribution functions of numbers, or the shares of levels."""
    title = say("{column}: learned from, and new", column=shortened(column.column, 80))
    if column.level is not None:
        return _levels(name, title, column)
    return _functions(name, title, column, column.sentence, kind=KINDS[column.kind])


def answers_picture(answers: AnswersWatch, fitted: Fitted) -> Picture:
    """Draw the distribution functions of answers."""
    title = say("predicted {target}", target=shortened(fitted.spec.target))
    if fitted.classes:
        title = say("probability of {label}", label=repr(shortened(answers.answer)))
    description = answers.sentence or say("The answers are not shown to have moved.")
    return _functions("answers", title, answers, description, kind=None)


def _functions(
    name: str,
    title: str,
    watched: ColumnWatch | AnswersWatch,
    description: str,
    *,
    kind: Kind | None,
) -> Picture:
    """Draw, for both kinds of rows, the shares with at most each value.

    The range of the known quantiles is shaded; the new rows' curve goes on beyond it.
    """
    known = np.array(watched.places, float)
    before = np.cumsum(watched.reference_counts)[:-1] / max(sum(watched.reference_counts), 1)
    values, now = _new_curve(watched, known)
    reach = axis_range_of([*known, *values])
    kinds = [say("learned from"), say("new")]
    stored = kind.stored_per_millisecond if kind else 0.0

    def written(at: float) -> str:
        return (kind and kind.written(at)) or number(at)

    rows = [
        {"value": at / stored if stored else at, "share": float(share), "what": kind}
        for kind, places, shares in zip(kinds, (known, values), (before, now), strict=True)
        for at, share in zip(places.tolist(), shares, strict=True)
    ]
    x = _axis(reach, whole=bool((np.concatenate([known, values]) % 1 == 0).all()), kind=kind)
    curves = (
        Chart(data(rows))
        .mark_line(interpolate="step-after", strokeWidth=2, clip=True)
        .encode(
            x=x,
            y=alt.Y("share:Q", title=say("share of rows up to it"), axis=alt.Axis(format="%")),
            color=_colours(kinds),
            strokeDash=alt.StrokeDash("what:N", sort=kinds, legend=None),
            tooltip=tooltips("what:N", str(x.shorthand), "share:Q", share=".1%"),
        )
    )
    ends = {"value": known[:1].tolist(), "end": known[-1:].tolist()}
    shaded = [
        {field: at / stored if stored else at for field, at in zip(ends, both, strict=True)}
        for both in zip(*ends.values(), strict=True)
    ]
    band = Chart(data(shaded)).mark_rect(color=FAINT, opacity=0.25).encode(x=x, x2=alt.X2("end"))
    old = dict(zip(known.tolist(), before, strict=True))
    table = [
        (written(at), percent(old[at], decimals=1) if at in old else "–", percent(new, decimals=1))
        for at, new in zip(values.tolist(), now, strict=True)
    ]
    return Picture(
        name,
        title,
        alt.layer(band, curves).properties(width="container", height=220),
        description,
        sentences(_caption(watched, values, now, reach, written)),
        (say("value"), *kinds),
        table,
    )


def _new_curve(
    watched: ColumnWatch | AnswersWatch, known: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the places of the new rows' curve, and the shares of rows up to each."""
    rows = max(sum(watched.counts), 1)
    below, above = len(watched.below), len(watched.above)
    values = np.concatenate([watched.below, known, watched.above])
    shares = [
        watched.counts[0] / rows * np.arange(1, below + 1) / max(below, 1),
        np.cumsum(watched.counts)[:-1] / rows,
        1 - watched.counts[-1] / rows * np.arange(above)[::-1] / max(above, 1),
    ]
    return values, np.concatenate(shares)


def _axis(reach: AxisRange, *, whole: bool, kind: Kind | None) -> alt.X:
    if kind and kind.stored_per_millisecond:
        domain = [end / kind.stored_per_millisecond for end in reach.domain]
        scale = alt.Scale(type="utc", domain=domain)
        return alt.X(
            "value:T", title=say("value"), scale=scale, axis=alt.Axis(format=kind.axis_format)
        )
    axis = alt.Axis(tickMinStep=1) if whole else alt.Axis()
    return alt.X(**quantitative("value", say("value"), domain=reach.domain, nice=True), axis=axis)


def _caption(
    watched: ColumnWatch | AnswersWatch,
    values: np.ndarray,
    now: np.ndarray,
    reach: AxisRange,
    written: Callable[[float], str],
) -> Iterator[str]:
    """Say how to read the chart, and how many rows lie outside of the shading and of the axis."""
    yield say("The share of rows with at most each value, at the quantiles that are known.")
    outside = [
        (counts[0] + counts[-1]) / max(sum(counts), 1)
        for counts in (watched.reference_counts, watched.counts)
        if len(counts) > 1
    ]
    if outside:
        yield say(
            "The shaded range is that of these quantiles: {old} of the rows learned from lie "
            "outside of it, and {new} of the new ones.",
            old=percent(outside[0]),
            new=percent(outside[1]),
        )
    if reach.above:
        yield say(
            "{share} of the new rows lie to the right of the axis, up to {value}.",
            share=percent(1 - now[values <= reach.high].max(initial=0.0), decimals=1),
            value=written(values[-1]),
        )
    if reach.below:
        yield say(
            "{share} of the new rows lie to the left of the axis, down to {value}.",
            share=percent(now[values < reach.low].max(initial=0.0), decimals=1),
            value=written(values[0]),
        )


def _levels(name: str, title: str, column: ColumnWatch) -> Picture:
    """Draw the shares of the named levels, the commonest first."""
    named = [str(place) for place in column.places]
    shares = [
        np.array(counts) / max(sum(counts), 1)
        for counts in (column.reference_counts, column.counts)
    ]
    kinds = [say("learned from"), say("new")]
    labels = told_apart(named[:MOST_LEVELS])
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
        Chart(data(rows))
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
