"""Scores by group as text: a table of the metric, and of two classes one of the rates."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gradum.messages import say
from gradum.scores.figures import figure, percent_with_interval, with_interval
from gradum.scores.interval import Interval
from gradum.scores.metrics import METRICS
from gradum.show.visible import visible
from gradum.study.finding_words import NO_DIFFERENCE, TOO_FEW_ROWS, UNDEFINED
from gradum.study.group_measures import RATES
from gradum.study.groups import Group, Groups, GroupScore

TITLES = {rate.name: rate.title for rate in RATES}
UNMARKED = (NO_DIFFERENCE, TOO_FEW_ROWS, UNDEFINED)
MARK = " *"
"""Behind a rate that is shown to differ from that of the rest."""


def group_parts(groups: Groups) -> list[RenderableType]:
    """Say which groups differ, then lay out the scores of each column's groups."""
    sentences = [Text(visible(sentence)) for sentence in groups.sentences]
    if groups.flagged:
        sentences[0].stylize("bold")
    return ["", *sentences, *_tables(groups)]


def _tables(groups: Groups) -> Iterator[RenderableType]:
    metric, *rates = groups.measures
    for column in dict.fromkeys(group.column for group in groups.groups):
        of_column = [group for group in groups.groups if group.column == column]
        yield Padding(_scores(column, of_column, metric), (1, 0, 0, 0))
        if rates:
            yield Padding(_rates(column, of_column, rates, groups), (1, 0, 0, 0))
    if rates:
        yield Text(
            say("* differs from the rest; highest − lowest: of groups of enough rows"), "dim"
        )


def _scores(column: str, groups: list[Group], metric: str) -> Table:
    """Lay out the metric of each group, and its difference from the rest."""
    table = _table(column)
    for heading in (say(METRICS[metric].title), say("less the rest's")):
        table.add_column(heading, no_wrap=True)
    table.add_column("")
    for group in groups:
        score = group.scores[metric]
        shown = score.finding not in UNMARKED
        difference = "" if score.difference is None else with_interval(score.difference, sign=True)
        finding = "–" if score.finding == NO_DIFFERENCE else say(score.finding)
        table.add_row(
            *_named(group),
            _value(score),
            difference,
            Text(finding, "bold" if shown else "dim"),
        )
    return table


def _rates(column: str, groups: list[Group], rates: list[str], found: Groups) -> Table:
    """Lay out the rates of each group, and how far the groups' lie apart."""
    table = _table(column)
    for rate in rates:
        table.add_column(say(TITLES[rate]), no_wrap=True)
    for group in groups:
        table.add_row(*_named(group), *(_share(group.scores[rate]) for rate in rates))
    gaps = {gap.measure: gap for gap in found.gaps if gap.column == column}
    if gaps:
        cells = [
            percent_with_interval(Interval(gap.value, gap.low, gap.high, 0.0)) if gap else "–"
            for gap in (gaps.get(rate) for rate in rates)
        ]
        table.add_row(say("highest − lowest"), "", *cells, style="dim")
    return table


def _table(column: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column(Text(visible(column)), overflow="fold")
    table.add_column(say("rows"), justify="right", no_wrap=True)
    return table


def _named(group: Group) -> tuple[Text, str]:
    return Text(visible(group.values)), f"{group.rows:,}"


def _value(score: GroupScore) -> str:
    return figure(score.value) if score.interval is None else with_interval(score.interval)


def _share(score: GroupScore) -> Text:
    if score.interval is None or score.value is None:
        return Text(
            "–" if score.value is None else f"({figure(100 * score.value, digits=2)}%)", "dim"
        )
    shown = score.finding not in UNMARKED
    text = percent_with_interval(score.interval) + (MARK if shown else "")
    return Text(text, "bold" if shown else "")
