"""Explanations as a file: Parquet, CSV or JSON, by its name."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from gradum.errors import OutputError
from gradum.files.atomic import check_writable, replacing
from gradum.messages import listed, say

WRITERS = {
    ".parquet": pl.DataFrame.write_parquet,
    ".csv": pl.DataFrame.write_csv,
    ".json": pl.DataFrame.write_json,
}


def check_format(path: Path, *, force: bool) -> None:
    """Refuse a name that says no format, and a file that is already there.

    Raises
    ------
    OutputError
    """
    if path.suffix.lower() not in WRITERS:
        raise OutputError(
            say("{path} names no format that explanations are written in.", path=path),
            say("End the name in {endings}.", endings=listed(list(WRITERS), "or")),
        )
    if path.exists() and not force:
        raise OutputError(
            say("{path} exists already.", path=path),
            say("Choose another name, or give --force."),
        )
    check_writable(path)


def write_frame(path: Path, frame: pl.DataFrame) -> None:
    """Write the lines of explanations.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    with replacing(path) as temporary:
        WRITERS[path.suffix.lower()](frame, temporary)
