"""A server of PostgreSQL for tests, where one was started: `.ci/postgresql` does.

Each process of the tests has a database of its own there.
"""

import os
from urllib.parse import urlsplit

import pytest

SERVER = os.environ.get("GRADUM_TEST_POSTGRESQL", "")
needs_postgresql = pytest.mark.skipif(
    not SERVER, reason="No PostgreSQL: see .ci/postgresql for how to start one."
)
PASSWORD = urlsplit(SERVER).password or ""


def tell(*statements, address=None):
    """Carry statements out, each by itself."""
    from adbc_driver_manager import AdbcConnection, AdbcStatement
    from adbc_driver_postgresql import connect

    with connect(address or ADDRESS) as database, AdbcConnection(database) as connection:
        for text in statements:
            with AdbcStatement(connection) as statement:
                statement.set_sql_query(text)
                statement.execute_update()


def _own_database():
    if not SERVER:
        return ""
    name = f"gradum_{os.getpid()}"
    made = [f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name} TEMPLATE template0"]
    tell(*made, address=SERVER)
    return urlsplit(SERVER)._replace(path=f"/{name}").geturl()


ADDRESS = _own_database()
SHOWN = ADDRESS.replace(f"gradum:{PASSWORD}@", "")
WITHOUT_PASSWORD = ADDRESS.replace(f":{PASSWORD}@", "@")


def fill(name, frame):
    """Make a table of a frame of numbers, texts and booleans."""
    kinds = {"Int64": "bigint", "Float64": "float8", "Boolean": "boolean"}
    columns = [f'"{column.name}" {kinds.get(str(column.dtype), "text")}' for column in frame]
    rows = ", ".join(f"({', '.join(map(_literal, row))})" for row in frame.rows())
    tell(
        f"DROP TABLE IF EXISTS {name}",
        f"CREATE TABLE {name} ({', '.join(columns)})",
        f"INSERT INTO {name} VALUES {rows}",
    )


def _literal(value):
    if value is None:
        return "NULL"
    return repr(value) if isinstance(value, int | float) else f"'{value}'"
