"""Scores by group: for each column a table of the metric and, for two classes, one of the rates."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gradum.messages import say
from gradum.scores.figures import figure, percent, percent_with_interval, with_interval
from gradum.scores.interval import Interval
from gradum.scores.metrics import METRICS
from gradum.show.document.document import TextTable
from gradum.show.words.visible import visible
from gradum.study.finding_words import NO_DIFFERENCE
from gradum.study.groups.groups import CALIBRATION, RATES, UNMARKED, Group, Groups, GroupScore

TITLES = {rate.name: rate.title for rate in RATES}
MARK = " *"
"""The mark after a rate that is shown to differ from that of the rest."""


def group_parts(groups: Groups) -> list[RenderableType]:
    """Say which groups differ, then lay out the scores of each column's groups."""
    sentences = [Text(visible(sentence)) for sentence in groups.sentences]
    tables = [Padding(_laid_out(table), (1, 0, 0, 0)) for table in group_tables(groups)]
    return ["", *sentences, *tables, *(Text(key, "dim") for key in key_to_rates(groups))]


def key_to_rates(groups: Groups) -> list[str]:
    """Say how to read tables of rates; nothing if there are none."""
    if len(groups.measures) == 1:
        return []
    return [
        say(
            "* differs from the rest. (In brackets): too few rows to say. Highest − lowest is that "
            "of groups of enough rows, with an interval that holds for all of them. Calibration is "
            "on the scale of log-odds: an intercept of 0 and a slope of 1 are right."
        )
    ]


def group_tables(groups: Groups) -> Iterator[TextTable]:
    """Yield the tables of each column, with a line for each group that starts with its name."""
    metric, *rates = groups.measures
    for column in dict.fromkeys(group.column for group in groups.groups):
        of_column = [group for group in groups.groups if group.column == column]
        yield _scores(column, of_column, metric)
        if rates:
            yield _rates(column, of_column, rates, groups)
        if of_column := [group for group in groups.calibration if group.column == column]:
            yield _calibration(column, of_column)


def _scores(column: str, groups: list[Group], metric: str) -> TextTable:
    """Lay out the metric of each group, and its difference from the rest."""
    title = say(METRICS[metric].title)
    rows = []
    for group in groups:
        score = group.scores[metric]
        value = figure(score.value) if score.interval is None else with_interval(score.interval)
        difference = "" if score.difference is None else with_interval(score.difference, sign=True)
        finding = "–" if score.finding == NO_DIFFERENCE else say(score.finding)
        rows.append((*_named(group), value, difference, finding))
    return TextTable((column, say("rows"), title, say("minus the rest's"), ""), rows)


def _rates(column: str, groups: list[Group], rates: list[str], found: Groups) -> TextTable:
    """Lay out the rates of each group, and how far apart these are."""
    rows = [(*_named(group), *(_share(group.scores[rate]) for rate in rates)) for group in groups]
    gaps = {gap.measure: gap for gap in found.gaps if gap.column == column}
    if gaps:
        apart = (gaps.get(rate) for rate in rates)
        intervals = (gap and Interval(gap.value, gap.low, gap.high, 0.0) for gap in apart)
        cells = (percent_with_interval(gap) if gap else "–" for gap in intervals)
        rows.append((say("highest − lowest"), "", *cells))
    return TextTable((column, say("rows"), *(say(TITLES[rate]) for rate in rates)), rows)


def _calibration(column: str, groups: list[Group]) -> TextTable:
    """Lay out the calibration intercept and slope of each group."""
    rows = [(*_named(group), *map(_marked, group.scores.values())) for group in groups]
    return TextTable((column, say("rows"), *(say(each.title) for each in CALIBRATION)), rows)


def _marked(score: GroupScore) -> str:
    """Write a value with its interval, and a mark if it is shown to differ from the rest."""
    if score.value is None:
        return "–"
    if score.interval is None:
        return f"({figure(score.value)})"
    return with_interval(score.interval) + ("" if score.finding in UNMARKED else MARK)


def _named(group: Group) -> tuple[str, str]:
    return group.values, f"{group.rows:,}"


def _share(score: GroupScore) -> str:
    if score.value is None:
        return "–"
    if score.interval is None:
        return f"({percent(score.value)})"
    return percent_with_interval(score.interval) + ("" if score.finding in UNMARKED else MARK)


def _laid_out(content: TextTable) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for place, name in enumerate(content.header):
        justify = "right" if place == 1 else "left"
        table.add_column(Text(visible(name)), justify=justify, no_wrap=place > 0, overflow="fold")
    for row in content.rows:
        table.add_row(*(Text(visible(cell)) for cell in row))
    return table
