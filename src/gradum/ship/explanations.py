"""Explanations as a file: Parquet, CSV or JSON, by its name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from gradum.errors import OutputError
from gradum.files.atomic import check_writable, replacing
from gradum.messages import listed, say
from gradum.ship.predictions import refuse_existing

WRITERS = {
    ".parquet": pl.DataFrame.write_parquet,
    ".csv": pl.DataFrame.write_csv,
    ".json": pl.DataFrame.write_json,
}


def check_format(path: Path, *, force: bool, also: Sequence[str] = ()) -> None:
    """Refuse a name that says no format, and a file that is already there.

    Parameters
    ----------
    path : path
    force : bool
        Whether a file may be replaced.
    also : sequence of str
        Other endings that the caller would have taken.

    Raises
    ------
    OutputError
    """
    if path.suffix.lower() not in WRITERS:
        raise OutputError(
            say("{path} names no format that explanations are written in.", path=path),
            say("End the name in {endings}.", endings=listed([*WRITERS, *also], "or")),
        )
    refuse_existing(path, force=force)
    check_writable(path)


def write_frame(path: Path, frame: pl.DataFrame, *, force: bool) -> None:
    """Write the lines of explanations.

    Raises
    ------
    OutputError
        The file cannot be written; or there is one by now, unless ``force``.
    """
    with replacing(path) as temporary:
        WRITERS[path.suffix.lower()](frame, temporary)
        refuse_existing(path, force=force)  # it may have come while the rows were explained
