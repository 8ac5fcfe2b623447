"""A table of PostgreSQL, replaced in one transaction: nobody sees a part of it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from gradum.errors import OutputError
from gradum.messages import say
from gradum.ship.destinations.destination import Agree, Existing, Mark, plain
from gradum.tables.paths import refuse_unclear, shown
from gradum.tables.sources.postgresql import batches, carry_out, connected
from gradum.tables.sources.select_statement import identifier
from gradum.tables.sources.source import Location

LONGEST_NAME = 63  # bytes; the server cuts off what is longer


class PostgreSqlTable:
    """A table, by its name or as ``schema.name``.

    Rows go to a staging table. It takes the table's place, with its privileges, in the transaction
    that made it.
    """

    scratch = None

    def __init__(self, address: str, table: str) -> None:
        refuse_unclear(address)
        self._location = Location(address, shown(address))
        self._schema, _, self._table = table.rpartition(".")
        _refuse_long(self._table)

    def __str__(self) -> str:
        table = ".".join(filter(None, (self._schema, self._table)))
        return say("table {table} of {database}", table=table, database=self._location.name)

    def found(self) -> Existing | None:
        """Return the table's comment and columns."""
        with connected(self._location, self._refused) as connection:
            return self._found(connection)

    def replace(self, parts: Sequence[Path], mark: Mark, agree: Agree) -> None:
        """Fill a staging table, drop the table and rename, all or nothing."""
        for name in mark.columns:
            _refuse_long(name)
        with connected(self._location, self._refused) as connection:
            schema = self._home(connection)
            staging = f"gradum_{secrets.token_hex(8)}"
            for number, part in enumerate(parts):
                _ingest(connection, schema, staging, pl.read_parquet(part, glob=False), number)
            place, staged = _quoted(schema, self._table), _quoted(schema, staging)
            carry_out(connection, f"COMMENT ON TABLE {staged} IS {_literal(str(mark))}")
            agree(self._found(connection))
            for grant in self._grants(connection, schema, staged):
                carry_out(connection, grant)
            carry_out(connection, f"DROP TABLE IF EXISTS {place}")
            carry_out(connection, f"ALTER TABLE {staged} RENAME TO {identifier(self._table)}")
            connection.commit()

    def _refused(self, why: str) -> OutputError:
        return OutputError(
            "{name} is not written: {why}.",
            "Ask its owner, or choose another table.",
            name=self,
            why=why,
        )

    def _home(self, connection: Any) -> str:
        """Return the schema that the table is in, or will be."""
        if self._schema:
            return self._schema
        found = _rows(connection, "SELECT current_schema()::text")
        if not found or found[0][0] is None:
            raise OutputError(
                "{name} has no schema in which a table can be made.",
                "Name one: --table SCHEMA.NAME.",
                name=self,
            )
        return found[0][0]

    def _found(self, connection: Any) -> Existing | None:
        columns = _rows(
            connection,
            "SELECT obj_description(c.oid, 'pg_class'), a.attname::text "
            f"{self._from(self._home(connection))} LEFT JOIN pg_attribute a "
            "ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
        )
        if not columns:
            return None
        return Existing(columns[0][0], tuple(name for _, name in columns))

    def _grants(self, connection: Any, schema: str, to: str) -> list[str]:
        """Return the statements that give another table the privileges that the table has."""
        who = "CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END"
        rest = "CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END"
        rows = _rows(
            connection,
            f"SELECT 'GRANT ' || privilege_type || ' ON ' || {_literal(to)} || ' TO ' || {who} "
            f"|| {rest} {self._from(schema)}, aclexplode(c.relacl) WHERE grantee <> c.relowner",
        )
        return [statement for (statement,) in rows]

    def _from(self, schema: str) -> str:
        return (
            f"FROM (SELECT r.* FROM pg_class r JOIN pg_namespace n ON n.oid = r.relnamespace WHERE "
            f"n.nspname = {_literal(schema)} AND r.relname = {_literal(self._table)}) c"
        )


def _ingest(connection: Any, schema: str, table: str, frame: pl.DataFrame, number: int) -> None:
    from adbc_driver_manager import AdbcStatement

    with AdbcStatement(connection) as filling:
        mode = "append" if number else "create"
        filling.set_options(
            **{
                "adbc.ingest.target_table": table,
                "adbc.ingest.target_db_schema": schema,
                "adbc.ingest.mode": f"adbc.ingest.mode.{mode}",
            }
        )
        filling.bind_stream(plain(frame))
        filling.execute_update()


def _rows(connection: Any, query: str) -> list[tuple]:
    return [row for frame in batches(connection, query) for row in frame.rows()]


def _refuse_long(name: str) -> None:
    if len(name.encode()) > LONGEST_NAME:
        raise OutputError(
            "PostgreSQL has no names as long as {name!r}.",
            "Give one of at most 63 bytes, or write a folder or a workbook.",
            name=name,
        )


def _quoted(schema: str, table: str) -> str:
    return f"{identifier(schema)}.{identifier(table)}"


def _literal(text: str) -> str:
    """Quote a text for SQL, whatever characters it holds."""
    return "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
