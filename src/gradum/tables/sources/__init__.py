"""Sources of tables: reading them whole or in blocks, with a file per kind of place."""

from __future__ import annotations

from gradum.tables.sources.arrays import Arrays
from gradum.tables.sources.https import Https
from gradum.tables.sources.media_folder import MediaFolder
from gradum.tables.sources.object_store import ObjectStore
from gradum.tables.sources.postgresql import PostgreSql
from gradum.tables.sources.source import TableSource
from gradum.tables.sources.sqlite import Sqlite
from gradum.tables.sources.statistics import Statistics
from gradum.tables.sources.table_folder import TableFolder
from gradum.tables.sources.workbook import Workbook
from gradum.tables.sources.zipped import Zip

SOURCES: tuple[TableSource, ...] = (
    Https(),
    ObjectStore(),
    MediaFolder(),
    TableFolder(),
    PostgreSql(),
    Sqlite(),
    Workbook(),
    Statistics(),
    Arrays(),
    Zip(),
)
"""The sources, in the order in which they are asked whether a place is theirs."""
