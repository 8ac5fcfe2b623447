"""The same query on DuckDB, PostgreSQL and SQLite: a table in, the rows that it answers out.

PostgreSQL is asked where a server was started: see `servers`.
"""

import sqlite3
from contextlib import closing

import duckdb

from servers import ADDRESS, SERVER

TYPES = {"Float64": "DOUBLE PRECISION", "Int64": "BIGINT", "Boolean": "BOOLEAN"}


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def written(value):
    """A value as SQL has it; numbers as texts, which every one of them reads to the last digit."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int | float):
        return f"CAST('{value!r}' AS DOUBLE PRECISION)"
    text = str(value).replace("\0", "nul")  # which PostgreSQL cannot hold
    return "'" + text.replace("'", "''") + "'"


def filling(frame, table, types=()):
    """Statements that make a table of a frame."""
    types = [dict(types).get(c.name) or TYPES.get(str(c.dtype), "TEXT") for c in frame]
    columns = ", ".join(
        f"{quoted(name)} {kind}" for name, kind in zip(frame.columns, types, strict=True)
    )
    rows = ", ".join(f"({', '.join(map(written, row))})" for row in frame.rows())
    name = quoted(table)
    return [
        f"DROP TABLE IF EXISTS {name}",
        f"CREATE TABLE {name} ({columns})",
        f"INSERT INTO {name} VALUES {rows}",
    ]


def in_duckdb(statements, query):
    with closing(duckdb.connect(config={"threads": 1})) as database:
        for statement in statements:
            database.execute(statement)
        return database.execute(query).fetchall()


def in_sqlite(statements, query):
    with closing(sqlite3.connect(":memory:")) as database:
        for statement in statements:
            database.execute(statement)
        return database.execute(query).fetchall()


def in_postgresql(statements, query):
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(ADDRESS, autocommit=True) as database, database.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        cursor.execute(query.rstrip(";\n"))  # the driver puts COPY around it
        return cursor.fetchall()


DATABASES = {"DuckDB": in_duckdb, "SQLite": in_sqlite}
if SERVER:
    DATABASES["PostgreSQL"] = in_postgresql
