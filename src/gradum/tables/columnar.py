"""Files that state the types of their columns: Parquet and Arrow."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from gradum.errors import TableError
from gradum.tables.encoding import Content, stream
from gradum.tables.table import Table

FORMATS: dict[bytes, tuple[str, Callable[..., pl.DataFrame]]] = {
    b"PAR1": ("Parquet", pl.read_parquet),
    b"ARROW1": ("Arrow", pl.read_ipc),
    b"\xff\xff\xff\xff": ("Arrow", pl.read_ipc_stream),
}
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
    name, reader = next(each for magic, each in FORMATS.items() if start.startswith(magic))
    try:
        with stream(content) as file:  # opened anew: polars does not know of Python's buffer
            frame = reader(file)
    except DAMAGE:
        raise TableError(
            f"{source} is a damaged or truncated {name} file.", "Copy or write it anew."
        ) from None
    if not frame.width or not frame.height:
        raise TableError(f"{source} has no rows.", "Give a file with rows.")
    return Table(frame, source)
