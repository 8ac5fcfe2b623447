"""Later rows of a forecast's series, to be judged: their past is in the history that it keeps."""

from __future__ import annotations

from gradum.errors import TableError
from gradum.messages import say
from gradum.run.fitted import Fitted
from gradum.tables.forecast.facet import STEP
from gradum.tables.forecast.pairs import Windows, as_table
from gradum.tables.forecast.panel import panel_of
from gradum.tables.table import Table


def in_later_pairs(fitted: Fitted, table: Table) -> Table:
    """Return a row for each value of a table of series and each origin before it.

    What lies before the table is looked up in the history that the model keeps. The rows of a model
    that forecasts nothing stay as they are, and so do rows of an origin and a step.

    Raises
    ------
    TableError
        The table cannot be laid on the grid of the series, or has no value with an origin before
        it.
    """
    known = fitted.schema.forecast
    if known is None or STEP in table.frame.columns:
        return table
    given = panel_of(table, known)
    panel = given if fitted.history is None else fitted.history.then(given)
    windows = Windows.every(panel, known)
    pairs, places = windows.judged()
    pairs = pairs.filter(windows.are_in(given).reshape(-1)[places])
    if pairs.is_empty():
        raise TableError(
            say(
                "{source} has no value of {column!r} after a season of its series.",
                source=table.source,
                column=known.target.name,
            ),
            say("Give at least {steps:,} steps.", steps=known.season + 1)
            if fitted.history is None
            else say("Give the values that came after those learned from."),
        )
    return as_table(pairs, table)
