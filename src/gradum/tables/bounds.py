"""Bounds on the size of a table that is read: its columns, and its values in memory."""

from __future__ import annotations

from gradum.errors import TableError
from gradum.messages import say
from gradum.tables.memory import available_memory
from gradum.tables.wording import size

MOST_COLUMNS = 25_000
"""A pack takes about 0.28 MB a column while it trains: of so many, 7 GB."""


def refuse_width(columns: int, source: str) -> None:
    """Refuse a table of more columns than a run can learn from.

    Raises
    ------
    TableError
        There are more than `MOST_COLUMNS`.
    """
    if columns > MOST_COLUMNS:
        raise TableError(
            say(
                "{source} has more than {most:,} columns, the most that a run can learn from.",
                source=source,
                most=MOST_COLUMNS,
            ),
            say("Leave out those that say least, or check that its rows end where they should."),
        )


def refuse_more_than_memory(needed: float, what: str, source: str) -> None:
    """Refuse what memory does not hold, before a library that asks for it ends the process.

    Parameters
    ----------
    needed : float
        Bytes.
    what : str
        What takes them, such as "2,000,000 values".
    source : str
        What the table is called in messages.

    Raises
    ------
    TableError
        It says what is needed, and what is left.
    """
    memory = available_memory()
    if memory is not None and needed > memory:
        raise TableError(
            say(
                "{source} holds {what}, which take {needed} of memory; {left} are left.",
                source=source,
                what=what,
                needed=size(needed),
                left=size(memory),
            ),
            say(
                "Give fewer rows. As CSV or Parquet, gradum fit and predict read it in "
                "blocks under --max-memory."
            ),
        )
