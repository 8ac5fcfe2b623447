"""Charts of Shapley values over many rows: mean sizes, and a beeswarm."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np

from gradum.messages import marked, say, sentences
from gradum.scores.figures import figure, with_interval
from gradum.show.pictures.axis_range import AxisRange, axis_range_of
from gradum.show.pictures.picture import (
    FAINT,
    FIRST,
    SECOND,
    Chart,
    Picture,
    bounds,
    by,
    data,
    legend_of,
    limits,
    quantitative,
    tooltips,
)
from gradum.show.words.explanation_words import direction_words
from gradum.show.words.long_names import told_apart
from gradum.study.explanation.overall import ColumnOverall, Overall

MOST_SWARMS = 12
THIRDS = (marked("low"), marked("middle"), marked("high"), marked("unordered"))
MIDDLE = "#CC79A7"  # between the two, distinguishable with any colour vision
ROW_HEIGHT, SWARM_HEIGHT = 24, 34
CELLS = 100  # across a swarm; each is filled from its middle
FEWEST_STEPS = 10  # from the middle to the edge


def contribution_bars(found: Overall) -> Picture:
    """Draw how far, on average over the rows, the columns move the answers."""
    labels = told_apart([column.column for column in found.columns])
    rows = [
        {"column": column.column, "label": label, "place": place, **bounds(column.size)}
        for place, (column, label) in enumerate(zip(found.columns, labels, strict=True))
    ]
    base = Chart(data(rows)).encode(
        y=alt.Y("label:N", sort=by("place"), title=None),
        tooltip=tooltips("column:N", "value:Q", "low:Q", "high:Q"),
    )
    bars = base.mark_bar(color=FIRST, opacity=0.6).encode(
        x=alt.X(**quantitative("value", say("mean size"), zero=True), stack=None)
    )
    ranges = base.mark_rule(color=FIRST, strokeWidth=2).encode(
        x=alt.X("low:Q"), x2=alt.X2("high:Q")
    )
    first = say("; ").join(
        f"{column.column} {with_interval(column.size)}" for column in found.columns[:3]
    )
    return Picture(
        "contributions",
        say("How far the columns move the answers"),
        (bars + ranges).properties(width="container", height=ROW_HEIGHT * len(rows) + 20),
        say("These move the answer farthest: {columns}.", columns=first),
        sentences([_how_measured(found), _of_which_class(found)]),
        (say("column"), say("size"), say("from"), say("to"), _direction_of(found)),
        tuple(
            (column.column, *limits(column.size), direction_words(column))
            for column in found.columns
        ),
    )


def contribution_swarm(found: Overall) -> Picture | None:
    """Draw the contributions row by row, or return None if no single row may be shown."""
    shown = [column for column in found.columns[:MOST_SWARMS] if column.contributions]
    if not shown:
        return None
    labels = told_apart([column.column for column in shown])
    reach = axis_range_of(value for column in shown for value in column.contributions)
    rows = [
        {
            "column": column.column,
            "label": label,
            "place": place,
            "contribution": contribution,
            "x": reach.held(contribution),
            "offset": offset,
            "third": _third(rank),
        }
        for place, (column, label) in enumerate(zip(shown, labels, strict=True))
        for contribution, offset, rank in zip(
            column.contributions, _offsets(column, reach), column.ranks, strict=True
        )
    ]
    thirds = [say(name) for name in THIRDS]
    points = (
        Chart(data(rows))
        .mark_circle(size=18, opacity=0.8)
        .encode(
            x=alt.X(**quantitative("x", _change(found))),
            y=alt.Y("label:N", sort=by("place"), title=None),
            yOffset=alt.YOffset("offset:Q", scale=alt.Scale(domain=[-1, 1])),
            color=alt.Color(
                "third:N",
                title=say("value"),
                scale=alt.Scale(domain=thirds, range=[FIRST, MIDDLE, SECOND, FAINT]),
                legend=legend_of(thirds),
            ),
            tooltip=tooltips("column:N", "contribution:Q", "third:N"),
        )
    )
    zero = Chart(data([{"zero": 0}])).mark_rule(color=FAINT).encode(x=alt.X("zero:Q"))
    return Picture(
        "swarm",
        say("Row by row, which way"),
        (zero + points).properties(width="container", height=SWARM_HEIGHT * len(shown) + 20),
        _described(shown),
        sentences(
            [
                say(
                    "Each dot is a row and shows how far its value of the column moved the "
                    "answer; a dot on the right moved it up. Its colour shows how high that "
                    "value is among the rows; missing values and levels have no order."
                ),
                say("Of {rows:,} rows some are drawn.", rows=found.rows)
                if len(shown[0].contributions) < found.rows
                else "",
                reach.sentence,
            ]
        ),
        (say("column"), say("least"), say("middle"), say("greatest"), _direction_of(found)),
        tuple((column.column, *_summary(column), direction_words(column)) for column in shown),
    )


def _third(rank: float | None) -> str:
    return say(THIRDS[3 if rank is None else min(int(3 * rank), 2)])


def _change(found: Overall) -> str:
    return {
        "target": say("change of the answer"),
        "probability": say("change of the probability"),
        "log-odds": say("change of the log-odds"),
    }[found.scale]


def _how_measured(found: Overall) -> str:
    return {
        "target": say(
            "The mean size of each column's Shapley values over {rows:,} rows, in the target's "
            "unit. Its 95% interval allows for the choice of rows and background rows and for "
            "random draws.",
            rows=found.rows,
        ),
        "probability": say(
            "The mean size of each column's Shapley values over {rows:,} rows, as probabilities. "
            "Its 95% interval allows for the choice of rows and background rows and for random "
            "draws.",
            rows=found.rows,
        ),
        "log-odds": say(
            "The mean size of each column's Shapley values over {rows:,} rows, as log-odds. Its "
            "95% interval allows for the choice of rows and background rows and for random draws.",
            rows=found.rows,
        ),
    }[found.scale]


def _of_which_class(found: Overall) -> str:
    if found.answers <= 2:
        return ""
    return say(
        "Sizes are means over the {answers:,} answers; directions are those of {answer}.",
        answers=found.answers,
        answer=found.answer,
    )


def _direction_of(found: Overall) -> str:
    if found.answer is None:
        return say("direction")
    return say("direction for {answer}", answer=found.answer)


def _described(shown: Sequence[ColumnOverall]) -> str:
    """Say which way the first few columns move the answers, where known."""
    ways = [(column.column, direction_words(column)) for column in shown]
    known = [say("{column}: {way}", column=column, way=way) for column, way in ways if way]
    if not known:
        return say("The rows show no direction for any column.")
    return say("Directions: {directions}.", directions=say("; ").join(known[:3]))


def _summary(column: ColumnOverall) -> tuple[str, str, str]:
    values = column.contributions
    least, middle, greatest = (
        figure(float(value), digits=3, sign=True)
        for value in (values[0], np.median(values), values[-1])
    )
    return least, middle, greatest


def _offsets(column: ColumnOverall, reach: AxisRange) -> list[float]:
    """Return how far each dot lies from its line, between −1 and 1, so that few overlap.

    Dots of one cell are laid out from the middle, alternately above and below it, so that the
    fullest cell of the column just fits.
    """
    width = max(reach.high - reach.low, np.finfo(float).tiny) / CELLS
    held = np.clip(column.contributions, reach.low, reach.high)
    cells = np.floor((held - reach.low) / width).astype(int)
    places = np.array([np.count_nonzero(cells[:i] == cell) for i, cell in enumerate(cells)])
    step = 1 / max((np.bincount(cells).max() + 1) // 2, FEWEST_STEPS)
    offsets = (places + 1) // 2 * np.where(places % 2, step, -step)
    return offsets.round(2).tolist()
