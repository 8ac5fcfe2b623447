"""Files that state the types of their columns: Parquet and Arrow."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from gradum.errors import TableError
from gradum.messages import say
from gradum.tables.arrow_buffers import refuse_false_lengths
from gradum.tables.bounds import refuse_more_than_memory, refuse_width
from gradum.tables.encoding import Content, stream
from gradum.tables.table import Table
from gradum.tables.wording import row_count

PARQUET, ARROW = b"PAR1", b"ARROW1"  # with which their files begin
FORMATS: dict[bytes, tuple[str, Callable[..., pl.DataFrame]]] = {
    PARQUET: ("Parquet", pl.read_parquet),
    ARROW: ("Arrow", pl.read_ipc),
    b"\xff\xff\xff\xff": ("Arrow", pl.read_ipc_stream),
}
SCANS: dict[bytes, Callable[..., pl.LazyFrame]] = {
    PARQUET: pl.scan_parquet,
    ARROW: pl.scan_ipc,
}
LOOKED_AT = 64  # rows, of which each bit of a boolean counts
TEXT_BYTES = 16  # that a text takes besides its letters, which polars does not count
# polars says of some damage that it panicked, which is no Exception
DAMAGE = (pl.exceptions.PolarsError, OSError, ValueError, pl.exceptions.PanicException)


def is_columnar(start: bytes) -> bool:
    """Whether a file's first bytes tell of Parquet or Arrow."""
    return start.startswith(tuple(FORMATS))


def read_columnar(content: Content, source: str) -> Table:
    """Return the columns of a Parquet file, an Arrow file (Feather version 2) or an Arrow stream.

    A file on disk is read piece by piece; its bytes are never in memory as a whole.

    Raises
    ------
    TableError
        It is damaged, or has no rows.
    """
    with stream(content) as file:
        start = file.read(8)
    name, reader = next(
        candidate for magic, candidate in FORMATS.items() if start.startswith(magic)
    )
    try:
        if not start.startswith(PARQUET):
            refuse_false_lengths(content, source)
        _refuse_many_values(content, start, source)
        with stream(content) as file:  # opened anew: polars does not know of Python's buffer
            frame = reader(file)
    except TableError:
        raise
    except DAMAGE:
        raise TableError(
            say("{source} is a damaged or truncated {name} file.", source=source, name=name),
            say("Copy or write it anew."),
        ) from None
    refuse_width(frame.width, source)
    if not frame.width or not frame.height:
        raise TableError(say("{source} has no rows.", source=source), say("Give a file with rows."))
    return Table(frame, source)


def _refuse_many_values(content: Content, start: bytes, source: str) -> None:
    """Refuse rows that memory does not hold, and columns by the thousand, by what a file states."""
    scan = next((candidate for magic, candidate in SCANS.items() if start.startswith(magic)), None)
    if scan is None:
        return
    rows = scan(content, glob=False)
    schema = rows.collect_schema()
    refuse_width(len(schema), source)
    height = rows.select(pl.len()).collect().item()
    row = pl.DataFrame(schema=schema).clear(LOOKED_AT).estimated_size() / LOOKED_AT
    row += TEXT_BYTES * sum(dtype in (pl.String, pl.Binary) for dtype in schema.values())
    refuse_more_than_memory(row * height, row_count(height), source)
