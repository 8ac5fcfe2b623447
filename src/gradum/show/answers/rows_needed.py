"""The number of rows needed, as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from gradum.messages import say
from gradum.scores.figures import figure
from gradum.scores.metrics import METRICS
from gradum.show.document.document import TextTable, laid_out, lines
from gradum.show.words.visible import visible
from gradum.study.rows_needed import RowsNeeded


def plan_parts(needed: RowsNeeded) -> Iterator[RenderableType]:
    """Say how many rows are needed, what the table's own can show, and what was assumed."""
    points = f"{100 * needed.size:g}"
    heading = say(
        "{target!r} is known in {rows:,} rows, of which {judged:,} would judge a fit.",
        target=needed.target,
        rows=needed.rows,
        judged=needed.judged,
    )
    yield Text(visible(heading), style="bold")
    yield laid_out(
        TextTable(
            (
                say("score"),
                say("judged rows that show a gap of {points} points", points=points),
                say("for an interval {points} points wide", points=points),
                say("gap that this table shows"),
                say("its interval"),
            ),
            [
                (
                    say(METRICS[each.metric].title),
                    figure(each.for_gap),
                    figure(each.for_width),
                    say("{points} points", points=figure(100 * each.least_gap, digits=2)),
                    say("{points} points wide", points=figure(100 * each.width, digits=2)),
                )
                for each in needed.scores
            ],
        )
    )
    yield from lines(needed.sentences)
