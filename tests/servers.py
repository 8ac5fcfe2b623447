"""A server of PostgreSQL for tests, where one was started: `.ci/postgresql` does."""

import os
from urllib.parse import urlsplit

import pytest

ADDRESS = os.environ.get("GRADUM_TEST_POSTGRESQL", "")
needs_postgresql = pytest.mark.skipif(
    not ADDRESS, reason="No PostgreSQL: see .ci/postgresql for how to start one."
)
PASSWORD = urlsplit(ADDRESS).password or ""
SHOWN = ADDRESS.replace(f"gradum:{PASSWORD}@", "")
WITHOUT_PASSWORD = ADDRESS.replace(f":{PASSWORD}@", "@")


def tell(*statements):
    """Carry statements out, and commit them."""
    from adbc_driver_manager import AdbcConnection, AdbcStatement
    from adbc_driver_postgresql import connect

    with connect(ADDRESS) as database, AdbcConnection(database) as connection:
        for text in statements:
            with AdbcStatement(connection) as statement:
                statement.set_sql_query(text)
                statement.execute_update()


def fill(name, frame):
    """Make a table of a frame of numbers, texts and booleans."""
    kinds = {"String": "text", "Int64": "bigint", "Float64": "float8", "Boolean": "boolean"}
    columns = ", ".join(
        f'"{column.name}" {kinds.get(str(column.dtype), "text")}' for column in frame
    )
    rows = ", ".join(f"({', '.join(map(_literal, row))})" for row in frame.rows())
    tell(
        f"DROP TABLE IF EXISTS {name}",
        f"CREATE TABLE {name} ({columns})",
        f"INSERT INTO {name} VALUES {rows}",
    )


def _literal(value):
    if value is None:
        return "NULL"
    return repr(value) if isinstance(value, int | float) else f"'{value}'"
