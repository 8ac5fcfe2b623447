"""The one statement that is sent to a database: a SELECT."""

from __future__ import annotations

import re

from gradum.errors import SpecError, TableError
from gradum.messages import say, say_plural
from gradum.tables.wording import quoted, shortened

ASKS = ("SELECT", "WITH", "VALUES", "TABLE")
LEADING = re.compile(r"(?:\s+|--[^\n]*(?:\n|$)|/\*.*?\*/|\()*", re.DOTALL)
SHOWN_TABLES = 12


def statement(query: str) -> str:
    """Return a query without the semicolon that may end it.

    It is left to the database, which is opened read-only, to refuse what the query does; a first
    word that is not a query's is refused here, because the reason is clearer.

    Raises
    ------
    SpecError
        It is empty, or begins with a word other than SELECT, WITH, VALUES or TABLE.
    """
    begun = LEADING.match(query)
    word = re.match(r"\w*", query[begun.end() if begun else 0 :])
    first = word[0].upper() if word else ""
    if first not in ASKS:
        raise SpecError(
            "--query takes a SELECT statement, not {word!r}.",
            "Give one SELECT that returns the table's rows.",
            word=shortened(first or query),
        )
    return query.rstrip().rstrip(";").rstrip()


def more_than_one(name: str) -> TableError:
    """Return the error for a query that holds several statements."""
    return TableError(
        "The query for {name} holds more than one statement.", "Give one SELECT alone.", name=name
    )


def no_rows(name: str) -> TableError:
    """Return the error for a query that found nothing."""
    return TableError("The query for {name} returns no rows.", "Loosen its conditions.", name=name)


def only_table(tables: list[str], name: str) -> str:
    """Return the one table of a database.

    Raises
    ------
    TableError
        There is none, or there are several, which the message lists.
    """
    if not tables:
        raise TableError("{name} holds no table.", "Name another database.", name=name)
    if len(tables) > 1:
        raise TableError(
            say_plural(
                "{name} holds {count:,} table: {tables}.",
                "{name} holds {count:,} tables: {tables}.",
                len(tables),
                name=name,
                tables=quoted(tables, SHOWN_TABLES),
            ),
            say('Say which rows by --query "SELECT … FROM …".'),
        )
    return tables[0]


def identifier(name: str) -> str:
    """Quote a name for SQL, whatever characters it holds."""
    return '"' + name.replace('"', '""') + '"'
