"""Later rows of a forecast's series, to be judged: their past is in the history that it keeps."""

from __future__ import annotations

from gradum.errors import TableError
from gradum.messages import say
from gradum.run.fitted import Fitted
from gradum.tables.forecast.pairs import in_pairs
from gradum.tables.table import Table


def in_later_pairs(fitted: Fitted, table: Table) -> Table:
    """Return what `in_pairs` does of a table and the history that a model keeps.

    Raises
    ------
    TableError
        The table cannot be laid on the grid of the series, or has no value with an origin before
        it.
    """
    known = fitted.schema.forecast
    pairs = in_pairs(table, known, fitted.history)
    if known is not None and pairs.frame.is_empty():
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
    return pairs
