"""Sentences on a watch, shared by text and page."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from gradum.margins import falling
from gradum.messages import say, say_plural
from gradum.run.fitted import Fitted
from gradum.scores.figures import figure, percent
from gradum.show.document.document import TextTable
from gradum.study.watch.drift_effect import HARMLESS
from gradum.study.watch.watched import ColumnWatch, Watched
from gradum.tables.wording import quoted, shortened

MOST_NAMED = 10
NEAREST = 10
"""The number of columns without drift that a terminal shows: those with the smallest p-values."""


def verdict(found: Watched, source: str) -> str:
    """Say in one sentence whether there is an alarm."""
    if found.alarms and all(alarm.kind == "sequence" for alarm in found.alarms):
        return say(
            "An alarm: the labels of {source} show more errors than are allowed.", source=source
        )
    if not found.alarms and not found.tests:
        return say("The labels of {source} raise no alarm.", source=source)
    if not found.alarms and any(column.drifted for column in found.columns):
        return say(
            "No alarm: the {rows:,} rows of {source} differ from the {reference:,} rows that "
            "{target!r} was learned from, but only in ways that hardly move an answer.",
            rows=found.rows,
            source=source,
            reference=found.reference_rows,
            target=shortened(found.target),
        )
    if not found.alarms:
        return say_plural(
            "No alarm: {count:,} row of {source} is like the {reference:,} rows that {target!r} "
            "was learned from, as far as it can show.",
            "No alarm: the {count:,} rows of {source} are like the {reference:,} rows that "
            "{target!r} was learned from, as far as they can show.",
            found.rows,
            source=source,
            reference=found.reference_rows,
            target=shortened(found.target),
        )
    return say_plural(
        "{count} alarm: the {rows:,} rows of {source} are not like the {reference:,} rows that "
        "{target!r} was learned from.",
        "{count} alarms: the {rows:,} rows of {source} are not like the {reference:,} rows that "
        "{target!r} was learned from.",
        len(found.alarms),
        rows=found.rows,
        source=source,
        reference=found.reference_rows,
        target=shortened(found.target),
    )


def shown_columns(found: Watched) -> list[ColumnWatch]:
    """Return the columns for a terminal: all that have drifted, and the ten nearest to drift."""
    drifted = [column for column in found.columns if column.drifted]
    others = [column for column in found.columns if not column.drifted]
    order = falling(np.array([-min(column.tests.values()) for column in others]))
    return [*drifted, *(others[place] for place in order[:NEAREST])]


def columns_table(fitted: Fitted, columns: Iterable[ColumnWatch], title: str = "") -> TextTable:
    """Lay out some columns."""
    moved = (say("column"), say("size"), say("detectable from"), "p", "PSI")
    rows = [_cells(fitted, column) for column in columns]
    return TextTable((*moved, say("effect"), say("verdict")), rows, title=title)


def _cells(fitted: Fitted, column: ColumnWatch) -> tuple[str, ...]:
    effect = "" if column.effect is None else figure(column.effect.absolute, digits=2)
    if column.effect is not None and fitted.classes:
        effect = percent(column.effect.absolute, decimals=1)
    return (
        shortened(column.column),
        figure(column.size, digits=2),
        figure(column.least_size, digits=2),
        p_text(min(column.tests.values())),
        f"{column.psi:.2f}",
        effect,
        state(column),
    )


def state(column: ColumnWatch) -> str:
    """Say in a word or two what was found for a column."""
    if column.alarming:
        return say("drifted")
    return say("drifted, harmless") if column.drifted else say("no drift shown")


def harmless_sentence(found: Watched) -> str:
    """Name the columns whose drift does no harm; nothing if there are none."""
    harmless = [column for column in found.columns if column.drifted and not column.alarming]
    if not harmless:
        return ""
    names = quoted([column.column for column in harmless], MOST_NAMED)
    return say_plural(
        "{count} column has drifted without harm, as it moves answers by less than {share} of "
        "their standard deviation: {names}.",
        "{count} columns have drifted without harm, as each moves answers by less than {share} of "
        "their standard deviation: {names}.",
        len(harmless),
        share=percent(HARMLESS),
        names=names,
    )


def p_text(p: float) -> str:
    """Write a p-value."""
    return "< 0.0001" if p < 1e-4 else f"{p:.4f}" if p < 0.01 else f"{p:.2f}"


def how_to_read(found: Watched) -> tuple[str, ...]:
    """Say what the figures of a watch mean."""
    return (
        say(
            "The size is the largest difference between shares: the Kolmogorov–Smirnov distance "
            "for numbers, dates and lengths of texts, the total variation for levels. Beside it "
            "stands the smallest size that so many rows would be certain to show at 5% if it "
            "were the only test; ranks and levels may show smaller ones."
        ),
        say_plural(
            "{count} test was made. If rows are like those learned from, at most 5% of watches "
            "find any drift.",
            "{count} tests were made and counted together: if rows are like those learned from, "
            "at most 5% of watches find any drift.",
            found.tests,
        ),
        psi_note(),
    )


def psi_note() -> str:
    """Say what the population stability index misses."""
    return say(
        "The usual threshold of the PSI, 0.1, ignores the number of rows: it misses a shift of "
        "0.2 standard deviations however many rows there are, and with few rows it finds drift "
        "where there is none."
    )
